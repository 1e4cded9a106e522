use std::future::Future;

use chrono::{DateTime, Utc};

pub trait Clock: Sync {
    fn now(&self) -> DateTime<Utc>;
    /// Returns at `instant`, or at once if it is past.
    fn sleep_until(&self, instant: DateTime<Utc>) -> impl Future<Output = ()> + Send;
}
