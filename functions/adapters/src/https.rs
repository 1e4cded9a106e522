//! A small HTTPS client for gateways and for the receiver of call-backs: one request within a time-out. It never
//! retries and follows no redirect: the outbox, or the queue of call-backs, decides what is sent again.

use std::error::Error;
use std::io::Cursor;
use std::sync::OnceLock;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::request::Builder;
use http::response::Parts;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::aws::{Timeouts, error_chain};
use crate::connections::IDLE;
use crate::public_addresses::{Checked, NotPublic};

/// The longest answer that is read, in bytes: a gateway's answer has a few hundred.
const MOST_ANSWER: usize = 64 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

type Hyper = Client<HttpsConnector<HttpConnector<Checked<GaiResolver>>>, Full<Cursor<Vec<u8>>>>;

/// The client. Root certificates are read at the first call, so a function that calls no gateway does not read them.
pub struct Https {
    client: OnceLock<Hyper>,
    connect: Duration,
    total: Duration,
    public_only: bool,
}

/// An HTTP status and the JSON of the body; null if the body is not JSON.
pub type Answer = (u16, Value);

/// Why there is no answer. The texts are the client's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There was no connection, so the other side did nothing.
    #[error("{0}")]
    NotConnected(String),
    /// There was no connection, because the name leads to an address that is not public.
    #[error("the name leads to an address that is not public")]
    NotPublic,
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
        let (connect, total) = (Duration::from_millis(connect), Duration::from_millis(total));
        Self { client: OnceLock::new(), connect, total, public_only: false }
    }

    /// The same, and it connects to public addresses only. A literal address in a URL is not checked: it needs no name.
    pub fn public_only(self) -> Self {
        Self { public_only: true, ..self }
    }

    /// Posts `body`.
    pub async fn post(&self, url: &Uri, body: &Value) -> Result<Answer, Failure> {
        let request = Request::post(url).header(ACCEPT, "application/json").header(CONTENT_TYPE, "application/json");
        let (head, body) = self.within_time(request, body.to_string().into_bytes(), MOST_ANSWER).await?;
        Ok((head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// Posts `body`. The answer is its head: its body is not read, whatever its length.
    pub async fn post_for_head(&self, url: &Uri, headers: HeaderMap, body: Vec<u8>) -> Result<Parts, Failure> {
        let mut request = Request::post(url);
        if let Some(all) = request.headers_mut() {
            all.extend(headers);
        }
        Ok(self.within_time(request, body, 0).await?.0)
    }

    /// Posts the fields of a form, with the header Authorization if it is not empty.
    pub async fn post_form(&self, url: &Uri, fields: &[(&str, &str)], authorization: &str) -> Result<Answer, Failure> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = Request::post(url).header(ACCEPT, "application/json").header(CONTENT_TYPE, FORM);
        if !authorization.is_empty() {
            request = request.header(AUTHORIZATION, authorization);
        }
        let (head, body) = self.within_time(request, form.into_bytes(), MOST_ANSWER).await?;
        Ok((head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default()))
    }

    /// The status and the text of what is at `url`.
    pub async fn get(&self, url: &Uri) -> Result<(u16, String), Failure> {
        let (head, body) = self.within_time(Request::get(url), Vec::new(), MOST_ANSWER).await?;
        Ok((head.status.as_u16(), String::from_utf8_lossy(&body).into_owned()))
    }

    async fn within_time(&self, request: Builder, body: Vec<u8>, most: usize) -> Result<(Parts, Vec<u8>), Failure> {
        tokio::time::timeout(self.total, self.ask(request, body, most))
            .await
            .unwrap_or_else(|_| Err(Failure::NoAnswer(format!("no answer within {} ms", self.total.as_millis()))))
    }

    /// `most`: the longest body that is read; with 0 it is not read at all.
    async fn ask(&self, request: Builder, body: Vec<u8>, most: usize) -> Result<(Parts, Vec<u8>), Failure> {
        let request =
            request.body(Full::new(Cursor::new(body))).map_err(|error| Failure::NotConnected(error_chain(&error)))?;
        let client = self.client().map_err(Failure::NotConnected)?;
        let (head, body) = client.request(request).await.map_err(|error| failure(&error))?.into_parts();
        if most == 0 {
            return Ok((head, Vec::new()));
        }
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|error| Failure::NoAnswer(error_chain(&*error)))?;
        Ok((head, body.to_bytes().into()))
    }

    fn client(&self) -> Result<&Hyper, String> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let names = Checked { names: GaiResolver::new(), public_only: self.public_only };
        let mut connector = HttpConnector::new_with_resolver(names);
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
    if causes(error).any(|cause| cause.is::<NotPublic>()) {
        Failure::NotPublic
    } else if never_connected(error) {
        Failure::NotConnected(error_chain(error))
    } else {
        Failure::NoAnswer(error_chain(error))
    }
}

/// Whether the request was never sent: the name was not resolved, the connection timed out or was refused, or the TLS
/// handshake failed.
pub(crate) fn never_connected(error: &(dyn Error + 'static)) -> bool {
    let mut of_the_client = causes(error).filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>());
    of_the_client.any(|error| error.is_connect())
}

/// The error, its cause, the cause's cause and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| error.source())
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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

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

    /// A server on this machine that sends `answer` to one request and then keeps the connection open.
    async fn server(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = connection.read(&mut asked).await.unwrap();
            connection.write_all(answer.as_bytes()).await.unwrap();
            asked.truncate(length);
            tokio::spawn(async move {
                let _open = connection;
                std::future::pending::<()>().await;
            });
            String::from_utf8(asked).unwrap()
        });
        (port, asked)
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_refused_where_only_public_addresses_are_good() {
        let (port, asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let url: Uri = format!("http://localhost:{port}/").parse().unwrap();
        let https = Https::new(Timeouts::Background).public_only();
        assert_eq!(https.post_for_head(&url, HeaderMap::new(), Vec::new()).await.unwrap_err(), Failure::NotPublic);
        let by_tls: Uri = format!("https://localhost:{port}/").parse().unwrap();
        assert_eq!(https.post_for_head(&by_tls, HeaderMap::new(), Vec::new()).await.unwrap_err(), Failure::NotPublic);
        assert!(!asked.is_finished(), "no connection was made");
        let answer = Https::new(Timeouts::Background).post_for_head(&url, HeaderMap::new(), Vec::new()).await;
        assert_eq!(answer.unwrap().status, 200);
    }

    #[tokio::test]
    async fn a_server_whose_certificate_no_authority_signed_is_sent_nothing() {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = std::sync::Arc::new(config.with_single_cert(vec![own.cert.der().clone()], key).unwrap());
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url: Uri = format!("https://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
        let read = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut tls = rustls::ServerConnection::new(config).unwrap();
            std::io::Read::read(&mut rustls::Stream::new(&mut tls, &mut connection), &mut [0; 1024])
        });
        let refused = Https::new(Timeouts::Background).post_for_head(&url, HeaderMap::new(), b"{}".to_vec()).await;
        assert!(matches!(&refused, Err(Failure::NotConnected(why)) if why.contains("certificate")), "{refused:?}");
        assert!(read.join().unwrap().is_err(), "no handshake, so no request");
    }

    #[tokio::test]
    async fn an_endless_body_and_a_redirect_are_not_followed() {
        let elsewhere = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let location = elsewhere.local_addr().unwrap();
        let redirect = format!("HTTP/1.1 302 Found\r\nlocation: http://{location}/\r\ncontent-length: 0\r\n\r\n");
        for (answer, status) in
            [("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", 200), (&*redirect.leak(), 302)]
        {
            let (port, asked) = server(answer).await;
            let url: Uri = format!("http://127.0.0.1:{port}/events").parse().unwrap();
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, "application/json".parse().unwrap())]);
            let head = Https::new(Timeouts::Background).post_for_head(&url, headers, b"{}".to_vec()).await.unwrap();
            assert_eq!(head.status, status);
            let asked = asked.await.unwrap();
            assert!(asked.starts_with("POST /events HTTP/1.1\r\n") && asked.contains("application/json"), "{asked}");
        }
        let nobody = tokio::time::timeout(Duration::from_millis(200), elsewhere.accept()).await;
        assert!(nobody.is_err(), "the redirect was followed");
    }
}
