//! Tin nhắn đi: which message a row of the outbox is. Either a notice of a dossier, or the reply to a text to 8083
//! whose gateway wants it by a separate call. Both have the same states.

use std::fmt;

use crate::InquiryId;
use crate::notice::Priority;
use crate::{NoticeId, NoticeKind};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outgoing {
    /// A notice of a dossier, sent through the carrier.
    Notice(NoticeId),
    /// The one reply to an inquiry, sent by its gateway.
    Reply(InquiryId),
}

impl Outgoing {
    /// The outbox's name for a reply, as its key and as its kind.
    pub const REPLY: &'static str = "reply";

    /// The name of its kind in rows.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Notice(id) => NoticeKind::as_str(id.key.kind()),
            Self::Reply(_) => Self::REPLY,
        }
    }

    pub fn priority(&self) -> Priority {
        match self {
            Self::Notice(id) => id.key.kind().priority(),
            Self::Reply(_) => Priority::Reply,
        }
    }
}

impl From<NoticeId> for Outgoing {
    fn from(id: NoticeId) -> Self {
        Self::Notice(id)
    }
}

impl From<InquiryId> for Outgoing {
    fn from(id: InquiryId) -> Self {
        Self::Reply(id)
    }
}

impl fmt::Display for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notice(id) => id.fmt(f),
            Self::Reply(id) => write!(f, "{id} {}", Self::REPLY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReceiptCode;

    #[test]
    fn a_log_line_names_a_message_by_its_key_in_the_outbox() {
        let reply = InquiryId::new("vcom", "42").expect("an id");
        assert_eq!(Outgoing::from(reply).to_string(), "vcom#42 reply");
        let receipt_code = ReceiptCode::parse("0161701234").expect("a code");
        let notice = NoticeId::new(receipt_code, "result#3".parse().expect("a key"));
        assert_eq!(Outgoing::from(notice).to_string(), "0161701234 result#3");
    }
}
