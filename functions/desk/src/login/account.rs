//! The desk's account at the identity provider: DeskSecret.
//!
//! `{"issuer":"https://…","client_id":"…","client_secret":"…","url":"https://…/v1/desk"}`

use adapters::https::private;
use http::Uri;
use serde::Deserialize;
use serde_json::Value;

/// The account.
#[derive(Clone, Deserialize)]
pub(crate) struct Account {
    pub issuer: String,
    pub client_id: String,
    /// Absent for a client that the provider gives no secret: PKCE protects the code all the same.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// The desk's own address, as it is registered at the provider.
    url: String,
    /// The address of the provider's description, if it is not under the issuer: of the local stack.
    #[serde(default)]
    discovery: Option<String>,
    /// What is asked of the provider: who the person is, and the person's name.
    #[serde(default = "default_scope")]
    pub scope: String,
}

fn default_scope() -> String {
    "openid profile".to_owned()
}

/// Nobody can log in: DeskSecret is not complete.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAccount {
    /// The parser's words name the member, and no value.
    #[error("DeskSecret is not complete: it needs issuer, client_id and url")]
    Incomplete,
    #[error("DeskSecret: {0} must be an https address")]
    NotPrivate(&'static str),
}

impl Account {
    /// `is_local`: whether this machine may be reached without https.
    pub fn read(secret: &Value, is_local: bool) -> Result<Self, NoAccount> {
        let mut account: Self = Self::deserialize(secret).map_err(|_| NoAccount::Incomplete)?;
        account.url.truncate(account.url.trim_end_matches('/').len());
        account.issuer.truncate(account.issuer.trim_end_matches('/').len());
        for (name, address) in [("url", &account.url), ("issuer", &account.issuer), ("discovery", &account.discovery())]
        {
            let uri = private(address).ok_or(NoAccount::NotPrivate(name))?;
            if !is_local && uri.scheme_str() != Some("https") {
                return Err(NoAccount::NotPrivate(name));
            }
        }
        Ok(account)
    }

    /// OpenID Connect Discovery 1.0, section 4.
    pub fn discovery(&self) -> String {
        let under_issuer = || format!("{}/.well-known/openid-configuration", self.issuer);
        self.discovery.clone().unwrap_or_else(under_issuer)
    }

    /// The desk's first page.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the provider sends the browser after a log-in.
    pub fn callback(&self) -> String {
        format!("{}/login/callback", self.url)
    }

    pub fn has_https(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// The value of the header Origin of our own forms.
    pub fn origin(&self) -> String {
        origin(&self.url)
    }
}

/// Scheme, name and port of an address; empty if it is none.
pub(crate) fn origin(address: &str) -> String {
    let uri = address.parse::<Uri>().ok();
    uri.and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(change: (&str, Value)) -> Value {
        let mut secret = json!({"issuer": "https://id.example/pool", "client_id": "desk", "client_secret": "s",
            "url": "https://api.example/v1/desk/"});
        secret[change.0] = change.1;
        secret
    }

    #[test]
    fn an_account_knows_the_addresses_that_follow_from_it() {
        let account = Account::read(&secret(("x", json!(1))), false).ok().unwrap();
        assert_eq!(account.url(), "https://api.example/v1/desk");
        assert_eq!(account.callback(), "https://api.example/v1/desk/login/callback");
        assert_eq!(account.origin(), "https://api.example");
        assert_eq!(account.discovery(), "https://id.example/pool/.well-known/openid-configuration");
        assert!(account.has_https());
    }

    #[test]
    fn an_account_without_https_is_none_except_on_the_local_stack() {
        for (change, of_aws, of_local) in [
            (("url", json!("http://127.0.0.1:4566/v1/desk")), Some(NoAccount::NotPrivate("url")), None),
            (
                ("url", json!("http://api.example/desk")),
                Some(NoAccount::NotPrivate("url")),
                Some(NoAccount::NotPrivate("url")),
            ),
            (
                ("issuer", json!("id.example")),
                Some(NoAccount::NotPrivate("issuer")),
                Some(NoAccount::NotPrivate("issuer")),
            ),
            (("discovery", json!("http://127.0.0.1:4566/pool")), Some(NoAccount::NotPrivate("discovery")), None),
            (("client_id", json!(7)), Some(NoAccount::Incomplete), Some(NoAccount::Incomplete)),
        ] {
            let secret = secret(change.clone());
            assert_eq!(Account::read(&secret, false).err(), of_aws, "{change:?}");
            assert_eq!(Account::read(&secret, true).err(), of_local, "{change:?}");
        }
        assert_eq!(Account::read(&json!({}), true).err(), Some(NoAccount::Incomplete));
    }
}
