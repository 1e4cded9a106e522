//! Call-backs: the bus's events of notices, by HTTPS to the one-stop software.
//!
//! A rule of the bus puts each event into a queue, and Lambda brings up to ten of them at a time. An event that the
//! receiver does not take stays in the queue and comes again, after pauses that double up to an hour. After a day it
//! goes into the dead-letter queue, which raises an alarm; `make redrive` brings it back. An event may be sent twice,
//! and in another order: it has an id and a rank for that.

mod event;
mod pause;
mod receiver;
mod signature;

use std::error::Error;

use adapters::retry_queue::RetryQueue;
use application::ports::Clock;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use chrono::{DateTime, TimeDelta};
use futures::future::join_all;

use event::CallBack;
use pause::{A_DAY, pause};
use receiver::NotTaken;

pub use receiver::Receiver;

/// Brings events to the receiver.
pub struct Courier<C, Q> {
    pub clock: C,
    pub queue: Q,
    pub receiver: Receiver,
}

/// What becomes of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is deleted: the receiver has it or wants none, or it is in the dead-letter queue.
    Done,
    /// It comes again.
    Again,
    /// The same, because the receiver's name led to an address that is not public.
    NotPublic,
}

/// What Lambda is answered, and what the metrics get.
#[derive(Debug, Default)]
pub struct Done {
    /// The messages that come again; Lambda deletes the others.
    pub response: SqsBatchResponse,
    pub tally: Tally,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    not_taken: u32,
    not_public: u32,
}

impl Tally {
    /// The metrics, without those of zero.
    pub fn counts(self) -> impl Iterator<Item = (&'static str, f64)> {
        let counts = [("CallbacksNotTaken", self.not_taken), ("CallbacksNotPublic", self.not_public)];
        counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into()))
    }
}

impl Done {
    fn add(&mut self, message: &SqsMessage, outcome: Outcome) {
        if outcome == Outcome::Done {
            return;
        }
        self.tally.not_taken += 1;
        self.tally.not_public += u32::from(outcome == Outcome::NotPublic);
        self.response.add_failure(message.message_id.as_deref().unwrap_or_default());
    }
}

impl<C: Clock, Q: RetryQueue> Courier<C, Q> {
    /// Sends the events of a batch side by side, each once.
    pub async fn deliver(&self, batch: &SqsEvent) -> Done {
        let outcomes = join_all(batch.records.iter().map(|message| self.bring(message))).await;
        let mut done = Done::default();
        for (message, outcome) in batch.records.iter().zip(outcomes) {
            done.add(message, outcome);
        }
        done
    }

    async fn bring(&self, message: &SqsMessage) -> Outcome {
        let Some(call) = CallBack::of(body(message)) else {
            tracing::error!(sqs.message = message.message_id, "a message of the queue is no event that is sent");
            return self.set_aside(message).await;
        };
        match self.receiver.take(&call, self.clock.now()).await {
            Ok(()) => Outcome::Done,
            Err(error) => self.not_taken(message, &call, &error).await,
        }
    }

    async fn not_taken(&self, message: &SqsMessage, call: &CallBack, error: &NotTaken) -> Outcome {
        let (age, tries) = (self.age(message), message.attributes.get("ApproximateReceiveCount"));
        let (id, kind, why) = (&call.id, call.kind, error as &dyn Error);
        if age >= A_DAY {
            tracing::error!(
                webhook.id = id,
                webhook.kind = kind,
                tries,
                error = why,
                "a call-back is given up after a day"
            );
            return self.set_aside(message).await;
        }
        let pause = pause(age).max(error.asked_for());
        let again_in_s = pause.num_seconds();
        tracing::warn!(
            webhook.id = id,
            webhook.kind = kind,
            tries,
            again_in_s,
            error = why,
            "a call-back was not taken"
        );
        if let Err(error) = self.queue.put_off(message.receipt_handle.as_deref().unwrap_or_default(), pause).await {
            tracing::warn!(
                webhook.id = id,
                error = &error as &dyn Error,
                "the pause of a call-back is the queue's own"
            );
        }
        if error.is_not_public() { Outcome::NotPublic } else { Outcome::Again }
    }

    /// If the dead-letter queue does not answer, the message comes again.
    async fn set_aside(&self, message: &SqsMessage) -> Outcome {
        match self.queue.set_aside(body(message)).await {
            Ok(()) => Outcome::Done,
            Err(error) => {
                let id = &message.message_id;
                tracing::error!(sqs.message = id, error = &error as &dyn Error, "a call-back could not be set aside");
                Outcome::Again
            }
        }
    }

    /// How long a message has been in the queue.
    fn age(&self, message: &SqsMessage) -> TimeDelta {
        let sent = message.attributes.get("SentTimestamp").and_then(|millis| millis.parse().ok());
        let sent = sent.and_then(DateTime::from_timestamp_millis);
        sent.map_or(TimeDelta::zero(), |sent| self.clock.now() - sent)
    }
}

fn body(message: &SqsMessage) -> &str {
    message.body.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests;
