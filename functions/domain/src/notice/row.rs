//! A notice's row in the outbox, as other notices of its dossier see it.

use chrono::{DateTime, Utc};

use super::NoticeKey;
use super::lifecycle::State;

/// A notice's row, as far as other notices of its dossier are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    /// Which notice.
    pub key: NoticeKey,
    /// Where it is in its life.
    pub state: State,
    /// It was cancelled or refused for its phone number. See [`Outcome::phone_at_fault`](super::lifecycle::Outcome::phone_at_fault).
    pub phone_at_fault: bool,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// When it may be claimed; None where it is finished.
    pub due_at: Option<DateTime<Utc>>,
}
