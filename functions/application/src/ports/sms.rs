//! How an SMS and a reply of 8083 are sent.

use std::future::Future;

use domain::Phone;
use domain::inquiry::Inquiry;

/// Sends an SMS to a phone number.
pub trait SmsSender: Sync {
    /// Returns the id of the accepted message. Called once per attempt: it never retries by itself.
    fn send(&self, phone: &Phone, text: &str) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// Sends the reply to an inquiry by a separate call to its gateway.
pub trait ReplySender: Sync {
    /// Returns the id of the accepted message. Called once per attempt. The gateway knows the inquiry that a call
    /// answers and accepts one reply for it, so a repeated call is harmless: an unknown outcome is
    /// [`SendError::NotSent`].
    fn reply(&self, inquiry: &Inquiry) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// Why a message was not accepted. The texts come from the service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Throttled, or the connection was refused: definitely not sent, or the receiver recognises a repeated call. Try
    /// later.
    #[error("not sent: {0}")]
    NotSent(String),
    /// This message will never be accepted.
    #[error("refused for good: {0}")]
    Refused(String),
    /// No message to this phone number will ever be accepted.
    #[error("the phone number was refused: {0}")]
    WrongNumber(String),
    /// We may not send at all: the configuration is wrong. Stop, and do not count the attempt.
    #[error("not authorised to send SMS: {0}")]
    Unauthorised(String),
    /// A time-out, a lost reply or a 5xx: the message may or may not have been sent.
    #[error("outcome unknown: {0}")]
    Unknown(String),
}
