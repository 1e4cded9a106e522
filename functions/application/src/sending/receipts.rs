//! What follows from the carriers' receipts.
//!
//! The row of a notice keeps its final state `sent`; what became of the message is written beside it. If the message did
//! not arrive:
//!
//! - *our own fault* (a spent limit, a refused sender name): an alarm is raised. A hold stops all senders if the next
//!   messages would be lost as well. The notice is sent again after the hold.
//! - *passing* (a phone that is switched off): the notice is sent again, once, half an hour later.
//! - *the number*, or not known: a person must act. A corrected number requires the notice again (`notice::decision`). If
//!   the number was corrected before the receipt came, the notice is sent again at once.
//!
//! A notice that is sent again is a new row of the outbox, enqueued at most once: it is sent only if it is still true,
//! within the sending window and the rate, like every late notice.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Event;
use domain::notice::Sending;
use domain::notice::receipt::{Delivery, Reason, Receipt, Remedy, Reported};
use domain::notice::sending_window::SendingWindow;
use domain::{NoticeId, Outgoing};
use futures::StreamExt;

use super::session::AT_ONCE;
use super::suspicion::Suspicion;
use crate::hold::HOLD;
use crate::locked;
use crate::ports::{Clock, DeliveryStore, Enqueue, EventBus, Outbox, ReceiptPorts, Recorded, SendingHold, StoreError};

/// A notice that did not arrive for a passing reason is sent again after this time.
const SEND_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(30);
/// A recent receipt of a message that no row has may have come before the row's completion, which is tried for seconds, or
/// before the index shows it: it is looked for again after each of these pauses. After that, it is taken to be of another
/// sender that shares the account.
const RETRY_PAUSES: [TimeDelta; 2] = [TimeDelta::seconds(3), TimeDelta::seconds(10)];
/// An older receipt is not looked for again.
const RETRY_AGE: TimeDelta = TimeDelta::minutes(2);
/// A message that was refused for its sender name or text, and not every message was, is sent again after this time: an
/// engineer has corrected the cause by then.
const TIME_TO_CORRECT: TimeDelta = TimeDelta::hours(2);
/// The same receipt came twice: Lambda repeats an event within this time.
const MAX_REPEAT_AGE: TimeDelta = TimeDelta::minutes(5);
/// A bad receipt older than this says nothing about the account as it is now.
const MAX_RECEIPT_AGE: TimeDelta = TimeDelta::hours(1);

/// The stack's parameters for receipts.
#[derive(Debug, Clone)]
pub struct ReceiptConfig {
    /// Parameter `SendingWindow`; always open with Stage=local.
    pub window: SendingWindow,
    /// Parameter `SendAgain`.
    pub send_again: bool,
}

/// The counts of an invocation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReceiptTally {
    /// Receipts that were written to their row.
    pub recorded: u32,
    pub delivered: u32,
    pub undelivered: u32,
    /// Of the undelivered, those that are our own fault.
    pub our_fault: u32,
    /// Notices that will be sent again.
    pub again: u32,
    /// Receipts of messages that no row has.
    pub unknown: u32,
    pub events_dropped: u32,
}

/// The result of an invocation.
#[derive(Debug, Default)]
pub struct Received {
    pub tally: ReceiptTally,
    /// A receipt could not be recorded: deliver the batch again.
    pub failed: Option<StoreError>,
}

/// Records receipts. It can be repeated without harm. `suspicion` lasts as long as the sandbox.
pub async fn receive<P: ReceiptPorts>(
    ports: &P,
    config: &ReceiptConfig,
    suspicion: &Suspicion,
    receipts: &[Receipt],
) -> Received {
    let (received, events) = (Mutex::default(), Mutex::default());
    let recording = Recording { ports, config, suspicion, held: AtomicBool::new(false), received, events };
    let (mut missing, mut unknown) = (recording.record_all(receipts.iter().collect()).await, 0);
    for pause in RETRY_PAUSES {
        let (recent, old): (Vec<_>, Vec<_>) = missing.into_iter().partition(|receipt| recording.is_recent(receipt));
        (missing, unknown) = (recent, unknown + old.len());
        if missing.is_empty() {
            break;
        }
        recording.publish().await;
        ports.clock().sleep_until(ports.clock().now() + pause).await;
        missing = recording.record_all(missing).await;
    }
    recording.count(|received| received.tally.unknown = (unknown + missing.len()) as u32);
    recording.publish().await;
    std::mem::take(&mut *locked(&recording.received))
}

/// The receipts of one invocation.
struct Recording<'a, P> {
    ports: &'a P,
    config: &'a ReceiptConfig,
    suspicion: &'a Suspicion,
    /// This invocation has started the hold.
    held: AtomicBool,
    received: Mutex<Received>,
    events: Mutex<Vec<Event>>,
}

impl<P: ReceiptPorts> Recording<'_, P> {
    /// Returns the receipts whose message no row has.
    async fn record_all<'r>(&self, receipts: Vec<&'r Receipt>) -> Vec<&'r Receipt> {
        let found = futures::stream::iter(receipts).map(async |receipt| (receipt, self.receive(receipt).await));
        let missing = found.buffer_unordered(AT_ONCE).filter_map(async |(receipt, found)| (!found).then_some(receipt));
        missing.collect().await
    }

    /// Returns false if no row has its message.
    async fn receive(&self, receipt: &Receipt) -> bool {
        self.record(receipt).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a receipt could not be recorded");
            self.count(|received| received.failed = Some(error));
            true
        })
    }

    async fn record(&self, receipt: &Receipt) -> Result<bool, StoreError> {
        let found = match &receipt.message {
            Reported::Notice(id) => Some(id.clone()),
            Reported::MessageId(id) => self.ports.deliveries().find(id).await?,
        };
        let Some(id) = found else { return Ok(false) };
        match self.ports.deliveries().record(&id, receipt).await? {
            Recorded::New => {
                self.announce(&id, receipt);
                self.follow_up(&id, receipt, self.now() - receipt.at <= MAX_RECEIPT_AGE).await?;
            }
            // The invocation that recorded it may have ended before it did the rest.
            Recorded::Before { at } => {
                let is_current = self.now() - at <= MAX_REPEAT_AGE;
                if is_current {
                    self.publish_later(&id, receipt);
                }
                self.follow_up(&id, receipt, is_current).await?;
            }
            Recorded::Ignored => {}
            Recorded::NoRow => return Ok(false),
        }
        Ok(true)
    }

    fn is_recent(&self, receipt: &Receipt) -> bool {
        self.now() - receipt.at < RETRY_AGE
    }

    fn announce(&self, id: &NoticeId, receipt: &Receipt) {
        let (delivery, reason) = (receipt.delivery, receipt.reason);
        tracing::info!(outgoing = %id, delivery = delivery.as_str(), reason = reason.map(|reason| reason.as_str()), "a notice has a receipt");
        self.count(|received| {
            received.tally.recorded += 1;
            match delivery {
                Delivery::Delivered => received.tally.delivered += 1,
                Delivery::Undelivered => received.tally.undelivered += 1,
                Delivery::Unknown => {}
            }
        });
        if receipt.remedy() == Some(Remedy::Configuration) {
            tracing::error!(outgoing = %id, reason = reason.map(|reason| reason.as_str()), "a message did not arrive because of our account, its sender name or its text");
            self.count(|received| received.tally.our_fault += 1);
        }
        self.publish_later(id, receipt);
    }

    fn publish_later(&self, id: &NoticeId, &Receipt { delivery, reason, .. }: &Receipt) {
        if delivery != Delivery::Unknown {
            let event = Event::NoticeReported { message: (&Outgoing::from(id.clone())).into(), delivery, reason };
            locked(&self.events).push(event);
        }
    }

    async fn publish(&self) {
        let events = std::mem::take(&mut *locked(&self.events));
        if !events.is_empty() {
            let dropped = self.ports.events().publish(&events).await;
            self.count(|received| received.tally.events_dropped += dropped);
        }
    }

    /// `is_current`: it says something about the account as it is now.
    async fn follow_up(&self, id: &NoticeId, receipt: &Receipt, is_current: bool) -> Result<(), StoreError> {
        if receipt.delivery == Delivery::Delivered {
            self.suspicion.clear();
        }
        match receipt.remedy() {
            Some(Remedy::Configuration) => {
                let concerns_all = is_current && self.concerns_all(id, receipt).await?;
                self.send_again(id, if concerns_all { HOLD } else { TIME_TO_CORRECT }).await
            }
            Some(Remedy::Retry) => self.send_again(id, SEND_AGAIN_AFTER).await,
            // The number may have been corrected since: the sender compares it with the dossier's.
            Some(Remedy::Number | Remedy::Unknown) => self.send_again(id, TimeDelta::zero()).await,
            None => Ok(()),
        }
    }

    /// Starts the hold if the next messages would be lost as well.
    async fn concerns_all(&self, id: &NoticeId, receipt: &Receipt) -> Result<bool, StoreError> {
        let reason = receipt.reason.unwrap_or(Reason::Unknown);
        let concerns_all = reason.concerns_every_message() || self.suspicion.is_confirmed_by(id);
        if concerns_all {
            self.hold(reason).await?;
        }
        Ok(concerns_all)
    }

    /// Once an invocation: the row is the rate limiter's, and every sender writes it.
    async fn hold(&self, reason: Reason) -> Result<(), StoreError> {
        if self.held.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        tracing::error!(%reason, "all senders stop");
        let started = self.ports.hold().start(self.now() + HOLD, reason.as_str()).await;
        if started.is_err() {
            self.held.store(false, Ordering::Relaxed);
        }
        started
    }

    async fn send_again(&self, id: &NoticeId, after: TimeDelta) -> Result<(), StoreError> {
        if !self.config.send_again || id.sending != Sending::First {
            return Ok(());
        }
        let due_at = self.config.window.next_open(self.now() + after);
        let again = Outgoing::from(id.again());
        if self.ports.outbox().enqueue(&again, Enqueue::Pending { due_at }, self.now()).await? {
            tracing::info!(outgoing = %again, "a notice that did not arrive is sent again");
            self.count(|received| received.tally.again += 1);
        }
        Ok(())
    }

    fn count(&self, count: impl FnOnce(&mut Received)) {
        count(&mut locked(&self.received));
    }

    fn now(&self) -> DateTime<Utc> {
        self.ports.clock().now()
    }
}
