//! The hold: a circuit breaker for faults that only receipts show, such as a spent limit. The carrier accepts every
//! message then, and drops it.
//!
//! A bad receipt starts a hold of [`HOLD`] for all senders. When it has lasted that long, one sender sends one message.
//! If no bad receipt comes for it within another [`HOLD`], sending goes on as usual. So while the cause lasts, one
//! message is lost to it in ten minutes, and not an evening.

use chrono::{DateTime, TimeDelta, Utc};

use crate::ports::{Hold, SendingHold, StoreError};

/// How long a hold lasts. Most receipts of failures come within a second.
pub const HOLD: TimeDelta = TimeDelta::minutes(10);

/// What a sender may do about a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HoldState {
    /// Nothing.
    Wait,
    /// Send one message.
    Probe,
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
    } else if store.probe(hold, now + HOLD).await? {
        Ok(HoldState::Probe)
    } else {
        Ok(HoldState::Wait)
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

        async fn probe(&self, seen: &Hold, until: DateTime<Utc>) -> Result<bool, StoreError> {
            let mut row = self.0.lock().expect("no panic");
            let unchanged = row.as_ref() == Some(seen);
            if unchanged {
                *row = Some(Hold { until, probed: true, ..seen.clone() });
            }
            Ok(unchanged)
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

    #[test]
    fn one_sender_sends_one_message_when_a_hold_has_lasted_and_the_rest_wait() {
        let row = Row::default();
        block_on(row.start(at(10), "spend_limit")).expect("written");
        let held = row.hold().expect("a hold");
        assert_eq!(row.check_hold(&held, 9), HoldState::Wait);
        assert_eq!(
            [row.check_hold(&held, 10), row.check_hold(&held, 10)],
            [HoldState::Probe, HoldState::Wait],
            "two at once"
        );
        let probed = row.hold().expect("still");
        assert_eq!((probed.until, probed.probed), (at(20), true));
        assert_eq!(row.check_hold(&probed, 19), HoldState::Wait);
    }

    #[test]
    fn a_hold_ends_when_its_message_brings_no_bad_receipt() {
        let row = Row::default();
        block_on(row.start(at(10), "spend_limit")).expect("written");
        let held = row.hold().expect("a hold");
        assert_eq!(row.check_hold(&held, 12), HoldState::Probe);
        let probed = row.hold().expect("still");
        assert_eq!((row.check_hold(&probed, 22), row.hold()), (HoldState::Over, None));
    }

    #[test]
    fn a_bad_receipt_starts_it_again() {
        let row = Row::default();
        block_on(row.start(at(10), "spend_limit")).expect("written");
        assert_eq!(row.check_hold(&row.hold().expect("a hold"), 10), HoldState::Probe);
        let probed = row.hold().expect("still");
        block_on(row.start(at(21), "spend_limit")).expect("written");
        assert_eq!(row.check_hold(&probed, 20), HoldState::Over, "decided by what it saw");
        assert_eq!(row.hold().expect("and the row has the newer one").until, at(21));
    }
}
