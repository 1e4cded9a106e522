//! What the desk needs besides what the senders need.

use std::future::Future;

use domain::desk::AuditEntry;
use domain::inquiry::Inquiry;
use domain::{Dossier, Phone, ReceiptCode};

use super::{Clock, DossierStore, NoticeHistory, StoreError};

/// Who did what at the desk.
pub trait AuditLog: Sync {
    /// Writes the entry. A page whose entry cannot be written is not shown.
    fn note(&self, entry: &AuditEntry) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Dossiers found otherwise than by one code.
pub trait DossierFinder: Sync {
    /// The codes of the dossiers with this mobile number (at most `most`), in no particular order. The index may lag by
    /// some seconds, and knows only dossiers that were pushed since it exists.
    fn with_mobile(
        &self,
        phone: &Phone,
        most: usize,
    ) -> impl Future<Output = Result<Vec<ReceiptCode>, StoreError>> + Send;

    /// Those of `codes` that are dossiers, in no particular order. A row that cannot be read is left out.
    fn all(&self, codes: &[ReceiptCode]) -> impl Future<Output = Result<Vec<Dossier>, StoreError>> + Send;
}

/// Table `inquiries` as staff ask about it.
pub trait InquiryHistory: Sync {
    /// The last `most` inquiries about a dossier, the last one first. The index may lag by some seconds. A row that
    /// cannot be read is left out.
    fn about(&self, code: &ReceiptCode, most: usize) -> impl Future<Output = Result<Vec<Inquiry>, StoreError>> + Send;
}

/// What the pages of the desk need.
pub trait DeskPorts: Sync {
    type Dossiers: DossierStore;
    type Notices: NoticeHistory;
    type Finder: DossierFinder;
    type Inquiries: InquiryHistory;
    type Audit: AuditLog;
    type Clock: Clock;

    fn dossiers(&self) -> &Self::Dossiers;
    fn notices(&self) -> &Self::Notices;
    fn finder(&self) -> &Self::Finder;
    fn inquiries(&self) -> &Self::Inquiries;
    fn audit(&self) -> &Self::Audit;
    fn clock(&self) -> &Self::Clock;
}
