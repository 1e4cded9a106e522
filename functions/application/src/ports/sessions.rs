//! What the desk keeps of browsers: log-ins under way and sessions. Both are found by the SHA-256, in hex, of what the
//! browser has: whoever reads the table can log in with nothing of it.

use std::fmt;
use std::future::Future;

use chrono::{DateTime, Utc};
use domain::desk::{Lasting, Staff};

use super::{AuditLog, Clock, StoreError};

/// A log-in between the log-in page and the identity provider's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct LogIn {
    /// The digest of the browser's cookie: only the browser that began a log-in can complete it.
    pub browser: String,
    /// The secret of PKCE (RFC 7636).
    pub verifier: String,
    /// What the identity token must repeat.
    pub nonce: String,
    /// The page, behind `/desk`, that the person wanted.
    pub back: String,
    pub until: DateTime<Utc>,
}

impl fmt::Debug for LogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogIn").field("back", &self.back).field("until", &self.until).finish_non_exhaustive()
    }
}

/// A person who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub staff: Staff,
    /// Origin of the identity provider's log-out page, or empty.
    pub leads_to: String,
    pub lasting: Lasting,
}

/// What the log-in needs.
pub trait LoginPorts: Sync {
    type Sessions: SessionStore;
    type Audit: AuditLog;
    type Clock: Clock;

    fn sessions(&self) -> &Self::Sessions;
    fn audit(&self) -> &Self::Audit;
    fn clock(&self) -> &Self::Clock;
}

/// The log-ins under way and the sessions.
pub trait SessionStore: Sync {
    /// Keeps a log-in under the digest of its state.
    fn begin(&self, state: &str, log_in: &LogIn) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes a log-in away: of two callers one gets it.
    fn take(&self, state: &str) -> impl Future<Output = Result<Option<LogIn>, StoreError>> + Send;

    /// Keeps a session under the digest of its id.
    fn open(&self, id: &str, session: &OpenSession) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A session that was not ended; it may be over.
    fn find(&self, id: &str) -> impl Future<Output = Result<Option<OpenSession>, StoreError>> + Send;

    /// Writes down that there was a request. False if the session was ended meanwhile.
    fn seen(&self, id: &str, at: DateTime<Utc>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends a session. It is no error if there is none.
    fn end(&self, id: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}
