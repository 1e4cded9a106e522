//! When a call-back that the receiver did not accept is sent again, and when it is given up.

use chrono::{DateTime, TimeDelta, Utc};
use http::header::RETRY_AFTER;
use http::response::Parts;

/// How long a call-back is tried.
pub(crate) const A_DAY: TimeDelta = TimeDelta::days(1);
const SHORTEST: TimeDelta = TimeDelta::seconds(10);
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// The pause of a call-back that has waited for `age`: as long again, so that pauses double from ten seconds to an hour.
/// They are not spread: how many call-backs are under way at once is limited (MaximumConcurrency in infra/callbacks.yaml).
pub(crate) fn pause(age: TimeDelta) -> TimeDelta {
    age.clamp(SHORTEST, LONGEST)
}

/// The receiver's `Retry-After`, an hour at the most. Only 429 and 503 may have it.
pub(crate) fn retry_after(head: &Parts, now: DateTime<Utc>) -> TimeDelta {
    let is_later = matches!(head.status.as_u16(), 429 | 503);
    let value = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).filter(|_| is_later);
    value.and_then(|value| seconds(value.trim(), now)).unwrap_or_default().clamp(TimeDelta::zero(), LONGEST)
}

/// Seconds, or a date. <https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>
fn seconds(value: &str, now: DateTime<Utc>) -> Option<TimeDelta> {
    match value.parse() {
        Ok(seconds) => TimeDelta::try_seconds(seconds),
        Err(_) => DateTime::parse_from_rfc2822(value).ok().map(|until| until.to_utc() - now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;

    const TEMPLATE: &str = include_str!("../../../infra/callbacks.yaml");

    /// A setting of the queue, a number.
    fn setting(name: &str) -> i64 {
        number(TEMPLATE, name)
    }

    /// The time-out of the function, in seconds.
    fn time_out() -> i64 {
        let template = include_str!("../../../template.yaml");
        number(template.split_once("\n  CallbackFunction:").expect("the function").1, "Timeout")
    }

    fn number(template: &str, name: &str) -> i64 {
        let (_, rest) = template.split_once(&format!(" {name}: ")).unwrap_or_else(|| panic!("no {name}"));
        rest.split([' ', '\n', ',']).next().unwrap().parse().unwrap()
    }

    #[test]
    fn pauses_double_from_ten_seconds_to_an_hour() {
        let pauses: Vec<i64> =
            [0, 3, 10, 20, 40, 80, 2_560, 5_120, 86_000].map(|age| pause(TimeDelta::seconds(age)).num_seconds()).into();
        assert_eq!(pauses, [10, 10, 10, 20, 40, 80, 2_560, 3_600, 3_600]);
    }

    #[test]
    fn a_call_back_is_tried_for_a_day_and_the_queue_gives_up_no_earlier() {
        // A try takes no time if the receiver is down, ten seconds if it does not answer.
        for try_takes in [TimeDelta::zero(), TimeDelta::seconds(10)] {
            let (mut age, mut tries) = (TimeDelta::zero(), 0);
            loop {
                tries += 1;
                age += try_takes;
                if age >= A_DAY {
                    break;
                }
                age += pause(age);
            }
            assert!((30..=40).contains(&tries), "{tries}");
            assert!(age < A_DAY + LONGEST + TimeDelta::minutes(1), "{age}");
            assert!(tries < setting("maxReceiveCount"), "{tries}");
        }
        // If no try ends (a crash, no concurrency), the queue counts receives: also a day.
        let hidden = setting("VisibilityTimeout");
        let counted = TimeDelta::seconds(hidden * setting("maxReceiveCount"));
        assert!(counted >= A_DAY && counted < A_DAY + TimeDelta::hours(2), "{counted}");
        assert!(hidden >= 6 * time_out(), "AWS asks for six times the function's time-out");
        assert!(TimeDelta::seconds(setting("MessageRetentionPeriod")) > counted * 2, "no message is deleted before");
    }

    #[test]
    fn retry_after_is_respected_up_to_an_hour() {
        let now = "2026-11-24T05:00:00Z".parse().unwrap();
        for (status, value, expected) in [
            (429, "30", 30),
            (503, " 120 ", 120),
            (503, "Tue, 24 Nov 2026 05:02:00 GMT", 120),
            (503, "Tue, 24 Nov 2026 04:00:00 GMT", 0),
            (503, "99999999", 3_600),
            (503, "9223372036854775807", 0),
            (503, "-5", 0),
            (503, "soon", 0),
            (500, "30", 0),
            (301, "30", 0),
        ] {
            let answer = Response::builder().status(status).header("retry-after", value).body(()).unwrap();
            assert_eq!(retry_after(&answer.into_parts().0, now).num_seconds(), expected, "{status} {value}");
        }
    }
}
