//! One rate of SMS parts for all senders together: in any t seconds at most rate·t parts, plus one message.
//!
//! The algorithm is GCRA (generic cell rate algorithm) with one shared counter row, `free_at`: its theoretical arrival
//! time. A message of n parts reserves n/rate seconds and is sent at the start of its reservation. Reservations do not
//! overlap, so the limit holds for every window. A sender's first reservation is as long as its message. A sender that
//! continues reserves about a second at a time, so that the row is not written for every message.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use futures::lock::Mutex;

use crate::hold::{HoldState, check_hold};
use crate::ports::{Advance, Clock, Hold, RateCounter, StoreError};

/// SMS parts per second, for the whole account. Parameter `SmsPartsPerSecond`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartsPerSecond(u32);

impl PartsPerSecond {
    /// At least one part per second.
    pub fn new(parts: u32) -> Option<Self> {
        (parts > 0).then_some(Self(parts))
    }

    /// The time that many parts take, in milliseconds, rounded up.
    fn milliseconds_for(self, parts: u32) -> i64 {
        (u64::from(parts) * 1000).div_ceil(self.0.into()) as i64
    }

    /// About how many messages can be sent in that many seconds: a notice with accents has three or four parts.
    pub fn messages_in(self, seconds: usize) -> usize {
        const PARTS_A_MESSAGE: usize = 3;
        self.0 as usize * seconds / PARTS_A_MESSAGE
    }

    /// The time that many parts take, in whole seconds, rounded up.
    pub fn time_for(self, parts: u64) -> TimeDelta {
        TimeDelta::seconds(parts.div_ceil(self.0.into()) as i64)
    }
}

/// Milliseconds that a sender reserves at once while it continues to send.
const BLOCK: i64 = 1000;
/// Milliseconds that the counter's answer may take before the reservation is too short for its message.
const ANSWER: i64 = 50;
/// Calls of the counter for one message, before it is postponed.
const MOST_TRIES: u32 = 8;
/// How far ahead of now the counter can be in normal operation, in milliseconds: a sender reserves for its own run of a
/// minute, in blocks that a slow counter lengthens to two minutes at most, and clocks may differ by five minutes. A
/// value further ahead comes from a wrong clock or an edit by hand, and must not stop every sender until then.
const MOST_AHEAD: i64 = 10 * 60 * 1000;

/// An acceptance older than this is not reported any more, in milliseconds.
const MAX_ACCEPTANCE_AGE: i64 = 5 * 60 * 1000;
/// How far ahead of now a sender's reservations may be, in milliseconds: a run is shorter. A counter that is set back
/// is set this far ahead, so that earlier reservations stay valid.
const RESERVED_AHEAD: i64 = 64 * 1000;

/// One sender's reservation: `[next, end)`, and the latest slot it used; milliseconds since 1970.
#[derive(Debug, Default)]
struct Block {
    next: i64,
    end: i64,
    latest: i64,
}

/// What a sender asks of the counter: to reserve `[free, end)`. Its message is sent at `start`.
struct Extension {
    free: i64,
    start: i64,
    end: i64,
}

impl Block {
    /// When the next message may be sent, if the reservation is long enough for it.
    fn start(&self, now: i64) -> i64 {
        self.next.max(now)
    }

    /// Whether the reservation is long enough for a message of `length`.
    fn fits(&self, now: i64, length: i64) -> bool {
        self.start(now) + length <= self.end
    }

    /// Uses the next slot, if the reservation is long enough for a message of `length`.
    fn take(&mut self, now: i64, length: i64) -> Option<i64> {
        let start = self.start(now);
        self.fits(now, length).then(|| {
            (self.next, self.latest) = (start + length, start);
            start
        })
    }

    /// The next reservation. If this one is used up, the next begins now. Each grant that came too late makes it
    /// longer.
    fn extension(&self, now: i64, length: i64, late_grants: u32) -> Extension {
        let (free, start) = (self.end.max(now), self.start(now));
        let goes_on = self.latest + BLOCK >= now;
        // Whole messages, so that little time is left over before another sender's reservation.
        let whole = length * (BLOCK as u64).div_ceil(length as u64) as i64;
        let reserve = if goes_on { whole } else { length + ANSWER } << late_grants;
        Extension { free, start, end: (free + reserve).max(start + length) }
    }
}

/// The result of a request for a longer reservation.
enum Extended {
    Granted,
    /// Another sender was first, or the hold or the counter had to be corrected: ask again.
    Refused,
    /// What the hold says about the message.
    Decided(Slot),
}

/// When a message may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slot {
    At(DateTime<Utc>),
    /// The one message that may be sent in spite of this hold: `SendingHold::probed` when the carrier accepted it.
    Probe(DateTime<Utc>, Hold),
    /// The rate leaves no slot for it in this run.
    AfterTheRun,
    /// Nothing may be sent.
    Held(Hold),
}

impl Slot {
    fn at(milliseconds: i64) -> Self {
        DateTime::from_timestamp_millis(milliseconds).map_or(Self::AfterTheRun, Self::At)
    }
}

/// Assigns the slots at which messages may be sent.
#[derive(Debug)]
pub struct RateLimiter {
    rate: PartsPerSecond,
    block: Mutex<Block>,
    resets: AtomicU32,
    /// When a message was last accepted, as far as this sender knows; milliseconds since 1970, 0 for never.
    accepted_at: AtomicI64,
    /// When this sender's last message was accepted, unless the counter row has it already; likewise.
    unreported: AtomicI64,
}

impl RateLimiter {
    pub fn new(rate: PartsPerSecond) -> Self {
        Self {
            rate,
            block: Mutex::default(),
            resets: AtomicU32::new(0),
            accepted_at: AtomicI64::new(0),
            unreported: AtomicI64::new(0),
        }
    }

    /// A message of this sender was accepted. The next reservation reports it to the other senders.
    pub fn accepted(&self, at: DateTime<Utc>) {
        self.unreported.store(at.timestamp_millis(), Ordering::Relaxed);
        self.note_acceptance(at);
    }

    fn note_acceptance(&self, at: DateTime<Utc>) {
        self.accepted_at.fetch_max(at.timestamp_millis(), Ordering::Relaxed);
    }

    /// What to report to the counter row. An old acceptance is not reported: another sender may have reported a newer
    /// one.
    fn to_report(&self, now: i64) -> Option<DateTime<Utc>> {
        let unreported = self.unreported.swap(0, Ordering::Relaxed);
        DateTime::from_timestamp_millis(unreported).filter(|_| unreported > now - MAX_ACCEPTANCE_AGE)
    }

    /// When a message of any sender was last accepted, as far as the counter row showed at the last reservation.
    pub fn accepted_at(&self) -> Option<DateTime<Utc>> {
        let at = self.accepted_at.load(Ordering::Relaxed);
        DateTime::from_timestamp_millis(at).filter(|_| at > 0)
    }

    /// How often the counter was set back since the last call of this function, because it was too far ahead.
    pub fn take_resets(&self) -> u32 {
        self.resets.swap(0, Ordering::Relaxed)
    }

    pub fn rate(&self) -> PartsPerSecond {
        self.rate
    }

    /// The next slot for a message of `parts`, not after `latest`.
    ///
    /// The clock is read again after every call of the counter: after a slow call, two messages must not both be late
    /// and sent at once. If a grant came too late for the message, the next request is longer.
    pub async fn slot(
        &self,
        counter: &impl RateCounter,
        clock: &impl Clock,
        parts: u32,
        latest: DateTime<Utc>,
    ) -> Result<Slot, StoreError> {
        let length = self.rate.milliseconds_for(parts);
        let mut block = self.block.lock().await;
        let mut late_grants = 0;
        for _ in 0..MOST_TRIES {
            let now = clock.now().timestamp_millis();
            if block.start(now) > latest.timestamp_millis() {
                return Ok(Slot::AfterTheRun);
            }
            if let Some(start) = block.take(now, length) {
                return Ok(Slot::at(start));
            }
            let wanted = block.extension(now, length, late_grants);
            match self.extend(counter, clock, &mut block, wanted, now).await? {
                Extended::Granted => late_grants += u32::from(!block.fits(clock.now().timestamp_millis(), length)),
                Extended::Refused => {}
                Extended::Decided(slot) => return Ok(slot),
            }
        }
        Ok(Slot::AfterTheRun)
    }

    /// Asks the counter for a longer reservation, once.
    async fn extend(
        &self,
        counter: &impl RateCounter,
        clock: &impl Clock,
        block: &mut Block,
        wanted: Extension,
        now: i64,
    ) -> Result<Extended, StoreError> {
        match counter.advance(wanted.free, wanted.end, self.to_report(now)).await? {
            Advance::Granted(accepted_at) => {
                accepted_at.into_iter().for_each(|at| self.note_acceptance(at.min(clock.now())));
                (block.next, block.end) = (wanted.start, wanted.end);
                Ok(Extended::Granted)
            }
            Advance::Taken(free_at) if free_at <= now + MOST_AHEAD => {
                (block.next, block.end) = (free_at, free_at);
                Ok(Extended::Refused)
            }
            Advance::Taken(free_at) => {
                self.set_back(counter, free_at, now, now + RESERVED_AHEAD).await?;
                (block.next, block.end) = (now, now);
                Ok(Extended::Refused)
            }
            Advance::Held(hold) => Ok(match check_hold(counter, &hold, clock.now()).await? {
                HoldState::Wait => Extended::Decided(Slot::Held(hold)),
                // The two calls may have taken longer than a slot allows.
                HoldState::Probe(hold) => Extended::Decided(Slot::Probe(clock.now(), hold)),
                HoldState::Over => Extended::Refused,
            }),
        }
    }

    /// Sets back a counter that is too far ahead. The next call of the counter decides which sender is first.
    async fn set_back(&self, counter: &impl RateCounter, free_at: i64, now: i64, to: i64) -> Result<(), StoreError> {
        if counter.set_back(now + MOST_AHEAD, to).await? {
            self.resets.fetch_add(1, Ordering::Relaxed);
            let minutes = free_at.saturating_sub(now) / 60_000;
            tracing::error!(
                ahead.minutes = minutes,
                "the rate limiter's counter was too far in the future and was set back: check the clocks, and who edits table control"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SendingHold;
    use futures::executor::block_on;
    use proptest::prelude::*;
    use std::sync::atomic::AtomicI64;

    /// A counter whose every answer takes some time, and the clock that shows it.
    #[derive(Default)]
    struct Counter {
        free_at: AtomicI64,
        writes: AtomicU32,
        now: AtomicI64,
        takes: i64,
    }

    impl Clock for Counter {
        fn now(&self) -> DateTime<Utc> {
            ms(self.now.load(Ordering::Relaxed))
        }

        async fn sleep_until(&self, instant: DateTime<Utc>) {
            self.now.fetch_max(instant.timestamp_millis(), Ordering::Relaxed);
        }
    }

    impl RateCounter for Counter {
        async fn advance(&self, at_most: i64, to: i64, _: Option<DateTime<Utc>>) -> Result<Advance, StoreError> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            self.now.fetch_add(self.takes, Ordering::Relaxed);
            let free_at = self.free_at.load(Ordering::Relaxed);
            if free_at > at_most {
                return Ok(Advance::Taken(free_at));
            }
            self.free_at.store(to, Ordering::Relaxed);
            Ok(Advance::Granted(None))
        }

        async fn set_back(&self, beyond: i64, to: i64) -> Result<bool, StoreError> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            let moves = |free_at| (free_at > beyond).then_some(to);
            Ok(self.free_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moves).is_ok())
        }
    }

    /// No test here has a hold.
    impl SendingHold for Counter {
        async fn start(&self, _: DateTime<Utc>, _: &str) -> Result<(), StoreError> {
            Ok(())
        }
        async fn prolong(&self, _: &Hold, _: DateTime<Utc>) -> Result<bool, StoreError> {
            Ok(false)
        }
        async fn probed(&self, _: &Hold) -> Result<(), StoreError> {
            Ok(())
        }
        async fn end(&self, _: &Hold) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn ms(instant: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(instant).unwrap()
    }

    fn slot(rate_limiter: &RateLimiter, counter: &Counter, parts: u32, now: i64, max_wait: i64) -> Option<i64> {
        counter.now.store(now, Ordering::Relaxed);
        match block_on(rate_limiter.slot(counter, counter, parts, ms(now + max_wait))).expect("an answer") {
            Slot::At(slot) => Some(slot.timestamp_millis()),
            Slot::AfterTheRun => None,
            Slot::Held(hold) | Slot::Probe(_, hold) => panic!("{hold:?}"),
        }
    }

    #[test]
    fn the_first_message_goes_at_once_and_the_next_after_the_time_of_its_parts() {
        let (rate_limiter, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&rate_limiter, &counter, 3, now, 0), Some(now));
        assert_eq!(slot(&rate_limiter, &counter, 4, now, 5_000), Some(now + 300));
        assert_eq!(slot(&rate_limiter, &counter, 4, now, 5_000), Some(now + 700));
        assert_eq!(slot(&rate_limiter, &counter, 4, now, 0), None, "no time to wait");
        let idle_since = slot(&rate_limiter, &counter, 1, now + 9_000, 0);
        assert_eq!(idle_since, Some(now + 9_000), "after an idle time there is no wait");
    }

    #[test]
    fn a_long_evening_writes_the_counter_once_a_second() {
        let (rate_limiter, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let mut now = 1_000_000;
        for _ in 0..1_000 {
            now = slot(&rate_limiter, &counter, 4, now, 60_000).unwrap();
        }
        assert_eq!(now, 1_000_000 + 999 * 400, "the whole rate is used");
        assert!(counter.writes.load(Ordering::Relaxed) <= 401, "{}", counter.writes.load(Ordering::Relaxed));
    }

    #[test]
    fn an_acceptance_is_reported_once_and_not_if_it_is_old() {
        let limiter = RateLimiter::new(PartsPerSecond::new(10).unwrap());
        limiter.accepted(ms(1_000_000));
        assert_eq!([limiter.to_report(1_000_500), limiter.to_report(1_000_600)], [Some(ms(1_000_000)), None]);
        limiter.accepted(ms(2_000_000));
        assert_eq!(
            limiter.to_report(2_000_000 + MAX_ACCEPTANCE_AGE),
            None,
            "another sender may have reported a newer one"
        );
        assert_eq!(limiter.accepted_at(), Some(ms(2_000_000)));
    }

    #[test]
    fn a_message_longer_than_a_block_takes_what_it_needs_and_no_more() {
        let (fleet, counter) =
            ([(); 2].map(|()| RateLimiter::new(PartsPerSecond::new(1).unwrap())), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&fleet[0], &counter, 4, now, 0), Some(now));
        assert_eq!(counter.writes.load(Ordering::Relaxed), 1);
        assert_eq!(slot(&fleet[1], &counter, 1, now, 9_000), Some(now + 4_050), "the next sender's slot");
    }

    #[test]
    fn a_single_message_reserves_its_own_length_and_a_sender_that_goes_on_a_second() {
        let (fleet, counter) =
            ([(); 3].map(|()| RateLimiter::new(PartsPerSecond::new(10).unwrap())), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&fleet[0], &counter, 1, now, 0), Some(now));
        assert_eq!(slot(&fleet[1], &counter, 1, now, 9_000), Some(now + 150));
        assert_eq!(slot(&fleet[1], &counter, 1, now, 9_000), Some(now + 250));
        assert_eq!(slot(&fleet[2], &counter, 1, now, 9_000), Some(now + 300 + 1_000));
    }

    #[test]
    fn an_evening_uses_the_whole_rate_while_results_arrive_one_by_one() {
        let (evening, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let (began, mut now, mut parts) = (1_000_000, 1_000_000, 0);
        let mut next_result = began;
        while now < began + 600_000 {
            if now >= next_result {
                // Each result has its own sandbox.
                let single = RateLimiter::new(PartsPerSecond::new(10).unwrap());
                parts += slot(&single, &counter, 3, now, 10_000).map_or(0, |_| 3);
                next_result += 1_300;
            }
            now = slot(&evening, &counter, 4, now, 60_000).expect("a slot");
            parts += 4;
        }
        let used = parts as f64 / (10.0 * (now - began) as f64 / 1_000.0);
        assert!(used > 0.95, "{:.0} % of the rate", used * 100.0);
    }

    #[test]
    fn only_a_grant_that_came_too_late_makes_the_next_one_longer() {
        let (busy, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&busy, &counter, 4, now, 0), Some(now));
        for other in 1..5 {
            // Other senders were first, several times.
            counter.free_at.fetch_add(300, Ordering::Relaxed);
            let at = slot(&busy, &counter, 4, now + other, 60_000).expect("a slot");
            assert!(counter.free_at.load(Ordering::Relaxed) - at <= BLOCK + 400, "{other}");
            busy.block.try_lock().expect("free").end = at;
        }
    }

    #[test]
    fn a_counter_in_the_far_future_is_set_back_and_reported() {
        for far in [now_plus(MOST_AHEAD + 1), i64::MAX] {
            let (rate_limiter, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
            counter.free_at.store(far, Ordering::Relaxed);
            assert_eq!(slot(&rate_limiter, &counter, 4, now_plus(0), 1_000), None, "reservations of before are kept");
            assert_eq!((rate_limiter.take_resets(), rate_limiter.take_resets()), (1, 0));
            let minute = RESERVED_AHEAD;
            assert_eq!(slot(&rate_limiter, &counter, 4, now_plus(minute), 1_000), Some(now_plus(minute)));
        }
        let (rate_limiter, counter) = (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        counter.free_at.store(now_plus(MOST_AHEAD), Ordering::Relaxed);
        assert_eq!(slot(&rate_limiter, &counter, 4, now_plus(0), 1_000), None, "believed: a slot comes later");
        assert_eq!(rate_limiter.take_resets(), 0);
    }

    fn now_plus(milliseconds: i64) -> i64 {
        1_000_000 + milliseconds
    }

    #[test]
    fn parts_take_their_time_rounded_up() {
        let rate = PartsPerSecond::new(10).unwrap();
        assert_eq!(rate.messages_in(3), 10);
        for (parts, seconds) in [(0, 0), (1, 1), (10, 1), (11, 2), (400_000, 40_000)] {
            assert_eq!(rate.time_for(parts), TimeDelta::seconds(seconds), "{parts}");
        }
    }

    #[test]
    fn a_slow_counter_delays_and_never_lets_two_messages_go_at_once() {
        let (rate_limiter, counter) =
            (RateLimiter::new(PartsPerSecond::new(10).unwrap()), Counter { takes: 700, ..Counter::default() });
        let (mut now, mut before) = (1_000_000, 0);
        for _ in 0..100 {
            let at = slot(&rate_limiter, &counter, 4, now, 60_000).expect("the counter answers");
            now = counter.now.load(Ordering::Relaxed);
            assert!(at >= now, "{} ms late for its moment", now - at);
            assert!(at - before >= 400);
            before = at;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn in_any_t_seconds_at_most_rate_times_t_parts_plus_one_message(
            rate in 1u32..50,
            asks in prop::collection::vec((0usize..4, 1u32..8, 0i64..900), 1..120),
        ) {
            let rate = PartsPerSecond::new(rate).unwrap();
            let counter = Counter::default();
            let fleet = [(); 4].map(|()| RateLimiter::new(rate));
            let mut now = 1_000_000;
            let mut sent: Vec<(i64, u32)> = Vec::new();
            for (sender, parts, pause) in asks {
                now += pause;
                if let Some(at) = slot(&fleet[sender], &counter, parts, now, 10_000) {
                    prop_assert!(at >= now && at <= now + 10_000);
                    sent.push((at, parts));
                }
            }
            sent.sort_unstable();
            for (first, (from, _)) in sent.iter().enumerate() {
                let mut parts = 0;
                for (to, last) in &sent[first..] {
                    // Every part before the last message had its time within the window.
                    prop_assert!(rate.milliseconds_for(parts) <= to - from, "{parts} parts in {} ms", to - from);
                    parts += last;
                }
            }
        }
    }
}
