//! The rate limiter's counter row, in table `control`.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreError;

/// The counter row of the rate limiter.
pub trait RateCounter: Sync {
    /// Sets the counter to `to` if it is at most `at_most` or missing. Milliseconds since 1970. Also stores when a
    /// message was last accepted.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The counter is set. The value: when a message was last accepted, as far as the senders had reported it before.
    Granted(Option<DateTime<Utc>>),
    /// Another sender has moved the counter to this value. `i64::MAX` if the row has no number.
    Taken(i64),
}
