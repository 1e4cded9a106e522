//! Clients of a deployed stack: the one-stop software, a citizen, gateways, and direct access to its tables.

pub mod citizen;
pub mod cloudwatch;
pub mod delivery_log;
mod http;
pub mod kannel;
pub mod one_stop_software;
pub mod phones;
pub mod proxy;
pub mod receiver;
pub mod role;
pub mod smsc;
pub mod stack;
pub mod staff;
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

/// The kind of a notice, by its text.
pub fn notice_kind(text: &str) -> Option<&'static str> {
    let kinds = [
        ("đã được giải quyết xong", "result"),
        ("cần bổ sung theo quy định", "supplement"),
        ("nhận Thông báo xin lỗi", "apology"),
    ];
    kinds.into_iter().find(|(words, _)| text.contains(words)).map(|(_, kind)| kind)
}
