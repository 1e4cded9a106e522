//! `/mo/{gateway}`: a citizen's text to 8083, delivered by the short code's operator, and its answer.
//!
//! Always 200 with a text for a genuine message; 401 for one that is not; 503 where the gateway shall deliver it again.
//! Where the protocol has a separate call for the reply, the reply is enqueued in the outbox as every notice is, and
//! sent once before the answer; `sender` does the rest.

mod found;
mod gateway;
mod message;
mod sender_limit;

use std::sync::Arc;
use std::time::Duration;

use adapters::metrics::Counts;
use adapters::report::reply_counts;
use adapters::secret::{Secret, SecretError};
use application::ports::{Clock, DossierStore, EventBus, InquiryLog, Logged, ReplyPorts, SenderCount, StoreError};
use application::sending::ReplySession;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::day_in_vietnam;
use domain::event::{Event, InquiryOutcome};
use domain::inquiry::{Inquiry, NotAnInquiry, Reading};
use domain::text::messages;
use domain::text::sms::fit;
use domain::{ClosedSteps, InquiryId, ReceiptCode, inquiry};

use found::{Found, first_found};
pub use gateway::protocols;
use gateway::{Answer, Authenticated, Refusal, Refused, Request};
pub use sender_limit::SenderLimit;

/// "An answer within 4 seconds, always": some operators give up at 5.
const ANSWER_WITHIN: Duration = Duration::from_millis(3_300);
/// The separate call for a reply starts within this time, or is left to `sender`: it takes 1.2 seconds at most.
const CALL_WITHIN: TimeDelta = TimeDelta::milliseconds(1_900);
/// How long anything else may delay an answer that is ready.
const WAIT_FOR_REST: Duration = Duration::from_millis(200);

/// SMS parts of a reply: what an operator still delivers as one message. The 2017 notice's reply has two.
const MOST_PARTS: u32 = 3;

/// Answers the inquiries to 8083.
pub struct Lookup<D, P> {
    /// Table `dossiers`.
    pub dossiers: D,
    /// The inquiries, and what a reply by a separate call needs.
    pub ports: P,
    /// GatewaySecret, one member for each gateway: `{"kannel":{"user":"…","password":"…"}}`.
    pub secret: Arc<Secret>,
    /// Parameter `ClosedSteps`.
    pub closed_steps: ClosedSteps,
    /// Parameter `ChargeUnanswered`: whether a citizen pays for a reply without a dossier's state, where the gateway's
    /// protocol can say so.
    pub charge_unanswered: bool,
    /// Parameter `PerSenderLimit`.
    pub sender_limit: SenderLimit,
}

/// Why a message got no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Id(#[from] NotAnInquiry),
    #[error("no answer in time")]
    TimedOut,
}

impl<D: DossierStore, P: ReplyPorts> Lookup<D, P> {
    /// Answers one message. `request` is unique to the invocation.
    pub async fn handle(&self, event: &ApiGatewayProxyRequest, request: &str) -> (ApiGatewayProxyResponse, Counts) {
        let name = event.path_parameters.get("gateway").map(String::as_str).unwrap_or_default();
        if !gateway::is_name(name) {
            return (*gateway::no_such_gateway().answer, Vec::new());
        }
        let (event, mut counts) = (Request::new(event), Vec::new());
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.answer(name, &event, request, &mut counts)).await;
        let answer = match answer.unwrap_or(Err(Unanswered::TimedOut)) {
            Ok(answer) => answer,
            Err(Unanswered::Refused(Refused { why: Refusal::UsedId, answer })) => {
                tracing::error!(gateway = name, "a message id came again with another text");
                counts.push(("InquiryConflicts", 1.0));
                *answer
            }
            Err(Unanswered::Refused(refused)) => {
                // Without the gateway's name: an unauthenticated sender can write anything into the path.
                tracing::warn!(reason = %refused, "a message to 8083 was refused");
                *refused.answer
            }
            Err(error) => {
                tracing::error!(gateway = name, %error, "an inquiry is left to the gateway's retry");
                counts.push(("InquiriesUnanswered", 1.0));
                gateway::plain(503, "try again")
            }
        };
        (answer, counts)
    }

    /// Adds to `counts` also where it returns an error.
    async fn answer(
        &self,
        name: &str,
        request: &Request,
        request_id: &str,
        counts: &mut Counts,
    ) -> Result<ApiGatewayProxyResponse, Unanswered> {
        let now = self.ports.clock().now();
        let replies = ReplySession::begin(&self.ports, request_id, now + CALL_WITHIN);
        let authenticated = self.authenticated(name, request).await?;
        let id = InquiryId::new(name, &authenticated.message.id_or_fingerprint(now))?;
        let counted = sender_limit::counted(&authenticated.message, id.as_str(), now);
        let inquiry = self.work_out(&authenticated, id, counted.as_ref(), now).await?;
        let (logged, dropped) = self.log_beside(&inquiry, announcement(&inquiry)).await;
        if dropped > 0 {
            counts.push(("EventsDropped", dropped.into()));
        }
        let (inquiry, repeated) = match logged? {
            Logged::New => {
                counts.extend(reported(&inquiry));
                (inquiry, false)
            }
            Logged::Repeated(first) => {
                self.uncount_a_late_repetition(counted, first.received_at, now).await;
                (*first, true)
            }
            Logged::Conflicting => return Err(authenticated.refuse(Refusal::UsedId).into()),
        };
        if inquiry.call.is_some() {
            send_reply(replies, &inquiry, counts).await?;
        }
        Ok(authenticated.reply(&Answer { text: &inquiry.reply, charged: inquiry.charged, repeated }))
    }

    /// A mismatch fetches the secret once more: it may have been rotated a moment ago.
    async fn authenticated(&self, name: &str, request: &Request) -> Result<Authenticated, Unanswered> {
        match gateway::authenticate(name, request, &*self.secret.get().await?) {
            Ok(authenticated) => Ok(authenticated),
            Err(_) => Ok(gateway::authenticate(name, request, &*self.secret.refresh().await?)?),
        }
    }

    /// The inquiry with its reply.
    async fn work_out(
        &self,
        Authenticated { message, accents, .. }: &Authenticated,
        id: InquiryId,
        counted: Option<&SenderCount>,
        now: DateTime<Utc>,
    ) -> Result<Inquiry, StoreError> {
        let readings = inquiry::asked_for(&message.text);
        let read = first_found(&self.dossiers, &readings);
        let found = self.sender_limit.unless_over_limit(self.ports.inquiries(), counted, read).await?;
        let reading = found.as_ref().and_then(Found::reading).or(readings.first());
        let (outcome, reply) = self.outcome(found.as_ref(), reading, now);
        let mut reply = fit(&accents.apply(reply), MOST_PARTS);
        if found.is_some() && reading.is_some_and(|reading| reading.names_another) {
            reply = messages::one_code_a_message(reply, *accents, MOST_PARTS);
        }
        Ok(Inquiry {
            id,
            sender: message.sender.clone(),
            text: message.text.clone(),
            receipt_code: reading.map(|reading| reading.code.clone()),
            reply,
            outcome,
            charged: self.is_charged(outcome),
            call: message.call.clone(),
            received_at: now,
        })
    }

    /// The outcome and its text. `found` is `None` where the sender is over the limit: no dossier was read.
    fn outcome(
        &self,
        found: Option<&Found<'_>>,
        reading: Option<&Reading>,
        now: DateTime<Utc>,
    ) -> (InquiryOutcome, String) {
        match (found, reading) {
            (None, _) => (InquiryOutcome::OverLimit, messages::too_many().to_owned()),
            (Some(Found::Dossier(_, dossier)), _) => {
                (InquiryOutcome::Answered, messages::answer(dossier, day_in_vietnam(now), &self.closed_steps))
            }
            (Some(Found::Unreadable(reading)), _) => (InquiryOutcome::Unreadable, messages::unreadable(&reading.code)),
            (Some(Found::Nothing), Some(reading)) => (InquiryOutcome::Unknown, messages::unknown_code(&reading.code)),
            (Some(Found::Nothing), None) => (InquiryOutcome::Syntax, messages::right_syntax().to_owned()),
        }
    }

    /// Repeated deliveries do not count. That a message was first delivered in an earlier minute is known only from its
    /// row, so it was counted a second time.
    async fn uncount_a_late_repetition(&self, counted: Option<SenderCount>, first: DateTime<Utc>, now: DateTime<Utc>) {
        let late = counted.filter(|_| sender_limit::minute(first) != sender_limit::minute(now));
        if let Some(message) = late {
            let _ = tokio::time::timeout(WAIT_FOR_REST, self.ports.inquiries().uncount(&message)).await;
        }
    }

    /// Unless `ChargeUnanswered` is set, only a reply with a dossier's state is charged.
    fn is_charged(&self, outcome: InquiryOutcome) -> bool {
        self.charge_unanswered || outcome == InquiryOutcome::Answered
    }

    /// Logs the inquiry and, at the same time, publishes its event; also returns how many events were dropped. A slow bus
    /// does not delay an answer that is ready.
    async fn log_beside(&self, inquiry: &Inquiry, event: Event) -> (Result<Logged, StoreError>, u32) {
        let events = [event];
        let announce = self.ports.events().publish(&events);
        tokio::pin!(announce);
        let log = self.ports.inquiries().log(inquiry);
        tokio::pin!(log);
        tokio::select! {
            biased; // the row first: on a cold start the bus's client is made while DynamoDB writes the row
            logged = &mut log => (logged, unless_late(announce).await),
            dropped = &mut announce => (log.await, dropped),
        }
    }
}

/// Enqueues the reply that needs a separate call, and sends it at once if there is time.
async fn send_reply<P: ReplyPorts>(
    replies: ReplySession<'_, P>,
    inquiry: &Inquiry,
    counts: &mut Counts,
) -> Result<(), StoreError> {
    let enqueued = replies.on_inquiry(inquiry).await;
    counts.extend(reply_counts(replies.tally()));
    if tokio::time::timeout(WAIT_FOR_REST, replies.finish()).await.is_err() {
        tracing::warn!(events.dropped = 1, "the event bus was too slow for a citizen's answer");
        counts.push(("EventsDropped", 1.0));
    }
    enqueued.map(drop)
}

/// How many events were dropped: the one event, where the bus takes too long.
async fn unless_late(announce: impl Future<Output = u32>) -> u32 {
    tokio::time::timeout(WAIT_FOR_REST, announce).await.unwrap_or_else(|_| {
        tracing::warn!(events.dropped = 1, "the event bus was too slow for a citizen's answer");
        1
    })
}

/// The metric of a new inquiry, if an alarm watches it.
fn reported(inquiry: &Inquiry) -> Option<(&'static str, f64)> {
    match inquiry.outcome {
        InquiryOutcome::OverLimit => {
            let gateway = inquiry.id.gateway();
            tracing::warn!(gateway, "a phone sends more than its messages a minute: answered by a hint");
            Some(("InquiriesOverLimit", 1.0))
        }
        InquiryOutcome::Unreadable => Some(("DossiersUnreadable", 1.0)),
        InquiryOutcome::Answered | InquiryOutcome::Unknown | InquiryOutcome::Syntax => None,
    }
}

/// Names the code only if a dossier has it: any other may be the number of an identity card or of a phone.
fn announcement(inquiry: &Inquiry) -> Event {
    let is_stored = matches!(inquiry.outcome, InquiryOutcome::Answered | InquiryOutcome::Unreadable);
    let of_a_dossier = |_: &&ReceiptCode| is_stored;
    Event::InquiryAnswered {
        inquiry: inquiry.id.to_string(),
        gateway: inquiry.id.gateway().to_owned(),
        receipt_code: inquiry.receipt_code.as_ref().filter(of_a_dossier).map(ToString::to_string),
        outcome: inquiry.outcome,
    }
}
