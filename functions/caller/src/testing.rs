//! Requests for tests, as API Gateway hands them over.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Request;

/// A GET as API Gateway hands it over.
pub fn get(query: Value) -> Request {
    read(json!({"multiValueQueryStringParameters": lists(query)}))
}

/// A POST of that form, as raw bytes.
pub fn post(form: &str) -> Request {
    read(json!({"headers": {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"},
        "body": STANDARD.encode(form), "isBase64Encoded": true}))
}

/// Any event, over a bare GET.
pub fn read(changes: Value) -> Request {
    let mut event = json!({"httpMethod": "GET", "requestContext": {"httpMethod": "GET"}});
    event.as_object_mut().expect("JSON of an event").extend(changes.as_object().expect("JSON of an event").clone());
    Request::new(&serde_json::from_value(event).expect("JSON of an event"))
}

fn lists(mut query: Value) -> Value {
    for value in query.as_object_mut().expect("JSON of an event").values_mut().filter(|value| value.is_string()) {
        *value = json!([*value]);
    }
    query
}
