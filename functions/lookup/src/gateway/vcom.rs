//! V-COM, "Receive MO": POST JSON with `type` (new, or recovery: sent again because we asked), `client_id`,
//! `request_id`, `service_id`, `command_code`, `message`, `telco`, `phone` (84 and nine digits), `time` and `checksum`.
//!
//! <https://support.v-com.vn/support/solutions/articles/24000046090>. Every answer has HTTP status 200, and a code says
//! what it means; after any other status V-COM sends the request twice more, 20 seconds apart. The reply is sent by a
//! separate call (`adapters::vcom`), as a row of the outbox.
//!
//! Its signature is weak: `checksum` is the base64 SHA-256 of client id, request id, phone, key and time, joined without
//! a separator. The message, the short code and the command are not signed: an attacker who can change a request in
//! transit can ask for another dossier, and the answer goes to the phone that texted. Put the operator's addresses into
//! the member `allow`. The fixed length of a phone prevents digits from being moved between it and the request id.

use adapters::vcom::checksum;
use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use domain::inquiry::ReplyCall;
use http::HeaderValue;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Gateway, Protocol, Refusal, Request, parsed, typed};
use crate::message::Message;
use caller::{Key, same};

pub(super) const PROTOCOL: Protocol = Protocol { name: "vcom", parse: parsed::<Account>, refuse };

/// Its member of GatewaySecret: `{"client_id":"…","secure_key":"…","allow":["203.0.113.0/24"]}`; `send_mt` replaces
/// the public page's address for replies.
#[derive(Deserialize)]
struct Account {
    client_id: Key,
    secure_key: Key,
}

impl Gateway for Account {
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal> {
        let given =
            |name| request.parameter(name).filter(|value| !value.trim().is_empty()).ok_or(Refusal::WrongCredentials);
        let (client_id, id, phone) = (given("client_id")?, given("request_id")?, given("phone")?);
        let signed = checksum([client_id, id, phone, self.secure_key.reveal(), given("time")?]);
        let call =
            ReplyCall { short_code: given("service_id")?.to_owned(), command: given("command_code")?.to_owned() };
        let genuine =
            self.client_id.is(client_id) & same(signed.as_bytes(), given("checksum")?.as_bytes()) & is_phone(phone);
        if genuine {
            Ok(Message::new(Some(id), Some(phone), request.parameter("message")).replied_by(call))
        } else {
            Err(Refusal::WrongCredentials)
        }
    }

    fn reply(&self, _: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        if answer.repeated {
            return error(104, "Request ID existed");
        }
        ok(&json!({"data": {"code": 200, "status": "success", "message": ""}}))
    }
}

/// "84xxxxxxxxx"
fn is_phone(text: &str) -> bool {
    text.len() == 11 && text.starts_with("84") && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn refuse(why: Refusal) -> ApiGatewayProxyResponse {
    match why {
        Refusal::WrongAddress => error(108, "Request from IP is not allowed"),
        _ => error(106, "Parameter is invalid, or wrong checksum"),
    }
}

fn error(code: u16, message: &str) -> ApiGatewayProxyResponse {
    ok(&json!({"errors": {"code": code, "status": "error", "message": message}}))
}

fn ok(body: &Value) -> ApiGatewayProxyResponse {
    typed(200, HeaderValue::from_static("application/json; charset=utf-8"), body.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::body;
    use super::*;
    use caller::testing::read as event;
    use proptest::prelude::*;

    /// Made with openssl: `printf '%s' 'demo1297875832849123456785fdc57e97198o11795516200' | openssl dgst -sha256 -binary | base64`
    fn vector() -> Value {
        json!({"type": "new", "client_id": "demo", "request_id": "1297875832", "service_id": "8083",
            "command_code": "mckh", "message": "MCKH 0161701234", "telco": "VT", "phone": "84912345678",
            "time": 1_795_516_200, "checksum": "866sgi6W23UEcamjdORIx/eL2QNCDUtPtZBUpaFy7kA="})
    }

    fn account() -> Value {
        json!({"client_id": "demo", "secure_key": "5fdc57e97198o1"})
    }

    fn post(body: &Value) -> Request {
        event(json!({"httpMethod": "POST", "headers": {"content-type": "application/json"}, "body": body.to_string()}))
    }

    #[test]
    fn only_the_exact_test_vector_is_genuine() {
        assert_eq!(PROTOCOL.verify(&post(&vector()), &account()), Ok(()));
        let refused = |name: &str, value: Value| {
            let mut changed = vector();
            changed[name] = value;
            assert_eq!(PROTOCOL.verify(&post(&changed), &account()), Err(Refusal::WrongCredentials), "{changed}");
        };
        for name in ["client_id", "request_id", "phone", "time", "checksum", "service_id", "command_code"] {
            for absent in [json!(""), json!(" "), json!([]), json!(null), json!({}), json!([vector()[name]])] {
                refused(name, absent);
            }
        }
        for signed in ["client_id", "request_id", "phone", "time", "checksum"] {
            refused(signed, json!("84912345679"));
        }
        for unset in [json!(null), json!({"client_id": "demo"}), json!({"client_id": "demo", "secure_key": ""})] {
            assert_eq!(PROTOCOL.verify(&post(&vector()), &unset), Err(Refusal::NotConfigured));
        }
        let other = json!({"client_id": "other", "secure_key": "5fdc57e97198o1"});
        assert_eq!(PROTOCOL.verify(&post(&vector()), &other), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn digits_moved_between_request_id_and_phone_are_not_genuine() {
        for (request_id, phone) in
            [("129787583", "284912345678"), ("12978758328", "4912345678"), ("", "129787583284912345678")]
        {
            let mut moved = vector();
            (moved["request_id"], moved["phone"]) = (json!(request_id), json!(phone));
            assert_eq!(PROTOCOL.verify(&post(&moved), &account()), Err(Refusal::WrongCredentials), "{moved}");
        }
    }

    #[test]
    fn a_message_is_read_with_what_its_reply_must_name() {
        let expected = Message::new(Some("1297875832"), Some("84912345678"), Some("MCKH 0161701234"))
            .replied_by(ReplyCall { short_code: "8083".into(), command: "mckh".into() });
        assert_eq!(PROTOCOL.read(&post(&vector()), &account()), Ok(expected));
    }

    #[test]
    fn every_answer_is_a_200_with_a_code() {
        let gateway = Account::deserialize(account()).unwrap();
        let message = gateway.authenticate(&post(&vector())).unwrap();
        let code = |response: ApiGatewayProxyResponse| {
            let body: Value = serde_json::from_str(body(&response)).unwrap();
            (response.status_code, body["data"]["code"].clone(), body["errors"]["code"].clone())
        };
        for (repeated, data, errors) in [(false, json!(200), json!(null)), (true, json!(null), json!(104))] {
            let answer = Answer { text: "Hồ sơ", charged: true, repeated };
            assert_eq!(code(gateway.reply(&message, &answer)), (200, data, errors));
        }
        for (why, errors) in [
            (Refusal::WrongCredentials, 106),
            (Refusal::NotConfigured, 106),
            (Refusal::UsedId, 106),
            (Refusal::WrongAddress, 108),
        ] {
            assert_eq!(code(refuse(why)), (200, json!(null), json!(errors)), "{why}");
        }
    }

    proptest! {
        #[test]
        fn no_request_breaks_it(
            fields in proptest::collection::hash_map("[a-z_]{1,8}|client_id|request_id|phone|time|checksum|message", "\\PC{0,30}|84[0-9]{9}", 0..9),
            body in "\\PC{0,60}|[{}\\[\\]\":,a-z0-9]{0,40}"
        ) {
            for request in [post(&json!(fields)), event(json!({"headers": {"content-type": "application/json"}, "body": body}))] {
                prop_assert!(PROTOCOL.verify(&request, &account()).is_err());
            }
        }
    }
}
