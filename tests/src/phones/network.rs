//! The phone network: a second after SNS has accepted a message, it says what became of it, as SNS writes it into its
//! delivery log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use super::Phones;
use super::faults::Receipts;
use crate::delivery_log::{ACCEPTED, entry};

/// How long a message is on its way.
const ON_ITS_WAY: Duration = Duration::from_secs(1);
/// The phone of the first line of tests/day/ho-so.csv: its citizen takes no SMS of this sender.
const OPTED_OUT_PHONE: &str = "+84912013577";
const OPTED_OUT: &str = "Phone number is opted out";

/// A message that SNS accepted.
pub(super) struct Accepted {
    message_id: String,
    phone: String,
    at: Instant,
}

pub(super) struct Network {
    reports: UnboundedSender<Accepted>,
    accepted_at: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl Network {
    pub fn new(reports: UnboundedSender<Accepted>) -> Self {
        Self { reports, accepted_at: Mutex::default() }
    }

    pub fn accepted(&self, message_id: String, phone: String) {
        self.accepted_at.lock().expect("no panic holds it").insert(message_id.clone(), Utc::now());
        // The receiver lives as long as this process.
        let _ = self.reports.send(Accepted { message_id, phone, at: Instant::now() });
    }

    /// When, by message id.
    pub fn accepted_at(&self) -> HashMap<String, DateTime<Utc>> {
        self.accepted_at.lock().expect("no panic holds it").clone()
    }
}

/// Reports the messages whose time has come, several at once if there are several.
pub(super) async fn report(phones: Arc<Phones>, mut accepted: UnboundedReceiver<Accepted>) {
    while let Some(first) = accepted.recv().await {
        let mut waiting = vec![first];
        while let Some(next) = waiting.first() {
            tokio::time::sleep_until(next.at + ON_ITS_WAY).await;
            waiting.extend(std::iter::from_fn(|| accepted.try_recv().ok()));
            let (due, later) = waiting.into_iter().partition(|message| message.at.elapsed() >= ON_ITS_WAY);
            waiting = later;
            write(&phones, due).await;
        }
    }
}

async fn write(phones: &Phones, due: Vec<Accepted>) {
    if phones.settings().faults.receipts == Receipts::Lost {
        return;
    }
    let entries: Vec<Value> = due.iter().map(report_of).collect();
    let written = match phones.deployed().await {
        Ok(deployed) => deployed.log.write(&entries).await,
        Err(error) => Err(error),
    };
    if let Err(error) = written {
        eprintln!("{} receipts were not written: {error:#}", entries.len());
    }
}

fn report_of(message: &Accepted) -> Value {
    let words = if message.phone == OPTED_OUT_PHONE { OPTED_OUT } else { ACCEPTED };
    entry(&message.message_id, &message.phone, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(phone: &str) -> Value {
        let message = Accepted { message_id: "m-1".into(), phone: phone.into(), at: Instant::now() };
        report_of(&message)["status"].clone()
    }

    #[tokio::test]
    async fn every_message_is_delivered_but_those_of_the_phone_that_opted_out() {
        assert_eq!(status("+84912345678"), "SUCCESS");
        assert_eq!(status(OPTED_OUT_PHONE), "FAILURE");
        let first = include_str!("../../day/ho-so.csv").lines().nth(1).unwrap();
        assert!(first.contains(&format!(",0{},", &OPTED_OUT_PHONE[3..])), "{first}");
    }
}
