//! Whether a form was sent by a page of this session, and not by another site.

use http::header::ORIGIN;

use super::account::Account;
use super::secrets::same;
use crate::{Request, Session};

/// The only page with a form for a file.
const WITH_FILES: &str = "operator";

/// The token, and what the browser says of the page that sent the form. A body that is too long is not read, so it has no
/// token, and nothing can be done with it: the page says that it is too long.
pub(super) fn is_genuine(request: &Request, account: &Account, token: &str) -> bool {
    let comes_from_us = request.header(&ORIGIN).is_none_or(|origin| origin == account.origin());
    let has_token = request.field(Session::TOKEN).is_some_and(|given| same(given, token));
    comes_from_us && (has_token || (request.is_too_long && request.page == WITH_FILES))
}
