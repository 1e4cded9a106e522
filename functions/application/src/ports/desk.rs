//! What the desk needs besides what the senders need.

use std::future::Future;

use chrono::{DateTime, NaiveDate, Utc};
use domain::desk::{AuditEntry, Note};
use domain::inquiry::Inquiry;
use domain::{Dossier, NoticeId, Phone, ReceiptCode};

use super::{Clock, DossierStore, NoticeHistory, Outbox, StoreError};

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

/// The sendings that did not arrive, in table `notices`.
pub trait CallList: Sync {
    /// At most `most` of them, the longest enqueued first. The index may lag by some seconds, and shows some that need no
    /// call any more: `domain::desk::standing` decides.
    fn to_phone(
        &self,
        after: Option<PageMark>,
        most: usize,
    ) -> impl Future<Output = Result<NoticePage, StoreError>> + Send;

    /// Takes a sending off the list. It can be repeated without harm.
    fn take_off(&self, id: &NoticeId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// One page of an index of notices.
#[derive(Debug, Default)]
pub struct NoticePage {
    pub ids: Vec<NoticeId>,
    /// None on the last page.
    pub next: Option<PageMark>,
}

/// Where the next page begins, as a page's address can carry it: it names no person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageMark(pub String);

/// The apologies of an evening, in table `notices`.
pub trait Apologies: Sync {
    /// At most `most` first sendings of apologies that were enqueued on `day` (in Vietnam) from `from` on, the earliest
    /// first; a page may have none although the next one has. The index may lag by some seconds.
    fn apologies(
        &self,
        day: NaiveDate,
        from: DateTime<Utc>,
        after: Option<PageMark>,
        most: usize,
    ) -> impl Future<Output = Result<NoticePage, StoreError>> + Send;
}

/// What was done at the desk about notices.
pub trait NoteStore: Sync {
    /// Keeps the note unless there is one of that deed about that sending. Returns whether this call kept it.
    fn keep(&self, note: &Note) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// All notes about a dossier, in no particular order (a consistent read). One that cannot be read is left out.
    fn notes(&self, code: &ReceiptCode) -> impl Future<Output = Result<Vec<Note>, StoreError>> + Send;
}

/// What the pages of the desk need.
pub trait DeskPorts: Sync {
    type Dossiers: DossierStore + DossierFinder;
    type Notices: NoticeHistory + CallList + Apologies;
    type Inquiries: InquiryHistory;
    /// The desk's own table.
    type Book: AuditLog + NoteStore;
    type Outbox: Outbox;
    type Clock: Clock;

    fn dossiers(&self) -> &Self::Dossiers;
    fn notices(&self) -> &Self::Notices;
    fn inquiries(&self) -> &Self::Inquiries;
    fn book(&self) -> &Self::Book;
    fn outbox(&self) -> &Self::Outbox;
    fn clock(&self) -> &Self::Clock;
}
