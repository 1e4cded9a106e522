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
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(2);

/// Where the due messages come from, and how one is sent.
pub(super) trait DueQueue: Sync {
    /// Whether another message may be started.
    fn is_open(&self) -> bool;
    /// How many messages may be in progress at once.
    fn at_once(&self) -> usize;
    /// Messages that may be claimed before the run ends, of the most urgent priority that has any to work on now.
    fn due(&self, passed: &Passed) -> impl Future<Output = Result<DueRows, StoreError>> + Send;
    /// Claims a message and sends it, if it must still be sent.
    fn on_due(&self, id: &Outgoing) -> impl Future<Output = Result<Progress, StoreError>> + Send;
}

/// Rows to skip: those that can never be claimed, and those that another sender held at the last claim.
#[derive(Debug, Default)]
pub(super) struct Passed {
    unclaimable: HashSet<Outgoing>,
    taken: HashMap<Outgoing, DateTime<Utc>>,
    /// The largest number of unreadable rows in one query of the index.
    unreadable: u32,
}

impl Passed {
    /// How many rows of the index may come before one to work on.
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
            Progress::Taken | Progress::OutOfReach => drop(self.taken.insert(due.id.clone(), due.due_at)),
            _ => {}
        }
    }
}

impl<P: OutboxPorts> Session<'_, P> {
    /// Sends what is due until nothing more becomes due or the time is up. If nothing is due at first, it checks again
    /// for `patience`.
    pub(super) async fn work_through(&self, queue: &impl DueQueue, patience: TimeDelta) -> Result<(), StoreError> {
        let mut passed = Passed::default();
        let worked = self.work_off(queue, &mut passed, self.now() + patience).await;
        self.count((), |tally| tally.unclaimable += passed.unreadable);
        worked
    }

    async fn work_off(
        &self,
        queue: &impl DueQueue,
        passed: &mut Passed,
        look_until: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        while queue.is_open() {
            let (due, ()) = futures::join!(queue.due(passed), self.publish_events());
            let (DueRows { due, unreadable }, now) = (due?, self.now());
            passed.unreadable = passed.unreadable.max(unreadable);
            let Some(first) = due.iter().map(|due| due.due_at).min() else {
                if now >= look_until {
                    break;
                }
                self.ports.clock().sleep_until((now + LOOK_AGAIN).min(look_until)).await;
                continue;
            };
            self.note_waiting(now - first);
            let workable: Vec<&Due> = due.iter().filter(|due| passed.is_workable(due, now)).collect();
            if workable.is_empty() {
                let next = due.iter().map(|due| due.due_at).filter(|due_at| *due_at > now).min().unwrap_or(self.until);
                self.ports.clock().sleep_until(next.min(now + LOOK_AGAIN).min(self.until)).await;
                passed.taken.clear();
                continue;
            }
            if !self.work_on(queue, &workable, passed).await {
                self.ports.clock().sleep_until(now + LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Sends what is due. Returns false if the outbox could not be reached for any of it.
    async fn work_on(&self, queue: &impl DueQueue, due: &[&Due], passed: &mut Passed) -> bool {
        let mut within_reach = false;
        let mut ended = futures::stream::iter(due.iter())
            .map(async |due| (*due, on_due_alone(queue, &due.id).await))
            .buffer_unordered(queue.at_once());
        while let Some((due, progress)) = ended.next().await {
            passed.note(due, progress);
            within_reach |= progress != Progress::OutOfReach;
        }
        within_reach
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
            Progress::OutOfReach
        }
    }
}
