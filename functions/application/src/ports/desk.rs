//! What the desk needs besides what the senders need.

use std::fmt;
use std::future::Future;
use std::ops::Range;

use chrono::{DateTime, NaiveDate, Utc};
use domain::desk::sums::{Counted, DaySum};
use domain::desk::{AuditEntry, Deed, Month, Note};
use domain::inquiry::Inquiry;
use domain::notice::NoticeRecord;
use domain::{Dossier, InquiryId, NoticeId, Phone, ReceiptCode};

use super::{Appointments, Clock, DossierStore, NoticeHistory, Outbox, StoreError};

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

    /// Those of `codes` that are dossiers, in no particular order (a consistent read). A row that cannot be read is left
    /// out.
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

/// Sendings by their keys, in table `notices`.
pub trait SendingRecords: Sync {
    /// Those of `ids` that have a row (a consistent read). A row that cannot be read is left out.
    fn records(
        &self,
        ids: &[NoticeId],
    ) -> impl Future<Output = Result<Vec<(NoticeId, NoticeRecord)>, StoreError>> + Send;
}

/// The apologies for an appointment, in table `notices`.
pub trait Apologies: Sync {
    /// About `most` first sendings of apologies for `appointment` that were enqueued in `within`, the earliest first; a page
    /// may have none although the next one has. The index may lag by some seconds.
    fn apologies(
        &self,
        appointment: NaiveDate,
        within: Range<DateTime<Utc>>,
        after: Option<PageMark>,
        most: usize,
    ) -> impl Future<Output = Result<NoticePage, StoreError>> + Send;
}

/// What was done at the desk about notices.
pub trait NoteStore: Sync {
    /// Keeps the note unless there is one of that deed about that sending. Returns whether this call kept it.
    fn keep(&self, note: &Note) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Keeps the note in place of the one of that deed about that sending.
    fn replace(&self, note: &Note) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The notes of one deed about these sendings, in no particular order (a consistent read).
    fn about(&self, ids: &[NoticeId], deed: Deed) -> impl Future<Output = Result<Vec<Note>, StoreError>> + Send;

    /// All notes about a dossier, in no particular order (a consistent read). One that cannot be read is left out.
    fn notes(&self, code: &ReceiptCode) -> impl Future<Output = Result<Vec<Note>, StoreError>> + Send;
}

/// The sums of days, kept in the desk's own table: a month is one read of sums.
pub trait SumStore: Sync {
    /// The sums of one kind that are kept for a month. One that cannot be read is left out.
    fn sums<S: DaySum>(&self, month: Month) -> impl Future<Output = Result<Vec<KeptSum<S>>, StoreError>> + Send;

    /// Keeps a day's sums in place of those before.
    fn keep_sums<S: DaySum>(&self, sum: &KeptSum<S>) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The sums of a day, and when they were made.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptSum<S> {
    pub day: NaiveDate,
    pub made_at: DateTime<Utc>,
    pub sums: S,
}

/// The texts to 8083 of one day (in Vietnam).
pub trait InquiryDays: Sync {
    /// A page of them, the earliest first; the index may lag by some seconds.
    fn texts_of(
        &self,
        day: NaiveDate,
        after: Option<PageMark>,
    ) -> impl Future<Output = Result<TextPage, StoreError>> + Send;
}

/// A page of texts to 8083.
#[derive(Debug, Default)]
pub struct TextPage {
    pub texts: Vec<LoggedText>,
    /// None on the last page.
    pub next: Option<PageMark>,
}

/// A text to 8083, as an operator's bill knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct LoggedText {
    pub id: InquiryId,
    /// As the gateway wrote it.
    pub sender: String,
    pub charged: bool,
    pub received_at: DateTime<Utc>,
}

impl fmt::Debug for LoggedText {
    /// Without the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedText").field("id", &self.id).field("charged", &self.charged).finish_non_exhaustive()
    }
}

/// The notices that were enqueued on one day (in Vietnam).
pub trait NoticeDays: Sync {
    /// A page of them; the index may lag by some seconds. A row that cannot be read is left out.
    fn counted(
        &self,
        day: NaiveDate,
        after: Option<PageMark>,
    ) -> impl Future<Output = Result<CountedPage, StoreError>> + Send;
}

/// A page of notices.
#[derive(Debug, Default)]
pub struct CountedPage {
    pub sendings: Vec<Counted>,
    /// None on the last page.
    pub next: Option<PageMark>,
}

/// What the pages of the desk need.
pub trait DeskPorts: Sync {
    type Dossiers: DossierStore + DossierFinder + Appointments;
    type Notices: NoticeHistory + SendingRecords + CallList + Apologies + NoticeDays;
    type Inquiries: InquiryHistory + InquiryDays;
    /// The desk's own table.
    type Book: AuditLog + NoteStore + SumStore;
    type Outbox: Outbox;
    type Clock: Clock;

    fn dossiers(&self) -> &Self::Dossiers;
    fn notices(&self) -> &Self::Notices;
    fn inquiries(&self) -> &Self::Inquiries;
    fn book(&self) -> &Self::Book;
    fn outbox(&self) -> &Self::Outbox;
    fn clock(&self) -> &Self::Clock;
}
