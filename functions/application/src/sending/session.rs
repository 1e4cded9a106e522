//! What notices and replies share in one invocation: enqueue, claim, complete, publish events.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::tally::{Progress, Tally};
use crate::locked;
use crate::ports::{Claimed, Clock, Enqueue, EventBus, Outbox, OutboxPorts, SendError, StoreError};
use domain::Outgoing;
use domain::event::Event;
use domain::notice::ended::GIVEN_UP;
use domain::notice::lifecycle::{Acceptance, Claim, LEASE, Outcome};
use domain::notice::retry;

/// Messages, or receipts, in progress at once in one invocation. Their I/O overlaps.
pub(super) const AT_ONCE: usize = 16;
/// How often the write of an outcome is tried. After that the next claim sends the message again.
const COMPLETE_TRIES: u32 = 5;
/// The pause between two tries to complete a row.
const COMPLETE_PAUSE: TimeDelta = TimeDelta::milliseconds(500);

/// The result of an attempt to claim a message.
pub(super) enum Claiming {
    Granted(Claim),
    /// This sender must not send it.
    Ended(Progress),
}

/// One invocation that sends messages.
pub struct Session<'a, P> {
    pub(super) ports: &'a P,
    pub(super) until: DateTime<Utc>,
    /// Unique to this invocation.
    name: String,
    claims: AtomicU64,
    tally: Mutex<Tally>,
    events: Mutex<Vec<Event>>,
}

impl<'a, P: OutboxPorts> Session<'a, P> {
    /// With the request id `request`. No message is started after `until`.
    pub(super) fn begin(ports: &'a P, request: &str, until: DateTime<Utc>) -> Self {
        Self {
            ports,
            until,
            // Lambda's own retry has the same request id, but each owner must be unique.
            name: format!("{request}@{}", ports.clock().now().timestamp_millis()),
            claims: AtomicU64::new(0),
            tally: Mutex::default(),
            events: Mutex::default(),
        }
    }

    /// Enqueues a message and claims it in the same write. None if the outbox already had it.
    pub(super) async fn enqueue_and_claim(&self, id: &Outgoing) -> Result<Option<Claim>, StoreError> {
        let now = self.now();
        let claim = Claim { id: id.clone(), owner: self.next_owner(), lease_until: now + LEASE, attempts: 1 };
        let put = self.ports.outbox().enqueue(id, Enqueue::Claimed(claim.clone()), now).await?;
        Ok(put.then_some(claim))
    }

    /// Enqueues a message for the sender, due at `due_at`.
    pub(super) async fn enqueue(&self, id: &Outgoing, due_at: DateTime<Utc>) -> Result<Progress, StoreError> {
        if self.ports.outbox().enqueue(id, Enqueue::Pending { due_at }, self.now()).await? {
            Ok(self.count(Progress::Deferred, |tally| tally.deferred += 1))
        } else {
            Ok(Progress::AlreadyEnqueued)
        }
    }

    /// Claims a message that is due. Without a claim, returns the progress.
    pub(super) async fn claim(&self, id: &Outgoing) -> Result<Claiming, StoreError> {
        let claim = match self.ports.outbox().claim(id, self.next_owner(), self.now()).await? {
            Claimed::Granted(claim) => claim,
            Claimed::Taken => return Ok(Claiming::Ended(Progress::Taken)),
            Claimed::Contradictory(state) => {
                tracing::error!(
                    outgoing = %id, state,
                    "a row of the index `open` can never be claimed: its state was edited, and due_at and open_priority were left"
                );
                return Ok(Claiming::Ended(self.count(Progress::Unclaimable, |tally| tally.unclaimable += 1)));
            }
        };
        if claim.attempts > retry::MAX_ATTEMPTS {
            let reason = format!("{GIVEN_UP} {} attempts", claim.attempts - 1);
            return Ok(Claiming::Ended(self.complete(&claim, Outcome::Failed(reason)).await));
        }
        Ok(Claiming::Granted(claim))
    }

    /// Writes the outcome that corresponds to an answer.
    pub(super) async fn complete_as(&self, claim: &Claim, answer: Result<Acceptance, SendError>) -> Progress {
        let outcome = match answer {
            Ok(acceptance) => Outcome::Sent(acceptance),
            Err(SendError::NotSent(reason)) => {
                self.count((), |tally| tally.not_accepted += 1);
                self.try_later(claim, reason)
            }
            Err(SendError::Refused(reason)) => Outcome::Failed(reason),
            Err(SendError::WrongNumber(reason)) => Outcome::WrongNumber(reason),
            Err(SendError::Unauthorised(reason)) => {
                self.count((), |tally| tally.refused += 1);
                self.retry_uncounted(reason, retry::PAUSE_AFTER_REFUSAL)
            }
            Err(SendError::Unknown(reason)) => {
                tracing::warn!(outgoing = %claim.id, reason, "a message may or may not have been sent; it is sent again when its lease runs out");
                return self.count(Progress::InDoubt, |tally| {
                    tally.not_accepted += 1;
                    tally.in_doubt += 1;
                });
            }
        };
        self.complete(claim, outcome).await
    }

    /// Writes that the message's source (`what`) could not be read.
    pub(super) async fn complete_unreadable(&self, claim: &Claim, what: &'static str, error: &StoreError) -> Progress {
        tracing::error!(outgoing = %claim.id, error = error as &dyn Error, "a message's {what} could not be read");
        let outcome = match error {
            StoreError::Unreadable { why, .. } => Outcome::Failed(format!("the {what} cannot be read: {why}")),
            StoreError::Unavailable { .. } => self.try_later(claim, format!("the {what} was unavailable")),
        };
        self.complete(claim, outcome).await
    }

    /// Back to pending with a growing pause, or failed if the attempts are used up.
    pub(super) fn try_later(&self, claim: &Claim, reason: String) -> Outcome {
        if claim.attempts >= retry::MAX_ATTEMPTS {
            return Outcome::Failed(format!("{GIVEN_UP} {} attempts: {reason}", claim.attempts));
        }
        let due_at = self.now() + retry::pause(claim.attempts, jitter(claim));
        Outcome::NotSent { due_at, counted: true, reason }
    }

    /// Back to pending without counting the attempt: the cause is not in the message.
    pub(super) fn retry_uncounted(&self, reason: String, pause: TimeDelta) -> Outcome {
        Outcome::NotSent { due_at: self.now() + pause, counted: false, reason }
    }

    /// Writes the outcome. A failed write is tried again for a few seconds: a message that was sent but not completed
    /// would be sent twice.
    pub(super) async fn complete(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let outbox = self.ports.outbox();
        let mut completed = outbox.complete(claim, &outcome, self.now()).await;
        for _ in 1..COMPLETE_TRIES {
            if completed.is_ok() {
                break;
            }
            self.ports.clock().sleep_until(self.now() + COMPLETE_PAUSE).await;
            completed = outbox.complete(claim, &outcome, self.now()).await;
        }
        match completed {
            Ok(true) => self.completed(claim, outcome),
            Ok(false) => {
                tracing::warn!(outgoing = %claim.id, state = %outcome.state(), "a claim was taken over before its row was completed");
                Progress::Taken
            }
            Err(error) => {
                tracing::error!(outgoing = %claim.id, state = %outcome.state(), error = &error as &dyn Error, "a message's row could not be completed");
                self.count(Progress::InDoubt, |tally| tally.in_doubt += 1)
            }
        }
    }

    fn completed(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let message = (&claim.id).into();
        let attempts = claim.attempts;
        tracing::info!(outgoing = %claim.id, attempts, outcome = ?outcome, "a message changed its state");
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

    /// Keeps an event until it is published.
    pub(super) fn announce(&self, event: Event) {
        locked(&self.events).push(event);
    }

    /// Publishes the events and returns the tally.
    pub(super) async fn finish(self) -> Tally {
        self.publish_events().await;
        self.tally()
    }

    pub(super) fn tally(&self) -> Tally {
        *locked(&self.tally)
    }

    pub(super) async fn publish_events(&self) {
        let events = std::mem::take(&mut *locked(&self.events));
        if !events.is_empty() {
            let dropped = self.ports.events().publish(&events).await;
            self.count((), |tally| tally.events_dropped += dropped);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.now() >= self.until
    }

    pub(super) fn note_waiting(&self, waited: TimeDelta) {
        let seconds = waited.num_seconds().try_into().unwrap_or(0);
        self.count((), |tally| tally.oldest_due_seconds = tally.oldest_due_seconds.max(seconds));
    }

    pub(super) fn count<T>(&self, result: T, count: impl FnOnce(&mut Tally)) -> T {
        count(&mut locked(&self.tally));
        result
    }

    fn next_owner(&self) -> String {
        format!("{}/{}", self.name, self.claims.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.ports.clock().now()
    }
}

/// From 0.0 to 1.0, different for every claim.
fn jitter(claim: &Claim) -> f64 {
    let mut hasher = DefaultHasher::new();
    claim.owner.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
