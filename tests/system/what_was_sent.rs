//! `GET /dossiers/{receipt_code}/notices`: what was sent about a dossier.

use chrono::Utc;
use serde_json::{Value, json};
use system_tests::delivery_log::{DeliveryLog, entry};
use system_tests::one_stop_software::{code, dossier, next, phone};
use system_tests::{OneStopSoftware, eventually};

use crate::{row, stack};

#[tokio::test]
async fn a_notice_is_told_from_its_push_to_its_receipt() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let opened = dossier(json!({}));
    let path = format!("{}/notices", code(&opened));
    let told = async || software.ask(&path).await.unwrap();
    assert_eq!(told().await.status, 404, "not pushed yet");

    software.store(&opened).await.unwrap();
    let before = told().await;
    assert_eq!((before.status, &before.body["notices"]), (200, &json!([])));
    assert_eq!(before.body["nothing"]["reason"], "not_a_notice_step");
    let state = json!({"revision": 1, "step": opened["step"], "status": opened["status"]});
    assert_eq!(before.body["dossier"], state);

    let done = next(&opened, json!({"step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    let row = row(&stack, code(&done), "result#2", "sent").await;
    let after = told().await;
    let notice = &after.body["notices"][0];
    assert_eq!((&notice["notice"], &notice["state"]), (&json!("result#2"), &json!("sent")));
    let sent_at: chrono::DateTime<Utc> = notice["sent_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(sent_at, row["sent_at"].as_str().unwrap().parse::<chrono::DateTime<Utc>>().unwrap());
    assert_eq!(notice["phone"], domain::Phone::parse(&phone(&done)).unwrap().masked());
    assert!(notice.get("text").is_none() && after.body["nothing"].is_null(), "{after:?}");
    let with_text = software.ask(&format!("{path}?text=1")).await.unwrap();
    assert_eq!(with_text.body["notices"][0]["text"], row["text"]);

    let refused = entry(row["message_id"].as_str().unwrap(), &phone(&done), "Phone number +84912345678 is opted out");
    DeliveryLog::of(&stack).await.unwrap().write(&[refused]).await.unwrap();
    let reported = eventually("the receipt is told", || async {
        let notice = software.ask(&path).await?.body["notices"][0].clone();
        Ok((notice["delivery"] == "undelivered").then_some(notice))
    })
    .await;
    assert_eq!(reported["delivery_reason"], "opted_out");
    assert_eq!(
        reported["sentence"],
        "Tin nhắn đã gửi nhưng không đến được: người nhận đã từ chối nhận tin từ nơi gửi này."
    );
}

#[tokio::test]
async fn only_the_one_stop_software_may_ask() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let known = dossier(json!({}));
    software.store(&known).await.unwrap();
    let (path, now) = (format!("{}/notices", code(&known)), Utc::now().timestamp());
    let asked = async |headers: &[(&str, String)]| software.get(&path, headers).await.unwrap().status;
    assert_eq!(asked(&software.sign("", now)).await, 200);
    assert_eq!(asked(&[]).await, 401, "unsigned");
    assert_eq!(asked(&software.sign("", now - 310)).await, 401, "too old");
    assert_eq!(asked(&software.sign("{}", now)).await, 401, "signed for another body");
    let stranger = software.clone().with_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_eq!(asked(&stranger.sign("", now)).await, 401, "another's key");
}

#[tokio::test]
async fn an_unknown_or_malformed_code_and_another_path_get_a_clear_error() {
    let software = OneStopSoftware::of(&stack().await).await.unwrap();
    for (path, status, error) in [
        ("9999999999/notices", 404, "there is no dossier with this receipt code: check it, or push the dossier first"),
        ("0161701234", 404, "there is nothing here: GET /docs says what there is"),
        (
            "%3Cscript%3Ealert(1)%3C%2Fscript%3E/notices",
            400,
            "receipt_code may hold only letters A-Z, digits, '.', '/' and '-'",
        ),
        ("01617%F0%9F%98%80/notices", 400, "receipt_code may hold only letters A-Z, digits, '.', '/' and '-'"),
        (&format!("{}/notices", "9".repeat(5_000)), 400, "receipt_code has more than 50 characters"),
    ] {
        let answer = software.ask(path).await.unwrap();
        assert_eq!((answer.status, answer.body), (status, json!({"error": error})), "{path:.80}");
    }
}

#[tokio::test]
async fn a_code_with_a_slash_is_asked_for_with_and_without_encoding() {
    let software = OneStopSoftware::of(&stack().await).await.unwrap();
    let number = dossier(json!({}))["receipt_code"].as_str().unwrap().to_owned();
    let snapshot = dossier(json!({"receipt_code": format!("H50.15/{number}")}));
    software.store(&snapshot).await.unwrap();
    for path in [format!("H50.15%2F{number}/notices"), format!("h50.15/{number}/notices")] {
        let answer = software.ask(&path).await.unwrap();
        assert_eq!((answer.status, &answer.body["receipt_code"]), (200, &snapshot["receipt_code"]), "{path}");
    }
}

const AWKWARD: &str = r#"<script>alert("1")</script> 😀👩‍👩‍👧 & 'x' \ {{7*7}}"#;

/// Every field of a push that is a text, except the code.
const FIELDS: [&str; 6] = ["procedure", "phone", "step", "status", "unit", "office"];

#[tokio::test]
async fn a_script_or_an_emoji_in_any_field_comes_back_as_json_text() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let mut awkward = dossier(json!({}));
    for field in FIELDS {
        awkward[field] = json!(AWKWARD);
    }
    software.store(&awkward).await.unwrap();
    let shown = domain::text::tidy(AWKWARD);
    let path = format!("{}/notices", code(&awkward));
    let answer = software.ask(&path).await.unwrap();
    assert_eq!((answer.status, &answer.body["nothing"]["reason"]), (200, &json!("unusable_phone")));
    assert_eq!(answer.body["dossier"], json!({"revision": 1, "step": shown, "status": shown}));

    let done = dossier(json!({"step": "Trả kết quả", "office": AWKWARD, "status": AWKWARD}));
    software.store(&done).await.unwrap();
    row(&stack, code(&done), "result#1", "sent").await;
    let mut request = stack.http().get(format!("{}/dossiers/{}/notices?text=1", stack.api(), code(&done)));
    for (name, value) in software.sign("", Utc::now().timestamp()) {
        request = request.header(name, value);
    }
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    let body: Value = answer.json().await.unwrap();
    assert!(body["notices"][0]["text"].as_str().unwrap().contains(&shown), "{body}");
}

#[tokio::test]
async fn five_thousand_characters_are_refused_by_the_push_and_read_whole_from_the_table() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let long = "ộ😀<script>".repeat(5_000 / 10);
    for field in FIELDS {
        let snapshot = dossier(json!({field: long}));
        let answer = software.push(&snapshot).await.unwrap();
        assert_eq!(answer.outcomes(), ["invalid"], "{field}");
        assert_eq!(answer.body["dossiers"][0]["field"], field);
        let asked = software.ask(&format!("{}/notices", code(&snapshot))).await.unwrap();
        assert_eq!(asked.status, 404, "{field}: nothing of it is stored");
    }
    let known = dossier(json!({}));
    software.store(&known).await.unwrap();
    let item = json!({"receipt_code": {"S": code(&known)}, "notice": {"S": "supplement#1"}, "state": {"S": "sent"},
        "kind": {"S": "supplement"}, "attempts": {"N": "1"}, "enqueued_at": {"S": "2026-11-24T09:00:00.000+07:00"},
        "expires_at": {"N": "4000000000"}, "phone": {"S": phone(&known)}, "text": {"S": long}});
    stack.aws("dynamodb", "PutItem", json!({"TableName": stack.output("NoticesTable"), "Item": item})).await.unwrap();
    let answer = software.ask(&format!("{}/notices?text=1", code(&known))).await.unwrap();
    assert_eq!((answer.status, answer.body["notices"][0]["text"].as_str()), (200, Some(&*long)));
}
