//! The conventions of short codes' operators: one file each. Adding one touches its file and [`GATEWAYS`].

mod kannel;

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use http::{HeaderValue, header::CONTENT_TYPE};
use serde_json::Value;

use crate::message::Message;

/// One convention: how to tell that a request is genuine, what message it brings, and how a text goes back.
pub(crate) struct Gateway {
    /// The path's last part, and the member of GatewaySecret.
    pub name: &'static str,
    /// Checks the request against this gateway's member of the secret (`null` where it has none).
    pub verify: fn(&ApiGatewayProxyRequest, &Value) -> Result<(), Refusal>,
    /// Reads a genuine request. What it cannot read becomes an empty text, which is answered with the right syntax.
    pub read: fn(&ApiGatewayProxyRequest) -> Message,
    /// Answers with a text for the citizen.
    pub reply: fn(&str) -> ApiGatewayProxyResponse,
}

/// A request that is not genuine. What is wrong stands in the log, not in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("GatewaySecret has no member for this gateway")]
    NotConfigured,
    #[error("the credentials are missing or wrong")]
    WrongCredentials,
}

static GATEWAYS: [Gateway; 1] = [kannel::GATEWAY];

/// The convention of that name.
pub(crate) fn named(name: &str) -> Option<&'static Gateway> {
    GATEWAYS.iter().find(|gateway| gateway.name == name)
}

/// 401, whatever the reason.
pub(crate) fn refused(refusal: Refusal) -> ApiGatewayProxyResponse {
    tracing::warn!(reason = %refusal, "a message to 8083 was refused");
    let mut response = plain(401, "not authorised");
    response.headers.insert("www-authenticate", HeaderValue::from_static("Basic realm=\"8083\", charset=\"UTF-8\""));
    response
}

/// A plain text.
pub(crate) fn plain(status: i64, text: &str) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = status;
    response.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.body = Some(Body::Text(text.to_owned()));
    response
}

/// A query parameter that is there exactly once: of two values neither can be trusted.
fn parameter<'a>(request: &'a ApiGatewayProxyRequest, name: &str) -> Option<&'a str> {
    let all = &request.multi_value_query_string_parameters;
    let once = if all.is_empty() { &request.query_string_parameters } else { all };
    match once.all(name)?.as_slice() {
        [value] => Some(value),
        _ => None,
    }
}
