//! The hours in which notices are sent, so that no notice is sent at night. A text to 8083 is answered at any hour.

use std::str::FromStr;

use chrono::{DateTime, Days, Timelike, Utc};

use crate::calendar::{VIETNAM, at};

/// A daily window in Vietnam's time, e.g. `07:00-21:00`; the start is included, the end is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendingWindow {
    /// Minutes after midnight; both 0 and 24 h if it never closes.
    opens: u32,
    closes: u32,
}

/// A text that is not a sending window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no sending window: expected e.g. 07:00-21:00, opening before it closes")]
pub struct NotAWindow(String);

const DAY: u32 = 24 * 60;

impl SendingWindow {
    /// Never closes.
    pub const ALWAYS: Self = Self { opens: 0, closes: DAY };

    /// Whether a notice may be sent at `now`.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        (self.opens..self.closes).contains(&minute_of_day(now))
    }

    /// `now` if the window is open, else when it opens next.
    pub fn next_open(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if self.is_open(now) {
            return now;
        }
        let today = now.with_timezone(&VIETNAM).date_naive();
        let day = if minute_of_day(now) >= self.closes { today + Days::new(1) } else { today };
        at(day, self.opens / 60, self.opens % 60)
    }

    /// When it closes next; None if it never does.
    pub fn next_close(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if *self == Self::ALWAYS {
            return None;
        }
        let today = now.with_timezone(&VIETNAM).date_naive();
        let day = if minute_of_day(now) < self.closes { today } else { today + Days::new(1) };
        Some(at(day, 0, 0) + chrono::TimeDelta::minutes(self.closes.into()))
    }
}

fn minute_of_day(instant: DateTime<Utc>) -> u32 {
    instant.with_timezone(&VIETNAM).num_seconds_from_midnight() / 60
}

impl FromStr for SendingWindow {
    type Err = NotAWindow;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let minutes = |time: &str| {
            let (hour, minute) = time.trim().split_once(':')?;
            let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
            (minute < 60 && hour * 60 + minute <= DAY).then_some(hour * 60 + minute)
        };
        let window = text.split_once('-').and_then(|(opens, closes)| {
            Some(Self { opens: minutes(opens)?, closes: minutes(closes)? })
                .filter(|window| window.opens < window.closes)
        });
        window.ok_or_else(|| NotAWindow(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vn(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+07:00")).unwrap().to_utc()
    }

    #[test]
    fn no_notice_is_sent_at_night() {
        let window: SendingWindow = "07:00-21:00".parse().unwrap();
        for (now, next_open) in [
            ("2026-11-24T06:59:59", "2026-11-24T07:00:00"),
            ("2026-11-24T07:00:00", "2026-11-24T07:00:00"),
            ("2026-11-24T20:59:59", "2026-11-24T20:59:59"),
            ("2026-11-24T21:00:00", "2026-11-25T07:00:00"),
        ] {
            assert_eq!(window.next_open(vn(now)), vn(next_open), "{now}");
            assert_eq!(window.is_open(vn(now)), now == next_open, "{now}");
        }
        assert_eq!(window.next_close(vn("2026-11-24T17:30:00")), Some(vn("2026-11-24T21:00:00")));
        assert_eq!(window.next_close(vn("2026-11-24T20:59:59")), Some(vn("2026-11-24T21:00:00")));
        assert_eq!(window.next_close(vn("2026-11-24T21:00:00")), Some(vn("2026-11-25T21:00:00")));
        assert!(SendingWindow::ALWAYS.is_open(vn("2026-11-24T03:00:00")));
        assert_eq!(SendingWindow::ALWAYS.next_close(vn("2026-11-24T03:00:00")), None);
    }

    #[test]
    fn a_window_may_open_and_close_at_any_minute() {
        let window: SendingWindow = "07:30-20:45".parse().unwrap();
        for (now, open) in [("07:29:59", false), ("07:30:00", true), ("20:44:59", true), ("20:45:00", false)] {
            assert_eq!(window.is_open(vn(&format!("2026-11-24T{now}"))), open, "{now}");
        }
        assert_eq!(window.next_open(vn("2026-11-24T03:00:00")), vn("2026-11-24T07:30:00"));
    }

    #[test]
    fn a_wrong_window_is_refused() {
        for text in ["", "7-21", "21:00-07:00", "07:00-25:00", "07:00-24:30", "07:60-21:00", "07:00", "07:00-07:00"] {
            assert!(text.parse::<SendingWindow>().is_err(), "{text}");
        }
        assert_eq!("00:00-24:00".parse::<SendingWindow>().unwrap(), SendingWindow::ALWAYS);
    }
}
