//! Thư xin lỗi của buổi tối: which evening's apologies promise a letter, and which is a dossier's second one.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::calendar::{at, day_in_vietnam, start_of};
use crate::notice::lifecycle::State;
use crate::notice::{NoticeKey, NoticeRecord};

/// When apologies are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evenings {
    /// "vào thời điểm 17 giờ 30 hàng ngày"
    AtHalfPastFive,
    /// At any time: on the local stage, where they are planned by hand.
    AllDay,
}

impl Evenings {
    /// The last evening whose apologies are planned.
    pub fn last(self, now: DateTime<Utc>) -> NaiveDate {
        let today = day_in_vietnam(now);
        if self == Self::AllDay || now >= at(today, 17, 30) { today } else { today - Days::new(1) }
    }

    /// The time from which an evening's apologies are enqueued: a run by hand may be a little earlier than the rule's. They
    /// end where the next evening begins: a run that was missed is made up for on the day of the appointment.
    pub fn begin(self, evening: NaiveDate) -> DateTime<Utc> {
        match self {
            Self::AtHalfPastFive => at(evening, 17, 30) - TimeDelta::minutes(30),
            Self::AllDay => start_of(evening),
        }
    }
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
            assert_eq!(Evenings::AtHalfPastFive.last(now.parse().unwrap()).to_string(), evening, "{now}");
        }
        let begin = |evenings: Evenings| evenings.begin("2026-11-26".parse().unwrap()).to_rfc3339();
        assert_eq!(begin(Evenings::AtHalfPastFive), "2026-11-26T10:00:00+00:00");
        assert_eq!(begin(Evenings::AllDay), "2026-11-25T17:00:00+00:00");
        let morning = "2026-11-26T03:00:00Z".parse().unwrap();
        assert_eq!(Evenings::AllDay.last(morning).to_string(), "2026-11-26");
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
