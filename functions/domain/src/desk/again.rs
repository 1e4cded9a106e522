//! Gửi lại: whether somebody at the desk may have a notice sent again. Its words are those of the notice, today.

use chrono::NaiveDate;

use crate::notice::decision::{StillTrue, still_true};
use crate::notice::{NoticeKey, NoticeRecord, Sending, ended};
use crate::{ClosedSteps, Dossier, NoticeId};

/// The most sendings by hand of one notice on one day.
pub const MOST_A_DAY: u8 = 2;

/// Why a notice is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAgain {
    /// The dossier has no such notice.
    #[error("Hồ sơ không có tin nhắn này.")]
    NoSuchNotice,
    /// It waits to be sent, or is being sent.
    #[error("Tin nhắn này đang chờ gửi, chưa cần gửi lại.")]
    Waiting,
    /// A later notice took its place.
    #[error("Đã có tin nhắn mới hơn thay thế.")]
    Superseded,
    /// Its words are not true any more, or there is no number: the end of a sentence.
    #[error("Không gửi lại được: {0}.")]
    NotTrue(&'static str),
    #[error("Không gửi lại được: đã quá ngày hẹn trả.")]
    TooLate,
    /// [`MOST_A_DAY`].
    #[error("Tin nhắn này đã có hai lần gửi lại trong một ngày. Ngày hôm sau mới gửi lại được nữa.")]
    TwiceADay,
}

/// The sending that may be enqueued, or why there is none. `day`: the one in Vietnam on which it will be sent, which is
/// tomorrow after the hours of sending.
pub fn again(
    key: &NoticeKey,
    history: &[NoticeRecord],
    dossier: &Dossier,
    day: NaiveDate,
    closed: &ClosedSteps,
) -> Result<NoticeId, NotAgain> {
    let of_this = || history.iter().filter(|record| record.row.key == *key);
    if of_this().next().is_none() {
        return Err(NotAgain::NoSuchNotice);
    }
    if history.iter().any(|record| record.row.key.supersedes(key)) {
        return Err(NotAgain::Superseded);
    }
    if of_this().any(|record| !record.row.state.is_final()) {
        return Err(NotAgain::Waiting);
    }
    match still_true(key, dossier, day, closed) {
        StillTrue::Yes => {}
        StillTrue::No(why) | StillTrue::NoMobile(why) => {
            return Err(NotAgain::NotTrue(ended::in_vietnamese(why).unwrap_or("nội dung không còn đúng")));
        }
        StillTrue::TooLate => return Err(NotAgain::TooLate),
    }
    let is_of_day = |record: &&NoticeRecord| matches!(record.sending, Sending::ByHand { day: of, .. } if of == day);
    let count = of_this().filter(is_of_day).count() as u8 + 1;
    if count > MOST_A_DAY {
        return Err(NotAgain::TwiceADay);
    }
    Ok(NoticeId::new(dossier.receipt_code().clone(), *key).by_hand(day, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use crate::notice::NoticeRow;
    use crate::notice::lifecycle::State;
    use chrono::DateTime;
    use serde_json::{Value, json};

    const TODAY: &str = "2026-11-24";

    fn record(name: &str, state: State) -> NoticeRecord {
        let NoticeId { key, sending, .. } = NoticeId::parse("0161701234", name).unwrap();
        let enqueued_at = DateTime::UNIX_EPOCH;
        let row =
            NoticeRow { key, state, phone_at_fault: false, arrived: false, unreached: None, enqueued_at, due_at: None };
        NoticeRecord { sending, row, attempts: 1, sent_at: None, reason: None, report: None, copy: None }
    }

    fn asked(key: &str, rows: &[(&str, State)], changes: Value) -> Result<String, NotAgain> {
        let history: Vec<_> = rows.iter().map(|(name, state)| record(name, *state)).collect();
        let (key, today) = (key.parse().unwrap(), TODAY.parse().unwrap());
        again(&key, &history, &dossier(changes), today, &ClosedSteps::default()).map(|id| id.name())
    }

    #[test]
    fn a_notice_may_be_sent_again_twice_a_day() {
        let mut rows = vec![("result#3", State::Sent)];
        assert_eq!(asked("result#3", &rows, json!({})).as_deref(), Ok("result#3#hand#2026-11-24#1"));
        rows.extend([("result#3#again", State::Failed), ("result#3#hand#2026-11-23#2", State::Sent)]);
        assert_eq!(asked("result#3", &rows, json!({})).as_deref(), Ok("result#3#hand#2026-11-24#1"), "another day");
        rows.push(("result#3#hand#2026-11-24#1", State::Sent));
        assert_eq!(asked("result#3", &rows, json!({})).as_deref(), Ok("result#3#hand#2026-11-24#2"));
        rows.push(("result#3#hand#2026-11-24#2", State::Cancelled));
        assert_eq!(asked("result#3", &rows, json!({})), Err(NotAgain::TwiceADay));
    }

    #[test]
    fn only_what_is_still_true_is_sent_again() {
        let sent = [("result#3", State::Sent)];
        for (changes, why) in [
            (json!({"step": "Đã trả kết quả"}), NotAgain::NotTrue("kết quả đã được trả")),
            (json!({"step": "Thẩm định"}), NotAgain::NotTrue("hồ sơ được chuyển lại để giải quyết tiếp")),
            (json!({"phone": null}), NotAgain::NotTrue("hồ sơ không có số điện thoại")),
        ] {
            assert_eq!(asked("result#3", &sent, changes), Err(why));
        }
        let apology = [("apology#2026-11-23", State::Sent)];
        let late = json!({"step": "Thẩm định", "appointment_on": "2026-11-23"});
        assert_eq!(asked("apology#2026-11-23", &apology, late), Err(NotAgain::TooLate));
    }

    #[test]
    fn what_waits_was_replaced_or_never_was_is_not_sent_again() {
        for state in [State::Pending, State::Sending] {
            let rows = [("result#3", State::Sent), ("result#3#again", state)];
            assert_eq!(asked("result#3", &rows, json!({})), Err(NotAgain::Waiting));
        }
        let replaced = [("result#3", State::Sent), ("result#4", State::Sent)];
        assert_eq!(asked("result#3", &replaced, json!({"revision": 4})), Err(NotAgain::Superseded));
        assert_eq!(asked("supplement#3", &replaced, json!({})), Err(NotAgain::NoSuchNotice));
    }
}
