//! How a reply is sent if 8083's gateway wants it by a separate call.
//!
//! The citizen has paid for the reply and waits for it: it is sent at any hour and without a rate limit (another
//! operator sends it), and no notice is sent before it. Text and phone number are the inquiry's, which never change.

use std::collections::BTreeSet;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};

use super::due_queue::{DueQueue, Skipped};
use super::session::{AT_ONCE, Claiming, Session};
use super::tally::{Progress, Tally};
use crate::locked;
use crate::ports::{DueRows, InquiryLog, Outbox, ReplyPorts, ReplySender, SendError, StoreError};
use domain::inquiry::Inquiry;
use domain::notice::Priority;
use domain::notice::lifecycle::{Acceptance, Claim, Outcome};
use domain::notice::retry;
use domain::text::sms::Sms;
use domain::{InquiryId, Outgoing};

/// One invocation's replies. [`ReplySession::finish`] ends it.
pub struct ReplySession<'a, P> {
    session: Session<'a, P>,
    /// Gateways that refused our authorisation: they are not called again in this run.
    refused: Mutex<BTreeSet<String>>,
}

impl<'a, P: ReplyPorts> ReplySession<'a, P> {
    /// With the request id `request`. No reply is started after `until`.
    pub fn begin(ports: &'a P, request: &str, until: DateTime<Utc>) -> Self {
        Self { session: Session::begin(ports, request, until), refused: Mutex::default() }
    }

    /// Enqueues the reply to an inquiry that is logged, and sends it at once if there is time.
    ///
    /// An error means that the reply may not be in the outbox: the inquiry must be delivered again.
    pub async fn on_inquiry(&self, inquiry: &Inquiry) -> Result<Progress, StoreError> {
        let id = inquiry.id.clone().into();
        if self.session.is_over() {
            return self.session.enqueue(&id, self.session.now()).await;
        }
        match self.session.enqueue_and_claim(&id).await? {
            Some(claim) => Ok(self.send(&claim, inquiry).await),
            None => Ok(Progress::AlreadyEnqueued),
        }
    }

    /// Claims a due reply and sends it.
    pub async fn on_due(&self, id: &InquiryId) -> Result<Progress, StoreError> {
        let claim = match self.session.claim(&id.clone().into()).await? {
            Claiming::Granted(claim) => claim,
            Claiming::Ended(progress) => return Ok(progress),
        };
        Ok(match self.session.ports.inquiries().get(id).await {
            Ok(Some(inquiry)) => self.send(&claim, &inquiry).await,
            Ok(None) => self.session.complete(&claim, Outcome::Cancelled("the inquiry was removed")).await,
            Err(error) => self.session.complete_unreadable(&claim, "inquiry", &error).await,
        })
    }

    /// Sends what is due. Another sender may do so at the same time: each claim belongs to one of them.
    pub async fn send_due(&self) -> Result<(), StoreError> {
        self.session.send_all_due(self, TimeDelta::zero()).await
    }

    pub fn tally(&self) -> Tally {
        self.session.tally()
    }

    /// Publishes the events and returns the tally.
    pub async fn finish(self) -> Tally {
        self.session.finish().await
    }

    /// Sends under a claim and writes the outcome. Whatever fails from here on, the row exists.
    async fn send(&self, claim: &Claim, inquiry: &Inquiry) -> Progress {
        let gateway = inquiry.id.gateway();
        if let Some((reason, pause)) = self.not_now(claim, gateway) {
            return self.session.complete(claim, self.session.retry_uncounted(reason.into(), pause)).await;
        }
        let answer = self.session.ports.gateways().reply(inquiry).await;
        if let Err(SendError::Unauthorised(reason)) = &answer {
            tracing::error!(gateway, reason, "8083's gateway refuses our replies: check its member of GatewaySecret");
            locked(&self.refused).insert(gateway.to_owned());
        }
        let parts = Sms::new(&inquiry.reply).parts;
        let acceptance = |message_id| Acceptance { message_id, parts, sent_at: self.session.now(), copy: None };
        self.session.complete_as(claim, answer.map(acceptance)).await
    }

    /// Why a claimed reply is not sent now, and how long to wait.
    fn not_now(&self, claim: &Claim, gateway: &str) -> Option<(&'static str, TimeDelta)> {
        if locked(&self.refused).contains(gateway) {
            return Some(("the gateway refuses our replies", retry::PAUSE_AFTER_REFUSAL));
        }
        let in_time = !self.session.is_over() && claim.covers(self.session.now());
        (!in_time).then_some(("no time left in this run", TimeDelta::zero()))
    }
}

impl<P: ReplyPorts> DueQueue for ReplySession<'_, P> {
    fn is_open(&self) -> bool {
        !self.session.is_over()
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    async fn due(&self, skipped: &Skipped) -> Result<DueRows, StoreError> {
        let limit = AT_ONCE * 4 + skipped.len();
        let mut rows = self.session.ports.outbox().due(Priority::Reply, self.session.until, limit).await?;
        rows.due.retain(|due| skipped.counts(due));
        Ok(rows)
    }

    async fn on_due(&self, id: &Outgoing) -> Result<Progress, StoreError> {
        match id {
            Outgoing::Reply(id) => self.on_due(id).await,
            Outgoing::Notice(_) => Ok(Progress::Taken),
        }
    }
}
