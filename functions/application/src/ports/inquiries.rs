//! Table `inquiries`: the log of inquiries, and the count of messages per phone.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::InquiryId;
use domain::inquiry::Inquiry;

use super::StoreError;

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
