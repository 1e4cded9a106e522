//! Which change owes which notice, which dossiers are apologised for, and whether a notice is still true when it goes.

use chrono::NaiveDate;

use crate::calendar::day_in_vietnam;
use crate::phone::NotAMobile;
use crate::ports::NoticeRow;
use crate::{ClosedSteps, Dossier, NoticeKey, NoticeKind, steps};

/// The notice that the change from `old` to `new` owes, where it owes one.
///
/// - *result*: "khi hồ sơ TTHC chuyển về đến bước “Trả kết quả”"; not for a dossier that was done before, so again only
///   after it was re-opened.
/// - *supplement*: "khi hồ sơ TTHC được xác định trạng thái “Chờ bổ sung” … và chuyển về Bộ phận Một cửa", in either
///   order; again only after it has left that state. Not for a dossier that is done, whatever its status says.
///
/// None where the revision did not rise, where the snapshot is silent, same-day, or has no mobile number.
pub fn notice_for_change(old: Option<&Dossier>, new: &Dossier, closed: &ClosedSteps) -> Option<NoticeKey> {
    if !is_news(old, new) || !new.takes_notices() {
        return None;
    }
    let was_done = old.is_some_and(|old| old.is_done(closed));
    let was_awaiting = old.is_some_and(|old| awaits_papers(old, closed));
    if steps::is_result_step(&new.step) && !was_done {
        Some(NoticeKey::Result(new.revision))
    } else if awaits_papers(new, closed) && !was_awaiting {
        Some(NoticeKey::Supplement(new.revision))
    } else {
        None
    }
}

/// The notice that the change from `old` to `new` may owe once more because the phone number was corrected: the dossier
/// is where it was when the notice was owed, at "Trả kết quả" or waiting for papers at the desk. [`was_blocked_by_phone`]
/// says whether it does.
pub fn notice_for_corrected_phone(old: Option<&Dossier>, new: &Dossier, closed: &ClosedSteps) -> Option<NoticeKey> {
    let old = old?;
    if !is_news(Some(old), new) || !new.takes_notices() || old.mobile() == new.mobile() {
        return None;
    }
    if steps::is_result_step(&old.step) && steps::is_result_step(&new.step) {
        Some(NoticeKey::Result(new.revision))
    } else if awaits_papers(old, closed) && awaits_papers(new, closed) {
        Some(NoticeKey::Supplement(new.revision))
    } else {
        None
    }
}

/// Whether the phone number kept a notice from the citizen, before it was corrected. `rows` are the dossier's notices of
/// that kind: the last of them was cancelled or refused for its number; or none was owed since the dossier came where it
/// is, because the number was no mobile number. A first load (`silent`) owed none either way.
///
/// So a number is corrected once, and another good number owes nothing.
pub fn was_blocked_by_phone(old: &Dossier, new: &Dossier, rows: &[NoticeRow]) -> bool {
    let had_none = !old.silent && !matches!(old.mobile(), Some(Ok(_)));
    match rows.iter().max_by_key(|row| row.key) {
        None => had_none,
        Some(last) => last.phone_at_fault || had_none && last.state.is_final() && !was_enqueued_here(last, new),
    }
}

/// Whether a notice was owed since the dossier came where it is. Of papers that are awaited no table says since when: in
/// doubt the citizen is told.
fn was_enqueued_here(row: &NoticeRow, dossier: &Dossier) -> bool {
    let is_result = row.key.kind() == NoticeKind::Result;
    is_result && dossier.result_on.is_some_and(|reached_on| day_in_vietnam(row.enqueued_at) >= reached_on)
}

/// Whether a later revision owes the same kind of notice as `key`.
pub fn is_superseded(key: &NoticeKey, rows: &[NoticeRow]) -> bool {
    rows.iter().any(|row| row.key.supersedes(key))
}

fn is_news(old: Option<&Dossier>, new: &Dossier) -> bool {
    !new.silent && old.is_none_or(|old| old.revision < new.revision)
}

fn awaits_papers(dossier: &Dossier, closed: &ClosedSteps) -> bool {
    dossier.waits_for_papers_at_the_desk() && !dossier.is_done(closed)
}

/// Why a notice cannot be sent to the dossier's phone.
fn no_mobile(dossier: &Dossier) -> Option<&'static str> {
    match dossier.mobile() {
        Some(Ok(_)) => None,
        None => Some("the dossier has no phone number"),
        Some(Err(NotAMobile::FixedLine)) => Some("the phone is a fixed line, which receives no SMS"),
        Some(Err(NotAMobile::Foreign)) => Some("the phone is not a Vietnamese number"),
        Some(Err(NotAMobile::Nonsense)) => Some("the phone is not a Vietnamese mobile number"),
    }
}

/// "danh sách hồ sơ có thời gian hẹn trả kết quả là ngày hôm sau nhưng hồ sơ … chưa được chuyển về đến bước “Trả kết quả”"
pub fn needs_apology(dossier: &Dossier, tomorrow: NaiveDate, closed: &ClosedSteps) -> bool {
    dossier.appointment_on == tomorrow && !dossier.is_done(closed) && dossier.takes_notices()
}

/// Whether a notice that goes out later than its change still says what is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillTrue {
    /// Send it.
    Yes,
    /// No longer true; the reason is kept in the outbox.
    No(&'static str),
    /// True, but there is no mobile number to send it to.
    NoMobile(&'static str),
    /// An apology past its appointment day.
    TooLate,
}

/// Judges a notice against the dossier as it is on `today` (in Vietnam).
pub fn still_true(key: &NoticeKey, dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> StillTrue {
    use StillTrue::{No, NoMobile, TooLate, Yes};
    match key {
        _ if dossier.is_same_day() => No("the procedure takes no longer than a day"),
        NoticeKey::Result(_) if !dossier.is_done(closed) => No("the dossier was re-opened"),
        NoticeKey::Result(_) if !steps::is_result_step(&dossier.step) => No("the result was handed over"),
        NoticeKey::Supplement(_) if dossier.is_done(closed) => No("the result was reached"),
        NoticeKey::Supplement(_) if !dossier.waits_for_papers_at_the_desk() => No("the papers are no longer awaited"),
        NoticeKey::Apology(day) if *day < today => TooLate,
        NoticeKey::Apology(_) if dossier.is_done(closed) => No("the result was reached"),
        NoticeKey::Apology(day) if *day != dossier.appointment_on => No("the appointment was moved"),
        _ => no_mobile(dossier).map_or(Yes, NoMobile),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::{Value, json};

    fn owed(old: Option<Value>, new: Value) -> Vec<String> {
        let old = old.map(dossier);
        notice_for_change(old.as_ref(), &dossier(new), &ClosedSteps::default())
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn at(revision: u64, step: &str, status: &str, unit: &str) -> Value {
        json!({"revision": revision, "step": step, "status": status, "unit": unit})
    }

    const NONE: [&str; 0] = [];
    const DESK: &str = "Bộ phận Một cửa";
    const ROOM: &str = "Phòng Quản lý lữ hành";

    #[test]
    fn reaching_the_result_step_owes_a_result_notice_once() {
        let open = at(2, "Thẩm định", "Đang xử lý", ROOM);
        let done = at(3, "Trả kết quả", "Đã giải quyết", DESK);
        let closed = at(4, "Đã trả kết quả", "Đã giải quyết", DESK);
        assert_eq!(owed(Some(open.clone()), done.clone()), ["result#3"]);
        assert_eq!(owed(None, done.clone()), ["result#3"]);
        assert_eq!(owed(Some(done.clone()), at(4, "trả kết quả", "Khác", DESK)), NONE);
        assert_eq!(owed(Some(done), closed.clone()), NONE);
        assert_eq!(owed(Some(closed.clone()), at(5, "Trả kết quả", "Đã giải quyết", DESK)), NONE);
        assert_eq!(owed(Some(closed), at(5, "Thẩm định", "Đang xử lý", ROOM)), NONE);
        let reopened = at(5, "Thẩm định", "Đang xử lý", ROOM);
        assert_eq!(owed(Some(reopened), at(6, "Trả kết quả", "Đã giải quyết", DESK)), ["result#6"]);
        assert_eq!(owed(Some(open), at(3, "Kết thúc", "Đã giải quyết", DESK)), NONE);
    }

    #[test]
    fn supplement_needs_the_status_and_the_desk_in_either_order() {
        let neither = at(1, "Thẩm định", "Đang xử lý", ROOM);
        let status_only = at(2, "Thẩm định", "Chờ bổ sung", ROOM);
        let desk_only = at(2, "Thẩm định", "Đang xử lý", DESK);
        let both = at(3, "Tiếp nhận", "Chờ bổ sung", DESK);
        assert_eq!(owed(Some(neither.clone()), status_only.clone()), NONE);
        assert_eq!(owed(Some(neither.clone()), desk_only.clone()), NONE);
        for before in [neither, status_only.clone(), desk_only] {
            assert_eq!(owed(Some(before), both.clone()), ["supplement#3"]);
        }
        assert_eq!(
            owed(Some(both.clone()), at(4, "Tiếp nhận khác", "CHỜ  BỔ SUNG", "Bộ phận Một cửa Sở Du lịch")),
            NONE
        );
        assert_eq!(owed(Some(both), at(4, "Thẩm định", "Chờ bổ sung", ROOM)), NONE);
        assert_eq!(owed(Some(status_only), at(5, "Tiếp nhận", "Chờ bổ sung", DESK)), ["supplement#5"]);
    }

    #[test]
    fn nothing_is_owed_same_day_silently_without_a_mobile_or_without_a_new_revision() {
        assert_eq!(owed(None, json!({"appointment_on": "2026-11-20"})), NONE);
        assert_eq!(owed(None, json!({"same_day": true})), NONE);
        assert_eq!(owed(None, json!({"silent": true})), NONE);
        assert_eq!(owed(None, json!({"phone": null})), NONE);
        assert_eq!(owed(None, json!({"phone": "02583822229"})), NONE);
        let open = json!({"step": "Thẩm định"});
        assert_eq!(owed(Some(open), json!({})), NONE, "same revision");
        assert_eq!(owed(Some(json!({"step": "Thẩm định", "revision": 4})), json!({})), NONE, "older revision");
    }

    #[test]
    fn a_dossier_that_is_done_awaits_no_papers_whatever_its_status_says() {
        let both = at(3, "Trả kết quả", "Chờ bổ sung", DESK);
        assert_eq!(owed(Some(at(2, "Thẩm định", "Đang xử lý", ROOM)), both.clone()), ["result#3"]);
        assert_eq!(owed(Some(at(2, "Trả kết quả", "Đã giải quyết", DESK)), both.clone()), NONE);
        assert_eq!(owed(None, at(3, "Kết thúc", "Chờ bổ sung", DESK)), NONE);
        assert_eq!(owed(Some(both), at(4, "Tiếp nhận", "Chờ bổ sung", DESK)), ["supplement#4"], "re-opened");
    }

    #[test]
    fn a_corrected_phone_owes_again_only_where_the_notice_is_owed() {
        let corrected = |old: Value, new: Value| {
            let (mut old, mut new) = (old, new);
            (old["phone"], new["revision"]) = (old.get("phone").cloned().unwrap_or(json!(null)), json!(4));
            let key = notice_for_corrected_phone(Some(&dossier(old)), &dossier(new), &ClosedSteps::default());
            key.map(|key| key.to_string())
        };
        let waiting = json!({"step": "Tiếp nhận", "status": "Chờ bổ sung"});
        assert_eq!(corrected(json!({}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(corrected(json!({"phone": "02583822229"}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(
            corrected(json!({"phone": "0987654321"}), json!({})).as_deref(),
            Some("result#4"),
            "if it was refused"
        );
        assert_eq!(corrected(waiting.clone(), waiting.clone()).as_deref(), Some("supplement#4"));
        for (old, new) in [
            (json!({"phone": "+84 912 345 678"}), json!({})),
            (json!({}), json!({"phone": null})),
            (json!({}), json!({"phone": "02583822229"})),
            (json!({}), json!({"silent": true})),
            (json!({}), json!({"same_day": true})),
            (json!({}), json!({"step": "Kết thúc"})),
            (json!({"step": "Kết thúc"}), json!({})),
            (json!({}), json!({"step": "Thẩm định"})),
            (json!({"step": "Thẩm định"}), json!({})),
            (waiting.clone(), json!({"step": "Tiếp nhận"})),
            (waiting, json!({})),
        ] {
            assert_eq!(corrected(old.clone(), new.clone()), None, "{old} {new}");
        }
    }

    #[test]
    fn a_phone_kept_a_notice_where_none_was_owed_here_or_the_last_one_failed_for_it() {
        use crate::lifecycle::State;
        let row = |revision, state, phone_at_fault, enqueued_at: &str| NoticeRow {
            key: NoticeKey::Result(revision),
            state,
            phone_at_fault,
            enqueued_at: enqueued_at.parse().unwrap(),
        };
        let (today, before) = ("2026-11-24T02:00:00Z", "2026-11-23T02:00:00Z");
        let kept = |old: Value, rows: &[NoticeRow]| {
            let new = dossier(json!({"revision": 20, "result_on": "2026-11-24"}));
            was_blocked_by_phone(&dossier(old), &new, rows)
        };
        let (none, good) = (json!({"phone": null}), json!({"phone": "0987654321"}));
        assert!(kept(none.clone(), &[]), "it could not be owed");
        assert!(kept(json!({"phone": "02583822229"}), &[]));
        assert!(!kept(json!({"phone": null, "silent": true}), &[]), "the first load owed nothing");
        assert!(!kept(good.clone(), &[]), "nor did the first load of a good number");
        let refused = [row(9, State::Sent, false, today), row(10, State::Failed, true, today)];
        assert!(kept(good.clone(), &refused) && kept(none.clone(), &refused));
        let told = [refused[1].clone(), row(11, State::Sent, false, today)];
        assert!(!kept(good, &told) && !kept(none.clone(), &told), "once");
        assert!(kept(none.clone(), &[row(9, State::Sent, false, before)]), "told when it was here before");
        assert!(!kept(none, &[row(9, State::Pending, false, before)]), "it goes to today's number");
    }

    #[test]
    fn the_apology_goes_to_open_dossiers_due_tomorrow() {
        let tomorrow: NaiveDate = "2026-11-25".parse().unwrap();
        let open = json!({"step": "Thẩm định"});
        let owes = |changes: Value, more: Value| {
            let mut changes = changes;
            changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            needs_apology(&dossier(changes), tomorrow, &ClosedSteps::default())
        };
        assert!(owes(open.clone(), json!({})));
        assert!(owes(open.clone(), json!({"silent": true})), "a silent load still gets the evening's apology");
        for not in [
            json!({"step": "Trả kết quả"}),
            json!({"step": "Kết thúc"}),
            json!({"appointment_on": "2026-11-26"}),
            json!({"received_on": "2026-11-25"}),
            json!({"phone": null}),
            json!({"phone": "02583822229"}),
        ] {
            assert!(!owes(open.clone(), not.clone()), "{not}");
        }
    }

    #[test]
    fn a_late_notice_goes_only_while_it_is_true() {
        let judge = |key: &str, changes: Value, today: &str| {
            still_true(&key.parse().unwrap(), &dossier(changes), today.parse().unwrap(), &ClosedSteps::default())
        };
        let open = json!({"step": "Thẩm định", "revision": 9});
        let waiting = json!({"status": "Chờ bổ sung", "step": "Tiếp nhận"});
        assert_eq!(judge("result#3", json!({}), "2026-12-24"), StillTrue::Yes);
        let handed_over = StillTrue::No("the result was handed over");
        assert_eq!(judge("result#3", json!({"step": "Kết thúc"}), "2026-12-24"), handed_over);
        assert_eq!(judge("result#3", open.clone(), "2026-11-24"), StillTrue::No("the dossier was re-opened"));
        assert_eq!(judge("supplement#3", waiting, "2026-11-24"), StillTrue::Yes);
        assert_eq!(
            judge("supplement#3", open.clone(), "2026-11-24"),
            StillTrue::No("the papers are no longer awaited")
        );
        for today in ["2026-11-24", "2026-11-25"] {
            assert_eq!(judge("apology#2026-11-25", open.clone(), today), StillTrue::Yes);
        }
        assert_eq!(judge("apology#2026-11-25", open.clone(), "2026-11-26"), StillTrue::TooLate);
        assert_eq!(judge("apology#2026-11-24", open, "2026-11-24"), StillTrue::No("the appointment was moved"));
        assert_eq!(judge("apology#2026-11-25", json!({}), "2026-11-24"), StillTrue::No("the result was reached"));
        let done_and_waiting = json!({"status": "Chờ bổ sung"});
        for step in ["Trả kết quả", "Kết thúc"] {
            let mut changes = done_and_waiting.clone();
            changes["step"] = json!(step);
            assert_eq!(judge("supplement#3", changes, "2026-11-24"), StillTrue::No("the result was reached"), "{step}");
        }
        let no_phone = judge("result#3", json!({"phone": null}), "2026-11-24");
        assert_eq!(no_phone, StillTrue::NoMobile("the dossier has no phone number"));
        let reopened = judge("result#3", json!({"phone": null, "step": "Thẩm định"}), "2026-11-24");
        assert_eq!(reopened, StillTrue::No("the dossier was re-opened"), "no corrected number brings it back");
        let fixed = judge("result#3", json!({"phone": "02583822229"}), "2026-11-24");
        assert_eq!(fixed, StillTrue::NoMobile("the phone is a fixed line, which receives no SMS"));
        let same_day = judge("result#3", json!({"same_day": true}), "2026-11-24");
        assert_eq!(same_day, StillTrue::No("the procedure takes no longer than a day"));
    }
}
