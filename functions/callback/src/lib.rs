//! Call-backs: the bus's events of notices, by HTTPS to the one-stop software.
//!
//! A rule of the bus puts each event into a queue, and Lambda passes up to ten of them to this function. An event that
//! the receiver does not accept stays in the queue and is received again, after pauses that double up to an hour. After
//! a day it is put into the dead-letter queue, which raises an alarm; `make redrive` puts it back. An event may be sent
//! twice, and in another order: it has an id and a rank for that.

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
use receiver::NotAccepted;

pub use receiver::Receiver;

/// Sends events to the receiver.
pub struct CallbackSender<C, Q> {
    pub clock: C,
    pub queue: Q,
    pub receiver: Receiver,
}

/// What becomes of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is deleted: the receiver has it, or it is no event and is in the dead-letter queue.
    Done,
    /// It is deleted, too: the receiver did not accept it, and it is in the dead-letter queue.
    GivenUp,
    /// It is received again.
    Again,
    /// The same, because the receiver's name led to an address that is not public.
    NotPublic,
}

/// The answer to Lambda, and the counts.
#[derive(Debug, Default)]
pub struct Done {
    /// The messages that are received again; Lambda deletes the others.
    pub response: SqsBatchResponse,
    pub tally: Tally,
}

/// The counts of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    not_accepted: u32,
    not_public: u32,
    /// How long the oldest event that was not accepted has waited, in seconds.
    oldest_s: i64,
}

impl Tally {
    /// The metrics, without those of zero.
    pub fn counts(self) -> impl Iterator<Item = (&'static str, f64)> {
        let counts = [
            ("CallbacksNotAccepted", self.not_accepted.into()),
            ("CallbacksNotPublic", self.not_public.into()),
            ("CallbackAgeSeconds", self.oldest_s as f64),
        ];
        counts.into_iter().filter(|(_, count)| *count > 0.0)
    }
}

impl Done {
    fn add(&mut self, message: &SqsMessage, outcome: Outcome, age: TimeDelta) {
        if outcome == Outcome::Done {
            return;
        }
        self.tally.not_accepted += 1;
        self.tally.oldest_s = self.tally.oldest_s.max(age.num_seconds());
        if outcome == Outcome::GivenUp {
            return;
        }
        self.tally.not_public += u32::from(outcome == Outcome::NotPublic);
        self.response.add_failure(message.message_id.as_deref().unwrap_or_default());
    }
}

impl<C: Clock, Q: RetryQueue> CallbackSender<C, Q> {
    /// Sends the events of a batch side by side, each once.
    pub async fn send_batch(&self, batch: &SqsEvent) -> Done {
        let outcomes = join_all(batch.records.iter().map(|message| self.send(message))).await;
        let mut done = Done::default();
        for (message, outcome) in batch.records.iter().zip(outcomes) {
            done.add(message, outcome, self.age(message));
        }
        done
    }

    async fn send(&self, message: &SqsMessage) -> Outcome {
        let Some(call) = CallBack::of(body(message)) else {
            tracing::error!(sqs.message = message.message_id, "a message of the queue is not an event of a call-back");
            return self.dead_letter(message).await;
        };
        match self.receiver.post(&call, self.clock.now()).await {
            Ok(()) => Outcome::Done,
            Err(error) => self.not_accepted(message, &call, &error).await,
        }
    }

    async fn not_accepted(&self, message: &SqsMessage, call: &CallBack, error: &NotAccepted) -> Outcome {
        let (age, tries) = (self.age(message), message.attributes.get("ApproximateReceiveCount"));
        let (id, kind, why) = (&call.id, call.kind, error as &dyn Error);
        if age >= A_DAY || error.is_gone() {
            tracing::error!(webhook.id = id, webhook.kind = kind, tries, error = why, "a call-back is given up");
            return match self.dead_letter(message).await {
                Outcome::Done => Outcome::GivenUp,
                again => again,
            };
        }
        let pause = pause(age).max(error.retry_after());
        let again_in_s = pause.num_seconds();
        tracing::warn!(
            webhook.id = id,
            webhook.kind = kind,
            tries,
            again_in_s,
            error = why,
            "a call-back was not accepted"
        );
        if let Err(error) = self.queue.delay(message.receipt_handle.as_deref().unwrap_or_default(), pause).await {
            tracing::warn!(
                webhook.id = id,
                error = &error as &dyn Error,
                "a call-back is delayed by the queue's own time-out"
            );
        }
        if error.is_not_public() { Outcome::NotPublic } else { Outcome::Again }
    }

    /// If the dead-letter queue is unavailable, the message is received again.
    async fn dead_letter(&self, message: &SqsMessage) -> Outcome {
        match self.queue.dead_letter(body(message)).await {
            Ok(()) => Outcome::Done,
            Err(error) => {
                let id = &message.message_id;
                tracing::error!(
                    sqs.message = id,
                    error = &error as &dyn Error,
                    "a call-back could not be put into the dead-letter queue"
                );
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
