//! A notice's row in the outbox, as the other notices of its dossier need it.

use chrono::{DateTime, Utc};

use super::NoticeKey;
use super::lifecycle::State;

/// The part of a notice's row that other notices of its dossier need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub key: NoticeKey,
    pub state: State,
    /// It was cancelled or refused for its phone number, or a receipt says that it did not arrive because of the number.
    /// See [`Outcome::phone_at_fault`](super::lifecycle::Outcome::phone_at_fault) and [`Remedy::Number`](super::receipt::Remedy::Number).
    pub phone_at_fault: bool,
    /// A receipt says that it arrived.
    pub arrived: bool,
    pub enqueued_at: DateTime<Utc>,
    /// When it may be claimed; None if it is finished.
    pub due_at: Option<DateTime<Utc>>,
}
