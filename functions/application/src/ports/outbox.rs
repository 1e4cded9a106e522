//! Table `notices`, the outbox.

use std::collections::HashSet;
use std::future::Future;

use chrono::{DateTime, Utc};
use domain::notice::lifecycle::{Claim, Outcome};
use domain::notice::{NoticeKind, NoticeRow, Priority};
use domain::{NoticeId, Outgoing, ReceiptCode};

use super::StoreError;

/// Table `notices`: one row for every message to be sent.
pub trait Outbox: Sync {
    /// Puts the row of a message unless it exists. Returns true if this call put it.
    fn enqueue(
        &self,
        id: &Outgoing,
        how: Enqueue,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Those of `ids` that have a row, so that a plan need not put them again. Rows of the last seconds may be missing;
    /// [`Outbox::enqueue`] decides.
    fn rows_among(&self, ids: &[NoticeId]) -> impl Future<Output = Result<HashSet<NoticeId>, StoreError>> + Send;

    /// Claims a message that is due, or whose sender's lease has expired.
    fn claim(
        &self,
        id: &Outgoing,
        owner: String,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Writes the outcome if the claim is still held. Returns false if another sender has taken the message over.
    fn complete(
        &self,
        claim: &Claim,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Unfinished messages of one priority that are due by `by`, the longest due first. The index may lag by some
    /// seconds; [`Outbox::claim`] decides.
    fn due(
        &self,
        priority: Priority,
        by: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Result<DueRows, StoreError>> + Send;

    /// The rows of one dossier and kind, in no particular order (a consistent read).
    fn rows_of(
        &self,
        code: &ReceiptCode,
        kind: NoticeKind,
    ) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;
}

/// How a message enters the outbox.
#[derive(Debug, Clone)]
pub enum Enqueue {
    /// To be sent when it is due.
    Pending { due_at: DateTime<Utc> },
    /// Enqueued and claimed in one write.
    Claimed(Claim),
}

/// The result of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// This sender has the message until the lease expires.
    Granted(Claim),
    /// Another sender has it, or it is finished, or it is not due yet.
    Taken,
    /// The row can never be claimed: the index contains it, but its attribute `state` is final or unknown. This happens
    /// when a person edits only `state`. A finished row is removed from the index. The value is that state.
    Contradictory(String),
}

/// Rows of the index that are due.
#[derive(Debug, Default)]
pub struct DueRows {
    /// The longest due first.
    pub due: Vec<Due>,
    /// How many rows cannot be read: they were edited by hand.
    pub unreadable: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub id: Outgoing,
    /// When it may be claimed: when it is due, or when its lease expires.
    pub due_at: DateTime<Utc>,
}
