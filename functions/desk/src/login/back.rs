//! Where a person was when the session ran out, and is sent back to: a page behind `/desk`, and no other address.

use std::fmt::Display;

use domain::ReceiptCode;
use domain::desk::Month;

use crate::{Reply, Request};

/// The longest page that is kept, in bytes.
const LONGEST: usize = 200;

/// What `back` names, if it is a page of the desk; else the first page, which is empty. A page's name has no `%`: browsers
/// read `%2e%2e` as two dots.
pub(super) fn page(back: &str) -> &str {
    let (name, query) = back.split_once('?').unwrap_or((back, ""));
    let is_plain =
        |text: &str, marks: &[u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte));
    let is_page = back.len() <= LONGEST
        && is_plain(name, b"/-_.")
        && is_plain(query, b"/-_.~%=&+?")
        && !name.is_empty()
        && !name.starts_with(['/', '.'])
        && !name.contains("//")
        && !name.split('/').any(|part| [".", ".."].contains(&part))
        && !["login", "logout"].iter().any(|own| name.starts_with(own));
    if is_page { back } else { "" }
}

/// The page that a request asks for, with the parameters of its address: those of a form by GET, which have no phone. For a
/// form by POST it is the page with the form: of its fields only the code of a dossier that was open, or the month.
pub(super) fn wanted(request: &Request) -> String {
    let named = match request.page.as_str() {
        "login" | "login/callback" => request.query("back").unwrap_or_default().to_owned(),
        page if request.only_reads() => format!("{page}{}", request.query_string()),
        "again" => with("dossier", "code", request.field("code").and_then(|code| ReceiptCode::parse(code).ok())),
        page => with(page, "month", request.field("month").and_then(|month| month.parse::<Month>().ok())),
    };
    page(&named).to_owned()
}

fn with(page: &str, name: &str, value: Option<impl Display>) -> String {
    let Some(value) = value else { return page.to_owned() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, &value.to_string()).finish();
    format!("{page}?{query}")
}

/// To the page that the parameter `back` names.
pub(super) fn from(request: &Request) -> Reply {
    let root = request.root();
    match page(request.query("back").unwrap_or_default()) {
        "" => Reply::see_other(root),
        page => Reply::see_other(format!("{root}/{page}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::event;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn one_is_sent_back_to_pages_of_the_desk_only() {
        for page in
            ["dossier", "dossier?code=H30.12-1%2F2", "month/2026-11", "letters?day=2026-11-26&office=S%E1%BB%9F"]
        {
            assert_eq!(super::page(page), page);
        }
        let long = "x".repeat(LONGEST + 1);
        for elsewhere in [
            "",
            "/",
            "//evil.example",
            "/evil.example",
            "https://evil.example",
            "../docs",
            "dossier/../../docs",
            "%2e%2e/%2E%2e/docs",
            "dossier/%2e%2e/x",
            "a/./b",
            "a//b",
            "a\\b",
            "a\r\nSet-Cookie:b",
            "a b",
            "a<b",
            "a\"b",
            "login?back=login",
            "logout",
            "?x",
            "sở",
            &long,
        ] {
            assert_eq!(super::page(elsewhere), "", "{elsewhere}");
        }
    }

    #[test]
    fn after_a_form_one_is_sent_back_to_the_page_with_the_form() {
        for (path, form, back) in [
            ("/again", "code=0161701234&notice=result%233&why=x", "dossier?code=0161701234"),
            ("/again", "code=%3Cscript%3E", "dossier"),
            ("/operator", "month=2026-11&gateway=kannel", "operator?month=2026-11"),
            ("/calls", "row=0161701234+result%233", "calls"),
            ("/phone", "phone=0912345678", "phone"),
            ("", "code=056123456789", ""),
        ] {
            let request = Request::new(&event(json!({"method": "POST", "path": path, "form": form})));
            assert_eq!(wanted(&request), back, "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_sent_back_stays_behind_the_desk(back in "\\PC{0,60}|[a-z0-9E/.?=&%:\\\\]{0,40}|(\\.|%2e|%2E|/|a|\\?){0,20}") {
            let base = url::Url::parse("https://api.example/v1/desk/").unwrap();
            let to = base.join(super::page(&back)).unwrap();
            prop_assert!(to.as_str().starts_with(base.as_str()), "{to}");
        }
    }
}
