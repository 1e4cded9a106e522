//! eSMS: GET with `sender`, `content`, `serviceNumber`, `keyword`, `sign`, `cpid`, `smsid` and `receiverTime`
//! (yyyyMMddHHmmss). It accepts `<ClientResponse><Message/><Smsid/><Receiver/></ClientResponse>`.
//!
//! Its signature is weak: `sign` is the base64 MD5 of `cpid`, `smsid`, `content`, `receiverTime` and the key, joined
//! without a separator. The sender is not signed, and characters can be moved between adjacent values. Put the
//! operator's addresses into the member `allow`.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use md5::{Digest, Md5};
use serde::Deserialize;

use super::escape::xml;
use super::{Answer, Gateway, Protocol, Refusal, Request, by_status, parsed, typed};
use crate::message::Message;
use caller::{Key, same};

pub(super) const PROTOCOL: Protocol = Protocol { name: "esms", parse: parsed::<Account>, refuse: by_status };

/// Its member of GatewaySecret: `{"cpid":"…","key":"…","allow":["203.0.113.0/24"]}`
#[derive(Deserialize)]
struct Account {
    cpid: Key,
    key: Key,
}

impl Gateway for Account {
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal> {
        let given = |name| request.parameter(name).ok_or(Refusal::WrongCredentials);
        let (cpid, id, text, time) = (given("cpid")?, given("smsid")?, given("content")?, given("receiverTime")?);
        let sign = STANDARD.encode(Md5::digest([cpid, id, text, time, self.key.reveal()].concat()));
        // An unescaped plus arrives as a space, which base64 does not have.
        let genuine = self.cpid.is(cpid) & same(sign.as_bytes(), given("sign")?.replace(' ', "+").as_bytes());
        if genuine {
            Ok(Message::new(Some(id), request.parameter("sender"), Some(text)))
        } else {
            Err(Refusal::WrongCredentials)
        }
    }

    fn reply(&self, message: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ClientResponse><Message>{}</Message><Smsid>{}</Smsid><Receiver>{}</Receiver></ClientResponse>",
            xml(answer.text),
            xml(message.id.as_deref().unwrap_or_default()),
            xml(&message.sender),
        );
        typed(200, HeaderValue::from_static("text/xml; charset=utf-8"), body)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{body, only_the_vector_is_genuine};
    use super::*;
    use caller::testing::get;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Made with openssl: `printf '%s' '<cpid><smsid><content><receiverTime><key>' | openssl dgst -md5 -binary | base64`
    fn vector() -> Value {
        json!({"sender": "84912345678", "content": "MCKH 0161701234 ộ", "serviceNumber": "8083", "keyword": "MCKH",
            "cpid": "7", "smsid": "b7c1-23", "receiverTime": "20261124103000", "sign": "ogiNW5rOu+hTlUbP4KEqfA=="})
    }

    fn account() -> Value {
        json!({"cpid": "7", "key": "s3cret"})
    }

    #[test]
    fn only_the_exact_test_vector_is_genuine() {
        only_the_vector_is_genuine(
            &PROTOCOL,
            &vector(),
            ["content", "cpid", "smsid", "receiverTime", "sign"],
            &account(),
        );
        for unset in [json!(null), json!({"cpid": "7"}), json!({"cpid": "7", "key": ""})] {
            assert_eq!(PROTOCOL.verify(&get(vector()), &unset), Err(Refusal::NotConfigured));
        }
        let other = json!({"cpid": "8", "key": "s3cret"});
        assert_eq!(PROTOCOL.verify(&get(vector()), &other), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn a_sign_whose_plus_arrived_as_a_space_is_genuine() {
        let mut unescaped = vector();
        let sign = vector()["sign"].as_str().unwrap().replace('+', " ");
        assert!(sign.contains(' '), "the vector has a plus");
        unescaped["sign"] = json!(sign);
        assert_eq!(PROTOCOL.verify(&get(unescaped), &account()), Ok(()));
    }

    #[test]
    fn a_message_is_read() {
        let expected = Message {
            id: Some("b7c1-23".into()),
            sender: "84912345678".into(),
            text: "MCKH 0161701234 ộ".into(),
            call: None,
        };
        assert_eq!(PROTOCOL.read(&get(vector()), &account()), Ok(expected));
    }

    #[test]
    fn the_reply_is_xml_whatever_stands_in_it() {
        let message = Message::new(Some("<1>"), Some("84912345678"), None);
        let gateway = Account::deserialize(account()).unwrap();
        let answer = Answer { text: "Hồ sơ <A&B>\u{1}", charged: true, repeated: false };
        let response = gateway.reply(&message, &answer);
        assert_eq!(
            body(&response),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ClientResponse><Message>Hồ sơ &lt;A&amp;B&gt;</Message>\
             <Smsid>&lt;1&gt;</Smsid><Receiver>84912345678</Receiver></ClientResponse>"
        );
        assert_eq!(response.headers["content-type"], "text/xml; charset=utf-8");
    }

    proptest! {
        #[test]
        fn no_request_breaks_it(query in proptest::collection::hash_map("[a-z]{1,8}|cpid|smsid|content|receiverTime|sign", "\\PC{0,30}", 0..9)) {
            let request = get(json!(query));
            prop_assert!(PROTOCOL.verify(&request, &account()).is_err());
        }
    }
}
