//! The answers of the page's server to what was asked of it, in both of the page's languages where something is wrong.

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
    pub fn unavailable(what: &str, error: anyhow::Error) -> Self {
        eprintln!("{what}: {}", for_log(error));
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

/// Without the address of a request: a text to 8083 has the citizen's number and words in it.
fn for_log(error: anyhow::Error) -> String {
    let error = error.downcast::<reqwest::Error>().map_or_else(|other| other, |error| error.without_url().into());
    format!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_log_line_has_a_citizens_number_or_words() {
        // No program listens on port 1.
        let failed = reqwest::get("http://127.0.0.1:1/mo/kannel?msisdn=84912345678&mo_message=MCKH").await;
        let error = anyhow::Error::from(failed.unwrap_err());
        assert!(format!("{error:#}").contains("912345678"), "the test shows what must be left out: {error:#}");
        let line = for_log(error);
        assert!(!line.contains("912345678") && !line.contains("MCKH"), "{line}");
    }
}
