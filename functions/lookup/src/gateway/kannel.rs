//! Kannel: GET with `msisdn`, `short_code`, `mo_message`, `request_id`, `ts`, as `infra/local/kannel.conf` sends them.
//!
//! Kannel user guide, "SMS services": it sends the URL's credentials by HTTP Basic, accepts `text/plain`, and calls the
//! same URL again after any status but 200 and 202. Accented text reaches the phone only in UCS-2, which the reply requests
//! by `X-Kannel-Coding: 2` (and the service allows by `accept-x-kannel-headers = true`).

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use domain::text::sms::{Alphabet, Sms};
use http::HeaderValue;
use serde::Deserialize;

use super::{Answer, Gateway, Protocol, Refusal, Request, by_status, parsed, plain};
use crate::message::Message;
use caller::Basic;

pub(super) const PROTOCOL: Protocol = Protocol { name: "kannel", parse: parsed::<Account>, refuse: by_status };

/// Its member of GatewaySecret: `{"user":"…","password":"…"}`, letters and digits only, because they are part of a URL.
#[derive(Deserialize)]
#[serde(transparent)]
struct Account(Basic);

impl Gateway for Account {
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal> {
        self.0.check(request)?;
        let get = |name| request.parameter(name);
        Ok(Message::new(get("request_id"), get("msisdn"), get("mo_message")))
    }

    fn reply(&self, _: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        let mut response = plain(200, answer.text);
        if Sms::new(answer.text).alphabet == Alphabet::Ucs2 {
            response.headers.insert("x-kannel-coding", HeaderValue::from_static("2"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use caller::testing::read as event;
    use serde_json::{Value, json};

    fn request(authorization: Option<&str>) -> Request {
        event(authorization.map_or(json!({}), |header| json!({"headers": {"Authorization": header}})))
    }

    /// The message of a genuine request with that query.
    fn read(query: Value) -> Message {
        let headers = json!({"authorization": basic("kannel:s3cret")});
        let request = event(json!({"headers": headers, "multiValueQueryStringParameters": query}));
        PROTOCOL.read(&request, &account()).unwrap()
    }

    fn account() -> Value {
        json!({"user": "kannel", "password": "s3cret"})
    }

    fn basic(credentials: &str) -> String {
        format!("Basic {}", STANDARD.encode(credentials))
    }

    #[test]
    fn only_the_right_credentials_are_genuine() {
        for (authorization, genuine) in [
            (Some(basic("kannel:s3cret")), Ok(())),
            (Some(basic("kannel:s3cret").replace("Basic", "basic")), Ok(())),
            (Some(basic("kannel:wrong")), Err(Refusal::WrongCredentials)),
            (Some(basic("kannel:s3cret2")), Err(Refusal::WrongCredentials)),
            (Some("Basic ???".to_owned()), Err(Refusal::WrongCredentials)),
            (Some("Bearer x".to_owned()), Err(Refusal::WrongCredentials)),
            (None, Err(Refusal::WrongCredentials)),
        ] {
            assert_eq!(PROTOCOL.verify(&request(authorization.as_deref()), &account()), genuine, "{authorization:?}");
        }
        for unset in [json!(null), json!({}), json!({"user": "", "password": ""})] {
            assert_eq!(PROTOCOL.verify(&request(Some(&basic(":"))), &unset), Err(Refusal::NotConfigured));
        }
    }

    #[test]
    fn a_message_is_read_as_kannel_conf_sends_it() {
        let query = json!({"msisdn": ["84912345678"], "short_code": ["8083"], "mo_message": ["MCKH 0161701234"],
            "request_id": ["b7c1-22"], "ts": ["1790000000"]});
        assert_eq!(
            read(query),
            Message {
                id: Some("b7c1-22".into()),
                sender: "84912345678".into(),
                text: "MCKH 0161701234".into(),
                call: None
            }
        );
    }

    #[test]
    fn a_doubled_or_missing_parameter_is_not_trusted() {
        let message = read(json!({"mo_message": ["MCKH 1", "MCKH 2"], "request_id": [""]}));
        assert_eq!(message, Message { id: None, sender: String::new(), text: String::new(), call: None });
    }

    #[test]
    fn accented_text_asks_for_ucs2() {
        let gateway = Account::deserialize(account()).unwrap();
        let coding = |text| {
            let answer = Answer { text, charged: true, repeated: false };
            let response = gateway.reply(&Message::new(None, None, None), &answer);
            response.headers.get("x-kannel-coding").cloned()
        };
        assert_eq!(coding("Hồ sơ"), Some(HeaderValue::from_static("2")));
        assert_eq!(coding("Ho so"), None);
    }
}
