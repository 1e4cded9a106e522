//! Table `notices` as receipts need it.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::NoticeId;
use domain::notice::receipt::Receipt;

use super::StoreError;

/// What the carriers reported, beside the outbox's own attributes.
pub trait DeliveryStore: Sync {
    /// The notice whose message the carrier knows by this id. The index may lag by some seconds.
    fn find(&self, message_id: &str) -> impl Future<Output = Result<Option<NoticeId>, StoreError>> + Send;

    /// Writes `receipt` to a notice, if that moves its delivery forward.
    fn record(&self, id: &NoticeId, receipt: &Receipt) -> impl Future<Output = Result<Recorded, StoreError>> + Send;
}

/// The result of recording a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is written.
    New,
    /// The same delivery and reason were recorded before, of a report of that time: the receipt came twice.
    Before { at: DateTime<Utc> },
    /// The row has a delivery that says more, or its message was not accepted.
    Ignored,
    /// There is no such row.
    NoRow,
}
