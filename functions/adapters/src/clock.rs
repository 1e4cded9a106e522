//! The clock of the machine.

use application::ports::Clock;
use chrono::{DateTime, Utc};

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
