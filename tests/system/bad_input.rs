//! Bad input gets a clear error that says what to do.

use anyhow::Result;
use chrono::Utc;
use serde_json::{Value, json};
use system_tests::OneStopSoftware;
use system_tests::one_stop_software::dossier;

use crate::stack;

#[tokio::test]
async fn a_push_that_is_not_genuine_is_refused() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let body = dossier(json!({})).to_string();
    let now = Utc::now().timestamp();
    let sent = async |headers: &[(&str, String)], body: &str| software.post(body.into(), headers).await.unwrap().status;
    assert_eq!(sent(&[], &body).await, 401, "unsigned");
    assert_eq!(sent(&software.sign(&body, now), &body.replace("091", "090")).await, 401, "forged");
    assert_eq!(sent(&software.sign(&body, now - 310), &body).await, 401, "too old");
    assert_eq!(sent(&software.sign(&body, now + 310), &body).await, 401, "from the future");
    assert_eq!(sent(&software.sign("nonsense", now - 310), "nonsense").await, 401, "before the body is looked at");
    for broken in ["-9223372036854775808", "x", "", "99999999999999999999"] {
        let mut headers = software.sign(&body, now);
        headers[1].1 = broken.into();
        assert_eq!(sent(&headers, &body).await, 401, "timestamp {broken:?}");
    }
    assert_eq!(sent(&software.sign(&body, now - 200), &body).await, 200, "within five minutes");
}

#[tokio::test]
async fn a_body_that_is_neither_a_dossier_nor_an_array_is_refused() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    for body in ["", "null", "5", "\"dossier\"", "{", "[{]", "receipt_code=1"] {
        let answer = software.post(body.into(), &software.sign(body, Utc::now().timestamp())).await.unwrap();
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.body["error"].is_string());
    }
    let empty = software.push(&json!([])).await.unwrap();
    assert_eq!((empty.status, empty.outcomes().len()), (200, 0));
}

#[tokio::test]
async fn too_many_dossiers_or_too_long_a_body_is_refused_and_says_so() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let many: Vec<Value> = (0..101).map(|_| dossier(json!({}))).collect();
    assert_eq!(software.push(&json!(many)).await.unwrap().status, 413);
    let hundred = software.push(&json!(many[..100])).await.unwrap();
    assert_eq!((hundred.status, hundred.outcomes()), (200, vec!["stored".to_owned(); 100]));
    let long = dossier(json!({"procedure": "x".repeat(1_100_000)}));
    assert_eq!(software.push(&long).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_wrong_field_is_named_with_the_reason() -> Result<()> {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await?;
    for field in
        ["receipt_code", "revision", "procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"]
    {
        let mut snapshot = dossier(json!({}));
        snapshot.as_object_mut().unwrap().remove(field);
        let answer = software.push(&snapshot).await?;
        assert_eq!((answer.status, answer.outcomes()), (200, vec!["invalid".to_owned()]), "{field}");
        assert_eq!(answer.body["dossiers"][0]["field"], field);
        assert!(answer.body["dossiers"][0]["reason"].as_str().unwrap().contains("is missing"));
    }
    for (field, value) in [
        ("receipt_code", json!("01617\u{7}234")),
        ("receipt_code", json!(161701234)),
        ("revision", json!("three")),
        ("revision", json!(-1)),
        ("revision", json!(1.5)),
        ("phone", json!(912345678)),
        ("received_on", json!("2026-02-30")),
        ("appointment_on", json!("2000-01-01")),
        ("step", json!("x".repeat(10_000))),
        ("step", json!({"name": "Trả kết quả"})),
        ("unit", json!("Bộ phận\u{0} Một cửa")),
        ("same_day", json!("yes")),
        ("silent", json!(1)),
        ("office", json!(["Sở"])),
        ("result_on", json!("hôm qua")),
    ] {
        let mut snapshot = dossier(json!({}));
        snapshot[field] = value.clone();
        let answer = software.push(&snapshot).await?;
        assert_eq!(answer.outcomes(), ["invalid"], "{field}: {value:.60}");
        assert_eq!(answer.body["dossiers"][0]["field"], field);
    }
    let odd = dossier(json!({"step": "Bước chưa ai biết", "status": "Trạng thái lạ", "unit": "", "procedure": "P"}));
    assert_eq!(software.push(&odd).await?.outcomes(), ["stored"], "an unknown step or status is data");
    Ok(())
}
