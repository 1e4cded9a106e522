//! Sends the messages that are due.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Outgoing;
use futures::StreamExt;

use super::session::Session;
use super::tally::Progress;
use crate::ports::{Clock, Due, DueRows, OutboxPorts, StoreError};

/// How often an idle sender checks for messages that became due.
const POLL_INTERVAL: TimeDelta = TimeDelta::seconds(2);

/// Where the due messages come from, and how one is sent.
pub(super) trait DueQueue: Sync {
    /// Whether another message may be started.
    fn is_open(&self) -> bool;
    /// How many messages may be in progress at once.
    fn at_once(&self) -> usize;
    /// Messages that may be claimed before the run ends, of the most urgent priority that has any to send now.
    fn due(&self, skipped: &Skipped) -> impl Future<Output = Result<DueRows, StoreError>> + Send;
    /// Claims a message and sends it, if it must still be sent.
    fn on_due(&self, id: &Outgoing) -> impl Future<Output = Result<Progress, StoreError>> + Send;
}

/// Rows to skip: those that can never be claimed, and those that another sender held at the last claim.
#[derive(Debug, Default)]
pub(super) struct Skipped {
    unclaimable: HashSet<Outgoing>,
    taken: HashMap<Outgoing, DateTime<Utc>>,
    /// The largest number of unreadable rows in one query of the index.
    unreadable: u32,
}

impl Skipped {
    /// How many rows of the index may come before one to send.
    pub fn len(&self) -> usize {
        self.unclaimable.len() + self.taken.len()
    }

    /// Whether a row can ever be claimed.
    pub fn counts(&self, due: &Due) -> bool {
        !self.unclaimable.contains(&due.id)
    }

    /// Whether a row is worth claiming now.
    pub fn is_workable(&self, due: &Due, now: DateTime<Utc>) -> bool {
        due.due_at <= now && self.counts(due) && self.taken.get(&due.id) != Some(&due.due_at)
    }

    fn note(&mut self, due: &Due, progress: Progress) {
        match progress {
            Progress::Unclaimable => drop(self.unclaimable.insert(due.id.clone())),
            // A row that cannot be claimed for any other reason must not delay the others either.
            Progress::Taken | Progress::Unavailable => drop(self.taken.insert(due.id.clone(), due.due_at)),
            _ => {}
        }
    }
}

impl<P: OutboxPorts> Session<'_, P> {
    /// Sends what is due until nothing more becomes due or the time is up. If nothing is due at first, it checks again
    /// for `max_wait`.
    pub(super) async fn send_all_due(&self, queue: &impl DueQueue, max_wait: TimeDelta) -> Result<(), StoreError> {
        let mut skipped = Skipped::default();
        let sent = self.poll(queue, &mut skipped, self.now() + max_wait).await;
        self.count((), |tally| tally.unclaimable += skipped.unreadable);
        sent
    }

    async fn poll(
        &self,
        queue: &impl DueQueue,
        skipped: &mut Skipped,
        poll_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        while queue.is_open() {
            let (due, ()) = futures::join!(queue.due(skipped), self.publish_events());
            let (DueRows { due, unreadable }, now) = (due?, self.now());
            skipped.unreadable = skipped.unreadable.max(unreadable);
            let Some(first) = due.iter().map(|due| due.due_at).min() else {
                if now >= poll_until {
                    break;
                }
                self.ports.clock().sleep_until((now + POLL_INTERVAL).min(poll_until)).await;
                continue;
            };
            self.note_waiting(now - first);
            let workable: Vec<&Due> = due.iter().filter(|due| skipped.is_workable(due, now)).collect();
            if workable.is_empty() {
                let next = due.iter().map(|due| due.due_at).filter(|due_at| *due_at > now).min().unwrap_or(self.until);
                self.ports.clock().sleep_until(next.min(now + POLL_INTERVAL).min(self.until)).await;
                skipped.taken.clear();
                continue;
            }
            if !self.send_batch(queue, &workable, skipped).await {
                self.ports.clock().sleep_until(now + POLL_INTERVAL).await;
            }
        }
        Ok(())
    }

    /// Sends what is due. Returns false if the outbox was available for none of it.
    async fn send_batch(&self, queue: &impl DueQueue, due: &[&Due], skipped: &mut Skipped) -> bool {
        let mut available = false;
        let mut ended = futures::stream::iter(due.iter())
            .map(async |due| (*due, on_due_alone(queue, &due.id).await))
            .buffer_unordered(queue.at_once());
        while let Some((due, progress)) = ended.next().await {
            skipped.note(due, progress);
            available |= progress != Progress::Unavailable;
        }
        available
    }
}

/// A store error of one message does not stop the others.
async fn on_due_alone(queue: &impl DueQueue, id: &Outgoing) -> Progress {
    if !queue.is_open() {
        return Progress::Deferred;
    }
    match queue.on_due(id).await {
        Ok(progress) => progress,
        Err(error) => {
            tracing::error!(outgoing = %id, error = &error as &dyn Error, "a due message could not be claimed");
            Progress::Unavailable
        }
    }
}
