//! The connections to AWS: one pool for all services of a function, which trusts Amazon's own certificate authorities
//! alone, and opens its first connections while the first event is still awaited.
//!
//! The SDK's default reads the machine's bundle, 140 authorities, at every cold start: half of the time until the first
//! `/next`, for authorities that never sign for AWS. Amazon asks that all five be trusted; the first of them ends in
//! 2037. <https://www.amazontrust.com/repository/>

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector, http_client_fn,
};
use http_body_util::BodyExt;

use crate::settings::{SettingError, Settings};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2.
const AMAZON: &str = include_str!("amazon-roots.pem");
/// As other SDKs of AWS call it: a file of authorities to trust instead, where a proxy opens TLS.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// How long a connection is kept without a request. A sandbox is frozen between invocations, and its connections may be
/// closed when it resumes. A Publish is never retried, so it must not go out on such a connection.
pub(crate) const IDLE: Duration = Duration::from_secs(20);
/// How long a connection opened ahead may take. Nothing waits for it.
const AHEAD: Duration = Duration::from_secs(2);

/// The pool, made when it is first used.
#[derive(Clone)]
pub(crate) struct Connections(SharedHttpConnector);

impl Connections {
    /// Connections that are made within `connect`, and not used again after they were idle for `idle`.
    pub fn new(connect: Duration, idle: Duration) -> Result<Self, SettingError> {
        let trusted = TrustStore::empty().with_pem_certificate(authorities()?);
        let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| wrong(&error))?;
        let make = move || {
            Connector::builder()
                .connector_settings(HttpConnectorSettings::builder().connect_timeout(connect).build())
                .sleep_impl(TokioSleep::new())
                .pool_idle_timeout(idle)
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context)
                .build()
        };
        Ok(Self(SharedHttpConnector::new(WhenUsed(LazyLock::new(Box::new(make))))))
    }

    /// What a client of the SDK takes.
    pub fn http_client(&self) -> SharedHttpClient {
        let connector = self.0.clone();
        http_client_fn(move |_, _| connector.clone())
    }

    /// Opens a connection to `endpoint` by a request that asks for nothing, and leaves it in the pool. What goes wrong is
    /// left to the first real call.
    pub async fn open(&self, endpoint: &str) {
        let mut request = HttpRequest::empty();
        if request.set_uri(endpoint).is_err() {
            return;
        }
        let ask = async {
            if let Ok(answer) = self.0.call(request).await {
                let _ = answer.into_body().collect().await;
            }
        };
        let _ = tokio::time::timeout(AHEAD, ask).await;
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

/// A start does not wait for the certificates to be read.
struct WhenUsed(LazyLock<Connector, Box<dyn FnOnce() -> Connector + Send>>);

impl HttpConnector for WhenUsed {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.call(request)
    }
}

impl fmt::Debug for WhenUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WhenUsed")
    }
}

fn authorities() -> Result<String, SettingError> {
    match Settings::from_env().optional(BUNDLE) {
        None => Ok(AMAZON.to_owned()),
        Some(file) => {
            let read = std::fs::read_to_string(&file).map_err(|error| wrong(&error))?;
            if read.contains("-----BEGIN CERTIFICATE-----") {
                Ok(read)
            } else {
                Err(wrong(&"it holds no certificate in PEM"))
            }
        }
    }
}

fn wrong(why: &dyn std::fmt::Display) -> SettingError {
    SettingError::Wrong { name: BUNDLE, why: why.to_string() }
}
