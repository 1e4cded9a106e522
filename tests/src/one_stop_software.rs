//! The one-stop software: pushes signed snapshots, and asks what was sent.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use chrono::{Days, Utc};
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};
use standardwebhooks::Webhook;

use crate::{Stack, today};

/// The one-stop software, with its key.
#[derive(Clone)]
pub struct OneStopSoftware {
    stack: Stack,
    key: String,
}

/// The answer to a push or a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

impl Answer {
    /// Each dossier's outcome, in the order sent.
    pub fn outcomes(&self) -> Vec<String> {
        let reports = self.body["dossiers"].as_array().cloned().unwrap_or_default();
        reports.iter().map(|report| report["outcome"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl OneStopSoftware {
    /// Takes the key from the stack's secret.
    pub async fn of(stack: &Stack) -> Result<Self> {
        let secret = stack.secret("IntakeSecret").await?;
        let key = secret["current"].as_str().context("IntakeSecret has a current key")?.to_owned();
        Ok(Self { stack: stack.clone(), key })
    }

    /// The key it signs by.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same, with another key.
    pub fn with_key(self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self }
    }

    /// Pushes a snapshot or an array of them.
    pub async fn push(&self, body: &Value) -> Result<Answer> {
        let body = body.to_string();
        let headers = self.sign(&body, Utc::now().timestamp());
        self.post(body.into_bytes(), &headers).await
    }

    /// Pushes one snapshot that must be stored.
    pub async fn store(&self, dossier: &Value) -> Result<()> {
        let answer = self.push(dossier).await?;
        anyhow::ensure!(answer.outcomes() == ["stored"], "{dossier} was answered {answer:?}");
        Ok(())
    }

    /// The scheme's three headers.
    pub fn sign(&self, body: &str, timestamp: i64) -> Vec<(&'static str, String)> {
        let id = format!("msg_{:016x}", fastrand::u64(..));
        let webhook = Webhook::new(&self.key).expect("the stack's key is base64");
        let signature = webhook.sign(&id, timestamp, body.as_bytes()).expect("a text body");
        vec![("webhook-id", id), ("webhook-timestamp", timestamp.to_string()), ("webhook-signature", signature)]
    }

    /// Asks what was sent about a dossier. `path` is what stands after `/dossiers/`.
    pub async fn ask(&self, path: &str) -> Result<Answer> {
        self.get(path, &self.sign("", Utc::now().timestamp())).await
    }

    /// The same with these headers.
    pub async fn get(&self, path: &str, headers: &[(&str, String)]) -> Result<Answer> {
        send(self.stack.http().get(format!("{}/dossiers/{path}", self.stack.api())), headers).await
    }

    /// Posts bytes with these headers.
    pub async fn post(&self, body: Vec<u8>, headers: &[(&str, String)]) -> Result<Answer> {
        let request = self.stack.http().post(format!("{}/dossiers", self.stack.api())).body(body);
        send(request.header("content-type", "application/json"), headers).await
    }
}

async fn send(mut request: RequestBuilder, headers: &[(&str, String)]) -> Result<Answer> {
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
}

/// Of seven digits, different at each call: with random ones, two of some thousand dossiers are the same now and then.
fn own_number() -> u64 {
    static FIRST: LazyLock<u64> = LazyLock::new(|| fastrand::u64(..10_000_000));
    static CALLS: AtomicU64 = AtomicU64::new(0);
    (*FIRST + CALLS.fetch_add(1, Ordering::Relaxed) * 1_234_567) % 10_000_000
}

/// A dossier in progress: received three days ago, due in five, at "Thẩm định". It has a code and a phone of its own.
pub fn dossier(changes: Value) -> Value {
    let number = own_number();
    let mut snapshot = json!({
        "receipt_code": format!("016{number:07}"), "revision": 1, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
        "phone": format!("091{:07}", number * 3 % 10_000_000),
        "received_on": today() - Days::new(3), "appointment_on": today() + Days::new(5),
        "step": "Thẩm định hồ sơ", "status": "Đang xử lý", "unit": "Phòng Quản lý lữ hành",
    });
    merge(&mut snapshot, changes);
    snapshot
}

/// The dossier's next revision, with changes.
pub fn next(snapshot: &Value, changes: Value) -> Value {
    let mut next = snapshot.clone();
    next["revision"] = json!(snapshot["revision"].as_u64().unwrap_or_default() + 1);
    merge(&mut next, changes);
    next
}

/// The receipt code of a snapshot.
pub fn code(snapshot: &Value) -> &str {
    snapshot["receipt_code"].as_str().unwrap_or_default()
}

/// The mobile number of a snapshot, in E.164.
pub fn phone(snapshot: &Value) -> String {
    let written = snapshot["phone"].as_str().unwrap_or_default();
    domain::Phone::parse(written).expect("a mobile number").as_e164().to_owned()
}

fn merge(snapshot: &mut Value, changes: Value) {
    let changes: Map<String, Value> = changes.as_object().cloned().unwrap_or_default();
    snapshot.as_object_mut().expect("a snapshot is an object").extend(changes);
}
