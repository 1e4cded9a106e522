//! Pushing: a hundred dossiers per call, a few calls at once, each retried with the same `webhook-id`.

use std::cell::Cell;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::Utc;
use domain::Dossier;
use futures::StreamExt;
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use standardwebhooks::Webhook;

use crate::progress::Progress;
use crate::{Loaded, Refusal, reasons};

/// The most dossiers that the API accepts in one call.
const A_CALL: usize = 100;
/// Calls at once: well below the API's limit for one client.
const AT_ONCE: usize = 4;
/// The pause between the tries of one call.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// The time-out of one try: the API itself ends after 15 seconds.
const TIME_OUT: Duration = Duration::from_secs(20);

/// The one-stop software's API.
pub struct ApiClient {
    http: Client,
    url: String,
    key: Webhook,
}

/// The results of the rows, by their places in the table.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many are stored.
    pub stored: usize,
    /// How many are older than what the one-stop software has already pushed.
    pub stale: usize,
    /// Those that the API refused.
    pub refused: Vec<(usize, Refusal)>,
    /// How many were not sent, or whose call failed.
    pub unsent: usize,
    /// Why the rest was not sent. The clerk reads it.
    pub stopped: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    dossiers: Vec<Report>,
}

#[derive(Deserialize)]
struct Report {
    outcome: String,
    field: Option<String>,
    reason: Option<String>,
}

impl ApiClient {
    /// `url` is the stack's ApiUrl, `key` the `whsec_…` of its IntakeSecret.
    pub fn new(url: &str, key: &str) -> Result<Self> {
        let http = Client::builder().timeout(TIME_OUT).build()?;
        let key = Webhook::new(key).context("ONESTOP_SECRET không phải khóa dạng whsec_…")?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// Pushes all of them. After a call that failed, no other call is started.
    pub async fn push(&self, dossiers: &[Loaded], progress: &Progress) -> Outcome {
        let stop = Cell::new(false);
        let mut calls = futures::stream::iter(dossiers.chunks(A_CALL))
            .map(async |rows| {
                if stop.get() {
                    return (rows, None);
                }
                let answer = self.call(rows).await;
                stop.set(stop.get() || answer.is_err());
                progress.advance(rows.len());
                (rows, Some(answer))
            })
            .buffer_unordered(AT_ONCE);
        let mut outcome = Outcome::default();
        while let Some((rows, answer)) = calls.next().await {
            match answer {
                Some(Ok(reports)) => rows.iter().zip(reports).for_each(|(row, report)| outcome.take(row, report)),
                Some(Err(why)) => {
                    outcome.unsent += rows.len();
                    outcome.stopped.get_or_insert(why);
                }
                None => outcome.unsent += rows.len(),
            }
        }
        outcome
    }

    async fn call(&self, rows: &[Loaded]) -> Result<Vec<Report>, String> {
        let dossiers: Vec<&Dossier> = rows.iter().map(|row| &row.dossier).collect();
        let body = serde_json::to_string(&dossiers).map_err(|error| error.to_string())?;
        let (status, text) = self.post(&body).await.map_err(|error| format!("hệ thống không trả lời ({error})"))?;
        match status {
            StatusCode::OK => match serde_json::from_str::<Answer>(&text) {
                Ok(answer) if answer.dossiers.len() == rows.len() => Ok(answer.dossiers),
                _ => Err(format!("{} trả lời không phải như hệ thống này: kiểm tra ONESTOP_URL", self.url)),
            },
            StatusCode::UNAUTHORIZED => Err("401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này \
                (không lệch quá 5 phút)"
                .into()),
            StatusCode::FORBIDDEN => {
                Err("403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP \
                được phép"
                    .into())
            }
            status => Err(format!("hệ thống trả lời {status}: {text}")),
        }
    }

    /// One call, retried if that can help.
    async fn post(&self, body: &str) -> reqwest::Result<(StatusCode, String)> {
        let id = format!("msg_{:032x}", fastrand::u128(..));
        for pause in PAUSES {
            match self.try_once(&id, body).await {
                Ok((status, _)) if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {}
                Err(_) => {}
                answered => return answered,
            }
            tokio::time::sleep(pause).await;
        }
        self.try_once(&id, body).await
    }

    async fn try_once(&self, id: &str, body: &str) -> reqwest::Result<(StatusCode, String)> {
        let timestamp = Utc::now().timestamp();
        let signature = self.key.sign(id, timestamp, body.as_bytes()).expect("an id and a time of today can be signed");
        let request = self.http.post(format!("{}/dossiers", self.url)).body(body.to_owned());
        let answer = request
            .header("content-type", "application/json; charset=utf-8")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .send()
            .await?;
        Ok((answer.status(), answer.text().await?))
    }
}

impl Outcome {
    fn take(&mut self, row: &Loaded, report: Report) {
        match report.outcome.as_str() {
            "stored" => self.stored += 1,
            "stale" => self.stale += 1,
            _ => {
                let reason = reasons::vietnamese(report.reason.as_deref().unwrap_or("không rõ lý do"));
                let field = report.field.as_deref().and_then(crate::columns::known);
                self.refused.push((row.place, Refusal { field, reason }));
            }
        }
    }
}
