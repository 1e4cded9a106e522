//! A mobile-originated message, whichever gateway delivered it.

use std::fmt;

use chrono::{DateTime, Utc};
use domain::calendar::VIETNAM;
use domain::inquiry::ReplyCall;
use sha2::{Digest, Sha256};

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The gateway's id, the same on every delivery; `None` where the gateway sends none.
    pub id: Option<String>,
    /// A phone number, as the gateway writes it.
    pub sender: String,
    /// Empty where the gateway's request has none.
    pub text: String,
    /// What the separate call for the reply must name; `None` where the reply is in the answer to the gateway's request.
    pub call: Option<ReplyCall>,
}

/// The longest id, sender and text that are kept, in characters.
const MOST_ID: usize = 200;
const MOST_SENDER: usize = 32;
const MOST_TEXT: usize = 1_000;

impl fmt::Debug for Message {
    /// Shows no value: the gateway chooses the id too, and it could be a phone number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("has_id", &self.id.is_some())
            .field("text_characters", &self.text.chars().count())
            .finish_non_exhaustive()
    }
}

impl Message {
    /// Cuts each value to what a table can hold.
    pub fn new(id: Option<&str>, sender: Option<&str>, text: Option<&str>) -> Self {
        let cut = |text: Option<&str>, most| text.unwrap_or_default().chars().take(most).collect::<String>();
        Self {
            id: id.filter(|id| !id.trim().is_empty()).map(|id| cut(Some(id), MOST_ID)),
            sender: cut(sender, MOST_SENDER),
            text: cut(text, MOST_TEXT),
            call: None,
        }
    }

    /// The message, if its reply needs a separate call to the gateway.
    pub fn replied_by(self, call: ReplyCall) -> Self {
        Self { call: Some(call), ..self }
    }

    /// The gateway's id; without one, a hash of sender, text and minute: the same text a minute later is another message.
    /// It is a hash because no key may contain a phone number.
    pub fn id_or_fingerprint(&self, now: DateTime<Utc>) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let minute = now.with_timezone(&VIETNAM).format("%Y-%m-%dT%H:%M");
        fingerprint(&format!("{}\n{}\n{minute}", self.sender, self.text))
    }
}

/// The first half of the SHA-256, in hex.
pub(crate) fn fingerprint(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_phone_number_and_no_text_is_in_the_debug_output() {
        let call = ReplyCall { short_code: "8083".into(), command: "0912345678".into() };
        for id in [None, Some("m-0912345678")] {
            let message = Message::new(id, Some("84912345678"), Some("MCKH 0161701234")).replied_by(call.clone());
            for shown in [format!("{message:?}"), format!("{message:#?}"), format!("{:?}", Some(message.clone()))] {
                for part in ["912345678", "0161701234", "MCKH", "8083"] {
                    assert!(!shown.contains(part), "{shown}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_a_gateway_sends_is_cut_and_not_shown(
            id in proptest::option::of("\\PC{0,210}"), sender in "\\PC{0,40}", text in proptest::option::of("\\PC{0,1010}")
        ) {
            let message = Message::new(id.as_deref(), Some(&sender), text.as_deref());
            let shown = format!("{message:?}");
            prop_assert!(shown.is_ascii() && shown.len() < 60, "{}", shown);
            prop_assert!(message.id.is_none_or(|id| id.chars().count() <= MOST_ID && !id.trim().is_empty()));
            prop_assert!(sender.starts_with(&message.sender) && message.sender.chars().count() <= MOST_SENDER);
            prop_assert!(text.unwrap_or_default().starts_with(&message.text) && message.text.chars().count() <= MOST_TEXT);
        }
    }

    #[test]
    fn without_an_id_sender_text_and_minute_make_the_message() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let message = Message::new(None, Some("84912345678"), Some("MCKH 1"));
        let id = message.id_or_fingerprint(at("2026-11-24T10:30:00Z"));
        assert_eq!(id, message.id_or_fingerprint(at("2026-11-24T10:30:59Z")));
        assert_ne!(id, message.id_or_fingerprint(at("2026-11-24T10:31:00Z")));
        assert_ne!(
            id,
            Message::new(None, Some("84912345679"), Some("MCKH 1")).id_or_fingerprint(at("2026-11-24T10:30:00Z"))
        );
        assert!(!id.contains("912345678"));
        assert_eq!(Message::new(Some("m-1"), None, None).id_or_fingerprint(at("2026-11-24T10:30:00Z")), "m-1");
    }
}
