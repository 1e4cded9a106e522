//! Clients of a deployed stack: the one-stop software, a citizen, gateways, and direct access to its tables.

pub mod citizen;
pub mod cloudwatch;
pub mod delivery_log;
mod http;
pub mod kannel;
pub mod one_stop_software;
pub mod proxy;
pub mod receiver;
pub mod role;
pub mod smsc;
pub mod stack;
pub mod vcom;

pub use citizen::Citizen;
pub use delivery_log::DeliveryLog;
pub use one_stop_software::OneStopSoftware;
pub use role::Role;
pub use stack::{Stack, Subscription, eventually};

use chrono::{DateTime, NaiveDate, Utc};

/// Today in Vietnam.
pub fn today() -> NaiveDate {
    domain::calendar::day_in_vietnam(Utc::now())
}

/// 17:30 in Vietnam on `day`, as the rule's event has it.
pub fn half_past_five(day: NaiveDate) -> DateTime<Utc> {
    domain::calendar::at(day, 17, 30)
}
