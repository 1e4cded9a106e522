//! The time, and waiting for it.

use chrono::{DateTime, Utc};
use domain::ports::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep_until(&self, instant: DateTime<Utc>) {
        if let Ok(pause) = (instant - self.now()).to_std() {
            tokio::time::sleep(pause).await;
        }
    }
}
