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
    /// The form to look up by phone.
    PhoneForm,
    /// The dossiers of a phone.
    ByPhone,
}

impl Route {
    pub fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        match (method.as_str(), request.page.as_str()) {
            ("GET", "") => Some(Self::Home),
            ("POST", "") => Some(Self::LookUp),
            ("GET", "dossier") => Some(Self::Dossier),
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
            Self::PhoneForm | Self::ByPhone => Some(Task::ByPhone),
        }
    }

    /// None for a page that shows nothing of a dossier, a citizen or a sum.
    pub fn action(self) -> Option<Action> {
        match self {
            Self::Home | Self::LookUp | Self::PhoneForm => None,
            Self::Dossier => Some(Action::LookedUp),
            Self::ByPhone => Some(Action::SearchedByPhone),
        }
    }
}
