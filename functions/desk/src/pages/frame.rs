//! What every page has around its content: the title, the way to the other pages, the log-out.

use askama::filters::Safe;
use domain::desk::{Role, Task};

use crate::assets::stylesheet;
use crate::request::Request;
use crate::session::Session;
use crate::visit::Visit;

/// The frame of a page.
pub(crate) struct Frame<'a> {
    /// The relative address of `/desk`.
    pub root: String,
    /// None on a page for strangers.
    pub session: Option<&'a Session>,
    /// The page that is open.
    here: &'a str,
}

/// A page in the menu.
pub(crate) struct Link {
    pub page: &'static str,
    pub name: &'static str,
    /// It is the one that is open.
    pub is_here: bool,
}

/// The menu: the page, whose task it is, its name.
const MENU: [(&str, Task, &str); 6] = [
    ("", Task::LookUp, "Tra cứu"),
    ("phone", Task::ByPhone, "Theo số điện thoại"),
    ("calls", Task::ToPhone, "Cần gọi điện"),
    ("letters", Task::Letters, "Thư xin lỗi"),
    ("inquiries", Task::Inquiries, "Tháng của 8083"),
    ("month", Task::Month, "Tổng hợp tháng"),
];

impl<'a> Frame<'a> {
    pub fn new(visit: &Visit<'a>) -> Self {
        Self { root: visit.request.root(), session: Some(visit.session), here: &visit.request.page }
    }

    /// Of a page that a stranger sees: without a menu.
    pub fn for_strangers(request: &'a Request) -> Self {
        Self { root: request.root(), session: None, here: &request.page }
    }

    pub fn stylesheet(&self) -> String {
        self.to(stylesheet())
    }

    /// The relative address of a page.
    pub fn to(&self, page: &str) -> String {
        if page.is_empty() { self.root.clone() } else { format!("{}/{page}", self.root) }
    }

    /// The hidden field that every form has: without the session's token it is refused.
    pub fn token(&self) -> Safe<String> {
        let Some(session) = self.session else { return Safe(String::new()) };
        let token = session.token.chars().filter(|letter| letter.is_ascii_alphanumeric() || "-_=.".contains(*letter));
        let token: String = token.collect();
        Safe(format!(r#"<input type="hidden" name="{}" value="{token}">"#, Session::TOKEN))
    }

    /// The relative address of the page that is open, without its parameters.
    pub fn here_again(&self) -> String {
        self.to(self.here)
    }

    pub fn looks_up(&self) -> bool {
        self.may(Task::LookUp)
    }

    pub fn may(&self, task: Task) -> bool {
        self.session.is_some_and(|session| session.staff.may(task))
    }

    /// Only the pages that are the person's task.
    pub fn menu(&self) -> Vec<Link> {
        let mine = MENU.into_iter().filter(|(_, task, _)| self.may(*task));
        mine.map(|(page, _, name)| Link { page, name, is_here: page == self.here }).collect()
    }

    /// `cán bộ một cửa, kế toán`
    pub fn roles(&self) -> String {
        let roles = self.session.iter().flat_map(|session| &session.staff.roles);
        roles.map(|role| Role::in_vietnamese(*role)).collect::<Vec<_>>().join(", ")
    }
}
