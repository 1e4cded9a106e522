//! Thư xin lỗi của buổi tối: which evening's apologies promise a letter, and which is a dossier's second one.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::calendar::{at, day_in_vietnam};
use crate::notice::lifecycle::State;
use crate::notice::{NoticeKey, NoticeRecord};

/// The last evening whose apologies are planned: today's from 17:30 on, "vào thời điểm 17 giờ 30 hàng ngày".
pub fn last_evening(now: DateTime<Utc>) -> NaiveDate {
    let today = day_in_vietnam(now);
    if now >= at(today, 17, 30) { today } else { today - Days::new(1) }
}

/// The time from which an evening's apologies are enqueued: a run by hand may be a little earlier than the rule's.
pub fn evening_begins(evening: NaiveDate) -> DateTime<Utc> {
    at(evening, 17, 30) - TimeDelta::minutes(30)
}

/// Whether the dossier was apologised to for an earlier appointment: the rules allow one new appointment only.
pub fn is_second(day: NaiveDate, history: &[NoticeRecord]) -> bool {
    history.iter().any(|record| {
        let was_true = !matches!(record.row.state, State::Cancelled | State::Expired);
        matches!(record.row.key, NoticeKey::Apology(earlier) if earlier < day && was_true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoticeId;
    use crate::notice::NoticeRow;

    #[test]
    fn an_evening_is_todays_once_its_apologies_are_planned() {
        for (now, evening) in [
            ("2026-11-26T10:29:59Z", "2026-11-25"),
            ("2026-11-26T10:30:00Z", "2026-11-26"),
            ("2026-11-26T17:00:00Z", "2026-11-26"),
        ] {
            assert_eq!(last_evening(now.parse().unwrap()).to_string(), evening, "{now}");
        }
        assert_eq!(evening_begins("2026-11-26".parse().unwrap()).to_rfc3339(), "2026-11-26T10:00:00+00:00");
    }

    #[test]
    fn an_apology_after_an_earlier_one_is_the_second() {
        let record = |name: &str, state| {
            let NoticeId { key, sending, .. } = NoticeId::parse("0161701234", name).unwrap();
            let enqueued_at = DateTime::UNIX_EPOCH;
            let row = NoticeRow {
                key,
                state,
                phone_at_fault: false,
                arrived: false,
                unreached: None,
                enqueued_at,
                due_at: None,
            };
            NoticeRecord { sending, row, attempts: 1, sent_at: None, reason: None, report: None, copy: None }
        };
        let day = "2026-11-27".parse().unwrap();
        for (name, state, expected) in [
            ("apology#2026-11-20", State::Sent, true),
            ("apology#2026-11-20", State::Failed, true),
            ("apology#2026-11-20", State::Cancelled, false),
            ("apology#2026-11-27", State::Sent, false),
            ("apology#2026-12-05", State::Sent, false),
            ("result#3", State::Sent, false),
        ] {
            assert_eq!(is_second(day, &[record(name, state)]), expected, "{name} {state}");
        }
    }
}
