//! The changes of dossiers, as intake wrote them: when, and what was before. A table does not keep either.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Dossier;
use serde_json::{Value, json};

use super::Phones;
use crate::Stack;
use crate::stack::plain;

/// Changes that can be delivered again.
const MOST: usize = 2_000;
/// A change that was written this long before the fault may have met it.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(60);
/// As the event source mapping in template.yaml.
const BATCH: usize = 100;
/// How often a batch is brought again, a second apart.
const MOST_TRIES: usize = 60;

#[derive(Default)]
pub(super) struct Changes(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Each dossier as it is, in DynamoDB's own JSON.
    images: HashMap<String, Value>,
    last: HashMap<String, LastChange>,
    /// The oldest first.
    all: VecDeque<Change>,
}

/// A dossier's last change.
#[derive(Clone)]
pub(super) struct LastChange {
    pub at: DateTime<Utc>,
    /// The dossier before it; None if it is new.
    pub old: Option<Dossier>,
}

#[derive(Clone)]
struct Change {
    at: DateTime<Utc>,
    old: Option<Value>,
    new: Value,
}

impl Changes {
    /// The dossiers that are in the table when this process begins to watch it.
    pub fn begin_with(&self, images: &[Value]) {
        let mut kept = self.kept();
        for image in images {
            kept.images.entry(code_of(image)).or_insert_with(|| image.clone());
        }
    }

    pub fn record(&self, new: Value, at: DateTime<Utc>) {
        let (mut kept, code) = (self.kept(), code_of(&new));
        let old = kept.images.insert(code.clone(), new.clone());
        let before = old.as_ref().and_then(|image| Dossier::parse(&plain(image)).ok());
        kept.last.insert(code, LastChange { at, old: before });
        kept.all.push_back(Change { at, old, new });
        if kept.all.len() > MOST {
            kept.all.pop_front();
        }
    }

    /// By receipt code.
    pub fn last(&self) -> HashMap<String, LastChange> {
        self.kept().last.clone()
    }

    /// The records of the stream from that time on.
    fn records(&self, since: DateTime<Utc>) -> Vec<Value> {
        self.kept().all.iter().enumerate().filter(|(_, change)| change.at >= since).map(record).collect()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no panic holds it")
    }
}

fn code_of(image: &Value) -> String {
    image["receipt_code"]["S"].as_str().unwrap_or_default().to_owned()
}

fn record((number, change): (usize, &Change)) -> Value {
    let mut images = json!({"ApproximateCreationDateTime": change.at.timestamp(), "NewImage": change.new,
        "Keys": {"receipt_code": change.new["receipt_code"]}, "SequenceNumber": number.to_string(), "SizeBytes": 1,
        "StreamViewType": "NEW_AND_OLD_IMAGES"});
    if let Some(old) = &change.old {
        images["OldImage"] = old.clone();
    }
    json!({"eventID": number.to_string(), "eventName": if change.old.is_some() { "MODIFY" } else { "INSERT" },
        "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "ap-southeast-1",
        "eventSourceARN": "arn:aws:dynamodb:ap-southeast-1:000000000000:table/dossiers/stream/1", "dynamodb": images})
}

/// Delivers the changes since the outbox was throttled to `notify` again, as Lambda does with records that a function gives
/// back (`batchItemFailures`). The local AWS does so for queues only, and drops the records of a stream. A change that
/// was processed causes no second notice.
pub(super) async fn deliver_again(phones: Arc<Phones>, throttled_since: DateTime<Utc>) {
    let records = phones.changes.records(throttled_since - UNDER_WAY);
    let Ok(deployed) = phones.deployed().await else { return };
    for batch in records.chunks(BATCH) {
        for _ in 0..MOST_TRIES {
            if was_processed(&deployed.stack, batch).await {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    phones.events.changed();
}

async fn was_processed(stack: &Stack, batch: &[Value]) -> bool {
    let answer = stack.invoke("NotifyFunction", &json!({"Records": batch})).await;
    answer.is_ok_and(|answer| answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(code: &str, revision: u64) -> Value {
        json!({"receipt_code": {"S": code}, "revision": {"N": revision.to_string()}, "procedure": {"S": "Cấp thẻ"},
            "received_on": {"S": "2026-11-20"}, "appointment_on": {"S": "2026-11-25"}, "step": {"S": "Thẩm định"},
            "status": {"S": ""}, "unit": {"S": "Phòng"}})
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_change_knows_what_was_before() {
        let changes = Changes::default();
        changes.begin_with(&[image("A", 1)]);
        changes.record(image("A", 2), at(0));
        changes.record(image("B", 1), at(1));
        let last = changes.last();
        assert_eq!(last["A"].old.as_ref().map(Dossier::revision), Some(1));
        assert_eq!((last["B"].at, last["B"].old.is_none()), (at(1), true));
        changes.begin_with(&[image("A", 1)]);
        changes.record(image("A", 3), at(2));
        assert_eq!(changes.last()["A"].old.as_ref().map(Dossier::revision), Some(2), "what was seen is newer");
    }

    #[test]
    fn the_changes_since_a_time_are_records_of_the_stream_in_their_order() {
        let changes = Changes::default();
        changes.record(image("A", 1), at(0));
        changes.record(image("A", 2), at(10));
        changes.record(image("B", 1), at(20));
        let records = changes.records(at(10));
        let names: Vec<_> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
        assert_eq!(names, ["MODIFY", "INSERT"]);
        assert_eq!(records[0]["dynamodb"]["OldImage"]["revision"]["N"], "1");
        assert_eq!(records[0]["dynamodb"]["Keys"]["receipt_code"]["S"], "A");
        assert_eq!(records[0]["dynamodb"]["ApproximateCreationDateTime"], at(10).timestamp());
        assert!(records[1]["dynamodb"].get("OldImage").is_none());
    }
}
