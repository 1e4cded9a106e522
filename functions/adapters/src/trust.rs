//! Whom the functions trust: Amazon's own certificate authorities, which sign for every endpoint of AWS, and nobody else.
//!
//! The SDK's default reads the machine's bundle, 140 authorities, at every cold start: half of the time until the first
//! `/next`, for authorities that never sign for AWS. Amazon asks that all five be trusted; the first of them ends in
//! 2037. <https://www.amazontrust.com/repository/>

use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::settings::{SettingError, Settings};

/// Amazon Root CA 1 to 4 and Starfield Services Root CA G2.
const AMAZON: &str = include_str!("amazon-roots.pem");
/// As other SDKs of AWS call it: a file of authorities to trust instead, where a proxy opens TLS.
const BUNDLE: &str = "AWS_CA_BUNDLE";

/// How long a connection is kept without a request. A sandbox is frozen between two invocations, and what is on the other
/// side of a connection may be gone when it wakes. A Publish is never retried, so it must not go out on such a one.
pub(crate) const IDLE: Duration = Duration::from_secs(20);

/// One client for all services of a function; a connection that was idle for so long is not used again.
pub(crate) fn http_client(idle: Duration) -> Result<SharedHttpClient, SettingError> {
    let trusted = TrustStore::empty().with_pem_certificate(authorities()?);
    let context = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| wrong(&error))?;
    let builder = Builder::new().pool_idle_timeout(idle).tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    Ok(builder.tls_context(context).build_https())
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
