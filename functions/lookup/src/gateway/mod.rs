//! The protocols of the short codes' operators: one file each. A new one needs its file and an entry in [`PROTOCOLS`].

mod escape;
mod esms;
mod generic;
mod kannel;
mod onepay;
mod vcom;

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use caller::AllowList;
use domain::text::sms::Accents;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::message::Message;
pub(crate) use caller::{Refusal, Request};

/// An operator's gateway, made from its account: its member of GatewaySecret.
trait Gateway: Send + Sync {
    /// The message of a genuine request. Where the request has no text, the message has an empty one, which is answered
    /// with the right syntax.
    fn authenticate(&self, request: &Request) -> Result<Message, Refusal>;

    /// The HTTP answer to a genuine request. It carries the text for the citizen, unless the protocol has a separate call
    /// for that.
    fn reply(&self, message: &Message, answer: &Answer<'_>) -> ApiGatewayProxyResponse;
}

/// A gateway protocol, before its account is known.
struct Protocol {
    /// The last part of the path. The account's member `protocol` names the protocol of any other path.
    name: &'static str,
    /// Makes the gateway from its account.
    parse: fn(&Value) -> Result<Box<dyn Gateway>, Refusal>,
    /// The HTTP answer to a refused request, also where the account is the reason: [`by_status`], unless the operator has
    /// codes of its own.
    refuse: fn(Refusal) -> ApiGatewayProxyResponse,
}

static PROTOCOLS: [Protocol; 5] =
    [kannel::PROTOCOL, onepay::PROTOCOL, esms::PROTOCOL, vcom::PROTOCOL, generic::PROTOCOL];

/// The protocols' names.
pub fn protocols() -> impl Iterator<Item = &'static str> {
    PROTOCOLS.iter().map(|protocol| protocol.name)
}

/// What goes back to the gateway.
pub(crate) struct Answer<'a> {
    /// For the citizen.
    pub text: &'a str,
    /// Whether the citizen pays. Not every protocol can say it.
    pub charged: bool,
    /// Whether the same message was delivered before.
    pub repeated: bool,
}

/// A refused request, and its answer in the gateway's protocol.
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

/// A genuine message, and the gateway that delivered it.
pub(crate) struct Authenticated {
    pub message: Message,
    /// What the gateway can deliver: the account's member `accents`, `keep` (the default) or `strip`.
    pub accents: Accents,
    gateway: Box<dyn Gateway>,
    protocol: &'static Protocol,
}

impl Authenticated {
    /// Refuses the message after all, with the gateway's own answer.
    pub fn refuse(&self, why: Refusal) -> Refused {
        Refused::new(why, self.protocol.refuse)
    }

    /// The gateway's own form of `answer`.
    pub fn reply(&self, answer: &Answer<'_>) -> ApiGatewayProxyResponse {
        self.gateway.reply(&self.message, answer)
    }
}

/// Authenticates what was sent to `/mo/{name}`. Of `secret`, which is GatewaySecret, only the member `name` is parsed.
pub(crate) fn authenticate(name: &str, request: &Request, secret: &Value) -> Result<Authenticated, Refused> {
    let account = &secret[name];
    // `convention` is the older name: accounts that were written before have it.
    let named = account["protocol"].as_str().or(account["convention"].as_str());
    let protocol = named.unwrap_or(name);
    let protocol = PROTOCOLS.iter().find(|known| known.name == protocol).ok_or_else(no_such_gateway)?;
    protocol.authenticate(request, account).map_err(|why| Refused::new(why, protocol.refuse))
}

impl Protocol {
    /// A request from a wrong address is refused as such, even where the rest of the account is incomplete.
    fn authenticate(&'static self, request: &Request, account: &Value) -> Result<Authenticated, Refusal> {
        let accents = accents(&account["accents"])?;
        AllowList::parse(&account["allow"])?.check(request.source)?;
        let gateway = (self.parse)(account)?;
        let message = gateway.authenticate(request)?;
        Ok(Authenticated { message, accents, gateway, protocol: self })
    }
}

fn accents(member: &Value) -> Result<Accents, Refusal> {
    match member {
        Value::Null => Ok(Accents::Keep),
        word if word == "keep" => Ok(Accents::Keep),
        word if word == "strip" => Ok(Accents::Strip),
        _ => Err(Refusal::NotConfigured),
    }
}

/// [`Protocol::parse`] of a protocol whose account is an `A`.
fn parsed<A: Gateway + DeserializeOwned + 'static>(account: &Value) -> Result<Box<dyn Gateway>, Refusal> {
    match A::deserialize(account) {
        Ok(account) => Ok(Box::new(account)),
        Err(_) => Err(Refusal::NotConfigured),
    }
}

/// Lower-case letters, digits and hyphens, 32 at most: the name is part of keys, logs and events.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

pub(crate) fn no_such_gateway() -> Refused {
    Refused::new(Refusal::NoSuchGateway, by_status)
}

/// 404, 403 or 401. Why an account or its credentials do not match is not said.
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
    use super::*;
    use base64::Engine;
    use caller::testing::read;
    use serde_json::json;

    impl Protocol {
        /// The message of `request`, if it is genuine by `account`.
        pub(super) fn read(&self, request: &Request, account: &Value) -> Result<Message, Refusal> {
            (self.parse)(account)?.authenticate(request)
        }

        pub(super) fn verify(&self, request: &Request, account: &Value) -> Result<(), Refusal> {
            self.read(request, account).map(drop)
        }
    }

    /// A signed message is genuine, and not with any of `signed` changed, repeated or of another type.
    pub(super) fn only_the_vector_is_genuine<'a>(
        protocol: &Protocol,
        vector: &Value,
        signed: impl IntoIterator<Item = &'a str>,
        account: &Value,
    ) {
        let verify = |values: &Value| protocol.verify(&caller::testing::get(values.clone()), account);
        assert_eq!(verify(vector), Ok(()));
        for name in signed {
            for value in [json!("1"), json!(""), json!([]), json!([vector[name], vector[name]])] {
                let mut changed = vector.clone();
                changed[name] = value;
                assert_eq!(verify(&changed), Err(Refusal::WrongCredentials), "{changed}");
            }
        }
    }

    pub(super) fn body(response: &ApiGatewayProxyResponse) -> &str {
        match &response.body {
            Some(Body::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    fn authenticated(name: &str, secret: Value) -> Result<Authenticated, Refusal> {
        let basic = base64::engine::general_purpose::STANDARD.encode("u:p");
        let request = read(json!({"headers": {"authorization": format!("Basic {basic}")},
            "requestContext": {"httpMethod": "GET", "identity": {"sourceIp": "203.0.113.9"}}}));
        authenticate(name, &request, &secret).map_err(|refused| refused.why)
    }

    #[test]
    fn a_gateway_is_found_by_its_name_or_by_the_protocol_it_names() {
        let member = json!({"user": "u", "password": "p"});
        let named = |by: &str| json!({"user": "u", "password": "p", by: "kannel"});
        for (name, secret, refusal) in [
            ("kannel", json!({"kannel": member}), None),
            ("vinaphone", json!({"vinaphone": named("protocol")}), None),
            ("vinaphone", json!({"vinaphone": named("convention")}), None),
            ("vinaphone", json!({"vinaphone": member}), Some(Refusal::NoSuchGateway)),
            ("kannel", json!({}), Some(Refusal::NotConfigured)),
            ("unknown", json!({}), Some(Refusal::NoSuchGateway)),
        ] {
            assert_eq!(authenticated(name, secret.clone()).err(), refusal, "{name}: {secret}");
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
    fn every_protocol_has_accents_and_an_allow_list() {
        let with = |name: &str, value: Value| {
            authenticated("kannel", json!({"kannel": {"user": "u", "password": "p", name: value}}))
        };
        assert_eq!(with("accents", json!("strip")).unwrap().accents, Accents::Strip);
        assert_eq!(with("accents", json!("keep")).unwrap().accents, Accents::Keep);
        assert_eq!(with("accents", json!(null)).unwrap().accents, Accents::Keep);
        assert_eq!(with("accents", json!("none")).err(), Some(Refusal::NotConfigured));
        assert_eq!(with("allow", json!(["203.0.113.0/24"])).err(), None);
        assert_eq!(with("allow", json!(["203.0.114.0/24"])).err(), Some(Refusal::WrongAddress));
    }

    #[test]
    fn of_two_faults_the_same_one_is_always_reported() {
        for (account, refusal) in [
            (json!({"allow": ["203.0.114.0/24"]}), Refusal::WrongAddress),
            (json!({"allow": ["203.0.114.0/24"], "user": "", "password": "p"}), Refusal::WrongAddress),
            (json!({"allow": ["203.0.114.0/24"], "accents": "none"}), Refusal::NotConfigured),
            (json!({"allow": "203.0.114.0/24", "user": "u", "password": "wrong"}), Refusal::NotConfigured),
            (json!({"allow": ["203.0.113.0/24"], "user": "u"}), Refusal::NotConfigured),
        ] {
            assert_eq!(authenticated("kannel", json!({"kannel": account})).err(), Some(refusal), "{account}");
        }
        assert_eq!(authenticated("kannel", json!({"kannel": "u:p"})).err(), Some(Refusal::NotConfigured));
        assert_eq!(authenticated("kannel", json!("u:p")).err(), Some(Refusal::NotConfigured));
    }

    #[test]
    fn a_wrong_account_is_refused_in_its_own_protocol() {
        let request = read(json!({"requestContext": {"httpMethod": "POST", "identity": {"sourceIp": "203.0.113.9"}}}));
        for (account, code) in [(json!({}), 106), (json!({"allow": ["203.0.114.0/24"]}), 108)] {
            let refused = authenticate("vcom", &request, &json!({"vcom": account})).err().unwrap();
            assert_eq!(refused.answer.status_code, 200);
            assert!(body(&refused.answer).contains(&format!("\"code\":{code}")), "{account}");
        }
    }
}
