//! A gateway's request: parameters in the query of a GET, or in the form or the JSON object of a POST.

use std::fmt;
use std::net::IpAddr;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::query_map::QueryMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The longest body that is read, in bytes: some forty times the longest message.
const MOST_BODY: usize = 64 * 1024;

/// Headers, decoded parameters and the sender's address.
pub struct Request {
    headers: HeaderMap,
    query: QueryMap,
    body: Vec<(String, String)>,
    /// The address of API Gateway's client.
    pub source: Option<IpAddr>,
}

impl Request {
    /// From an event of a REST API. API Gateway has decoded the query; a body is decoded here.
    pub fn new(event: &ApiGatewayProxyRequest) -> Self {
        let all = &event.multi_value_query_string_parameters;
        let query = if all.is_empty() { &event.query_string_parameters } else { all };
        let source = event.request_context.identity.source_ip.as_deref().and_then(|address| address.parse().ok());
        Self { headers: event.headers.clone(), query: query.clone(), body: fields(event), source }
    }

    /// A parameter that is there exactly once: of two values neither can be trusted.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let body = self.body.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let mut values = self.query.all(name).unwrap_or_default().into_iter().chain(body);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The credentials after `scheme` in the header Authorization.
    pub fn authorization(&self, scheme: &str) -> Option<&str> {
        let (found, credentials) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        found.eq_ignore_ascii_case(scheme).then_some(credentials.trim())
    }
}

/// The fields of a form, or of a JSON object; none where the body is anything else.
fn fields(event: &ApiGatewayProxyRequest) -> Vec<(String, String)> {
    let content_type = event.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = event.body.as_deref().unwrap_or_default();
    if body.len() > MOST_BODY {
        return Vec::new();
    }
    let body = if event.is_base64_encoded { STANDARD.decode(body).unwrap_or_default() } else { body.into() };
    match kind.as_str() {
        "application/x-www-form-urlencoded" => form_urlencoded::parse(&body).into_owned().collect(),
        "application/json" => serde_json::from_slice(&body).map(|Members(members)| members).unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// A JSON object's strings and numbers, with repeated names: a map would hide the first of two.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut object: A) -> Result<Self, A::Error> {
        while let Some((name, value)) = object.next_entry()? {
            match value {
                Value::String(text) => self.0.push((name, text)),
                Value::Number(number) => self.0.push((name, number.to_string())),
                _ => {}
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{get, post, read};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_parameter_is_read_from_the_query_or_the_form_where_it_stands_once() {
        let query = get(json!({"text": "MCKH 1 + 2", "from": ["84912345678", "84912345679"]}));
        assert_eq!(query.parameter("text"), Some("MCKH 1 + 2"), "decoded once, by API Gateway");
        assert_eq!(query.parameter("from"), None);
        assert_eq!(query.parameter("id"), None);

        let form = post("text=H%E1%BB%93+s%C6%A1%2B&from=%2B84912345678&from=1&id=");
        assert_eq!(form.parameter("text"), Some("Hồ sơ+"));
        assert_eq!(form.parameter("from"), None);
        assert_eq!(form.parameter("id"), Some(""));

        let both = read(json!({"queryStringParameters": {"text": "a", "id": "1"}, "body": "text=b",
            "headers": {"content-type": "application/x-www-form-urlencoded"}}));
        assert_eq!((both.parameter("text"), both.parameter("id")), (None, Some("1")));
    }

    #[test]
    fn an_object_is_read_by_its_texts_and_numbers_where_each_stands_once() {
        let object =
            |body: &str| read(json!({"headers": {"content-type": "application/json; charset=utf-8"}, "body": body}));
        let request =
            object(r#"{"text":"H\u1ed3 s\u01a1","time":1795516200,"id":"1","id":"2","no":null,"list":["text"]}"#);
        assert_eq!((request.parameter("text"), request.parameter("time")), (Some("Hồ sơ"), Some("1795516200")));
        assert_eq!((request.parameter("id"), request.parameter("no"), request.parameter("list")), (None, None, None));
        for other in ["", "[]", "\"text\"", "{\"text\":\"a\"", "{\"text\":\"a\"}x"] {
            assert_eq!(object(other).parameter("text"), None, "{other}");
        }
    }

    #[test]
    fn another_body_is_not_read() {
        for (content_type, body) in [
            ("application/json", "text=a".to_owned()),
            ("text/plain", "text=a".to_owned()),
            ("application/x-www-form-urlencoded", "x".repeat(MOST_BODY) + "&text=a"),
        ] {
            let request = read(json!({"headers": {"content-type": content_type}, "body": body}));
            assert_eq!(request.parameter("text"), None, "{content_type}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_form_holds_is_read_back(text in "\\PC{0,80}|[%+&=;0-9a-f]{0,20}") {
            let mut form = form_urlencoded::Serializer::new(String::new());
            let form = &form.append_pair("id", "1").append_pair("text", &text).finish();
            let request = post(form);
            prop_assert_eq!(request.parameter("text"), Some(text.as_str()));
        }

        #[test]
        fn no_form_breaks_it(form in "\\PC{0,80}|[%+&=0-9a-f]{0,40}", encoded in any::<bool>(), header in "[ -~]{0,20}") {
            let request = read(json!({"body": form, "isBase64Encoded": encoded, "headers": {
                "content-type": "application/x-www-form-urlencoded", "authorization": header}}));
            let _ = (request.parameter("text"), request.authorization("basic"));
        }
    }
}
