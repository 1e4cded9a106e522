//! An evening of 10,000 apologies with real calls to the local stack: `make prove`.

use std::collections::BTreeSet;

use chrono::{Days, Utc};
use serde_json::{Value, json};
use system_tests::desk::dossier;
use system_tests::{Desk, half_past_five, today};

use crate::stack;

const DUE: usize = 10_000;

#[tokio::test]
#[ignore = "minutes: make prove"]
async fn ten_thousand_apologies_are_planned_and_sent_once_with_real_calls() {
    let stack = stack().await;
    let desk = Desk::of(&stack).await.unwrap();
    let day = today() + Days::new(60_000 + fastrand::u64(..1_000));
    let started = Utc::now();
    for hundred in 0..DUE / 100 {
        let batch: Vec<Value> = (0..100)
            .map(|each| {
                let number = hundred * 100 + each;
                dossier(json!({"receipt_code": format!("E{number:07}"), "phone": format!("038{number:07}"), "appointment_on": day}))
            })
            .collect();
        assert_eq!(desk.push(&json!(batch)).await.unwrap().outcomes(), vec!["stored"; 100]);
    }
    let pushed = Utc::now();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let planned = Utc::now();
    let told = loop {
        let told: Vec<String> = stack
            .all_sms()
            .await
            .unwrap()
            .into_iter()
            .filter(|message| message.phone.starts_with("+8438") && message.text.contains("(MS: E"))
            .map(|message| message.phone)
            .collect();
        if told.len() >= DUE {
            break told;
        }
        assert!((Utc::now() - planned).num_minutes() < 30, "{} of {DUE} in half an hour", told.len());
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    };
    let sent = Utc::now();
    let phones: BTreeSet<&String> = told.iter().collect();
    assert_eq!((told.len(), phones.len()), (DUE, DUE), "everybody, and nobody twice");
    println!("\n10,000 apologies with real calls to the local stack");
    println!("  pushed by POST /dossiers, 100 a call     {:>6} s", (pushed - started).num_seconds());
    println!("  planned, and the first of them sent      {:>6} s", (planned - pushed).num_seconds());
    println!("  all sent                                 {:>6} s", (sent - pushed).num_seconds());
}
