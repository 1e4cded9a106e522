//! Table `notices`, the outbox.

use std::collections::HashSet;
use std::future::Future;

use chrono::{DateTime, Utc};
use domain::notice::lifecycle::{Claim, Outcome};
use domain::notice::{NoticeKind, NoticeRow, Priority};
use domain::{NoticeId, Outgoing, ReceiptCode};

use super::StoreError;

/// Table `notices`: every message to be sent has one row, whatever happens.
pub trait Outbox: Sync {
    /// Puts the row of a message unless it exists. True where this call put it.
    fn enqueue(
        &self,
        id: &Outgoing,
        how: Enqueue,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Those of `ids` that have a row: what a plan need not put again. Rows of the last seconds may be missing;
    /// [`Outbox::enqueue`] decides.
    fn rows_among(&self, ids: &[NoticeId]) -> impl Future<Output = Result<HashSet<NoticeId>, StoreError>> + Send;

    /// Takes a message that is due, or whose sender's lease ran out.
    fn claim(
        &self,
        id: &Outgoing,
        owner: String,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Writes the outcome, if the claim is still held. False where another sender took it over.
    fn complete(
        &self,
        claim: &Claim,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Some unfinished messages of one priority that are due by `by`, the longest due first. The index may be some
    /// seconds behind; [`Outbox::claim`] decides.
    fn due(
        &self,
        priority: Priority,
        by: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Result<DueRows, StoreError>> + Send;

    /// The rows of one dossier and kind, in no order (a consistent read).
    fn rows_of(
        &self,
        code: &ReceiptCode,
        kind: NoticeKind,
    ) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;
}

/// How a message comes into the outbox.
#[derive(Debug, Clone)]
pub enum Enqueue {
    /// To be sent when it is due.
    Pending {
        /// When.
        due_at: DateTime<Utc>,
    },
    /// Owed and claimed in one write.
    Claimed(Claim),
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours until the lease runs out.
    Granted(Claim),
    /// Somebody else has it, or it is finished, or it is not due yet.
    Taken,
    /// The row can never be claimed: its attribute `state` says so, and the index shows it all the same. That happens
    /// where a person edits `state` alone. A finished row is taken out of the index; the state is kept here.
    Contradictory(String),
}

/// Rows of the index that are due, and what else it shows.
#[derive(Debug, Default)]
pub struct DueRows {
    /// The longest due first.
    pub due: Vec<Due>,
    /// Rows that cannot be read: they were written by hand.
    pub unreadable: u32,
}

/// An unfinished message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: Outgoing,
    /// When it may be claimed: due, or its lease run out.
    pub due_at: DateTime<Utc>,
}
