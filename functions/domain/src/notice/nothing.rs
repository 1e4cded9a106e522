//! Why a dossier, as it is now, requires no notice: for staff, who see no SMS and ask.

use chrono::NaiveDate;

use super::decision::{awaits_papers, notice_for_change, was_enqueued_here};
use super::{NoticeKey, NoticeRow};
use crate::dossier::{Contact, steps};
use crate::notice::lifecycle::State;
use crate::phone::NotAMobile;
use crate::{ClosedSteps, Dossier};

/// Why a dossier requires no notice of a result or of missing papers. An evening's apology may still follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nothing {
    /// The legal time of the procedure is within a day.
    SameDay,
    /// The citizen left no number.
    NoPhone,
    /// The number receives no SMS.
    UnusablePhone(NotAMobile),
    /// It is at a closing step after "Trả kết quả".
    Closed,
    /// "Chờ bổ sung", but not at the one-stop desk.
    NotAtTheDesk,
    /// Neither "Trả kết quả" nor waiting for papers.
    NotANoticeStep,
    /// The snapshot says so: a first load.
    Silent,
    /// An earlier revision required the notice of this step.
    AlreadyTold,
    /// An earlier revision required the notice of this step, and it did not arrive.
    NotReached,
    /// It reached this step with an earlier change, and no notice of that time is kept.
    ReachedBefore,
    /// Its row cannot be read.
    Unreadable,
}

impl Nothing {
    /// One of each name.
    pub const ALL: [Self; 11] = [
        Self::SameDay,
        Self::NoPhone,
        Self::UnusablePhone(NotAMobile::FixedLine),
        Self::Closed,
        Self::NotAtTheDesk,
        Self::NotANoticeStep,
        Self::Silent,
        Self::AlreadyTold,
        Self::NotReached,
        Self::ReachedBefore,
        Self::Unreadable,
    ];

    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameDay => "same_day",
            Self::NoPhone => "no_phone",
            Self::UnusablePhone(_) => "unusable_phone",
            Self::Closed => "closed",
            Self::NotAtTheDesk => "not_at_the_desk",
            Self::NotANoticeStep => "not_a_notice_step",
            Self::Silent => "silent",
            Self::AlreadyTold => "already_told",
            Self::NotReached => "not_reached",
            Self::ReachedBefore => "reached_before",
            Self::Unreadable => "unreadable",
        }
    }

    /// What staff read.
    pub fn in_vietnamese(self) -> &'static str {
        match self {
            Self::SameDay => "Thủ tục được giải quyết trong ngày nên không nhắn tin.",
            Self::NoPhone => "Hồ sơ không có số điện thoại nên không nhắn tin.",
            Self::UnusablePhone(NotAMobile::FixedLine) => {
                "Số điện thoại của hồ sơ là số cố định, không nhận được tin nhắn."
            }
            Self::UnusablePhone(NotAMobile::Foreign) => {
                "Số điện thoại của hồ sơ không phải số Việt Nam nên không nhắn tin."
            }
            Self::UnusablePhone(NotAMobile::Nonsense) => {
                "Số điện thoại của hồ sơ không phải số di động Việt Nam nên không nhắn tin."
            }
            Self::Closed => "Hồ sơ đã qua bước “Trả kết quả” nên không nhắn tin nữa.",
            Self::NotAtTheDesk => "Hồ sơ chờ bổ sung nhưng chưa chuyển về Bộ phận Một cửa nên chưa nhắn tin.",
            Self::NotANoticeStep => "Bước và trạng thái hiện tại của hồ sơ không thuộc trường hợp nhắn tin.",
            Self::Silent => "Hồ sơ được gửi lên với yêu cầu không nhắn tin (nạp hồ sơ lần đầu).",
            Self::AlreadyTold => "Đã có tin nhắn khi hồ sơ đến bước này nên không nhắn lại.",
            Self::NotReached => {
                "Tin nhắn của bước này chưa đến được người dân; thay đổi này không làm phát sinh tin nhắn mới."
            }
            Self::ReachedBefore => "Hồ sơ đã đến bước này từ trước và không còn lưu tin nhắn nào của lần đó.",
            Self::Unreadable => "Hệ thống không đọc được hồ sơ này. Đề nghị gửi lại hồ sơ.",
        }
    }
}

/// Why `dossier` requires no notice on `today` (in Vietnam), given the rows of its notices. None if the notice of this
/// revision is among them, or is about to be.
pub fn why_nothing(dossier: &Dossier, rows: &[NoticeRow], today: NaiveDate, closed: &ClosedSteps) -> Option<Nothing> {
    let Some(required) = notice_for_change(None, dossier, closed) else { return Some(excluded(dossier, closed)) };
    if rows.iter().any(|row| row.key == required) {
        return None;
    }
    let mut of_this_step =
        rows.iter().filter(|row| row.key.kind() == required.kind() && was_enqueued_here(row, dossier)).peekable();
    if of_this_step.peek().is_some() {
        Some(if of_this_step.any(is_or_will_be_informed) { Nothing::AlreadyTold } else { Nothing::NotReached })
    } else {
        reached_before(&required, dossier, today).then_some(Nothing::ReachedBefore)
    }
}

/// The obstacle that lasts longest, if there are several: no other step would change it.
fn excluded(dossier: &Dossier, closed: &ClosedSteps) -> Nothing {
    match dossier.contact() {
        _ if dossier.is_same_day() => Nothing::SameDay,
        None => Nothing::NoPhone,
        Some(Contact::Unusable(why)) => Nothing::UnusablePhone(*why),
        Some(Contact::Mobile(_)) if is_at_a_notice(dossier, closed) => Nothing::Silent,
        Some(Contact::Mobile(_)) if dossier.is_done(closed) => Nothing::Closed,
        Some(Contact::Mobile(_)) if steps::is_waiting_for_papers(dossier.status()) => Nothing::NotAtTheDesk,
        Some(Contact::Mobile(_)) => Nothing::NotANoticeStep,
    }
}

fn is_at_a_notice(dossier: &Dossier, closed: &ClosedSteps) -> bool {
    steps::is_result_step(dossier.step()) || awaits_papers(dossier, closed)
}

fn is_or_will_be_informed(row: &NoticeRow) -> bool {
    !row.state.is_final() || row.state == State::Sent && !row.phone_at_fault
}

/// Whether an earlier revision brought the dossier to where it is, or the table does not say. A result has only a day for
/// that.
fn reached_before(required: &NoticeKey, dossier: &Dossier, today: NaiveDate) -> bool {
    match required {
        NoticeKey::Result(_) => dossier.result_on() != Some(today),
        NoticeKey::Supplement(revision) => dossier.waiting_since() != Some(*revision),
        NoticeKey::Apology(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use crate::notice::lifecycle::State;
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const TODAY: &str = "2026-11-24";
    const ROOM: &str = "Phòng Quản lý lữ hành";

    fn row(key: &str, enqueued_at: &str) -> NoticeRow {
        let enqueued_at: DateTime<Utc> = enqueued_at.parse().unwrap();
        let key = key.parse().unwrap();
        NoticeRow {
            key,
            state: State::Sent,
            phone_at_fault: false,
            arrived: false,
            unreached: None,
            enqueued_at,
            due_at: None,
        }
    }

    /// Of a dossier that reached its place today, by this revision.
    fn why(changes: Value, rows: &[NoticeRow]) -> Option<&'static str> {
        let mut fields =
            json!({"result_on": TODAY, "waiting_since": changes.get("revision").cloned().unwrap_or(json!(3))});
        fields.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let why = why_nothing(&dossier(fields), rows, TODAY.parse().unwrap(), &ClosedSteps::default());
        why.map(Nothing::as_str)
    }

    #[test]
    fn each_obstacle_is_named() {
        let waiting = |unit: &str| json!({"step": "Tiếp nhận", "status": "Chờ bổ sung", "unit": unit});
        for (changes, reason) in [
            (json!({"same_day": true}), "same_day"),
            (json!({"appointment_on": "2026-11-20", "phone": null}), "same_day"),
            (json!({"phone": null, "step": "Thẩm định"}), "no_phone"),
            (json!({"phone": "02583822229"}), "unusable_phone"),
            (json!({"step": "Kết thúc", "status": "Chờ bổ sung"}), "closed"),
            (waiting(ROOM), "not_at_the_desk"),
            (json!({"step": "Thẩm định"}), "not_a_notice_step"),
            (json!({"step": "Thẩm định", "silent": true}), "not_a_notice_step"),
            (json!({"silent": true}), "silent"),
        ] {
            assert_eq!(why(changes.clone(), &[]), Some(reason), "{changes}");
        }
        assert_eq!(why(json!({}), &[]), None, "its notice is about to be enqueued");
        assert_eq!(why(waiting("Bộ phận Một cửa"), &[]), None);
    }

    #[test]
    fn a_change_after_the_notice_says_that_it_was_told() {
        let at_result = |revision: u64, on: &str| json!({"revision": revision, "result_on": on});
        let told = [row("result#3", "2026-11-24T02:00:00Z")];
        assert_eq!(why(at_result(3, TODAY), &told), None, "its own notice");
        assert_eq!(why(at_result(4, TODAY), &told), Some("already_told"));
        assert_eq!(why(at_result(4, "2026-11-23"), &told), Some("already_told"));
        assert_eq!(why(at_result(9, TODAY), &[row("result#3", "2026-11-20T02:00:00Z")]), None, "re-opened since");
        assert_eq!(why(at_result(9, "2026-11-20"), &[]), Some("reached_before"), "loaded silently, or kept no longer");
        assert_eq!(why(at_result(4, TODAY), &[row("supplement#2", "2026-11-24T02:00:00Z")]), None, "another kind");

        let waiting = |revision: u64, since: u64| json!({"revision": revision, "waiting_since": since, "step": "Tiếp nhận", "status": "Chờ bổ sung"});
        let told = [row("supplement#5", "2026-11-24T02:00:00Z")];
        assert_eq!(why(waiting(5, 5), &told), None);
        assert_eq!(why(waiting(6, 5), &told), Some("already_told"));
        assert_eq!(why(waiting(6, 5), &[]), Some("reached_before"));
        assert_eq!(why(waiting(9, 9), &told), None, "asked again");
    }

    #[test]
    fn a_notice_that_did_not_arrive_is_not_called_told() {
        let unreached =
            |state, phone_at_fault| NoticeRow { state, phone_at_fault, ..row("result#3", "2026-11-24T02:00:00Z") };
        for rows in [unreached(State::Failed, false), unreached(State::Sent, true), unreached(State::Cancelled, true)] {
            assert_eq!(why(json!({"revision": 4}), std::slice::from_ref(&rows)), Some("not_reached"), "{rows:?}");
        }
        assert_eq!(
            why(json!({"revision": 4}), &[unreached(State::Pending, false)]),
            Some("already_told"),
            "it will be"
        );
    }

    #[test]
    fn where_the_table_does_not_say_since_when_no_notice_is_promised() {
        let done = dossier(json!({"revision": 4}));
        let sent = [row("result#3", "2026-11-24T02:00:00Z")];
        for rows in [&sent[..], &[]] {
            let why = why_nothing(&done, rows, TODAY.parse().unwrap(), &ClosedSteps::default());
            assert_eq!(why, Some(Nothing::ReachedBefore));
        }
        assert_eq!(
            why(json!({"revision": 4, "result_on": "2026-11-30"}), &[]),
            Some("reached_before"),
            "a silent first load"
        );
    }

    #[test]
    fn every_reason_has_a_name_and_a_sentence_of_its_own() {
        let names: std::collections::BTreeSet<_> = Nothing::ALL.map(Nothing::as_str).into();
        let sentences: std::collections::BTreeSet<_> = Nothing::ALL.map(Nothing::in_vietnamese).into();
        assert_eq!((names.len(), sentences.len()), (Nothing::ALL.len(), Nothing::ALL.len()));
        assert!(sentences.iter().all(|sentence| sentence.ends_with('.') && unicode_normalization::is_nfc(sentence)));
    }

    /// A dossier at any of the places that a rule distinguishes.
    fn any_dossier() -> impl Strategy<Value = Value> {
        let steps = ["Trả kết quả", "Kết thúc", "Thẩm định", "Đã trả kết quả"];
        let phones = [json!(null), json!("0912345678"), json!("02583822229"), json!("+1 415 555 2671"), json!("?")];
        let fields = (
            prop::sample::select(steps.to_vec()),
            prop::sample::select(vec!["Chờ bổ sung", "Đang xử lý", ""]),
            prop::sample::select(vec!["Bộ phận Một cửa", ROOM, ""]),
            prop::sample::select(phones.to_vec()),
            prop::sample::select(vec!["2026-11-20", "2026-11-25"]),
            prop::sample::select(vec![json!(null), json!(true), json!(false)]),
            any::<bool>(),
        );
        fields.prop_map(|(step, status, unit, phone, appointment_on, same_day, silent)| {
            json!({"step": step, "status": status, "unit": unit, "phone": phone, "appointment_on": appointment_on,
                "same_day": same_day, "silent": silent, "result_on": TODAY, "waiting_since": 3})
        })
    }

    fn without(mut changes: Value, obstacle: Nothing) -> Value {
        match obstacle {
            Nothing::SameDay => changes["same_day"] = json!(false),
            Nothing::NoPhone | Nothing::UnusablePhone(_) => changes["phone"] = json!("0912345678"),
            Nothing::Closed | Nothing::NotANoticeStep => changes["step"] = json!("Trả kết quả"),
            Nothing::NotAtTheDesk => changes["unit"] = json!("Bộ phận Một cửa"),
            Nothing::Silent => changes["silent"] = json!(false),
            Nothing::AlreadyTold | Nothing::NotReached | Nothing::ReachedBefore | Nothing::Unreadable => {}
        }
        changes
    }

    proptest! {
        /// The reason is true: once it is gone, there is another one or none, and without any the dossier requires a notice.
        #[test]
        fn a_dossier_without_a_row_requires_a_notice_or_has_true_reasons(changes in any_dossier()) {
            let (closed, mut changes) = (ClosedSteps::default(), changes);
            let mut seen = Vec::new();
            loop {
                let dossier = dossier(changes.clone());
                let required = notice_for_change(None, &dossier, &closed);
                let why = why_nothing(&dossier, &[], TODAY.parse().unwrap(), &closed);
                prop_assert_eq!(required.is_none(), why.is_some(), "{}", changes);
                let Some(why) = why else { break };
                prop_assert!(!seen.contains(&why), "{:?} was not the reason: {}", why, changes);
                seen.push(why);
                changes = without(changes, why);
            }
        }
    }
}
