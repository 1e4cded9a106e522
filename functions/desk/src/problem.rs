//! A page that cannot be shown, or an action that cannot be done: what the person reads.

use application::ports::StoreError;
use askama::Template;
use http::StatusCode;

use crate::pages::Frame;
use crate::reply::Reply;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// There is no page of that name.
    #[error("Không có trang này.")]
    NothingHere,
    /// Somebody else's task.
    #[error("Tài khoản của anh/chị không có quyền mở trang này.")]
    NotAllowed,
    /// A dossier of another office.
    #[error("Hồ sơ này thuộc cơ quan khác. Tài khoản của anh/chị chỉ xem được hồ sơ của cơ quan mình.")]
    AnotherOffice,
    /// The form or the address is wrong in a way that its sentence says.
    #[error("{0}")]
    Wrong(String),
    /// A table is unavailable, or a page could not be made.
    #[error("Hệ thống tạm thời không đọc được dữ liệu. Anh/chị thử lại sau ít phút.")]
    OutOfOrder,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::NothingHere => StatusCode::NOT_FOUND,
            Self::NotAllowed | Self::AnotherOffice => StatusCode::FORBIDDEN,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::OutOfOrder => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The page that says it.
    pub fn reply(&self, frame: &Frame<'_>) -> Reply {
        let page = ProblemPage { frame, sentence: self.to_string() };
        let html = page.render().unwrap_or_else(|_| self.to_string());
        Reply::problem(self.status(), html)
    }
}

/// Logged where it becomes a page.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a page of the desk could not be shown");
        Self::OutOfOrder
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "a page of the desk could not be rendered");
        Self::OutOfOrder
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: &'a Frame<'a>,
    sentence: String,
}
