//! The one-stop software, as the receiver of call-backs.

use adapters::aws::Timeouts;
use adapters::https::{Failure, Https};
use adapters::secret::{Secret, SecretError};
use adapters::settings::SettingError;
use chrono::{DateTime, TimeDelta, Utc};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Uri};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};

use crate::event::CallBack;
use crate::pause;
use crate::signature::signature;

/// Where call-backs are sent.
pub struct Receiver {
    https: Https,
    url: Uri,
    secret: Secret,
}

/// Why a call-back was not accepted. No text contains the path of the receiver's address, which may contain a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAccepted {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("CallbackSecret's `current` is no key")]
    NoKey,
    #[error(transparent)]
    NoAnswer(#[from] Failure),
    #[error("HTTP {status}")]
    Status {
        status: u16,
        /// The pause that the receiver asked for.
        retry_after: TimeDelta,
    },
}

impl NotAccepted {
    /// The pause that the receiver asked for.
    pub fn retry_after(&self) -> TimeDelta {
        if let Self::Status { retry_after, .. } = self { *retry_after } else { TimeDelta::zero() }
    }

    /// Whether the receiver says that nothing is accepted at this address any more (410).
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Status { status: 410, .. })
    }

    /// Whether the receiver's name leads into a private network.
    pub fn is_not_public(&self) -> bool {
        *self == Self::NoAnswer(Failure::NotPublic)
    }
}

impl Receiver {
    /// At `url` (`CALLBACK_URL`), which has a public address. On the local stage it may also be `http://127.0.0.1`.
    pub fn new(url: &str, is_local: bool, secret: Secret) -> Result<Self, SettingError> {
        let url: Uri = url.parse().ok().filter(|url| is_good(url, is_local)).ok_or_else(|| SettingError::Wrong {
            name: "CALLBACK_URL",
            why: "expected https:// and a public host name, without user, password and port".into(),
        })?;
        let https = Https::new(Timeouts::Background);
        let is_here = url.scheme_str() == Some("http");
        Ok(Self { https: if is_here { https } else { https.public_only() }, url, secret })
    }

    /// Sends a call-back once.
    pub(crate) async fn post(&self, call: &CallBack, now: DateTime<Utc>) -> Result<(), NotAccepted> {
        let secret = self.secret.get().await?;
        let signed = signature(&secret, &call.id, now.timestamp(), &call.body);
        let headers = headers(call, now, signed).ok_or(NotAccepted::NoKey)?;
        let head = self.https.post_for_head(&self.url, headers, call.body.clone().into_bytes()).await?;
        if head.status.is_success() {
            return Ok(());
        }
        let retry_after = pause::retry_after(&head, now);
        Err(NotAccepted::Status { status: head.status.as_u16(), retry_after })
    }
}

fn headers(call: &CallBack, now: DateTime<Utc>, signature: Option<HeaderValue>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static("onestop-sms"));
    headers.insert(HEADER_WEBHOOK_ID, HeaderValue::from_str(&call.id).ok()?);
    headers.insert(HEADER_WEBHOOK_TIMESTAMP, now.timestamp().into());
    headers.insert(HEADER_WEBHOOK_SIGNATURE, signature?);
    Some(headers)
}

/// The same as the pattern of CallbackUrl in template.yaml; the local stage may also listen on this machine. A test
/// compares both with one table.
fn is_good(url: &Uri, is_local: bool) -> bool {
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return false };
    let host = authority.host();
    if is_local && scheme == "http" && host == "127.0.0.1" {
        return true;
    }
    let has_only_a_host = authority.as_str() == host || authority.as_str() == format!("{host}:443");
    scheme == "https" && has_only_a_host && is_public_name(host)
}

/// Top-level names that lead nowhere on the internet, or into a private network.
const PRIVATE: [&str; 10] =
    ["arpa", "corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost", "private"];

fn is_public_name(host: &str) -> bool {
    let Some((labels, top)) = host.rsplit_once('.') else { return false };
    let is_letters = (2..=63).contains(&top.len()) && top.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_top = (is_letters && !PRIVATE.contains(&top)) || (top.starts_with("xn--") && is_label(top));
    is_top && labels.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(is_known) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The table with which tests/callbacks compares the template's pattern.
    const URLS: &str = include_str!("../../../tests/callbacks/urls.json");

    fn is_a_valid_setting(url: &str, is_local: bool) -> bool {
        Receiver::new(url, is_local, Secret::fixed(json!({}))).is_ok()
    }

    #[test]
    fn only_a_public_name_by_https_is_an_address_for_call_backs() {
        let urls: Value = serde_json::from_str(URLS).unwrap();
        for (list, good) in [("good", true), ("refused", false)] {
            let urls = urls[list].as_array().unwrap();
            assert!(urls.len() >= 5, "{list}");
            for url in urls.iter().map(|url| url.as_str().unwrap()) {
                assert_eq!(is_a_valid_setting(url, false), good, "{url}");
            }
        }
    }

    #[test]
    fn only_the_local_stage_calls_this_machine_and_without_tls() {
        for (url, good) in [
            ("http://127.0.0.1:8080/events", true),
            ("https://motcua.example.gov.vn/events", true),
            ("http://127.0.0.2:8080/events", false),
            ("http://localhost:8080/events", false),
            ("http://motcua.example.gov.vn/events", false),
        ] {
            assert_eq!(is_a_valid_setting(url, true), good, "{url}");
        }
    }
}
