//! A queue whose messages Lambda brings to a function: when one comes again, and what is given up.

use std::future::Future;

use aws_sdk_sqs::Client;
use chrono::TimeDelta;

use crate::aws::{LazyClient, error_chain};

/// The queue did not answer, or refused. Its own settings then say when the message comes again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue is out of reach: {0}")]
pub struct QueueError(pub String);

/// A queue and its dead-letter queue.
pub trait RetryQueue: Sync {
    /// The message comes again after `pause`.
    fn put_off(&self, handle: &str, pause: TimeDelta) -> impl Future<Output = Result<(), QueueError>> + Send;
    /// Puts a copy of a message into the dead-letter queue.
    fn set_aside(&self, body: &str) -> impl Future<Output = Result<(), QueueError>> + Send;
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
    async fn put_off(&self, handle: &str, pause: TimeDelta) -> Result<(), QueueError> {
        let seconds = i32::try_from(pause.num_seconds()).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(handle);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(drop).map_err(|error| QueueError(error_chain(&error)))
    }

    async fn set_aside(&self, body: &str) -> Result<(), QueueError> {
        let sent = self.client.send_message().queue_url(&self.dead_letters).message_body(body).send().await;
        sent.map(drop).map_err(|error| QueueError(error_chain(&error)))
    }
}
