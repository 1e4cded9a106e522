//! How a message is sent: enqueue, claim, read again, send, complete.
//!
//! The order is what makes sending reliable. *Enqueue before you send*: once its outbox row exists, a message cannot be
//! lost. *Claim before you send*: no other sender can claim the message until the lease expires. If the outcome is
//! unknown after a crash or a time-out, the message is sent again when the lease has expired: this can cause a
//! duplicate, but never a loss.
//!
//! `session.rs` has what all messages share, `due_queue.rs` sends what is due. [`NoticeSession`] adds what only a
//! notice has: a dossier that may have changed, the sending window, the rate limiter. [`ReplySession`] adds what only a
//! reply of 8083 has: the inquiry it answers, and the gateway that sends it. `receipts.rs` records what became of a
//! notice after the carrier had accepted it.

mod due_queue;
mod notices;
mod receipts;
mod refusals;
mod replies;
mod session;
mod suspicion;
mod tally;

pub use notices::{NoticeConfig, NoticeSender, NoticeSession};
pub use receipts::{ReceiptConfig, ReceiptTally, Received, receive};
pub use replies::ReplySession;
pub use suspicion::Suspicion;
pub use tally::{Progress, Tally};

use chrono::TimeDelta;

/// How long the sender works in each minute.
pub const SENDING_RUN: TimeDelta = TimeDelta::seconds(54);
/// Time reserved at the end of an invocation for a message in progress: the carrier's time-out and the write of its
/// outcome.
pub const MARGIN: TimeDelta = TimeDelta::seconds(14);
