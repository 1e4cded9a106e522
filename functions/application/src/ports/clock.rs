//! The time.

use std::future::Future;

use chrono::{DateTime, Utc};

/// The time.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// Returns at `instant`, at once where it is past.
    fn sleep_until(&self, instant: DateTime<Utc>) -> impl Future<Output = ()> + Send;
}
