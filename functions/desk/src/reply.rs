//! The answers of the desk, and the headers that every one of them has.

use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    SET_COOKIE, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};

/// An answer before it is API Gateway's.
#[derive(Clone)]
pub struct Reply {
    pub status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: String,
    /// Where forms may lead besides the desk itself: an origin, or empty.
    leads_to: String,
}

impl Reply {
    /// A page.
    pub fn page(html: String) -> Self {
        Self::new(StatusCode::OK, "text/html; charset=utf-8", html)
    }

    /// A page that says that something is wrong.
    pub fn problem(status: StatusCode, html: String) -> Self {
        Self { status, ..Self::page(html) }
    }

    /// A file to save. `name` has letters, digits, hyphens and full stops only.
    pub fn file(name: &str, content_type: &str, content: String) -> Self {
        Self::new(StatusCode::OK, content_type, content)
            .with(CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))
    }

    /// To another page, by GET. A relative address: the desk does not know under which name and stage it is reached.
    pub fn see_other(address: impl Into<String>) -> Self {
        Self::new(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", String::new()).with(LOCATION, address.into())
    }

    /// Part of the program, whose address changes with its content: kept for a year.
    pub fn asset(content_type: &str, content: &str) -> Self {
        Self::new(StatusCode::OK, content_type, content.to_owned())
            .with(CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned())
    }

    /// The headers alone: the answer to HEAD.
    pub fn without_body(self) -> Self {
        Self { body: String::new(), ..self }
    }

    /// Whose forms may lead to that origin, too.
    pub fn leading_to(self, origin: &str) -> Self {
        Self { leads_to: origin.to_owned(), ..self }
    }

    /// With a cookie, in the form of the header Set-Cookie.
    pub fn with_cookie(self, cookie: String) -> Self {
        self.with(SET_COOKIE, cookie)
    }

    fn new(status: StatusCode, content_type: &str, body: String) -> Self {
        Self { status, headers: vec![(CONTENT_TYPE, content_type.to_owned())], body, leads_to: String::new() }
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For API Gateway, with the security headers.
    pub fn into_response(self) -> ApiGatewayProxyResponse {
        let mut response = ApiGatewayProxyResponse::default();
        response.status_code = self.status.as_u16().into();
        response.body = Some(Body::Text(self.body));
        for (name, value) in security_headers(&self.leads_to) {
            response.headers.insert(name, value);
        }
        for (name, value) in self.headers {
            let Ok(value) = HeaderValue::from_str(&value) else {
                tracing::error!(header = %name, "a header's value is not text that a header can carry: left out");
                continue;
            };
            if name == SET_COOKIE {
                response.multi_value_headers.append(name, value);
            } else {
                response.headers.insert(name, value);
            }
        }
        response
    }
}

/// Of every answer; an asset replaces the first.
fn security_headers(leads_to: &str) -> Vec<(HeaderName, HeaderValue)> {
    let space = if leads_to.is_empty() { "" } else { " " };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'{space}{leads_to}; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let fixed = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` browsers send `Origin: null` with our own forms.
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    ];
    let fixed = fixed.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let policy = HeaderValue::from_str(&policy).ok().map(|policy| (CONTENT_SECURITY_POLICY, policy));
    fixed.into_iter().chain(policy).collect()
}
