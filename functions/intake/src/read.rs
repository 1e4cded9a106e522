//! `GET /dossiers/{receipt_code}/notices`: what was sent about a dossier, and why its last change required no notice.

use application::ports::{Clock, DossierStore, NoticeHistory, StoreError};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use domain::calendar::day_in_vietnam;
use domain::dossier::revision::{Stored, UnreadableRow};
use domain::notice::lifecycle::State;
use domain::notice::nothing::{Nothing, why_nothing};
use domain::notice::{NoticeRecord, Sending};
use domain::text::staff::what_became_of;
use domain::{ClosedSteps, Dossier, ReceiptCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::{Intake, Refusal, answer};

/// The path in template.yaml. The parameter takes several segments because a receipt code may contain slashes: so a
/// slash that was sent as `%2F` and one that somebody on the way has decoded are the same.
const RESOURCE: &str = "/dossiers/{path+}";
const NOTICES: &str = "/notices";

/// Whether the request is for this endpoint.
pub(crate) fn is_asked_for(request: &ApiGatewayProxyRequest) -> bool {
    request.resource.as_deref() == Some(RESOURCE)
}

impl<D: DossierStore, N: NoticeHistory, C: Clock> Intake<D, N, C> {
    /// Signed like a push, with an empty body. One read of each table, at the same time and both consistent: what was
    /// pushed or sent a moment ago is seen.
    pub(crate) async fn read(&self, request: &ApiGatewayProxyRequest) -> Result<ApiGatewayProxyResponse, Refusal> {
        let code = code_in_path(request).ok_or(Refusal::NothingHere)?;
        self.authenticate(&request.headers, b"").await?;
        let code = ReceiptCode::parse(&code).map_err(Refusal::NotACode)?;
        let (dossier, history) = futures::join!(self.dossiers.get(&code), self.notices.history(&code));
        let stored = stored(dossier).map_err(|error| out_of_order(&error))?;
        let history = history.map_err(|error| out_of_order(&error))?;
        if stored == Stored::Nothing && history.is_empty() {
            return Err(Refusal::NoSuchDossier);
        }
        let today = day_in_vietnam(self.clock.now());
        let with_text = request.query_string_parameters.first("text") == Some("1");
        Ok(answer::for_staff(&body(&code, &stored, history, today, &self.closed_steps, with_text)))
    }
}

/// The part of the path before `/notices`, decoded: API Gateway passes a path as it was sent.
fn code_in_path(request: &ApiGatewayProxyRequest) -> Option<String> {
    let path = percent_decode_str(request.path_parameters.get("path")?).decode_utf8_lossy();
    path.strip_suffix(NOTICES).map(str::to_owned)
}

/// The notices of a dossier whose row cannot be read are shown all the same.
fn stored(found: Result<Option<Dossier>, StoreError>) -> Result<Stored, StoreError> {
    match found {
        Ok(found) => Ok(found.into()),
        Err(StoreError::Unreadable { item, why }) => {
            tracing::error!(item, why, "a dossier whose notices are asked for cannot be read");
            Ok(Stored::Unreadable(UnreadableRow { revision: None, why }))
        }
        Err(error) => Err(error),
    }
}

fn out_of_order(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the notices of a dossier could not be read");
    Refusal::OutOfOrder
}

fn body(
    code: &ReceiptCode,
    stored: &Stored,
    mut history: Vec<NoticeRecord>,
    today: NaiveDate,
    closed: &ClosedSteps,
    with_text: bool,
) -> Value {
    history.sort_by_key(|record| (record.row.enqueued_at, record.row.key, record.sending));
    let rows: Vec<_> = history.iter().map(|record| record.row.clone()).collect();
    let nothing = match stored {
        Stored::Dossier(dossier) => why_nothing(dossier, &rows, today, closed),
        Stored::Unreadable(_) => Some(Nothing::Unreadable),
        Stored::Nothing => None,
    };
    json!({
        "receipt_code": code.as_str(),
        "dossier": stored.dossier().map(state_of),
        "notices": history.iter().map(|record| notice(record, with_text)).collect::<Vec<_>>(),
        "nothing": nothing.map(|why| json!({"reason": why.as_str(), "sentence": why.in_vietnamese()})),
    })
}

fn state_of(dossier: &Dossier) -> Value {
    let status = Some(dossier.status()).filter(|status| !status.is_empty());
    object([
        ("revision", Some(json!(dossier.revision()))),
        ("step", Some(json!(dossier.step()))),
        ("status", status.map(Value::from)),
    ])
}

/// The number is masked, and the text is there only if it was asked for.
fn notice(record: &NoticeRecord, with_text: bool) -> Value {
    let (row, report, copy) = (&record.row, record.report.as_ref(), record.copy.as_ref());
    // A notice that was sent in the end may have kept the reason of an earlier attempt.
    let reason = record.reason.as_deref().filter(|_| !matches!(row.state, State::Sending | State::Sent));
    object([
        ("notice", Some(json!(record.name()))),
        ("kind", Some(json!(row.key.kind().as_str()))),
        ("sending", Some(json!(if record.sending == Sending::First { "first" } else { "again" }))),
        ("state", Some(json!(row.state.as_str()))),
        ("sentence", Some(json!(what_became_of(record)))),
        ("attempts", Some(json!(record.attempts))),
        ("enqueued_at", Some(time(row.enqueued_at))),
        ("due_at", row.due_at.filter(|_| row.state == State::Pending).map(time)),
        ("sent_at", record.sent_at.map(time)),
        ("phone", copy.map(|copy| json!(copy.phone.masked()))),
        ("reason", reason.map(Value::from)),
        ("delivery", report.map(|report| json!(report.delivery.as_str()))),
        ("delivery_at", report.and_then(|report| report.at).map(time)),
        ("delivery_reason", report.and_then(|report| report.reason).map(|reason| json!(reason.as_str()))),
        ("text", copy.filter(|_| with_text).map(|copy| json!(copy.text))),
    ])
}

/// Without the members that have no value.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// RFC 3339, UTC, to the millisecond.
fn time(instant: DateTime<Utc>) -> Value {
    instant.to_rfc3339_opts(SecondsFormat::Millis, true).into()
}
