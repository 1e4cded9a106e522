//! A request that is refused as a whole. The text says what to do, and nothing that helps an attacker.

use domain::dossier::NotAReceiptCode;

/// The reason. Its text is the answer to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is not the base64 that API Gateway passes.
    #[error("the body's encoding is broken")]
    BrokenEncoding,
    /// More than [`crate::LONGEST_BODY`].
    #[error("the body is longer than 1 MB: send fewer dossiers at a time")]
    BodyTooLong,
    /// The text does not say which of the three it is: that would help an attacker.
    #[error("the signature is missing, wrong or more than five minutes old")]
    NotGenuine,
    /// Not JSON at all.
    #[error("the body is not JSON in UTF-8")]
    NotJson,
    /// JSON, but neither a dossier nor an array of them.
    #[error("the body must be a dossier (a JSON object) or an array of dossiers")]
    NoDossier,
    /// More than [`crate::MOST_DOSSIERS`].
    #[error("more than 100 dossiers: send fewer at a time")]
    TooManyDossiers,
    /// No receipt code can be written like that.
    #[error("receipt_code {0}")]
    NotACode(NotAReceiptCode),
    /// Neither a dossier nor a notice has that code.
    #[error("there is no dossier with this receipt code: check it, or push the dossier first")]
    NoSuchDossier,
    /// The same as API Gateway's own answer to an unknown path.
    #[error("there is nothing here: GET /docs says what there is")]
    NothingHere,
    /// A table or the secret is unavailable.
    #[error("temporarily out of order: send the same again later")]
    OutOfOrder,
}

impl Refusal {
    /// Of `POST /dossiers`.
    pub const OF_A_PUSH: [Self; 7] = [
        Self::BrokenEncoding,
        Self::BodyTooLong,
        Self::NotGenuine,
        Self::NotJson,
        Self::NoDossier,
        Self::TooManyDossiers,
        Self::OutOfOrder,
    ];

    /// Of `GET /dossiers/{receipt_code}/notices`.
    pub const OF_A_READ: [Self; 8] = [
        Self::NotGenuine,
        Self::NotACode(NotAReceiptCode::Empty),
        Self::NotACode(NotAReceiptCode::TooLong),
        Self::NotACode(NotAReceiptCode::ForeignCharacter),
        Self::NotACode(NotAReceiptCode::Punctuation),
        Self::NoSuchDossier,
        Self::NothingHere,
        Self::OutOfOrder,
    ];

    pub fn status(self) -> u16 {
        match self {
            Self::BrokenEncoding | Self::NotJson | Self::NoDossier | Self::NotACode(_) => 400,
            Self::NotGenuine => 401,
            Self::NoSuchDossier | Self::NothingHere => 404,
            Self::BodyTooLong | Self::TooManyDossiers => 413,
            Self::OutOfOrder => 503,
        }
    }
}
