//! What the rules need of the world. The adapters implement these on AWS, the tests in memory; both keep the promises
//! written here.

use std::collections::HashSet;
use std::future::Future;

use chrono::{DateTime, NaiveDate, Utc};

use domain::dossier::revision::Stored;
use domain::event::Event;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::{Claim, Outcome};
use domain::notice::{NoticeKind, NoticeRow, Priority};
use domain::{Dossier, InquiryId, NoticeId, Outgoing, Phone, ReceiptCode};

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, down, timed out, no rights: nothing is known to have happened. Try again, later.
    #[error("table {table} is out of reach: {why}")]
    Unavailable {
        /// Which table.
        table: &'static str,
        /// The client's own words.
        why: String,
    },
    /// The row cannot be read. Trying again does not help; a person must correct it.
    #[error("{item} cannot be read: {why}")]
    Unreadable {
        /// Which item; its key, no personal data.
        item: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Table `dossiers`.
pub trait DossierStore: Sync {
    /// The dossier as it is now (a consistent read), or None.
    fn get(&self, code: &ReceiptCode) -> impl Future<Output = Result<Option<Dossier>, StoreError>> + Send;

    /// Writes `dossier` where `replaces` is still what is stored; else tells what is.
    fn put(&self, dossier: &Dossier, replaces: &Stored) -> impl Future<Output = Result<Put, StoreError>> + Send;
}

/// The index of `dossiers` by appointment.
pub trait Appointments: Sync {
    /// A page of the dossiers whose appointment is on `day`, in no order that means anything. The index may be some
    /// seconds behind.
    fn appointed_on(
        &self,
        day: NaiveDate,
        page: Option<PageToken>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// How a conditional write of a dossier ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written.
    Done,
    /// Not written: this is what is stored.
    Overtaken(Stored),
}

/// Where the next page begins: the last row's key as the table has it, which is not always a canonical receipt code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub String);

/// Dossiers, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// Those that can be read.
    pub dossiers: Vec<Dossier>,
    /// How many cannot.
    pub unreadable: usize,
    /// None on the last page.
    pub next: Option<PageToken>,
}

/// Table `notices`: every message to be sent has one row, whatever happens.
pub trait Outbox: Sync {
    /// Puts the row of a message unless it exists. True where this call put it.
    fn enqueue(
        &self,
        id: &Outgoing,
        how: Enqueue,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Those of `ids` that have a row: what a plan need not put again. Rows of the last seconds may be missing;
    /// [`Outbox::enqueue`] decides.
    fn rows_among(&self, ids: &[NoticeId]) -> impl Future<Output = Result<HashSet<NoticeId>, StoreError>> + Send;

    /// Takes a message that is due, or whose sender's lease ran out.
    fn claim(
        &self,
        id: &Outgoing,
        owner: String,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Writes the outcome, if the claim is still held. False where another sender took it over.
    fn complete(
        &self,
        claim: &Claim,
        outcome: &Outcome,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Some unfinished messages of one priority that are due by `by`, the longest due first. The index may be some
    /// seconds behind; [`Outbox::claim`] decides.
    fn due(
        &self,
        priority: Priority,
        by: DateTime<Utc>,
        limit: usize,
    ) -> impl Future<Output = Result<DueRows, StoreError>> + Send;

    /// The rows of one dossier and kind, in no order (a consistent read).
    fn rows_of(
        &self,
        code: &ReceiptCode,
        kind: NoticeKind,
    ) -> impl Future<Output = Result<Vec<NoticeRow>, StoreError>> + Send;
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours until the lease runs out.
    Granted(Claim),
    /// Somebody else has it, or it is finished, or it is not due yet.
    Taken,
    /// The row can never be claimed: its attribute `state` says so, and the index shows it all the same. That happens
    /// where a person edits `state` alone. A finished row is taken out of the index; the state is kept here.
    Contradictory(String),
}

/// Rows of the index that are due, and what else it shows.
#[derive(Debug, Default)]
pub struct DueRows {
    /// The longest due first.
    pub due: Vec<Due>,
    /// Rows that cannot be read: they were written by hand.
    pub unreadable: u32,
}

/// How a message comes into the outbox.
#[derive(Debug, Clone)]
pub enum Enqueue {
    /// To be sent when it is due.
    Pending {
        /// When.
        due_at: DateTime<Utc>,
    },
    /// Owed and claimed in one write.
    Claimed(Claim),
}

/// An unfinished message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which.
    pub id: Outgoing,
    /// When it may be claimed: due, or its lease run out.
    pub due_at: DateTime<Utc>,
}

/// The counter row of the rate limiter.
pub trait RateCounter: Sync {
    /// Sets the counter to `to` if it is `at_most` or less (or not there). Milliseconds since 1970.
    /// Beside it, keeps when a message was last accepted.
    fn advance(
        &self,
        at_most: i64,
        to: i64,
        accepted_at: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Advance, StoreError>> + Send;

    /// Moves the counter to `to` where it is later than `beyond`, or is no number. True where it did.
    fn set_back(&self, beyond: i64, to: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// How an advance ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// The counter is set. When a message was last accepted, as far as any sender had told before.
    Granted(Option<DateTime<Utc>>),
    /// Somebody else had moved it here. `i64::MAX` where the row holds no number.
    Taken(i64),
}

/// Sends an SMS to a phone number.
pub trait SmsSender: Sync {
    /// The accepted message's id. Called once an attempt: it never retries by itself.
    fn send(&self, phone: &Phone, text: &str) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// Sends the reply to an inquiry by a call of its gateway's own.
pub trait ReplySender: Sync {
    /// The accepted message's id. Called once an attempt. A gateway knows the inquiry that a call answers and takes one
    /// reply for it, so asking again is harmless: an outcome that is not known is [`SendError::NotSent`].
    fn reply(&self, inquiry: &Inquiry) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// Why a message was not accepted. The texts are the service's own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Throttled, or the connection was refused: definitely not sent, or known as the same when it comes again. Try later.
    #[error("not sent: {0}")]
    NotSent(String),
    /// This message will never be accepted.
    #[error("refused for good: {0}")]
    Refused(String),
    /// No message to this phone number will ever be accepted.
    #[error("the phone number was refused: {0}")]
    WrongNumber(String),
    /// We may not send at all: the configuration is wrong. Stop, and count no attempt.
    #[error("not authorised to send SMS: {0}")]
    Unauthorised(String),
    /// A time-out, a lost reply, a 5xx: it may or may not have been sent.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}

/// The province's event bus. Runs beside the work: it never fails it.
pub trait EventBus: Sync {
    /// Publishes what happened. What cannot be published is logged and dropped; the count of dropped events.
    fn publish(&self, events: &[Event]) -> impl Future<Output = u32> + Send;
}

/// Table `inquiries`: what 1,000 VND each is reconciled against.
pub trait InquiryLog: Sync {
    /// Logs an inquiry and its reply, once a message id.
    fn log(&self, inquiry: &Inquiry) -> impl Future<Output = Result<Logged, StoreError>> + Send;

    /// What was logged under that id (a consistent read), or None.
    fn get(&self, id: &InquiryId) -> impl Future<Output = Result<Option<Inquiry>, StoreError>> + Send;

    /// Counts a message among those of its phone in one minute. How many different ones that makes, or None where
    /// `most` others are counted. A message that is counted is not counted again.
    fn count(&self, message: &Counted, most: u32) -> impl Future<Output = Result<Option<u32>, StoreError>> + Send;

    /// Takes a message out of the count again.
    fn uncount(&self, message: &Counted) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A message, as it is counted among those of its phone in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Which phone and which minute: a hash, for no key shall hold a phone number.
    pub window: String,
    /// Which message: a hash.
    pub message: String,
    /// When the minute is over.
    pub over_at: DateTime<Utc>,
}

/// How logging an inquiry ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logged {
    /// It was new.
    New,
    /// The same message delivered again: this is what was logged the first time.
    Repeated(Box<Inquiry>),
    /// The same id with another text.
    Conflicting,
}

/// The time.
pub trait Clock: Sync {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
    /// Returns at `instant`, at once where it is past.
    fn sleep_until(&self, instant: DateTime<Utc>) -> impl Future<Output = ()> + Send;
}

/// What the delivery of any message needs.
pub trait OutboxPorts: Sync {
    /// See [`Outbox`].
    type Outbox: Outbox;
    /// See [`EventBus`].
    type Events: EventBus;
    /// See [`Clock`].
    type Clock: Clock;

    /// Table `notices`.
    fn outbox(&self) -> &Self::Outbox;
    /// The bus.
    fn events(&self) -> &Self::Events;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}

/// What planning the apologies needs besides.
pub trait PlanPorts: OutboxPorts {
    /// See [`Appointments`].
    type Appointments: Appointments;

    /// The dossiers by appointment.
    fn appointments(&self) -> &Self::Appointments;
}

/// What a notice's delivery needs besides.
pub trait NoticePorts: OutboxPorts {
    /// See [`DossierStore`].
    type Dossiers: DossierStore;
    /// See [`RateCounter`].
    type RateCounter: RateCounter;
    /// See [`SmsSender`].
    type Sms: SmsSender;

    /// Table `dossiers`.
    fn dossiers(&self) -> &Self::Dossiers;
    /// The rate limiter's counter.
    fn rate_counter(&self) -> &Self::RateCounter;
    /// SNS.
    fn sms(&self) -> &Self::Sms;
}

/// What a reply's delivery needs besides.
pub trait ReplyPorts: OutboxPorts {
    /// See [`InquiryLog`].
    type Inquiries: InquiryLog;
    /// See [`ReplySender`].
    type Gateways: ReplySender;

    /// Table `inquiries`.
    fn inquiries(&self) -> &Self::Inquiries;
    /// 8083's gateways.
    fn gateways(&self) -> &Self::Gateways;
}
