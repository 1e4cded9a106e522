//! The protocols of short codes' operators: one file each. Adding one touches its file and [`CONVENTIONS`].

mod allow;
mod escape;
mod esms;
mod generic;
mod kannel;
mod onepay;
mod request;
mod signature;
mod vcom;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use domain::text::sms::Accents;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

use crate::message::Message;

pub(crate) use request::Request;

/// One convention: how to tell that a request is genuine, what message it brings, and how a text goes back.
///
/// `account` is the gateway's member of GatewaySecret: what was account upon with its operator.
struct Protocol {
    /// The path's last part, unless the member `convention` names it for another path.
    name: &'static str,
    /// Checks the request.
    verify: fn(&Request, account: &Value) -> Result<(), Refusal>,
    /// Reads a genuine request. What it cannot read becomes an empty text, which is answered with the right syntax.
    read: fn(&Request, account: &Value) -> Message,
    /// Answers a genuine request: with the text for the citizen, unless that goes by a call of its own.
    reply: fn(&Answer<'_>, account: &Value) -> ApiGatewayProxyResponse,
    /// Answers one that is refused: [`by_status`], unless the operator has codes of his own.
    refuse: fn(Refusal) -> ApiGatewayProxyResponse,
}

static CONVENTIONS: [Protocol; 5] =
    [kannel::PROTOCOL, onepay::PROTOCOL, esms::PROTOCOL, vcom::PROTOCOL, generic::PROTOCOL];

/// The protocols' names.
pub fn protocols() -> impl Iterator<Item = &'static str> {
    CONVENTIONS.iter().map(|convention| convention.name)
}

/// What goes back to the gateway.
pub(crate) struct Answer<'a> {
    /// For the citizen.
    pub text: &'a str,
    /// What it answers.
    pub message: &'a Message,
    /// Whether the citizen pays, where the convention leaves that to us.
    pub charged: bool,
    /// Whether the message came before.
    pub repeated: bool,
}

/// A request that is not genuine. What is wrong stands in the log, not in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("there is no gateway of that name")]
    NoSuchGateway,
    #[error("GatewaySecret has no member for this gateway, or not a complete one")]
    NotConfigured,
    #[error("the credentials are missing or wrong")]
    WrongCredentials,
    #[error("the address is not among those the gateway calls from")]
    WrongAddress,
    #[error("the message id came before, with another text or sender")]
    UsedId,
}

/// A refused request, and how its gateway is told.
#[derive(Debug, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Refused {
    pub why: Refusal,
    pub answer: Box<ApiGatewayProxyResponse>,
}

impl Refused {
    fn new(why: Refusal, refuse: fn(Refusal) -> ApiGatewayProxyResponse) -> Self {
        Self { why, answer: Box::new(refuse(why)) }
    }
}

/// An operator's gateway, behind `/mo/{name}`.
pub(crate) struct Gateway {
    /// Member `accents`: `keep` (the default) or `strip`.
    pub accents: Accents,
    convention: &'static Protocol,
    account: Value,
}

impl Gateway {
    /// The gateway of that name, if it is what brings `request`.
    pub fn authenticate(name: &str, request: &Request, secret: &Value) -> Result<Self, Refused> {
        let account = &secret[name];
        let convention = account["convention"].as_str().unwrap_or(name);
        let convention = CONVENTIONS.iter().find(|known| known.name == convention);
        let convention = convention.ok_or_else(no_such_gateway)?;
        let accents = is_genuine(convention, request, account).map_err(|why| Refused::new(why, convention.refuse))?;
        Ok(Self { accents, convention, account: account.clone() })
    }

    /// The message that `request` brings.
    pub fn read(&self, request: &Request) -> Message {
        (self.convention.read)(request, &self.account)
    }

    /// The gateway's own way of hearing no.
    pub fn refuse(&self, why: Refusal) -> Refused {
        Refused::new(why, self.convention.refuse)
    }

    /// The gateway's own way of getting an answer.
    pub fn reply(&self, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        (self.convention.reply)(answer, &self.account)
    }
}

/// Checks a request; the accents the gateway's phones show.
fn is_genuine(convention: &Protocol, request: &Request, account: &Value) -> Result<Accents, Refusal> {
    let accents = match &account["accents"] {
        Value::Null => Accents::Keep,
        word if word == "keep" => Accents::Keep,
        word if word == "strip" => Accents::Strip,
        _ => return Err(Refusal::NotConfigured),
    };
    allow::check(request.source, &account["allow"])?;
    (convention.verify)(request, account)?;
    Ok(accents)
}

/// Lower-case letters, digits and hyphens: the name stands in keys, logs and events.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// A gateway's member of the secret, as its convention needs it.
fn account_as<'a, T: Deserialize<'a>>(account: &'a Value) -> Result<T, Refusal> {
    T::deserialize(account).map_err(|_| Refusal::NotConfigured)
}

/// Nobody is called so.
pub(crate) fn no_such_gateway() -> Refused {
    Refused::new(Refusal::NoSuchGateway, by_status)
}

/// 404, 403 or 401, and no word more than a stranger may know.
fn by_status(why: Refusal) -> ApiGatewayProxyResponse {
    match why {
        Refusal::NoSuchGateway => plain(404, "no such gateway"),
        Refusal::UsedId => plain(403, "this message id was used for another text"),
        Refusal::NotConfigured | Refusal::WrongCredentials | Refusal::WrongAddress => {
            let mut response = plain(401, "not authorised");
            let challenge = HeaderValue::from_static("Basic realm=\"8083\", charset=\"UTF-8\"");
            response.headers.insert("www-authenticate", challenge);
            response
        }
    }
}

/// A plain text.
pub(crate) fn plain(status: i64, text: &str) -> ApiGatewayProxyResponse {
    typed(status, HeaderValue::from_static("text/plain; charset=utf-8"), text.to_owned())
}

fn typed(status: i64, content_type: HeaderValue, body: String) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.headers.insert(CONTENT_TYPE, content_type);
    response.body = Some(Body::Text(body));
    response
}

#[cfg(test)]
mod tests {
    use super::request::tests::read;
    use super::*;
    use base64::Engine;
    use serde_json::json;

    /// A response's text.
    pub(super) fn body(response: &ApiGatewayProxyResponse) -> &str {
        match &response.body {
            Some(Body::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    fn authenticate(name: &str, secret: Value) -> Result<Gateway, Refusal> {
        let basic = base64::engine::general_purpose::STANDARD.encode("u:p");
        let request = read(json!({"headers": {"authorization": format!("Basic {basic}")},
            "requestContext": {"httpMethod": "GET", "identity": {"sourceIp": "203.0.113.9"}}}));
        Gateway::authenticate(name, &request, &secret).map_err(|refused| refused.why)
    }

    #[test]
    fn a_gateway_is_found_by_its_name_or_by_the_convention_it_names() {
        let member = json!({"user": "u", "password": "p"});
        let mut named = member.clone();
        named["convention"] = json!("kannel");
        for (name, secret, refusal) in [
            ("kannel", json!({"kannel": member}), None),
            ("vinaphone", json!({"vinaphone": named}), None),
            ("vinaphone", json!({"vinaphone": member}), Some(Refusal::NoSuchGateway)),
            ("kannel", json!({}), Some(Refusal::NotConfigured)),
            ("nobody", json!({}), Some(Refusal::NoSuchGateway)),
        ] {
            assert_eq!(authenticate(name, secret.clone()).err(), refusal, "{name}: {secret}");
        }
    }

    #[test]
    fn a_name_is_fit_for_keys_and_logs() {
        for (name, good) in [
            ("1pay", true),
            ("vina-phone", true),
            ("", false),
            ("Vina", false),
            ("a#b", false),
            ("\n", false),
            ("ộ", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
        assert!(!is_name(&"a".repeat(33)));
    }

    #[test]
    fn every_convention_has_accents_and_an_allow_list() {
        let with = |name: &str, value: Value| {
            authenticate("kannel", json!({"kannel": {"user": "u", "password": "p", name: value}}))
        };
        assert_eq!(with("accents", json!("strip")).unwrap().accents, Accents::Strip);
        assert_eq!(with("accents", json!("keep")).unwrap().accents, Accents::Keep);
        assert_eq!(with("accents", json!(null)).unwrap().accents, Accents::Keep);
        assert_eq!(with("accents", json!("none")).err(), Some(Refusal::NotConfigured));
        assert_eq!(with("allow", json!(["203.0.113.0/24"])).err(), None);
        assert_eq!(with("allow", json!(["203.0.114.0/24"])).err(), Some(Refusal::WrongAddress));
    }
}
