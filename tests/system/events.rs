//! The events that other systems of the province receive.

use chrono::Days;
use serde_json::{Value, json};
use system_tests::citizen::new_id;
use system_tests::one_stop_software::{code, dossier};
use system_tests::{Citizen, OneStopSoftware, Subscription, eventually, half_past_five, today};

use crate::stack;

/// The first event of that name.
async fn event(subscription: &Subscription, detail_type: &str) -> Value {
    eventually(detail_type, || async {
        Ok(subscription.receive().await?.into_iter().find(|(name, _)| name == detail_type).map(|(_, detail)| detail))
    })
    .await
}

#[tokio::test]
async fn a_sent_notice_is_announced_without_its_number_and_text() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    let subscription =
        stack.subscribe(json!({"source": ["onestop"], "detail": {"receipt_code": [code(&done)]}})).await.unwrap();
    software.store(&done).await.unwrap();
    let detail = event(&subscription, "Notice Sent").await;
    let expected =
        json!({"receipt_code": code(&done), "notice": "result#1", "kind": "result", "parts": 3, "attempts": 1});
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn an_answered_inquiry_is_announced() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let known = dossier(json!({}));
    OneStopSoftware::of(&stack).await.unwrap().store(&known).await.unwrap();
    let inquiry = |id: &str| format!("kannel#{id}");
    // A text that a citizen takes for a code may be the number of an identity card or of a phone: it is in no event.
    for (text, receipt_code, outcome) in [
        (format!("MCKH {}", code(&known)), json!(code(&known)), "answered"),
        (format!("MCKH 0912{:08}", fastrand::u32(..100_000_000)), Value::Null, "unknown"),
    ] {
        let id = new_id();
        let pattern = json!({"source": ["onestop"], "detail": {"inquiry": [inquiry(&id)]}});
        let subscription = stack.subscribe(pattern).await.unwrap();
        citizen.delivered(&text, &id).await.unwrap();
        let detail = event(&subscription, "Inquiry Answered").await;
        let expected =
            json!({"inquiry": inquiry(&id), "gateway": "kannel", "receipt_code": receipt_code, "outcome": outcome});
        assert_eq!(detail, expected);
    }
}

#[tokio::test]
async fn the_evenings_plan_is_announced_with_its_counts() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let day = today() + Days::new(30_000 + fastrand::u64(..5_000));
    let open: Vec<Value> = (0..3).map(|_| dossier(json!({"appointment_on": day}))).collect();
    let done = dossier(json!({"appointment_on": day, "step": "Kết thúc"}));
    software.push(&json!([open[0], open[1], open[2], done])).await.unwrap();
    let pattern = json!({"source": ["onestop"], "detail": {"appointment_on": [day.to_string()]}});
    let subscription = stack.subscribe(pattern).await.unwrap();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let detail = event(&subscription, "Apologies Planned").await;
    let expected =
        json!({"appointment_on": day.to_string(), "due": 4, "planned": 3, "already_planned": 0, "parts": 12});
    assert_eq!(detail, expected);
}
