//! What the desk needs besides what the senders need.

use std::future::Future;

use domain::desk::AuditEntry;

use super::{Clock, DossierStore, NoticeHistory, StoreError};

/// Who did what at the desk.
pub trait AuditLog: Sync {
    /// Writes the entry. A page whose entry cannot be written is not shown.
    fn note(&self, entry: &AuditEntry) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What the pages of the desk need.
pub trait DeskPorts: Sync {
    type Dossiers: DossierStore;
    type Notices: NoticeHistory;
    type Audit: AuditLog;
    type Clock: Clock;

    fn dossiers(&self) -> &Self::Dossiers;
    fn notices(&self) -> &Self::Notices;
    fn audit(&self) -> &Self::Audit;
    fn clock(&self) -> &Self::Clock;
}
