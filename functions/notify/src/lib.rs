//! The dossiers' stream: enqueues the notice that a change requires, and sends it at once if that is allowed now.
//!
//! A record that fails is reported by its sequence number: Lambda delivers the batch again from the lowest one on.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

mod change;

use std::collections::HashMap;

use application::ports::{Clock, NoticePorts, StoreError};
use application::sending::{MARGIN, NoticeSender, NoticeSession, Tally};
use chrono::{DateTime, TimeDelta, Utc};
use domain::NoticeId;
use domain::notice::decision::{Again, is_due_after_unreadable, is_due_again, notice_for_change, notice_to_reconsider};
use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use change::{Change, NotAChange};

/// A batch of the stream. Records are parsed one by one, so that an invalid one fails alone. No `Debug`: the records
/// contain phone numbers.
#[derive(Deserialize)]
pub struct Batch {
    /// In the shard's order.
    #[serde(rename = "Records", default)]
    pub records: Vec<Value>,
}

/// The answer to Lambda: the records to deliver again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Empty if all records were processed.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// One record to deliver again.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its sequence number; empty (the whole batch) if it had none.
    pub item_identifier: String,
}

/// Dossiers processed concurrently. The changes of one dossier stay in their order.
const AT_ONCE: usize = 16;
/// How long a batch waits for the rate limiter; what cannot be sent in that time is left to `sender`.
const BATCH_WAIT: TimeDelta = TimeDelta::seconds(10);
/// The longest time a batch is kept before it is returned as failed, if a table is unavailable. Lambda's own pauses
/// between retries are not documented, so they are not included: MaximumRetryAttempts (template.yaml) times this is how
/// long an outage may last.
pub const RETRY_PAUSE: TimeDelta = TimeDelta::seconds(40);
/// A change that is older was delivered late (a retry, an outage): its notice is handled like a late claim, which reads
/// the dossier again.
const LATE: TimeDelta = TimeDelta::seconds(90);

/// Processes a batch. `request` is unique to the invocation.
pub async fn notify<P: NoticePorts>(
    sender: &NoticeSender<P>,
    batch: &Batch,
    request: &str,
    deadline: DateTime<Utc>,
) -> (BatchResponse, Tally, u32) {
    let now = sender.ports().clock().now();
    let session = sender.session(request, (now + BATCH_WAIT).min(deadline - MARGIN));
    let failures: Vec<Failure> = futures::stream::iter(by_dossier(&batch.records))
        .map(|records| in_order(&session, sender, records))
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    let rejected = failures.iter().filter(|failure| failure.for_good).count() as u32;
    let unavailable = failures.len() as u32 > rejected;
    let batch_item_failures = failures.into_iter().map(|failure| failure.item).collect();
    let tally = session.finish().await;
    if unavailable {
        let until = now + pause(&batch.records, now);
        sender.ports().clock().sleep_until(until.min(deadline - MARGIN)).await;
    }
    (BatchResponse { batch_item_failures }, tally, rejected)
}

/// As long as the oldest record has waited already, so that a short fault causes a short delay: 1 s, 2 s, 4 s, … and at
/// most [`RETRY_PAUSE`].
fn pause(records: &[Value], now: DateTime<Utc>) -> TimeDelta {
    let written = records.iter().filter_map(|record| record.pointer("/dynamodb/ApproximateCreationDateTime")?.as_f64());
    let oldest = written.fold(f64::INFINITY, f64::min);
    let waited = TimeDelta::seconds((now.timestamp() as f64 - oldest).max(0.0) as i64);
    waited.clamp(TimeDelta::seconds(1), RETRY_PAUSE)
}

struct Failure {
    item: BatchItemFailure,
    for_good: bool,
}

/// The records of each dossier, in their order.
fn by_dossier(records: &[Value]) -> Vec<Vec<&Value>> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Value>> = Vec::new();
    for record in records {
        let code = record.pointer("/dynamodb/Keys/receipt_code/S").and_then(Value::as_str).unwrap_or_default();
        let place = *places.entry(code).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(record);
    }
    groups
}

/// One dossier's changes. The first that fails ends them: all changes from it on are delivered again.
async fn in_order<P: NoticePorts>(
    session: &NoticeSession<'_, P>,
    sender: &NoticeSender<P>,
    records: Vec<&Value>,
) -> Option<Failure> {
    for record in records {
        if let Err(error) = one(session, sender, record).await {
            let text = |pointer| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let sequence_number = text("/dynamodb/SequenceNumber");
            tracing::error!(
                dossier = text("/dynamodb/Keys/receipt_code/S"),
                stream.sequence_number = sequence_number,
                %error,
                "a change of the stream failed"
            );
            return Some(Failure {
                item: BatchItemFailure { item_identifier: sequence_number.to_owned() },
                for_good: matches!(error, RecordError::NotAChange(_)),
            });
        }
    }
    None
}

#[derive(Debug, thiserror::Error)]
enum RecordError {
    #[error(transparent)]
    NotAChange(#[from] NotAChange),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The change is delivered again when the outcome of the notice is known.
    #[error("a notice of the dossier is being sent")]
    BeingSent,
}

async fn one<P: NoticePorts>(
    session: &NoticeSession<'_, P>,
    sender: &NoticeSender<P>,
    record: &Value,
) -> Result<(), RecordError> {
    let Some(change) = Change::parse(record)? else { return Ok(()) };
    let (old, new, closed) = (change.old.as_ref(), &change.new, &sender.notice_config().closed_steps);
    let id = |key| NoticeId::new(new.receipt_code().clone(), key);
    if let Some(key) = notice_for_change(old, new, closed) {
        let is_due = !change.old_is_unreadable || is_due_after_unreadable(&session.others_of(&id(key)).await?);
        if is_due {
            enqueue(session, sender, &change, &id(key)).await?;
        }
    } else if let Some((old, key)) = old.and_then(|old| Some((old, notice_to_reconsider(old, new, closed)?))) {
        let now = sender.ports().clock().now();
        match is_due_again(old, new, &session.others_of(&id(key)).await?, now) {
            Again::Yes => enqueue(session, sender, &change, &id(key)).await?,
            Again::No => {}
            Again::NotYet => return Err(RecordError::BeingSent),
        }
    }
    Ok(())
}

/// At once, or like a late claim if the change was delivered late.
async fn enqueue<P: NoticePorts>(
    session: &NoticeSession<'_, P>,
    sender: &NoticeSender<P>,
    change: &Change,
    id: &NoticeId,
) -> Result<(), StoreError> {
    let now = sender.ports().clock().now();
    if change.happened_at.is_none_or(|happened_at| now - happened_at > LATE) {
        session.enqueue_when_open(id).await?;
    } else {
        session.on_change(id, &change.new).await?;
    }
    Ok(())
}
