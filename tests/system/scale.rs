//! An evening of 10,000 apologies with real calls to the local stack: `make prove`.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use simulation::proof::{Line, figure};
use system_tests::one_stop_software::dossier;
use system_tests::{OneStopSoftware, Stack, half_past_five, today};

use crate::stack;

const DUE: usize = 10_000;
/// Milliseconds.
const ANSWERED_WITHIN: i64 = 2_000;

#[tokio::test]
#[ignore = "minutes: make prove"]
async fn ten_thousand_apologies_are_planned_and_sent_once_with_real_calls() {
    let stack = stack().await;
    let rate: i64 = std::env::var("SMS_PARTS_PER_SECOND").expect("make prove sets it").parse().unwrap();
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let day = today() + Days::new(60_000 + fastrand::u64(..1_000));
    let started = Utc::now();
    for hundred in 0..DUE / 100 {
        let batch: Vec<Value> = (0..100)
            .map(|each| {
                let number = hundred * 100 + each;
                dossier(json!({"receipt_code": format!("E{number:07}"), "phone": format!("038{number:07}"), "appointment_on": day}))
            })
            .collect();
        assert_eq!(software.push(&json!(batch)).await.unwrap().outcomes(), vec!["stored"; 100]);
    }
    let pushed = Utc::now();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let planned = Utc::now();
    let reached = loop {
        let reached: Vec<String> = stack
            .all_sms()
            .await
            .unwrap()
            .into_iter()
            .filter(|message| message.phone.starts_with("+8438") && message.text.contains("(MS: E"))
            .map(|message| message.phone)
            .collect();
        if reached.len() >= DUE {
            break reached;
        }
        assert!((Utc::now() - planned).num_minutes() < 30, "{} of {DUE} in half an hour", reached.len());
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    };
    let sent = Utc::now();
    let phones: BTreeSet<&String> = reached.iter().collect();
    assert_eq!((reached.len(), phones.len()), (DUE, DUE), "each phone, and none twice");
    let mut rows = evening_rows(&stack, &format!("apology#{day}")).await;
    rows.sort_unstable();
    assert_eq!(rows.len(), DUE, "the outbox is complete");
    keeps_the_rate(&rows, rate);
    let parts = rows.iter().map(|(_, parts)| parts).sum::<i64>();
    let seconds = |time: TimeDelta| format!("{} s", time.num_seconds());
    figure("10,000 apologies with real calls to the local stack: pushed, 100 a call", seconds(pushed - started));
    figure("… planned, and a minute's sent", seconds(planned - pushed));
    figure(
        &format!("… all sent ({} s at the rate alone, {rate} parts a second)", parts / rate),
        seconds(sent - pushed),
    );
    let mut line = Line::of("10,000 apologies with real calls to the local stack");
    line.add(reached.len(), reached.len() - phones.len(), DUE - phones.len());
    line.record();
}

/// When each of an evening's apologies was accepted, in milliseconds, and its parts; returns when all of them are
/// completed.
async fn evening_rows(stack: &Stack, notice: &str) -> Vec<(i64, i64)> {
    for _ in 0..30 {
        let outbox = stack.scan("NoticesTable").await.unwrap();
        let evening: Vec<_> = outbox.into_iter().filter(|row| row["notice"] == notice).collect();
        if evening.iter().all(|row| row["state"] == "sent") {
            return evening.iter().map(accepted).collect();
        }
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    panic!("a minute after the last SMS some apologies are not completed as sent");
}

fn accepted(row: &Map<String, Value>) -> (i64, i64) {
    let at = DateTime::parse_from_rfc3339(row["sent_at"].as_str().unwrap()).unwrap();
    (at.timestamp_millis(), row["parts"].as_i64().unwrap())
}

/// In any t seconds at most rate·t parts, plus one message. The outbox has the time of SNS's answer, not the time of
/// sending: one answer may have taken up to [`ANSWERED_WITHIN`] longer than another.
fn keeps_the_rate(rows: &[(i64, i64)], rate: i64) {
    let (mut paid, mut latest) = (0, i64::MIN);
    for (at, parts) in rows {
        let begins = at - paid * 1000 / rate;
        assert!(begins + ANSWERED_WITHIN >= latest, "{} ms too early at {at}", latest - begins);
        latest = latest.max(begins);
        paid += parts;
    }
}
