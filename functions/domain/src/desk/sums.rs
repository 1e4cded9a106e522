//! The sums of a day: the texts to 8083, the notices, the dossiers that were due. A month is its days.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::calendar::start_of;
use crate::dossier::deadline::Timeliness;
use crate::notice::lifecycle::State;
use crate::notice::receipt::{Delivery, Reason};
use crate::{ClosedSteps, Dossier};

/// "mức phí 1.000 đồng/tin nhắn": what a citizen pays for a text to 8083, in VND.
pub const PRICE: u64 = 1_000;

/// How long a sum of a day that may still change is used.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// The sums of one kind.
pub trait DaySum: Default + Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync {
    /// Its name in the table.
    const KIND: &'static str;
    /// After so many days nothing changes a day's sums any more.
    const CLOSED_AFTER: u64;

    /// Nothing of them waits to change.
    fn is_settled(&self) -> bool {
        true
    }

    fn add(&mut self, other: &Self);
}

/// Whether the sums of `day` that were made at `made_at` can be used at `now`.
pub fn can_be_used<S: DaySum>(sums: &S, day: NaiveDate, made_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    is_final(sums, day, made_at) || now < made_at + FRESH
}

/// Whether nothing changes the sums of `day` any more that were made at `made_at`.
pub fn is_final<S: DaySum>(sums: &S, day: NaiveDate, made_at: DateTime<Utc>) -> bool {
    made_at >= start_of(day + Days::new(S::CLOSED_AFTER)) && sums.is_settled()
}

/// Texts to 8083, by gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiries {
    pub by_gateway: BTreeMap<String, Texts>,
}

/// How many texts are charged to citizens, and how many not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    pub charged: u64,
    pub free: u64,
}

impl Texts {
    pub fn add(&mut self, other: Self) {
        self.charged += other.charged;
        self.free += other.free;
    }

    /// What citizens pay, in VND.
    pub fn vnd(self) -> u64 {
        self.charged * PRICE
    }
}

impl DaySum for Inquiries {
    const KIND: &'static str = "inquiries";
    /// A text is logged when it comes; the index shows it seconds later.
    const CLOSED_AFTER: u64 = 2;

    fn add(&mut self, other: &Self) {
        for (gateway, texts) in &other.by_gateway {
            self.by_gateway.entry(gateway.clone()).or_default().add(*texts);
        }
    }
}

impl Inquiries {
    pub fn count(&mut self, gateway: &str, charged: bool) {
        let texts = self.by_gateway.entry(gateway.to_owned()).or_default();
        texts.add(Texts { charged: charged.into(), free: (!charged).into() });
    }

    /// Of all gateways.
    pub fn all(&self) -> Texts {
        self.by_gateway.values().fold(Texts::default(), |mut all, texts| {
            all.add(*texts);
            all
        })
    }
}

/// The sendings of notices that were enqueued on a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    /// Reported as arrived.
    pub delivered: u64,
    /// Accepted by the carrier, and nothing is reported, or that nothing is known.
    pub unknown: u64,
    /// Reported as not arrived, by the reason's name.
    pub undelivered: BTreeMap<String, u64>,
    /// Refused for good, or given up.
    pub failed: u64,
    /// Not sent, because it was not true any more.
    pub cancelled: u64,
    /// Waiting or being sent.
    pub waiting: u64,
    /// SMS segments of those that the carrier accepted.
    pub parts: u64,
    /// What the carrier reported as its price, by currency (ISO 4217).
    pub prices: BTreeMap<String, f64>,
}

/// One sending, as its sum needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    pub state: State,
    pub delivery: Option<Delivery>,
    pub reason: Option<Reason>,
    pub parts: u64,
    /// The amount and the currency.
    pub price: Option<(f64, String)>,
}

impl DaySum for Notices {
    const KIND: &'static str = "notices";
    /// Receipts come up to 72 hours late.
    const CLOSED_AFTER: u64 = 5;

    fn is_settled(&self) -> bool {
        self.waiting == 0
    }

    fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.unknown += other.unknown;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.waiting += other.waiting;
        self.parts += other.parts;
        other
            .undelivered
            .iter()
            .for_each(|(reason, count)| *self.undelivered.entry(reason.clone()).or_default() += count);
        other.prices.iter().for_each(|(currency, sum)| *self.prices.entry(currency.clone()).or_default() += sum);
    }
}

impl Notices {
    pub fn count(&mut self, sending: &Counted) {
        match (sending.state, sending.delivery) {
            (State::Sent, Some(Delivery::Delivered)) => self.delivered += 1,
            (State::Sent, Some(Delivery::Undelivered)) => {
                let reason = sending.reason.unwrap_or(Reason::Unknown);
                *self.undelivered.entry(reason.as_str().to_owned()).or_default() += 1;
            }
            (State::Sent, Some(Delivery::Unknown) | None) => self.unknown += 1,
            (State::Failed, _) => self.failed += 1,
            (State::Cancelled | State::Expired, _) => self.cancelled += 1,
            (State::Pending | State::Sending, _) => self.waiting += 1,
        }
        self.parts += sending.parts;
        if let Some((amount, currency)) = &sending.price {
            *self.prices.entry(currency.clone()).or_default() += amount;
        }
    }

    /// No sending was counted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Accepted by the carrier.
    pub fn sent(&self) -> u64 {
        self.delivered + self.unknown + self.not_arrived()
    }

    pub fn not_arrived(&self) -> u64 {
        self.undelivered.values().sum()
    }
}

/// The dossiers whose appointment was on a day, by office.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub by_office: BTreeMap<String, Punctuality>,
}

/// How many dossiers were due, and how many of them late.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Punctuality {
    pub due: u64,
    pub late: u64,
}

impl DaySum for Due {
    const KIND: &'static str = "due";
    /// Until then a new appointment moves a dossier to another day, and a dossier may be pushed late.
    const CLOSED_AFTER: u64 = 90;

    fn add(&mut self, other: &Self) {
        for (office, more) in &other.by_office {
            let counted = self.by_office.entry(office.clone()).or_default();
            counted.due += more.due;
            counted.late += more.late;
        }
    }
}

impl Due {
    /// `office`: the stack's, which a dossier without one belongs to. `today` in Vietnam.
    pub fn count(&mut self, dossier: &Dossier, office: &str, today: NaiveDate, closed: &ClosedSteps) {
        let office = dossier.office().unwrap_or(office);
        let counted = self.by_office.entry(office.to_owned()).or_default();
        counted.due += 1;
        counted.late += u64::from(Timeliness::of(dossier, today, closed) == Timeliness::Late);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::json;

    #[test]
    fn a_days_sums_are_used_for_ten_minutes_until_the_day_is_closed_and_then_for_ever() {
        let day = "2026-11-20".parse().unwrap();
        for (made_at, now, expected) in [
            ("2026-11-20T05:00:00Z", "2026-11-20T05:09:00Z", true),
            ("2026-11-20T05:00:00Z", "2026-11-20T05:10:00Z", false),
            ("2026-11-24T16:59:59Z", "2026-12-20T00:00:00Z", false),
            ("2026-11-24T17:00:00Z", "2026-12-20T00:00:00Z", true),
        ] {
            let usable = can_be_used(&Notices::default(), day, made_at.parse().unwrap(), now.parse().unwrap());
            assert_eq!(usable, expected, "{made_at} {now}");
        }
        let waits = Notices { waiting: 1, ..Notices::default() };
        let later = |hours| "2026-11-30T00:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::hours(hours);
        assert!(!can_be_used(&waits, day, later(0), later(1)), "a hold may last for days");
        assert!(can_be_used(
            &Inquiries::default(),
            day,
            "2026-11-21T17:00:00Z".parse().unwrap(),
            "2027-01-01T00:00:00Z".parse().unwrap()
        ));
    }

    #[test]
    fn a_text_costs_a_thousand_dong_if_it_is_charged() {
        let mut day = Inquiries::default();
        for (gateway, charged) in [("kannel", true), ("kannel", true), ("kannel", false), ("vcom", true)] {
            day.count(gateway, charged);
        }
        assert_eq!(day.by_gateway["kannel"], Texts { charged: 2, free: 1 });
        assert_eq!((day.by_gateway["kannel"].vnd(), day.all().vnd(), day.all().free), (2_000, 3_000, 1));
    }

    #[test]
    fn each_sending_is_counted_once() {
        let mut day = Notices::default();
        let sending =
            |state, delivery, reason| Counted { state, delivery, reason, parts: 2, price: Some((0.5, "USD".into())) };
        let unreachable = Some(Reason::Unreachable);
        let all = [
            sending(State::Sent, Some(Delivery::Delivered), None),
            sending(State::Sent, Some(Delivery::Undelivered), unreachable),
            sending(State::Sent, Some(Delivery::Undelivered), None),
            sending(State::Sent, Some(Delivery::Unknown), None),
            sending(State::Sent, None, None),
            sending(State::Failed, None, None),
            sending(State::Cancelled, None, None),
            sending(State::Expired, None, None),
            sending(State::Pending, None, None),
        ];
        all.iter().for_each(|sending| day.count(sending));
        assert_eq!((day.sent(), day.delivered, day.not_arrived(), day.unknown), (5, 1, 2, 2));
        assert_eq!((day.failed, day.cancelled, day.waiting, day.parts), (1, 2, 1, 18));
        assert_eq!((day.undelivered["unreachable"], day.undelivered["unknown"], day.prices["USD"]), (1, 1, 4.5));
        let mut month = day.clone();
        month.add(&day);
        assert_eq!((month.sent(), month.undelivered["unknown"], month.prices["USD"]), (10, 2, 9.0));
    }

    #[test]
    fn late_dossiers_are_counted_by_office() {
        let (mut day, today, closed) = (Due::default(), "2026-11-27".parse().unwrap(), ClosedSteps::default());
        for changes in [
            json!({"step": "Thẩm định"}),
            json!({"result_on": "2026-11-25"}),
            json!({"result_on": "2026-11-26"}),
            json!({"office": "Sở Y tế", "result_on": "2026-11-24"}),
        ] {
            day.count(&dossier(changes), "Sở Du lịch", today, &closed);
        }
        assert_eq!(day.by_office["Sở Du lịch"], Punctuality { due: 3, late: 2 });
        assert_eq!(day.by_office["Sở Y tế"], Punctuality { due: 1, late: 0 });
    }
}
