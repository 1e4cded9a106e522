//! Operators' signatures: HMAC-SHA256 over parameters, and comparisons in constant time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::{Refusal, Request};

/// A key, password or token of GatewaySecret. Never empty: an empty one would authenticate every request. It has no
/// `Debug`.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub struct Key(String);

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() { Err("a key is empty") } else { Ok(Self(text)) }
    }
}

impl Key {
    /// For a signature over a text that contains the key.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is(&self, given: &str) -> bool {
        same(self.0.as_bytes(), given.as_bytes())
    }

    /// Whether `signature`, in hex or base64, is the HMAC-SHA256 of `text` by this key.
    pub fn signed(&self, text: &str, signature: &str) -> bool {
        let signature = hex::decode(signature).or_else(|_| STANDARD.decode(signature)).unwrap_or_default();
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).map(|mac| mac.chain_update(text));
        mac.is_ok_and(|mac| mac.verify_slice(&signature).is_ok())
    }
}

/// A user and a password of HTTP Basic, letters and digits only where they are part of a URL.
#[derive(Deserialize)]
pub struct Basic {
    user: Key,
    password: Key,
}

impl Basic {
    pub fn check(&self, request: &Request) -> Result<(), Refusal> {
        let expected = format!("{}:{}", self.user.reveal(), self.password.reveal());
        let given = request.authorization("basic").and_then(|credentials| STANDARD.decode(credentials).ok());
        let is_right = given.is_some_and(|given| same(&given, expected.as_bytes()));
        if is_right { Ok(()) } else { Err(Refusal::WrongCredentials) }
    }
}

/// In constant time for texts of the same length.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// `name=value&name=value` in the order of `names`, over the decoded values; `None` where one is missing or doubled.
pub fn pairs<'a>(request: &Request, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let pair = |name| Some(format!("{name}={}", request.parameter(name)?));
    Some(names.into_iter().map(pair).collect::<Option<Vec<_>>>()?.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::get;
    use proptest::prelude::*;
    use serde_json::json;

    /// The public vector of 1Pay's card charging API, the sibling of its SMS charging.
    #[test]
    fn the_public_vector_of_1pay_is_signed() {
        let request = get(json!({"access_key": "4l732pw3tjhzexml8wry", "amount": "5000", "command_code": "SD",
            "mo_message": "SD NAP 14", "msisdn": "84982479988", "telco": "vtm"}));
        let names = ["access_key", "amount", "command_code", "mo_message", "msisdn", "telco"];
        let text = pairs(&request, names).unwrap();
        assert_eq!(
            text,
            "access_key=4l732pw3tjhzexml8wry&amount=5000&command_code=SD&mo_message=SD NAP 14&msisdn=84982479988&telco=vtm"
        );
        let signature = "3c5aa7b2f8254db41fe1cc7d4980003f93316e8adc4271a113bb132c556491ed";
        let key = Key("todo change me".into());
        assert!(key.signed(&text, signature) && key.signed(&text, &signature.to_uppercase()));
        assert!(key.signed(&text, &STANDARD.encode(hex::decode(signature).unwrap())));
        assert!(!key.signed(&text.replace("14", "15"), signature) && !Key("todo".into()).signed(&text, signature));
        for other in ["", "3c5a", &signature[..62], &(signature.to_owned() + "00")] {
            assert!(!key.signed(&text, other), "{other}");
        }
    }

    #[test]
    fn a_missing_or_doubled_parameter_is_not_signed_and_an_empty_one_is() {
        let request = get(json!({"a": "1", "b": ["2", "3"], "c": ""}));
        assert_eq!(pairs(&request, ["c", "a"]).as_deref(), Some("c=&a=1"));
        assert_eq!(pairs(&request, ["a", "b"]), None);
        assert_eq!(pairs(&request, ["a", "d"]), None);
    }

    #[test]
    fn no_key_is_empty() {
        for (key, good) in [("k", true), ("", false), (" ", false)] {
            assert_eq!(serde_json::from_value::<Key>(json!(key)).is_ok(), good);
        }
    }

    proptest! {
        #[test]
        fn no_signature_breaks_it(text in "\\PC{0,40}", signature in "\\PC{0,80}|[0-9a-f]{64}") {
            prop_assert!(!Key("k".into()).signed(&text, &signature));
        }
    }
}
