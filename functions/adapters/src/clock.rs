//! The time, and waiting for it.

use application::ports::Clock;
use chrono::{DateTime, Utc};

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
