//! The rate limiter's counter row, in table `control`, and the hold that stops all senders.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreError;

/// The counter row of the rate limiter.
pub trait RateCounter: SendingHold {
    /// Sets the counter to `to` if it is at most `at_most` or missing, and sending is not on hold. Milliseconds since 1970.
    /// Also stores when a message was last accepted.
    fn advance(
        &self,
        at_most: i64,
        to: i64,
        accepted_at: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Advance, StoreError>> + Send;

    /// Sets the counter to `to` if it is later than `beyond` or not a number. Returns true if it did.
    fn set_back(&self, beyond: i64, to: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The result of an advance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advance {
    /// The counter is set. The value: when a message was last accepted, as far as the senders had reported it before.
    Granted(Option<DateTime<Utc>>),
    /// Another sender has moved the counter to this value. `i64::MAX` if the row has no number.
    Taken(i64),
    /// Sending is on hold.
    Held(Hold),
}

/// Why and until when nothing is sent: a carrier reported that our messages do not arrive because of our account or its
/// settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub until: DateTime<Utc>,
    pub reason: String,
    /// One message was accepted since the last bad receipt, to see whether the cause is corrected.
    pub probed: bool,
}

/// The hold, in the rate limiter's row: a sender reads it with the reservation it makes anyway, without another call.
pub trait SendingHold: Sync {
    /// Starts a hold, or prolongs one.
    fn start(&self, until: DateTime<Utc>, reason: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Prolongs the hold to `until` for one message that is sent in spite of it. Returns false if the hold is not
    /// `seen` any more.
    fn prolong(&self, seen: &Hold, until: DateTime<Utc>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The carrier accepted that message. Writes it if the hold is still `seen`.
    fn probed(&self, seen: &Hold) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends the hold if it is still `seen`.
    fn end(&self, seen: &Hold) -> impl Future<Output = Result<(), StoreError>> + Send;
}
