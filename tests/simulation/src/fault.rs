//! Faults: any call to the world can fail before or after it took effect, time out, or be the handler's last.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

/// What goes wrong at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It fails and did nothing.
    Before,
    /// It took effect, and the reply is lost.
    After,
    /// Nothing is heard for a long time; it did nothing.
    TimeOut,
    /// The sandbox crashes before it.
    DieBefore,
    /// The sandbox crashes after it.
    DieAfter,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Before, Self::After, Self::TimeOut, Self::DieBefore, Self::DieAfter];

    /// Whether the caller can know that nothing happened.
    pub fn is_definite(self) -> bool {
        self == Self::Before
    }
}

/// How a call ended.
pub(crate) enum Fate<T> {
    /// With its result.
    Done(T),
    /// It failed, and the caller may know that nothing happened.
    NotDone,
    /// It failed, and the caller cannot know whether it took effect.
    Lost,
}

/// The faults of one schedule: the call's number, counted over all functions, and what goes wrong there.
#[derive(Debug)]
pub struct Faults {
    plan: HashMap<usize, Fault>,
    round_trip: Duration,
    outage: Option<Outage>,
    seen: Mutex<Seen>,
    death: tokio::sync::Notify,
}

/// A time in which every so-manyth call fails and does nothing.
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

/// What a round trip costs where nothing else is said.
pub const ROUND_TRIP: Duration = Duration::from_millis(5);
const NOTHING_HEARD: Duration = Duration::from_secs(12);

impl Faults {
    /// None at all.
    pub fn none() -> Self {
        Self {
            plan: HashMap::new(),
            round_trip: ROUND_TRIP,
            outage: None,
            seen: Mutex::default(),
            death: tokio::sync::Notify::new(),
        }
    }

    /// These.
    pub fn at(plan: impl IntoIterator<Item = (usize, Fault)>) -> Self {
        Self { plan: plan.into_iter().collect(), ..Self::none() }
    }

    /// None, but every call takes that long.
    pub fn slow(round_trip: Duration) -> Self {
        Self { round_trip, ..Self::none() }
    }

    /// Every call fails for `length`, from `after` from now on.
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
        self.seen.lock().expect("no panic holds it").calls
    }

    /// Faults that struck so far.
    pub fn injected(&self) -> Vec<Fault> {
        self.seen.lock().expect("no panic holds it").injected.clone()
    }

    /// Resolves when the sandbox crashes.
    pub async fn death(&self) {
        self.death.notified().await;
    }

    pub(crate) async fn call<T>(&self, effect: impl FnOnce() -> T) -> Fate<T> {
        tokio::time::sleep(self.round_trip).await;
        let fault = {
            let mut seen = self.seen.lock().expect("no panic holds it");
            let refused = self.outage.as_ref().filter(|outage| outage.strikes(seen.calls)).map(|_| Fault::Before);
            let fault = self.plan.get(&seen.calls).copied().or(refused);
            seen.calls += 1;
            seen.injected.extend(fault);
            fault
        };
        match fault {
            None => Fate::Done(effect()),
            Some(Fault::Before) => Fate::NotDone,
            Some(Fault::After) => {
                effect();
                Fate::Lost
            }
            Some(Fault::TimeOut) => {
                tokio::time::sleep(NOTHING_HEARD).await;
                Fate::Lost
            }
            Some(Fault::DieBefore) => self.die().await,
            Some(Fault::DieAfter) => {
                effect();
                self.die().await
            }
        }
    }

    async fn die<T>(&self) -> T {
        self.death.notify_one();
        std::future::pending().await
    }
}
