//! The log-in page: all that a stranger sees, at every path.

use askama::Template;
use http::StatusCode;

use super::back;
use crate::pages::Frame;
use crate::{Reply, Request};

/// Why the person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The person is not logged in.
    Stranger,
    /// The browser has a session's cookie, but there is no such session any more. Nobody learns whether there was one.
    Over,
    /// The provider's answer belongs to no log-in of this browser, or came too late.
    NotBegun,
    /// The person or the provider ended the log-in.
    NotCompleted,
    /// The person is in none of the desk's groups.
    NoRole,
    /// What the provider says of the person's office cannot be understood.
    UnclearOffice,
    /// The provider does not answer.
    ProviderOut,
    /// A table, the secret.
    OutOfOrder,
}

impl Reason {
    pub fn of_cookie(session: Option<&str>) -> Self {
        if session.is_some() { Self::Over } else { Self::Stranger }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Stranger | Self::Over => StatusCode::UNAUTHORIZED,
            Self::NotBegun | Self::NotCompleted => StatusCode::BAD_REQUEST,
            Self::NoRole | Self::UnclearOffice => StatusCode::FORBIDDEN,
            Self::ProviderOut | Self::OutOfOrder => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn in_vietnamese(self) -> Option<&'static str> {
        Some(match self {
            Self::Stranger => return None,
            Self::Over => "Phiên làm việc đã kết thúc. Anh/chị đăng nhập lại, hệ thống sẽ mở lại trang đang xem.",
            Self::NotBegun => {
                "Lần đăng nhập này đã quá hạn hoặc được bắt đầu ở trình duyệt khác. Anh/chị đăng nhập lại."
            }
            Self::NotCompleted => "Đăng nhập chưa thành công. Anh/chị thử lại.",
            Self::NoRole => {
                "Tài khoản này chưa được phân nhóm cán bộ một cửa, phụ trách hay kế toán. Anh/chị liên hệ người quản trị."
            }
            Self::UnclearOffice => "Tài khoản này ghi cơ quan chưa đúng. Anh/chị liên hệ người quản trị.",
            Self::ProviderOut => "Hệ thống đăng nhập tạm thời không trả lời. Anh/chị thử lại sau ít phút.",
            Self::OutOfOrder => "Hệ thống tạm thời không hoạt động. Anh/chị thử lại sau ít phút.",
        })
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LogInPage<'a> {
    frame: Frame<'a>,
    sentence: Option<&'static str>,
    /// Where the link leads: the page that was asked for is opened after the log-in.
    log_in: String,
}

pub(super) fn log_in(request: &Request, reason: Reason) -> Reply {
    let (frame, wanted) = (Frame::for_strangers(request), back::wanted(request));
    let back = form_urlencoded::byte_serialize(wanted.as_bytes()).collect::<String>();
    let log_in = frame.to("login") + &if back.is_empty() { back } else { format!("?back={back}") };
    rendered(reason.status(), &LogInPage { frame, sentence: reason.in_vietnamese(), log_in })
}

#[derive(Template)]
#[template(path = "stale_form.html")]
struct StaleFormPage<'a> {
    frame: Frame<'a>,
}

/// A form without this session's token: of an earlier session, or of another site. Nothing was done.
pub(super) fn stale_form(request: &Request) -> Reply {
    tracing::warn!("a form without the session's token was refused");
    rendered(StatusCode::FORBIDDEN, &StaleFormPage { frame: Frame::for_strangers(request) })
}

fn rendered(status: StatusCode, page: &impl Template) -> Reply {
    let html = page.render().unwrap_or_else(|error| {
        tracing::error!(%error, "a page of the log-in could not be rendered");
        String::new()
    });
    Reply::problem(status, html)
}
