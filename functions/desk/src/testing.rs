//! Requests for tests.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use serde_json::{Map, Value, json};

/// A request as API Gateway passes it: `path` behind `/desk`, `query` (names and lists of values), `form` (urlencoded),
/// `headers`, `method`.
pub(crate) fn event(of: Value) -> ApiGatewayProxyRequest {
    let path = of["path"].as_str().unwrap_or_default();
    let mut headers: Map<String, Value> = of["headers"].as_object().cloned().unwrap_or_default();
    if of["form"].is_string() {
        headers.entry("content-type").or_insert(json!("application/x-www-form-urlencoded"));
    }
    let method = of["method"].as_str().unwrap_or(if of["form"].is_string() { "POST" } else { "GET" });
    let event = json!({
        "resource": "/desk/{path+}", "path": format!("/desk{path}"), "httpMethod": method, "headers": headers,
        "multiValueHeaders": {}, "pathParameters": {"path": path.trim_start_matches('/')},
        "multiValueQueryStringParameters": of["query"], "body": of["form"], "isBase64Encoded": false,
        "requestContext": {"requestId": "request-1", "identity": {}},
    });
    serde_json::from_value(event).expect("an event of API Gateway")
}
