//! What a person does on the page, and what `make run` says of the day: each by the system's own doors.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{Days, Utc};
use domain::{Phone, ReceiptCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::changes::deliver_again;
use super::faults::{Faults, Switched, Table};
use super::refusal::{Answer, Refusal, Said};
use super::{Day, Deployed, Phones};
use crate::one_stop_software::{self, next};
use crate::{Citizen, OneStopSoftware, half_past_five, today};

type Asked = State<Arc<Phones>>;

/// What 8083 keeps of a text.
const LONGEST_TEXT: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    phone: String,
    text: String,
}

/// A citizen texts 8083.
pub(super) async fn text(State(phones): Asked, body: Bytes) -> Answer {
    let Text { phone, text } = parsed(&body)?;
    let number = Phone::parse(&phone).map_err(|_| {
        let vi = "Số điện thoại này không phải là số di động của Việt Nam.";
        Refusal::wrong(vi, "This is not a Vietnamese mobile number.")
    })?;
    if text.chars().count() > LONGEST_TEXT {
        let vi = "Tin nhắn dài quá 1.000 ký tự.";
        return Err(Refusal::wrong(vi, "The text is longer than 1,000 characters."));
    }
    let deployed = deployed(&phones).await?;
    let failed = |error| Refusal::unavailable("a text to 8083 was not answered", error);
    let mut citizen = Citizen::of(&deployed.stack).await.map_err(failed)?;
    citizen.msisdn = number.as_e164().trim_start_matches('+').to_owned();
    let reply = citizen.texts(&text).await.map_err(failed)?;
    if reply.status != 200 {
        return Err(failed(anyhow::anyhow!("8083 answered with status {}", reply.status)));
    }
    Ok(Said(json!({"reply": reply.text})))
}

/// A dossier's next change. Fields that are left out stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Push {
    receipt_code: String,
    step: Option<String>,
    status: Option<String>,
    unit: Option<String>,
    /// Empty: the dossier has none any more.
    phone: Option<String>,
    appointment_on: Option<String>,
}

impl Push {
    fn fields(&self) -> Value {
        let phone = self.phone.as_ref().map(|phone| if phone.is_empty() { Value::Null } else { json!(phone) });
        let named = |name: &str, text: &Option<String>| Some((name.to_owned(), json!(text.as_ref()?)));
        let fields = [
            named("step", &self.step),
            named("status", &self.status),
            named("unit", &self.unit),
            phone.map(|phone| ("phone".to_owned(), phone)),
            named("appointment_on", &self.appointment_on),
        ];
        fields.into_iter().flatten().collect()
    }
}

/// The one-stop software pushes it.
pub(super) async fn push(State(phones): Asked, body: Bytes) -> Answer {
    let change: Push = parsed(&body)?;
    let receipt_code = &change.receipt_code;
    let code = ReceiptCode::parse(receipt_code).map_err(|_| {
        let vi = format!("Mã số biên nhận không hợp lệ: {receipt_code}");
        Refusal::wrong(vi, format!("This is not a receipt code: {receipt_code}"))
    })?;
    let deployed = deployed(&phones).await?;
    let failed = |error| Refusal::unavailable("a change was not pushed", error);
    let row = deployed.stack.item("DossiersTable", &[("receipt_code", code.as_str())]).await.map_err(failed)?;
    let snapshot = match &row {
        Some(row) => next(&snapshot_of(row), change.fields()),
        None => new_dossier(&code, &change),
    };
    let software = OneStopSoftware::of(&deployed.stack).await.map_err(failed)?;
    let answer = software.push(&snapshot).await.map_err(failed)?;
    let report = &answer.body["dossiers"][0];
    match (answer.status, report["outcome"].as_str()) {
        (200, Some("stored")) => Ok(Said(stored(report))),
        (200, Some("invalid")) => Err(invalid(report)),
        (status, outcome) => Err(failed(anyhow::anyhow!("status {status}, outcome {outcome:?}"))),
    }
}

/// What the software would push for a dossier as it is in the table.
fn snapshot_of(row: &Map<String, Value>) -> Value {
    let fields = ["receipt_code", "revision", "procedure", "phone", "received_on", "appointment_on", "step", "status"];
    let optional = ["unit", "office", "same_day"].into_iter().filter(|name| row.contains_key(*name));
    let snapshot = fields.into_iter().chain(optional);
    snapshot.map(|name| (name.to_owned(), row.get(name).cloned().unwrap_or(Value::Null))).collect()
}

fn new_dossier(code: &ReceiptCode, change: &Push) -> Value {
    let mut snapshot = one_stop_software::dossier(json!({"receipt_code": code, "phone": null}));
    snapshot.as_object_mut().expect("an object").extend(change.fields().as_object().cloned().unwrap_or_default());
    snapshot
}

fn stored(report: &Value) -> Value {
    let mut said = json!({"outcome": "stored"});
    if report["warning"].is_string() {
        said["warning"] = report["warning"].clone();
    }
    said
}

/// The contract's fields, as people call them.
const FIELDS: [(&str, &str); 6] = [
    ("step", "bước"),
    ("status", "trạng thái"),
    ("unit", "bộ phận"),
    ("phone", "số điện thoại"),
    ("appointment_on", "ngày hẹn trả"),
    ("revision", "lần thay đổi"),
];

fn invalid(report: &Value) -> Refusal {
    let (field, reason) = (report["field"].as_str().unwrap_or_default(), report["reason"].as_str().unwrap_or_default());
    let called = FIELDS.iter().find(|(name, _)| *name == field).map_or(field, |(_, called)| called);
    let vi = match reason {
        "is before received_on" => "Ngày hẹn trả không được trước ngày nhận hồ sơ.".to_owned(),
        _ => format!("Hệ thống không nhận thay đổi này: {called} không hợp lệ."),
    };
    Refusal::wrong(vi, format!("The change was not accepted: {field} {reason}."))
}

/// 17:30 now.
pub(super) async fn evening(State(phones): Asked) -> Answer {
    let deployed = deployed(&phones).await?;
    let failed = |error| Refusal::unavailable("the evening run failed", error);
    let before = apologies(&deployed).await.map_err(failed)?;
    deployed.stack.evening(half_past_five(today())).await.map_err(failed)?;
    let after = apologies(&deployed).await.map_err(failed)?;
    Ok(Said(json!({"planned": after.saturating_sub(before)})))
}

/// The apologies for tomorrow's appointments that are in the outbox.
async fn apologies(deployed: &Deployed) -> anyhow::Result<usize> {
    let notice = format!("apology#{}", today() + Days::new(1));
    let rows = deployed.stack.scan("NoticesTable").await?;
    Ok(rows.iter().filter(|row| row["notice"] == notice.as_str()).count())
}

pub(super) async fn faults(State(phones): Asked, body: Bytes) -> Answer {
    let switched: Switched = parsed(&body)?;
    let faults = phones.settings().faults.after(&switched);
    switch(&phones, faults);
    Ok(Said(json!({})))
}

fn switch(phones: &Arc<Phones>, faults: Faults) {
    let mut settings = phones.settings();
    settings.faults = faults;
    if faults.table == Table::Throttles {
        settings.throttled_since.get_or_insert_with(Utc::now);
    } else if let Some(since) = settings.throttled_since.take() {
        tokio::spawn(deliver_again(phones.clone(), since));
    }
    drop(settings);
    phones.events.changed();
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TheDay {
    day: Day,
}

/// `make run` says when the day is played. It begins without a fault, on a stack that may have been deployed anew.
pub(super) async fn day(State(phones): Asked, body: Bytes) -> Answer {
    let TheDay { day } = parsed(&body)?;
    phones.settings().day = day;
    if day == Day::Playing {
        phones.forget_deployed().await;
        switch(&phones, Faults::default());
    }
    phones.events.changed();
    Ok(Said(json!({})))
}

async fn deployed(phones: &Phones) -> Result<Arc<Deployed>, Refusal> {
    phones.deployed().await.map_err(|error| {
        eprintln!("the stack cannot be found: {error:#}");
        let (vi, en) = ("Hệ thống thử nghiệm chưa dựng xong.", "The local stack is not deployed yet.");
        Refusal::with(StatusCode::BAD_GATEWAY, vi, en)
    })
}

fn parsed<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::wrong("Yêu cầu không hợp lệ.", format!("The request is not valid: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_left_out_stays_as_it_is() {
        let row = json!({"receipt_code": "0161701234", "revision": 2, "procedure": "Cấp thẻ", "phone": "0912345678",
            "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định", "status": "", "unit": "Phòng",
            "waiting_since": 2, "expires_at": 1});
        let change: Push = parsed(&r#"{"receipt_code":"x","step":"Trả kết quả"}"#.into()).ok().unwrap();
        let pushed = next(&snapshot_of(row.as_object().unwrap()), change.fields());
        assert_eq!((&pushed["revision"], &pushed["step"]), (&json!(3), &json!("Trả kết quả")));
        assert_eq!((&pushed["phone"], &pushed["unit"]), (&json!("0912345678"), &json!("Phòng")));
        assert!(pushed.get("waiting_since").is_none() && pushed.get("expires_at").is_none(), "intake's own");
    }

    #[test]
    fn a_new_code_is_a_new_dossier_without_a_phone_unless_one_is_given() {
        let code = ReceiptCode::parse("THU-1").unwrap();
        let made = |body: &'static str| {
            let change: Push = parsed(&body.into()).ok().unwrap();
            new_dossier(&code, &change)
        };
        let made_with = made(r#"{"receipt_code":"THU-1","phone":"0912345678"}"#);
        assert_eq!((&made_with["receipt_code"], &made_with["revision"]), (&json!("THU-1"), &json!(1)));
        assert_eq!(made_with["phone"], "0912345678");
        assert_eq!(made(r#"{"receipt_code":"THU-1"}"#)["phone"], Value::Null);
    }

    #[test]
    fn an_unknown_field_is_refused() {
        assert!(parsed::<Text>(&r#"{"phone":"0912345678","text":"x","to":"8083"}"#.into()).is_err());
        assert!(parsed::<TheDay>(&r#"{"day":"tomorrow"}"#.into()).is_err());
        assert!(parsed::<Push>(&r#"{"receipt_code":"1","procedure":"x"}"#.into()).is_err());
    }
}
