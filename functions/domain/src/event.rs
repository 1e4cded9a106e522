//! The events that the province's other systems can subscribe to. They contain no phone number and no text.

use chrono::NaiveDate;
use serde::Serialize;

use crate::Outgoing;
use crate::notice::receipt::{Delivery, Reason};

/// The `source` of every event on the bus.
pub const SOURCE: &str = "onestop";

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// A notice or a reply was accepted.
    MessageSent {
        #[serde(flatten)]
        message: MessageRef,
        /// SMS segments.
        parts: u32,
        /// Claims so far.
        attempts: u32,
    },
    /// It was permanently refused, or its attempts are used up.
    MessageFailed {
        #[serde(flatten)]
        message: MessageRef,
        reason: String,
        /// Claims so far.
        attempts: u32,
    },
    /// It was no longer true.
    MessageCancelled {
        #[serde(flatten)]
        message: MessageRef,
        reason: &'static str,
    },
    /// An apology was past its appointment day.
    MessageExpired {
        #[serde(flatten)]
        message: MessageRef,
        reason: &'static str,
    },
    /// The carrier reported what became of a notice that it had accepted.
    NoticeReported {
        #[serde(flatten)]
        message: MessageRef,
        delivery: Delivery,
        /// Why it was not delivered.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// 8083 answered.
    InquiryAnswered {
        /// `<gateway>#<mo id>`: a message that is delivered twice has two events with one id.
        inquiry: String,
        gateway: String,
        /// The code that was asked for, if it is a dossier's.
        receipt_code: Option<String>,
        outcome: InquiryOutcome,
    },
    /// A run that plans an evening's apologies ended, also if it failed half-way and will be repeated. The counts are
    /// what is in the outbox.
    ApologiesPlanned {
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

/// A message, as events name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum MessageRef {
    /// A notice of a dossier.
    Notice {
        receipt_code: String,
        /// Its key in the outbox.
        notice: String,
        /// The name of the notice's kind.
        kind: &'static str,
    },
    /// The reply to a text to 8083.
    Reply {
        /// `<gateway>#<mo id>`, as in "Inquiry Answered".
        inquiry: String,
        /// The gateway that sent it.
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
            Outgoing::Notice(notice) => {
                Self::Notice { receipt_code: notice.receipt_code.to_string(), notice: notice.name(), kind: id.kind() }
            }
            Outgoing::Reply(inquiry) => {
                Self::Reply { inquiry: inquiry.to_string(), gateway: inquiry.gateway().to_owned() }
            }
        }
    }
}

/// The result of an inquiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InquiryOutcome {
    /// Answered with the dossier's step and timeliness.
    Answered,
    /// No dossier has the code.
    Unknown,
    /// The text was not an inquiry.
    Syntax,
    /// The phone sent too many messages in this minute: no dossier was read.
    OverLimit,
    /// The dossier's row cannot be read: a person must correct it.
    Unreadable,
}

impl InquiryOutcome {
    pub const ALL: [Self; 5] = [Self::Answered, Self::Unknown, Self::Syntax, Self::OverLimit, Self::Unreadable];

    /// The outcome with that name in the table.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unknown => "unknown",
            Self::Syntax => "syntax",
            Self::OverLimit => "over_limit",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Event {
    /// The `detail-type` on the bus.
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::MessageSent { message, .. } => message.either("Notice Sent", "Reply Sent"),
            Self::MessageFailed { message, .. } => message.either("Notice Failed", "Reply Failed"),
            Self::MessageCancelled { message, .. } => message.either("Notice Cancelled", "Reply Cancelled"),
            Self::MessageExpired { message, .. } => message.either("Notice Expired", "Reply Expired"),
            Self::NoticeReported { delivery: Delivery::Delivered, .. } => "Notice Delivered",
            Self::NoticeReported { .. } => "Notice Undelivered",
            Self::InquiryAnswered { .. } => "Inquiry Answered",
            Self::ApologiesPlanned { .. } => "Apologies Planned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InquiryId, NoticeId, NoticeKey, ReceiptCode};
    use serde_json::json;

    #[test]
    fn an_outcome_is_the_word_the_table_keeps() {
        let words = ["answered", "unknown", "syntax", "over_limit", "unreadable"];
        for (outcome, word) in InquiryOutcome::ALL.into_iter().zip(words) {
            assert_eq!((outcome.as_str(), InquiryOutcome::named(word)), (word, Some(outcome)));
            assert_eq!(serde_json::to_value(outcome).unwrap(), json!(word));
        }
        assert_eq!(InquiryOutcome::named("Answered"), None);
    }

    #[test]
    fn an_event_names_the_message_and_no_person() {
        let notice = NoticeId::new(ReceiptCode::parse("0161701234").unwrap(), NoticeKey::Result(3));
        for (id, detail_type, detail) in [
            (
                notice.into(),
                "Notice Sent",
                json!({"receipt_code": "0161701234", "notice": "result#3", "kind": "result", "parts": 3, "attempts": 1}),
            ),
            (
                Outgoing::from(InquiryId::new("vcom", "12").expect("an id")),
                "Reply Sent",
                json!({"inquiry": "vcom#12", "gateway": "vcom", "parts": 3, "attempts": 1}),
            ),
        ] {
            let event = Event::MessageSent { message: (&id).into(), parts: 3, attempts: 1 };
            assert_eq!((event.detail_type(), serde_json::to_value(&event).unwrap()), (detail_type, detail));
        }
    }
}
