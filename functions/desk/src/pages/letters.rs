//! The evening's letters: the dossiers that were apologised to, by office, and a slip to print for each. The citizen's
//! name, the reason, the new appointment and the signature are left blank: the system has none of them.

use std::collections::{BTreeMap, HashMap};

use application::ports::{Apologies, Clock, DeskPorts, DossierFinder, PageMark, StoreError};
use askama::Template;
use chrono::{Days, NaiveDate};
use domain::calendar::dd_mm_yyyy;
use domain::desk::letters::is_second;
use domain::desk::{Action, a_day};
use domain::notice::NoticeRecord;
use domain::notice::lifecycle::State;
use domain::text::staff::what_became_of;
use domain::{Dossier, NoticeId, NoticeKey};
use futures::future::try_join_all;

use super::Frame;
use super::records::{codes_of, the_record};
use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

/// Rows of the index that are read at a time.
const ROWS: usize = 40;
/// The letters of a page, about.
const LETTERS: usize = 40;
/// The most pages of the index for one page of the desk: rows of other kinds and offices show nothing.
const MOST_PAGES: usize = 8;

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage<'a> {
    frame: Frame<'a>,
    evening: NaiveDate,
    appointment: String,
    /// Each with the address of its slips.
    offices: Vec<(String, String, Vec<Row>)>,
    next: Option<String>,
    before: String,
    after: Option<String>,
}

struct Row {
    code: String,
    address: String,
    slip: String,
    procedure: String,
    sentence: String,
    is_second: bool,
    is_done: bool,
}

#[derive(Template)]
#[template(path = "slips.html")]
struct SlipsPage<'a> {
    frame: Frame<'a>,
    slips: Vec<Slip>,
    back: String,
}

/// Phiếu xin lỗi và hẹn lại ngày trả kết quả.
struct Slip {
    code: String,
    office: String,
    procedure: String,
    received_on: String,
    appointment_on: String,
    is_second: bool,
}

/// A dossier that was apologised to.
struct Letter {
    day: NaiveDate,
    record: NoticeRecord,
    dossier: Dossier,
    is_second: bool,
    /// The result is there now: there is nothing to apologise for any more, or it is said with the result.
    is_done: bool,
}

impl Letter {
    fn office<'a>(&'a self, visit: &Visit<'a>) -> &'a str {
        self.dossier.office().unwrap_or(visit.office)
    }
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn letters(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let (evening, after) = self.asked_evening(visit)?;
        let (letters, next) = self.letters_of(visit, evening, after.clone()).await?;
        let codes: Vec<_> = letters.iter().map(|letter| letter.dossier.receipt_code().as_str()).collect();
        let day = evening.to_string();
        self.note(visit, Action::SawLetters, None, Some(format!("{day} {}", codes.join(" ")))).await?;
        let beside = |day: NaiveDate| visit.to("letters", &[("evening", &day.to_string())]);
        let mark = after.as_ref().map_or("", |PageMark(mark)| mark.as_str());
        let page = LettersPage {
            frame: Frame::new(visit),
            evening,
            appointment: dd_mm_yyyy(evening + Days::new(1)),
            offices: by_office(visit, &day, mark, &letters),
            next: next.map(|PageMark(mark)| visit.to("letters", &[("evening", &day), ("after", &mark)])),
            before: beside(evening - Days::new(1)),
            after: (evening < self.last_evening()).then(|| beside(evening + Days::new(1))),
        };
        Ok(Reply::page(page.render()?))
    }

    /// The slips of one dossier (`?code=`), or of an office on a page of the list.
    pub(crate) async fn slips(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let (evening, after) = self.asked_evening(visit)?;
        let (mut letters, _) = match visit.code() {
            Some(code) => {
                let id = NoticeId::new(code, NoticeKey::Apology(evening + Days::new(1)));
                (self.opened(visit, vec![id]).await?, None)
            }
            None => self.letters_of(visit, evening, after).await?,
        };
        if letters.is_empty() && visit.code().is_some() && visit.session.staff.office.is_some() {
            self.note(visit, Action::WasRefused, visit.code(), Some(evening.to_string())).await?;
        }
        let office = visit.request.query("office");
        letters.retain(|letter| !letter.is_done && office.is_none_or(|office| letter.office(visit) == office));
        let code = |letter: &Letter| Some(letter.dossier.receipt_code().clone());
        let opened = |letter| self.note(visit, Action::OpenedLetter, code(letter), Some(evening.to_string()));
        try_join_all(letters.iter().map(opened)).await?;
        let slips: Vec<_> = letters.iter().map(|letter| slip(visit, letter)).collect();
        if slips.is_empty() {
            return Err(Problem::Wrong(
                "Không có phiếu nào để in: hồ sơ không có tin xin lỗi của ngày này, hoặc đã có kết quả.".into(),
            ));
        }
        let back = visit.to("letters", &[("evening", &evening.to_string())]);
        Ok(Reply::page(SlipsPage { frame: Frame::new(visit), slips, back }.render()?))
    }

    fn last_evening(&self) -> NaiveDate {
        self.config.evenings.last(self.ports.clock().now())
    }

    fn asked_evening(&self, visit: &Visit<'_>) -> Result<(NaiveDate, Option<PageMark>), Problem> {
        let wrong = || Problem::Wrong("Ngày không đúng. Anh/chị chọn lại ngày trong ô “Buổi tối ngày”.".into());
        let evening = match visit.request.query("evening").filter(|day| !day.is_empty()) {
            Some(day) => a_day(day).ok_or_else(wrong)?,
            None => self.last_evening(),
        };
        let after = visit.request.query("after").filter(|mark| !mark.is_empty());
        Ok((evening.min(self.last_evening()), after.map(|mark| PageMark(mark.to_owned()))))
    }

    /// A page of the evening's letters that this person may see.
    async fn letters_of(
        &self,
        visit: &Visit<'_>,
        evening: NaiveDate,
        mut after: Option<PageMark>,
    ) -> Result<(Vec<Letter>, Option<PageMark>), StoreError> {
        let (tomorrow, evenings) = (evening + Days::new(1), self.config.evenings);
        let within = evenings.begin(evening)..evenings.begin(tomorrow);
        let mut letters = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.ports.notices().apologies(tomorrow, within.clone(), after, ROWS).await?;
            letters.extend(self.opened(visit, page.ids).await?);
            after = page.next;
            if after.is_none() || letters.len() >= LETTERS {
                break;
            }
        }
        Ok((letters, after))
    }

    /// The letters of apologies: not of those that were cancelled, because the result was there or the appointment was
    /// moved before.
    async fn opened(&self, visit: &Visit<'_>, ids: Vec<NoticeId>) -> Result<Vec<Letter>, StoreError> {
        let codes = codes_of(&ids);
        let (dossiers, histories) = futures::join!(self.ports.dossiers().all(&codes), self.histories(&codes));
        let seen = dossiers?.into_iter().filter(|dossier| visit.session.staff.sees(dossier, visit.office));
        let dossiers: HashMap<_, _> = seen.map(|dossier| (dossier.receipt_code().clone(), dossier)).collect();
        let histories = histories?;
        let letter = |id: &NoticeId| {
            let NoticeKey::Apology(day) = id.key else { return None };
            let (dossier, history) = (dossiers.get(&id.receipt_code)?, &histories[&id.receipt_code]);
            let record = the_record(id, history)?.clone();
            let is_promised = !matches!(record.row.state, State::Cancelled | State::Expired);
            let (is_second, is_done) = (is_second(day, history), dossier.is_done(&self.config.closed_steps));
            is_promised.then(|| Letter { day, record, dossier: dossier.clone(), is_second, is_done })
        };
        Ok(ids.iter().filter_map(letter).collect())
    }
}

fn by_office(visit: &Visit<'_>, evening: &str, mark: &str, letters: &[Letter]) -> Vec<(String, String, Vec<Row>)> {
    let mut offices: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for letter in letters {
        offices.entry(letter.office(visit)).or_default().push(row(visit, evening, letter));
    }
    let slips = |office: &str| visit.to("slips", &[("evening", evening), ("after", mark), ("office", office)]);
    offices.into_iter().map(|(office, rows)| (office.to_owned(), slips(office), rows)).collect()
}

fn row(visit: &Visit<'_>, evening: &str, letter: &Letter) -> Row {
    let code = letter.dossier.receipt_code();
    Row {
        code: code.to_string(),
        address: visit.to_dossier(code),
        slip: visit.to("slips", &[("evening", evening), ("code", code.as_str())]),
        procedure: letter.dossier.procedure().to_owned(),
        sentence: what_became_of(&letter.record),
        is_second: letter.is_second,
        is_done: letter.is_done,
    }
}

fn slip(visit: &Visit<'_>, letter: &Letter) -> Slip {
    let dossier = &letter.dossier;
    Slip {
        code: dossier.receipt_code().to_string(),
        office: letter.office(visit).to_owned(),
        procedure: dossier.procedure().to_owned(),
        received_on: dd_mm_yyyy(dossier.received_on()),
        // The one that is missed, although it may have been moved since.
        appointment_on: dd_mm_yyyy(letter.day),
        is_second: letter.is_second,
    }
}

#[cfg(test)]
mod tests {
    use domain::ReceiptCode;
    use domain::desk::Role;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{AtTheDesk, Tables, dossier, undelivered};

    const CODE: &str = "0161701234";
    /// At half past ten on the 26th, the last evening is the 25th's: it apologised for the 26th.
    const EVENING: &str = "2026-11-25";

    fn apology(day: &str, evening: &str, state: State) -> (ReceiptCode, NoticeRecord) {
        let mut record = undelivered(&format!("apology#{day}"), "TB");
        record.row.enqueued_at = format!("{evening}T10:30:05Z").parse().unwrap();
        record.row.state = state;
        (ReceiptCode::parse(CODE).unwrap(), record)
    }

    fn tables(changes: Value) -> Tables {
        let mut late = json!({"step": "Thẩm định", "result_on": null, "appointment_on": "2026-11-26"});
        late.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let notices = vec![apology("2026-11-26", EVENING, State::Sent)];
        Tables { dossiers: vec![dossier(late)], notices, ..Tables::default() }
    }

    #[test]
    fn an_evenings_apologies_are_listed_by_office_with_a_slip_each() {
        let desk = AtTheDesk::new(Role::Clerk, tables(json!({})));
        let page = desk.get("letters", &[]);
        assert_eq!((page.status, desk.audit()), (200, vec!["saw_letters -".to_owned()]));
        assert!(page.body.contains("hẹn trả ngày 26/11/2026") && page.body.contains(CODE));
        assert!(page.body.contains("slips?evening=2026-11-25&#38;code=0161701234"), "{}", page.body);
        assert!(!page.body.contains("Xin lỗi lần thứ hai"));
        let other = desk.get("letters", &[("evening", "2026-11-24")]);
        assert!(other.body.contains("không có hồ sơ nào phải xin lỗi"));
    }

    #[test]
    fn a_slip_has_blanks_for_what_the_system_does_not_know() {
        let desk = AtTheDesk::new(Role::Clerk, tables(json!({"appointment_on": "2026-12-05"})));
        let page = desk.get("slips", &[("evening", EVENING), ("code", CODE)]);
        assert_eq!((page.status, desk.audit()), (200, vec![format!("opened_letter {CODE}")]));
        assert!(page.body.contains("PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ"));
        assert!(page.body.contains("Ngày hẹn trả kết quả: 26/11/2026"), "the missed one, though it was moved since");
        assert_eq!(page.body.matches("class=\"slip\"").count(), 1);
        // The name, the reason in two lines, the new appointment, the number and the date of the slip.
        let blanks = |size: &str| page.body.matches(&format!("class=\"blank {size}\"")).count();
        assert_eq!((blanks("long"), blanks("line"), blanks("tiny"), blanks("short")), (2, 1, 6, 2));
        for words in [
            "Kính gửi Ông/Bà: <span",
            "Lý do: <span",
            "hẹn trả kết quả vào ngày <span",
            "(Ký, ghi rõ họ tên và đóng dấu)",
        ] {
            assert!(page.body.contains(words), "{words}");
        }
        assert_eq!(desk.get("slips", &[("evening", "2026-11-20"), ("code", CODE)]).status, 400);
    }

    #[test]
    fn a_dossier_that_has_its_result_now_needs_no_slip() {
        let desk = AtTheDesk::new(Role::Clerk, tables(json!({"step": "Trả kết quả", "result_on": "2026-11-26"})));
        let page = desk.get("letters", &[]);
        assert!(page.body.contains(CODE) && page.body.contains("Đã có kết quả, không cần phiếu"));
        for query in [("code", CODE), ("office", "Sở Văn hóa và Thể thao")] {
            let slips = desk.get("slips", &[("evening", EVENING), query]);
            assert!(slips.status == 400 && slips.body.contains("đã có kết quả"), "{query:?}");
        }
    }

    #[test]
    fn a_run_that_was_made_up_for_in_the_morning_is_of_the_evening_that_was_missed() {
        let mut all = tables(json!({}));
        all.notices[0].1.row.enqueued_at = "2026-11-26T01:00:00Z".parse().unwrap();
        let desk = AtTheDesk::new(Role::Clerk, all);
        assert!(desk.get("letters", &[("evening", EVENING)]).body.contains(CODE));
        desk.tables().now = "2026-11-26T12:00:00Z".parse().ok();
        assert!(!desk.get("letters", &[("evening", "2026-11-26")]).body.contains(CODE));
    }

    #[test]
    fn a_second_apology_is_marked() {
        let mut all = tables(json!({}));
        all.notices.push(apology("2026-11-10", "2026-11-09", State::Sent));
        let desk = AtTheDesk::new(Role::Clerk, all);
        assert!(desk.get("letters", &[]).body.contains("Xin lỗi lần thứ hai"));
        assert!(desk.get("slips", &[("evening", EVENING), ("code", CODE)]).body.contains("đã được xin lỗi một lần"));
    }

    #[test]
    fn neither_a_cancelled_apology_nor_another_offices_dossier_is_listed() {
        let mut cancelled = tables(json!({}));
        cancelled.notices = vec![apology("2026-11-26", EVENING, State::Cancelled)];
        assert!(!AtTheDesk::new(Role::Clerk, cancelled).get("letters", &[]).body.contains(CODE));
        let desk = AtTheDesk::of_office(Role::Clerk, Some("Sở Y tế"), tables(json!({})));
        assert!(!desk.get("letters", &[]).body.contains(CODE));
        let slip = desk.get("slips", &[("evening", EVENING), ("code", CODE)]);
        assert!(slip.status == 400 && !slip.body.contains("hướng dẫn viên"));
        assert!(desk.audit().contains(&format!("was_refused {CODE}")));
    }

    #[test]
    fn the_slips_of_an_office_are_its_own() {
        let desk = AtTheDesk::new(Role::Clerk, tables(json!({"office": "Sở Y tế"})));
        let slips = |office: &str| desk.get("slips", &[("evening", EVENING), ("office", office)]);
        assert!(slips("Sở Y tế").body.contains("class=\"slip\"") && slips("Sở khác").status == 400);
        assert_eq!(desk.get("letters", &[("evening", "hôm qua")]).status, 400);
    }
}
