//! One invocation's share in the life of messages: claims, marks, what to tell of them, and the drain.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;

use crate::ports::{Claimed, Clock, Due, DueRows, Enqueue, EventBus, Outbox, OutboxPorts, SendError, StoreError};
use domain::Outgoing;
use domain::event::Event;
use domain::notice::lifecycle::{Acceptance, Claim, LEASE, Outcome};
use domain::notice::retry;

/// Messages under way at once in one sender. Their I/O overlaps.
pub(super) const AT_ONCE: usize = 16;
/// How often an idle sender looks for messages that became due.
pub(super) const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);
/// How often a mark is tried before it is left to the next claim, which sends the message again.
const COMPLETE_TRIES: u32 = 5;
/// Between two tries to complete a row.
const A_MOMENT: TimeDelta = TimeDelta::milliseconds(500);

/// What one run did, for its log line and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were accepted.
    pub sent: u32,
    /// SMS segments of them.
    pub parts: u32,
    /// Messages refused for good, or given up.
    pub failed: u32,
    /// Messages no longer true.
    pub cancelled: u32,
    /// Apologies past their day.
    pub expired: u32,
    /// Messages left pending: no budget, outside the window, not accepted this time.
    pub deferred: u32,
    /// Outcomes unknown; taken over when the lease runs out.
    pub in_doubt: u32,
    /// Messages that SNS or a gateway would not take from us: it was not asked further in this run.
    pub refused: u32,
    /// How long the longest due message had been waiting when a drain first looked, in seconds.
    pub oldest_due_seconds: u32,
    /// Rows of the index that can never be claimed: their state contradicts it, or they cannot be read.
    pub unclaimable: u32,
    /// Events that the bus did not take.
    pub events_dropped: u32,
    /// How often the rate limiter's counter was set back from the far future.
    pub counter_resets: u32,
}

/// How far one message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The outbox had it already, or somebody else has it.
    NotOurs,
    /// It can never be claimed.
    Unclaimable,
    /// It is not known: the outbox could not be asked.
    OutOfReach,
    /// It stays pending.
    Deferred,
    /// It reached a final state.
    Finished,
    /// The outcome is unknown.
    InDoubt,
}

/// What a drain works on.
pub(super) trait DueQueue: Sync {
    /// Whether more may be begun.
    fn is_open(&self) -> bool;
    /// How many messages may be under way at once.
    fn at_once(&self) -> usize;
    /// Messages that may be claimed before the run is over: of the most urgent priority that has any to work on now.
    fn due(&self, passed: &Passed) -> impl Future<Output = Result<DueRows, StoreError>> + Send;
    /// Takes one and sends it, if it is still to be sent.
    fn on_due(&self, id: &Outgoing) -> impl Future<Output = Result<Progress, StoreError>> + Send;
}

/// What a drain passes over: rows that can never be claimed, and rows that were not ours when it last asked.
#[derive(Debug, Default)]
pub(super) struct Passed {
    unclaimable: HashSet<Outgoing>,
    not_ours: HashMap<Outgoing, DateTime<Utc>>,
    /// How many rows a look at the index could not read, at the most.
    unreadable: u32,
}

impl Passed {
    /// How many rows of the index may come before one to work on.
    pub fn len(&self) -> usize {
        self.unclaimable.len() + self.not_ours.len()
    }

    /// Whether a row counts at all.
    pub fn counts(&self, due: &Due) -> bool {
        !self.unclaimable.contains(&due.id)
    }

    /// Whether a row is worth claiming now.
    pub fn is_workable(&self, due: &Due, now: DateTime<Utc>) -> bool {
        due.due_at <= now && self.counts(due) && self.not_ours.get(&due.id) != Some(&due.due_at)
    }

    fn note(&mut self, due: &Due, progress: Progress) {
        match progress {
            Progress::Unclaimable => drop(self.unclaimable.insert(due.id.clone())),
            // One that cannot be claimed for any other reason must not keep the others waiting either.
            Progress::NotOurs | Progress::OutOfReach => drop(self.not_ours.insert(due.id.clone(), due.due_at)),
            _ => {}
        }
    }
}

/// One invocation's deliveries.
pub struct Run<'a, P> {
    pub(super) ports: &'a P,
    pub(super) until: DateTime<Utc>,
    /// Unique to this invocation.
    name: String,
    claims: AtomicU64,
    tally: Mutex<Tally>,
    events: Mutex<Vec<Event>>,
}

impl<'a, P: OutboxPorts> Run<'a, P> {
    /// Under the request id `request`; no message is begun after `until`.
    pub(super) fn begin(ports: &'a P, request: &str, until: DateTime<Utc>) -> Self {
        Self {
            ports,
            until,
            // Lambda's own retry comes with the same request id; an owner must never be taken for its predecessor.
            name: format!("{request}@{}", ports.clock().now().timestamp_millis()),
            claims: AtomicU64::new(0),
            tally: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// Owes a message and claims it in the same write. None where the outbox had it.
    pub(super) async fn enqueue_and_claim(&self, id: &Outgoing) -> Result<Option<Claim>, StoreError> {
        let now = self.now();
        let claim = Claim { id: id.clone(), owner: self.next_owner(), lease_until: now + LEASE, attempts: 1 };
        let put = self.ports.outbox().enqueue(id, Enqueue::Claimed(claim.clone()), now).await?;
        Ok(put.then_some(claim))
    }

    /// Owes a message to be sent by a drain, from `due_at` on.
    pub(super) async fn enqueue(&self, id: &Outgoing, due_at: DateTime<Utc>) -> Result<Progress, StoreError> {
        if self.ports.outbox().enqueue(id, Enqueue::Pending { due_at }, self.now()).await? {
            Ok(self.count(Progress::Deferred, |tally| tally.deferred += 1))
        } else {
            Ok(Progress::NotOurs)
        }
    }

    /// Claims a message that is due; without a claim, how far it came.
    pub(super) async fn claim(&self, id: &Outgoing) -> Result<Result<Claim, Progress>, StoreError> {
        let claim = match self.ports.outbox().claim(id, self.next_owner(), self.now()).await? {
            Claimed::Granted(claim) => claim,
            Claimed::Taken => return Ok(Err(Progress::NotOurs)),
            Claimed::Contradictory(state) => {
                tracing::error!(
                    message = %id, state,
                    "a row of the index `open` can never be claimed: its state was edited, and due_at and open_lane were left"
                );
                return Ok(Err(self.count(Progress::Unclaimable, |tally| tally.unclaimable += 1)));
            }
        };
        if claim.attempts > retry::MAX_ATTEMPTS {
            let reason = format!("given up after {} attempts", claim.attempts - 1);
            return Ok(Err(self.complete(&claim, Outcome::Failed(reason)).await));
        }
        Ok(Ok(claim))
    }

    /// Works on what is due until nothing more comes due or the time is up. Where nothing is due at first, it looks again
    /// for `patience`.
    pub(super) async fn drain(&self, queue: &impl DueQueue, patience: TimeDelta) -> Result<(), StoreError> {
        let mut passed = Passed::default();
        let drained = self.work_off(queue, &mut passed, self.now() + patience).await;
        self.count((), |tally| tally.unclaimable += passed.unreadable);
        drained
    }

    async fn work_off(
        &self,
        queue: &impl DueQueue,
        passed: &mut Passed,
        look_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        while queue.is_open() {
            let (due, ()) = futures::join!(queue.due(passed), self.publish_events());
            let (DueRows { due, unreadable }, now) = (due?, self.now());
            passed.unreadable = passed.unreadable.max(unreadable);
            let Some(first) = due.iter().map(|due| due.due_at).min() else {
                if now >= look_until {
                    break;
                }
                self.ports.clock().sleep_until((now + LOOK_AGAIN).min(look_until)).await;
                continue;
            };
            self.note_waiting(now - first);
            let workable: Vec<&Due> = due.iter().filter(|due| passed.is_workable(due, now)).collect();
            if workable.is_empty() {
                let next = due.iter().map(|due| due.due_at).filter(|due_at| *due_at > now).min().unwrap_or(self.until);
                self.ports.clock().sleep_until(next.min(now + LOOK_AGAIN).min(self.until)).await;
                passed.not_ours.clear();
                continue;
            }
            if !self.work_on(queue, &workable, passed).await {
                self.ports.clock().sleep_until(now + LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Takes what is due. False where the outbox could not be asked about any of it.
    async fn work_on(&self, queue: &impl DueQueue, due: &[&Due], passed: &mut Passed) -> bool {
        let mut within_reach = false;
        let mut ended = futures::stream::iter(due.iter())
            .map(async |due| (*due, on_due_alone(queue, &due.id).await))
            .buffer_unordered(queue.at_once());
        while let Some((due, progress)) = ended.next().await {
            passed.note(due, progress);
            within_reach |= progress != Progress::OutOfReach;
        }
        within_reach
    }

    /// Marks what a sender answered.
    pub(super) async fn mark(&self, claim: &Claim, answer: Result<Acceptance, SendError>) -> Progress {
        let outcome = match answer {
            Ok(receipt) => Outcome::Sent(receipt),
            Err(SendError::NotSent(reason)) => self.try_later(claim, reason),
            Err(SendError::Refused(reason)) => Outcome::Failed(reason),
            Err(SendError::WrongNumber(reason)) => Outcome::WrongNumber(reason),
            Err(SendError::Unauthorised(reason)) => {
                self.count((), |tally| tally.refused += 1);
                self.retry_uncounted(reason, retry::PAUSE_AFTER_REFUSAL)
            }
            Err(SendError::Unknown(reason)) => {
                tracing::warn!(message = %claim.id, reason, "a message may or may not have been sent; it is sent again when its lease runs out");
                return self.count(Progress::InDoubt, |tally| tally.in_doubt += 1);
            }
        };
        self.complete(claim, outcome).await
    }

    /// Marks that what the message is made of (`what`) could not be read.
    pub(super) async fn complete_unreadable(&self, claim: &Claim, what: &'static str, error: &StoreError) -> Progress {
        tracing::error!(message = %claim.id, error = error as &dyn Error, "a message's {what} could not be read");
        let outcome = match error {
            StoreError::Unreadable { why, .. } => Outcome::Failed(format!("the {what} cannot be read: {why}")),
            StoreError::Unavailable { .. } => self.try_later(claim, format!("the {what} was out of reach")),
        };
        self.complete(claim, outcome).await
    }

    /// Back to pending with a growing pause, or failed where the attempts are used up.
    pub(super) fn try_later(&self, claim: &Claim, reason: String) -> Outcome {
        if claim.attempts >= retry::MAX_ATTEMPTS {
            return Outcome::Failed(format!("given up after {} attempts: {reason}", claim.attempts));
        }
        let due_at = self.now() + retry::pause(claim.attempts, jitter(claim));
        Outcome::NotSent { due_at, counted: true, reason }
    }

    /// Back to pending through no fault of the message.
    pub(super) fn retry_uncounted(&self, reason: String, pause: TimeDelta) -> Outcome {
        Outcome::NotSent { due_at: self.now() + pause, counted: false, reason }
    }

    /// Marks the outcome. A mark that fails is tried again for a few seconds: a message that was sent and not marked
    /// would be sent twice.
    pub(super) async fn complete(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let outbox = self.ports.outbox();
        let mut completed = outbox.complete(claim, &outcome, self.now()).await;
        for _ in 1..COMPLETE_TRIES {
            if completed.is_ok() {
                break;
            }
            self.ports.clock().sleep_until(self.now() + A_MOMENT).await;
            completed = outbox.complete(claim, &outcome, self.now()).await;
        }
        match completed {
            Ok(true) => self.completed(claim, outcome),
            Ok(false) => {
                tracing::warn!(message = %claim.id, transition = ?outcome.transition(), "a claim was taken over before its outcome was marked");
                Progress::NotOurs
            }
            Err(error) => {
                tracing::error!(message = %claim.id, transition = ?outcome.transition(), error = &error as &dyn Error, "a message's outcome could not be marked");
                self.count(Progress::InDoubt, |tally| tally.in_doubt += 1)
            }
        }
    }

    fn completed(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let message = (&claim.id).into();
        let attempts = claim.attempts;
        tracing::info!(message = %claim.id, attempts, outcome = ?outcome, "a message changed its state");
        let (event, count): (_, fn(&mut Tally)) = match outcome {
            Outcome::NotSent { .. } => return self.count(Progress::Deferred, |tally| tally.deferred += 1),
            Outcome::Sent(Acceptance { parts, .. }) => {
                self.count((), |tally| tally.parts += parts);
                (Event::MessageSent { message, parts, attempts }, |tally| tally.sent += 1)
            }
            Outcome::Failed(reason) | Outcome::WrongNumber(reason) => {
                (Event::MessageFailed { message, reason, attempts }, |tally| tally.failed += 1)
            }
            Outcome::Cancelled(reason) | Outcome::NoMobile(reason) => {
                (Event::MessageCancelled { message, reason }, |tally| tally.cancelled += 1)
            }
            Outcome::Expired => {
                (Event::MessageExpired { message, reason: "the appointment day is past" }, |tally| tally.expired += 1)
            }
        };
        self.announce(event);
        self.count(Progress::Finished, count)
    }

    /// Keeps an event until there is time to publish it.
    pub(super) fn announce(&self, event: Event) {
        self.events.lock().expect("no panic holds it").push(event);
    }

    /// Publishes what happened, and tells what was done.
    pub(super) async fn finish(self) -> Tally {
        self.publish_events().await;
        self.tally()
    }

    /// What was done so far.
    pub(super) fn tally(&self) -> Tally {
        *self.tally.lock().expect("no panic holds it")
    }

    async fn publish_events(&self) {
        let events = std::mem::take(&mut *self.events.lock().expect("no panic holds it"));
        if !events.is_empty() {
            let dropped = self.ports.events().publish(&events).await;
            self.count((), |tally| tally.events_dropped += dropped);
        }
    }

    /// The time is up.
    pub(super) fn is_over(&self) -> bool {
        self.now() >= self.until
    }

    fn note_waiting(&self, waited: TimeDelta) {
        let seconds = waited.num_seconds().try_into().unwrap_or(0);
        self.count((), |tally| tally.oldest_due_seconds = tally.oldest_due_seconds.max(seconds));
    }

    pub(super) fn count<T>(&self, result: T, count: impl FnOnce(&mut Tally)) -> T {
        count(&mut self.tally.lock().expect("no panic holds it"));
        result
    }

    fn next_owner(&self) -> String {
        format!("{}/{}", self.name, self.claims.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.ports.clock().now()
    }
}

/// One message's trouble with a store does not stop the others.
async fn on_due_alone(queue: &impl DueQueue, id: &Outgoing) -> Progress {
    if !queue.is_open() {
        return Progress::Deferred;
    }
    match queue.on_due(id).await {
        Ok(progress) => progress,
        Err(error) => {
            tracing::error!(message = %id, error = &error as &dyn Error, "a due message could not be claimed");
            Progress::OutOfReach
        }
    }
}

/// 0.0 to 1.0, different for every claim.
fn jitter(claim: &Claim) -> f64 {
    let mut hasher = DefaultHasher::new();
    claim.owner.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
