//! What other systems of the province receive, and what no log holds.

use chrono::Days;
use serde_json::{Value, json};
use system_tests::citizen::new_id;
use system_tests::desk::{code, dossier, phone};
use system_tests::{Citizen, Desk, Subscription, eventually, half_past_five, today};

use crate::{inbox, stack};

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
    let desk = Desk::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    let subscription =
        stack.subscribe(json!({"source": ["onestop"], "detail": {"receipt_code": [code(&done)]}})).await.unwrap();
    desk.store(&done).await.unwrap();
    let detail = event(&subscription, "Notice Sent").await;
    let expected =
        json!({"receipt_code": code(&done), "notice": "result#1", "kind": "result", "parts": 3, "attempts": 1});
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn an_answered_inquiry_is_announced() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let number = fastrand::u32(1_000_000..).to_string();
    let subscription =
        stack.subscribe(json!({"source": ["onestop"], "detail": {"receipt_code": [number]}})).await.unwrap();
    let id = new_id();
    citizen.delivered(&format!("MCKH {number}"), &id).await.unwrap();
    let detail = event(&subscription, "Inquiry Answered").await;
    let expected =
        json!({"inquiry": format!("kannel#{id}"), "gateway": "kannel", "receipt_code": number, "outcome": "unknown"});
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn the_evenings_plan_is_announced_with_its_counts() {
    let stack = stack().await;
    let desk = Desk::of(&stack).await.unwrap();
    let day = today() + Days::new(30_000 + fastrand::u64(..5_000));
    let open: Vec<Value> = (0..3).map(|_| dossier(json!({"appointment_on": day}))).collect();
    let done = dossier(json!({"appointment_on": day, "step": "Kết thúc"}));
    desk.push(&json!([open[0], open[1], open[2], done])).await.unwrap();
    let pattern = json!({"source": ["onestop"], "detail": {"appointment_on": [day.to_string()]}});
    let subscription = stack.subscribe(pattern).await.unwrap();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let detail = event(&subscription, "Apologies Planned").await;
    let expected =
        json!({"appointment_on": day.to_string(), "due": 4, "planned": 3, "already_planned": 0, "parts": 12});
    assert_eq!(detail, expected);
}

#[tokio::test]
async fn no_log_holds_a_phone_number_or_a_text() {
    let stack = stack().await;
    let (desk, citizen) = (Desk::of(&stack).await.unwrap(), Citizen::of(&stack).await.unwrap());
    let day = today() + Days::new(36_000 + fastrand::u64(..5_000));
    let done = dossier(json!({"step": "Trả kết quả"}));
    let open = dossier(json!({"appointment_on": day}));
    let fixed = dossier(json!({"phone": "02583822229"}));
    let mut invalid = dossier(json!({}));
    invalid["received_on"] = invalid["phone"].clone();
    desk.push(&json!([done, open, fixed, invalid])).await.unwrap();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let asked = format!("MCKH {} xin hỏi hồ sơ của Nguyễn Văn {}", code(&done), fastrand::u32(..));
    citizen.texts(&asked).await.unwrap();
    citizen
        .raw(&citizen.url(&[("msisdn", &citizen.msisdn), ("mo_message", &asked)]), Some("kannel:wrong"))
        .await
        .unwrap();
    inbox(&stack, &phone(&done), 1).await;
    inbox(&stack, &phone(&open), 1).await;

    let logs = eventually("the functions' logs", || async {
        let mut all = String::new();
        for name in ["intake", "notify", "apology", "redeliver", "lookup"] {
            let group =
                stack.configuration(&format!("{}Function", capitalised(name))).await?["LoggingConfig"]["LogGroup"]
                    .clone();
            let found = stack.aws("logs", "FilterLogEvents", json!({"logGroupName": group, "limit": 10_000})).await?;
            for event in found["events"].as_array().into_iter().flatten() {
                all.push_str(event["message"].as_str().unwrap_or_default());
                all.push('\n');
            }
        }
        Ok(all.contains(code(&done)).then_some(all))
    })
    .await;
    let national = |phone: &str| phone.trim_start_matches("+84").to_owned();
    for private in [
        national(&phone(&done)),
        national(&phone(&open)),
        "2583822229".into(),
        national(&citizen.msisdn[2..]),
        "xin hỏi".into(),
        "Nguyễn Văn".into(),
        "Mời ông/bà đến".into(),
        "Ông/bà có thể đến".into(),
        "hiện đang ở bước".into(),
    ] {
        let line = logs.lines().find(|line| line.contains(&private));
        assert_eq!(line, None, "{private}");
    }
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_uppercase() + rest
}
