//! The 17:30 apology: for which dossiers, with which text, and only once.

use chrono::{Days, NaiveDate, Utc};
use domain::calendar::dd_mm_yyyy;
use serde_json::{Value, json};
use system_tests::one_stop_software::{code, dossier, next, phone};
use system_tests::{OneStopSoftware, Stack, half_past_five, today};

use crate::{inbox, row, stack};

fn apology_text(code: &str, day: NaiveDate) -> String {
    format!(
        "TB: Hồ sơ của quý ông/bà (MS: {code}) chưa có kết quả vào ngày {}. Ông/bà có thể đến Bộ phận Một cửa Sở Văn hóa và Thể thao nhận Thông báo xin lỗi, hẹn lại thời gian trả kết quả hoặc đến nhận kết quả khi có tin nhắn tiếp theo",
        dd_mm_yyyy(day)
    )
}

/// A day that no other test uses.
fn some_day() -> NaiveDate {
    today() + Days::new(400 + fastrand::u64(..20_000))
}

/// The evening before `day`, as the rule's event has it.
async fn evening_before(stack: &Stack, day: NaiveDate) {
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
}

#[tokio::test]
async fn only_open_dossiers_due_tomorrow_get_an_apology_and_only_one() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let day = some_day();
    let due = |changes: Value| {
        let mut snapshot = dossier(changes);
        snapshot["appointment_on"] = json!(day);
        snapshot
    };
    let open = due(json!({}));
    let silent = due(json!({"silent": true}));
    let others = [
        due(json!({"step": "Trả kết quả"})),
        due(json!({"step": "Kết thúc"})),
        due(json!({"phone": null})),
        due(json!({"phone": "02583822229"})),
        due(json!({"same_day": true})),
        dossier(json!({"appointment_on": day + Days::new(1)})),
        dossier(json!({"appointment_on": day - Days::new(1)})),
    ];
    let all: Vec<Value> = [&open, &silent].into_iter().chain(&others).cloned().collect();
    assert_eq!(software.push(&json!(all)).await.unwrap().outcomes(), ["stored"; 9]);
    evening_before(&stack, day).await;
    for snapshot in [&open, &silent] {
        assert_eq!(inbox(&stack, &phone(snapshot), 1).await, [apology_text(code(snapshot), day)]);
    }
    // The second pass, and a rule that is triggered twice.
    evening_before(&stack, day).await;
    evening_before(&stack, day).await;
    for snapshot in [&open, &silent] {
        assert_eq!(stack.inbox(&phone(snapshot)).await.unwrap().len(), 1);
    }
    let notice = format!("apology#{day}");
    for snapshot in &others {
        assert!(!stack.outbox(code(snapshot)).await.unwrap().contains_key(&notice), "{snapshot}");
    }
}

#[tokio::test]
async fn after_an_apology_the_result_notice_follows_as_usual() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let day = some_day();
    let open = dossier(json!({"appointment_on": day}));
    software.store(&open).await.unwrap();
    evening_before(&stack, day).await;
    inbox(&stack, &phone(&open), 1).await;
    software.store(&next(&open, json!({"step": "Trả kết quả"}))).await.unwrap();
    let messages = inbox(&stack, &phone(&open), 2).await;
    assert!(messages[1].contains("đã được giải quyết xong"), "{messages:?}");
}

#[tokio::test]
async fn an_apology_that_is_no_longer_true_when_it_goes_is_cancelled_and_one_past_its_day_expires() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let tomorrow = today() + Days::new(1);
    let yesterday = today() - Days::new(1);
    for (appointment_on, changes, notice_day, state) in [
        (tomorrow, json!({"step": "Trả kết quả", "silent": true}), tomorrow, "cancelled"),
        (tomorrow + Days::new(9), json!({}), tomorrow, "cancelled"),
        (yesterday, json!({}), yesterday, "expired"),
    ] {
        let mut snapshot = dossier(changes);
        snapshot["appointment_on"] = json!(appointment_on);
        software.store(&snapshot).await.unwrap();
        pending(&stack, &snapshot, &format!("apology#{notice_day}"), "1").await;
        row(&stack, code(&snapshot), &format!("apology#{notice_day}"), state).await;
        assert_eq!(stack.inbox(&phone(&snapshot)).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn the_minute_rule_sends_what_is_pending_and_takes_over_from_a_sender_that_crashed() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let tomorrow = today() + Days::new(1);
    let pending_one = dossier(json!({"appointment_on": tomorrow}));
    let orphan = dossier(json!({"appointment_on": tomorrow}));
    assert_eq!(software.push(&json!([pending_one, orphan])).await.unwrap().outcomes(), ["stored", "stored"]);
    let notice = format!("apology#{tomorrow}");
    pending(&stack, &pending_one, &notice, "1").await;
    let mut crashed = open_row(&orphan, &notice, "1");
    crashed["state"] = json!({"S": "sending"});
    crashed["owner"] = json!({"S": "a sender that crashed"});
    crashed["attempts"] = json!({"N": "1"});
    stack.put_item("NoticesTable", crashed).await.unwrap();

    assert_eq!(inbox(&stack, &phone(&pending_one), 1).await, [apology_text(code(&pending_one), tomorrow)]);
    assert_eq!(inbox(&stack, &phone(&orphan), 1).await, [apology_text(code(&orphan), tomorrow)]);
    assert_eq!(row(&stack, code(&orphan), &notice, "sent").await["attempts"], 2);
}

#[tokio::test]
async fn a_lease_that_has_not_run_out_is_left_alone() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let tomorrow = today() + Days::new(1);
    let held = dossier(json!({"appointment_on": tomorrow}));
    let free = dossier(json!({"appointment_on": tomorrow}));
    assert_eq!(software.push(&json!([held, free])).await.unwrap().outcomes(), ["stored", "stored"]);
    let notice = format!("apology#{tomorrow}");
    let mut sending = open_row(&held, &notice, "1");
    sending["state"] = json!({"S": "sending"});
    sending["owner"] = json!({"S": "a sender at work"});
    sending["due_at"] = json!({"N": (Utc::now().timestamp_millis() + 600_000).to_string()});
    stack.put_item("NoticesTable", sending).await.unwrap();
    pending(&stack, &free, &notice, "1").await;
    inbox(&stack, &phone(&free), 1).await;
    assert_eq!(stack.inbox(&phone(&held)).await.unwrap().len(), 0);
    assert_eq!(row(&stack, code(&held), &notice, "sending").await["owner"], "a sender at work");
}

fn open_row(snapshot: &Value, notice: &str, priority: &str) -> Value {
    json!({"receipt_code": {"S": code(snapshot)}, "notice": {"S": notice}, "state": {"S": "pending"}, "kind": {"S": "apology"},
        "attempts": {"N": "0"}, "due_at": {"N": Utc::now().timestamp_millis().to_string()}, "open_priority": {"S": priority}})
}

async fn pending(stack: &Stack, snapshot: &Value, notice: &str, priority: &str) {
    stack.put_item("NoticesTable", open_row(snapshot, notice, priority)).await.unwrap();
}
