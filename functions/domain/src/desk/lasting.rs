//! How long a session at the desk lasts: somebody who leaves the counter's PC is logged out soon, everybody at the end of
//! the working day.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest session.
pub const LONGEST: TimeDelta = TimeDelta::hours(8);
/// The longest pause between two requests.
pub const IDLE: TimeDelta = TimeDelta::minutes(30);
/// How exactly the last request is kept: a write for each page would cost more than the page.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

/// When a session began, and when its last request was, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    pub opened_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

impl Lasting {
    pub fn from(now: DateTime<Utc>) -> Self {
        Self { opened_at: now, seen_at: now }
    }

    /// When it ends at the latest.
    pub fn until(&self) -> DateTime<Utc> {
        self.opened_at + LONGEST
    }

    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.until() || now >= self.seen_at + IDLE
    }

    /// Whether the request of this moment has to be written down.
    pub fn is_to_be_noted(&self, now: DateTime<Utc>) -> bool {
        now >= self.seen_at + NOTED_EVERY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_session_ends_after_half_an_hour_without_a_request_and_after_eight_hours_with() {
        for (seen, now, is_over) in
            [(0, 29, false), (0, 30, true), (20, 49, false), (20, 50, true), (470, 479, false), (479, 480, true)]
        {
            let session = Lasting { opened_at: at(0), seen_at: at(seen) };
            assert_eq!(session.is_over(at(now)), is_over, "last request after {seen} minutes, now {now}");
        }
    }

    #[test]
    fn a_request_is_written_down_at_most_once_a_minute() {
        let session = Lasting::from(at(0));
        assert!(!session.is_to_be_noted(at(0)) && session.is_to_be_noted(at(1)));
    }
}
