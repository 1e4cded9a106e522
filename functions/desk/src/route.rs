//! Which page a request asks for, whose task it is, and what the audit calls it.

use domain::desk::{Action, Task};
use http::Method;

use crate::request::Request;

/// A page or an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// The first page: the form to look up, and the way to the others.
    Home,
    /// One dossier, `?code=`.
    Dossier,
}

impl Route {
    pub fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
        match (method.as_str(), request.page.as_str()) {
            ("GET", "") => Some(Self::Home),
            ("GET", "dossier") => Some(Self::Dossier),
            _ => None,
        }
    }

    /// Whose page it is; None: everybody's who is logged in.
    pub fn task(self) -> Option<Task> {
        match self {
            Self::Home => None,
            Self::Dossier => Some(Task::LookUp),
        }
    }

    /// None for a page that shows nothing of a dossier, a citizen or a sum.
    pub fn action(self) -> Option<Action> {
        match self {
            Self::Home => None,
            Self::Dossier => Some(Action::LookedUp),
        }
    }
}
