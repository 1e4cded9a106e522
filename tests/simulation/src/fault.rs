//! Faults: any call to the world can fail before or after it took effect, time out, or crash the sandbox.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use application::locked;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The call fails without effect.
    Before,
    /// The call takes effect, but its reply is lost.
    After,
    /// No reply for a long time; the call has no effect.
    TimeOut,
    /// The sandbox crashes before the call.
    CrashBefore,
    /// The sandbox crashes after the call.
    CrashAfter,
}

impl Fault {
    pub const ALL: [Self; 5] = [Self::Before, Self::After, Self::TimeOut, Self::CrashBefore, Self::CrashAfter];

    /// Whether the caller can know that nothing happened.
    pub fn is_definite(self) -> bool {
        self == Self::Before
    }
}

/// The result of a call.
pub(crate) enum CallResult<T> {
    Done(T),
    /// It failed, and the caller may know that it had no effect.
    NotDone,
    /// It failed, and the caller cannot know whether it had an effect.
    Lost,
}

/// The faults of one schedule: the number of a call, counted over all functions, and its fault.
#[derive(Debug)]
pub struct Faults {
    plan: HashMap<usize, Fault>,
    round_trip: Duration,
    outage: Option<Outage>,
    seen: Mutex<Seen>,
    crashed: tokio::sync::Notify,
}

/// A period in which one of `every` calls fails without effect.
#[derive(Debug)]
struct Outage {
    from: tokio::time::Instant,
    to: tokio::time::Instant,
    every: usize,
}

impl Outage {
    fn strikes(&self, call: usize) -> bool {
        (self.from..self.to).contains(&tokio::time::Instant::now()) && call.is_multiple_of(self.every)
    }
}

#[derive(Debug, Default)]
struct Seen {
    calls: usize,
    injected: Vec<Fault>,
}

/// The default duration of a round trip.
pub const ROUND_TRIP: Duration = Duration::from_millis(5);
const TIME_OUT: Duration = Duration::from_secs(12);

impl Faults {
    pub fn none() -> Self {
        Self {
            plan: HashMap::new(),
            round_trip: ROUND_TRIP,
            outage: None,
            seen: Mutex::default(),
            crashed: tokio::sync::Notify::new(),
        }
    }

    pub fn at(plan: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self { plan: plan.into_iter().collect(), ..Self::none() }
    }

    /// No faults, but every call takes that long.
    pub fn slow(round_trip: Duration) -> Self {
        Self { round_trip, ..Self::none() }
    }

    /// Every call fails for `length`, beginning `after` from now.
    pub fn outage(after: Duration, length: Duration) -> Self {
        let from = tokio::time::Instant::now() + after;
        Self { outage: Some(Outage { from, to: from + length, every: 1 }), ..Self::none() }
    }

    /// One call of `every` is refused for `length` from now on: throttling.
    pub fn throttling(length: Duration, every: usize) -> Self {
        let from = tokio::time::Instant::now();
        Self { outage: Some(Outage { from, to: from + length, every }), ..Self::none() }
    }

    /// Calls made so far.
    pub fn calls(&self) -> usize {
        locked(&self.seen).calls
    }

    /// Faults so far.
    pub fn injected(&self) -> Vec<Fault> {
        locked(&self.seen).injected.clone()
    }

    /// Resolves when the sandbox crashes.
    pub async fn crashed(&self) {
        self.crashed.notified().await;
    }

    pub(crate) async fn call<T>(&self, effect: impl FnOnce() -> T) -> CallResult<T> {
        tokio::time::sleep(self.round_trip).await;
        let fault = {
            let mut seen = locked(&self.seen);
            let refused = self.outage.as_ref().filter(|outage| outage.strikes(seen.calls)).map(|_| Fault::Before);
            let fault = self.plan.get(&seen.calls).copied().or(refused);
            seen.calls += 1;
            seen.injected.extend(fault);
            fault
        };
        match fault {
            None => CallResult::Done(effect()),
            Some(Fault::Before) => CallResult::NotDone,
            Some(Fault::After) => {
                effect();
                CallResult::Lost
            }
            Some(Fault::TimeOut) => {
                tokio::time::sleep(TIME_OUT).await;
                CallResult::Lost
            }
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::CrashAfter) => {
                effect();
                self.crash().await
            }
        }
    }

    async fn crash<T>(&self) -> T {
        self.crashed.notify_one();
        std::future::pending().await
    }
}
