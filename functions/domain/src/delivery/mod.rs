//! How a message of ours is delivered: owe, claim, look again, send, mark.
//!
//! The order is the promise. *Enqueue before you send*: once its row exists, a message cannot be lost. *Claim before you
//! send*: nobody else sends it while the lease lasts. What is in doubt after a crash or a time-out is sent again when
//! the lease runs out: one duplicate, never a loss.
//!
//! [`Run`] is that life, the same for every message. [`Notices`] adds what only a notice has: a dossier that may have
//! changed, the sending window, the budget of SMS parts. [`Replies`] adds what only a reply of 8083 has: the inquiry it
//! answers, and a gateway that takes it.

mod notices;
mod refusals;
mod replies;
mod run;

pub use notices::{NoticeConfig, NoticeSender, NoticeSession};
pub use replies::ReplySession;
pub use run::{Progress, Run, Tally};

use chrono::TimeDelta;

/// How long the sender of what waits works in each minute.
pub const SENDING_RUN: TimeDelta = TimeDelta::seconds(54);
