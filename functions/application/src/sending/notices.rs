//! How a notice is sent: check that it is still true, that the sending window is open and that the rate allows it; then
//! send it through the carrier.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::due_queue::{DueQueue, Skipped};
use super::refusals::{self, Fault, Refusals};
use super::session::{AT_ONCE, Claiming, Session};
use super::tally::{Progress, Tally};
use crate::locked;
use crate::ports::{
    self, Clock, DossierStore, DueRows, Hold, NoticePorts, Outbox, SendError, SendingHold, SmsSender, StoreError,
};
use crate::rate_limiter::{PartsPerSecond, RateLimiter, Slot};
use domain::calendar::day_in_vietnam;
use domain::dossier::Contact;
use domain::notice::NoticeRow;
use domain::notice::decision::{StillTrue, Unnecessary, made_unnecessary, still_true};
use domain::notice::lifecycle::{Acceptance, Claim, Outcome, SentCopy};
use domain::notice::sending_window::SendingWindow;
use domain::notice::{Priority, Sending, ended};
use domain::text::messages;
use domain::text::sms::{Accents, Sms};
use domain::{ClosedSteps, Dossier, NoticeId, NoticeKind, Outgoing, Phone};

/// The stack's parameters for notices.
#[derive(Debug, Clone)]
pub struct NoticeConfig {
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

/// How long a page of notices keeps a sender busy, in seconds, before it checks for more urgent ones.
const PAGE_SECONDS: usize = 3;
/// The messages in progress at once, in seconds of the rate: more would only wait for the rate, with a dossier that was
/// read too early.
const IN_FLIGHT_SECONDS: usize = 2;
/// A notice that waits longer than this for the rate reads its dossier again before it is sent.
const LONG_WAIT: TimeDelta = TimeDelta::seconds(3);
/// How long before its slot the dossier is read again.
const READ_AGAIN_BEFORE: TimeDelta = TimeDelta::milliseconds(500);
/// A message that is later than this for its slot reserves another slot; otherwise two might be sent at once.
const TOO_LATE: TimeDelta = TimeDelta::milliseconds(100);

/// Sends notices in one sandbox, over many invocations.
pub struct NoticeSender<P> {
    ports: P,
    notice_config: NoticeConfig,
    rate_limiter: RateLimiter,
    refusals: Mutex<Refusals>,
}

impl<P: NoticePorts> NoticeSender<P> {
    /// Nothing is sent until [`NoticeSender::session`].
    pub fn new(ports: P, notice_config: NoticeConfig) -> Self {
        let rate_limiter = RateLimiter::new(notice_config.rate);
        Self { ports, notice_config, rate_limiter, refusals: Mutex::default() }
    }

    pub fn ports(&self) -> &P {
        &self.ports
    }

    pub fn notice_config(&self) -> &NoticeConfig {
        &self.notice_config
    }

    /// One invocation with the request id `request`. No message is started after `until`, or after the sending window
    /// closes.
    pub fn session(&self, request: &str, until: DateTime<Utc>) -> NoticeSession<'_, P> {
        let closes = self.notice_config.window.next_close(self.ports.clock().now());
        let until = closes.map_or(until, |closes| closes.min(until));
        NoticeSession {
            session: Session::begin(&self.ports, request, until),
            sender: self,
            refused: AtomicBool::new(false),
            probe: Mutex::default(),
        }
    }
}

/// What a late claim finds when it reads the dossier again.
enum ReadAgain {
    /// The notice is still true of this dossier.
    StillTrue(Box<Dossier>),
    /// It must not be sent.
    Ended(Outcome),
}

/// A notice as it would be sent now.
struct Draft {
    phone: Phone,
    text: String,
    parts: u32,
}

/// One invocation's notices. [`NoticeSession::finish`] ends it.
pub struct NoticeSession<'a, P> {
    session: Session<'a, P>,
    sender: &'a NoticeSender<P>,
    /// The carrier does not let this account send: nothing more is sent.
    refused: AtomicBool,
    /// The hold in spite of which one message is being sent.
    probe: Mutex<Option<Hold>>,
}

impl<P: NoticePorts> NoticeSession<'_, P> {
    /// Enqueues a notice that a change of `dossier` requires, and sends it at once if that is allowed now.
    ///
    /// An error means that the notice may not be in the outbox: the change must be delivered again.
    pub async fn on_change(&self, id: &NoticeId, dossier: &Dossier) -> Result<Progress, StoreError> {
        if !self.is_open() {
            return self.enqueue_when_open(id).await;
        }
        match self.session.enqueue_and_claim(&id.clone().into()).await? {
            Some(claim) => Ok(self.deliver(&claim, id, dossier).await),
            None => Ok(Progress::AlreadyEnqueued),
        }
    }

    /// The other notices of the same dossier and kind as `id`. A row with the same id comes from an earlier delivery of
    /// the same change.
    pub async fn others_of(&self, id: &NoticeId) -> Result<Vec<NoticeRow>, StoreError> {
        let mut rows = self.ports().outbox().rows_of(&id.receipt_code, id.key.kind()).await?;
        rows.retain(|row| row.key != id.key);
        Ok(rows)
    }

    /// Enqueues a notice for the sender. It is due as soon as the sending window is open.
    pub async fn enqueue_when_open(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        self.session.enqueue(&id.clone().into(), self.notice_config().window.next_open(self.session.now())).await
    }

    /// Claims a due notice and sends it if it is still true.
    pub async fn on_due(&self, id: &NoticeId) -> Result<Progress, StoreError> {
        let claim = match self.session.claim(&id.clone().into()).await? {
            Claiming::Granted(claim) => claim,
            Claiming::Ended(progress) => return Ok(progress),
        };
        Ok(match self.read_again(&claim, id).await {
            Ok(ReadAgain::StillTrue(dossier)) => self.deliver(&claim, id, &dossier).await,
            Ok(ReadAgain::Ended(outcome)) => self.session.complete(&claim, outcome).await,
            Err(error) => self.session.complete_unreadable(&claim, "dossier", &error).await,
        })
    }

    /// A late claim reads the dossier again: a notice that is no longer true is not sent, and the current phone number
    /// is used.
    async fn read_again(&self, claim: &Claim, id: &NoticeId) -> Result<ReadAgain, StoreError> {
        let (dossier, rows) =
            futures::try_join!(self.ports().dossiers().get(&id.receipt_code), self.rows_that_matter(claim, id))?;
        let Some(dossier) = dossier else {
            return Ok(ReadAgain::Ended(Outcome::Cancelled(ended::REMOVED)));
        };
        if let Some(why) = made_unnecessary(id, &rows, &dossier) {
            return Ok(ReadAgain::Ended(self.ended_by(why)));
        }
        let today = day_in_vietnam(self.session.now());
        Ok(match still_true(&id.key, &dossier, today, &self.notice_config().closed_steps) {
            StillTrue::Yes => ReadAgain::StillTrue(Box::new(dossier)),
            StillTrue::No(reason) => ReadAgain::Ended(Outcome::Cancelled(reason)),
            StillTrue::NoMobile(reason) => ReadAgain::Ended(Outcome::NoMobile(reason)),
            StillTrue::TooLate => ReadAgain::Ended(Outcome::Expired),
        })
    }

    /// A notice whose message is known to have arrived was sent, although its sender crashed or received no answer.
    fn ended_by(&self, why: Unnecessary) -> Outcome {
        let (message_id, sent_at) = (String::new(), self.session.now());
        match why {
            Unnecessary::Superseded => Outcome::Cancelled(ended::SUPERSEDED),
            Unnecessary::FirstArrived => Outcome::Cancelled(ended::FIRST_ARRIVED),
            Unnecessary::SameNumber => Outcome::Cancelled(ended::SAME_NUMBER),
            Unnecessary::Arrived => Outcome::Sent(Acceptance { message_id, parts: 0, sent_at, copy: None }),
        }
    }

    /// The rows that can make a notice unnecessary. There is one apology per appointment day, and nothing can be reported
    /// of it before its first try: an evening of apologies saves these reads.
    async fn rows_that_matter(&self, claim: &Claim, id: &NoticeId) -> Result<Vec<NoticeRow>, StoreError> {
        if id.key.kind() == NoticeKind::Apology && id.sending == Sending::First && claim.attempts == 1 {
            return Ok(Vec::new());
        }
        self.ports().outbox().rows_of(&id.receipt_code, id.key.kind()).await
    }

    /// Sends what is due, results and supplements before apologies, until nothing more becomes due. If nothing is due
    /// at first, it checks again for `max_wait`.
    pub async fn send_due(&self, max_wait: TimeDelta) -> Result<(), StoreError> {
        self.session.send_all_due(self, max_wait).await
    }

    /// Sends under a claim and completes its row. Whatever fails from here on, the row exists.
    async fn deliver(&self, claim: &Claim, id: &NoticeId, dossier: &Dossier) -> Progress {
        let Some(mut draft) = self.draft(id, dossier) else {
            return self.session.complete(claim, Outcome::NoMobile(ended::NO_MOBILE)).await;
        };
        let clock = self.ports().clock();
        while let Some(slot) = self.reserve(draft.parts).await {
            if slot - self.session.now() > LONG_WAIT {
                clock.sleep_until(slot - READ_AGAIN_BEFORE).await;
                draft = match self.read_again(claim, id).await {
                    Ok(ReadAgain::StillTrue(dossier)) => {
                        match self.draft(id, &dossier).filter(|new| new.parts <= draft.parts) {
                            Some(draft) => draft,
                            None => return self.postpone(claim).await,
                        }
                    }
                    Ok(ReadAgain::Ended(outcome)) => return self.session.complete(claim, outcome).await,
                    Err(error) => return self.session.complete_unreadable(claim, "dossier", &error).await,
                };
            }
            clock.sleep_until(slot).await;
            if self.session.now() - slot <= TOO_LATE {
                return self.send(claim, id, draft).await;
            }
        }
        self.postpone(claim).await
    }

    /// The phone number and the text to send; None without a mobile number.
    fn draft(&self, id: &NoticeId, dossier: &Dossier) -> Option<Draft> {
        let Some(Contact::Mobile(phone)) = dossier.contact() else { return None };
        let text = self.notice_config().accents.apply(messages::notice(&id.key, dossier, &self.notice_config().office));
        Some(Draft { phone: phone.clone(), parts: Sms::new(&text).parts, text })
    }

    async fn send(&self, claim: &Claim, id: &NoticeId, draft: Draft) -> Progress {
        if self.refused.load(Ordering::Relaxed) || !claim.covers(self.session.now()) {
            return self.postpone(claim).await;
        }
        let Draft { phone, text, parts } = draft;
        // A carrier may keep a message in a queue, and must not deliver it at night.
        let closes = self.notice_config().window.next_close(self.session.now());
        let expires_at = [closes, id.key.expires_at()].into_iter().flatten().min();
        let sms = ports::Sms { id, phone: &phone, text: &text, expires_at };
        match self.ports().sms().send(&sms).await {
            Ok(message_id) => {
                let now = self.session.now();
                self.refusals(|refusals| refusals.accepted(now));
                self.sender.rate_limiter.accepted(now);
                self.note_probe().await;
                let copy = Some(SentCopy { phone, text });
                self.session
                    .complete_as(claim, Ok(Acceptance { message_id, parts, sent_at: self.session.now(), copy }))
                    .await
            }
            Err(error @ (SendError::Refused(_) | SendError::WrongNumber(_))) => {
                self.on_refusal(claim, &phone, error).await
            }
            Err(error) => {
                if let SendError::Unauthorised(reason) = &error {
                    self.stop(reason);
                }
                self.session.complete_as(claim, Err(error)).await
            }
        }
    }

    /// Handles a permanent refusal, which may be the fault of the account.
    async fn on_refusal(&self, claim: &Claim, phone: &Phone, error: SendError) -> Progress {
        let (now, fleet) = (self.session.now(), self.sender.rate_limiter.accepted_at());
        match self.refusals(|refusals| refusals.refused(phone, claim.attempts, fleet, now)) {
            Fault::Number => self.session.complete_as(claim, Err(error)).await,
            Fault::NotKnown => {
                let due_at = now + refusals::PAUSE;
                let outcome = Outcome::NotSent { due_at, counted: true, reason: error.to_string() };
                self.session.complete(claim, outcome).await
            }
            Fault::Account => {
                let reason = format!("several numbers in a row were refused: {error}");
                self.stop(&reason);
                self.session.complete_as(claim, Err(SendError::Unauthorised(reason))).await
            }
        }
    }

    /// Sends nothing more in this run: the account or its settings must be corrected first.
    fn stop(&self, reason: &str) {
        tracing::error!(
            reason,
            "nothing more is sent in this run: check the function's rights and the account's SMS settings"
        );
        self.refused.store(true, Ordering::Relaxed);
    }

    fn refusals<T>(&self, see: impl FnOnce(&mut Refusals) -> T) -> T {
        see(&mut locked(&self.sender.refusals))
    }

    /// Back to pending: the rate had no capacity left, no time was left, or the carrier does not let this account send.
    async fn postpone(&self, claim: &Claim) -> Progress {
        let rest_of_run = (self.session.until - self.session.now()).max(TimeDelta::zero());
        let refused = self.refused.load(Ordering::Relaxed);
        let reason =
            if refused { "the carrier does not let us send" } else { "the rate limit leaves no slot in this run" };
        self.session.complete(claim, self.session.retry_uncounted(reason.into(), rest_of_run)).await
    }

    /// The slot of a message of `parts`; None if it would be after the end of the run, or if sending is on hold.
    async fn reserve(&self, parts: u32) -> Option<DateTime<Utc>> {
        if self.is_over() {
            return None;
        }
        let (rate_counter, clock) = (self.ports().rate_counter(), self.ports().clock());
        let slot = self.sender.rate_limiter.slot(rate_counter, clock, parts, self.session.until).await;
        let resets = self.sender.rate_limiter.take_resets();
        self.session.count((), |tally| tally.counter_resets += resets);
        match slot {
            Ok(Slot::At(slot)) => Some(slot),
            Ok(Slot::Probe(slot, hold)) => {
                *locked(&self.probe) = Some(hold);
                Some(slot)
            }
            Ok(Slot::AfterTheRun) => None,
            Ok(Slot::Held(hold)) => {
                self.session.count((), |tally| tally.refused += 1);
                self.stop(&format!("receipts say that our messages do not arrive: {}", hold.reason));
                None
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the rate limiter's counter could not be read"
                );
                None
            }
        }
    }

    /// The carrier accepted a message. If that was the one that is sent in spite of a hold, the hold may end. If this cannot
    /// be written, another one is sent ten minutes later.
    async fn note_probe(&self) {
        let probe = locked(&self.probe).take();
        if let Some(hold) = probe
            && let Err(error) = self.ports().rate_counter().probed(&hold).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the hold could not be updated");
        }
    }

    /// Publishes the events and returns the tally.
    pub async fn finish(self) -> Tally {
        self.session.finish().await
    }

    /// Whether the time is up, or the carrier does not let this account send.
    pub fn is_over(&self) -> bool {
        self.refused.load(Ordering::Relaxed) || self.session.is_over()
    }

    fn notice_config(&self) -> &NoticeConfig {
        &self.sender.notice_config
    }

    fn ports(&self) -> &P {
        self.session.ports
    }
}

impl<P: NoticePorts> DueQueue for NoticeSession<'_, P> {
    fn is_open(&self) -> bool {
        !self.is_over() && self.notice_config().window.is_open(self.session.now())
    }

    fn at_once(&self) -> usize {
        self.sender.rate_limiter.rate().messages_in(IN_FLIGHT_SECONDS).clamp(2, AT_ONCE)
    }

    /// Rows of the first priority that has any to send now: few enough that a more urgent notice does not wait long.
    async fn due(&self, skipped: &Skipped) -> Result<DueRows, StoreError> {
        let limit = self.sender.rate_limiter.rate().messages_in(PAGE_SECONDS).clamp(AT_ONCE, 500) + skipped.len();
        let mut later = DueRows::default();
        for priority in Priority::NOTICES {
            let mut rows = self.ports().outbox().due(priority, self.session.until, limit).await?;
            rows.due.retain(|due| skipped.counts(due));
            rows.unreadable += later.unreadable;
            if rows.due.iter().any(|due| skipped.is_workable(due, self.session.now())) {
                return Ok(rows);
            }
            later = DueRows { due: [later.due, rows.due].concat(), ..rows };
        }
        Ok(later)
    }

    async fn on_due(&self, id: &Outgoing) -> Result<Progress, StoreError> {
        match id {
            Outgoing::Notice(id) => self.on_due(id).await,
            Outgoing::Reply(_) => Ok(Progress::Taken),
        }
    }
}
