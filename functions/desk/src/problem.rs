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
    /// What was typed contains no code.
    #[error(
        "Không đọc được mã số biên nhận. Mã số chỉ gồm chữ cái không dấu, chữ số và các dấu . / - , như in trên \
         Giấy biên nhận. Ví dụ: 0161701234 hoặc 000.00.09.H32-201105-0003."
    )]
    NoCode,
    /// Neither a dossier nor a notice has the code.
    #[error(
        "Không có hồ sơ nào mang mã số này. Anh/chị đối chiếu lại từng ký tự với Giấy biên nhận (dễ nhầm số 0 với \
         chữ O, số 1 với chữ I). Hồ sơ vừa tiếp nhận có thể chưa được chuyển sang hệ thống."
    )]
    UnknownCode,
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
            Self::NothingHere | Self::UnknownCode => StatusCode::NOT_FOUND,
            Self::NotAllowed | Self::AnotherOffice => StatusCode::FORBIDDEN,
            Self::NoCode | Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::OutOfOrder => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::NoCode => "Không đọc được mã số",
            Self::UnknownCode => "Không có hồ sơ này",
            Self::NothingHere => "Không có trang này",
            Self::NotAllowed | Self::AnotherOffice => "Không có quyền",
            Self::Wrong(_) => "Chưa thực hiện được",
            Self::OutOfOrder => "Tạm thời chưa mở được",
        }
    }

    /// The page that says it.
    pub fn reply(&self, frame: &Frame<'_>) -> Reply {
        let page = ProblemPage {
            frame,
            title: self.title(),
            sentence: self.to_string(),
            shows_look_up: matches!(self, Self::NoCode | Self::UnknownCode),
        };
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
    title: &'static str,
    sentence: String,
    shows_look_up: bool,
}
