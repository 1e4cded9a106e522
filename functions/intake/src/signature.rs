//! Verifies the Standard Webhooks signature over the raw body, with the scheme's own library.
//!
//! <https://www.standardwebhooks.com>. Five minutes of tolerance; during a rotation the current and the previous secret
//! are both valid.

use adapters::secret::{Secret, SecretError};
use http::HeaderMap;
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_TIMESTAMP, Webhook};

/// Whether the body is genuine. A mismatch fetches the secret once more: it may have been rotated a moment ago.
pub(crate) async fn verify(headers: &HeaderMap, body: &[u8], secret: &Secret) -> Result<bool, SecretError> {
    if !has_sane_timestamp(headers) {
        return Ok(false);
    }
    if is_signed(headers, body, &*secret.get().await?) {
        return Ok(true);
    }
    Ok(is_signed(headers, body, &*secret.refresh().await?))
}

fn is_signed(headers: &HeaderMap, body: &[u8], secret: &Value) -> bool {
    ["current", "previous"]
        .into_iter()
        .filter_map(|name| secret.get(name)?.as_str())
        .filter(|key| key.len() >= "whsec_".len() + 24)
        .filter_map(|key| Webhook::new(key).ok())
        .any(|webhook| webhook.verify(body, headers).is_ok())
}

/// The library subtracts timestamps without a check for overflow: an extreme timestamp must not reach it.
fn has_sane_timestamp(headers: &HeaderMap) -> bool {
    let timestamp = headers.get(HEADER_WEBHOOK_TIMESTAMP).and_then(|value| value.to_str().ok());
    timestamp.is_some_and(|text| text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CURRENT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PREVIOUS: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn signed(secret: &str, timestamp: i64, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let signature = Webhook::new(secret).unwrap().sign("msg_1", timestamp, body).unwrap();
        for (name, value) in
            [("webhook-id", "msg_1"), ("webhook-timestamp", &timestamp.to_string()), ("webhook-signature", &signature)]
        {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }

    fn now() -> i64 {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() as i64
    }

    async fn is_genuine(headers: &HeaderMap, body: &[u8], secret: Value) -> bool {
        verify(headers, body, &Secret::fixed(secret)).await.unwrap()
    }

    #[tokio::test]
    async fn the_current_and_the_previous_secret_are_good_and_no_other() {
        let secret = json!({"current": CURRENT, "previous": PREVIOUS});
        for (key, genuine) in [(CURRENT, true), (PREVIOUS, true), ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false)] {
            assert_eq!(is_genuine(&signed(key, now(), b"{}"), b"{}", secret.clone()).await, genuine, "{key}");
        }
        assert!(
            !is_genuine(&signed(PREVIOUS, now(), b"{}"), b"{}", json!({"current": CURRENT, "previous": null})).await
        );
    }

    #[tokio::test]
    async fn a_changed_body_an_old_timestamp_or_a_missing_header_is_refused() {
        let secret = json!({"current": CURRENT, "previous": null});
        assert!(!is_genuine(&signed(CURRENT, now(), b"{}"), b"[]", secret.clone()).await);
        for (seconds, genuine) in [(-299, true), (-310, false), (310, false)] {
            assert_eq!(
                is_genuine(&signed(CURRENT, now() + seconds, b"{}"), b"{}", secret.clone()).await,
                genuine,
                "{seconds}"
            );
        }
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut headers = signed(CURRENT, now(), b"{}");
            headers.remove(name);
            assert!(!is_genuine(&headers, b"{}", secret.clone()).await, "{name}");
        }
        let mut headers = signed(CURRENT, now(), b"{}");
        headers.insert("webhook-timestamp", i64::MIN.to_string().parse().unwrap());
        assert!(!is_genuine(&headers, b"{}", secret).await);
    }

    #[tokio::test]
    async fn an_empty_secret_opens_nothing() {
        for secret in [json!({}), json!({"current": ""}), json!({"current": "whsec_"}), json!({"current": null})] {
            assert!(!is_genuine(&signed("whsec_", now(), b"{}"), b"{}", secret).await);
        }
    }
}
