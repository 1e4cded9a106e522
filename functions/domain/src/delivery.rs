//! How a notice is delivered: owe, claim, look again, wait for the budget, publish, mark.
//!
//! The order is the promise. *Owe before you send*: once its row exists, a notice cannot be lost. *Claim before you
//! send*: nobody else sends it while the lease lasts. What is in doubt after a crash or a time-out is sent again when
//! the lease runs out: one duplicate, never a loss.

use std::error::Error;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;

use crate::budget::{Pacer, PartsPerSecond};
use crate::calendar::day_in_vietnam;
use crate::event::Event;
use crate::lifecycle::{Claim, LEASE, Outcome, Receipt};
use crate::notice::Priority;
use crate::owed::{StillTrue, still_true};
use crate::ports::{
    Clock, DossierStore, DrainTurn, Due, EventBus, Ledger, Owe, Ports, SendError, SmsSender, StoreError,
};
use crate::sending_window::SendingWindow;
use crate::sms::{Accents, Sms};
use crate::{ClosedSteps, Dossier, NoticeId, retry, texts};

/// What the stack's parameters say about notices.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Parameter `ClosedSteps`.
    pub closed_steps: ClosedSteps,
    /// Parameter `OfficeName`.
    pub office: String,
    /// Parameter `SmsAccents`.
    pub accents: Accents,
    /// Parameter `SendingWindow`; always open with Stage=local.
    pub window: SendingWindow,
    /// Parameter `SmsPartsPerSecond`.
    pub rate: PartsPerSecond,
}

/// Notices under way at once in one sender. Their I/O overlaps; the budget sets the pace.
const AT_ONCE: usize = 16;
/// How long a page of notices keeps a sender, in seconds, before it looks for more urgent ones.
const FEW_SECONDS: usize = 3;
/// How often an idle sender looks for notices that became due.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);
/// How often a mark is tried before it is left to the next claim.
const MARK_TRIES: u32 = 3;
/// Between two tries of a mark, and between a drain's two askings for its turn.
const A_MOMENT: TimeDelta = TimeDelta::milliseconds(500);

/// The delivery of notices in one sandbox, over many invocations.
pub struct Delivery<P> {
    ports: P,
    terms: Terms,
    pacer: Pacer,
}

impl<P: Ports> Delivery<P> {
    /// Nothing is sent until a [`Run`] is begun.
    pub fn new(ports: P, terms: Terms) -> Self {
        let pacer = Pacer::new(terms.rate);
        Self { ports, terms, pacer }
    }

    /// The world.
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// The stack's parameters.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// One invocation's work under the request id `request`; no message is begun after `until`, nor after the sending
    /// window closes.
    pub fn run(&self, request: &str, until: DateTime<Utc>) -> Run<'_, P> {
        let now = self.ports.clock().now();
        Run {
            delivery: self,
            // Lambda's own retry comes with the same request id; an owner must never be taken for its predecessor.
            name: format!("{request}@{}", now.timestamp_millis()),
            until: self.terms.window.next_close(now).map_or(until, |closes| closes.min(until)),
            claims: AtomicU64::new(0),
            refused: AtomicBool::new(false),
            tally: Mutex::default(),
            events: Mutex::default(),
        }
    }
}

/// What one run did, for its log line and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Notices SNS accepted.
    pub sent: u32,
    /// SMS segments of them.
    pub parts: u32,
    /// Notices refused for good, or given up.
    pub failed: u32,
    /// Notices no longer true.
    pub cancelled: u32,
    /// Apologies past their day.
    pub expired: u32,
    /// Notices left pending: no budget, outside the window, not accepted this time.
    pub deferred: u32,
    /// Outcomes unknown; taken over when the lease runs out.
    pub in_doubt: u32,
    /// SNS refused our authorisation: the run stopped sending.
    pub refused: u32,
    /// How long the longest due notice had been waiting when a drain first looked, in seconds.
    pub oldest_due_seconds: u32,
}

impl Tally {
    fn note_oldest(&mut self, waited: TimeDelta) {
        self.oldest_due_seconds = self.oldest_due_seconds.max(waited.num_seconds().try_into().unwrap_or(0));
    }
}

/// How far one notice came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The ledger had it already, or somebody else has it.
    NotOurs,
    /// It stays pending.
    Deferred,
    /// It reached a final state.
    Finished,
    /// The outcome is unknown.
    InDoubt,
}

/// One invocation's deliveries. [`Run::finish`] ends it.
pub struct Run<'a, P> {
    delivery: &'a Delivery<P>,
    name: String,
    until: DateTime<Utc>,
    claims: AtomicU64,
    refused: AtomicBool,
    tally: Mutex<Tally>,
    events: Mutex<Vec<Event>>,
}

impl<P: Ports> Run<'_, P> {
    /// Owes a notice that `dossier` has just come to owe, and sends it at once where it may go at once.
    ///
    /// An error means that the notice may not be in the ledger: the change must be delivered to us again.
    pub async fn on_change(&self, id: &NoticeId, dossier: &Dossier) -> Result<Progress, StoreError> {
        let now = self.now();
        if self.is_over() || !self.delivery.terms.window.is_open(now) {
            return self.owe_when_open(id).await;
        }
        let claim = Claim { id: id.clone(), owner: self.next_owner(), lease_until: now + LEASE, attempts: 1 };
        if !self.ledger().owe(id, Owe::Claimed(claim.clone()), now).await? {
            return Ok(Progress::NotOurs);
        }
        Ok(self.publish(claim, dossier).await)
    }

    /// Owes a notice to be sent by a drain, as soon as the window is open.
    pub async fn owe_when_open(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        let due_at = self.delivery.terms.window.next_open(self.now());
        if self.ledger().owe(id, Owe::Pending { due_at }, self.now()).await? {
            Ok(self.count(Progress::Deferred, |tally| tally.deferred += 1))
        } else {
            Ok(Progress::NotOurs)
        }
    }

    /// Takes a notice that is due and sends it, if it is still true.
    pub async fn on_due(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        let Some(claim) = self.ledger().claim(id, self.next_owner(), self.now()).await? else {
            return Ok(Progress::NotOurs);
        };
        if claim.attempts > retry::MAX_ATTEMPTS {
            let reason = format!("given up after {} attempts", claim.attempts - 1);
            return Ok(self.settle(&claim, Outcome::Failed(reason)).await);
        }
        match self.look_again(id).await {
            Ok(Ok(dossier)) => Ok(self.publish(claim, &dossier).await),
            Ok(Err(outcome)) => Ok(self.settle(&claim, outcome).await),
            Err(error) => {
                tracing::error!(notice = %id, error = &error as &dyn Error, "a notice's dossier could not be read again");
                let outcome = match error {
                    StoreError::Unreadable { why, .. } => Outcome::Failed(format!("the dossier cannot be read: {why}")),
                    StoreError::Unavailable { .. } => self.try_later(&claim, "the dossier was out of reach".into()),
                };
                Ok(self.settle(&claim, outcome).await)
            }
        }
    }

    /// A claim that comes later than its change reads the dossier again: what is no longer true is not sent, and the
    /// phone is today's.
    async fn look_again(&self, id: &NoticeId) -> Result<Result<Dossier, Outcome>, StoreError> {
        let (dossier, superseded) =
            futures::try_join!(self.ports().dossiers().get(&id.receipt_code), self.ledger().is_superseded(id))?;
        let Some(dossier) = dossier else { return Ok(Err(Outcome::Cancelled("the dossier was removed"))) };
        if superseded {
            return Ok(Err(Outcome::Cancelled("a later revision owes the same notice")));
        }
        Ok(match still_true(&id.key, &dossier, day_in_vietnam(self.now()), &self.delivery.terms.closed_steps) {
            StillTrue::Yes => Ok(dossier),
            StillTrue::No(reason) => Err(Outcome::Cancelled(reason)),
            StillTrue::TooLate => Err(Outcome::Expired),
        })
    }

    /// Sends what is due, if it is this run's turn before `patience` is over. False where somebody else is at it.
    pub async fn drain_in_turn(&self, patience: TimeDelta) -> Result<bool, StoreError> {
        let turn = self.ports().turn();
        let latest = self.now() + patience;
        while !turn.take(&self.name, self.now(), self.until + LOOK_AGAIN).await? {
            if self.now() >= latest {
                return Ok(false);
            }
            self.clock().sleep_until(self.now() + A_MOMENT).await;
        }
        let drained = self.drain().await;
        turn.give_back(&self.name).await?;
        drained.map(|()| true)
    }

    /// Sends what is due, results and supplements before apologies, until nothing more comes due or the time is up.
    async fn drain(&self) -> Result<(), StoreError> {
        while !self.is_over() && self.delivery.terms.window.is_open(self.now()) {
            let (due, ()) = futures::join!(self.most_urgent(), self.publish_events());
            let due = due?;
            let now = self.now();
            let Some(first) = due.iter().map(|due| due.due_at).min() else { break };
            self.count((), |tally| tally.note_oldest(now - first));
            if first > now {
                self.clock().sleep_until(first.min(now + LOOK_AGAIN).min(self.until)).await;
                continue;
            }
            let ours = futures::stream::iter(due.iter().filter(|due| due.due_at <= now))
                .map(|due| self.on_due_alone(&due.id))
                .buffer_unordered(AT_ONCE)
                .filter(|progress| std::future::ready(*progress != Progress::NotOurs))
                .count()
                .await;
            if ours == 0 {
                self.clock().sleep_until(now + LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Notices that may be claimed before the run is over, of the first priority that has any. Few enough that news
    /// of a higher priority does not wait long behind them.
    async fn most_urgent(&self) -> Result<Vec<Due>, StoreError> {
        let limit = self.delivery.pacer.rate().parts_in(FEW_SECONDS).clamp(AT_ONCE, 500);
        let mut later = Vec::new();
        for priority in Priority::ALL {
            let due = self.ledger().due(priority, self.until, limit).await?;
            if due.iter().any(|due| due.due_at <= self.now()) {
                return Ok(due);
            }
            later.extend(due);
        }
        Ok(later)
    }

    /// One notice's trouble with a store does not stop the others.
    async fn on_due_alone(&self, id: &NoticeId) -> Progress {
        if self.is_over() {
            return Progress::NotOurs;
        }
        match self.on_due(id).await {
            Ok(progress) => progress,
            Err(error) => {
                tracing::error!(notice = %id, error = &error as &dyn Error, "a due notice could not be claimed");
                Progress::NotOurs
            }
        }
    }

    /// Publishes under a claim and marks the outcome. Whatever goes wrong from here on, the row exists.
    async fn publish(&self, claim: Claim, dossier: &Dossier) -> Progress {
        let Some(Ok(phone)) = dossier.mobile() else {
            return self.settle(&claim, Outcome::Cancelled("the dossier has no mobile number")).await;
        };
        let terms = &self.delivery.terms;
        let text = terms.accents.apply(texts::notice(&claim.id.key, dossier, &terms.office));
        let parts = Sms::new(&text).parts;
        if !self.wait_for_budget(parts).await || !claim.covers(self.now()) {
            let rest_of_run = (self.until - self.now()).max(TimeDelta::zero());
            let outcome = self.burning_no_attempt("no budget of SMS parts in this run".into(), rest_of_run);
            return self.settle(&claim, outcome).await;
        }
        let outcome = match self.ports().sms().send(&phone, &text).await {
            Ok(message_id) => {
                let phone = phone.as_e164().to_owned();
                Outcome::Sent(Receipt { message_id, phone, text, parts, sent_at: self.now() })
            }
            Err(SendError::NotSent(reason)) => self.try_later(&claim, reason),
            Err(SendError::Refused(reason)) => Outcome::Failed(reason),
            Err(SendError::Unauthorised(reason)) => {
                tracing::error!(
                    reason,
                    "SNS refuses to let us send: check the function's rights and the account's SMS settings"
                );
                self.refused.store(true, Ordering::Relaxed);
                self.count((), |tally| tally.refused += 1);
                self.burning_no_attempt(reason, retry::PAUSE_AFTER_REFUSAL)
            }
            Err(SendError::Unknown(reason)) => {
                tracing::warn!(notice = %claim.id, reason, "a notice may or may not have been sent; it is sent again when its lease runs out");
                return self.count(Progress::InDoubt, |tally| tally.in_doubt += 1);
            }
        };
        self.settle(&claim, outcome).await
    }

    /// Waits until the fleet's budget has room for `parts`; false where that is not before the run is over.
    async fn wait_for_budget(&self, parts: u32) -> bool {
        if self.is_over() {
            return false;
        }
        match self.delivery.pacer.slot(self.ports().budget(), self.clock(), parts, self.until).await {
            Ok(Some(slot)) => {
                self.clock().sleep_until(slot).await;
                !self.refused.load(Ordering::Relaxed)
            }
            Ok(None) => false,
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "the budget of SMS parts could not be asked");
                false
            }
        }
    }

    /// Back to pending with a growing pause, or failed where the attempts are used up.
    fn try_later(&self, claim: &Claim, reason: String) -> Outcome {
        if claim.attempts >= retry::MAX_ATTEMPTS {
            return Outcome::Failed(format!("given up after {} attempts: {reason}", claim.attempts));
        }
        let due_at = self.now() + retry::pause(claim.attempts, jitter(claim));
        Outcome::NotSent { due_at, counted: true, reason }
    }

    /// Back to pending through no fault of the notice.
    fn burning_no_attempt(&self, reason: String, pause: TimeDelta) -> Outcome {
        Outcome::NotSent { due_at: self.now() + pause, counted: false, reason }
    }

    /// Marks the outcome. A mark that fails is tried again for a few seconds: a message that was sent and not marked
    /// would be sent twice.
    async fn settle(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let mut settled = self.ledger().settle(claim, &outcome, self.now()).await;
        for _ in 1..MARK_TRIES {
            if settled.is_ok() {
                break;
            }
            self.clock().sleep_until(self.now() + A_MOMENT).await;
            settled = self.ledger().settle(claim, &outcome, self.now()).await;
        }
        match settled {
            Ok(true) => self.settled(claim, outcome),
            Ok(false) => {
                tracing::warn!(notice = %claim.id, step = ?outcome.step(), "a claim was taken over before its outcome was marked");
                Progress::NotOurs
            }
            Err(error) => {
                tracing::error!(notice = %claim.id, step = ?outcome.step(), error = &error as &dyn Error, "a notice's outcome could not be marked");
                self.count(Progress::InDoubt, |tally| tally.in_doubt += 1)
            }
        }
    }

    fn settled(&self, claim: &Claim, outcome: Outcome) -> Progress {
        let notice = (&claim.id).into();
        let attempts = claim.attempts;
        tracing::info!(notice = %claim.id, attempts, outcome = ?outcome, "a notice took a step");
        let (event, count): (_, fn(&mut Tally)) = match outcome {
            Outcome::NotSent { .. } => return self.count(Progress::Deferred, |tally| tally.deferred += 1),
            Outcome::Sent(Receipt { parts, .. }) => {
                self.count((), |tally| tally.parts += parts);
                (Event::NoticeSent { notice, parts, attempts }, |tally| tally.sent += 1)
            }
            Outcome::Failed(reason) => (Event::NoticeFailed { notice, reason, attempts }, |tally| tally.failed += 1),
            Outcome::Cancelled(reason) => (Event::NoticeCancelled { notice, reason }, |tally| tally.cancelled += 1),
            Outcome::Expired => {
                (Event::NoticeExpired { notice, reason: "the appointment day is past" }, |tally| tally.expired += 1)
            }
        };
        self.announce(event);
        self.count(Progress::Finished, count)
    }

    /// Keeps an event until there is time to publish it.
    pub fn announce(&self, event: Event) {
        self.events.lock().expect("no panic holds it").push(event);
    }

    /// Publishes what happened, and tells what was done.
    pub async fn finish(self) -> Tally {
        self.publish_events().await;
        self.tally.into_inner().expect("no panic holds it")
    }

    async fn publish_events(&self) {
        let events = std::mem::take(&mut *self.events.lock().expect("no panic holds it"));
        if !events.is_empty() {
            self.ports().events().publish(&events).await;
        }
    }

    /// The time is up, or SNS refused our authorisation.
    pub fn is_over(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.now() >= self.until
    }

    fn count<T>(&self, result: T, count: impl FnOnce(&mut Tally)) -> T {
        count(&mut self.tally.lock().expect("no panic holds it"));
        result
    }

    fn next_owner(&self) -> String {
        format!("{}/{}", self.name, self.claims.fetch_add(1, Ordering::Relaxed))
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock().now()
    }

    fn ports(&self) -> &P {
        &self.delivery.ports
    }

    fn ledger(&self) -> &P::Ledger {
        self.delivery.ports.ledger()
    }

    fn clock(&self) -> &P::Clock {
        self.delivery.ports.clock()
    }
}

/// 0.0 to 1.0, different for every claim.
fn jitter(claim: &Claim) -> f64 {
    let mut hasher = DefaultHasher::new();
    claim.owner.hash(&mut hasher);
    (hasher.finish() >> 11) as f64 / (1u64 << 53) as f64
}
