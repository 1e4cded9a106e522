//! Any other operator: its member of GatewaySecret describes its protocol. GET, or POST with a form or a JSON object.
//!
//! The last part of the path is the member's name, so there may be several:
//!
//! ```json
//! {"vinaphone": {"protocol": "generic", "sender": "from", "text": "content", "id": "msgid",
//!   "hmac": {"key": "…", "fields": ["msgid", "from", "content"], "parameter": "sign"},
//!   "reply": "{\"code\":0,\"text\":\"{text}\"}", "content_type": "application/json", "accents": "strip"}}
//! ```

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use http::HeaderValue;
use serde::Deserialize;

use super::{Answer, Gateway, Protocol, Refusal, Request, by_status, escape, parsed, typed};
use crate::message::Message;
use caller::{Key, pairs};

pub(super) const PROTOCOL: Protocol = Protocol { name: "generic", parse: parsed::<Account>, refuse: by_status };

/// Its member of GatewaySecret. `token` or `hmac` is required; if both are there, both must be right.
#[derive(Deserialize)]
struct Member {
    /// The parameter with the citizen's number.
    sender: String,
    /// The parameter with the text.
    text: String,
    /// The parameter with the message's id. Without it, sender, text and minute identify the message.
    id: Option<String>,
    /// The value of `Authorization: Bearer`, or of the parameter `token_parameter`.
    token: Option<Key>,
    #[serde(default = "token_parameter")]
    token_parameter: String,
    hmac: Option<Hmac>,
    /// The body of a reply: `{text}`, `{id}`, `{sender}` and `{status}` (1, or 0 where the citizen pays nothing) are
    /// filled in, escaped where `content_type` is JSON or XML.
    #[serde(default = "just_the_text")]
    reply: String,
    #[serde(default = "plain_text")]
    content_type: String,
}

/// Hex or base64 HMAC-SHA256.
#[derive(Deserialize)]
struct Hmac {
    key: Key,
    /// The parameters signed, in their order. The text must be among them.
    fields: Vec<String>,
    #[serde(default)]
    joined: Joined,
    /// The parameter with the signature.
    parameter: String,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Joined {
    /// `a=1&b=2`
    #[default]
    Pairs,
    /// `12`: weak, because characters can be moved between adjacent values.
    Values,
}

fn token_parameter() -> String {
    "token".to_owned()
}

fn just_the_text() -> String {
    "{text}".to_owned()
}

fn plain_text() -> String {
    "text/plain".to_owned()
}

/// A member that is consistent.
#[derive(Deserialize)]
#[serde(try_from = "Member")]
struct Account {
    member: Member,
    /// With a charset.
    content_type: HeaderValue,
    format: Format,
}

/// How values are escaped in the body of a reply.
#[derive(Clone, Copy)]
enum Format {
    Json,
    Xml,
    Text,
}

impl TryFrom<Member> for Account {
    type Error = &'static str;

    fn try_from(member: Member) -> Result<Self, Self::Error> {
        if member.token.is_none() && member.hmac.is_none() {
            return Err("token or hmac is required");
        }
        if member.hmac.as_ref().is_some_and(|hmac| !hmac.fields.contains(&member.text)) {
            return Err("the text is not signed");
        }
        let content_type = HeaderValue::from_str(&with_charset(&member.content_type));
        let content_type = content_type.map_err(|_| "content_type is no header's value")?;
        Ok(Self { content_type, format: Format::of(&member.content_type), member })
    }
}

impl Gateway for Account {
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal> {
        let Member { sender, text, id, token, token_parameter, hmac, .. } = &self.member;
        let has_token = token.as_ref().is_none_or(|token| has_token(request, token, token_parameter));
        let is_signed = hmac.as_ref().is_none_or(|hmac| hmac.signed(request));
        if !(has_token & is_signed) {
            return Err(Refusal::WrongCredentials);
        }
        let get = |name: &str| request.parameter(name);
        Ok(Message::new(id.as_deref().and_then(get), get(sender), get(text)))
    }

    fn reply(&self, message: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        let body = filled(&self.member.reply, |name| {
            Some(match name {
                "text" => self.format.escape(answer.text),
                "id" => self.format.escape(message.id.as_deref().unwrap_or_default()),
                "sender" => self.format.escape(&message.sender),
                "status" => u8::from(answer.charged).to_string(),
                _ => return None,
            })
        });
        typed(200, self.content_type.clone(), body)
    }
}

fn has_token(request: &Request, token: &Key, parameter: &str) -> bool {
    let given = request.authorization("bearer").or_else(|| request.parameter(parameter));
    given.is_some_and(|given| token.is(given))
}

impl Hmac {
    /// Whether `request` has all fields, and their signature.
    fn signed(&self, request: &Request) -> bool {
        let fields = self.fields.iter().map(String::as_str);
        let signed = match self.joined {
            Joined::Pairs => pairs(request, fields),
            Joined::Values => fields.map(|field| request.parameter(field)).collect(),
        };
        let signature = request.parameter(&self.parameter);
        signed.zip(signature).is_some_and(|(signed, signature)| self.key.signed(&signed, signature))
    }
}

impl Format {
    fn of(content_type: &str) -> Self {
        match content_type {
            json if json.contains("json") => Self::Json,
            xml if xml.contains("xml") => Self::Xml,
            _ => Self::Text,
        }
    }

    fn escape(self, text: &str) -> String {
        match self {
            Self::Json => escape::json(text),
            Self::Xml => escape::xml(text),
            Self::Text => text.to_owned(),
        }
    }
}

/// `template` with each `{name}` that has a value replaced by it, once: values are not templates.
fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(brace) = rest.find('{') {
        let (before, from_brace) = rest.split_at(brace);
        filled.push_str(before);
        let named = from_brace.find('}').and_then(|end| Some((value(&from_brace[1..end])?, end)));
        match named {
            Some((value, end)) => {
                filled.push_str(&value);
                rest = &from_brace[end + 1..];
            }
            None => {
                filled.push('{');
                rest = &from_brace[1..];
            }
        }
    }
    filled + rest
}

fn with_charset(content_type: &str) -> String {
    if content_type.contains("charset") { content_type.to_owned() } else { format!("{content_type}; charset=utf-8") }
}

#[cfg(test)]
mod tests {
    use super::super::tests::body;
    use super::*;
    use caller::testing::{get, post, read as event};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn with_token() -> Value {
        json!({"sender": "from", "text": "content", "id": "msgid", "token": "t0ken"})
    }

    fn with_hmac() -> Value {
        json!({"sender": "from", "text": "content", "id": "msgid",
            "hmac": {"key": "s3cret", "fields": ["msgid", "from", "content"], "parameter": "sign"}})
    }

    /// Made with openssl: `printf '%s' 'msgid=m-1&from=84912345678&content=MCKH 0161701234' | openssl dgst -sha256 -hmac s3cret`
    fn vector() -> Value {
        json!({"msgid": "m-1", "from": "84912345678", "content": "MCKH 0161701234", "sign": "ad92bb727c002543bd1ae7304298098b6779c44e0e4b11627b3b2e1cefd9c785"})
    }

    #[test]
    fn a_token_comes_in_the_header_or_in_a_parameter() {
        let own = json!({"sender": "from", "text": "content", "token": "t0ken", "token_parameter": "key"});
        let bearer = |token: &str| event(json!({"headers": {"authorization": format!("Bearer {token}")}}));
        for (request, account, genuine) in [
            (bearer("t0ken"), with_token(), true),
            (bearer("t0ke"), with_token(), false),
            (get(json!({"token": "t0ken"})), with_token(), true),
            (post("content=a&token=t0ken"), with_token(), true),
            (get(json!({"token": ["t0ken", "t0ken"]})), with_token(), false),
            (get(json!({"token": ""})), with_token(), false),
            (get(json!({})), with_token(), false),
            (get(json!({"key": "t0ken"})), own.clone(), true),
            (get(json!({"token": "t0ken"})), own, false),
        ] {
            let expected = if genuine { Ok(()) } else { Err(Refusal::WrongCredentials) };
            assert_eq!(PROTOCOL.verify(&request, &account), expected, "{account}");
        }
    }

    #[test]
    fn only_the_exact_test_vector_is_genuine() {
        assert_eq!(PROTOCOL.verify(&get(vector()), &with_hmac()), Ok(()));
        for name in ["msgid", "from", "content", "sign"] {
            for value in [json!("1"), json!(""), json!([]), json!([vector()[name], vector()[name]])] {
                let mut changed = vector();
                changed[name] = value;
                assert_eq!(
                    PROTOCOL.verify(&get(changed.clone()), &with_hmac()),
                    Err(Refusal::WrongCredentials),
                    "{changed}"
                );
            }
        }
        let mut joined = with_hmac();
        joined["hmac"]["joined"] = json!("values");
        let mut values = vector();
        values["sign"] = json!("C0aHIxC56CedJqwosBNHJW7nMzCUL115avLWmJqiLfw=");
        assert_eq!(PROTOCOL.verify(&get(values), &joined), Ok(()));
        assert_eq!(PROTOCOL.verify(&get(vector()), &joined), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn a_form_is_signed_over_its_decoded_values() {
        let form = "msgid=m-1&from=84912345678&content=MCKH+0161701234&sign=ad92bb727c002543bd1ae7304298098b6779c44e0e4b11627b3b2e1cefd9c785";
        assert_eq!(PROTOCOL.verify(&post(form), &with_hmac()), Ok(()));
        assert_eq!(PROTOCOL.verify(&post(&form.replace("MCKH+", "%4dCKH%20")), &with_hmac()), Ok(()));
        assert_eq!(
            PROTOCOL.verify(&post(&form.replace("MCKH+", "MCKH%2b")), &with_hmac()),
            Err(Refusal::WrongCredentials)
        );
    }

    #[test]
    fn where_the_account_has_token_and_signature_both_must_be_right() {
        let mut both = with_hmac();
        both["token"] = json!("t0ken");
        let mut request = vector();
        assert_eq!(PROTOCOL.verify(&get(request.clone()), &both), Err(Refusal::WrongCredentials));
        request["token"] = json!("t0ken");
        assert_eq!(PROTOCOL.verify(&get(request.clone()), &both), Ok(()));
        request["content"] = json!("MCKH 2");
        assert_eq!(PROTOCOL.verify(&get(request), &both), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn an_incomplete_account_refuses_every_request() {
        let changed = |mut account: Value, path: &str, value: Value| {
            *account.pointer_mut(path).unwrap() = value;
            account
        };
        let mut odd_type = with_token();
        odd_type["content_type"] = json!("text/\n");
        for account in [
            json!(null),
            json!({"sender": "from", "text": "content"}),
            changed(with_token(), "/token", json!("")),
            changed(with_token(), "/text", json!(null)),
            changed(with_hmac(), "/hmac/key", json!("")),
            changed(with_hmac(), "/hmac/fields", json!([])),
            changed(with_hmac(), "/hmac/fields", json!(["msgid", "from"])),
            odd_type,
        ] {
            assert_eq!(PROTOCOL.verify(&get(vector()), &account), Err(Refusal::NotConfigured), "{account}");
        }
    }

    #[test]
    fn a_message_is_read_by_the_accounts_names() {
        let token = json!({"Authorization": "Bearer t0ken"});
        let request = event(json!({"headers": token, "queryStringParameters": vector()}));
        let expected = Message {
            id: Some("m-1".into()),
            sender: "84912345678".into(),
            text: "MCKH 0161701234".into(),
            call: None,
        };
        assert_eq!(PROTOCOL.read(&request, &with_token()).as_ref(), Ok(&expected));
        let without_id = PROTOCOL.read(&request, &json!({"sender": "from", "text": "content", "token": "t0ken"}));
        assert_eq!(without_id, Ok(Message { id: None, ..expected }));
    }

    #[test]
    fn a_reply_fills_the_template_in_the_accounts_format() {
        let message = Message::new(Some("{text}"), Some("84912345678"), None);
        for (template, content_type, charged, expected, header) in [
            (None, None, true, "Hồ \"sơ\" <1>", "text/plain; charset=utf-8"),
            (
                Some("0|{text}|{sender}|{id}"),
                None,
                true,
                "0|Hồ \"sơ\" <1>|84912345678|{text}",
                "text/plain; charset=utf-8",
            ),
            (
                Some("{\"a\":{\"status\":{status},\"sms\":\"{text}\"}}"),
                Some("application/json"),
                false,
                "{\"a\":{\"status\":0,\"sms\":\"Hồ \\\"sơ\\\" <1>\"}}",
                "application/json; charset=utf-8",
            ),
            (
                Some("<r s=\"{status}\">{text}</r>"),
                Some("text/xml; charset=UTF-8"),
                true,
                "<r s=\"1\">Hồ &quot;sơ&quot; &lt;1&gt;</r>",
                "text/xml; charset=UTF-8",
            ),
            (Some("{{text}} {other} {"), None, true, "{Hồ \"sơ\" <1>} {other} {", "text/plain; charset=utf-8"),
        ] {
            let mut account = with_token();
            for (name, value) in [("reply", template), ("content_type", content_type)] {
                if let Some(value) = value {
                    account[name] = json!(value);
                }
            }
            let gateway = Account::deserialize(account).unwrap();
            let response = gateway.reply(&message, &Answer { text: "Hồ \"sơ\" <1>", charged, repeated: false });
            assert_eq!((body(&response), response.headers["content-type"].to_str().unwrap()), (expected, header));
        }
    }

    proptest! {
        #[test]
        fn no_request_and_no_template_breaks_it(
            query in proptest::collection::hash_map("[a-z]{1,6}|msgid|from|content|sign|token", "\\PC{0,30}", 0..7),
            template in "\\PC{0,20}|[{}a-z]{0,12}|(\\{text\\}|\\{id\\}|\\{){0,4}", content_type in "\\PC{0,12}|[a-z/]{0,12}|text/xml"
        ) {
            let request = get(json!(query));
            prop_assert!(PROTOCOL.verify(&request, &with_hmac()).is_err());
            let account = json!({"sender": "a", "text": "b", "token": "t", "reply": template, "content_type": content_type});
            if let Ok(gateway) = Account::deserialize(account) {
                let message = Message::new(Some(&template), Some(&content_type), Some(&template));
                let _ = gateway.reply(&message, &Answer { text: &message.text, charged: true, repeated: false });
            }
        }
    }
}
