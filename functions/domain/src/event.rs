//! What the province's other systems can subscribe to. No phone number and no text is in any of it.

use chrono::NaiveDate;
use serde::Serialize;

use crate::{NoticeId, NoticeKind};

/// The bus's `source` of every event.
pub const SOURCE: &str = "onestop";

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// SNS accepted a notice.
    NoticeSent {
        /// Which.
        #[serde(flatten)]
        notice: NoticeRef,
        /// SMS segments.
        parts: u32,
        /// Claims it took.
        attempts: u32,
    },
    /// A notice was refused for good, or its attempts are used up.
    NoticeFailed {
        /// Which.
        #[serde(flatten)]
        notice: NoticeRef,
        /// Why.
        reason: String,
        /// Claims it took.
        attempts: u32,
    },
    /// A notice was no longer true.
    NoticeCancelled {
        /// Which.
        #[serde(flatten)]
        notice: NoticeRef,
        /// Why.
        reason: &'static str,
    },
    /// An apology was past its day.
    NoticeExpired {
        /// Which.
        #[serde(flatten)]
        notice: NoticeRef,
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
    /// The evening's apologies are in the ledger.
    ApologiesPlanned {
        /// For which appointment day.
        appointment_on: NaiveDate,
        /// Dossiers with that appointment.
        due: u64,
        /// Apologies newly owed.
        planned: u64,
        /// Apologies that were owed already (the second pass).
        already_planned: u64,
        /// SMS segments of the newly owed.
        parts: u64,
    },
}

/// A notice, as events name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeRef {
    receipt_code: String,
    notice: String,
    kind: &'static str,
}

impl From<&NoticeId> for NoticeRef {
    fn from(id: &NoticeId) -> Self {
        let kind: NoticeKind = id.key.kind();
        Self { receipt_code: id.receipt_code.to_string(), notice: id.key.to_string(), kind: kind.as_str() }
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
}

impl InquiryOutcome {
    /// The outcome of that word in the table.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Answered, Self::Unknown, Self::Syntax, Self::Flood].into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// The table's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Unknown => "unknown",
            Self::Syntax => "syntax",
            Self::Flood => "flood",
        }
    }
}

impl Event {
    /// The bus's `detail-type`.
    pub fn detail_type(&self) -> &'static str {
        match self {
            Self::NoticeSent { .. } => "Notice Sent",
            Self::NoticeFailed { .. } => "Notice Failed",
            Self::NoticeCancelled { .. } => "Notice Cancelled",
            Self::NoticeExpired { .. } => "Notice Expired",
            Self::InquiryAnswered { .. } => "Inquiry Answered",
            Self::ApologiesPlanned { .. } => "Apologies Planned",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoticeKey, ReceiptCode};
    use serde_json::json;

    #[test]
    fn an_outcome_is_the_word_the_table_keeps() {
        use InquiryOutcome::{Answered, Flood, Syntax, Unknown};
        for (outcome, word) in [(Answered, "answered"), (Unknown, "unknown"), (Syntax, "syntax"), (Flood, "flood")] {
            assert_eq!((outcome.as_str(), InquiryOutcome::named(word)), (word, Some(outcome)));
            assert_eq!(serde_json::to_value(outcome).unwrap(), json!(word));
        }
        assert_eq!(InquiryOutcome::named("Answered"), None);
    }

    #[test]
    fn an_event_names_the_notice_and_nobody() {
        let id = NoticeId { receipt_code: ReceiptCode::parse("0161701234").unwrap(), key: NoticeKey::Result(3) };
        let event = Event::NoticeSent { notice: (&id).into(), parts: 3, attempts: 1 };
        assert_eq!(event.detail_type(), "Notice Sent");
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            json!({"receipt_code": "0161701234", "notice": "result#3", "kind": "result", "parts": 3, "attempts": 1})
        );
    }
}
