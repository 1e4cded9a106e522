//! A notice's delivery: still true? in the window? within the budget? Then by SNS.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::run::{A_MOMENT, AT_ONCE, LOOK_AGAIN, Lane, Progress, Run, Tally};
use crate::budget::{Pacer, PartsPerSecond};
use crate::calendar::day_in_vietnam;
use crate::event::Event;
use crate::lifecycle::{Claim, Outcome, Receipt, Told};
use crate::notice::Priority;
use crate::owed::{StillTrue, still_true};
use crate::ports::{Clock, DossierStore, DrainTurn, Due, Ledger, NoticePorts, SendError, SmsSender, StoreError};
use crate::sending_window::SendingWindow;
use crate::sms::{Accents, Sms};
use crate::{ClosedSteps, Dossier, NoticeId, Outgoing, texts};

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

/// How long a page of notices keeps a sender, in seconds, before it looks for more urgent ones.
const FEW_SECONDS: usize = 3;

/// The delivery of notices in one sandbox, over many invocations.
pub struct Delivery<P> {
    ports: P,
    terms: Terms,
    pacer: Pacer,
}

impl<P: NoticePorts> Delivery<P> {
    /// Nothing is sent until [`Delivery::run`].
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
    pub fn run(&self, request: &str, until: DateTime<Utc>) -> Notices<'_, P> {
        let closes = self.terms.window.next_close(self.ports.clock().now());
        let until = closes.map_or(until, |closes| closes.min(until));
        Notices { run: Run::begin(&self.ports, request, until), delivery: self, refused: AtomicBool::new(false) }
    }
}

/// One invocation's notices. [`Notices::finish`] ends it.
pub struct Notices<'a, P> {
    run: Run<'a, P>,
    delivery: &'a Delivery<P>,
    /// SNS refused our authorisation: nothing more is sent.
    refused: AtomicBool,
}

impl<P: NoticePorts> Notices<'_, P> {
    /// Owes a notice that `dossier` has just come to owe, and sends it at once where it may go at once.
    ///
    /// An error means that the notice may not be in the ledger: the change must be delivered to us again.
    pub async fn on_change(&self, id: &NoticeId, dossier: &Dossier) -> Result<Progress, StoreError> {
        if !self.is_open() {
            return self.owe_when_open(id).await;
        }
        match self.run.owe_and_claim(&id.clone().into()).await? {
            Some(claim) => Ok(self.publish(&claim, id, dossier).await),
            None => Ok(Progress::NotOurs),
        }
    }

    /// Owes a notice to be sent by a drain, as soon as the window is open.
    pub async fn owe_when_open(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        self.run.owe(&id.clone().into(), self.terms().window.next_open(self.run.now())).await
    }

    /// Takes a notice that is due and sends it, if it is still true.
    pub async fn on_due(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        let claim = match self.run.claim(&id.clone().into()).await? {
            Ok(claim) => claim,
            Err(progress) => return Ok(progress),
        };
        Ok(match self.look_again(id).await {
            Ok(Ok(dossier)) => self.publish(&claim, id, &dossier).await,
            Ok(Err(outcome)) => self.run.settle(&claim, outcome).await,
            Err(error) => self.run.mark_unread(&claim, "dossier", &error).await,
        })
    }

    /// A claim that comes later than its change reads the dossier again: what is no longer true is not sent, and the
    /// phone is today's.
    async fn look_again(&self, id: &NoticeId) -> Result<Result<Dossier, Outcome>, StoreError> {
        let (dossier, superseded) =
            futures::try_join!(self.ports().dossiers().get(&id.receipt_code), self.ports().ledger().is_superseded(id))?;
        let Some(dossier) = dossier else { return Ok(Err(Outcome::Cancelled("the dossier was removed"))) };
        if superseded {
            return Ok(Err(Outcome::Cancelled("a later revision owes the same notice")));
        }
        Ok(match still_true(&id.key, &dossier, day_in_vietnam(self.run.now()), &self.terms().closed_steps) {
            StillTrue::Yes => Ok(dossier),
            StillTrue::No(reason) => Err(Outcome::Cancelled(reason)),
            StillTrue::TooLate => Err(Outcome::Expired),
        })
    }

    /// Sends what is due, results and supplements before apologies, if it is this run's turn before `patience` is over.
    /// False where somebody else is at it.
    pub async fn drain_in_turn(&self, patience: TimeDelta) -> Result<bool, StoreError> {
        let (turn, clock, run) = (self.ports().turn(), self.ports().clock(), &self.run);
        let latest = run.now() + patience;
        while !turn.take(run.name(), run.now(), run.until + LOOK_AGAIN).await? {
            if run.now() >= latest {
                return Ok(false);
            }
            clock.sleep_until(run.now() + A_MOMENT).await;
        }
        let drained = run.drain(self).await;
        turn.give_back(run.name()).await?;
        drained.map(|()| true)
    }

    /// Publishes under a claim and marks the outcome. Whatever goes wrong from here on, the row exists.
    async fn publish(&self, claim: &Claim, id: &NoticeId, dossier: &Dossier) -> Progress {
        let Some(Ok(phone)) = dossier.mobile() else {
            return self.run.settle(claim, Outcome::Cancelled("the dossier has no mobile number")).await;
        };
        let text = self.terms().accents.apply(texts::notice(&id.key, dossier, &self.terms().office));
        let parts = Sms::new(&text).parts;
        if !self.wait_for_budget(parts).await || !claim.covers(self.run.now()) {
            let rest_of_run = (self.run.until - self.run.now()).max(TimeDelta::zero());
            let outcome = self.run.burning_no_attempt("no budget of SMS parts in this run".into(), rest_of_run);
            return self.run.settle(claim, outcome).await;
        }
        let answer = self.ports().sms().send(&phone, &text).await;
        if let Err(SendError::Unauthorised(reason)) = &answer {
            tracing::error!(
                reason,
                "SNS refuses to let us send: check the function's rights and the account's SMS settings"
            );
            self.refused.store(true, Ordering::Relaxed);
        }
        let answer = answer.map(|message_id| {
            let told = Told { phone: phone.as_e164().to_owned(), text };
            Receipt { message_id, parts, sent_at: self.run.now(), told: Some(told) }
        });
        self.run.mark(claim, answer).await
    }

    /// Waits until the fleet's budget has room for `parts`; false where that is not before the run is over.
    async fn wait_for_budget(&self, parts: u32) -> bool {
        if self.is_over() {
            return false;
        }
        let (budget, clock) = (self.ports().budget(), self.ports().clock());
        match self.delivery.pacer.slot(budget, clock, parts, self.run.until).await {
            Ok(Some(slot)) => {
                clock.sleep_until(slot).await;
                !self.refused.load(Ordering::Relaxed)
            }
            Ok(None) => false,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the budget of SMS parts could not be asked");
                false
            }
        }
    }

    /// Keeps an event until there is time to publish it.
    pub fn announce(&self, event: Event) {
        self.run.announce(event);
    }

    /// Publishes what happened, and tells what was done.
    pub async fn finish(self) -> Tally {
        self.run.finish().await
    }

    /// The time is up, or SNS refused our authorisation.
    pub fn is_over(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.run.is_over()
    }

    fn terms(&self) -> &Terms {
        &self.delivery.terms
    }

    fn ports(&self) -> &P {
        self.run.ports
    }
}

impl<P: NoticePorts> Lane for Notices<'_, P> {
    fn is_open(&self) -> bool {
        !self.is_over() && self.terms().window.is_open(self.run.now())
    }

    /// Of the first priority that has any due. Few enough that news of a higher one does not wait long behind them.
    async fn due(&self) -> Result<Vec<Due>, StoreError> {
        let limit = self.delivery.pacer.rate().parts_in(FEW_SECONDS).clamp(AT_ONCE, 500);
        let mut later = Vec::new();
        for priority in Priority::NOTICES {
            let due = self.ports().ledger().due(priority, self.run.until, limit).await?;
            if due.iter().any(|due| due.due_at <= self.run.now()) {
                return Ok(due);
            }
            later.extend(due);
        }
        Ok(later)
    }

    async fn on_due(&self, id: &Outgoing) -> Result<Progress, StoreError> {
        match id {
            Outgoing::Notice(id) => self.on_due(id).await,
            Outgoing::Reply(_) => Ok(Progress::NotOurs),
        }
    }
}
