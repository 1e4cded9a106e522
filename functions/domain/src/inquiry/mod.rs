//! Tin nhắn tra cứu: a citizen texts a receipt code to 8083 and is answered.

mod candidates;
mod inquiry_id;
mod reading;
mod words;

pub use inquiry_id::InquiryId;
pub use reading::{Reading, asked_for};

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ReceiptCode;
use crate::event::InquiryOutcome;

/// One inquiry and what it was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Which, and which gateway brought it.
    pub id: InquiryId,
    /// Who asked, as the gateway wrote it.
    pub sender: String,
    /// What.
    pub text: String,
    /// The code that was answered; where no dossier was found, the likeliest of those the text may ask for.
    pub receipt_code: Option<ReceiptCode>,
    /// What was answered.
    pub reply: String,
    /// How it ended.
    pub outcome: InquiryOutcome,
    /// Whether the citizen pays, where the gateway's protocol leaves that to us. A repeated delivery gets the same answer.
    pub charged: bool,
    /// Where the reply goes by a call of the gateway's own: what that call must name.
    pub call: Option<ReplyCall>,
    /// When.
    pub received_at: DateTime<Utc>,
}

impl fmt::Debug for Inquiry {
    /// Neither the number nor a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry").field("id", &self.id).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// What a gateway's call for a reply must name, as its message named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyCall {
    /// The number the citizen texted.
    pub short_code: String,
    /// The gateway's name for the keyword he began with.
    pub command: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inquiry_printed_for_debugging_shows_neither_the_number_nor_a_text() {
        let inquiry = Inquiry {
            id: InquiryId::new("kannel", "7f"),
            sender: "+84912345678".into(),
            text: "MCKH 0161701234".into(),
            receipt_code: None,
            reply: "Ho so da co ket qua".into(),
            outcome: InquiryOutcome::Answered,
            charged: true,
            call: None,
            received_at: DateTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{inquiry:?}"), "Inquiry { id: InquiryId(\"kannel#7f\"), outcome: Answered, .. }");
    }
}
