//! The cost of a run: the AWS calls that the adapters make for each call of a port, and DynamoDB's request units.
//!
//! A write costs one unit per kilobyte of its item, and the same again in every index that contains the item. A
//! strongly consistent read costs one unit per four kilobytes, an eventually consistent one half of that. Halves are
//! counted, so that sums are exact.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>
//! `bench`'s counted calls compare this with the real adapters.

use std::collections::BTreeMap;
use std::ops::{Add, Sub};
use std::sync::Mutex;

use application::locked;
use domain::Dossier;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::Outcome;

/// Calls and units so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// By action: `GetItem`, `Publish`, …
    pub calls: BTreeMap<&'static str, u64>,
    /// Write request units.
    pub write_units: u64,
    /// Halves of read request units.
    pub half_read_units: u64,
    /// Custom events.
    pub events: u64,
    /// Messages published to SNS.
    pub messages: u64,
    /// Their SMS segments.
    pub parts: u64,
}

impl Spent {
    pub fn calls_of(&self, action: &str) -> u64 {
        self.calls.get(action).copied().unwrap_or_default()
    }

    /// All calls of AWS.
    pub fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }
}

impl Add for Spent {
    type Output = Self;

    fn add(mut self, more: Self) -> Self {
        for (action, count) in more.calls {
            *self.calls.entry(action).or_default() += count;
        }
        self.write_units += more.write_units;
        self.half_read_units += more.half_read_units;
        self.events += more.events;
        self.messages += more.messages;
        self.parts += more.parts;
        self
    }
}

/// What was spent since `before`, which is never more.
impl Sub for Spent {
    type Output = Self;

    fn sub(mut self, before: Self) -> Self {
        for (action, count) in before.calls {
            *self.calls.entry(action).or_default() -= count;
        }
        self.calls.retain(|_, count| *count > 0);
        self.write_units -= before.write_units;
        self.half_read_units -= before.half_read_units;
        self.events -= before.events;
        self.messages -= before.messages;
        self.parts -= before.parts;
        self
    }
}

/// The counts; all sandboxes of a world share them.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Spent>);

/// A row of the outbox without the text that was sent, in bytes.
const ROW: u64 = 360;
/// A row of the index `open`, keys only.
const OPEN_ROW: u64 = 80;
/// BatchGetItem's most keys, and PutEvents' most entries.
const MOST_KEYS: u64 = 100;
const MOST_ENTRIES: u64 = 10;

impl Meter {
    pub fn spent(&self) -> Spent {
        locked(&self.0).clone()
    }

    fn add(&self, action: &'static str, calls: u64, write_units: u64, half_read_units: u64) {
        let mut spent = locked(&self.0);
        *spent.calls.entry(action).or_default() += calls;
        spent.write_units += write_units;
        spent.half_read_units += half_read_units;
    }

    pub(crate) fn get_dossier(&self, found: Option<&Dossier>) {
        self.add("GetItem", 1, 0, 2 * blocks(found.map_or(0, size), 4096));
    }

    /// `before`: the previous dossier. The index by appointment contains the whole item, and moves it if the day
    /// changed.
    pub(crate) fn put_dossier(&self, dossier: &Dossier, before: Option<&Dossier>, done: bool) {
        let table = blocks(size(dossier).max(before.map_or(0, size)), 1024);
        let moved = before.is_some_and(|before| before.appointment_on() != dossier.appointment_on());
        let index = if done { table * (1 + u64::from(moved)) } else { 0 };
        self.add("PutItem", 1, table + index, 0);
    }

    pub(crate) fn query_dossiers(&self, found: &[Dossier]) {
        self.add("Query", 1, 0, blocks(found.iter().map(size).sum(), 4096));
    }

    pub(crate) fn enqueue(&self, done: bool) {
        self.add("PutItem", 1, 1 + u64::from(done), 0);
    }

    pub(crate) fn rows_among(&self, asked: u64) {
        self.add("BatchGetItem", asked.div_ceil(MOST_KEYS), 0, asked);
    }

    /// The due time is the index's key: the old row is deleted, a new one is put.
    pub(crate) fn claim(&self, done: bool) {
        self.add("UpdateItem", 1, 1 + 2 * u64::from(done), 0);
    }

    pub(crate) fn complete(&self, outcome: &Outcome, done: bool) {
        let (text, index) = match outcome {
            // Out of the index `open`, and for a notice into the index `by_message`.
            Outcome::Sent(acceptance) => (acceptance.copy.as_ref().map_or(0, |copy| copy.text.len() as u64), 2),
            Outcome::NotSent { .. } => (0, 2),
            Outcome::Failed(_) | Outcome::WrongNumber(_) => (0, 1),
            Outcome::Cancelled(_) | Outcome::NoMobile(_) | Outcome::Expired => (0, 1),
        };
        self.add("UpdateItem", 1, blocks(ROW + text, 1024) + if done { index } else { 0 }, 0);
    }

    /// Every key of the index is queried; an empty answer costs as much as a short one.
    pub(crate) fn due(&self, found: u64) {
        self.add("Query", 1, 0, blocks(found * OPEN_ROW, 4096));
    }

    /// The index by message has keys only.
    pub(crate) fn find_message(&self) {
        self.add("Query", 1, 0, 1);
    }

    /// None of what a receipt writes is in an index.
    pub(crate) fn record_receipt(&self) {
        self.add("UpdateItem", 1, 2, 0);
    }

    pub(crate) fn rows_of(&self) {
        self.add("Query", 1, 0, 2);
    }

    pub(crate) fn control(&self) {
        self.add("UpdateItem", 1, 1, 0);
    }

    /// The index by day contains the whole item.
    pub(crate) fn log(&self, inquiry: &Inquiry, new: bool) {
        let texts = [&inquiry.sender, &inquiry.text, &inquiry.reply];
        let bytes = texts.iter().map(|text| text.len() as u64).sum::<u64>() + 300;
        self.add("PutItem", 1, blocks(bytes, 1024) * (1 + u64::from(new)), 0);
    }

    /// The row of a phone's minute is in no index.
    pub(crate) fn count_message(&self, messages: u64) {
        self.add("UpdateItem", 1, blocks(100 + 32 * messages, 1024), 0);
    }

    pub(crate) fn publish_events(&self, count: u64) {
        self.add("PutEvents", count.div_ceil(MOST_ENTRIES), 0, 0);
        locked(&self.0).events += count;
    }

    pub(crate) fn send(&self, text: &str) {
        self.add("Publish", 1, 0, 0);
        let mut spent = locked(&self.0);
        spent.messages += 1;
        spent.parts += u64::from(domain::text::sms::Sms::new(text).parts);
    }
}

fn blocks(bytes: u64, block: u64) -> u64 {
    bytes.div_ceil(block).max(1)
}

/// An item's size by DynamoDB's rule: names and values, with dates and the like as text.
fn size(dossier: &Dossier) -> u64 {
    let item = serde_json::to_value(dossier).expect("a dossier is an item");
    let texts = ["procedure", "step", "status", "unit", "phone", "office"].map(|name| item[name].as_str());
    let values: usize = texts.into_iter().flatten().map(str::len).sum();
    (values + dossier.receipt_code().as_str().len() + 170) as u64
}
