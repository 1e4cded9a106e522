//! The hold: a circuit breaker for faults that only receipts show, such as a spent limit. The carrier accepts every
//! message then, and drops it.
//!
//! A bad receipt starts a hold of [`HOLD`] for all senders. When it has lasted that long, one sender sends one message,
//! the probe. If the carrier accepts it and no bad receipt comes for it within another [`HOLD`], sending goes on as usual.
//! So while the cause lasts, one message is lost to it in ten minutes, and not an evening.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ports::{Hold, SendingHold, StoreError};

/// How long a hold lasts. Most receipts of failures come within a second.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);

/// What a sender may do about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HoldState {
    /// Nothing.
    Wait,
    /// Send one message; the hold was prolonged to this for it.
    Probe(Hold),
    /// Go on as usual.
    Over,
}

pub(crate) async fn check_hold(
    store: &impl SendingHold,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<HoldState, StoreError> {
    if now < hold.until {
        Ok(HoldState::Wait)
    } else if hold.probed {
        store.end(hold).await?;
        Ok(HoldState::Over)
    } else {
        let prolonged = Hold { until: now + HOLD, ..hold.clone() };
        Ok(if store.prolong(hold, prolonged.until).await? { HoldState::Probe(prolonged) } else { HoldState::Wait })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Row(Mutex<Option<Hold>>);

    impl Row {
        fn hold(&self) -> Option<Hold> {
            self.0.lock().expect("no panic").clone()
        }

        fn check_hold(&self, seen: &Hold, minute: i64) -> HoldState {
            block_on(check_hold(self, seen, at(minute))).expect("an answer")
        }
    }

    impl SendingHold for Row {
        async fn start(&self, until: DateTime<Utc>, reason: &str) -> Result<(), StoreError> {
            *self.0.lock().expect("no panic") = Some(Hold { until, reason: reason.into(), probed: false });
            Ok(())
        }

        async fn prolong(&self, seen: &Hold, until: DateTime<Utc>) -> Result<bool, StoreError> {
            let mut row = self.0.lock().expect("no panic");
            let unchanged = row.as_ref() == Some(seen);
            if unchanged {
                *row = Some(Hold { until, ..seen.clone() });
            }
            Ok(unchanged)
        }

        async fn probed(&self, seen: &Hold) -> Result<(), StoreError> {
            let mut row = self.0.lock().expect("no panic");
            if row.as_ref() == Some(seen) {
                *row = Some(Hold { probed: true, ..seen.clone() });
            }
            Ok(())
        }

        async fn end(&self, seen: &Hold) -> Result<(), StoreError> {
            let mut row = self.0.lock().expect("no panic");
            if row.as_ref() == Some(seen) {
                *row = None;
            }
            Ok(())
        }
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    /// A hold until minute 10, and the hold for which a sender sent its probe in minute `minute`.
    fn probing(minute: i64) -> (Row, Hold) {
        let row = Row::default();
        block_on(row.start(at(10), "spend_limit")).expect("written");
        let HoldState::Probe(hold) = row.check_hold(&row.hold().expect("a hold"), minute) else { panic!("a probe") };
        (row, hold)
    }

    #[test]
    fn one_sender_sends_one_message_when_a_hold_has_lasted_and_the_rest_wait() {
        let row = Row::default();
        block_on(row.start(at(10), "spend_limit")).expect("written");
        let held = row.hold().expect("a hold");
        assert_eq!(row.check_hold(&held, 9), HoldState::Wait);
        let prolonged = Hold { until: at(20), ..held.clone() };
        let both = [row.check_hold(&held, 10), row.check_hold(&held, 10)];
        assert_eq!(both, [HoldState::Probe(prolonged), HoldState::Wait], "two at once");
        assert_eq!(row.check_hold(&row.hold().expect("still"), 19), HoldState::Wait);
    }

    #[test]
    fn a_hold_ends_when_its_message_was_accepted_and_brings_no_bad_receipt() {
        let (row, hold) = probing(12);
        block_on(row.probed(&hold)).expect("written");
        assert_eq!((row.check_hold(&row.hold().expect("still"), 22), row.hold()), (HoldState::Over, None));
    }

    #[test]
    fn a_message_that_the_carrier_did_not_accept_says_nothing_and_another_is_sent() {
        let (row, _) = probing(12);
        let still = row.hold().expect("still");
        assert_eq!(row.check_hold(&still, 21), HoldState::Wait);
        assert_eq!(row.check_hold(&still, 22), HoldState::Probe(Hold { until: at(32), ..still.clone() }));
    }

    #[test]
    fn a_bad_receipt_starts_it_again() {
        let (row, hold) = probing(10);
        block_on(row.start(at(21), "spend_limit")).expect("written");
        block_on(row.probed(&hold)).expect("written");
        let newer = row.hold().expect("the newer one");
        assert_eq!(
            (newer.until, newer.probed),
            (at(21), false),
            "whatever comes first, the receipt or the carrier's answer"
        );
    }
}
