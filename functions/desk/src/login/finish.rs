//! The end of a log-in: the provider sends the browser back with a code, and a session begins.

use application::ports::{Clock, LogIn, LoginPorts, OpenSession, SessionStore};
use domain::desk::{Action, Lasting, Staff};

use super::account::Account;
use super::person::NoPerson;
use super::provider::NoIdentity;
use super::secrets::{digest, random, same};
use super::start::TIME_TO_LOG_IN;
use super::web::Web;
use super::{Login, Refused, cookie, person, token};
use crate::{Reply, Request};

impl<P: LoginPorts, W: Web> Login<P, W> {
    pub(super) async fn finish(&self, request: &Request, account: &Account) -> Result<Reply, Refused> {
        let log_in = self.begun(request, account).await?;
        let code = request.query("code").ok_or(NoIdentity::NotCompleted)?;
        let claims = self.provider.identity(account, code, &log_in.verifier, &log_in.nonce).await?;
        if !token::is_fresh(&claims, log_in.until - TIME_TO_LOG_IN) {
            // Whoever used this PC before is still known to the provider: it forgets, and asks anew.
            tracing::warn!("a log-in without a new authentication was refused");
            return Ok(Reply::see_other(self.provider.log_out_address(account).await?));
        }
        let id = random().map_err(NoIdentity::from)?;
        let staff = match person::staff(&claims, &self.claims) {
            Ok(staff) if !staff.roles.is_empty() => staff,
            Ok(staff) => {
                self.note(&staff, Action::WasRefused, &id).await?;
                return Err(Refused::NoRole);
            }
            Err(refused) => {
                if let NoPerson::UnclearOffice(staff) = &refused {
                    self.note(staff, Action::WasRefused, &id).await?;
                }
                return Err(refused.into());
            }
        };
        self.note(&staff, Action::LoggedIn, &id).await?;
        self.open(request, account, &id, staff).await?;
        let page = if log_in.back.is_empty() { String::new() } else { format!("/{}", log_in.back) };
        Ok(Reply::see_other(format!("{}{page}", account.url())).with_cookie(cookie::set_session(account, &id)))
    }

    /// The log-in that this browser began. It can be completed once: a second answer with the same state finds nothing.
    async fn begun(&self, request: &Request, account: &Account) -> Result<LogIn, Refused> {
        let (Some(state), Some(browser)) = (request.query("state"), cookie::browser(account, request)) else {
            return Err(Refused::NotBegun);
        };
        let log_in = self.ports.sessions().take(&digest(state)).await?.ok_or(Refused::NotBegun)?;
        let is_in_time = self.ports.clock().now() < log_in.until;
        let is_of_this_browser = same(&log_in.browser, &digest(browser));
        if is_in_time && is_of_this_browser { Ok(log_in) } else { Err(Refused::NotBegun) }
    }

    /// A session has an id that nobody had before the log-in. An earlier session of this browser ends.
    async fn open(&self, request: &Request, account: &Account, id: &str, staff: Staff) -> Result<(), Refused> {
        let leads_to = self.provider.leads_to(account).await?;
        if let Some(earlier) = cookie::session(account, request) {
            self.ports.sessions().end(&digest(earlier)).await?;
        }
        let session = OpenSession { staff, leads_to, lasting: Lasting::from(self.ports.clock().now()) };
        Ok(self.ports.sessions().open(&digest(id), &session).await?)
    }
}
