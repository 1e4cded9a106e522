//! Which change owes which notice, which dossiers are apologised for, and whether a notice is still true when it goes.

use chrono::NaiveDate;

use crate::{ClosedSteps, Dossier, NoticeKey, steps};

/// The notices that the change from `old` to `new` owes: none, one, or (a contradictory dossier) both.
///
/// - *result*: "khi hồ sơ TTHC chuyển về đến bước “Trả kết quả”"; not for a dossier that was done before, so again only
///   after it was re-opened.
/// - *supplement*: "khi hồ sơ TTHC được xác định trạng thái “Chờ bổ sung” … và chuyển về Bộ phận Một cửa", in either
///   order; again only after it has left that state.
///
/// None where the revision did not rise, where the snapshot is silent, same-day, or has no mobile number.
pub fn owed_by_change(old: Option<&Dossier>, new: &Dossier, closed: &ClosedSteps) -> Vec<NoticeKey> {
    let unchanged = old.is_some_and(|old| old.revision >= new.revision);
    if unchanged || new.silent || !new.takes_notices() {
        return Vec::new();
    }
    let was_done = old.is_some_and(|old| old.is_done(closed));
    let was_waiting = old.is_some_and(Dossier::waits_for_papers_at_the_desk);

    let result = (steps::is_result_step(&new.step) && !was_done).then_some(NoticeKey::Result(new.revision));
    let supplement =
        (new.waits_for_papers_at_the_desk() && !was_waiting).then_some(NoticeKey::Supplement(new.revision));
    result.into_iter().chain(supplement).collect()
}

/// "danh sách hồ sơ có thời gian hẹn trả kết quả là ngày hôm sau nhưng hồ sơ … chưa được chuyển về đến bước “Trả kết quả”"
pub fn owes_apology(dossier: &Dossier, tomorrow: NaiveDate, closed: &ClosedSteps) -> bool {
    dossier.appointment_on == tomorrow && !dossier.is_done(closed) && dossier.takes_notices()
}

/// Whether a notice that goes out later than its change still says what is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillTrue {
    /// Send it.
    Yes,
    /// No longer true; the reason is kept in the ledger.
    No(&'static str),
    /// An apology past its appointment day.
    TooLate,
}

/// Judges a notice against the dossier as it is on `today` (in Vietnam).
pub fn still_true(key: &NoticeKey, dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> StillTrue {
    use StillTrue::{No, TooLate, Yes};
    if !dossier.takes_notices() {
        return No("the dossier no longer takes notices: no mobile number, or a same-day procedure");
    }
    match key {
        NoticeKey::Result(_) if !dossier.is_done(closed) => No("the dossier was re-opened"),
        NoticeKey::Supplement(_) if !dossier.waits_for_papers_at_the_desk() => No("the papers are no longer awaited"),
        NoticeKey::Apology(day) if *day < today => TooLate,
        NoticeKey::Apology(_) if dossier.is_done(closed) => No("the result was reached"),
        NoticeKey::Apology(day) if *day != dossier.appointment_on => No("the appointment was moved"),
        _ => Yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::{Value, json};

    fn owed(old: Option<Value>, new: Value) -> Vec<String> {
        let old = old.map(dossier);
        owed_by_change(old.as_ref(), &dossier(new), &ClosedSteps::default()).iter().map(ToString::to_string).collect()
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
    fn the_apology_goes_to_open_dossiers_due_tomorrow() {
        let tomorrow: NaiveDate = "2026-11-25".parse().unwrap();
        let open = json!({"step": "Thẩm định"});
        let owes = |changes: Value, more: Value| {
            let mut changes = changes;
            changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            owes_apology(&dossier(changes), tomorrow, &ClosedSteps::default())
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
        assert_eq!(judge("result#3", json!({"step": "Kết thúc"}), "2026-12-24"), StillTrue::Yes);
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
        let no_phone = judge("result#3", json!({"phone": null}), "2026-11-24");
        assert!(matches!(no_phone, StillTrue::No(_)));
    }
}
