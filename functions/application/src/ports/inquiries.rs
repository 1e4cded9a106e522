//! Table `inquiries`: the log of inquiries, and the count of messages per phone.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::InquiryId;
use domain::inquiry::Inquiry;

use super::StoreError;

/// Table `inquiries`: the record that the 1,000 VND of each message is reconciled against.
pub trait InquiryLog: Sync {
    /// Logs an inquiry and its reply, once per message id.
    fn log(&self, inquiry: &Inquiry) -> impl Future<Output = Result<Logged, StoreError>> + Send;

    /// The inquiry logged under that id (a consistent read), or None.
    fn get(&self, id: &InquiryId) -> impl Future<Output = Result<Option<Inquiry>, StoreError>> + Send;

    /// Counts a message for its phone in one minute. Returns how many different messages are counted, or None if `most`
    /// others are counted already. A message that is already counted is not counted again.
    fn count(&self, message: &SenderCount, most: u32) -> impl Future<Output = Result<Option<u32>, StoreError>> + Send;

    /// Removes a message from the count.
    fn uncount(&self, message: &SenderCount) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The result of logging an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logged {
    New,
    /// The same message was delivered before: this is the inquiry that was logged then.
    Repeated(Box<Inquiry>),
    /// The same id with another text.
    Conflicting,
}

/// A message as it is counted for its phone in one minute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderCount {
    /// A hash of the phone and the minute: no key may contain a phone number.
    pub window: String,
    /// A hash of the message's id.
    pub message: String,
    /// The end of the minute.
    pub over_at: DateTime<Utc>,
}
