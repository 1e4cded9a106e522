//! How an SMS and a reply of 8083 are sent.

use std::future::Future;

use chrono::{DateTime, Utc};
use domain::inquiry::Inquiry;
use domain::{NoticeId, Phone};

/// Sends an SMS to a phone number, through the carrier that the province has a contract with.
pub trait SmsSender: Sync {
    /// Returns the id of the accepted message. Called once per attempt: it never retries by itself.
    ///
    /// Where the carrier refuses a repeated request for the same notice, an unknown outcome is [`SendError::NotSent`]
    /// and a refused repeat is an accepted message: so none is sent twice.
    fn send(&self, sms: &Sms<'_>) -> impl Future<Output = Result<String, SendError>> + Send;
}

/// An SMS as a carrier needs it. No `Debug`: it holds a phone number.
pub struct Sms<'a> {
    /// What it is sent for; the carrier's receipt names it, where the carrier can.
    pub id: &'a NoticeId,
    pub phone: &'a Phone,
    pub text: &'a str,
    /// When it is no longer true.
    pub expires_at: Option<DateTime<Utc>>,
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
