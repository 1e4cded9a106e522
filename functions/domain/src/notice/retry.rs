//! When a notice that was definitely not sent is tried again.

use chrono::TimeDelta;

/// Claims before a notice has failed: with the pauses below, at least ten hours of attempts.
pub const MAX_ATTEMPTS: u32 = 20;
/// The pause after a fault that is not the notice's (the carrier refuses our authorisation): an engineer must correct it.
pub const PAUSE_AFTER_REFUSAL: TimeDelta = TimeDelta::minutes(5);

const FIRST: i64 = 10;
const LONGEST: i64 = 2 * 3600;

/// The pause before the next attempt: doubled from 10 s up to 2 h, half of it spread by `jitter` (0.0 to 1.0), so that
/// messages that failed together are not retried together.
pub fn pause(attempts: u32, jitter: f64) -> TimeDelta {
    let doubled = FIRST.saturating_mul(1 << attempts.saturating_sub(1).min(20)).min(LONGEST);
    TimeDelta::milliseconds(doubled * 500 + (doubled as f64 * 500.0 * jitter.clamp(0.0, 1.0)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pauses_double_from_ten_seconds_to_two_hours() {
        let seconds: Vec<i64> = [1, 2, 3, 4, 10, 11, 12, u32::MAX].map(|n| pause(n, 1.0).num_seconds()).into();
        assert_eq!(seconds, [10, 20, 40, 80, 5120, 7200, 7200, 7200]);
    }

    #[test]
    fn half_of_a_pause_is_jitter() {
        let milliseconds = [0.0, 0.5, 1.0].map(|jitter| pause(1, jitter).num_milliseconds());
        assert_eq!(milliseconds, [5_000, 7_500, 10_000]);
    }

    #[test]
    fn a_notice_is_tried_for_ten_hours_at_the_least() {
        let shortest: TimeDelta = (1..MAX_ATTEMPTS).map(|attempts| pause(attempts, 0.0)).sum();
        assert!(shortest > TimeDelta::hours(10), "{shortest}");
        let longest: TimeDelta = (1..MAX_ATTEMPTS).map(|attempts| pause(attempts, 1.0)).sum();
        assert!(longest > TimeDelta::hours(20), "{longest}");
    }

    proptest! {
        #[test]
        fn jitter_spreads_the_second_half(attempts in 1u32..40, jitter in 0.0f64..=1.0) {
            let (all, some) = (pause(attempts, 1.0), pause(attempts, jitter));
            prop_assert!(all / 2 <= some && some <= all);
        }
    }
}
