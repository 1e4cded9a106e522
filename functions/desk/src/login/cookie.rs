//! The two cookies. `__Host-`: sent over https only, to this host only, and set by no other host of the domain. The local
//! stack has no https, and there they have no prefix.

use super::account::Account;
use super::secrets::is_secret;
use crate::Request;

/// Which session.
const SESSION: &str = "desk";
/// Which browser began a log-in. It lives until the log-in is over.
const BROWSER: &str = "desk-login";

/// The session that the browser names. What cannot be one is not looked for.
pub(super) fn session<'a>(account: &Account, request: &'a Request) -> Option<&'a str> {
    request.cookie(&name(account, SESSION)).filter(|id| is_secret(id))
}

pub(super) fn browser<'a>(account: &Account, request: &'a Request) -> Option<&'a str> {
    request.cookie(&name(account, BROWSER)).filter(|id| is_secret(id))
}

pub(super) fn set_session(account: &Account, id: &str) -> String {
    written(account, SESSION, id, domain::desk::LONGEST.num_seconds())
}

pub(super) fn set_browser(account: &Account, id: &str, seconds: i64) -> String {
    written(account, BROWSER, id, seconds)
}

/// Makes the browser forget its session.
pub(super) fn ended(account: &Account) -> String {
    written(account, SESSION, "", 0)
}

fn name(account: &Account, name: &str) -> String {
    if account.has_https() { format!("__Host-{name}") } else { name.to_owned() }
}

/// Lax, and not Strict: the provider's answer comes from another site. What changes anything is a form with a token.
fn written(account: &Account, cookie: &str, value: &str, seconds: i64) -> String {
    let (name, secure) = (name(account, cookie), if account.has_https() { "; Secure" } else { "" });
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}
