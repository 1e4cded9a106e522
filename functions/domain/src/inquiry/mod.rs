//! Tin nhắn tra cứu: a citizen texts a receipt code to 8083 and gets an answer.

mod candidates;
mod inquiry_id;
mod reading;
mod words;

pub use inquiry_id::{InquiryId, NotAnInquiry};
pub use reading::{Reading, asked_for};

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ReceiptCode;
use crate::event::InquiryOutcome;

/// One inquiry and its reply.
#[derive(Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// The message's id, which names the gateway.
    pub id: InquiryId,
    /// The citizen's number, as the gateway wrote it.
    pub sender: String,
    /// The citizen's text.
    pub text: String,
    /// The code of the answer. If no dossier was found, the most likely of the codes in the text.
    pub receipt_code: Option<ReceiptCode>,
    pub reply: String,
    pub outcome: InquiryOutcome,
    /// Whether the citizen pays, if the gateway's protocol leaves that to us. A repeated delivery gets the same answer.
    pub charged: bool,
    /// What a separate call for the reply must name; None if the gateway needs no such call.
    pub call: Option<ReplyCall>,
    pub received_at: DateTime<Utc>,
}

impl fmt::Debug for Inquiry {
    /// Shows neither the number nor a text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry").field("id", &self.id).field("outcome", &self.outcome).finish_non_exhaustive()
    }
}

/// What a gateway's separate call for a reply must name, taken from its message.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyCall {
    /// The short code that the citizen texted.
    pub short_code: String,
    /// The gateway's name for the keyword at the start of the text.
    pub command: String,
}

impl fmt::Debug for ReplyCall {
    /// Shows no value: both come from the gateway.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyCall").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inquiry_printed_for_debugging_shows_neither_the_number_nor_a_text() {
        let inquiry = Inquiry {
            id: InquiryId::new("kannel", "7f").expect("an id"),
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
