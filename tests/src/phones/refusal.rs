//! The answers of the page's server to what was asked of it, in both of the page's languages where something is wrong.

use std::fmt::Display;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub(super) type Answer = Result<Said, Refusal>;

/// 200 with this JSON.
pub(super) struct Said(pub Value);

impl IntoResponse for Said {
    fn into_response(self) -> Response {
        with_json(StatusCode::OK, &self.0)
    }
}

/// Why something was not done: what a person reads.
pub(super) struct Refusal {
    status: StatusCode,
    vi: String,
    en: String,
}

impl Refusal {
    /// 400: the person can correct it.
    pub fn wrong(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::with(StatusCode::BAD_REQUEST, vi, en)
    }

    pub fn with(status: StatusCode, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { status, vi: vi.into(), en: en.into() }
    }

    /// 502: a function or the local AWS did not do it. The error goes into the log of this process.
    pub fn unavailable(what: &str, error: impl Display) -> Self {
        eprintln!("{what}: {error:#}");
        let vi = "Hệ thống tạm thời chưa làm được việc này. Mời thử lại sau.";
        Self::with(StatusCode::BAD_GATEWAY, vi, "This cannot be done at the moment. Please try again later.")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        with_json(self.status, &json!({"error_vi": self.vi, "error_en": self.en}))
    }
}

fn with_json(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
