//! Where a person was when the session ran out, and is sent back to: a page behind `/desk`, and no other address.

use crate::{Reply, Request};

/// The longest page that is kept, in bytes.
const LONGEST: usize = 200;

/// What `back` names, if it is a page of the desk; else the first page, which is empty.
pub(super) fn page(back: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~%?=&+".contains(&byte);
    let is_page = back.len() <= LONGEST
        && back.bytes().all(is_plain)
        && !back.starts_with(['/', '.', '?'])
        && !back.contains("//")
        && !back.split('/').any(|part| part == "..")
        && !["login", "logout"].iter().any(|own| back.starts_with(own));
    if is_page { back } else { "" }
}

/// The page that a request asks for, with the parameters of its address: those of a form by GET, which have no phone.
pub(super) fn wanted(request: &Request) -> String {
    let named = match request.page.as_str() {
        "login" | "login/callback" => request.query("back").unwrap_or_default().to_owned(),
        page => format!("{page}{}", if request.only_reads() { request.query_string() } else { String::new() }),
    };
    page(&named).to_owned()
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn whatever_is_sent_back_stays_behind_the_desk(back in "\\PC{0,60}|[a-z/.?=&%:\\\\]{0,40}") {
            let base = url::Url::parse("https://api.example/v1/desk/").unwrap();
            let to = base.join(super::page(&back)).unwrap();
            prop_assert!(to.as_str().starts_with(base.as_str()), "{to}");
        }
    }
}
