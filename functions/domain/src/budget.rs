//! One budget of SMS parts for the whole fleet: in any t seconds at most rate·t parts, plus one message.
//!
//! A line of time is shared out. A message of n parts takes n/rate seconds of it, and goes at the start of its piece;
//! no two pieces overlap, so the bound holds for every window. The line's end, `free_at`, is one counter row. A sender
//! takes it in blocks of a second, so that the row is written once a second and not once a message, and a running block
//! is lengthened where nobody came between, so that no time is lost at its end.

use chrono::{DateTime, TimeDelta, Utc};
use futures::lock::Mutex;

use crate::ports::{Advance, BudgetCounter, Clock, StoreError};

/// SMS parts a second, for the whole account. Parameter `SmsPartsPerSecond`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartsPerSecond(u32);

impl PartsPerSecond {
    /// At least one part a second.
    pub fn new(parts: u32) -> Option<Self> {
        (parts > 0).then_some(Self(parts))
    }

    /// The time that many parts take, in milliseconds, rounded up.
    fn milliseconds_for(self, parts: u32) -> i64 {
        (u64::from(parts) * 1000).div_ceil(self.0.into()) as i64
    }

    /// The parts that go in so many seconds.
    pub fn parts_in(self, seconds: usize) -> usize {
        self.0 as usize * seconds
    }

    /// The time that many parts take, in whole seconds, rounded up.
    pub fn time_for(self, parts: u64) -> TimeDelta {
        TimeDelta::seconds(parts.div_ceil(self.0.into()) as i64)
    }
}

/// Milliseconds of the line taken at once, at the first try.
const BLOCK: i64 = 1000;
/// Senders that come between us and the counter before we leave the notice for later.
const MOST_TRIES: u32 = 8;

/// One sender's piece of the line: `[next, end)`, milliseconds since 1970.
#[derive(Debug, Default)]
struct Block {
    next: i64,
    end: i64,
}

/// Gives out the moments at which messages may go.
#[derive(Debug)]
pub struct Pacer {
    rate: PartsPerSecond,
    block: Mutex<Block>,
}

impl Pacer {
    /// A sender that holds no piece of the line yet.
    pub fn new(rate: PartsPerSecond) -> Self {
        Self { rate, block: Mutex::default() }
    }

    /// The rate it keeps.
    pub fn rate(&self) -> PartsPerSecond {
        self.rate
    }

    /// The next moment at which a message of `parts` may go; None where that would be after `latest`.
    ///
    /// The clock is read anew after every call of the counter: a slow counter must not leave two messages late for
    /// their moments, to go at once. It is asked for more each time, so that something is left when it has answered.
    pub async fn slot(
        &self,
        counter: &impl BudgetCounter,
        clock: &impl Clock,
        parts: u32,
        latest: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let length = self.rate.milliseconds_for(parts);
        let mut block = self.block.lock().await;
        for tried in 0..MOST_TRIES {
            let now = clock.now().timestamp_millis();
            // Where the block has run out, the line goes on from now.
            let free = block.end.max(now);
            let start = block.next.max(now);
            if start > latest.timestamp_millis() {
                return Ok(None);
            }
            if start + length <= block.end {
                block.next = start + length;
                return Ok(DateTime::from_timestamp_millis(start));
            }
            let end = (free + (BLOCK << tried)).max(start + length);
            *block = match counter.advance(free, end).await? {
                Advance::Granted => Block { next: start, end },
                Advance::Taken(free_at) => Block { next: free_at, end: free_at },
            };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    /// A counter whose every answer takes a while, and the clock that shows it.
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

    impl BudgetCounter for Counter {
        async fn advance(&self, at_most: i64, to: i64) -> Result<Advance, StoreError> {
            self.writes.fetch_add(1, Ordering::Relaxed);
            self.now.fetch_add(self.takes, Ordering::Relaxed);
            let free_at = self.free_at.load(Ordering::Relaxed);
            if free_at > at_most {
                return Ok(Advance::Taken(free_at));
            }
            self.free_at.store(to, Ordering::Relaxed);
            Ok(Advance::Granted)
        }
    }

    fn ms(instant: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(instant).unwrap()
    }

    fn slot(pacer: &Pacer, counter: &Counter, parts: u32, now: i64, patience: i64) -> Option<i64> {
        counter.now.store(now, Ordering::Relaxed);
        let slot = block_on(pacer.slot(counter, counter, parts, ms(now + patience)));
        slot.unwrap().map(|slot| slot.timestamp_millis())
    }

    #[test]
    fn the_first_message_goes_at_once_and_the_next_when_its_parts_are_paid() {
        let (pacer, counter) = (Pacer::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&pacer, &counter, 3, now, 0), Some(now));
        assert_eq!(slot(&pacer, &counter, 4, now, 5_000), Some(now + 300));
        assert_eq!(slot(&pacer, &counter, 4, now, 5_000), Some(now + 700));
        assert_eq!(slot(&pacer, &counter, 4, now, 0), None, "no patience");
        assert_eq!(slot(&pacer, &counter, 1, now + 9_000, 0), Some(now + 9_000), "an idle line costs nothing");
    }

    #[test]
    fn a_long_evening_writes_the_counter_once_a_second() {
        let (pacer, counter) = (Pacer::new(PartsPerSecond::new(10).unwrap()), Counter::default());
        let mut now = 1_000_000;
        for _ in 0..1_000 {
            now = slot(&pacer, &counter, 4, now, 60_000).unwrap();
        }
        assert_eq!(now, 1_000_000 + 999 * 400, "not a part is wasted");
        assert!(counter.writes.load(Ordering::Relaxed) <= 401, "{}", counter.writes.load(Ordering::Relaxed));
    }

    #[test]
    fn a_message_longer_than_a_block_takes_what_it_needs_and_no_more() {
        let (fleet, counter) = ([(); 2].map(|()| Pacer::new(PartsPerSecond::new(1).unwrap())), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&fleet[0], &counter, 4, now, 0), Some(now));
        assert_eq!(counter.writes.load(Ordering::Relaxed), 1);
        assert_eq!(slot(&fleet[1], &counter, 1, now, 9_000), Some(now + 4_000), "the next sender's turn");
    }

    #[test]
    fn a_sender_keeps_no_more_of_the_line_than_a_second() {
        let (fleet, counter) = ([(); 2].map(|()| Pacer::new(PartsPerSecond::new(10).unwrap())), Counter::default());
        let now = 1_000_000;
        assert_eq!(slot(&fleet[0], &counter, 1, now, 0), Some(now));
        assert_eq!(slot(&fleet[1], &counter, 1, now, 9_000), Some(now + 1_000));
    }

    #[test]
    fn parts_take_their_time_rounded_up() {
        let rate = PartsPerSecond::new(10).unwrap();
        assert_eq!(rate.parts_in(3), 30);
        for (parts, seconds) in [(0, 0), (1, 1), (10, 1), (11, 2), (400_000, 40_000)] {
            assert_eq!(rate.time_for(parts), TimeDelta::seconds(seconds), "{parts}");
        }
    }

    #[test]
    fn a_slow_counter_delays_and_never_lets_two_messages_go_at_once() {
        let (pacer, counter) =
            (Pacer::new(PartsPerSecond::new(10).unwrap()), Counter { takes: 700, ..Counter::default() });
        let (mut now, mut before) = (1_000_000, 0);
        for _ in 0..100 {
            let at = slot(&pacer, &counter, 4, now, 60_000).expect("the counter answers");
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
            let fleet = [(); 4].map(|()| Pacer::new(rate));
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
                    // Everything before the last message was paid for within the window.
                    prop_assert!(rate.milliseconds_for(parts) <= to - from, "{parts} parts in {} ms", to - from);
                    parts += last;
                }
            }
        }
    }
}
