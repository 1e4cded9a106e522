//! Nhật ký truy cập: who did what at the desk, when, and with which dossier.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::ReceiptCode;

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    LoggedIn,
    LoggedOut,
    /// Looked a dossier up by its code.
    LookedUp,
    /// Looked dossiers up by a phone number; one entry for each dossier that was found as well.
    SearchedByPhone,
    /// Saw the list of citizens to phone.
    SawToPhone,
    /// Ticked a notice as told by phone.
    TickedCalled,
    /// Sent a notice again.
    SentAgain,
    /// Saw an evening's apologies.
    SawLetters,
    /// Opened a slip to print.
    OpenedLetter,
    /// Saw a month of 8083.
    SawInquiries,
    /// Saved a month of 8083 as a file.
    SavedInquiries,
    /// Uploaded the operator's file.
    UploadedOperatorFile,
    /// Saw the sums of a month.
    SawMonth,
    /// Saved sums of a month as a file.
    SavedMonth,
    /// Was refused: another office's dossier, or no right to the page.
    WasRefused,
}

impl Action {
    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LoggedIn => "logged_in",
            Self::LoggedOut => "logged_out",
            Self::LookedUp => "looked_up",
            Self::SearchedByPhone => "searched_by_phone",
            Self::SawToPhone => "saw_to_phone",
            Self::TickedCalled => "ticked_called",
            Self::SentAgain => "sent_again",
            Self::SawLetters => "saw_letters",
            Self::OpenedLetter => "opened_letter",
            Self::SawInquiries => "saw_inquiries",
            Self::SavedInquiries => "saved_inquiries",
            Self::UploadedOperatorFile => "uploaded_operator_file",
            Self::SawMonth => "saw_month",
            Self::SavedMonth => "saved_month",
            Self::WasRefused => "was_refused",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry. It has neither a phone number nor a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: DateTime<Utc>,
    /// [`Staff::id`](super::Staff::id).
    pub staff: String,
    /// What the person was called then.
    pub name: String,
    pub action: Action,
    pub receipt_code: Option<ReceiptCode>,
    /// What the entry adds: the notice, the month, a masked number.
    pub what: Option<String>,
    /// API Gateway's id of the request: with it, two entries of one millisecond are two.
    pub request: String,
}
