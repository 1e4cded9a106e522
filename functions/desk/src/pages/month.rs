//! The month: what was sent and what became of it, the late dossiers of each office, the cost; tables, charts and files.

use std::collections::BTreeMap;

use application::ports::DeskPorts;
use askama::Template;
use chrono::NaiveDate;
use domain::calendar::{clock_in_vietnam, dd_mm_yyyy};
use domain::desk::sums::{Due, Notices, Punctuality};
use domain::desk::{Month, csv};
use domain::notice::receipt::Reason;
use domain::text::staff::undelivered;

use super::asked_month::Around;
use super::{Frame, grouped};
use crate::Desk;
use crate::plot::{Bar, bars};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::sums::MonthSums;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage<'a> {
    frame: Frame<'a>,
    month: Month,
    around: Around,
    as_of: String,
    lost: usize,
    sums: Notices,
    reasons: Vec<(&'static str, u64)>,
    prices: Vec<(String, String)>,
    offices: BTreeMap<String, Punctuality>,
    plot: String,
    late_plot: String,
    notices_file: String,
    reasons_file: String,
    late_file: String,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn month(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        let (notices, due) = futures::join!(self.month_sums::<Notices>(month), self.month_sums::<Due>(month));
        let (notices, due) = (notices?, due?);
        let sums = notices.whole();
        let file = |of: &str| visit.to("month.csv", &[("month", &month.to_string()), ("of", of)]);
        let page = MonthPage {
            frame: Frame::new(visit),
            month,
            around: self.around(visit, "month", month),
            as_of: clock_in_vietnam(notices.as_of.min(due.as_of)),
            lost: notices.lost,
            reasons: reasons(&sums),
            prices: sums.prices.iter().map(|(currency, sum)| (currency.clone(), money(*sum, currency))).collect(),
            sums,
            offices: due.whole().by_office,
            plot: plot(&notices.days),
            late_plot: late_plot(&due.days),
            notices_file: file("notices"),
            reasons_file: file("reasons"),
            late_file: file("late"),
        };
        Ok(Reply::page(page.render()?))
    }

    pub(crate) async fn month_file(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        let (name, rows) = match visit.request.query("of") {
            Some("late") => ("tre-han", late_rows(&self.month_sums::<Due>(month).await?.days)),
            Some("reasons") => ("khong-den", reason_rows(&self.month_sums::<Notices>(month).await?.days)),
            _ => ("tin-nhan", notice_rows(&self.month_sums::<Notices>(month).await?)),
        };
        Ok(Reply::file(&format!("{name}-{month}.csv"), "text/csv; charset=utf-8", csv::file(rows)))
    }
}

/// The most frequent first.
fn reasons(sums: &Notices) -> Vec<(&'static str, u64)> {
    let mut reasons: Vec<_> = sums.undelivered.iter().map(|(name, count)| (in_vietnamese(name), *count)).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    reasons
}

fn in_vietnamese(reason: &str) -> &'static str {
    undelivered(Reason::named(reason).unwrap_or(Reason::Unknown))
}

/// The dong has no smaller unit.
fn money(sum: f64, currency: &str) -> String {
    if currency == "VND" { grouped(sum.round() as u64) } else { format!("{sum:.2}") }
}

fn plot(days: &[(NaiveDate, Notices)]) -> String {
    let bar = |(day, sums): &(NaiveDate, Notices)| Bar {
        name: day.format("%-d").to_string(),
        parts: vec![sums.delivered, sums.unknown, sums.not_arrived() + sums.failed],
    };
    bars("Số tin nhắn đã gửi theo ngày", &days.iter().map(bar).collect::<Vec<_>>(), &["one", "two", "three"])
}

fn late_plot(days: &[(NaiveDate, Due)]) -> String {
    let bar = |(day, sums): &(NaiveDate, Due)| {
        let late: u64 = sums.by_office.values().map(|counted| counted.late).sum();
        let due: u64 = sums.by_office.values().map(|counted| counted.due).sum();
        Bar { name: day.format("%-d").to_string(), parts: vec![late, due - late] }
    };
    bars("Số hồ sơ hẹn trả theo ngày", &days.iter().map(bar).collect::<Vec<_>>(), &["three", "one"])
}

fn notice_rows(sums: &MonthSums<Notices>) -> Vec<Vec<String>> {
    let heading =
        ["Ngày", "Đã gửi", "Đã đến", "Chưa rõ", "Không đến", "Không gửi được", "Đã hủy", "Đang chờ", "Số đoạn tin"];
    let currencies: Vec<_> = sums.whole().prices.into_keys().collect();
    let costs = currencies.iter().map(|currency| format!("Chi phí ({currency})"));
    let mut rows = vec![heading.into_iter().map(str::to_owned).chain(costs).collect::<Vec<_>>()];
    rows.extend(sums.days.iter().map(|(day, sums)| {
        let numbers = [
            sums.sent(),
            sums.delivered,
            sums.unknown,
            sums.not_arrived(),
            sums.failed,
            sums.cancelled,
            sums.waiting,
            sums.parts,
        ];
        let costs = currencies.iter().map(|currency| {
            let sum = sums.prices.get(currency).unwrap_or(&0.0);
            if currency == "VND" { format!("{sum:.0}") } else { format!("{sum:.2}") }
        });
        [dd_mm_yyyy(*day)].into_iter().chain(numbers.map(|number| number.to_string())).chain(costs).collect()
    }));
    rows
}

fn reason_rows(days: &[(NaiveDate, Notices)]) -> Vec<Vec<String>> {
    let mut rows = vec![["Ngày", "Lý do tin không đến", "Số tin"].map(str::to_owned).to_vec()];
    for (day, sums) in days {
        let of_day = sums.undelivered.iter();
        rows.extend(of_day.map(|(name, count)| vec![dd_mm_yyyy(*day), in_vietnamese(name).into(), count.to_string()]));
    }
    rows
}

fn late_rows(days: &[(NaiveDate, Due)]) -> Vec<Vec<String>> {
    let heading = ["Ngày hẹn trả (lần hẹn cuối)", "Cơ quan", "Số hồ sơ hẹn trả", "Trễ hạn"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for (day, sums) in days {
        rows.extend(sums.by_office.iter().map(|(office, counted)| {
            vec![dd_mm_yyyy(*day), office.clone(), counted.due.to_string(), counted.late.to_string()]
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use domain::desk::Role;
    use domain::desk::sums::Counted;
    use domain::notice::lifecycle::State;
    use domain::notice::receipt::Delivery;
    use serde_json::json;

    use super::*;
    use crate::testing::{AtTheDesk, Tables, dossier};

    fn tables() -> Tables {
        let sending = |day: &str, state, delivery, reason, price: f64| {
            let price = Some((price, "VND".to_owned()));
            (day.parse().unwrap(), Counted { state, delivery, reason, parts: 3, price })
        };
        let counted = vec![
            sending("2026-11-02", State::Sent, Some(Delivery::Delivered), None, 600.0),
            sending("2026-11-02", State::Sent, Some(Delivery::Undelivered), Some(Reason::Unreachable), 600.0),
            sending("2026-11-20", State::Failed, None, None, 0.0),
        ];
        let late = json!({"appointment_on": "2026-11-24", "result_on": "2026-11-25"});
        let of_office = json!({"receipt_code": "0161709999", "office": "+Sở Y tế", "appointment_on": "2026-11-24", "result_on": "2026-11-24"});
        Tables { counted, dossiers: vec![dossier(late), dossier(of_office)], ..Tables::default() }
    }

    #[test]
    fn a_month_shows_what_was_sent_what_failed_and_why_and_who_was_late() {
        let desk = AtTheDesk::new(Role::Supervisor, tables());
        let page = desk.get("month", &[]);
        assert_eq!((page.status, desk.audit()), (200, vec!["saw_month -".to_owned()]));
        for shown in [
            "Tổng hợp tháng 11/2026",
            "điện thoại của người nhận tắt máy hoặc ngoài vùng phủ sóng",
            "Chi phí theo báo của nhà mạng (VND)",
            "1.200",
            "Sở Văn hóa và Thể thao",
            "+Sở Y tế",
        ] {
            assert!(page.body.contains(shown), "{shown}");
        }
        assert_eq!(page.body.matches("<svg").count(), 2);
        assert_eq!(desk.tables().sums.len(), 3, "each day that has something is kept");
        let before = desk.get("month", &[("month", "2026-09")]);
        assert!(before.body.contains("Chưa có số liệu về tin nhắn của tháng này"));
    }

    #[test]
    fn each_table_is_a_file_without_formulas() {
        let desk = AtTheDesk::new(Role::Accountant, tables());
        let notices = desk.get("month.csv", &[("month", "2026-11"), ("of", "notices")]);
        let row = "02/11/2026,2,1,0,1,0,0,0,6,1200\r\n";
        assert!(notices.body.starts_with("\u{feff}Ngày,") && notices.body.contains(row), "{}", notices.body);
        let late = desk.get("month.csv", &[("month", "2026-11"), ("of", "late")]);
        assert!(late.body.contains("24/11/2026,'+Sở Y tế,1,0\r\n"), "{}", late.body);
        assert!(late.body.contains("24/11/2026,Sở Văn hóa và Thể thao,1,1\r\n"));
        let reasons = desk.get("month.csv", &[("month", "2026-11"), ("of", "reasons")]);
        let row = "02/11/2026,điện thoại của người nhận tắt máy hoặc ngoài vùng phủ sóng,1\r\n";
        assert!(reasons.body.ends_with(row) && reasons.body.lines().count() == 2, "{}", reasons.body);
        assert_eq!(desk.audit(), ["saved_month -", "saved_month -", "saved_month -"]);
    }

    #[test]
    fn a_clerk_reads_no_month() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        assert_eq!([desk.get("month", &[]).status, desk.get("month.csv", &[]).status], [403, 403]);
    }
}
