//! Everything that the row of one sending says, for staff who ask what became of it.

use std::fmt;

use chrono::{DateTime, Utc};

use super::lifecycle::SentCopy;
use super::receipt::{Delivery, Reason};
use super::{NoticeRow, Sending};

/// One sending of one notice.
#[derive(Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    pub sending: Sending,
    pub row: NoticeRow,
    /// The claims so far that count.
    pub attempts: u32,
    pub sent_at: Option<DateTime<Utc>>,
    /// Why it was not sent, or not yet.
    pub reason: Option<String>,
    pub report: Option<DeliveryReport>,
    /// What was sent, and to which number; None if it was not sent.
    pub copy: Option<SentCopy>,
}

/// What the carrier reported of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryReport {
    pub delivery: Delivery,
    /// When the carrier wrote the report.
    pub at: Option<DateTime<Utc>>,
    pub reason: Option<Reason>,
}

impl NoticeRecord {
    /// As the outbox names it: `result#3`, `result#3#again`.
    pub fn name(&self) -> String {
        self.sending.name(&self.row.key)
    }
}

impl fmt::Debug for NoticeRecord {
    /// Shows neither the number nor the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoticeRecord")
            .field("name", &self.name())
            .field("row", &self.row)
            .field("attempts", &self.attempts)
            .field("sent_at", &self.sent_at)
            .field("reason", &self.reason)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}
