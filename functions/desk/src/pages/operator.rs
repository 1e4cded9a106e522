//! The operator's own file of a month beside our log: only theirs, only ours, different. The file is not kept.

use application::ports::{Clock, DeskPorts, InquiryDays, LoggedText, StoreError};
use askama::Template;
use domain::Phone;
use domain::calendar::{clock_in_vietnam, day_in_vietnam};
use domain::desk::compare::{Compared, Difference, Ours, Theirs, compare};
use domain::desk::sums::Inquiries;
use domain::desk::{Month, masked_sender};
use futures::StreamExt;

use super::Frame;
use crate::operator_file::{Columns, NotATable, Table};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;
use crate::{AT_ONCE, Desk};

/// The most lines of a list that are shown.
const MOST_SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "operator.html")]
struct OperatorPage<'a> {
    frame: Frame<'a>,
    month: Month,
    gateways: Vec<(String, bool)>,
    /// What is wrong with the file.
    problem: Option<String>,
    /// The columns of the file, to choose from; empty before there was one.
    choices: Vec<Choice>,
    result: Option<Lists>,
}

/// One of the columns that a person chooses.
struct Choice {
    field: &'static str,
    name: &'static str,
    /// The place in the file, its heading, and whether it is chosen.
    options: Vec<(usize, String, bool)>,
}

/// What the page shows of the comparison.
struct Lists {
    same: usize,
    lists: Vec<List>,
}

struct List {
    name: &'static str,
    about: &'static str,
    count: usize,
    lines: Vec<[String; 4]>,
}

/// What the page shows of a text of ours.
struct Shown {
    at: String,
    sender: String,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn operator_form(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        operator_page(visit, month, self.gateways(month).await?, None, Vec::new(), None)
    }

    /// Compares an uploaded file, or says what is wrong with it.
    pub(crate) async fn compare(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let month = self.asked_month(visit)?;
        let table = match read_table(visit) {
            Ok(table) => table,
            Err(problem) => {
                let gateways = self.gateways(month).await?;
                return operator_page(visit, month, gateways, Some(problem.to_string()), Vec::new(), None);
            }
        };
        let columns = chosen(visit, &table);
        let choices = choices(&table, columns);
        if !columns.are_enough() {
            let problem = "Chưa rõ cột nào là mã tin nhắn, hoặc số điện thoại và thời gian. Anh/chị chọn các cột ở dưới, chọn lại tệp rồi bấm “Đối chiếu”.";
            let gateways = self.gateways(month).await?;
            return operator_page(visit, month, gateways, Some(problem.to_owned()), choices, None);
        }
        let gateway = visit.request.field("gateway").unwrap_or_default();
        let ours = self.our_texts(month, gateway);
        let (ours, gateways) = futures::join!(ours, self.gateways(month));
        let result = lists(compare(ours?, table.theirs(columns)));
        operator_page(visit, month, gateways?, None, choices, Some(result))
    }

    /// Those that texts of the month came by.
    async fn gateways(&self, month: Month) -> Result<Vec<String>, StoreError> {
        Ok(self.month_sums::<Inquiries>(month).await?.whole().by_gateway.into_keys().collect())
    }

    async fn our_texts(&self, month: Month, gateway: &str) -> Result<Vec<Ours<Shown>>, StoreError> {
        let reads = month.days_until(day_in_vietnam(self.ports.clock().now())).map(async |day| {
            let (mut texts, mut after) = (Vec::new(), None);
            loop {
                let page = self.ports.inquiries().texts_of(day, after).await?;
                texts.extend(page.texts.into_iter().filter(|text| text.id.gateway() == gateway));
                after = page.next;
                if after.is_none() {
                    return Ok::<_, StoreError>(texts);
                }
            }
        });
        let days: Vec<_> = futures::stream::iter(reads).buffered(AT_ONCE).collect().await;
        let mut ours = Vec::new();
        for texts in days {
            ours.extend(texts?.into_iter().map(shown));
        }
        Ok(ours)
    }
}

fn operator_page(
    visit: &Visit<'_>,
    month: Month,
    gateways: Vec<String>,
    problem: Option<String>,
    choices: Vec<Choice>,
    result: Option<Lists>,
) -> Result<Reply, Problem> {
    let chosen = visit.request.field("gateway").unwrap_or_default();
    let is_chosen = |gateway: String| (gateway.clone(), gateway == chosen);
    let gateways = gateways.into_iter().map(is_chosen).collect();
    let page = OperatorPage { frame: Frame::new(visit), month, gateways, problem, choices, result };
    Ok(Reply::page(page.render()?))
}

fn shown(text: LoggedText) -> Ours<Shown> {
    Ours {
        id: text.id.message().to_owned(),
        phone: Phone::parse(&text.sender).ok(),
        at: text.received_at,
        charged: text.charged,
        shown: Shown { at: clock_in_vietnam(text.received_at), sender: masked_sender(&text.sender) },
    }
}

fn read_table(visit: &Visit<'_>) -> Result<Table, NotATable> {
    if visit.request.is_too_long {
        return Err(NotATable::TooLong);
    }
    Table::read(&visit.request.file.as_ref().ok_or(NotATable::Nothing)?.content)
}

/// The columns of the form, or those that the headings tell.
fn chosen(visit: &Visit<'_>, table: &Table) -> Columns {
    let column = |field| visit.request.field(field)?.parse().ok().filter(|at| *at < table.heading.len());
    if visit.request.field("id").is_none() {
        return table.guessed();
    }
    Columns { id: column("id"), phone: column("phone"), at: column("at"), amount: column("amount") }
}

fn choices(table: &Table, columns: Columns) -> Vec<Choice> {
    let kinds = [
        ("id", "Mã tin nhắn", columns.id),
        ("phone", "Số điện thoại", columns.phone),
        ("at", "Thời gian", columns.at),
        ("amount", "Số tiền", columns.amount),
    ];
    let choice = |(field, name, chosen)| {
        let options = table.heading.iter().enumerate().map(|(at, name)| {
            let name = if name.is_empty() { format!("cột {}", at + 1) } else { name.clone() };
            (at, name, chosen == Some(at))
        });
        Choice { field, name, options: options.collect() }
    };
    kinds.map(choice).into()
}

fn lists(compared: Compared<Shown>) -> Lists {
    let lists = vec![
        list(
            "Chỉ nhà mạng có",
            "Nhà mạng tính nhưng hệ thống không nhận được tin nào mang mã này.",
            compared.only_theirs.iter().map(|row| [row.id.clone(), line(row), String::new(), price(row)]),
        ),
        list(
            "Chỉ hệ thống có",
            "Hệ thống đã trả lời nhưng tệp của nhà mạng không có.",
            compared.only_ours.iter().map(|text| {
                [text.id.clone(), text.shown.at.clone(), text.shown.sender.clone(), charge(text.charged).to_owned()]
            }),
        ),
        list(
            "Khác nhau",
            "Hai bên đều có tin này nhưng ghi khác nhau.",
            compared.different.iter().map(|(text, row, differences)| {
                let told: Vec<_> = differences.iter().map(difference).collect();
                [
                    text.id.clone(),
                    format!("{}, {}", text.shown.at, line(row)),
                    text.shown.sender.clone(),
                    told.join("; "),
                ]
            }),
        ),
    ];
    Lists { same: compared.same, lists }
}

fn list(name: &'static str, about: &'static str, lines: impl ExactSizeIterator<Item = [String; 4]>) -> List {
    List { name, about, count: lines.len(), lines: lines.take(MOST_SHOWN).collect() }
}

fn line(row: &Theirs) -> String {
    format!("dòng {}", row.line)
}

fn price(row: &Theirs) -> String {
    row.amount.map(|amount| format!("{} đồng", super::grouped(amount))).unwrap_or_default()
}

fn charge(charged: bool) -> &'static str {
    if charged { "tính phí" } else { "không tính phí" }
}

fn difference(difference: &Difference) -> String {
    match difference {
        Difference::Amount { ours, theirs } => {
            format!("hệ thống {} đồng, nhà mạng {} đồng", super::grouped(*ours), super::grouped(*theirs))
        }
        Difference::Phone => "số điện thoại khác nhau".into(),
        Difference::Twice => "tệp của nhà mạng có nhiều dòng mang mã này".into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::InquiryId;
    use domain::desk::Role;
    use serde_json::json;

    use super::*;
    use crate::testing::{Answer, AtTheDesk, Tables};

    fn desk() -> AtTheDesk {
        let text = |id: &str, charged| LoggedText {
            id: InquiryId::new("kannel", id).unwrap(),
            sender: "84912345678".into(),
            charged,
            received_at: "2026-11-02T01:00:00Z".parse().unwrap(),
        };
        let texts = vec![text("a1", true), text("a2", true), text("a3", false)];
        AtTheDesk::new(Role::Accountant, Tables { texts, ..Tables::default() })
    }

    fn upload(desk: &AtTheDesk, content: &str, fields: &[(&str, &str)]) -> Answer {
        let field = |name: &str, value: &str| {
            format!("--x7\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let mut body: String =
            [("month", "2026-11"), ("gateway", "kannel")].iter().chain(fields).map(|(n, v)| field(n, v)).collect();
        body += &format!(
            "--x7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"t11.csv\"\r\n\r\n{content}\r\n--x7--\r\n"
        );
        let headers = json!({"content-type": "multipart/form-data; boundary=x7"});
        desk.ask(json!({"path": "/operator", "form": body, "headers": headers}))
    }

    #[test]
    fn what_only_one_side_has_and_what_differs_is_shown() {
        let desk = desk();
        let file =
            "request_id;msisdn;thành tiền\r\na1;84912345678;1000\r\na3;84912345678;1.000\r\n=z9;84900000000;1000\r\n";
        let page = upload(&desk, file, &[]);
        assert_eq!((page.status, desk.audit()), (200, vec!["uploaded_operator_file -".to_owned()]));
        for shown in [
            "1 tin giống nhau",
            "Chỉ nhà mạng có: 1 tin",
            "=z9",
            "dòng 4",
            "Chỉ hệ thống có: 1 tin",
            "a2",
            "Khác nhau: 1 tin",
            "hệ thống 0 đồng, nhà mạng 1.000 đồng",
            "09*****678",
        ] {
            assert!(page.body.contains(shown), "{shown}");
        }
        assert!(!page.body.contains("84912345678"));
    }

    #[test]
    fn the_columns_of_another_file_are_chosen() {
        let file = "Cột A,Cột B\r\n1,a1\r\n2,a2\r\n3,a3\r\n";
        let asked = upload(&desk(), file, &[]);
        assert!(asked.body.contains("Chưa rõ cột nào là mã tin nhắn") && asked.body.contains(">Cột B</option>"));
        let page = upload(&desk(), file, &[("id", "1"), ("phone", ""), ("amount", "")]);
        assert!(page.body.contains("3 tin giống nhau"));
        let file = "A,B,C\r\nx1,84912345678,02/11/2026 08:03\r\nx2,84912345678,02/11/2026 09:00\r\n";
        let page = upload(&desk(), file, &[("id", ""), ("phone", "1"), ("at", "2"), ("amount", "")]);
        assert!(page.body.contains("1 tin giống nhau") && page.body.contains("Chỉ hệ thống có: 2 tin"));
        let beyond = upload(&desk(), file, &[("id", "7")]);
        assert!(beyond.body.contains("Chưa rõ cột nào"));
    }

    #[test]
    fn what_is_no_csv_is_answered_with_what_to_do() {
        for (content, said) in
            [("PK\u{3}\u{4}", "Đây là tệp Excel"), ("xin chào", "chỉ có một cột"), ("\0", "không phải tệp CSV")]
        {
            let page = upload(&desk(), content, &[]);
            assert!(page.body.contains(said) && page.body.contains("type=\"file\""), "{said}");
        }
        let long = "a,b\n".repeat(1_100_000);
        assert!(upload(&desk(), &long, &[]).body.contains("Tệp quá lớn"));
        let nothing = desk().post("operator", &[("month", "2026-11")]);
        assert!(nothing.body.contains("chưa chọn tệp"));
    }

    #[test]
    fn a_script_in_a_file_is_text() {
        let page = upload(&desk(), "id,<script>x</script>\r\n<script>1</script>,2\r\n", &[]);
        assert!(page.status == 200 && !page.body.contains("<script"));
    }
}
