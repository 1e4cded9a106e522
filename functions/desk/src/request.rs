//! A request of a browser: the page, the fields of its form, its cookies.

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::query_map::QueryMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, Method};

use crate::upload::{self, File, Form};

/// The longest body, in bytes: Lambda takes 6 MB, and API Gateway passes a body as base64.
pub const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// What was asked. It has no `Debug`: a form may contain a phone number.
pub struct Request {
    pub method: Method,
    /// The part of the path behind `/desk`, without slashes at its ends: empty for the first page, `login/callback`.
    pub page: String,
    /// Slashes behind `/desk`, also one at the end: how far a relative address must go up.
    depth: usize,
    headers: HeaderMap,
    query: QueryMap,
    fields: Vec<(String, String)>,
    /// The file of a form with one.
    pub file: Option<File>,
    /// The body was longer than [`LONGEST_BODY`] and is not read.
    pub is_too_long: bool,
}

impl Request {
    /// From an event of a REST API.
    pub fn new(event: &ApiGatewayProxyRequest) -> Self {
        let behind = event.path_parameters.get("path").map_or("", String::as_str);
        let ends_with_slash = event.path.as_deref().is_some_and(|path| path.ends_with('/'));
        let page = behind.trim_matches('/').to_owned();
        let segments = if page.is_empty() { 0 } else { page.split('/').count() };
        let multiple = &event.multi_value_query_string_parameters;
        let query = if multiple.is_empty() { &event.query_string_parameters } else { multiple };
        let body = raw_body(event);
        let is_too_long = body.len() > LONGEST_BODY;
        let (fields, file) = if is_too_long { Default::default() } else { form(&event.headers, &body) };
        Self {
            method: event.http_method.clone(),
            page,
            depth: segments + usize::from(ends_with_slash),
            headers: event.headers.clone(),
            query: query.clone(),
            fields,
            file,
            is_too_long,
        }
    }

    /// The relative address of the first page, `…/desk`, as seen from the page that is asked for. The other pages are
    /// under it. Relative, because the desk is reached under an `execute-api` name with a stage and under the province's
    /// own.
    pub fn root(&self) -> String {
        "../".repeat(self.depth) + "desk"
    }

    /// A parameter of the address that is there exactly once.
    pub fn query(&self, name: &str) -> Option<&str> {
        only(self.query.all(name).unwrap_or_default().into_iter())
    }

    /// All parameters of the address, encoded, behind a question mark; empty if there are none.
    pub fn query_string(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(self.query.iter()).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }

    /// A field of the form that is there exactly once.
    pub fn field(&self, name: &str) -> Option<&str> {
        only(self.fields.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()))
    }

    /// All fields of a name: ticked boxes.
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A cookie that is there exactly once.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let headers = self.headers.get_all(COOKIE).into_iter().filter_map(|header| header.to_str().ok());
        let cookies = headers.flat_map(|header| header.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        only(cookies.filter(|(found, _)| *found == name).map(|(_, value)| value))
    }

    /// Whether the request only reads.
    pub fn only_reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Of two values neither can be trusted.
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

fn raw_body(event: &ApiGatewayProxyRequest) -> Vec<u8> {
    let body = event.body.as_deref().unwrap_or_default();
    if event.is_base64_encoded { STANDARD.decode(body).unwrap_or_default() } else { body.into() }
}

fn form(headers: &HeaderMap, body: &[u8]) -> Form {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/x-www-form-urlencoded" => (form_urlencoded::parse(body).into_owned().collect(), None),
        "multipart/form-data" => upload::read(content_type, body).unwrap_or_default(),
        _ => Form::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::event;
    use serde_json::json;

    #[test]
    fn every_page_finds_the_first_page_by_a_relative_address() {
        for (path, page, root) in [
            ("", "", "desk"),
            ("/", "", "../desk"),
            ("/dossier", "dossier", "../desk"),
            ("/dossier/", "dossier", "../../desk"),
            ("/login/callback", "login/callback", "../../desk"),
        ] {
            let request = Request::new(&event(json!({"path": path})));
            assert_eq!((request.page.as_str(), request.root().as_str()), (page, root), "{path}");
        }
    }

    #[test]
    fn a_parameter_a_field_or_a_cookie_that_is_there_twice_is_not_there() {
        let request = Request::new(&event(json!({
            "query": {"code": ["1"], "day": ["1", "2"]}, "form": "token=a&word=b&word=c",
            "headers": {"cookie": "a=1; b=2; a=3"},
        })));
        assert_eq!((request.query("code"), request.query("day"), request.query("x")), (Some("1"), None, None));
        assert_eq!((request.field("token"), request.field("word"), request.field("x")), (Some("a"), None, None));
        assert_eq!((request.cookie("b"), request.cookie("a"), request.cookie("c")), (Some("2"), None, None));
        assert_eq!(request.fields("word").collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn a_body_that_is_too_long_is_not_read() {
        let form = format!("token=a&word={}", "x".repeat(LONGEST_BODY));
        let request = Request::new(&event(json!({ "form": form })));
        assert!(request.is_too_long && request.field("token").is_none());
    }
}
