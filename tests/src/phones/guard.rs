//! Who may ask: a page of this server in a browser on this machine, and the functions. Another site's page in the same
//! browser may not, by whatever name it calls this machine.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Phones;
use super::aws_calls::{self, Call};
use super::refusal::Refusal;

/// On every answer to a browser.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn guard(State(phones): State<Arc<Phones>>, request: Request, next: Next) -> Response {
    let call = Call::of(request.headers());
    let mut answer = match (refuse(phones.port, &request, call.is_some()), call) {
        (Some(refusal), _) => refusal.into_response(),
        (None, Some(call)) => return aws_calls::answer(&phones, &call, request).await,
        (None, None) => next.run(request).await,
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// `signed`: a function's call of AWS, whose content types are AWS's.
fn refuse(port: u16, request: &Request, signed: bool) -> Option<Refusal> {
    if !is_ours(port, request.headers()) {
        let vi = "Chỉ trang này trên chính máy này mới được dùng máy chủ thử nghiệm.";
        let en = "Only this page, on this machine, may use the local server.";
        return Some(Refusal::with(StatusCode::FORBIDDEN, vi, en));
    }
    if request.method() == Method::POST && !signed && !is_json(request.headers()) {
        let (vi, en) = ("Máy chủ chỉ nhận JSON.", "The server takes JSON only.");
        return Some(Refusal::with(StatusCode::UNSUPPORTED_MEDIA_TYPE, vi, en));
    }
    None
}

/// A name that another site gives to this machine (DNS rebinding) is in `Host`; the site of a page is in `Origin`.
fn is_ours(port: u16, headers: &HeaderMap) -> bool {
    let names = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
    let is_one = |text: &str| names.iter().any(|name| name == text);
    let host = text(headers, HOST).is_some_and(is_one);
    let origin = text(headers, ORIGIN).and_then(|origin| origin.strip_prefix("http://")).is_some_and(is_one);
    host && (origin || !headers.contains_key(ORIGIN))
}

/// A page of another site can send this type only if we allow it (CORS), and we never do.
fn is_json(headers: &HeaderMap) -> bool {
    text(headers, CONTENT_TYPE).and_then(|kind| kind.split(';').next()).is_some_and(|kind| kind == "application/json")
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn status(method: &str, headers: &[(&str, &str)]) -> Option<u16> {
        let mut request = Request::builder().method(method).uri("/push");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        refuse(5566, &request, Call::of(request.headers()).is_some())
            .map(|refusal| refusal.into_response().status().as_u16())
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn this_page_on_this_machine_may_ask() {
        for host in ["127.0.0.1:5566", "localhost:5566"] {
            assert_eq!(status("GET", &[("host", host)]), None, "{host}");
            let origin = format!("http://{host}");
            assert_eq!(status("POST", &[("host", host), ("origin", &origin), JSON]), None, "{host}");
        }
    }

    #[test]
    fn another_name_of_this_machine_is_403() {
        for host in
            ["", "127.0.0.1", "127.0.0.1:5567", "evil.example:5566", "localhost.evil.example:5566", "[::1]:5566"]
        {
            assert_eq!(status("GET", &[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(status("GET", &[]), Some(403));
    }

    #[test]
    fn another_sites_page_is_403() {
        for origin in ["http://evil.example", "null", "", "https://127.0.0.1:5566", "http://127.0.0.1:5567"] {
            let headers = [("host", "127.0.0.1:5566"), ("origin", origin), JSON];
            assert_eq!(status("POST", &headers), Some(403), "{origin}");
            assert_eq!(status("GET", &headers), Some(403), "{origin}");
        }
    }

    #[test]
    fn a_post_that_is_not_json_is_415() {
        let host = ("host", "127.0.0.1:5566");
        assert_eq!(status("POST", &[host]), Some(415));
        for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
            assert_eq!(status("POST", &[host, ("content-type", kind)]), Some(415), "{kind}");
        }
        assert_eq!(status("POST", &[host, ("content-type", "application/json; charset=utf-8")]), None);
    }

    #[test]
    fn a_functions_call_has_awss_content_type_and_the_same_host() {
        let signed = "AWS4-HMAC-SHA256 Credential=key/20261126/ap-southeast-1/sns/aws4_request, SignedHeaders=host";
        let call = [("authorization", signed), ("content-type", "application/x-amz-json-1.0")];
        let from = |host| status("POST", &[("host", host), call[0], call[1]]);
        assert_eq!(from("127.0.0.1:5566"), None);
        assert_eq!(from("evil.example:5566"), Some(403));
    }
}
