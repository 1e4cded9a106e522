//! The month of 8083: how many texts, charged to citizens or not, by gateway and day; as a page and as a file.

use application::ports::DeskPorts;
use askama::Template;
use chrono::NaiveDate;
use domain::calendar::{clock_in_vietnam, dd_mm_yyyy};
use domain::desk::sums::{Inquiries, Texts};
use domain::desk::{Month, csv};

use super::asked_month::Around;
use super::{Frame, grouped};
use crate::Desk;
use crate::plot::{Bar, bars};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "inquiries.html")]
struct InquiriesPage<'a> {
    frame: Frame<'a>,
    month: Month,
    around: Around,
    as_of: String,
    lost: usize,
    gateways: Vec<(String, Texts)>,
    all: Texts,
    days: Vec<(String, String, Texts)>,
    plot: String,
    file: String,
    operator: String,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn inquiries(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        let sums = self.month_sums::<Inquiries>(month).await?;
        let whole = sums.whole();
        let page = InquiriesPage {
            frame: Frame::new(visit),
            month,
            around: self.around(visit, "inquiries", month),
            as_of: clock_in_vietnam(sums.as_of),
            lost: sums.lost,
            all: whole.all(),
            gateways: whole.by_gateway.into_iter().collect(),
            plot: plot(&sums.days),
            days: rows(&sums.days).map(|(day, gateway, texts)| (dd_mm_yyyy(day), gateway.to_owned(), texts)).collect(),
            file: visit.to("inquiries.csv", &[("month", &month.to_string())]),
            operator: visit.to("operator", &[("month", &month.to_string())]),
        };
        Ok(Reply::page(page.render()?))
    }

    pub(crate) async fn inquiries_file(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        let sums = self.month_sums::<Inquiries>(month).await?;
        let heading = ["Ngày", "Cổng nhắn tin", "Số tin tính phí", "Số tin không tính phí", "Thành tiền (đồng)"];
        let row = |(day, gateway, texts): (NaiveDate, &str, Texts)| {
            let numbers = [texts.charged, texts.free, texts.vnd()].map(|number| number.to_string());
            [dd_mm_yyyy(day), gateway.to_owned()].into_iter().chain(numbers).collect::<Vec<_>>()
        };
        let file = csv::file([heading.map(str::to_owned).to_vec()].into_iter().chain(rows(&sums.days).map(row)));
        Ok(Reply::file(&format!("8083-{month}.csv"), "text/csv; charset=utf-8", file))
    }
}

fn rows(days: &[(NaiveDate, Inquiries)]) -> impl Iterator<Item = (NaiveDate, &str, Texts)> {
    days.iter().flat_map(|(day, sums)| sums.by_gateway.iter().map(|(gateway, texts)| (*day, gateway.as_str(), *texts)))
}

fn plot(days: &[(NaiveDate, Inquiries)]) -> String {
    let bar = |(day, sums): &(NaiveDate, Inquiries)| {
        let all = sums.all();
        Bar { name: day.format("%-d").to_string(), parts: vec![all.charged, all.free] }
    };
    bars("Số tin nhắn đến 8083 theo ngày", &days.iter().map(bar).collect::<Vec<_>>(), &["one", "two"])
}

#[cfg(test)]
mod tests {
    use application::ports::LoggedText;
    use domain::InquiryId;
    use domain::desk::Role;

    use crate::testing::{AtTheDesk, Tables};

    fn text(gateway: &str, id: &str, at: &str, charged: bool) -> LoggedText {
        let id = InquiryId::new(gateway, id).unwrap();
        LoggedText { id, sender: "84912345678".into(), charged, received_at: at.parse().unwrap() }
    }

    fn tables() -> Tables {
        let texts = vec![
            text("kannel", "1", "2026-11-02T01:00:00Z", true),
            text("kannel", "2", "2026-11-02T02:00:00Z", true),
            text("kannel", "3", "2026-11-02T03:00:00Z", false),
            text("vcom", "4", "2026-11-25T18:00:00Z", true),
            text("kannel", "5", "2026-10-31T16:59:59Z", true),
            text("=cmd", "6", "2026-10-31T16:59:59Z", true),
        ];
        Tables { texts, ..Tables::default() }
    }

    #[test]
    fn an_accountant_reads_what_a_month_of_8083_costs() {
        let desk = AtTheDesk::new(Role::Accountant, tables());
        let page = desk.get("inquiries", &[]);
        assert_eq!((page.status, desk.audit()), (200, vec!["saw_inquiries -".to_owned()]));
        for shown in ["tháng 11/2026", "3.000", "02/11/2026", "26/11/2026", "<svg", "month=2026-10"] {
            assert!(page.body.contains(shown), "{shown}");
        }
        assert!(!page.body.contains("0912") && !page.body.contains("84912"), "no number");
        let october = desk.get("inquiries", &[("month", "2026-10")]);
        assert!(october.body.contains("tháng 10/2026") && october.body.contains("31/10/2026"));
    }

    #[test]
    fn the_file_of_a_month_opens_in_excel_and_executes_nothing() {
        let desk = AtTheDesk::new(Role::Accountant, tables());
        let file = desk.get("inquiries.csv", &[("month", "2026-11")]);
        let expected = "\u{feff}Ngày,Cổng nhắn tin,Số tin tính phí,Số tin không tính phí,Thành tiền (đồng)\r\n\
                        02/11/2026,kannel,2,1,2000\r\n26/11/2026,vcom,1,0,1000\r\n";
        assert_eq!((file.status, file.body.as_str()), (200, expected));
        let october = desk.get("inquiries.csv", &[("month", "2026-10")]);
        assert!(october.body.contains(",'=cmd,"), "{}", october.body);
    }

    #[test]
    fn a_day_that_is_over_is_counted_once() {
        let desk = AtTheDesk::new(Role::Accountant, tables());
        desk.get("inquiries", &[("month", "2026-10")]);
        assert_eq!(desk.tables().days_counted, 31);
        desk.get("inquiries", &[("month", "2026-10")]);
        let counted = desk.tables().days_counted;
        assert_eq!(counted, 31 + 30, "a day that had none is looked at again");
        let old = desk.get("inquiries", &[("month", "2020-01")]);
        assert!(old.body.contains("31 ngày của tháng này không còn dữ liệu"));
        assert_eq!(desk.tables().days_counted, counted, "what is deleted is not counted as none");
    }

    #[test]
    fn a_clerk_reads_no_bill_and_a_wrong_month_is_a_sentence() {
        let clerk = AtTheDesk::new(Role::Clerk, tables());
        assert!(["inquiries", "inquiries.csv", "operator"].iter().all(|page| clerk.get(page, &[]).status == 403));
        let desk = AtTheDesk::new(Role::Accountant, tables());
        assert_eq!(desk.get("inquiries", &[("month", "tháng trước")]).status, 400);
        assert!(desk.get("inquiries", &[("month", "2199-01")]).body.contains("tháng 11/2026"), "not the future");
    }
}
