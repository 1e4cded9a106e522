//! Which change requires which notice, which dossiers need an apology, and whether a notice is still true when it is
//! sent.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::calendar::day_in_vietnam;
use crate::dossier::Contact;
use crate::dossier::steps;
use crate::notice::lifecycle::{LEASE, State};
use crate::notice::{NoticeRow, Sending, ended};
use crate::phone::NotAMobile;
use crate::{ClosedSteps, Dossier, NoticeId, NoticeKey};

/// The notice that the change from `old` to `new` requires, if any.
///
/// - *result*: "khi hồ sơ TTHC chuyển về đến bước “Trả kết quả”"; not for a dossier that was done before, so a second
///   one only after the dossier was re-opened.
/// - *supplement*: "khi hồ sơ TTHC được xác định trạng thái “Chờ bổ sung” … và chuyển về Bộ phận Một cửa", in either
///   order; a second one only after the dossier has left that state. Not for a dossier that is done, whatever its
///   status.
///
/// None if the revision is not higher, or if the snapshot is silent, same-day, or has no mobile number.
pub fn notice_for_change(old: Option<&Dossier>, new: &Dossier, closed: &ClosedSteps) -> Option<NoticeKey> {
    if !is_newer(old, new) || !new.takes_notices() {
        return None;
    }
    let was_done = old.is_some_and(|old| old.is_done(closed));
    let was_awaiting = old.is_some_and(|old| awaits_papers(old, closed));
    if steps::is_result_step(new.step()) && !was_done {
        Some(NoticeKey::Result(new.revision()))
    } else if awaits_papers(new, closed) && !was_awaiting {
        Some(NoticeKey::Supplement(new.revision()))
    } else {
        None
    }
}

/// The notice that the change from `old` to `new` may require again: [`is_due_again`] decides.
///
/// - The phone number was corrected, and the dossier is still where the notice was required: at "Trả kết quả", or
///   waiting for papers at the desk.
/// - The dossier came back to "Trả kết quả" from a closing step: it was closed by mistake.
pub fn notice_to_reconsider(old: &Dossier, new: &Dossier, closed: &ClosedSteps) -> Option<NoticeKey> {
    if !is_newer(Some(old), new) || !new.takes_notices() {
        return None;
    }
    let was_at_result = steps::is_result_step(old.step());
    if steps::is_result_step(new.step()) && (!was_at_result || old.contact() != new.contact()) {
        Some(NoticeKey::Result(new.revision()))
    } else if awaits_papers(old, closed) && awaits_papers(new, closed) && old.contact() != new.contact() {
        Some(NoticeKey::Supplement(new.revision()))
    } else {
        None
    }
}

/// Whether a notice is required again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The citizen was not informed: send it.
    Yes,
    /// The citizen was informed, or a pending notice will be sent to the current number.
    No,
    /// The last notice is being sent at this moment: ask again when its outcome is known.
    NotYet,
}

/// A sender that has not crashed finishes a notice within this time after the claim.
const SENDING_TIME: TimeDelta = TimeDelta::minutes(2);

/// Whether the notice of [`notice_to_reconsider`] is required again. `rows` are the dossier's notices of that kind.
///
/// It is required if the last of them was cancelled or refused because of the phone number; if the last one was
/// cancelled because the dossier was closed, and the dossier is not closed any more; or if none was enqueued since the
/// dossier reached its state, because the number was not a mobile number. A first load (`silent`) requires none in any
/// case.
pub fn is_due_again(old: &Dossier, new: &Dossier, rows: &[NoticeRow], now: DateTime<Utc>) -> Again {
    let stayed = steps::is_result_step(old.step()) == steps::is_result_step(new.step());
    let had_no_mobile = stayed && !old.is_silent() && !matches!(old.contact(), Some(Contact::Mobile(_)));
    let due = match rows.iter().max_by_key(|row| row.key) {
        None => had_no_mobile,
        Some(last) if is_being_sent(last, now) => return Again::NotYet,
        Some(last) if !last.state.is_final() => false,
        Some(last) => {
            let was_closed = !stayed && last.state == State::Cancelled;
            let was_informed = last.state != State::Cancelled && was_enqueued_here(last, new);
            last.phone_at_fault || was_closed || had_no_mobile && !was_informed
        }
    };
    if due { Again::Yes } else { Again::No }
}

/// Whether a notice is required for a dossier whose previous state could not be read: not if the citizen was informed
/// already, or will be soon.
pub fn is_due_after_unreadable(rows: &[NoticeRow]) -> bool {
    !rows.iter().any(|row| row.state == State::Sent || !row.state.is_final())
}

fn is_being_sent(row: &NoticeRow, now: DateTime<Utc>) -> bool {
    row.state == State::Sending && row.due_at.is_some_and(|lease_until| now < lease_until - LEASE + SENDING_TIME)
}

/// Whether a notice was enqueued since the dossier reached its state. If the table does not say since when that is, the
/// citizen is informed.
pub(super) fn was_enqueued_here(row: &NoticeRow, dossier: &Dossier) -> bool {
    match row.key {
        NoticeKey::Result(_) => dossier.result_on().is_some_and(|on| day_in_vietnam(row.enqueued_at) >= on),
        NoticeKey::Supplement(revision) => dossier.waiting_since().is_some_and(|since| revision >= since),
        NoticeKey::Apology(_) => false,
    }
}

/// Why a notice need not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnecessary {
    /// A later revision requires the same kind of notice.
    Superseded,
    /// A receipt says that its first sending arrived, and this is the second.
    FirstArrived,
    /// A receipt says that it arrived, though its outcome was unknown.
    Arrived,
    /// Its first sending did not arrive, probably because of the number, and this is the second, to the same number.
    SameNumber,
}

/// Whether the dossier's notices of that kind, `rows`, make this one unnecessary.
pub fn made_unnecessary(id: &NoticeId, rows: &[NoticeRow], dossier: &Dossier) -> Option<Unnecessary> {
    let superseded = || rows.iter().any(|row| row.key.supersedes(&id.key)).then_some(Unnecessary::Superseded);
    if matches!(id.sending, Sending::ByHand { .. }) {
        // Somebody wants it although it arrived, or although the number is the same. Its own receipt cannot be told here
        // from that of an earlier sending: after a crash it may go out twice, as a message without receipts may.
        return superseded();
    }
    let of_this = || rows.iter().filter(|row| row.key == id.key);
    let arrived = || of_this().any(|row| row.arrived);
    let same_number = || match dossier.contact() {
        Some(Contact::Mobile(phone)) => of_this().any(|row| row.unreached.as_ref() == Some(phone)),
        _ => false,
    };
    if let Some(superseded) = superseded() {
        Some(superseded)
    } else if arrived() {
        Some(if id.sending == Sending::Again { Unnecessary::FirstArrived } else { Unnecessary::Arrived })
    } else {
        (id.sending == Sending::Again && same_number()).then_some(Unnecessary::SameNumber)
    }
}

fn is_newer(old: Option<&Dossier>, new: &Dossier) -> bool {
    !new.is_silent() && old.is_none_or(|old| old.revision() < new.revision())
}

/// Whether the dossier waits for papers at the desk and is not done.
pub fn awaits_papers(dossier: &Dossier, closed: &ClosedSteps) -> bool {
    dossier.waits_for_papers_at_the_desk() && !dossier.is_done(closed)
}

/// Why a notice cannot be sent to the dossier's phone.
fn no_mobile(dossier: &Dossier) -> Option<&'static str> {
    match dossier.contact() {
        Some(Contact::Mobile(_)) => None,
        None => Some(ended::NO_PHONE),
        Some(Contact::Unusable(NotAMobile::FixedLine)) => Some(ended::FIXED_LINE),
        Some(Contact::Unusable(NotAMobile::Foreign)) => Some(ended::FOREIGN),
        Some(Contact::Unusable(NotAMobile::Nonsense)) => Some(ended::NONSENSE),
    }
}

/// "danh sách hồ sơ có thời gian hẹn trả kết quả là ngày hôm sau nhưng hồ sơ … chưa được chuyển về đến bước “Trả kết quả”"
pub fn needs_apology(dossier: &Dossier, tomorrow: NaiveDate, closed: &ClosedSteps) -> bool {
    dossier.appointment_on() == tomorrow && !dossier.is_done(closed) && dossier.takes_notices()
}

/// Whether a notice that is sent later than its change is still true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StillTrue {
    /// Send it.
    Yes,
    /// No longer true; the outbox keeps the reason.
    No(&'static str),
    /// True, but there is no mobile number to send it to.
    NoMobile(&'static str),
    /// An apology after its appointment day.
    TooLate,
}

/// Judges a notice against the dossier as it is on `today` (in Vietnam).
pub fn still_true(key: &NoticeKey, dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> StillTrue {
    use StillTrue::{No, NoMobile, TooLate, Yes};
    match key {
        _ if dossier.is_same_day() => No(ended::SAME_DAY),
        NoticeKey::Result(_) if !dossier.is_done(closed) => No(ended::REOPENED),
        NoticeKey::Result(_) if !steps::is_result_step(dossier.step()) => No(ended::HANDED_OVER),
        NoticeKey::Supplement(_) if dossier.is_done(closed) => No(ended::RESULT_REACHED),
        NoticeKey::Supplement(_) if !dossier.waits_for_papers_at_the_desk() => No(ended::NO_PAPERS_AWAITED),
        NoticeKey::Apology(day) if *day < today => TooLate,
        NoticeKey::Apology(_) if dossier.is_done(closed) => No(ended::RESULT_REACHED),
        NoticeKey::Apology(day) if *day != dossier.appointment_on() => No(ended::APPOINTMENT_MOVED),
        _ => no_mobile(dossier).map_or(Yes, NoMobile),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::{Value, json};

    fn required(old: Option<Value>, new: Value) -> Vec<String> {
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
    fn reaching_the_result_step_requires_a_result_notice_once() {
        let open = at(2, "Thẩm định", "Đang xử lý", ROOM);
        let done = at(3, "Trả kết quả", "Đã giải quyết", DESK);
        let closed = at(4, "Đã trả kết quả", "Đã giải quyết", DESK);
        assert_eq!(required(Some(open.clone()), done.clone()), ["result#3"]);
        assert_eq!(required(None, done.clone()), ["result#3"]);
        assert_eq!(required(Some(done.clone()), at(4, "trả kết quả", "Khác", DESK)), NONE);
        assert_eq!(required(Some(done), closed.clone()), NONE);
        assert_eq!(required(Some(closed.clone()), at(5, "Trả kết quả", "Đã giải quyết", DESK)), NONE);
        assert_eq!(required(Some(closed), at(5, "Thẩm định", "Đang xử lý", ROOM)), NONE);
        let reopened = at(5, "Thẩm định", "Đang xử lý", ROOM);
        assert_eq!(required(Some(reopened), at(6, "Trả kết quả", "Đã giải quyết", DESK)), ["result#6"]);
        assert_eq!(required(Some(open), at(3, "Kết thúc", "Đã giải quyết", DESK)), NONE);
    }

    #[test]
    fn supplement_needs_the_status_and_the_desk_in_either_order() {
        let neither = at(1, "Thẩm định", "Đang xử lý", ROOM);
        let status_only = at(2, "Thẩm định", "Chờ bổ sung", ROOM);
        let desk_only = at(2, "Thẩm định", "Đang xử lý", DESK);
        let both = at(3, "Tiếp nhận", "Chờ bổ sung", DESK);
        assert_eq!(required(Some(neither.clone()), status_only.clone()), NONE);
        assert_eq!(required(Some(neither.clone()), desk_only.clone()), NONE);
        for before in [neither, status_only.clone(), desk_only] {
            assert_eq!(required(Some(before), both.clone()), ["supplement#3"]);
        }
        assert_eq!(
            required(Some(both.clone()), at(4, "Tiếp nhận khác", "CHỜ  BỔ SUNG", "Bộ phận Một cửa Sở Du lịch")),
            NONE
        );
        assert_eq!(required(Some(both), at(4, "Thẩm định", "Chờ bổ sung", ROOM)), NONE);
        assert_eq!(required(Some(status_only), at(5, "Tiếp nhận", "Chờ bổ sung", DESK)), ["supplement#5"]);
    }

    #[test]
    fn no_notice_is_required_same_day_silently_without_a_mobile_or_without_a_new_revision() {
        assert_eq!(required(None, json!({"appointment_on": "2026-11-20"})), NONE);
        assert_eq!(required(None, json!({"same_day": true})), NONE);
        assert_eq!(required(None, json!({"silent": true})), NONE);
        assert_eq!(required(None, json!({"phone": null})), NONE);
        assert_eq!(required(None, json!({"phone": "02583822229"})), NONE);
        let open = json!({"step": "Thẩm định"});
        assert_eq!(required(Some(open), json!({})), NONE, "same revision");
        assert_eq!(required(Some(json!({"step": "Thẩm định", "revision": 4})), json!({})), NONE, "older revision");
    }

    #[test]
    fn a_dossier_that_is_done_awaits_no_papers_whatever_its_status_says() {
        let both = at(3, "Trả kết quả", "Chờ bổ sung", DESK);
        assert_eq!(required(Some(at(2, "Thẩm định", "Đang xử lý", ROOM)), both.clone()), ["result#3"]);
        assert_eq!(required(Some(at(2, "Trả kết quả", "Đã giải quyết", DESK)), both.clone()), NONE);
        assert_eq!(required(None, at(3, "Kết thúc", "Chờ bổ sung", DESK)), NONE);
        assert_eq!(required(Some(both), at(4, "Tiếp nhận", "Chờ bổ sung", DESK)), ["supplement#4"], "re-opened");
    }

    #[test]
    fn a_notice_is_reconsidered_only_if_it_is_still_required() {
        let reconsidered = |old: Value, new: Value| {
            let (mut old, mut new) = (old, new);
            (old["phone"], new["revision"]) = (old.get("phone").cloned().unwrap_or(json!(null)), json!(4));
            let key = notice_to_reconsider(&dossier(old), &dossier(new), &ClosedSteps::default());
            key.map(|key| key.to_string())
        };
        let waiting = json!({"step": "Tiếp nhận", "status": "Chờ bổ sung"});
        assert_eq!(reconsidered(json!({}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(reconsidered(json!({"phone": "02583822229"}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(reconsidered(json!({"phone": "0987654321"}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(reconsidered(json!({"step": "Kết thúc"}), json!({})).as_deref(), Some("result#4"));
        assert_eq!(reconsidered(waiting.clone(), waiting.clone()).as_deref(), Some("supplement#4"));
        for (old, new) in [
            (json!({"phone": "+84 912 345 678"}), json!({})),
            (json!({}), json!({"phone": null})),
            (json!({}), json!({"phone": "02583822229"})),
            (json!({}), json!({"silent": true})),
            (json!({}), json!({"same_day": true})),
            (json!({}), json!({"step": "Kết thúc"})),
            (json!({}), json!({"step": "Thẩm định"})),
            (waiting.clone(), json!({"step": "Tiếp nhận"})),
        ] {
            assert_eq!(reconsidered(old.clone(), new.clone()), None, "{old} {new}");
        }
    }

    fn row(key: &str, state: State, phone_at_fault: bool, enqueued_at: &str) -> NoticeRow {
        let enqueued_at: DateTime<Utc> = enqueued_at.parse().unwrap();
        let due_at = (!state.is_final()).then_some(enqueued_at + LEASE);
        NoticeRow {
            key: key.parse().unwrap(),
            state,
            phone_at_fault,
            arrived: false,
            unreached: None,
            enqueued_at,
            due_at,
        }
    }

    const TODAY: &str = "2026-11-24T02:00:00Z";
    const BEFORE: &str = "2026-11-23T02:00:00Z";

    fn again(old: Value, rows: &[NoticeRow]) -> Again {
        let new = dossier(json!({"revision": 20, "result_on": "2026-11-24", "waiting_since": 8}));
        is_due_again(&dossier(old), &new, rows, TODAY.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(1))
    }

    #[test]
    fn a_notice_is_due_again_where_none_was_enqueued_here_or_the_last_failed_for_its_phone() {
        use Again::{No, NotYet, Yes};
        let (none, good) = (json!({"phone": null}), json!({"phone": "0987654321"}));
        assert_eq!(again(none.clone(), &[]), Yes, "it could not be enqueued");
        assert_eq!(again(json!({"phone": "02583822229"}), &[]), Yes);
        assert_eq!(again(json!({"phone": null, "silent": true}), &[]), No, "the first load required nothing");
        assert_eq!(again(good.clone(), &[]), No, "nor did the first load of a good number");
        let refused = [row("result#9", State::Sent, false, TODAY), row("result#10", State::Failed, true, TODAY)];
        assert_eq!([again(good.clone(), &refused), again(none.clone(), &refused)], [Yes, Yes]);
        let informed = [refused[1].clone(), row("result#11", State::Sent, false, TODAY)];
        assert_eq!([again(good.clone(), &informed), again(none.clone(), &informed)], [No, No], "once");
        let did_not_arrive = [row("result#10", State::Sent, true, TODAY)];
        assert_eq!(again(good.clone(), &did_not_arrive), Yes, "a receipt says that there is no such number");
        let informed_before = [row("result#9", State::Sent, false, BEFORE)];
        assert_eq!(again(none.clone(), &informed_before), Yes, "informed when it was here before");
        assert_eq!(again(none.clone(), &[row("supplement#8", State::Sent, false, TODAY)]), No, "informed in this wait");
        assert_eq!(
            again(none.clone(), &[row("supplement#7", State::Sent, false, TODAY)]),
            Yes,
            "informed in the last one"
        );
        assert_eq!(
            again(good.clone(), &[row("result#9", State::Pending, false, BEFORE)]),
            No,
            "it goes to today's number"
        );
        assert_eq!(again(good.clone(), &[row("result#9", State::Sending, false, TODAY)]), NotYet);
        assert_eq!(
            again(good, &[row("result#9", State::Sending, false, BEFORE)]),
            No,
            "claimed anew, it reads the number"
        );
    }

    #[test]
    fn a_result_that_was_closed_by_mistake_before_its_notice_was_sent_is_due_again() {
        let closed = json!({"step": "Đã trả kết quả", "phone": "0912345678"});
        let cancelled = [row("result#9", State::Cancelled, false, TODAY)];
        assert_eq!(again(closed.clone(), &cancelled), Again::Yes);
        assert_eq!(again(closed.clone(), &[row("result#9", State::Sent, false, TODAY)]), Again::No);
        assert_eq!(again(closed, &[]), Again::No);
    }

    #[test]
    fn after_an_unreadable_row_no_citizen_is_informed_twice() {
        assert!(is_due_after_unreadable(&[]));
        assert!(is_due_after_unreadable(&[row("result#9", State::Failed, false, TODAY)]));
        for state in [State::Sent, State::Pending, State::Sending] {
            assert!(!is_due_after_unreadable(&[row("result#9", state, false, TODAY)]), "{state}");
        }
    }

    #[test]
    fn the_apology_goes_to_open_dossiers_due_tomorrow() {
        let tomorrow: NaiveDate = "2026-11-25".parse().unwrap();
        let open = json!({"step": "Thẩm định"});
        let requires = |changes: Value, more: Value| {
            let mut changes = changes;
            changes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            needs_apology(&dossier(changes), tomorrow, &ClosedSteps::default())
        };
        assert!(requires(open.clone(), json!({})));
        assert!(requires(open.clone(), json!({"silent": true})), "a silent load still gets the evening's apology");
        for not in [
            json!({"step": "Trả kết quả"}),
            json!({"step": "Kết thúc"}),
            json!({"appointment_on": "2026-11-26"}),
            json!({"received_on": "2026-11-25"}),
            json!({"phone": null}),
            json!({"phone": "02583822229"}),
        ] {
            assert!(!requires(open.clone(), not.clone()), "{not}");
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
