//! `POST /dossiers`: the one-stop software pushes snapshots; each gets its outcome. `GET /dossiers/{receipt_code}/notices`
//! says what was sent about a dossier. `GET /docs` describes both.

mod answer;
mod document;
mod read;
mod refusal;
mod signature;

use std::collections::HashMap;
use std::sync::Arc;

use adapters::metrics::Counts;
use adapters::secret::Secret;
use application::ports::{Clock, DossierStore, NoticeHistory, Put, StoreError};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use domain::calendar::day_in_vietnam;
use domain::dossier::InvalidField;
use domain::dossier::revision::{Stored, Verdict, judge};
use domain::{ClosedSteps, Dossier};
use futures::StreamExt;
use http::HeaderMap;
use serde_json::{Map, Value};

pub use answer::{Outcome, Report};
pub use refusal::Refusal;

/// The most dossiers in one request.
pub const MOST_DOSSIERS: usize = 100;
/// The longest body, in bytes.
pub const LONGEST_BODY: usize = 1024 * 1024;
/// Dossiers processed concurrently. The snapshots of one dossier stay in their order.
const AT_ONCE: usize = 16;
/// How often another writer of the same dossier may write before us until the sender is asked to try again.
const MOST_TRIES: usize = 4;

/// The API of the one-stop software.
pub struct Intake<D, N, C> {
    pub dossiers: D,
    pub notices: N,
    /// `{"current":"whsec_…","previous":null}`
    pub secret: Arc<Secret>,
    pub clock: C,
    /// Parameter `ClosedSteps`.
    pub closed_steps: ClosedSteps,
}

impl<D: DossierStore, N: NoticeHistory, C: Clock> Intake<D, N, C> {
    /// Answers one request: with a document, with the notices of a dossier, or with the outcomes of a push.
    pub async fn handle(&self, request: &ApiGatewayProxyRequest) -> (ApiGatewayProxyResponse, Counts) {
        if let Some(document) = document::asked_for(request) {
            return (document, Vec::new());
        }
        if read::is_asked_for(request) {
            return (self.read(request).await.unwrap_or_else(answer::refused), Vec::new());
        }
        match self.push(request).await {
            Ok(reports) => (answer::outcomes(&reports), counts(&reports)),
            Err(refusal) => (answer::refused(refusal), Vec::new()),
        }
    }

    /// One report per dossier, or why all of them are refused. The body is parsed only after its signature is verified.
    async fn push(&self, request: &ApiGatewayProxyRequest) -> Result<Vec<Report>, Refusal> {
        let body = raw_body(request).ok_or(Refusal::BrokenEncoding)?;
        if body.len() > LONGEST_BODY {
            return Err(Refusal::BodyTooLong);
        }
        self.authenticate(&request.headers, &body).await?;
        self.take(&snapshots(&body)?).await.map_err(|error| {
            tracing::error!(%error, "a push could not be stored whole; its sender tries again");
            Refusal::OutOfOrder
        })
    }

    /// Whether the one-stop software signed `body`.
    async fn authenticate(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
        match signature::verify(headers, body, &self.secret).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::NotGenuine),
            Err(error) => {
                tracing::error!(%error, "the intake secret cannot be had: the one-stop software is refused");
                Err(Refusal::OutOfOrder)
            }
        }
    }

    /// One report per snapshot, in the order sent.
    async fn take(&self, snapshots: &[Value]) -> Result<Vec<Report>, StoreError> {
        let parsed: Vec<_> = snapshots.iter().map(parse).collect();
        let groups: Vec<_> = futures::stream::iter(by_dossier(&parsed))
            .map(|places| self.take_in_order(&parsed, places))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut outcomes: HashMap<usize, Outcome> = HashMap::new();
        for group in groups {
            outcomes.extend(group?);
        }
        Ok(parsed
            .into_iter()
            .zip(snapshots)
            .enumerate()
            .map(|(place, (parsed, snapshot))| match parsed {
                Ok(dossier) => Report::of(&dossier, outcomes.remove(&place).unwrap_or(Outcome::Stale)),
                Err(error) => Report::invalid(snapshot, error),
            })
            .collect())
    }

    async fn take_in_order(
        &self,
        parsed: &[Result<Dossier, InvalidField>],
        places: Vec<usize>,
    ) -> Result<Vec<(usize, Outcome)>, StoreError> {
        let mut outcomes = Vec::with_capacity(places.len());
        for place in places {
            if let Ok(dossier) = &parsed[place] {
                outcomes.push((place, self.store(dossier).await?));
            }
        }
        Ok(outcomes)
    }

    /// Writes a snapshot if it is new. A new dossier takes one call, a changed one two.
    async fn store(&self, snapshot: &Dossier) -> Result<Outcome, StoreError> {
        let today: NaiveDate = day_in_vietnam(self.clock.now());
        let mut stored = Stored::Nothing;
        for _ in 0..MOST_TRIES {
            let dossier = match judge(&stored, snapshot.clone(), today, &self.closed_steps) {
                Verdict::Store(dossier) => dossier,
                Verdict::Repeated => return Ok(Outcome::Stored),
                Verdict::Stale => return Ok(Outcome::Stale),
                Verdict::Conflicting => {
                    tracing::error!(
                        receipt_code = %snapshot.receipt_code(), revision = snapshot.revision(),
                        "a revision that is stored came again with other content"
                    );
                    return Ok(Outcome::Conflicting);
                }
            };
            match self.dossiers.put(&dossier, &stored).await? {
                Put::Done => return Ok(stored_over(&stored, &dossier)),
                Put::Overtaken(found) => stored = found,
            }
        }
        Err(StoreError::Unavailable { table: "dossiers", why: "too many concurrent writers".into() })
    }
}

/// The counts that alarms watch.
fn counts(reports: &[Report]) -> Counts {
    let of = |outcome| reports.iter().filter(|report| report.is(outcome)).count() as f64;
    let counts = [("RevisionConflicts", of(Outcome::Conflicting)), ("UnreadableRowsReplaced", of(Outcome::Replaced))];
    counts.into_iter().filter(|(_, count)| *count > 0.0).collect()
}

fn stored_over(replaced: &Stored, dossier: &Dossier) -> Outcome {
    let Stored::Unreadable(row) = replaced else { return Outcome::Stored };
    tracing::error!(
        receipt_code = %dossier.receipt_code(), why = row.why,
        "a row that was no valid dossier was replaced by a pushed snapshot: find the program that wrote it"
    );
    Outcome::Replaced
}

fn parse(snapshot: &Value) -> Result<Dossier, InvalidField> {
    let invalid = |field, reason: &str| InvalidField { field, reason: reason.to_owned() };
    let snapshot: &Map<String, Value> =
        snapshot.as_object().ok_or_else(|| invalid("dossier", "must be a JSON object"))?;
    let dossier = Dossier::parse(snapshot)?;
    // The table may omit it. In a push it is required: otherwise a sender that forgot it would cause no notices,
    // without any error.
    if !snapshot.contains_key("phone") {
        return Err(invalid("phone", "is missing: send null where the citizen left none"));
    }
    Ok(dossier)
}

/// The places of each dossier's snapshots, in the order sent.
fn by_dossier(parsed: &[Result<Dossier, InvalidField>]) -> Vec<Vec<usize>> {
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, dossier) in parsed.iter().enumerate() {
        if let Ok(dossier) = dossier {
            groups.entry(dossier.receipt_code().as_str()).or_default().push(place);
        }
    }
    groups.into_values().collect()
}

fn snapshots(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(snapshots)) if snapshots.len() > MOST_DOSSIERS => Err(Refusal::TooManyDossiers),
        Ok(Value::Array(snapshots)) => Ok(snapshots),
        Ok(snapshot @ Value::Object(_)) => Ok(vec![snapshot]),
        Ok(_) => Err(Refusal::NoDossier),
        Err(_) => Err(Refusal::NotJson),
    }
}

fn raw_body(request: &ApiGatewayProxyRequest) -> Option<Vec<u8>> {
    let body = request.body.as_deref().unwrap_or_default();
    if request.is_base64_encoded { STANDARD.decode(body).ok() } else { Some(body.as_bytes().to_vec()) }
}
