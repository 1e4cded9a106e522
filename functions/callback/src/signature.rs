//! Signs a call-back by Standard Webhooks, with the scheme's own library.
//!
//! <https://www.standardwebhooks.com>. During a rotation the secret has two keys, and a call-back has a signature by
//! each: the receiver finds the one of the key that it has.

use http::HeaderValue;
use serde_json::Value;
use standardwebhooks::Webhook;

/// The shortest key: 24 characters of base64, with its prefix.
const SHORTEST_KEY: usize = "whsec_".len() + 24;

/// The value of `webhook-signature`. None if the secret has no current key.
pub(crate) fn signature(secret: &Value, id: &str, timestamp: i64, body: &str) -> Option<HeaderValue> {
    let keys = std::iter::once(key(&secret["current"])?).chain(key(&secret["previous"]));
    let signed: Vec<String> = keys.filter_map(|key| key.sign(id, timestamp, body.as_bytes()).ok()).collect();
    HeaderValue::from_str(&signed.join(" ")).ok()
}

fn key(member: &Value) -> Option<Webhook> {
    let key = member.as_str().filter(|key| key.len() >= SHORTEST_KEY)?;
    Webhook::new(key).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;
    use serde_json::json;

    const CURRENT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PREVIOUS: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    /// Whether a receiver with that key takes a call-back that was signed with `secret`.
    fn is_genuine(key: &str, secret: &Value, body: &str) -> bool {
        let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).timestamp();
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
        headers.insert("webhook-timestamp", now.into());
        headers.insert("webhook-signature", signature(secret, "msg_1", now, "{}").unwrap());
        Webhook::new(key).unwrap().verify(body.as_bytes(), &headers).is_ok()
    }

    #[test]
    fn during_a_rotation_a_receiver_with_either_key_accepts_a_call_back() {
        let (rotating, settled) =
            (json!({"current": CURRENT, "previous": PREVIOUS}), json!({"current": CURRENT, "previous": null}));
        for (key, secret, genuine) in [
            (CURRENT, &rotating, true),
            (PREVIOUS, &rotating, true),
            (CURRENT, &settled, true),
            (PREVIOUS, &settled, false),
        ] {
            assert_eq!(is_genuine(key, secret, "{}"), genuine, "{key} {secret}");
            assert!(!is_genuine(key, secret, "[]"), "another body");
        }
    }

    /// The vector of the specification's own page, checked with openssl.
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let secret = json!({"current": CURRENT, "previous": null});
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn without_a_current_key_nothing_is_signed() {
        for secret in [
            json!({}),
            json!({"current": null, "previous": PREVIOUS}),
            json!({"current": ""}),
            json!({"current": "whsec_"}),
            json!({"current": "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"}),
        ] {
            assert_eq!(signature(&secret, "msg_1", 1, "{}"), None, "{secret}");
        }
    }
}
