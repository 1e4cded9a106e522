//! A queue whose messages Lambda passes to a function: when one is received again, and which are given up.

use std::future::Future;

use aws_sdk_sqs::Client;
use chrono::TimeDelta;

use crate::aws::{LazyClient, error_chain};

/// The queue did not answer, or refused. Its own settings then say when the message is received again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is unavailable: {why}")]
pub struct QueueError {
    pub why: String,
}

/// A queue and its dead-letter queue.
pub trait RetryQueue: Sync {
    /// The message is received again after `pause`.
    fn delay(&self, handle: &str, pause: TimeDelta) -> impl Future<Output = Result<(), QueueError>> + Send;
    /// Puts a copy of a message into the dead-letter queue.
    fn dead_letter(&self, body: &str) -> impl Future<Output = Result<(), QueueError>> + Send;
}

/// On SQS.
pub struct SqsQueue {
    client: LazyClient<Client>,
    url: String,
    dead_letters: String,
}

impl SqsQueue {
    /// By the URLs of the queue and of its dead-letter queue.
    pub fn new(client: LazyClient<Client>, url: String, dead_letters: String) -> Self {
        Self { client, url, dead_letters }
    }
}

impl RetryQueue for SqsQueue {
    async fn delay(&self, handle: &str, pause: TimeDelta) -> Result<(), QueueError> {
        let seconds = i32::try_from(pause.num_seconds()).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(drop).map_err(|error| QueueError { why: error_chain(&error) })
    }

    async fn dead_letter(&self, body: &str) -> Result<(), QueueError> {
        let sent = self.client.send_message().queue_url(&self.dead_letters).message_body(body).send().await;
        sent.map(drop).map_err(|error| QueueError { why: error_chain(&error) })
    }
}
