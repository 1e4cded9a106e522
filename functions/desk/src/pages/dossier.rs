//! One dossier: what is known of it, what was told to the citizen, and what was asked about it.

use application::ports::{Clock, DeskPorts, DossierStore, InquiryHistory, NoteStore, NoticeHistory, StoreError};
use askama::Template;
use chrono::NaiveDate;
use domain::calendar::{clock_in_vietnam, day_in_vietnam, dd_mm_yyyy};
use domain::desk::again::again;
use domain::desk::{Action, Deed, LONGEST_WORD, Note, Staff, Task, number_for, sender_for};
use domain::dossier::Contact;
use domain::dossier::deadline::Timeliness;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::State;
use domain::notice::nothing::{Nothing, why_nothing};
use domain::notice::receipt::Delivery;
use domain::notice::{NoticeRecord, Sending};
use domain::text::staff::{answered, subject, what_became_of};
use domain::{Dossier, ReceiptCode};

use super::Frame;
use super::records::said;
use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

/// The most inquiries that are shown.
const MOST_INQUIRIES: usize = 50;

#[derive(Template)]
#[template(path = "dossier.html")]
struct DossierPage<'a> {
    frame: Frame<'a>,
    code: &'a ReceiptCode,
    facts: Option<Vec<(&'static str, String)>>,
    /// Why the dossier, as it is now, requires no notice.
    nothing: Option<&'static str>,
    notices: Vec<Told>,
    inquiries: Vec<Asked>,
    /// Somebody just sent a notice again.
    is_sent_again: bool,
}

/// One sending of a notice.
struct Told {
    subject: &'static str,
    is_again: bool,
    sentence: String,
    tone: &'static str,
    times: Vec<(&'static str, String)>,
    text: Option<String>,
    /// What was done at the desk about it.
    notes: Vec<String>,
    /// Whether it may be sent again; None where another sending of the same notice says it.
    again: Option<MayGoAgain>,
}

struct MayGoAgain {
    notice: String,
    /// Why not.
    refused: Option<String>,
}

/// One text to 8083.
struct Asked {
    at: String,
    sender: String,
    text: String,
    reply: String,
    outcome: &'static str,
}

/// What the tables have of a dossier.
struct Known {
    /// None: there is no row. An error's place is `is_unreadable`.
    dossier: Option<Dossier>,
    is_unreadable: bool,
    history: Vec<NoticeRecord>,
    inquiries: Vec<Inquiry>,
    notes: Vec<Note>,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn dossier(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let code = visit.code().ok_or(Problem::NoCode)?;
        let known = self.all_about(&code).await?;
        if known.dossier.is_none() && !known.is_unreadable && known.history.is_empty() {
            return Err(Problem::UnknownCode);
        }
        let staff = &visit.session.staff;
        let sees = match &known.dossier {
            Some(dossier) => staff.sees(dossier, visit.office),
            // Nobody knows whose it was.
            None => staff.office.is_none(),
        };
        if !sees {
            self.note(visit, Action::WasRefused, Some(code), None).await?;
            return Err(Problem::AnotherOffice);
        }
        Ok(Reply::page(self.dossier_page(visit, &code, known).render()?))
    }

    /// One read of each table, at the same time.
    async fn all_about(&self, code: &ReceiptCode) -> Result<Known, StoreError> {
        let (dossier, history, inquiries, notes) = futures::join!(
            self.ports.dossiers().get(code),
            self.ports.notices().history(code),
            self.ports.inquiries().about(code, MOST_INQUIRIES),
            self.ports.book().notes(code)
        );
        let (dossier, is_unreadable) = match dossier {
            Ok(dossier) => (dossier, false),
            Err(StoreError::Unreadable { item, why }) => {
                tracing::error!(item, why, "a dossier that is looked up cannot be read");
                (None, true)
            }
            Err(error) => return Err(error),
        };
        let mut history = history?;
        history.sort_by_key(|record| (record.row.enqueued_at, record.row.key, record.sending));
        Ok(Known { dossier, is_unreadable, history, inquiries: inquiries?, notes: notes? })
    }

    fn dossier_page<'a>(&self, visit: &Visit<'a>, code: &'a ReceiptCode, known: Known) -> DossierPage<'a> {
        let staff = &visit.session.staff;
        let today = day_in_vietnam(self.ports.clock().now());
        let closed = &self.config.closed_steps;
        let rows: Vec<_> = known.history.iter().map(|record| record.row.clone()).collect();
        let nothing = match &known.dossier {
            Some(dossier) => why_nothing(dossier, &rows, today, closed),
            None if known.is_unreadable => Some(Nothing::Unreadable),
            None => None,
        };
        let facts = |dossier: &Dossier| {
            let timeliness = Timeliness::of(dossier, today, closed);
            facts(dossier, dossier.office().unwrap_or(visit.office), timeliness, staff)
        };
        DossierPage {
            frame: Frame::new(visit),
            code,
            facts: known.dossier.as_ref().map(facts),
            nothing: nothing.map(Nothing::in_vietnamese),
            notices: known.history.iter().map(|record| self.told(visit, &known, record)).collect(),
            inquiries: known.inquiries.iter().map(|inquiry| asked(inquiry, staff)).collect(),
            is_sent_again: visit.request.query("again").is_some(),
        }
    }

    fn told(&self, visit: &Visit<'_>, known: &Known, record: &NoticeRecord) -> Told {
        let is_this = |note: &&Note| note.id.key == record.row.key && note.id.sending == record.sending;
        Told {
            subject: subject(record.row.key.kind()),
            is_again: record.sending != Sending::First,
            sentence: what_became_of(record),
            tone: tone(record),
            times: times(record, &visit.session.staff),
            text: record.copy.as_ref().map(|copy| copy.text.clone()),
            notes: known.notes.iter().filter(is_this).map(noted).collect(),
            again: self.may_go_again(visit, known, record),
        }
    }

    /// At the last sending of each notice.
    fn may_go_again(&self, visit: &Visit<'_>, known: &Known, record: &NoticeRecord) -> Option<MayGoAgain> {
        let dossier = known.dossier.as_ref().filter(|_| visit.session.staff.may(Task::SendAgain))?;
        let key = record.row.key;
        if known.history.iter().any(|other| other.row.key == key && other.sending > record.sending) {
            return None;
        }
        let day = day_in_vietnam(self.config.window.next_open(self.ports.clock().now()));
        let may = again(&key, &known.history, dossier, day, &self.config.closed_steps);
        Some(MayGoAgain { notice: key.to_string(), refused: may.err().map(|refused| refused.to_string()) })
    }
}

/// `Đã gọi điện: Trần Thị Lan, 10:30 26/11/2026 – đã nghe máy`
fn noted(note: &Note) -> String {
    let deed = match note.deed {
        Deed::Called => "Đã gọi điện",
        Deed::SentAgain => "Gửi lại theo yêu cầu",
    };
    format!("{deed}: {}", said(note))
}

fn facts(dossier: &Dossier, office: &str, timeliness: Timeliness, staff: &Staff) -> Vec<(&'static str, String)> {
    let day = |day: NaiveDate| dd_mm_yyyy(day);
    let appointment = format!("{} ({})", day(dossier.appointment_on()), timeliness.to_string().to_lowercase());
    let mut facts = vec![
        ("Thủ tục", dossier.procedure().to_owned()),
        ("Cơ quan", office.to_owned()),
        ("Bước hiện tại", dossier.step().to_owned()),
        ("Trạng thái", dossier.status().to_owned()),
        ("Đang ở", dossier.unit().to_owned()),
        ("Ngày nhận", day(dossier.received_on())),
        ("Ngày hẹn trả", appointment),
    ];
    facts.extend(dossier.result_on().map(|result_on| ("Ngày có kết quả", day(result_on))));
    facts.push(("Số điện thoại", phone_of(dossier, staff)));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn phone_of(dossier: &Dossier, staff: &Staff) -> String {
    match dossier.contact() {
        None => "không có".into(),
        Some(Contact::Mobile(phone)) => number_for(staff, phone),
        Some(Contact::Unusable(_)) => "có, nhưng không nhận được tin nhắn".into(),
    }
}

fn times(record: &NoticeRecord, staff: &Staff) -> Vec<(&'static str, String)> {
    let report = record.report.and_then(|report| report.at);
    let mut times = vec![("Lập lúc", clock_in_vietnam(record.row.enqueued_at))];
    times.extend(record.sent_at.map(|at| ("Gửi lúc", clock_in_vietnam(at))));
    times.extend(report.map(|at| ("Nhà mạng báo lúc", clock_in_vietnam(at))));
    let due_at = record.row.due_at.filter(|_| record.row.state == State::Pending);
    times.extend(due_at.map(|at| ("Dự kiến gửi từ", clock_in_vietnam(at))));
    times.extend(record.copy.as_ref().map(|copy| ("Gửi đến số", number_for(staff, &copy.phone))));
    times
}

/// The class of the sentence: its colour repeats what the sentence says.
fn tone(record: &NoticeRecord) -> &'static str {
    match (record.row.state, record.report.map(|report| report.delivery)) {
        (_, Some(Delivery::Delivered)) => "good",
        (_, Some(Delivery::Undelivered)) | (State::Failed, _) => "bad",
        (_, Some(Delivery::Unknown)) => "warn",
        _ => "",
    }
}

fn asked(inquiry: &Inquiry, staff: &Staff) -> Asked {
    Asked {
        at: clock_in_vietnam(inquiry.received_at),
        sender: sender_for(staff, &inquiry.sender),
        text: inquiry.text.clone(),
        reply: inquiry.reply.clone(),
        outcome: answered(inquiry.outcome),
    }
}

#[cfg(test)]
mod tests {
    use domain::InquiryId;
    use domain::desk::Role;
    use domain::event::InquiryOutcome;
    use serde_json::json;

    use super::*;
    use crate::testing::{AtTheDesk, NOW, Tables, dossier, undelivered};

    const CODE: &str = "0161701234";
    const INJECTED: &str = "<script>alert(1)</script>";

    fn inquiry(text: &str) -> Inquiry {
        Inquiry {
            id: InquiryId::new("kannel", "7").unwrap(),
            sender: "84987654321".into(),
            text: text.into(),
            receipt_code: ReceiptCode::parse(CODE).ok(),
            reply: "Hồ sơ đang ở bước Trả kết quả".into(),
            outcome: InquiryOutcome::Answered,
            charged: true,
            call: None,
            received_at: NOW.parse().unwrap(),
        }
    }

    fn tables() -> Tables {
        Tables {
            dossiers: vec![dossier(json!({}))],
            notices: vec![(ReceiptCode::parse(CODE).unwrap(), undelivered("result#3", "TB: Hồ sơ của Ông/Bà"))],
            inquiries: vec![inquiry("MCKH 0161701234")],
            ..Tables::default()
        }
    }

    #[test]
    fn a_clerk_reads_what_was_told_when_in_which_words_and_what_became_of_it() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        let page = desk.get("dossier", &[("code", CODE)]);
        assert_eq!(page.status, 200);
        for shown in [
            "Cấp thẻ hướng dẫn viên du lịch nội địa",
            "27/11/2026 (đúng hạn)",
            "Báo có kết quả",
            "Tin nhắn đã gửi nhưng không đến được: điện thoại của người nhận tắt máy hoặc ngoài vùng phủ sóng.",
            "10:30 26/11/2026",
            "TB: Hồ sơ của Ông/Bà",
            "09*****678",
            "09*****321",
            "MCKH 0161701234",
            "Hồ sơ đang ở bước Trả kết quả",
        ] {
            assert!(page.body.contains(shown), "{shown}");
        }
        assert!(!page.body.contains("345") && !page.body.contains("0912"), "the middle digits are masked");
        assert_eq!(desk.audit(), ["looked_up 0161701234"]);
    }

    #[test]
    fn a_supervisor_reads_whole_numbers() {
        let page = AtTheDesk::new(Role::Supervisor, tables()).get("dossier", &[("code", CODE)]);
        assert!(page.body.contains("0912 345 678") && page.body.contains("0987 654 321"));
    }

    #[test]
    fn where_nothing_was_sent_the_page_says_why() {
        for (changes, why) in [
            (json!({"same_day": true}), "Thủ tục được giải quyết trong ngày"),
            (json!({"phone": null}), "Hồ sơ không có số điện thoại"),
            (json!({"phone": "02583822229"}), "là số cố định"),
            (json!({"silent": true, "revision": 0}), "nạp hồ sơ lần đầu"),
        ] {
            let tables = Tables { dossiers: vec![dossier(changes)], ..Tables::default() };
            let page = AtTheDesk::new(Role::Clerk, tables).get("dossier", &[("code", CODE)]);
            assert!(page.body.contains(why) && page.body.contains("Chưa có tin nhắn nào"), "{why}");
        }
    }

    #[test]
    fn a_clerk_of_an_office_is_refused_anothers_dossier_and_that_is_noted() {
        for (office, status) in [("Sở Y tế", 403), ("Sở Văn hóa và Thể thao", 200)] {
            let desk = AtTheDesk::of_office(Role::Clerk, Some(office), tables());
            let page = desk.get("dossier", &[("code", CODE)]);
            assert_eq!(page.status, status, "{office}");
            assert_eq!(page.body.contains("hướng dẫn viên"), status == 200);
            assert_eq!(desk.audit().contains(&"was_refused 0161701234".to_owned()), status == 403);
        }
    }

    #[test]
    fn nothing_is_known_of_an_accountants_dossiers() {
        let desk = AtTheDesk::new(Role::Accountant, tables());
        let page = desk.get("dossier", &[("code", CODE)]);
        assert_eq!((page.status, desk.audit()), (403, vec!["was_refused -".to_owned()]));
        assert!(!page.body.contains("hướng dẫn viên"));
    }

    #[test]
    fn a_script_in_any_text_is_text() {
        let fields = ["procedure", "step", "status", "unit", "office"];
        for field in fields {
            let tables = Tables { dossiers: vec![dossier(json!({field: INJECTED}))], ..Tables::default() };
            let page = AtTheDesk::new(Role::Clerk, tables).get("dossier", &[("code", CODE)]);
            assert!(page.status == 200 && !page.body.contains("<script"), "{field}");
        }
        let mut all = tables();
        all.notices[0].1 = undelivered("result#3", INJECTED);
        all.inquiries = vec![Inquiry { reply: INJECTED.into(), sender: INJECTED.into(), ..inquiry(INJECTED) }];
        for role in [Role::Clerk, Role::Supervisor] {
            let tables = Tables { dossiers: all.dossiers.clone(), ..tables() };
            let page = AtTheDesk::new(
                role,
                Tables { notices: all.notices.clone(), inquiries: all.inquiries.clone(), ..tables },
            );
            assert!(!page.get("dossier", &[("code", CODE)]).body.contains("<script"));
        }
    }

    #[test]
    fn without_its_audit_entry_no_page_is_shown() {
        let desk = AtTheDesk::new(Role::Clerk, Tables { audit_is_out_of_order: true, ..tables() });
        let page = desk.get("dossier", &[("code", CODE)]);
        assert!(page.status == 503 && !page.body.contains("hướng dẫn viên"));
    }

    #[test]
    fn a_table_that_does_not_answer_is_a_sentence() {
        let desk = AtTheDesk::new(Role::Clerk, Tables { is_out_of_order: true, ..tables() });
        let page = desk.get("dossier", &[("code", CODE)]);
        assert!(page.status == 503 && page.body.contains("tạm thời không đọc được dữ liệu"));
    }

    #[test]
    fn an_unknown_code_is_404_and_says_how_codes_look() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        let page = desk.get("dossier", &[("code", "0000000000")]);
        assert!(page.status == 404 && page.body.contains("Giấy biên nhận") && page.body.contains("name=\"code\""));
        let page = desk.get("dossier", &[("code", "Nguyễn Văn A")]);
        assert!(page.status == 400 && page.body.contains("000.00.09.H32-201105-0003"));
    }

    #[test]
    fn notices_of_a_dossier_that_is_gone_are_shown_to_those_who_see_every_office() {
        let gone = || Tables { dossiers: Vec::new(), ..tables() };
        let page = AtTheDesk::new(Role::Clerk, gone()).get("dossier", &[("code", CODE)]);
        assert!(page.status == 200 && page.body.contains("không còn đọc được") && page.body.contains("Báo có kết quả"));
        let bound = AtTheDesk::of_office(Role::Clerk, Some("Sở Y tế"), gone());
        assert_eq!(bound.get("dossier", &[("code", CODE)]).status, 403);
    }
}
