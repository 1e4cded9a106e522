//! A small HTTPS client for 8083's gateways: one POST of JSON within a time-out. It never retries: the outbox decides
//! what is sent again.

use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::aws::{Timeouts, error_chain};

/// The longest answer that is read, in bytes: a gateway's answer has a few hundred.
const MOST_ANSWER: usize = 64 * 1024;

type Hyper = Client<HttpsConnector<HttpConnector>, Full<Cursor<Vec<u8>>>>;

/// The client. Root certificates are read at the first call, so a function that calls no gateway does not read them.
pub struct Https {
    client: OnceLock<Hyper>,
    connect: Duration,
    total: Duration,
}

/// An HTTP status and the JSON of the body; null if the body is not JSON.
pub type Answer = (u16, Value);

impl Https {
    /// `timeouts`: how long the caller can wait.
    pub fn new(timeouts: Timeouts) -> Self {
        let (connect, total) = match timeouts {
            Timeouts::Gateway => (500, 1_200),
            Timeouts::Background => (2_000, 10_000),
        };
        Self { client: OnceLock::new(), connect: Duration::from_millis(connect), total: Duration::from_millis(total) }
    }

    /// Posts `body`. The error is the client's text; it is then unknown what the other side did.
    pub async fn post(&self, url: &Uri, body: &Value) -> Result<Answer, String> {
        tokio::time::timeout(self.total, self.ask(url, body))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} ms", self.total.as_millis())))
    }

    async fn ask(&self, url: &Uri, body: &Value) -> Result<Answer, String> {
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Full::new(Cursor::new(body.to_string().into_bytes())))
            .map_err(|error| error_chain(&error))?;
        let answer = self.client()?.request(request).await.map_err(|error| error_chain(&error))?;
        let status = answer.status().as_u16();
        let body =
            Limited::new(answer.into_body(), MOST_ANSWER).collect().await.map_err(|error| error_chain(&*error))?;
        Ok((status, serde_json::from_slice(&body.to_bytes()).unwrap_or_default()))
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
        Ok(self.client.get_or_init(|| Client::builder(TokioExecutor::new()).build(connector)))
    }
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
