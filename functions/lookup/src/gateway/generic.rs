//! An operator we do not know: everything comes from its member of GatewaySecret. GET, or POST with a form.
//!
//! The path's last part is the member's name, so there may be several:
//!
//! ```json
//! {"vinaphone": {"convention": "generic", "sender": "from", "text": "content", "id": "msgid",
//!   "hmac": {"key": "…", "fields": ["msgid", "from", "content"], "parameter": "sign"},
//!   "reply": "{\"code\":0,\"text\":\"{text}\"}", "content_type": "application/json", "accents": "strip"}}
//! ```

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use http::HeaderValue;
use serde::Deserialize;
use serde_json::Value;

use super::signature::{Key, pairs};
use super::{Answer, Protocol, Refusal, Request, account_as, by_status, escape, plain, typed};
use crate::message::Message;

pub(super) const PROTOCOL: Protocol = Protocol { name: "generic", verify, read, reply, refuse: by_status };

/// Its member of GatewaySecret. One of `token` and `hmac` must be there; where both are, both must be right.
#[derive(Deserialize)]
struct Account {
    /// The parameter with the citizen's number.
    sender: String,
    /// The parameter with the text.
    text: String,
    /// The parameter with the message's id; without one, sender, text and minute make the message.
    id: Option<String>,
    /// What `Authorization: Bearer` or the parameter `token_parameter` must hold.
    token: Option<Key>,
    #[serde(default = "token_parameter")]
    token_parameter: String,
    hmac: Option<Signed>,
    /// The body of a reply: `{text}`, `{id}`, `{sender}` and `{status}` (1, or 0 where the citizen pays nothing) are
    /// filled in, escaped where `content_type` is JSON or XML.
    #[serde(default = "just_the_text")]
    reply: String,
    #[serde(default = "plain_text")]
    content_type: String,
}

/// Hex or base64 HMAC-SHA256.
#[derive(Deserialize)]
struct Signed {
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
    /// `12`, which does not tell where a value ends: an operator's choice, not a good one.
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

fn verify(request: &Request, account: &Value) -> Result<(), Refusal> {
    let account: Account = account_as(account)?;
    HeaderValue::from_str(&account.content_type).map_err(|_| Refusal::NotConfigured)?;
    let token = account.token.as_ref().map(|token| has_token(request, token, &account.token_parameter));
    let signed = account.hmac.as_ref().map(|hmac| is_signed(request, hmac, &account.text)).transpose()?;
    match (token, signed) {
        (None, None) => Err(Refusal::NotConfigured),
        (Some(false), _) | (_, Some(false)) => Err(Refusal::WrongCredentials),
        _ => Ok(()),
    }
}

fn has_token(request: &Request, token: &Key, parameter: &str) -> bool {
    let given = request.authorization("bearer").or_else(|| request.parameter(parameter));
    given.is_some_and(|given| token.is(given))
}

fn is_signed(request: &Request, hmac: &Signed, text: &str) -> Result<bool, Refusal> {
    if !hmac.fields.iter().any(|field| field == text) {
        return Err(Refusal::NotConfigured);
    }
    let fields = hmac.fields.iter().map(String::as_str);
    let signed = match hmac.joined {
        Joined::Pairs => pairs(request, fields),
        Joined::Values => fields.map(|field| request.parameter(field)).collect(),
    };
    let signature = request.parameter(&hmac.parameter);
    Ok(signed.zip(signature).is_some_and(|(signed, signature)| hmac.key.signed(&signed, signature)))
}

fn read(request: &Request, account: &Value) -> Message {
    let Ok(account) = account_as::<Account>(account) else { return Message::new(None, None, None) };
    let id = account.id.and_then(|name| request.parameter(&name));
    Message::new(id, request.parameter(&account.sender), request.parameter(&account.text))
}

fn reply(answer: &Answer<'_>, account: &Value) -> ApiGatewayProxyResponse {
    let Ok(account) = account_as::<Account>(account) else { return plain(200, answer.text) };
    let escaped = |text: &str| match &account.content_type {
        json if json.contains("json") => escape::json(text),
        xml if xml.contains("xml") => escape::xml(text),
        _ => text.to_owned(),
    };
    let body = filled(&account.reply, |name| {
        Some(match name {
            "text" => escaped(answer.text),
            "id" => escaped(answer.message.id.as_deref().unwrap_or_default()),
            "sender" => escaped(&answer.message.sender),
            "status" => u8::from(answer.charged).to_string(),
            _ => return None,
        })
    });
    let content_type = HeaderValue::from_str(&with_charset(&account.content_type));
    typed(200, content_type.unwrap_or(HeaderValue::from_static("text/plain; charset=utf-8")), body)
}

/// `template` with each `{name}` that has a value replaced by it, once: what a value holds is no template.
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
    use super::super::request::tests::{get, post, read as event};
    use super::super::tests::body;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

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
            assert_eq!(verify(&request, &account), expected, "{account}");
        }
    }

    #[test]
    fn the_vector_is_genuine_and_nothing_near_it() {
        assert_eq!(verify(&get(vector()), &with_hmac()), Ok(()));
        for name in ["msgid", "from", "content", "sign"] {
            for value in [json!("1"), json!(""), json!([]), json!([vector()[name], vector()[name]])] {
                let mut changed = vector();
                changed[name] = value;
                assert_eq!(verify(&get(changed.clone()), &with_hmac()), Err(Refusal::WrongCredentials), "{changed}");
            }
        }
        let mut joined = with_hmac();
        joined["hmac"]["joined"] = json!("values");
        let mut values = vector();
        values["sign"] = json!("C0aHIxC56CedJqwosBNHJW7nMzCUL115avLWmJqiLfw=");
        assert_eq!(verify(&get(values), &joined), Ok(()));
        assert_eq!(verify(&get(vector()), &joined), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn a_form_is_signed_over_its_decoded_values() {
        let form = "msgid=m-1&from=84912345678&content=MCKH+0161701234&sign=ad92bb727c002543bd1ae7304298098b6779c44e0e4b11627b3b2e1cefd9c785";
        assert_eq!(verify(&post(form), &with_hmac()), Ok(()));
        assert_eq!(verify(&post(&form.replace("MCKH+", "%4dCKH%20")), &with_hmac()), Ok(()));
        assert_eq!(verify(&post(&form.replace("MCKH+", "MCKH%2b")), &with_hmac()), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn where_token_and_signature_are_agreed_both_must_be_right() {
        let mut both = with_hmac();
        both["token"] = json!("t0ken");
        let mut request = vector();
        assert_eq!(verify(&get(request.clone()), &both), Err(Refusal::WrongCredentials));
        request["token"] = json!("t0ken");
        assert_eq!(verify(&get(request.clone()), &both), Ok(()));
        request["content"] = json!("MCKH 2");
        assert_eq!(verify(&get(request), &both), Err(Refusal::WrongCredentials));
    }

    #[test]
    fn an_incomplete_agreement_lets_nobody_in() {
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
            assert_eq!(verify(&get(vector()), &account), Err(Refusal::NotConfigured), "{account}");
        }
    }

    #[test]
    fn a_message_is_read_by_the_names_agreed() {
        let message = read(&get(vector()), &with_token());
        let expected = Message {
            id: Some("m-1".into()),
            sender: "84912345678".into(),
            text: "MCKH 0161701234".into(),
            call: None,
        };
        assert_eq!(message, expected);
        let without_id = read(&get(vector()), &json!({"sender": "from", "text": "content", "token": "t0ken"}));
        assert_eq!(without_id, Message { id: None, ..expected });
    }

    #[test]
    fn a_reply_fills_the_template_in_the_format_agreed() {
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
            let response =
                reply(&Answer { text: "Hồ \"sơ\" <1>", message: &message, charged, repeated: false }, &account);
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
            prop_assert!(verify(&request, &with_hmac()).is_err());
            let message = read(&request, &with_hmac());
            let account = json!({"sender": "a", "text": "b", "reply": template, "content_type": content_type});
            let _ = reply(&Answer { text: &message.text, message: &message, charged: true, repeated: false }, &account);
        }
    }
}
