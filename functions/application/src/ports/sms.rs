//! How an SMS and a reply of 8083 are sent.

use std::future::Future;

use domain::Phone;
use domain::inquiry::Inquiry;

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
