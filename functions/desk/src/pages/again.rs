//! Send again: the same notice, through the outbox, in its window and rate. The sender reads the dossier again before it
//! sends, as for every late notice.

use application::ports::{Clock, DeskPorts, DossierStore, Enqueue, NoteStore, NoticeHistory, Outbox};
use domain::calendar::day_in_vietnam;
use domain::desk::again::again;
use domain::desk::{Action, Deed, word};
use domain::{NoticeKey, Outgoing};

use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) async fn send_again(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let code = visit.code().ok_or(Problem::NoCode)?;
        let key: NoticeKey =
            visit.request.field("notice").unwrap_or_default().parse().map_err(|_| Problem::NothingHere)?;
        let why = word(visit.request.field("why").unwrap_or_default());
        if why.is_empty() {
            return Err(Problem::Wrong("Anh/chị ghi lý do gửi lại, ví dụ: người dân báo chưa nhận được tin.".into()));
        }
        let (dossier, history) = futures::join!(self.ports.dossiers().get(&code), self.ports.notices().history(&code));
        let dossier = dossier?.ok_or(Problem::UnknownCode)?;
        if !visit.session.staff.sees(&dossier, visit.office) {
            self.note(visit, Action::WasRefused, Some(code), None).await?;
            return Err(Problem::AnotherOffice);
        }
        let now = self.ports.clock().now();
        let due_at = self.config.window.next_open(now);
        let id = again(&key, &history?, &dossier, day_in_vietnam(due_at), &self.config.closed_steps)
            .map_err(|refused| Problem::Wrong(refused.to_string()))?;
        self.note(visit, Action::SentAgain, Some(code.clone()), Some(id.name())).await?;
        // Before the row: who and why are known of every message that goes out.
        let note = self.note_about(visit, id.clone(), Deed::SentAgain, why);
        let is_kept = self.ports.book().keep(&note).await?;
        if !self.ports.outbox().enqueue(&Outgoing::from(id), Enqueue::Pending { due_at }, now).await? {
            return Err(Problem::Wrong("Vừa có người khác gửi lại tin nhắn này. Anh/chị mở lại hồ sơ để xem.".into()));
        }
        if !is_kept {
            // Somebody asked before, and no row was made for that: it is this one that goes out.
            self.ports.book().replace(&note).await?;
        }
        Ok(Reply::see_other(visit.to("dossier", &[("code", code.as_str()), ("again", "1")])))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use domain::desk::Role;
    use domain::{NoticeId, ReceiptCode};
    use serde_json::json;

    use crate::testing::{AtTheDesk, NOW, Tables, dossier, undelivered};

    const CODE: &str = "0161701234";
    const ASKED: [(&str, &str); 3] = [("code", CODE), ("notice", "result#3"), ("why", "người dân chưa nhận được")];

    fn tables() -> Tables {
        let notices = vec![(ReceiptCode::parse(CODE).unwrap(), undelivered("result#3", "TB"))];
        let to_phone = vec![NoticeId::parse(CODE, "result#3").unwrap()];
        Tables { dossiers: vec![dossier(json!({}))], notices, to_phone, ..Tables::default() }
    }

    #[test]
    fn a_notice_is_sent_again_through_the_outbox_and_who_and_why_are_kept() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        let answer = desk.post("again", &ASKED);
        assert_eq!((answer.status, answer.location.as_deref()), (303, Some("../desk/dossier?code=0161701234&again=1")));
        let enqueued: Vec<(String, DateTime<Utc>)> =
            desk.tables().enqueued.iter().map(|(id, due_at)| (id.to_string(), *due_at)).collect();
        assert_eq!(enqueued, [("0161701234 result#3#hand#2026-11-26#1".to_owned(), NOW.parse().unwrap())]);
        assert_eq!(desk.tables().notes[0].word, "người dân chưa nhận được");
        assert_eq!(desk.audit(), ["sent_again 0161701234"]);
        assert_eq!(desk.tables().to_phone.len(), 1, "what becomes of the new sending is not known");
    }

    #[test]
    fn at_night_it_waits_for_the_morning_and_counts_for_that_day() {
        // 22:10 in Vietnam.
        let night = Tables { now: "2026-11-26T15:10:00Z".parse().ok(), ..tables() };
        let desk = AtTheDesk::new(Role::Clerk, night);
        assert_eq!(desk.post("again", &ASKED).status, 303);
        let (id, due_at) = desk.tables().enqueued[0].clone();
        assert_eq!(id.to_string(), "0161701234 result#3#hand#2026-11-27#1");
        assert_eq!(due_at, "2026-11-27T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    }

    #[test]
    fn who_asked_for_what_goes_out_is_kept_and_not_who_tried_before() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        assert_eq!(desk.post("again", &ASKED).status, 303);
        // The first try kept its note and made no row.
        desk.tables().enqueued.clear();
        desk.tables().notes[0].name = "Người khác".into();
        assert_eq!(desk.post("again", &ASKED).status, 303);
        let notes: Vec<_> = desk.tables().notes.iter().map(|note| note.name.clone()).collect();
        assert_eq!(notes, ["Trần Thị Lan"]);
    }

    #[test]
    fn of_two_who_ask_at_the_same_time_one_is_told() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        assert_eq!(desk.post("again", &ASKED).status, 303);
        // The history does not show the row yet.
        let second = desk.post("again", &ASKED);
        assert!(second.status == 400 && second.body.contains("Vừa có người khác gửi lại"));
        assert_eq!(desk.tables().enqueued.len(), 1);
    }

    #[test]
    fn without_a_reason_or_another_offices_or_not_true_nothing_is_sent() {
        let refused = |desk: AtTheDesk, fields: &[(&str, &str)], status: i64| {
            let answer = desk.post("again", fields);
            let tables = desk.tables();
            assert!(answer.status == status && tables.enqueued.is_empty() && tables.notes.is_empty());
        };
        refused(AtTheDesk::new(Role::Clerk, tables()), &ASKED[..2], 400);
        refused(AtTheDesk::new(Role::Accountant, tables()), &ASKED, 403);
        refused(AtTheDesk::of_office(Role::Clerk, Some("Sở Y tế"), tables()), &ASKED, 403);
        let handed_over = Tables { dossiers: vec![dossier(json!({"step": "Đã trả kết quả"}))], ..tables() };
        refused(AtTheDesk::new(Role::Clerk, handed_over), &ASKED, 400);
        refused(AtTheDesk::new(Role::Clerk, Tables::default()), &ASKED, 404);
        let other = [("code", CODE), ("notice", "gửi tin này"), ("why", "x")];
        refused(AtTheDesk::new(Role::Clerk, tables()), &other, 404);
    }

    #[test]
    fn the_form_is_there_only_where_it_can_be_sent() {
        let form = r#"name="notice" value="result#3""#;
        let page = AtTheDesk::new(Role::Clerk, tables()).get("dossier", &[("code", CODE)]);
        assert!(page.body.contains(form));
        let mut all = tables();
        for count in 1..=2 {
            let name = format!("result#3#hand#2026-11-26#{count}");
            all.notices.push((ReceiptCode::parse(CODE).unwrap(), undelivered(&name, "TB")));
        }
        let page = AtTheDesk::new(Role::Clerk, all).get("dossier", &[("code", CODE)]);
        assert!(!page.body.contains(form) && page.body.contains("đã có hai lần gửi lại"));
        let handed_over = Tables { dossiers: vec![dossier(json!({"step": "Đã trả kết quả"}))], ..tables() };
        let page = AtTheDesk::new(Role::Clerk, handed_over).get("dossier", &[("code", CODE)]);
        assert!(!page.body.contains(form) && page.body.contains("Không gửi lại được: kết quả đã được trả."));
    }
}
