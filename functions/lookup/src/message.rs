//! A mobile-originated message, whichever gateway brought it.

use chrono::{DateTime, Utc};
use domain::calendar::VIETNAM;
use domain::inquiry::ReplyCall;
use sha2::{Digest, Sha256};

/// What a citizen sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The gateway's id of it, the same on every delivery; `None` where it has none.
    pub id: Option<String>,
    /// Who, as the gateway writes it.
    pub sender: String,
    /// What. Empty where the gateway's request was no message.
    pub text: String,
    /// What the gateway's own call for the reply must name; `None` where the reply is the answer to its request.
    pub call: Option<ReplyCall>,
}

/// The longest id, sender and text that are kept, in characters.
const MOST_ID: usize = 200;
const MOST_SENDER: usize = 32;
const MOST_TEXT: usize = 1_000;

impl Message {
    /// Cut to what a table can hold.
    pub fn new(id: Option<&str>, sender: Option<&str>, text: Option<&str>) -> Self {
        let cut = |text: Option<&str>, most| text.unwrap_or_default().chars().take(most).collect::<String>();
        Self {
            id: id.filter(|id| !id.trim().is_empty()).map(|id| cut(Some(id), MOST_ID)),
            sender: cut(sender, MOST_SENDER),
            text: cut(text, MOST_TEXT),
            call: None,
        }
    }

    /// Its reply goes by a call of the gateway's own.
    pub fn replied_by(self, call: ReplyCall) -> Self {
        Self { call: Some(call), ..self }
    }

    /// The gateway's id; without one, sender, text and minute make the message: the same text a minute later is asked
    /// anew. Hashed, for no key shall hold a phone number.
    pub fn id_or_fingerprint(&self, now: DateTime<Utc>) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let minute = now.with_timezone(&VIETNAM).format("%Y-%m-%dT%H:%M");
        fingerprint(&format!("{}\n{}\n{minute}", self.sender, self.text))
    }
}

/// Half a SHA-256, in hex.
pub(crate) fn fingerprint(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

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
