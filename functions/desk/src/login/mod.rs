//! The door: OpenID Connect's authorization code flow with PKCE, state and nonce, and sessions of our own.
//!
//! Nothing of the provider is kept but who the person is: no token of it goes to the browser or into a table. A session
//! ends when the person logs out, after half an hour without a request, and after eight hours.

mod account;
mod back;
mod cookie;
mod finish;
mod forms;
mod page;
mod person;
mod provider;
mod secrets;
mod start;
mod token;
mod web;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use adapters::secret::{Secret, SecretError};
use application::ports::{AuditLog, Clock, LoginPorts, OpenSession, SessionStore, StoreError};
use domain::desk::{Action, AuditEntry, Staff};
use http::Method;

use account::{Account, NoAccount};
use page::Reason;
use person::NoPerson;
use provider::{NoIdentity, Provider};
use secrets::digest;
use web::Web;

use crate::{Admission, Door, Reply, Request, Session};

pub use person::ClaimNames;

/// The door with an identity provider behind it.
pub struct Login<P, W> {
    ports: P,
    provider: Provider<W>,
    /// DeskSecret: the desk's account at the provider.
    secret: Arc<Secret>,
    claims: ClaimNames,
    /// The local stack, which has no https.
    is_local: bool,
}

/// Why nobody was let in. What the person reads of it is [`Reason`].
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Account(#[from] NoAccount),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] NoIdentity),
    #[error("the answer of the provider belongs to no log-in of this browser")]
    NotBegun,
    #[error("the person is in none of the desk's groups")]
    NoRole,
    #[error(transparent)]
    Person(#[from] NoPerson),
}

/// A session, and the id that the browser has of it.
struct Known {
    id: String,
    session: OpenSession,
}

impl<P: LoginPorts, W: Web> Login<P, W> {
    pub fn new(ports: P, web: W, secret: Arc<Secret>, claims: ClaimNames, is_local: bool) -> Self {
        Self { ports, provider: Provider::new(web), secret, claims, is_local }
    }

    async fn account(&self) -> Result<Account, Refused> {
        Ok(Account::read(&*self.secret.get().await?, self.is_local)?)
    }

    async fn try_to_admit(&self, request: &Request) -> Result<Admission, Refused> {
        let account = self.account().await?;
        if request.method == Method::GET && request.page == "login/callback" {
            return Ok(Admission::Answer(self.finish(request, &account).await?));
        }
        let Some(known) = self.known(request, &account).await? else {
            let begins = request.method == Method::GET && request.page == "login";
            return Ok(Admission::Answer(if begins {
                self.start(request, &account).await?
            } else {
                page::log_in(request, Reason::of_cookie(cookie::session(&account, request)))
            }));
        };
        if request.page == "login" {
            return Ok(Admission::Answer(back::from(request)));
        }
        let token = secrets::form_token(&known.id);
        if !request.only_reads() && !forms::is_genuine(request, &account, &token) {
            return Ok(Admission::Answer(page::stale_form(request)));
        }
        if request.page == "logout" {
            return Ok(Admission::Answer(self.log_out(request, &account, known).await?));
        }
        let OpenSession { staff, leads_to, .. } = known.session;
        Ok(Admission::Welcome(Session { staff, token, leads_to }))
    }

    /// The session of the browser's cookie, if it is not over.
    async fn known(&self, request: &Request, account: &Account) -> Result<Option<Known>, Refused> {
        let Some(id) = cookie::session(account, request) else { return Ok(None) };
        let (key, now) = (digest(id), self.ports.clock().now());
        let Some(session) = self.ports.sessions().find(&key).await? else { return Ok(None) };
        if session.lasting.is_over(now) {
            return Ok(None);
        }
        if session.lasting.is_to_be_noted(now) && !self.ports.sessions().seen(&key, now).await? {
            return Ok(None);
        }
        Ok(Some(Known { id: id.to_owned(), session }))
    }

    /// Ends the session here first, then at the provider: otherwise the next person at this PC would be let in without a
    /// password.
    async fn log_out(&self, request: &Request, account: &Account, known: Known) -> Result<Reply, Refused> {
        if request.only_reads() {
            return Ok(Reply::see_other(request.root()));
        }
        self.note(&known.session.staff, Action::LoggedOut, &known.id).await?;
        self.ports.sessions().end(&digest(&known.id)).await?;
        let address = self.provider.log_out_address(account).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a session ended here, and the provider could not be told");
            request.root()
        });
        Ok(Reply::see_other(address).with_cookie(cookie::ended(account)))
    }

    /// `secret`: what only this log-in has; its digest distinguishes two entries of one millisecond.
    async fn note(&self, staff: &Staff, action: Action, secret: &str) -> Result<(), Refused> {
        let entry = AuditEntry {
            at: self.ports.clock().now(),
            staff: staff.id.clone(),
            name: staff.name.clone(),
            action,
            receipt_code: None,
            what: None,
            request: digest(secret)[..16].to_owned(),
        };
        Ok(self.ports.audit().note(&entry).await?)
    }
}

impl<P: LoginPorts, W: Web> Door for Login<P, W> {
    async fn admit(&self, request: &Request) -> Admission {
        match self.try_to_admit(request).await {
            Ok(admission) => admission,
            Err(refused) => Admission::Answer(refusal(request, &refused)),
        }
    }
}

/// A line of the log, and what the person reads.
fn refusal(request: &Request, refused: &Refused) -> Reply {
    let reason = match refused {
        Refused::NotBegun => Reason::NotBegun,
        Refused::NoRole => Reason::NoRole,
        Refused::Person(NoPerson::UnclearOffice(_)) => Reason::UnclearOffice,
        Refused::Person(NoPerson::NoId) => Reason::NotCompleted,
        Refused::Identity(error) if error.is_of_the_person() => Reason::NotCompleted,
        Refused::Identity(_) => Reason::ProviderOut,
        Refused::Secret(_) | Refused::Account(_) | Refused::Store(_) => Reason::OutOfOrder,
    };
    match reason {
        Reason::ProviderOut | Reason::OutOfOrder => tracing::error!(error = %refused, "the desk lets nobody in"),
        _ => tracing::warn!(reason = %refused, "a log-in was refused"),
    }
    page::log_in(request, reason)
}
