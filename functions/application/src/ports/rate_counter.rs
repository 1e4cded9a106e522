//! The rate limiter's counter row, in table `control`.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreError;

/// The counter row of the rate limiter.
pub trait RateCounter: Sync {
    /// Sets the counter to `to` if it is `at_most` or less (or not there). Milliseconds since 1970.
    /// Beside it, keeps when a message was last accepted.
    fn advance(
        &self,
        at_most: i64,
        to: i64,
        accepted_at: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Advance, StoreError>> + Send;

    /// Moves the counter to `to` where it is later than `beyond`, or is no number. True where it did.
    fn set_back(&self, beyond: i64, to: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// How an advance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The counter is set. When a message was last accepted, as far as any sender had told before.
    Granted(Option<DateTime<Utc>>),
    /// Somebody else had moved it here. `i64::MAX` where the row holds no number.
    Taken(i64),
}
