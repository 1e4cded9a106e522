//! Which month a page shows, and the addresses of its neighbours.

use application::ports::{Clock, DeskPorts};
use domain::calendar::day_in_vietnam;
use domain::desk::Month;

use crate::Desk;
use crate::problem::Problem;
use crate::session::Door;
use crate::visit::Visit;

/// The addresses of the months before and after.
pub(super) struct Around {
    pub before: String,
    pub after: Option<String>,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    /// `?month=`, or this month.
    pub(super) fn asked_month(&self, visit: &Visit<'_>) -> Result<Month, Problem> {
        let this = Month::of(day_in_vietnam(self.ports.clock().now()));
        let asked =
            visit.request.query("month").or_else(|| visit.request.field("month")).filter(|text| !text.is_empty());
        let wrong = |_| Problem::Wrong("Tháng không đúng. Anh/chị chọn lại tháng, ví dụ 2026-11.".into());
        Ok(asked.map(|text| text.parse().map_err(wrong)).transpose()?.unwrap_or(this).min(this))
    }

    pub(super) fn around(&self, visit: &Visit<'_>, page: &str, month: Month) -> Around {
        let this = Month::of(day_in_vietnam(self.ports.clock().now()));
        let to = |month: Month| visit.to(page, &[("month", &month.to_string())]);
        Around { before: to(month.before()), after: (month < this).then(|| to(month.after())) }
    }
}
