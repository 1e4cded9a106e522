//! What the province's other systems can subscribe to. No phone number and no text is in any of it.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{NoticeId, Outgoing};

/// The bus's `source` of every event.
pub const SOURCE: &str = "onestop";

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// A notice or a reply was accepted.
    MessageSent {
        /// Which.
        #[serde(flatten)]
        message: MessageRef,
        /// SMS segments.
        parts: u32,
        /// Claims it took.
        attempts: u32,
    },
    /// It was refused for good, or its attempts are used up.
    MessageFailed {
        /// Which.
        #[serde(flatten)]
        message: MessageRef,
        /// Why.
        reason: String,
        /// Claims it took.
        attempts: u32,
    },
    /// It was no longer true.
    MessageCancelled {
        /// Which.
        #[serde(flatten)]
        message: MessageRef,
        /// Why.
        reason: &'static str,
    },
    /// An apology was past its day.
    MessageExpired {
        /// Which.
        #[serde(flatten)]
        message: MessageRef,
        /// Why.
        reason: &'static str,
    },
    /// 8083 answered.
    InquiryAnswered {
        /// `<gateway>#<mo id>`: a message delivered twice is announced twice, with one id.
        inquiry: String,
        /// Which gateway.
        gateway: String,
        /// The code asked for, where it is a dossier's.
        receipt_code: Option<String>,
        /// How it ended.
        outcome: InquiryOutcome,
    },
    /// A run that plans an evening ended, also one that failed half-way and is repeated: so many apologies are in the outbox.
    ApologiesPlanned {
        /// For which appointment day.
        appointment_on: NaiveDate,
        /// Dossiers with that appointment.
        due: u64,
        /// Apologies enqueued by this run.
        planned: u64,
        /// Apologies enqueued before (the second pass).
        already_planned: u64,
        /// SMS segments of those enqueued by this run.
        parts: u64,
    },
}

/// A message of ours, as events name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum MessageRef {
    /// A notice of a dossier.
    Notice {
        /// Whose.
        receipt_code: String,
        /// Its key in the outbox.
        notice: String,
        /// The name of its kind.
        kind: &'static str,
    },
    /// The reply to a text to 8083.
    Reply {
        /// `<gateway>#<mo id>`, as "Inquiry Answered" names it.
        inquiry: String,
        /// Which gateway it went by.
        gateway: String,
    },
}

impl MessageRef {
    fn either(&self, notice: &'static str, reply: &'static str) -> &'static str {
        if matches!(self, Self::Notice { .. }) { notice } else { reply }
    }
}

impl From<&Outgoing> for MessageRef {
    fn from(id: &Outgoing) -> Self {
        match id {
            Outgoing::Notice(NoticeId { receipt_code, key }) => {
                Self::Notice { receipt_code: receipt_code.to_string(), notice: key.to_string(), kind: id.kind() }
            }
            Outgoing::Reply(inquiry) => {
                Self::Reply { inquiry: inquiry.to_string(), gateway: inquiry.gateway().to_owned() }
            }
        }
    }
}

/// How an inquiry ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InquiryOutcome {
    /// With the dossier's step and timeliness.
    Answered,
    /// Nobody knows the code.
    Unknown,
    /// The text was no inquiry.
    Syntax,
    /// The phone sent too many in this minute: no dossier was looked for.
    Flood,
    /// The dossier's row cannot be read: a person must correct it.
    Unreadable,
}

impl InquiryOutcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Answered, Self::Unknown, Self::Syntax, Self::Flood, Self::Unreadable];

    /// The outcome of that word in the table.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// The table's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unknown => "unknown",
            Self::Syntax => "syntax",
            Self::Flood => "flood",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Event {
    /// The bus's `detail-type`.
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::MessageSent { message, .. } => message.either("Notice Sent", "Reply Sent"),
            Self::MessageFailed { message, .. } => message.either("Notice Failed", "Reply Failed"),
            Self::MessageCancelled { message, .. } => message.either("Notice Cancelled", "Reply Cancelled"),
            Self::MessageExpired { message, .. } => message.either("Notice Expired", "Reply Expired"),
            Self::InquiryAnswered { .. } => "Inquiry Answered",
            Self::ApologiesPlanned { .. } => "Apologies Planned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InquiryId, NoticeKey, ReceiptCode};
    use serde_json::json;

    #[test]
    fn an_outcome_is_the_word_the_table_keeps() {
        let words = ["answered", "unknown", "syntax", "flood", "unreadable"];
        for (outcome, word) in InquiryOutcome::ALL.into_iter().zip(words) {
            assert_eq!((outcome.as_str(), InquiryOutcome::named(word)), (word, Some(outcome)));
            assert_eq!(serde_json::to_value(outcome).unwrap(), json!(word));
        }
        assert_eq!(InquiryOutcome::named("Answered"), None);
    }

    #[test]
    fn an_event_names_the_message_and_nobody() {
        let notice = NoticeId { receipt_code: ReceiptCode::parse("0161701234").unwrap(), key: NoticeKey::Result(3) };
        for (id, detail_type, detail) in [
            (
                notice.into(),
                "Notice Sent",
                json!({"receipt_code": "0161701234", "notice": "result#3", "kind": "result", "parts": 3, "attempts": 1}),
            ),
            (
                Outgoing::from(InquiryId::new("vcom", "12")),
                "Reply Sent",
                json!({"inquiry": "vcom#12", "gateway": "vcom", "parts": 3, "attempts": 1}),
            ),
        ] {
            let event = Event::MessageSent { message: (&id).into(), parts: 3, attempts: 1 };
            assert_eq!((event.detail_type(), serde_json::to_value(&event).unwrap()), (detail_type, detail));
        }
    }
}
