//! `GET /openapi.json` and `GET /docs`: how to push dossiers and how to deliver inquiries. Generated from
//! docs/openapi.yaml when the function is built.

use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

const FOR_MACHINES: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));
const FOR_PEOPLE: &str = include_str!(concat!(env!("OUT_DIR"), "/docs.html"));

/// The requested document, if the request is for one.
pub(crate) fn asked_for(request: &ApiGatewayProxyRequest) -> Option<ApiGatewayProxyResponse> {
    match request.resource.as_deref()? {
        "/openapi.json" => Some(document("application/json; charset=utf-8", FOR_MACHINES)),
        "/docs" => Some(document("text/html; charset=utf-8", FOR_PEOPLE)),
        _ => None,
    }
}

fn document(content_type: &'static str, text: &str) -> ApiGatewayProxyResponse {
    let mut response = ApiGatewayProxyResponse::default();
    response.status_code = 200;
    for (name, value) in [
        (CONTENT_TYPE, content_type),
        (CACHE_CONTROL, "max-age=300"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response.body = Some(Body::Text(text.to_owned()));
    response
}
