//! Kannel: GET with `msisdn`, `short_code`, `mo_message`, `request_id`, `ts`, as `infra/local/kannel.conf` sends them.
//!
//! Kannel user guide, "SMS services": it puts the URL's credentials into HTTP Basic, takes `text/plain`, succeeds on 200
//! and 202 only and repeats the same URL else. Accented text reaches the phone only in UCS-2, which the reply asks for
//! by `X-Kannel-Coding: 2` (and the service allows by `accept-x-kannel-headers = true`).

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::sms::{Alphabet, Sms};
use http::{HeaderValue, header::AUTHORIZATION};
use serde_json::Value;
use subtle::ConstantTimeEq;

use super::{Gateway, Refusal, parameter, plain};
use crate::message::Message;

pub(super) const GATEWAY: Gateway = Gateway { name: "kannel", verify, read, reply };

/// Secret: `{"user":"…","password":"…"}`, letters and digits only, since they stand in a URL.
fn verify(request: &ApiGatewayProxyRequest, secret: &Value) -> Result<(), Refusal> {
    let part = |name: &str| secret[name].as_str().filter(|part| !part.is_empty()).ok_or(Refusal::NotConfigured);
    let expected = format!("{}:{}", part("user")?, part("password")?);
    let given = request.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok()).and_then(basic_credentials);
    match given {
        Some(given) if bool::from(given.ct_eq(expected.as_bytes())) => Ok(()),
        _ => Err(Refusal::WrongCredentials),
    }
}

fn basic_credentials(header: &str) -> Option<Vec<u8>> {
    let (scheme, credentials) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("basic") { STANDARD.decode(credentials.trim()).ok() } else { None }
}

fn read(request: &ApiGatewayProxyRequest) -> Message {
    let get = |name| parameter(request, name);
    Message::new(get("request_id"), get("msisdn"), get("mo_message"))
}

fn reply(text: &str) -> ApiGatewayProxyResponse {
    let mut response = plain(200, text);
    if Sms::new(text).alphabet == Alphabet::Ucs2 {
        response.headers.insert("x-kannel-coding", HeaderValue::from_static("2"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(authorization: Option<&str>, query: Value) -> ApiGatewayProxyRequest {
        let mut event = json!({"httpMethod": "GET", "path": "/mo/kannel", "pathParameters": {"gateway": "kannel"}, "requestContext": {"httpMethod": "GET"},
            "multiValueQueryStringParameters": query});
        if let Some(authorization) = authorization {
            event["headers"] = json!({"Authorization": authorization});
        }
        serde_json::from_value(event).unwrap()
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", STANDARD.encode(credentials))
    }

    #[test]
    fn only_the_right_credentials_are_genuine() {
        let secret = json!({"user": "kannel", "password": "s3cret"});
        for (authorization, genuine) in [
            (Some(basic("kannel:s3cret")), Ok(())),
            (Some(basic("kannel:s3cret").replace("Basic", "basic")), Ok(())),
            (Some(basic("kannel:wrong")), Err(Refusal::WrongCredentials)),
            (Some(basic("kannel:s3cret2")), Err(Refusal::WrongCredentials)),
            (Some("Basic ???".to_owned()), Err(Refusal::WrongCredentials)),
            (Some("Bearer x".to_owned()), Err(Refusal::WrongCredentials)),
            (None, Err(Refusal::WrongCredentials)),
        ] {
            assert_eq!(verify(&request(authorization.as_deref(), json!({})), &secret), genuine, "{authorization:?}");
        }
        for unset in [json!(null), json!({}), json!({"user": "", "password": ""})] {
            assert_eq!(verify(&request(Some(&basic(":")), json!({})), &unset), Err(Refusal::NotConfigured));
        }
    }

    #[test]
    fn a_message_is_read_as_kannel_conf_sends_it() {
        let query = json!({"msisdn": ["84912345678"], "short_code": ["8083"], "mo_message": ["MCKH 0161701234"],
            "request_id": ["b7c1-22"], "ts": ["1790000000"]});
        let message = read(&request(None, query));
        assert_eq!(
            message,
            Message { id: Some("b7c1-22".into()), sender: "84912345678".into(), text: "MCKH 0161701234".into() }
        );
    }

    #[test]
    fn a_doubled_or_missing_parameter_is_not_trusted() {
        let message = read(&request(None, json!({"mo_message": ["MCKH 1", "MCKH 2"], "request_id": [""]})));
        assert_eq!(message, Message { id: None, sender: String::new(), text: String::new() });
    }

    #[test]
    fn accented_text_asks_for_ucs2() {
        let coding = |text| reply(text).headers.get("x-kannel-coding").cloned();
        assert_eq!(coding("Hồ sơ"), Some(HeaderValue::from_static("2")));
        assert_eq!(coding("Ho so"), None);
    }
}
