//! AWS as it calls the functions: the stream's shards, the rules, and the retries of each.
//!
//! - A stream batch that fails is delivered again from its lowest failed sequence number on. A batch that fails as a
//!   whole is split in two (BisectBatchOnFunctionError). A single record that fails too often or is too old goes to the
//!   dead-letter bucket with its content. <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html>
//! - A rule's event is tried three times: Lambda retries after one minute and after two more.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use apology::Evening;
use application::ports::StoreError;
use application::sending::{NoticeConfig, NoticeSender, ReceiptConfig, ReceiptTally, Received, Suspicion, receive};
use chrono::{DateTime, TimeDelta, Utc};
use domain::notice::NoticeKind;
use domain::notice::receipt::Receipt;
use notify::{Batch, BatchResponse};
use sender::{Sent, Started};
use serde_json::{Value, json};

use crate::fault::Faults;
use crate::ports::SimulatedPorts;
use crate::world::{World, Written};

/// The stream mapping's settings, as template.yaml sets them.
#[derive(Debug, Clone, Copy)]
pub struct Mapping {
    /// Records a batch.
    pub batch: usize,
    /// Shards, each with its own order.
    pub shards: usize,
    /// MaximumRetryAttempts.
    pub retries: u32,
    /// MaximumRecordAgeInSeconds.
    pub age: TimeDelta,
}

impl Default for Mapping {
    fn default() -> Self {
        Self { batch: 100, shards: 2, retries: 100, age: TimeDelta::hours(6) }
    }
}

/// The deployed system, simulated.
pub struct Stack {
    pub world: Arc<World>,
    pub faults: Arc<Faults>,
    pub notice_config: NoticeConfig,
    pub mapping: Mapping,
    pub ports: SimulatedPorts,
    /// Records in the dead-letter bucket, as the S3 object has them.
    pub bucket: Vec<Value>,
    /// What the sandbox of ReceiptsFunction remembers.
    pub suspicion: Suspicion,
    /// Parameter `SendAgain`.
    pub send_again: bool,
    /// The clock differences of the sandboxes, in turn.
    pub skews: Vec<TimeDelta>,
    checkpoint: usize,
    invocations: AtomicUsize,
}

/// Time-outs of template.yaml.
const NOTIFY: TimeDelta = TimeDelta::seconds(60);
const APOLOGY: TimeDelta = TimeDelta::seconds(900);
const SENDER: TimeDelta = TimeDelta::seconds(70);
const RECEIPTS: TimeDelta = TimeDelta::seconds(60);

impl Stack {
    /// A new deployment on `world`.
    pub fn new(world: Arc<World>, faults: Arc<Faults>, notice_config: NoticeConfig) -> Self {
        let ports = SimulatedPorts::new(world.clone(), faults.clone());
        let mapping = Mapping::default();
        Self {
            world,
            faults,
            notice_config,
            mapping,
            ports,
            bucket: Vec::new(),
            suspicion: Suspicion::default(),
            send_again: true,
            skews: Vec::new(),
            checkpoint: 0,
            invocations: Default::default(),
        }
    }

    /// A cold sandbox's ports. Its clock differs by the next of `skews`.
    pub(crate) fn sandbox_ports(&self) -> SimulatedPorts {
        let number = self.invocations.fetch_add(1, Ordering::Relaxed);
        let skew = self.skews.get(number % self.skews.len().max(1)).copied().unwrap_or_default();
        SimulatedPorts { skew, ..self.ports.clone() }
    }

    /// The id of the last sandbox's first request: unique, as Lambda's are.
    pub(crate) fn request(&self) -> String {
        format!("request-{}", self.invocations.load(Ordering::Relaxed))
    }

    /// A cold sandbox of a function that sends notices, and its first request's id.
    pub fn sandbox(&self) -> (NoticeSender<SimulatedPorts>, String) {
        let ports = self.sandbox_ports();
        (NoticeSender::new(ports, self.notice_config.clone()), self.request())
    }

    /// Runs a handler until it ends, its sandbox crashes or its time is up. None if it returned nothing.
    pub(crate) async fn invoke<T>(&self, time_out: TimeDelta, handler: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = tokio::time::timeout(time_out.to_std().expect("a time-out"), handler) => done.ok(),
            () = self.faults.crashed() => None,
        }
    }

    /// Delivers the stream until the checkpoint is past every record.
    pub async fn deliver_stream(&mut self) {
        let shards = self.mapping.shards;
        let first = self.checkpoint;
        let written = self.world.stream_from(first);
        self.checkpoint += written.len();
        for shard in 0..shards {
            let records: Vec<Value> = written
                .iter()
                .enumerate()
                .filter(|(_, written)| shard_of(written, shards) == shard)
                .map(|(place, written)| record(first + place, written))
                .collect();
            self.deliver(records).await;
        }
    }

    /// Delivers one shard's records, batch by batch.
    pub async fn deliver(&mut self, records: Vec<Value>) {
        for batch in records.chunks(self.mapping.batch) {
            self.deliver_batch(batch.to_vec()).await;
        }
    }

    /// One batch, until it is processed or in the dead-letter bucket.
    async fn deliver_batch(&mut self, records: Vec<Value>) {
        let mut waiting = vec![records];
        while let Some(mut batch) = waiting.pop() {
            let mut tries = 0;
            loop {
                let lowest = match self.notify(&batch).await {
                    Some(response) => lowest_failure(&response, &batch),
                    None => Some(0),
                };
                let Some(lowest) = lowest else { break };
                tries = if lowest > 0 { 0 } else { tries + 1 };
                batch.drain(..lowest);
                if tries > self.mapping.retries || self.is_too_old(&batch) {
                    self.bucket.append(&mut batch);
                    break;
                }
                if lowest == 0 && batch.len() > 1 {
                    let second_half = batch.split_off(batch.len() / 2);
                    waiting.push(second_half);
                    waiting.push(batch);
                    break;
                }
                // At once: AWS documents no pause, so none is assumed.
            }
        }
    }

    fn is_too_old(&self, batch: &[Value]) -> bool {
        let written = batch.first().and_then(|record| record["dynamodb"]["ApproximateCreationDateTime"].as_i64());
        written.is_some_and(|written| self.world.now().timestamp() - written > self.mapping.age.num_seconds())
    }

    /// One invocation of `NotifyFunction`.
    pub async fn notify(&self, records: &[Value]) -> Option<BatchResponse> {
        let (sender, request) = self.sandbox();
        let batch = Batch { records: records.to_vec() };
        let deadline = self.world.now() + NOTIFY;
        self.invoke(NOTIFY, notify::notify(&sender, &batch, &request, deadline)).await.map(|(response, _, _)| response)
    }

    /// The 17:30 rule of `scheduled`'s day: Lambda tries three times. The event "Apologies Planned" starts the sender.
    pub async fn evening(&self, scheduled: DateTime<Utc>) -> Option<apology::Plan> {
        let plan = self.plan(scheduled).await?;
        if plan.events_dropped == 0 {
            let _ = self.start_sender(&Started::by_plan(plan.planned)).await;
        }
        Some(plan)
    }

    /// The same without the sender.
    pub async fn plan(&self, scheduled: DateTime<Utc>) -> Option<apology::Plan> {
        for retry in 0..3u64 {
            let ports = self.sandbox_ports();
            let event = apology::Scheduled { time: scheduled };
            match self.invoke(APOLOGY, apology::plan_evening(&ports, &self.notice_config, &event)).await {
                Some(Evening { plan, failed: None }) if plan.unavailable == 0 => return Some(plan),
                _ => tokio::time::sleep(Duration::from_secs(60 * (retry + 1))).await,
            }
        }
        None
    }

    /// One invocation of `SenderFunction` by the minute rule. None if its sandbox crashed.
    pub async fn send_due(&self) -> Option<Result<Sent, StoreError>> {
        self.start_sender(&Started::default()).await
    }

    async fn start_sender(&self, started: &Started) -> Option<Result<Sent, StoreError>> {
        let (notices, request) = self.sandbox();
        let deadline = self.world.now() + SENDER;
        let mut sent =
            self.invoke(SENDER, sender::send_due(&notices, &self.ports, started, &request, deadline)).await?;
        Some(sent.failed.take().map_or(Ok(sent), Err))
    }

    /// An event with receipts, as CloudWatch Logs and SNS hand it to Lambda, which tries it three times. None if all
    /// tries failed: it is in the queue of failed receipts.
    pub async fn receipts(&self, receipts: &[Receipt]) -> Option<ReceiptTally> {
        let config = ReceiptConfig { window: self.notice_config.window, send_again: self.send_again };
        for retry in 0..3u64 {
            let ports = self.sandbox_ports();
            let received = self.invoke(RECEIPTS, receive(&ports, &config, &self.suspicion, receipts)).await;
            if let Some(Received { tally, failed: None }) = received {
                return Some(tally);
            }
            tokio::time::sleep(Duration::from_secs(60 * (retry + 1))).await;
        }
        None
    }

    /// Runs the minute rule until every message is finished; returns false if that takes longer than `most`.
    pub async fn send_until_idle(&self, most: TimeDelta) -> bool {
        let until = self.world.now() + most;
        while self.world.unfinished() > 0 {
            if self.world.now() > until {
                return false;
            }
            let minute = self.world.now();
            let _ = self.send_due().await;
            let next = minute + TimeDelta::minutes(1);
            if let Ok(pause) = (next - self.world.now()).to_std() {
                tokio::time::sleep(pause).await;
            }
        }
        true
    }
}

/// The kind of notice a text is, by the words of the 2017 notice.
pub fn kind_of(text: &str) -> NoticeKind {
    if text.contains("đã được giải quyết xong") {
        NoticeKind::Result
    } else if text.contains("cần bổ sung theo quy định") {
        NoticeKind::Supplement
    } else {
        NoticeKind::Apology
    }
}

fn shard_of(written: &Written, shards: usize) -> usize {
    let dossier = written.new.as_ref().or(written.old.as_ref());
    let code = dossier.map(|dossier| dossier.receipt_code().as_str()).unwrap_or_default();
    code.bytes().map(usize::from).sum::<usize>() % shards
}

/// A record as Lambda passes it.
pub fn record(place: usize, written: &Written) -> Value {
    let name = match (&written.old, &written.new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
    };
    let image = |dossier: &Option<domain::Dossier>| dossier.as_ref().map(image);
    let code = written.new.as_ref().or(written.old.as_ref()).map(|dossier| dossier.receipt_code().to_string());
    let mut change = json!({
        "ApproximateCreationDateTime": written.at.timestamp(), "Keys": {"receipt_code": {"S": code}},
        "SequenceNumber": format!("{place:021}"), "SizeBytes": 700, "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (field, image) in [("OldImage", image(&written.old)), ("NewImage", image(&written.new))] {
        if let Some(image) = image {
            change[field] = image;
        }
    }
    json!({
        "eventID": place.to_string(), "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "ap-southeast-1", "dynamodb": change, "eventSourceARN": "arn:aws:dynamodb:ap-southeast-1:1:table/dossiers/stream/1",
    })
}

fn image(dossier: &domain::Dossier) -> Value {
    let item: serde_dynamo::Item = serde_dynamo::to_item(dossier).expect("a dossier is an item");
    serde_json::to_value(item).expect("an item is JSON")
}

/// The place of the lowest failed sequence number; the whole batch if one is not found.
fn lowest_failure(response: &BatchResponse, batch: &[Value]) -> Option<usize> {
    let places = response.batch_item_failures.iter().map(|failure| {
        batch.iter().position(|record| record["dynamodb"]["SequenceNumber"] == failure.item_identifier).unwrap_or(0)
    });
    places.min()
}
