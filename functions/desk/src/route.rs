//! Which page a request asks for, whose task it is, and what the audit calls it.

use domain::desk::{Action, Task};
use http::Method;

use crate::request::Request;

/// A page or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// The first page: the form to look up, and the way to the others.
    Home,
    /// To the dossier that is typed there.
    LookUp,
    /// One dossier, `?code=`.
    Dossier,
    /// The list of citizens to phone.
    Calls,
    /// Somebody has phoned.
    Tick,
    /// A notice is sent again.
    SendAgain,
    /// An evening's apologies.
    Letters,
    /// Their slips to print, or the slip of one dossier.
    Slips,
    /// A month of 8083.
    Inquiries,
    InquiriesFile,
    /// The form to lay the operator's file beside it.
    OperatorForm,
    /// The operator's file laid beside it.
    Compare,
    /// The sums of a month.
    Month,
    MonthFile,
    /// The form to look up by phone.
    PhoneForm,
    /// The dossiers of a phone.
    ByPhone,
}

impl Route {
    pub fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        match (method.as_str(), request.page.as_str()) {
            // After a session that ran out, one comes back to an action by GET.
            ("GET", "" | "again") => Some(Self::Home),
            ("POST", "") => Some(Self::LookUp),
            ("GET", "dossier") => Some(Self::Dossier),
            ("GET", "calls") => Some(Self::Calls),
            ("POST", "calls") => Some(Self::Tick),
            ("POST", "again") => Some(Self::SendAgain),
            ("GET", "letters") => Some(Self::Letters),
            ("GET", "slips") => Some(Self::Slips),
            ("GET", "inquiries") => Some(Self::Inquiries),
            ("GET", "inquiries.csv") => Some(Self::InquiriesFile),
            ("GET", "operator") => Some(Self::OperatorForm),
            ("POST", "operator") => Some(Self::Compare),
            ("GET", "month") => Some(Self::Month),
            ("GET", "month.csv") => Some(Self::MonthFile),
            ("GET", "phone") => Some(Self::PhoneForm),
            ("POST", "phone") => Some(Self::ByPhone),
            _ => None,
        }
    }

    /// Whose page it is; None: everybody's who is logged in.
    pub fn task(self) -> Option<Task> {
        match self {
            Self::Home => None,
            Self::LookUp | Self::Dossier => Some(Task::LookUp),
            Self::Calls | Self::Tick => Some(Task::ToPhone),
            Self::Letters | Self::Slips => Some(Task::Letters),
            Self::SendAgain => Some(Task::SendAgain),
            Self::Inquiries | Self::InquiriesFile | Self::OperatorForm | Self::Compare => Some(Task::Inquiries),
            Self::Month | Self::MonthFile => Some(Task::Month),
            Self::PhoneForm | Self::ByPhone => Some(Task::ByPhone),
        }
    }

    /// None for a page that shows nothing of a dossier, a citizen or a sum.
    pub fn action(self) -> Option<Action> {
        match self {
            // Noted with what is known only then: the notice, the number, the codes that are shown.
            Self::Home | Self::LookUp | Self::PhoneForm => None,
            Self::Tick | Self::SendAgain | Self::ByPhone | Self::Calls | Self::Letters | Self::Slips => None,
            Self::Inquiries | Self::OperatorForm => Some(Action::SawInquiries),
            Self::InquiriesFile => Some(Action::SavedInquiries),
            Self::Compare => Some(Action::UploadedOperatorFile),
            Self::Month => Some(Action::SawMonth),
            Self::MonthFile => Some(Action::SavedMonth),
            Self::Dossier => Some(Action::LookedUp),
        }
    }
}
