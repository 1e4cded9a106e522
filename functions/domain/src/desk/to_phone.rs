//! Cần gọi điện: whose notice did not reach its citizen, so that somebody must phone.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::calendar::day_in_vietnam;
use crate::notice::decision::{StillTrue, still_true};
use crate::notice::lifecycle::State;
use crate::notice::receipt::Delivery;
use crate::notice::{NoticeKey, NoticeRecord};
use crate::{ClosedSteps, Dossier};

/// What is to be done about one sending that was reported as not arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Phone the citizen.
    Open,
    /// Not now: the notice is being sent again, and its outcome decides; or the dossier cannot be read.
    Waiting,
    /// Nothing: it arrived by another sending, it is no longer true, a later sending or notice decides.
    Over,
}

/// How long a receipt may take: they come up to 72 hours late.
const RECEIPT_TIME: TimeDelta = TimeDelta::hours(72);

/// Whether the citizen must be phoned about `record`, which is one of the dossier's `history`. A sending of which nothing was
/// ever reported asks for no call by itself: some carriers report nothing.
pub fn standing(
    record: &NoticeRecord,
    history: &[NoticeRecord],
    dossier: Option<&Dossier>,
    now: DateTime<Utc>,
    closed: &ClosedSteps,
) -> Standing {
    // Its row cannot be read at the moment: the line is not lost for that.
    let Some(dossier) = dossier else { return Standing::Waiting };
    let (key, of_this) = (record.row.key, || history.iter().filter(|other| other.row.key == record.row.key));
    let is_superseded = history.iter().any(|other| other.row.key.supersedes(&key) && counts(other));
    if !did_not_arrive(record) || of_this().any(|other| other.row.arrived) || is_superseded {
        return Standing::Over;
    }
    let later = || of_this().filter(|other| other.sending > record.sending && counts(other));
    if later().any(did_not_arrive) || !is_worth_a_call(&key, dossier, day_in_vietnam(now), closed) {
        return Standing::Over;
    }
    if later().any(|other| may_still_arrive(other, now)) { Standing::Waiting } else { Standing::Open }
}

/// It waits to be sent, or its receipt may still come.
fn may_still_arrive(record: &NoticeRecord, now: DateTime<Utc>) -> bool {
    let sent_at = record.sent_at.unwrap_or(record.row.enqueued_at);
    !record.row.state.is_final() || now < sent_at + RECEIPT_TIME
}

/// Whether it was refused, or reported as not arrived or as unknown.
pub fn did_not_arrive(record: &NoticeRecord) -> bool {
    let delivery = record.report.map(|report| report.delivery);
    record.row.state == State::Failed || delivery.is_some_and(|delivery| delivery != Delivery::Delivered)
}

/// A sending that was not needed says nothing about the others.
fn counts(record: &NoticeRecord) -> bool {
    !matches!(record.row.state, State::Cancelled | State::Expired)
}

/// Whether the words of the notice are still true, said by a person. An apology is, after its appointment too, as long as
/// there is no result and no other appointment.
fn is_worth_a_call(key: &NoticeKey, dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> bool {
    match still_true(key, dossier, today, closed) {
        StillTrue::Yes | StillTrue::NoMobile(_) => true,
        StillTrue::TooLate => !dossier.is_done(closed) && *key == NoticeKey::Apology(dossier.appointment_on()),
        StillTrue::No(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use crate::notice::receipt::Reason;
    use crate::notice::{DeliveryReport, NoticeRow, Sending};
    use serde_json::json;

    /// In the morning in Vietnam.
    const NOW: &str = "2026-11-26T03:00:00Z";

    fn record(key: &str, sending: Sending, state: State, delivery: Option<Delivery>) -> NoticeRecord {
        let row = NoticeRow {
            key: key.parse().unwrap(),
            state,
            phone_at_fault: delivery == Some(Delivery::Undelivered),
            arrived: delivery == Some(Delivery::Delivered),
            unreached: None,
            enqueued_at: DateTime::UNIX_EPOCH,
            due_at: None,
        };
        let report = delivery.map(|delivery| DeliveryReport { delivery, at: None, reason: Some(Reason::Unknown) });
        NoticeRecord { sending, row, attempts: 1, sent_at: None, reason: None, report, copy: None }
    }

    fn undelivered(key: &str) -> NoticeRecord {
        record(key, Sending::First, State::Sent, Some(Delivery::Undelivered))
    }

    /// The first record's standing.
    fn stands(history: &[NoticeRecord], changes: serde_json::Value) -> Standing {
        let now = NOW.parse().unwrap();
        standing(&history[0], history, Some(&dossier(changes)), now, &ClosedSteps::default())
    }

    #[test]
    fn who_was_not_reached_is_phoned() {
        let failed = record("result#3", Sending::First, State::Failed, None);
        let unknown = record("result#3", Sending::First, State::Sent, Some(Delivery::Unknown));
        for record in [undelivered("result#3"), failed, unknown] {
            assert_eq!(stands(&[record], json!({})), Standing::Open);
        }
        for (state, delivery) in [(State::Sent, Some(Delivery::Delivered)), (State::Sent, None), (State::Pending, None)]
        {
            assert_eq!(stands(&[record("result#3", Sending::First, state, delivery)], json!({})), Standing::Over);
        }
    }

    #[test]
    fn a_second_sending_decides_once_it_has_an_outcome() {
        let again = |state, delivery| [undelivered("result#3"), record("result#3", Sending::Again, state, delivery)];
        for (state, delivery, expected) in [
            (State::Pending, None, Standing::Waiting),
            (State::Sending, None, Standing::Waiting),
            (State::Sent, Some(Delivery::Delivered), Standing::Over),
            (State::Sent, Some(Delivery::Undelivered), Standing::Over),
            (State::Failed, None, Standing::Over),
            (State::Cancelled, None, Standing::Open),
        ] {
            let history = again(state, delivery);
            assert_eq!(stands(&history, json!({})), expected, "{state} {delivery:?}");
        }
        for (hours, expected) in [(71, Standing::Waiting), (72, Standing::Open)] {
            let mut history = again(State::Sent, None);
            history[1].sent_at = Some(NOW.parse::<DateTime<Utc>>().unwrap() - TimeDelta::hours(hours));
            assert_eq!(stands(&history, json!({})), expected, "without a receipt for {hours} hours");
        }
        let [first, second] = again(State::Failed, None);
        assert_eq!(stands(&[second, first], json!({})), Standing::Open, "the second one has a line of its own");
    }

    #[test]
    fn a_notice_that_is_no_longer_true_or_was_replaced_needs_no_call() {
        assert_eq!(stands(&[undelivered("result#3")], json!({"step": "Đã trả kết quả"})), Standing::Over);
        assert_eq!(stands(&[undelivered("result#3")], json!({"step": "Thẩm định"})), Standing::Over);
        let later = record("result#4", Sending::First, State::Sent, None);
        assert_eq!(stands(&[undelivered("result#3"), later], json!({"revision": 4})), Standing::Over);
        let of_none = standing(&undelivered("result#3"), &[], None, NOW.parse().unwrap(), &ClosedSteps::default());
        assert_eq!(of_none, Standing::Waiting, "its row may only be unreadable");
    }

    #[test]
    fn an_apology_is_phoned_after_its_day_too_until_there_is_a_result_or_another_appointment() {
        let late = |step: &str, appointment: &str| {
            stands(&[undelivered("apology#2026-11-25")], json!({"step": step, "appointment_on": appointment}))
        };
        assert_eq!(late("Thẩm định", "2026-11-25"), Standing::Open);
        assert_eq!(late("Trả kết quả", "2026-11-25"), Standing::Over);
        assert_eq!(late("Thẩm định", "2026-12-01"), Standing::Over);
    }

    #[test]
    fn a_citizen_without_a_mobile_number_can_be_phoned_all_the_same() {
        assert_eq!(stands(&[undelivered("result#3")], json!({"phone": "02583822229"})), Standing::Open);
    }
}
