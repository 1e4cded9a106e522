//! The beginning of a log-in: the browser is sent to the provider.

use application::ports::{Clock, LogIn, LoginPorts, SessionStore};
use chrono::TimeDelta;

use super::account::Account;
use super::provider::{NoIdentity, with_query};
use super::secrets::{challenge, digest, random};
use super::web::Web;
use super::{Login, Refused, back, cookie};
use crate::{Reply, Request};

/// How long a person may take at the provider: a password, and a number from the phone.
pub(super) const TIME_TO_LOG_IN: TimeDelta = TimeDelta::minutes(10);

impl<P: LoginPorts, W: Web> Login<P, W> {
    /// Two tabs may log in at once: each log-in has its own state, and both belong to the browser's one cookie.
    pub(super) async fn start(&self, request: &Request, account: &Account) -> Result<Reply, Refused> {
        let description = self.provider.description(account).await?;
        let fresh = || random().map_err(NoIdentity::from);
        let browser = match cookie::browser(account, request) {
            Some(browser) => browser.to_owned(),
            None => fresh()?,
        };
        let (state, verifier, nonce) = (fresh()?, fresh()?, fresh()?);
        let log_in = LogIn {
            browser: digest(&browser),
            verifier: verifier.clone(),
            nonce: nonce.clone(),
            back: back::page(request.query("back").unwrap_or_default()).to_owned(),
            until: self.ports.clock().now() + TIME_TO_LOG_IN,
        };
        self.ports.sessions().begin(&digest(&state), &log_in).await?;
        let address = with_query(
            &description.authorization_endpoint,
            &[
                ("response_type", "code"),
                ("client_id", &account.client_id),
                ("redirect_uri", &account.callback()),
                ("scope", &account.scope),
                ("state", &state),
                ("nonce", &nonce),
                ("code_challenge", &challenge(&verifier)),
                ("code_challenge_method", "S256"),
                // The provider may still know the person who used this PC before.
                ("prompt", "login"),
            ],
        );
        let cookie = cookie::set_browser(account, &browser, TIME_TO_LOG_IN.num_seconds());
        Ok(Reply::see_other(address).with_cookie(cookie))
    }
}
