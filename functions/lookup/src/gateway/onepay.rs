//! 1Pay, SMS charging: GET with `access_key`, `command`, `mo_message`, `msisdn`, `request_id`, `request_time`,
//! `short_code` and `signature`, the hex HMAC-SHA256 of the other seven.
//!
//! It accepts `{"status":1,"sms":"…","type":"text"}`; with `status` 0 the citizen gets the text and pays nothing. A replayed
//! request is a repeated delivery: it gets the first reply and has no other effect.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use http::HeaderValue;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Gateway, Protocol, Refusal, Request, by_status, parsed, typed};
use crate::message::Message;
use caller::{Key, pairs};

pub(super) const PROTOCOL: Protocol = Protocol { name: "1pay", parse: parsed::<Account>, refuse: by_status };

/// What is signed, in this order, as `name=value` joined by `&`, the values decoded.
const SIGNED: [&str; 7] = ["access_key", "command", "mo_message", "msisdn", "request_id", "request_time", "short_code"];

/// Its member of GatewaySecret: `{"access_key":"…","secret":"…"}`
#[derive(Deserialize)]
struct Account {
    access_key: Key,
    secret: Key,
}

impl Gateway for Account {
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal> {
        let given = |name| request.parameter(name).ok_or(Refusal::WrongCredentials);
        let signed = pairs(request, SIGNED).ok_or(Refusal::WrongCredentials)?;
        let genuine = self.access_key.is(given("access_key")?) & self.secret.signed(&signed, given("signature")?);
        if !genuine {
            return Err(Refusal::WrongCredentials);
        }
        let get = |name| request.parameter(name);
        Ok(Message::new(get("request_id"), get("msisdn"), get("mo_message")))
    }

    fn reply(&self, _: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        let body = json!({"status": u8::from(answer.charged), "sms": answer.text, "type": "text"});
        typed(200, HeaderValue::from_static("application/json; charset=utf-8"), body.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{body, only_the_vector_is_genuine};
    use super::*;
    use caller::testing::{get, post};
    use proptest::prelude::*;
    use serde_json::Value;

    /// Made with openssl: `printf '%s' 'access_key=…&…' | openssl dgst -sha256 -hmac 'todo change me'`
    fn vector() -> Value {
        json!({"access_key": "4l732pw3tjhzexml8wry", "command": "MCKH", "mo_message": "MCKH 0161701234",
            "msisdn": "84982479988", "request_id": "b7c1-22", "request_time": "2026-11-24T10:30:00Z",
            "short_code": "8083",
            "signature": "e196eec0266f83574785754fa137dd8fdaf5e739df5d706b73b79f4ecc610b1a"})
    }

    fn account() -> Value {
        json!({"access_key": "4l732pw3tjhzexml8wry", "secret": "todo change me"})
    }

    #[test]
    fn only_the_exact_test_vector_is_genuine() {
        only_the_vector_is_genuine(&PROTOCOL, &vector(), SIGNED.into_iter().chain(["signature"]), &account());
        for unset in [json!(null), json!({}), json!({"access_key": "4l732pw3tjhzexml8wry", "secret": ""})] {
            assert_eq!(PROTOCOL.verify(&get(vector()), &unset), Err(Refusal::NotConfigured));
        }
        let other = json!({"access_key": "another", "secret": "todo change me"});
        assert_eq!(PROTOCOL.verify(&get(vector()), &other), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn a_form_is_signed_over_its_decoded_values() {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in vector().as_object().unwrap() {
            form.append_pair(name, value.as_str().unwrap());
        }
        let request = post(&form.finish());
        assert_eq!(PROTOCOL.verify(&request, &account()), Ok(()));
        assert_eq!(PROTOCOL.read(&request, &account()).unwrap().text, "MCKH 0161701234");
    }

    #[test]
    fn a_message_is_read() {
        let expected = Message {
            id: Some("b7c1-22".into()),
            sender: "84982479988".into(),
            text: "MCKH 0161701234".into(),
            call: None,
        };
        assert_eq!(PROTOCOL.read(&get(vector()), &account()), Ok(expected));
    }

    #[test]
    fn the_reply_says_whether_the_citizen_pays() {
        let gateway = Account::deserialize(account()).unwrap();
        let message = gateway.authenticate(&get(vector())).unwrap();
        for (charged, status) in [(true, 1), (false, 0)] {
            let response = gateway.reply(&message, &Answer { text: "Hồ \"sơ\"", charged, repeated: false });
            let body: Value = serde_json::from_str(body(&response)).unwrap();
            assert_eq!(
                (response.status_code, body),
                (200, json!({"status": status, "sms": "Hồ \"sơ\"", "type": "text"}))
            );
        }
    }

    proptest! {
        #[test]
        fn no_request_breaks_it(query in proptest::collection::hash_map("[a-z_]{1,12}|msisdn|signature|mo_message|request_id", "\\PC{0,30}", 0..9)) {
            let request = get(json!(query));
            prop_assert!(PROTOCOL.verify(&request, &account()).is_err());
        }
    }
}
