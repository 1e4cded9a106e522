//! `POST /dossiers`: the contract.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Days;
use serde_json::{Value, json};
use system_tests::one_stop_software::{code, dossier, next};
use system_tests::{OneStopSoftware, eventually, today};

use crate::stack;

#[tokio::test]
async fn every_dossier_of_a_push_has_its_outcome_in_the_order_sent() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let (good, newer) = (dossier(json!({})), dossier(json!({"revision": 5})));
    software.store(&newer).await.unwrap();
    let mut older = newer.clone();
    older["revision"] = json!(4);
    let mut wrong = dossier(json!({}));
    wrong["received_on"] = json!("24/11/2026");
    let answer = software.push(&json!([good, older, wrong, "not a dossier"])).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.outcomes(), ["stored", "stale", "invalid", "invalid"]);
    assert_eq!(answer.body["dossiers"][2]["field"], "received_on");
    assert_eq!(answer.body["dossiers"][2]["receipt_code"], wrong["receipt_code"]);
    assert!(
        stack.item("DossiersTable", &[("receipt_code", code(&good))]).await.unwrap().is_some(),
        "the good one is stored"
    );
}

#[tokio::test]
async fn two_snapshots_of_one_dossier_in_one_push_are_taken_in_their_order() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let first = dossier(json!({}));
    let second = next(&first, json!({"step": "Trình ký"}));
    assert_eq!(software.push(&json!([first, second])).await.unwrap().outcomes(), ["stored", "stored"]);
    let third = next(&second, json!({"step": "Ban hành"}));
    let fourth = next(&third, json!({"step": "Vào sổ"}));
    assert_eq!(software.push(&json!([fourth, third])).await.unwrap().outcomes(), ["stored", "stale"]);
    let stored = stack.item("DossiersTable", &[("receipt_code", code(&first))]).await.unwrap().unwrap();
    assert_eq!((stored["revision"].as_u64(), stored["step"].as_str()), (Some(4), Some("Vào sổ")));
}

#[tokio::test]
async fn the_same_revision_with_other_content_is_invalid_and_changes_nothing() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let snapshot = dossier(json!({}));
    software.store(&snapshot).await.unwrap();
    let mut other = snapshot.clone();
    other["step"] = json!("Trả kết quả");
    let answer = software.push(&other).await.unwrap();
    assert_eq!(
        (answer.outcomes(), &answer.body["dossiers"][0]["field"]),
        (vec!["invalid".to_owned()], &json!("revision"))
    );
    let stored = stack.item("DossiersTable", &[("receipt_code", code(&snapshot))]).await.unwrap().unwrap();
    assert_eq!(stored["step"], snapshot["step"]);
}

#[tokio::test]
async fn result_on_is_set_on_entering_kept_while_closed_and_cleared_on_reopening() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let opened = dossier(json!({}));
    let stored = async |snapshot: &Value| {
        software.store(snapshot).await.unwrap();
        stack.item("DossiersTable", &[("receipt_code", code(snapshot))]).await.unwrap().unwrap()
    };
    assert!(!stored(&opened).await.contains_key("result_on"));
    let done = next(&opened, json!({"step": "Trả kết quả"}));
    let item = stored(&done).await;
    assert_eq!(item["result_on"], json!(today()));
    assert!(item["expires_at"].as_i64().is_some(), "a done dossier has a TTL");
    let closed = next(&done, json!({"step": "Kết thúc"}));
    assert_eq!(stored(&closed).await["result_on"], json!(today()));
    let reopened = stored(&next(&closed, json!({"step": "Thẩm định"}))).await;
    assert!(!reopened.contains_key("result_on"));
    let first_load = dossier(json!({"step": "Kết thúc", "silent": true}));
    assert_eq!(stored(&first_load).await["result_on"], json!(today() + Days::new(5)), "its appointment day");
}

#[tokio::test]
async fn a_second_key_is_good_beside_the_first_as_soon_as_it_is_in_the_secret() {
    let stack = stack().await;
    let first = OneStopSoftware::of(&stack).await.unwrap();
    let key = format!("whsec_{}", STANDARD.encode(std::array::from_fn::<u8, 32, _>(|_| fastrand::u8(..))));
    let second = first.clone().with_key(&key);
    assert_eq!(second.push(&dossier(json!({}))).await.unwrap().status, 401);
    // In this order, so that the other tests can still read the key that every sandbox has.
    let secret = json!({"current": first.key(), "previous": key}).to_string();
    let request = json!({"SecretId": stack.output("IntakeSecret"), "SecretString": secret});
    stack.aws("secretsmanager", "PutSecretValue", request).await.unwrap();
    eventually("the second key is known: half a minute after the last mismatch", || async {
        Ok((second.push(&dossier(json!({}))).await?.status == 200).then_some(()))
    })
    .await;
    assert_eq!(first.push(&dossier(json!({}))).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_phone_that_is_no_mobile_is_stored_with_a_warning() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let snapshot = dossier(json!({"phone": "0258 3822 229"}));
    let answer = software.push(&snapshot).await.unwrap();
    assert_eq!(answer.outcomes(), ["stored"]);
    assert!(answer.body["dossiers"][0]["warning"].as_str().unwrap().contains("fixed line"), "{answer:?}");
    let stored = stack.item("DossiersTable", &[("receipt_code", code(&snapshot))]).await.unwrap().unwrap();
    assert_eq!(stored["phone"], "0258 3822 229");
}
