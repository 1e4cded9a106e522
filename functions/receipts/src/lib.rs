//! The carriers' receipts: what became of each message after it was accepted.
//!
//! CloudWatch Logs and SNS invoke the function asynchronously: if it fails, Lambda delivers the same event again after
//! one minute and after two more, and then puts it into a queue with an alarm. A carrier's call-back gets 503 then, and
//! the carrier calls again. Recording a receipt twice changes nothing, so the whole event may come again.

mod call_back;
mod source;

use std::error::Error;

use adapters::secret::{Secret, SecretError};
use application::ports::{Clock, ReceiptPorts, StoreError};
use application::sending::{ReceiptConfig, ReceiptTally, Received, Suspicion, receive};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::cloudwatch_logs::LogsEvent;
use aws_lambda_events::sns::SnsEvent;
use chrono::{DateTime, Utc};
use domain::notice::receipt::Receipt;
use serde::Deserialize;
use serde_json::Value;

use source::{Entry, Parsed, end_user_messaging, sns_logs};

/// An event with receipts, by its source. No `Debug`: it holds phone numbers.
pub enum ReceiptEvent {
    /// SNS's delivery logs, from CloudWatch Logs.
    Logs(LogsEvent),
    /// End User Messaging's events, from an SNS topic.
    Topic(SnsEvent),
    /// A carrier's call-back, from API Gateway.
    CallBack(Box<ApiGatewayProxyRequest>),
}

/// An event of none of the known forms. Its text quotes nothing of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is no batch of CloudWatch Logs, none of an SNS topic, and no request")]
pub struct UnknownEvent;

impl TryFrom<Value> for ReceiptEvent {
    type Error = UnknownEvent;

    fn try_from(event: Value) -> Result<Self, UnknownEvent> {
        // By reference: LogsEvent reads borrowed keys only.
        let event = &event;
        let read = if event.get("awslogs").is_some() {
            LogsEvent::deserialize(event).map(Self::Logs)
        } else if event.get("Records").is_some() {
            SnsEvent::deserialize(event).map(Self::Topic)
        } else if event.get("requestContext").is_some() {
            ApiGatewayProxyRequest::deserialize(event).map(|request| Self::CallBack(Box::new(request)))
        } else {
            return Err(UnknownEvent);
        };
        read.map_err(|_| UnknownEvent)
    }
}

/// The receipts of an event, and how many entries were none.
#[derive(Default)]
struct Read {
    receipts: Vec<Receipt>,
    rejected: u32,
}

impl Read {
    /// `name`: the entry's own id.
    fn add(&mut self, name: &str, parsed: Parsed) {
        match parsed {
            Parsed::Entry(Entry::Receipt(receipt)) => self.receipts.push(*receipt),
            Parsed::Entry(Entry::NotYet) => {}
            Parsed::NotAReceipt(error) => {
                let error = &error as &dyn Error;
                tracing::warn!(entry = name, error, "an entry could not be parsed as a receipt");
                self.rejected += 1;
            }
        }
    }

    fn of_logs(event: &LogsEvent, now: DateTime<Utc>) -> Self {
        let (mut read, data) = (Self::default(), &event.aws_logs.data);
        // A control message only tests the subscription.
        let entries = if data.message_type == "DATA_MESSAGE" { data.log_events.as_slice() } else { &[] };
        for entry in entries {
            let at = DateTime::from_timestamp_millis(entry.timestamp).unwrap_or(now);
            read.add(&entry.id, sns_logs::parse(&entry.message, at).into());
        }
        read
    }

    fn of_topic(event: &SnsEvent, now: DateTime<Utc>) -> Self {
        let mut read = Self::default();
        for record in &event.records {
            read.add(&record.sns.message_id, end_user_messaging::parse(&record.sns.message, now).into());
        }
        read
    }
}

pub struct Recorder<P> {
    pub ports: P,
    pub config: ReceiptConfig,
    /// What the receipts of this sandbox say of our account.
    pub suspicion: Suspicion,
    /// SmsSecret, which authenticates call-backs; None where the carrier has none.
    pub secret: Option<Secret>,
}

/// What Lambda answers, and what the metrics get.
pub struct Done {
    /// The answer to a call-back.
    pub response: Option<ApiGatewayProxyResponse>,
    pub tally: ReceiptTally,
    /// Entries that are no receipts.
    pub rejected: u32,
    /// The call-back is not genuine.
    pub is_refused: bool,
    /// A receipt could not be recorded: the event must come again.
    pub failed: Option<StoreError>,
}

impl<P: ReceiptPorts> Recorder<P> {
    pub async fn record(&self, event: &ReceiptEvent) -> Done {
        let now = self.ports.clock().now();
        match event {
            ReceiptEvent::Logs(event) => self.receive(Read::of_logs(event, now)).await,
            ReceiptEvent::Topic(event) => self.receive(Read::of_topic(event, now)).await,
            ReceiptEvent::CallBack(request) => self.call_back(request, now).await,
        }
    }

    async fn receive(&self, read: Read) -> Done {
        let Received { tally, failed } = receive(&self.ports, &self.config, &self.suspicion, &read.receipts).await;
        Done { response: None, tally, rejected: read.rejected, is_refused: false, failed }
    }

    async fn call_back(&self, request: &ApiGatewayProxyRequest, now: DateTime<Utc>) -> Done {
        let parsed = match self.authenticated(request, now).await {
            Ok(parsed) => parsed,
            Err(response) => {
                let (is_refused, tally) = (response.status_code == 401, ReceiptTally::default());
                return Done { response: Some(response), tally, rejected: 0, is_refused, failed: None };
            }
        };
        let mut read = Read::default();
        read.add(call_back::carrier(request), parsed);
        let mut done = self.receive(read).await;
        // A retry would not help for an entry that is no receipt.
        done.response = Some(match done.failed.take() {
            None => call_back::plain(200, "ok"),
            Some(error) => {
                tracing::warn!(error = &error as &dyn Error, "a call-back is left to the carrier's retry");
                call_back::plain(503, "try again")
            }
        });
        done
    }

    async fn authenticated(
        &self,
        request: &ApiGatewayProxyRequest,
        now: DateTime<Utc>,
    ) -> Result<Parsed, ApiGatewayProxyResponse> {
        let Some(secret) = &self.secret else { return Err(call_back::refused()) };
        let unavailable = |error: SecretError| {
            tracing::error!(error = &error as &dyn Error, "a call-back cannot be authenticated");
            call_back::plain(503, "try again")
        };
        let known = secret.get().await.map_err(unavailable)?;
        let mut read = call_back::read(request, &known, now);
        if read.is_err() {
            // The secret may be newer than the cached one.
            let refreshed = secret.refresh().await.map_err(unavailable)?;
            read = call_back::read(request, &refreshed, now);
        }
        read.map_err(|refusal| {
            tracing::warn!(error = &refusal as &dyn Error, "a call-back is refused");
            call_back::refused()
        })
    }
}
