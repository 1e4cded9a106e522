//! `/mo/{gateway}`: a citizen's text to 8083, brought by the short code's operator, and its answer.
//!
//! Always 200 with a text for a genuine message; 401 for one that is not; 503 where the gateway shall bring it again.

mod gateway;
mod message;

use std::time::Duration;

use adapters::secret::{Secret, SecretError};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use domain::calendar::day_in_vietnam;
use domain::event::{Event, InquiryOutcome};
use domain::ports::{Clock, DossierStore, EventBus, Inquiry, InquiryLog, Logged, StoreError};
use domain::sms::fit;
use domain::{ClosedSteps, inquiry, texts};

use gateway::{Gateway, Refusal};
use message::Message;

/// "An answer within 4 seconds, always": some operators give up at 5.
const ANSWER_WITHIN: Duration = Duration::from_millis(3_300);
/// How long the bus may keep an answer that is ready.
const WAIT_FOR_BUS: Duration = Duration::from_millis(200);

/// SMS parts of a reply: what an operator still delivers as one message, and the seed's reply is two.
const MOST_PARTS: u32 = 3;

/// The front door of 8083.
pub struct Lookup<D, I, E, C> {
    /// Table `dossiers`.
    pub dossiers: D,
    /// Table `inquiries`.
    pub inquiries: I,
    /// The province's bus.
    pub events: E,
    /// One member a gateway: `{"kannel":{"user":"…","password":"…"}}`
    pub secret: Secret,
    /// The time.
    pub clock: C,
    /// Parameter `ClosedSteps`.
    pub closed_steps: ClosedSteps,
}

/// Counts for CloudWatch.
pub type Counts = Vec<(&'static str, f64)>;

/// Why a message got no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the same message id came with another text")]
    Conflicting,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("no answer in time")]
    TimedOut,
}

impl<D: DossierStore, I: InquiryLog, E: EventBus, C: Clock> Lookup<D, I, E, C> {
    /// Answers one message.
    pub async fn handle(&self, request: &ApiGatewayProxyRequest) -> (ApiGatewayProxyResponse, Counts) {
        let name = request.path_parameters.get("gateway").map(String::as_str).unwrap_or_default();
        let Some(gateway) = gateway::named(name) else {
            return (gateway::plain(404, "no such gateway"), Vec::new());
        };
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.answer(gateway, request)).await;
        match answer.unwrap_or(Err(Unanswered::TimedOut)) {
            Ok(reply) => ((gateway.reply)(&reply), Vec::new()),
            Err(Unanswered::Refused(refusal)) => (gateway::refused(refusal), Vec::new()),
            Err(Unanswered::Conflicting) => {
                tracing::error!(gateway = gateway.name, "a message id came again with another text");
                (gateway::plain(403, "this message id was used for another text"), vec![("InquiryConflicts", 1.0)])
            }
            Err(error) => {
                tracing::error!(gateway = gateway.name, %error, "an inquiry is left to the gateway's retry");
                (gateway::plain(503, "try again"), vec![("InquiriesUnanswered", 1.0)])
            }
        }
    }

    async fn answer(&self, gateway: &Gateway, request: &ApiGatewayProxyRequest) -> Result<String, Unanswered> {
        self.verify(gateway, request).await?;
        let message = (gateway.read)(request);
        let inquiry = self.work_out(gateway, message).await?;
        let event = Event::InquiryAnswered {
            inquiry: inquiry.id.clone(),
            gateway: gateway.name,
            receipt_code: inquiry.receipt_code.as_ref().map(ToString::to_string),
            outcome: inquiry.outcome,
        };
        match self.log_beside(&inquiry, event).await? {
            Logged::New => Ok(inquiry.reply),
            Logged::Repeated { reply } => Ok(reply),
            Logged::Conflicting => Err(Unanswered::Conflicting),
        }
    }

    /// A mismatch fetches the secret once more: it may have been rotated a moment ago.
    async fn verify(&self, gateway: &Gateway, request: &ApiGatewayProxyRequest) -> Result<(), Unanswered> {
        let verified = (gateway.verify)(request, &self.secret.get().await?[gateway.name]);
        if verified.is_err() {
            (gateway.verify)(request, &self.secret.again().await?[gateway.name])?;
        }
        Ok(())
    }

    /// What the citizen is told, and why.
    async fn work_out(&self, gateway: &Gateway, message: Message) -> Result<Inquiry, StoreError> {
        let now = self.clock.now();
        let receipt_code = inquiry::asked_for(&message.text);
        let dossier = match &receipt_code {
            Some(code) => self.dossiers.get(code).await?,
            None => None,
        };
        let (outcome, reply) = match (&receipt_code, &dossier) {
            (_, Some(dossier)) => {
                (InquiryOutcome::Answered, texts::answer(dossier, day_in_vietnam(now), &self.closed_steps))
            }
            (Some(code), None) => (InquiryOutcome::Unknown, texts::unknown_code(code)),
            (None, None) => (InquiryOutcome::Syntax, texts::right_syntax().to_owned()),
        };
        let id = format!("{}#{}", gateway.name, message.id_or_fingerprint(now));
        let Message { sender, text, .. } = message;
        let reply = fit(&reply, MOST_PARTS);
        Ok(Inquiry { id, gateway: gateway.name, sender, text, receipt_code, reply, outcome, received_at: now })
    }

    /// Logs the inquiry and announces it beside. The bus keeps no answer waiting that is ready.
    async fn log_beside(&self, inquiry: &Inquiry, event: Event) -> Result<Logged, StoreError> {
        let events = [event];
        let announce = self.events.publish(&events);
        tokio::pin!(announce);
        let log = self.inquiries.log(inquiry);
        tokio::pin!(log);
        tokio::select! {
            logged = &mut log => {
                let _ = tokio::time::timeout(WAIT_FOR_BUS, announce).await;
                logged
            }
            () = &mut announce => log.await,
        }
    }
}
