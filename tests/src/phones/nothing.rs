//! Why a dossier's last change requires no notice: the domain's own decision, in words for a person.

use chrono::{DateTime, Utc};
use domain::calendar::day_in_vietnam;
use domain::notice::NoticeRow;
use domain::notice::decision::{Again, is_due_again, notice_for_change, notice_to_reconsider};
use domain::notice::nothing::{Nothing, why_nothing};
use domain::phone::NotAMobile;
use domain::{ClosedSteps, Dossier, NoticeKey};
use serde_json::{Value, json};

/// None if the change from `old` to `new` requires a notice. `rows` are the dossier's notices.
pub(super) fn why(
    old: Option<&Dossier>,
    new: &Dossier,
    rows: &[NoticeRow],
    now: DateTime<Utc>,
    closed: &ClosedSteps,
) -> Option<Value> {
    if is_required(old, new, rows, now, closed) {
        return None;
    }
    // Where the dossier alone would require one, the change did not: it was there before.
    let why = why_nothing(new, rows, day_in_vietnam(now), closed).unwrap_or(Nothing::ReachedBefore);
    Some(json!({"why": why.as_str(), "sentence_vi": why.in_vietnamese(), "sentence_en": in_english(why)}))
}

fn is_required(
    old: Option<&Dossier>,
    new: &Dossier,
    rows: &[NoticeRow],
    now: DateTime<Utc>,
    closed: &ClosedSteps,
) -> bool {
    let of_this_change = [NoticeKey::Result(new.revision()), NoticeKey::Supplement(new.revision())];
    if rows.iter().any(|row| of_this_change.contains(&row.key)) || notice_for_change(old, new, closed).is_some() {
        return true;
    }
    let Some((old, key)) = old.and_then(|old| Some((old, notice_to_reconsider(old, new, closed)?))) else {
        return false;
    };
    let of_its_kind: Vec<NoticeRow> = rows.iter().filter(|row| row.key.kind() == key.kind()).cloned().collect();
    is_due_again(old, new, &of_its_kind, now) != Again::No
}

fn in_english(why: Nothing) -> &'static str {
    match why {
        Nothing::SameDay => "The procedure takes no longer than a day, so no SMS is sent.",
        Nothing::NoPhone => "The citizen left no phone number, so no SMS can be sent.",
        Nothing::UnusablePhone(NotAMobile::FixedLine) => "The number is a fixed line, which receives no SMS.",
        Nothing::UnusablePhone(NotAMobile::Foreign) => "The number is not Vietnamese, so no SMS can be sent.",
        Nothing::UnusablePhone(NotAMobile::Nonsense) => "The number is not a mobile number, so no SMS can be sent.",
        Nothing::Closed => "The dossier is past the step \"Trả kết quả\", so no SMS is sent any more.",
        Nothing::NotAtTheDesk => "Papers are needed, but the dossier is not back at the one-stop desk yet.",
        Nothing::NotANoticeStep => "No SMS is required at this step and status.",
        Nothing::Silent => "The dossier came with a first load, which causes no SMS.",
        Nothing::AlreadyTold => "An SMS was sent when the dossier reached this step.",
        Nothing::NotReached => "The SMS of this step did not reach the citizen, and this change causes no other.",
        Nothing::ReachedBefore => "The dossier reached this step earlier, and no SMS of that time is kept.",
        Nothing::Unreadable => "The dossier cannot be read. Push it again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::notice::lifecycle::State;

    fn dossier(changes: Value) -> Dossier {
        let mut snapshot = json!({
            "receipt_code": "0161701234", "revision": 2, "procedure": "Cấp thẻ", "phone": "0912345678",
            "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định hồ sơ", "status": "Đang xử lý",
            "unit": "Phòng Quản lý lữ hành", "result_on": "2026-11-24", "waiting_since": 1,
        });
        snapshot.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Dossier::parse(snapshot.as_object().unwrap()).unwrap()
    }

    fn row(key: &str) -> NoticeRow {
        let (key, enqueued_at) = (key.parse().unwrap(), "2026-11-24T02:00:00Z".parse().unwrap());
        NoticeRow {
            key,
            state: State::Sent,
            phone_at_fault: false,
            arrived: true,
            unreached: None,
            enqueued_at,
            due_at: None,
        }
    }

    /// Why the change from a dossier in progress, at revision 1, requires nothing.
    fn asked(old: Value, new: Value, rows: &[NoticeRow]) -> Option<String> {
        let mut before = json!({"revision": 1});
        before.as_object_mut().unwrap().extend(old.as_object().unwrap().clone());
        let now = "2026-11-24T03:00:00Z".parse().unwrap();
        let why = why(Some(&dossier(before)), &dossier(new), rows, now, &ClosedSteps::default())?;
        assert!(["sentence_vi", "sentence_en"].iter().all(|sentence| why[*sentence].as_str().unwrap().ends_with('.')));
        Some(why["why"].as_str().unwrap().to_owned())
    }

    const RESULT: &str = "Trả kết quả";
    const DESK: &str = "Bộ phận Một cửa Sở Du lịch";

    #[test]
    fn a_change_that_requires_a_notice_has_no_reason() {
        assert_eq!(asked(json!({}), json!({"step": RESULT}), &[]), None, "before it is enqueued");
        assert_eq!(asked(json!({}), json!({"step": RESULT}), &[row("result#2")]), None, "and after");
        assert_eq!(asked(json!({}), json!({"status": "Chờ bổ sung", "unit": DESK}), &[]), None);
        let no_phone = json!({"phone": null, "step": RESULT});
        assert_eq!(asked(no_phone, json!({"step": RESULT}), &[]), None, "a number was added");
    }

    #[test]
    fn a_dossier_that_takes_no_notices_says_why() {
        for (change, why) in [
            (json!({"appointment_on": "2026-11-20"}), "same_day"),
            (json!({"phone": null}), "no_phone"),
            (json!({"phone": "0258 3822 229"}), "unusable_phone"),
            (json!({"phone": "+1 415 555 2671"}), "unusable_phone"),
            (json!({"phone": "0912"}), "unusable_phone"),
            (json!({"silent": true}), "silent"),
        ] {
            let mut new = json!({"step": RESULT});
            new.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            assert_eq!(asked(json!({}), new, &[]).as_deref(), Some(why), "{change}");
        }
    }

    #[test]
    fn a_citizen_who_was_told_is_not_told_again() {
        let done = json!({"step": RESULT});
        let why = asked(done.clone(), json!({"step": RESULT, "status": "Khác"}), &[row("result#1")]);
        assert_eq!(why.as_deref(), Some("already_told"));
        let why = asked(done, json!({"step": "Đã trả kết quả"}), &[row("result#1")]);
        assert_eq!(why.as_deref(), Some("closed"));
        let waits = json!({"status": "Chờ bổ sung", "unit": DESK});
        assert_eq!(asked(waits.clone(), waits, &[row("supplement#1")]).as_deref(), Some("already_told"));
    }

    #[test]
    fn most_steps_require_no_notice() {
        for (new, why) in [
            (json!({"step": "Trình lãnh đạo phòng"}), "not_a_notice_step"),
            (json!({"status": "Chờ bổ sung"}), "not_at_the_desk"),
            (json!({"step": "Kết thúc"}), "closed"),
        ] {
            assert_eq!(asked(json!({}), new.clone(), &[]).as_deref(), Some(why), "{new}");
        }
    }
}
