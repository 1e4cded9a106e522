//! Where receipts come from: one file each.

pub(crate) mod end_user_messaging;
pub(crate) mod esms;
pub(crate) mod kannel;
pub(crate) mod sns_logs;

use domain::notice::receipt::{Reason, Receipt};

/// What one entry of an event says.
pub(crate) enum Entry {
    Receipt(Box<Receipt>),
    /// Nothing final: the message is being sent.
    NotYet,
}

impl From<Receipt> for Entry {
    fn from(receipt: Receipt) -> Self {
        Self::Receipt(Box::new(receipt))
    }
}

/// The result of parsing one entry of an event.
pub(crate) enum Parsed {
    Entry(Entry),
    NotAReceipt(NotAReceipt),
}

impl From<Result<Entry, NotAReceipt>> for Parsed {
    fn from(parsed: Result<Entry, NotAReceipt>) -> Self {
        parsed.map_or_else(Self::NotAReceipt, Self::Entry)
    }
}

/// An entry that is no receipt. It is named without its content, which may hold a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAReceipt {
    #[error("it is not JSON of the documented form")]
    Form,
    #[error("it names no message")]
    NoMessage,
    #[error("its status is unknown")]
    Status,
}

/// The reason of the first entry of `table` whose words are part of `words`, in any case.
pub(crate) fn reason_in(table: &[(&str, Reason)], words: &str) -> Reason {
    let words = words.to_lowercase();
    table.iter().find(|(known, _)| words.contains(known)).map_or(Reason::Unknown, |(_, reason)| *reason)
}
