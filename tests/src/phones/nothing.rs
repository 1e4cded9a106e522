//! Why a dossier's last change requires no notice: the domain's own decision, in words for a person.

use chrono::{DateTime, Utc};
use domain::dossier::Contact;
use domain::notice::NoticeRow;
use domain::notice::decision::{Again, awaits_papers, is_due_again, notice_for_change, notice_to_reconsider};
use domain::phone::NotAMobile;
use domain::{ClosedSteps, Dossier, NoticeKey, NoticeKind};
use serde_json::{Value, json};

/// A reason: its name, and a sentence in Vietnamese and in English.
type Why = (&'static str, &'static str, &'static str);

const SAME_DAY: Why = (
    "same_day",
    "Thủ tục giải quyết trong ngày nên không nhắn tin.",
    "The procedure takes no longer than a day, so no SMS is sent.",
);
const NO_PHONE: Why = (
    "no_phone",
    "Người dân không để lại số điện thoại nên không nhắn tin được.",
    "The citizen left no phone number, so no SMS can be sent.",
);
const FIXED_LINE: Why =
    ("unusable_phone", "Số máy bàn không nhận được tin nhắn.", "The number is a fixed line, which receives no SMS.");
const FOREIGN: Why = (
    "unusable_phone",
    "Số điện thoại nước ngoài nên không nhắn tin được.",
    "The number is not Vietnamese, so no SMS can be sent.",
);
const NO_MOBILE: Why = (
    "unusable_phone",
    "Số điện thoại không phải là số di động nên không nhắn tin được.",
    "The number is not a mobile number, so no SMS can be sent.",
);
const SILENT: Why = (
    "silent",
    "Hồ sơ được nạp lần đầu từ danh sách nên không nhắn tin.",
    "The dossier came with a first load, which causes no SMS.",
);
const TOLD_RESULT: Why = (
    "already_told",
    "Người dân đã được nhắn tin là có kết quả.",
    "The citizen has been told already that the result is ready.",
);
const TOLD_PAPERS: Why = (
    "already_told",
    "Người dân đã được nhắn tin là cần bổ sung giấy tờ.",
    "The citizen has been told already that papers are needed.",
);
const NOT_AT_THE_DESK: Why = (
    "not_a_notice_step",
    "Hồ sơ chờ bổ sung nhưng chưa chuyển về Bộ phận Một cửa nên chưa nhắn tin.",
    "Papers are needed, but the dossier is not back at the one-stop desk yet.",
);
const CLOSED: Why = (
    "not_a_notice_step",
    "Hồ sơ đã kết thúc, không còn gì phải nhắn tin.",
    "The dossier is closed: there is nothing to tell any more.",
);
const ON_ITS_WAY: Why = (
    "not_a_notice_step",
    "Hồ sơ còn đang giải quyết, bước này chưa phải nhắn tin.",
    "The dossier is being worked on: no SMS is due at this step.",
);

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
    let (why, vi, en) = reason(new, rows, closed);
    Some(json!({"why": why, "sentence_vi": vi, "sentence_en": en}))
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

fn reason(dossier: &Dossier, rows: &[NoticeRow], closed: &ClosedSteps) -> Why {
    let told = |kind| rows.iter().any(|row| row.key.kind() == kind);
    match dossier.contact() {
        _ if dossier.is_silent() => SILENT,
        _ if dossier.is_same_day() => SAME_DAY,
        None => NO_PHONE,
        Some(Contact::Unusable(NotAMobile::FixedLine)) => FIXED_LINE,
        Some(Contact::Unusable(NotAMobile::Foreign)) => FOREIGN,
        Some(Contact::Unusable(NotAMobile::Nonsense)) => NO_MOBILE,
        Some(Contact::Mobile(_)) if dossier.is_done(closed) => {
            if told(NoticeKind::Result) {
                TOLD_RESULT
            } else {
                CLOSED
            }
        }
        Some(Contact::Mobile(_)) if awaits_papers(dossier, closed) => TOLD_PAPERS,
        Some(Contact::Mobile(_)) if domain::text::fold(dossier.status()) == "chờ bổ sung" => NOT_AT_THE_DESK,
        Some(Contact::Mobile(_)) => ON_ITS_WAY,
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
            "unit": "Phòng Quản lý lữ hành",
        });
        snapshot.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        Dossier::parse(snapshot.as_object().unwrap()).unwrap()
    }

    fn row(key: &str) -> NoticeRow {
        let (key, enqueued_at) = (key.parse().unwrap(), "2026-11-24T02:00:00Z".parse().unwrap());
        NoticeRow { key, state: State::Sent, phone_at_fault: false, arrived: true, enqueued_at, due_at: None }
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
        assert_eq!(why.as_deref(), Some("already_told"));
        let waits = json!({"status": "Chờ bổ sung", "unit": DESK});
        assert_eq!(asked(waits.clone(), waits, &[row("supplement#1")]).as_deref(), Some("already_told"));
    }

    #[test]
    fn most_steps_are_no_news_for_the_citizen() {
        for new in
            [json!({"step": "Trình lãnh đạo phòng"}), json!({"status": "Chờ bổ sung"}), json!({"step": "Kết thúc"})]
        {
            assert_eq!(asked(json!({}), new.clone(), &[]).as_deref(), Some("not_a_notice_step"), "{new}");
        }
    }
}
