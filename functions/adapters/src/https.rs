//! A small HTTPS client for gateways: one request within a time-out. It never retries: the outbox decides what is sent
//! again.

use std::error::Error;
use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Builder;
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::aws::{Timeouts, error_chain};
use crate::connections::IDLE;

/// The longest answer that is read, in bytes: a gateway's answer has a few hundred.
const MOST_ANSWER: usize = 64 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

type Hyper = Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>;

/// The client. Root certificates are read at the first call, so a function that calls no gateway does not read them.
pub struct Https {
    client: OnceLock<Hyper>,
    connect: Duration,
    total: Duration,
}

/// An HTTP status and the JSON of the body; null if the body is not JSON.
pub type Answer = (u16, Value);

/// Why there is no answer. The texts are the client's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There was no connection, so the other side did nothing.
    #[error("{0}")]
    NotConnected(String),
    /// It is unknown what the other side did.
    #[error("{0}")]
    NoAnswer(String),
}

impl Https {
    /// `timeouts`: how long the caller can wait.
    pub fn new(timeouts: Timeouts) -> Self {
        let (connect, total) = match timeouts {
            Timeouts::Gateway => (500, 1_200),
            Timeouts::Background => (2_000, 10_000),
        };
        Self { client: OnceLock::new(), connect: Duration::from_millis(connect), total: Duration::from_millis(total) }
    }

    /// Posts `body`.
    pub async fn post(&self, url: &Uri, body: &Value) -> Result<Answer, Failure> {
        let request = Request::post(url).header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/json");
        let (status, body) = self.within_time(request, body.to_string().into_bytes()).await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Posts the fields of a form, with the header Authorization if it is not empty.
    pub async fn post_form(&self, url: &Uri, fields: &[(&str, &str)], authorization: &str) -> Result<Answer, Failure> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(url).header(ACCEPT, "application/json").header(CONTENT_TYPE, FORM);
        if !authorization.is_empty() {
            request = request.header(AUTHORIZATION, authorization);
        }
        let (status, body) = self.within_time(request, form.into_bytes()).await?;
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// The status and the text of what is at `url`.
    pub async fn get(&self, url: &Uri) -> Result<(u16, String), Failure> {
        let (status, body) = self.within_time(Request::get(url), Vec::new()).await?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn within_time(&self, request: Builder, body: Vec<u8>) -> Result<(u16, Vec<u8>), Failure> {
        tokio::time::timeout(self.total, self.ask(request, body))
            .await
            .unwrap_or_else(|_| Err(Failure::NoAnswer(format!("no answer within {} ms", self.total.as_millis()))))
    }

    async fn ask(&self, request: Builder, body: Vec<u8>) -> Result<(u16, Vec<u8>), Failure> {
        let request =
            request.body(Full::new(Cursor::new(body))).map_err(|error| Failure::NotConnected(error_chain(&error)))?;
        let client = self.client().map_err(Failure::NotConnected)?;
        let answer = client.request(request).await.map_err(|error| failure(&error))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MOST_ANSWER).collect().await;
        let body = body.map_err(|error| Failure::NoAnswer(error_chain(&*error)))?;
        Ok((status, body.to_bytes().into()))
    }

    fn client(&self) -> Result<&Hyper, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(self.connect));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(|error| format!("no root certificates: {error}"))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Ok(self.client.get_or_init(|| Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector)))
    }
}

fn failure(error: &(dyn Error + 'static)) -> Failure {
    let why = error_chain(error);
    if never_connected(error) { Failure::NotConnected(why) } else { Failure::NoAnswer(why) }
}

/// Whether the request was never sent: the name was not resolved, the connection timed out or was refused, or the TLS
/// handshake failed.
pub(crate) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect()) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// An address to which a call is confidential: https, or this machine, as on the local stack.
pub fn private(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let is_private = match uri.scheme_str()? {
        "https" => true,
        "http" => matches!(uri.host()?, "127.0.0.1" | "localhost" | "[::1]"),
        _ => false,
    };
    is_private.then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_gets_a_reply_without_tls() {
        for (url, good) in [
            ("https://gateway.example/send", true),
            ("http://127.0.0.1:8080/send", true),
            ("http://gateway.example/send", false),
            ("http://127.0.0.1.gateway.example/send", false),
            ("gateway.example", false),
            ("ftp://127.0.0.1/", false),
            ("", false),
        ] {
            assert_eq!(private(url).is_some(), good, "{url}");
        }
    }
}
