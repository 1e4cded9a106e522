//! To phone today: the citizens whom a notice did not reach, one line a citizen, the longest waiting first, by office.
//! Somebody who has phoned ticks the line, with a word.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use application::ports::{CallList, Clock, DeskPorts, DossierFinder, NoteStore, PageMark, SendingRecords, StoreError};
use askama::Template;
use domain::calendar::clock_in_vietnam;
use domain::desk::{Action, Deed, LONGEST_WORD, Note, Standing, did_not_arrive, standing, word};
use domain::dossier::Contact;
use domain::notice::NoticeRecord;
use domain::text::staff::{subject, what_became_of};
use domain::{Dossier, NoticeId, ReceiptCode};
use futures::StreamExt;
use futures::future::try_join_all;

use super::Frame;
use super::records::{codes_of, said, the_record};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;
use crate::{AT_ONCE, Desk};

/// Rows of the index that are read at a time.
const ROWS: usize = 40;
/// The lines of a page, about.
const LINES: usize = 25;
/// The most pages of the index for one page of the desk: rows of other offices and rows that need no call show nothing.
const MOST_PAGES: usize = 10;
/// The most rows that one tick is about: a citizen's notices on one page.
const MOST_TICKED: usize = 40;

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage<'a> {
    frame: Frame<'a>,
    offices: Vec<(String, Vec<Line>)>,
    /// Where the list goes on.
    next: Option<String>,
    is_first: bool,
    has_ticked: bool,
}

/// One citizen.
struct Line {
    number: Option<Number>,
    calls: Vec<Call>,
}

struct Number {
    shown: String,
    /// For a telephone; None where the number is not a mobile one.
    dialled: Option<String>,
}

/// One sending that did not arrive.
struct Call {
    /// The value of the form's field `row`.
    row: String,
    code: String,
    address: String,
    procedure: String,
    subject: &'static str,
    sentence: String,
    since: String,
}

/// A sending that needs a call, with its dossier.
struct Open {
    id: NoticeId,
    record: NoticeRecord,
    dossier: Dossier,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn calls(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let after = visit.request.query("after").map(|mark| PageMark(mark.to_owned()));
        let is_first = after.is_none();
        let (open, over, next) = self.open_calls(visit, after).await?;
        let codes: Vec<_> = open.iter().map(|open| open.id.receipt_code.as_str()).collect();
        let audit = self.note(visit, Action::SawToPhone, None, Some(codes.join(" ")));
        futures::join!(audit, self.take_off(over)).0?;
        let page = CallsPage {
            frame: Frame::new(visit),
            offices: by_office(visit, open),
            next: next.map(|PageMark(mark)| visit.to("calls", &[("after", &mark)])),
            is_first,
            has_ticked: visit.request.query("ticked").is_some(),
        };
        Ok(Reply::page(page.render()?))
    }

    /// The sendings that need a call and that this person may see, those that need none any more, and where the list goes on.
    async fn open_calls(
        &self,
        visit: &Visit<'_>,
        mut after: Option<PageMark>,
    ) -> Result<(Vec<Open>, Vec<NoticeId>, Option<PageMark>), StoreError> {
        let (mut open, mut over) = (Vec::new(), Vec::new());
        for _ in 0..MOST_PAGES {
            let page = self.ports.notices().to_phone(after, ROWS).await?;
            let (found, done) = self.judged(visit, page.ids).await?;
            open.extend(found);
            over.extend(done);
            after = page.next;
            if after.is_none() || open.len() >= LINES {
                break;
            }
        }
        Ok((open, over, after))
    }

    async fn take_off(&self, over: Vec<NoticeId>) {
        let writes = over.iter().map(|id| self.ports.notices().take_off(id));
        let mut taken = futures::stream::iter(writes).buffer_unordered(AT_ONCE);
        while let Some(taken) = taken.next().await {
            // It is judged again the next time.
            let _ = taken.inspect_err(|error| tracing::warn!(%error, "a line stays on the list to phone"));
        }
    }

    /// Which of `ids` need a call by this person's office, and which need none. A row is judged first by itself, the first and
    /// the second sending of its notice, the dossier, and whether somebody has phoned: one read of each table. A tick counts,
    /// although a late receipt put the row on the list again. Of those that seem to need a call, the whole history is read.
    async fn judged(&self, visit: &Visit<'_>, ids: Vec<NoticeId>) -> Result<(Vec<Open>, Vec<NoticeId>), StoreError> {
        let (codes, sendings) = (codes_of(&ids), sendings_of(&ids));
        let (dossiers, records, called) = futures::join!(
            self.ports.dossiers().all(&codes),
            self.ports.notices().records(&sendings),
            self.ports.book().about(&ids, Deed::Called)
        );
        let dossiers: HashMap<_, _> =
            dossiers?.into_iter().map(|dossier| (dossier.receipt_code().clone(), dossier)).collect();
        let mut histories: HashMap<ReceiptCode, Vec<NoticeRecord>> = HashMap::new();
        for (id, record) in records? {
            histories.entry(id.receipt_code).or_default().push(record);
        }
        let called: BTreeSet<_> = called?.into_iter().map(|note| note.id).collect();
        let (mut over, ids): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| called.contains(id));
        let (open, done) = self.split(ids, &dossiers, &histories);
        over.extend(done);
        let mine = open.into_iter().filter(|open| visit.session.staff.sees(&open.dossier, visit.office));
        let ids: Vec<_> = mine.map(|open| open.id).collect();
        let histories = self.histories(&codes_of(&ids)).await?;
        let (open, done) = self.split(ids, &dossiers, &histories);
        over.extend(done);
        Ok((open, over))
    }

    fn split(
        &self,
        ids: Vec<NoticeId>,
        dossiers: &HashMap<ReceiptCode, Dossier>,
        histories: &HashMap<ReceiptCode, Vec<NoticeRecord>>,
    ) -> (Vec<Open>, Vec<NoticeId>) {
        let now = self.ports.clock().now();
        let (mut open, mut over) = (Vec::new(), Vec::new());
        for id in ids {
            let (dossier, history) = (dossiers.get(&id.receipt_code), histories.get(&id.receipt_code));
            let Some((history, record)) = history.and_then(|history| Some((history, the_record(&id, history)?))) else {
                continue;
            };
            match (standing(record, history, dossier, now, &self.config.closed_steps), dossier) {
                (Standing::Open, Some(dossier)) => {
                    open.push(Open { id, record: record.clone(), dossier: dossier.clone() });
                }
                (Standing::Over, _) => over.push(id),
                _ => {}
            }
        }
        (open, over)
    }

    /// Keeps who has phoned, and takes the sendings off the list.
    pub(crate) async fn tick(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let ids: Vec<_> = visit.request.fields("row").take(MOST_TICKED).filter_map(of_row).collect();
        if ids.is_empty() {
            return Err(Problem::Wrong("Không rõ đã gọi cho ai. Anh/chị mở lại danh sách và đánh dấu lần nữa.".into()));
        }
        let codes = codes_of(&ids);
        let (dossiers, histories) = futures::join!(self.ports.dossiers().all(&codes), self.histories(&codes));
        let dossiers = dossiers?;
        // Whose dossier cannot be read, that of an office's clerk is not known to be.
        let is_known = dossiers.len() == codes.len() || visit.session.staff.office.is_none();
        if !is_known || dossiers.iter().any(|dossier| !visit.session.staff.sees(dossier, visit.office)) {
            self.note(visit, Action::WasRefused, codes.first().cloned(), None).await?;
            return Err(Problem::AnotherOffice);
        }
        let histories = histories?;
        let real = |id: &&NoticeId| the_record(id, &histories[&id.receipt_code]).is_some_and(did_not_arrive);
        let firsts = try_join_all(ids.iter().filter(real).map(|id| self.ticked(visit, id))).await?;
        if firsts.is_empty() {
            let arrived = "Nhà mạng vừa báo tin nhắn này đã đến, nên lời anh/chị ghi không được lưu.";
            return Err(Problem::Wrong(arrived.into()));
        }
        let is_kept = firsts.iter().any(Option::is_none);
        match firsts.into_iter().flatten().next() {
            Some(first) if !is_kept => Err(Problem::Wrong(format!(
                "Người dân này đã có người gọi trước: {}. Lời anh/chị vừa ghi không được lưu.",
                said(&first)
            ))),
            _ => Ok(Reply::see_other(visit.to("calls", &[("ticked", "1")]))),
        }
    }

    /// The first who ticks is kept: returned, if it was somebody else.
    async fn ticked(&self, visit: &Visit<'_>, id: &NoticeId) -> Result<Option<Note>, StoreError> {
        let typed = word(visit.request.field("word").unwrap_or_default());
        self.note(visit, Action::TickedCalled, Some(id.receipt_code.clone()), Some(id.name())).await?;
        let is_first = self.ports.book().keep(&self.note_about(visit, id.clone(), Deed::Called, typed)).await?;
        self.ports.notices().take_off(id).await?;
        if is_first {
            return Ok(None);
        }
        let notes = self.ports.book().notes(&id.receipt_code).await?;
        let by_somebody_else = |note: &Note| note.staff != visit.session.staff.id;
        let of_this = |note: &Note| note.id == *id && note.deed == Deed::Called;
        Ok(notes.into_iter().find(of_this).filter(by_somebody_else))
    }
}

/// The sendings that mostly say what became of the notices of `ids`.
fn sendings_of(ids: &[NoticeId]) -> Vec<NoticeId> {
    let first = |id: &NoticeId| NoticeId::new(id.receipt_code.clone(), id.key);
    let all = ids.iter().flat_map(|id| [id.clone(), first(id), id.again()]);
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// `0161701234 result#3`: a code has no space.
fn of_row(row: &str) -> Option<NoticeId> {
    let (code, notice) = row.split_once(' ')?;
    NoticeId::parse(code, notice).ok()
}

/// The offices by name; in each the citizens in the order of the list.
fn by_office(visit: &Visit<'_>, open: Vec<Open>) -> Vec<(String, Vec<Line>)> {
    let mut offices: BTreeMap<String, Vec<(String, Line)>> = BTreeMap::new();
    for open in open {
        let office = open.dossier.office().unwrap_or(visit.office).to_owned();
        let number = number(&open.dossier);
        let citizen = match &number {
            Some(number) => number.shown.clone(),
            None => open.id.receipt_code.to_string(),
        };
        let call = call(visit, &open);
        let lines = offices.entry(office).or_default();
        match lines.iter_mut().find(|(of, _)| *of == citizen) {
            Some((_, line)) => line.calls.push(call),
            None => lines.push((citizen, Line { number, calls: vec![call] })),
        }
    }
    offices.into_iter().map(|(office, lines)| (office, lines.into_iter().map(|(_, line)| line).collect())).collect()
}

/// Whole: it is there to be dialled.
fn number(dossier: &Dossier) -> Option<Number> {
    match dossier.contact()? {
        Contact::Mobile(phone) => Some(Number { shown: phone.in_groups(), dialled: Some(phone.as_e164().to_owned()) }),
        Contact::Unusable(_) => Some(Number { shown: dossier.written_phone()?.to_owned(), dialled: None }),
    }
}

fn call(visit: &Visit<'_>, open: &Open) -> Call {
    Call {
        row: open.id.to_string(),
        code: open.id.receipt_code.to_string(),
        address: visit.to_dossier(&open.id.receipt_code),
        procedure: open.dossier.procedure().to_owned(),
        subject: subject(open.id.key.kind()),
        sentence: what_became_of(&open.record),
        since: clock_in_vietnam(open.record.row.enqueued_at),
    }
}

#[cfg(test)]
mod tests {
    use domain::desk::Role;
    use serde_json::json;

    use super::*;
    use crate::testing::{AtTheDesk, Tables, dossier, undelivered};

    const OTHER: &str = "0161709999";

    /// Two citizens; the first with two dossiers, of two offices.
    fn tables() -> Tables {
        let codes = ["0161701234", "0161705555", OTHER];
        let dossiers = vec![
            dossier(json!({})),
            dossier(json!({"receipt_code": codes[1]})),
            dossier(json!({"receipt_code": OTHER, "office": "Sở Y tế", "phone": "02583822229"})),
        ];
        let ids: Vec<_> = codes.iter().map(|code| NoticeId::parse(code, "result#3").unwrap()).collect();
        let notices = ids.iter().map(|id| (id.receipt_code.clone(), undelivered("result#3", "TB"))).collect();
        Tables { dossiers, notices, to_phone: ids, ..Tables::default() }
    }

    #[test]
    fn a_citizen_has_one_line_with_the_whole_number_under_the_office() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        let page = desk.get("calls", &[]);
        assert_eq!(page.status, 200);
        assert_eq!(page.body.matches("<article>").count(), 2, "one a citizen");
        assert_eq!(page.body.matches(r#"<a href="tel:+84912345678">0912 345 678</a>"#).count(), 1);
        assert!(page.body.contains("02583822229") && page.body.contains("không phải số di động"));
        assert!(page.body.contains("<h2>Sở Y tế</h2>") && page.body.contains("<h2>Sở Văn hóa và Thể thao</h2>"));
        assert!(page.body.contains("tắt máy hoặc ngoài vùng phủ sóng"));
        assert_eq!(desk.audit(), ["saw_to_phone -"]);
    }

    #[test]
    fn a_clerk_of_an_office_sees_its_lines_and_ticks_no_others() {
        let desk = AtTheDesk::of_office(Role::Clerk, Some("Sở Y tế"), tables());
        let page = desk.get("calls", &[]);
        assert!(page.body.contains(OTHER) && !page.body.contains("0161701234") && !page.body.contains("0912"));
        assert_eq!(desk.post("calls", &[("row", "0161701234 result#3")]).status, 403);
        assert_eq!(desk.tables().to_phone.len(), 3);
        assert!(desk.tables().notes.is_empty());
        assert!(desk.audit().contains(&"was_refused 0161701234".to_owned()));
    }

    #[test]
    fn a_tick_takes_the_citizen_off_the_list_and_who_ticked_is_kept() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        let rows = [("row", "0161701234 result#3"), ("row", "0161705555 result#3"), ("word", "đã nghe máy")];
        let answer = desk.post("calls", &rows);
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("../desk/calls?ticked=1")));
        assert_eq!(desk.tables().to_phone.len(), 1);
        assert_eq!(desk.audit(), ["ticked_called 0161701234", "ticked_called 0161705555"]);
        let page = desk.get("dossier", &[("code", "0161701234")]);
        assert!(page.body.contains("Đã gọi điện: Trần Thị Lan, 10:30 26/11/2026 – đã nghe máy"));
        desk.tables().to_phone.push(NoticeId::parse("0161701234", "result#3").unwrap());
        assert!(!desk.get("calls", &[]).body.contains("0161701234"), "a late receipt does not undo the tick");
        let second = || desk.post("calls", &[("row", "0161701234 result#3"), ("word", "lần nữa")]);
        assert_eq!(second().status, 303, "a second click of the same person");
        desk.tables().notes[0].staff = "staff-2".into();
        let second = second();
        assert!(second.body.contains("đã có người gọi trước: Trần Thị Lan") && second.body.contains("không được lưu"));
        assert_eq!(desk.tables().notes[0].word, "đã nghe máy", "the first is kept");
    }

    #[test]
    fn what_needs_no_call_is_neither_shown_nor_ticked_and_leaves_the_list() {
        let mut all = tables();
        all.dossiers[0] = dossier(json!({"step": "Đã trả kết quả"}));
        all.notices.remove(1);
        let desk = AtTheDesk::new(Role::Clerk, all);
        let page = desk.get("calls", &[]);
        assert!(!page.body.contains("0161701234") && page.body.contains(OTHER));
        assert_eq!(desk.tables().to_phone.len(), 2, "the one that is over has left; the one without a row is TTL's");
        let nothing = desk.post("calls", &[("row", "0161705555 result#3"), ("row", "0161701234 result#9")]);
        assert!(nothing.status == 400 && nothing.body.contains("lời anh/chị ghi không được lưu"));
        assert!(desk.tables().notes.is_empty(), "nobody ticks what does not exist");
        assert_eq!(desk.post("calls", &[("word", "x")]).status, 400);
    }

    #[test]
    fn a_sending_by_hand_that_arrived_ends_the_line() {
        let mut all = tables();
        let mut arrived = undelivered("result#3#hand#2026-11-25#1", "TB");
        arrived.row.arrived = true;
        all.notices.push((ReceiptCode::parse("0161701234").unwrap(), arrived));
        let desk = AtTheDesk::new(Role::Clerk, all);
        assert!(!desk.get("calls", &[]).body.contains("0161701234"));
        assert_eq!(desk.tables().to_phone.len(), 2);
    }

    #[test]
    fn a_long_list_has_pages() {
        let mut all = tables();
        let codes: Vec<_> = (0..100).map(|number| format!("02{number:08}")).collect();
        all.dossiers = codes
            .iter()
            .enumerate()
            .map(|(at, code)| dossier(json!({"receipt_code": code, "phone": format!("09123{at:05}")})))
            .collect();
        all.to_phone = codes.iter().map(|code| NoticeId::parse(code, "result#3").unwrap()).collect();
        all.notices = all.to_phone.iter().map(|id| (id.receipt_code.clone(), undelivered("result#3", "TB"))).collect();
        let desk = AtTheDesk::new(Role::Clerk, all);
        let (mut after, mut shown) = (None, 0);
        for _ in 0..10 {
            let page =
                desk.get("calls", &after.iter().map(|mark: &String| ("after", mark.as_str())).collect::<Vec<_>>());
            shown += page.body.matches("<article>").count();
            let next = page.body.split("after=").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
            if next.is_none() {
                break;
            }
            after = next;
        }
        assert_eq!(shown, 100);
    }

    #[test]
    fn a_script_in_a_word_is_text() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        desk.post("calls", &[("row", "0161701234 result#3"), ("word", "<script>alert(1)</script>")]);
        assert!(!desk.get("dossier", &[("code", "0161701234")]).body.contains("<script"));
    }
}
