//! The answers to the one-stop software.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use domain::Dossier;
use domain::dossier::Contact;
use domain::dossier::InvalidField;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Refusal;

/// The result of a valid snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The snapshot is in the table.
    Stored,
    /// The snapshot is in the table, and it replaced a row that was not a valid dossier.
    Replaced,
    /// The table has a newer revision.
    Stale,
    /// The table has the same revision with other content.
    Conflicting,
}

/// The answer for one dossier.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    receipt_code: Option<String>,
    revision: Option<u64>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    #[serde(skip)]
    became: Option<Outcome>,
}

impl Report {
    /// For a valid snapshot.
    pub fn of(dossier: &Dossier, outcome: Outcome) -> Self {
        let conflict = outcome == Outcome::Conflicting;
        let reason = "is stored already with other content: raise it with every change";
        Self {
            receipt_code: Some(dossier.receipt_code().to_string()),
            revision: Some(dossier.revision()),
            outcome: match outcome {
                Outcome::Stored | Outcome::Replaced => "stored",
                Outcome::Stale => "stale",
                Outcome::Conflicting => "invalid",
            },
            field: conflict.then_some("revision"),
            reason: conflict.then(|| reason.to_owned()),
            warning: warning(dossier),
            became: Some(outcome),
        }
    }

    /// For an invalid snapshot.
    pub fn invalid(snapshot: &Value, error: InvalidField) -> Self {
        Self {
            receipt_code: snapshot
                .get("receipt_code")
                .and_then(Value::as_str)
                .map(|code| code.chars().take(50).collect()),
            revision: snapshot.get("revision").and_then(Value::as_u64),
            outcome: "invalid",
            field: Some(error.field),
            reason: Some(error.reason),
            warning: None,
            became: None,
        }
    }

    /// Whether this was the outcome.
    pub fn is(&self, outcome: Outcome) -> bool {
        self.became == Some(outcome)
    }
}

fn warning(dossier: &Dossier) -> Option<String> {
    let Contact::Unusable(error) = dossier.contact()? else { return None };
    Some(format!("phone {error}: stored, but no notice will be sent"))
}

/// 200 with one report per dossier, in the order sent.
pub(crate) fn outcomes(reports: &[Report]) -> ApiGatewayProxyResponse {
    json_response(200, &json!({"dossiers": reports}))
}

/// What one person was told: kept by no proxy, and shown as nothing but JSON.
pub(crate) fn for_staff(body: &Value) -> ApiGatewayProxyResponse {
    let mut response = json_response(200, body);
    response.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The refusal's status and text.
pub(crate) fn refused(refusal: Refusal) -> ApiGatewayProxyResponse {
    json_response(refusal.status().into(), &json!({"error": refusal.to_string()}))
}

fn json_response(status: i64, body: &Value) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response.body = Some(Body::Text(body.to_string()));
    response
}
