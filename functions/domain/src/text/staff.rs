//! Câu cho cán bộ: what became of a notice, in a sentence that a clerk can say to the citizen. The wording is ours.
//!
//! A sentence says no more than is known: `delivered` is often the network's word and not the phone's, and no carrier can
//! say for certain that a number does not exist.

use crate::event::InquiryOutcome;
use crate::notice::lifecycle::State;
use crate::notice::receipt::{Delivery, Reason};
use crate::notice::{DeliveryReport, NoticeKind, NoticeRecord, ended};

/// What a notice is about: a heading.
pub fn subject(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Result => "Báo có kết quả",
        NoticeKind::Supplement => "Báo bổ sung giấy tờ",
        NoticeKind::Apology => "Xin lỗi trễ hẹn",
    }
}

/// How a text to 8083 was answered.
pub fn answered(outcome: InquiryOutcome) -> &'static str {
    match outcome {
        InquiryOutcome::Answered => "Đã trả lời bước giải quyết và hạn.",
        InquiryOutcome::Unknown => "Đã trả lời là không tìm thấy mã số.",
        InquiryOutcome::Syntax => "Đã trả lời là tin nhắn sai cú pháp.",
        InquiryOutcome::OverLimit => "Đã trả lời là số này nhắn quá nhiều tin trong một phút.",
        InquiryOutcome::Unreadable => "Đã trả lời là chưa tra cứu được: hệ thống không đọc được hồ sơ.",
    }
}

/// What became of one sending of a notice.
pub fn what_became_of(record: &NoticeRecord) -> String {
    let reason = record.reason.as_deref().unwrap_or_default();
    match (record.row.state, record.report) {
        (State::Sent | State::Sending, Some(report)) => reported(report),
        (State::Sent, None) => "Tin nhắn đã gửi đi, nhà mạng chưa báo kết quả.".into(),
        (State::Sending, None) => "Tin nhắn đang được gửi.".into(),
        (State::Pending, _) if record.attempts == 0 => "Tin nhắn đang chờ gửi.".into(),
        (State::Pending, _) => "Tin nhắn chưa gửi được, hệ thống sẽ tự gửi lại.".into(),
        (State::Failed, _) => format!("Tin nhắn không gửi được: {}.", failure(reason, record.row.phone_at_fault)),
        (State::Cancelled, _) => match ended::in_vietnamese(reason) {
            Some(why) => format!("Tin nhắn này không được gửi nữa: {why}."),
            None => "Tin nhắn này không được gửi nữa.".into(),
        },
        (State::Expired, _) => "Tin nhắn này không được gửi nữa: đã quá ngày hẹn trả.".into(),
    }
}

fn reported(report: DeliveryReport) -> String {
    match report.delivery {
        Delivery::Delivered => "Tin nhắn đã đến mạng của người nhận.".into(),
        Delivery::Unknown => "Tin nhắn đã gửi đi, nhà mạng không cho biết đã đến hay chưa.".into(),
        Delivery::Undelivered => {
            let why = report.reason.unwrap_or(Reason::Unknown);
            format!("Tin nhắn đã gửi nhưng không đến được: {}.", undelivered(why))
        }
    }
}

/// Why a message did not arrive: the end of a sentence.
pub fn undelivered(why: Reason) -> &'static str {
    match why {
        Reason::SpendLimit => "tài khoản nhắn tin của cơ quan đã hết hạn mức",
        Reason::MaxPrice => "giá tin nhắn vượt mức mà tài khoản của cơ quan cho phép",
        Reason::Body => "nhà mạng không chấp nhận nội dung tin",
        Reason::Sender => "nhà mạng không chấp nhận tên người gửi hoặc coi là tin rác",
        Reason::Account => "tài khoản nhắn tin của cơ quan bị khóa hoặc chưa được thiết lập",
        Reason::InvalidNumber => "nhà mạng không nhận số điện thoại này, đề nghị kiểm tra lại số",
        Reason::OptedOut => "người nhận đã từ chối nhận tin từ nơi gửi này",
        Reason::Blocked => "điện thoại hoặc nhà mạng của người nhận chặn tin này",
        Reason::Unreachable => "điện thoại của người nhận tắt máy hoặc ngoài vùng phủ sóng",
        Reason::Expired => "hết thời hạn mà nhà mạng chưa chuyển được tin",
        Reason::Unknown => "nhà mạng không cho biết lý do",
    }
}

/// Why a message was refused for good: the end of a sentence. A carrier's own words are not translated.
fn failure(reason: &str, phone_at_fault: bool) -> &'static str {
    match ended::in_vietnamese(reason) {
        Some(why) => why,
        None if reason.starts_with("the dossier cannot be read") => "hệ thống không đọc được hồ sơ",
        None if phone_at_fault => undelivered(Reason::InvalidNumber),
        None => "nhà mạng từ chối tin nhắn này",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{NoticeRow, Sending};
    use chrono::DateTime;
    use std::collections::BTreeSet;
    use unicode_normalization::is_nfc;

    fn record(state: State, reason: Option<&str>, report: Option<(Delivery, Option<Reason>)>) -> NoticeRecord {
        let key = "result#3".parse().unwrap();
        let row = NoticeRow {
            key,
            state,
            phone_at_fault: false,
            arrived: false,
            unreached: None,
            enqueued_at: DateTime::UNIX_EPOCH,
            due_at: None,
        };
        let report = report.map(|(delivery, reason)| DeliveryReport { delivery, at: None, reason });
        let reason = reason.map(str::to_owned);
        NoticeRecord { sending: Sending::First, row, attempts: 1, sent_at: None, reason, report, copy: None }
    }

    #[test]
    fn every_end_has_a_sentence_of_its_own() {
        let undelivered = Reason::ALL.map(|why| record(State::Sent, None, Some((Delivery::Undelivered, Some(why)))));
        let others = [
            record(State::Sent, None, None),
            record(State::Sent, None, Some((Delivery::Delivered, None))),
            record(State::Sent, None, Some((Delivery::Unknown, None))),
            record(State::Sending, None, None),
            record(State::Pending, Some("throttled"), None),
            NoticeRecord { attempts: 0, ..record(State::Pending, None, None) },
            record(State::Failed, Some("given up after 20 attempts: throttled"), None),
            record(State::Failed, Some("the dossier cannot be read: step is missing"), None),
            record(State::Failed, Some("Blocked"), None),
            record(State::Cancelled, Some(ended::REOPENED), None),
            record(State::Cancelled, Some("edited by hand"), None),
            record(State::Expired, None, None),
        ];
        let all: Vec<_> = undelivered.iter().chain(&others).map(what_became_of).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        for sentence in &all {
            assert!(sentence.ends_with('.') && is_nfc(sentence) && sentence.starts_with("Tin nhắn"), "{sentence}");
        }
    }

    #[test]
    fn what_a_clerk_can_say() {
        let said = |report| what_became_of(&record(State::Sent, None, Some(report)));
        assert_eq!(said((Delivery::Delivered, None)), "Tin nhắn đã đến mạng của người nhận.");
        assert_eq!(
            said((Delivery::Undelivered, Some(Reason::OptedOut))),
            "Tin nhắn đã gửi nhưng không đến được: người nhận đã từ chối nhận tin từ nơi gửi này."
        );
        assert_eq!(said((Delivery::Undelivered, None)), said((Delivery::Undelivered, Some(Reason::Unknown))));
        let early = record(State::Sending, None, Some((Delivery::Delivered, None)));
        assert_eq!(what_became_of(&early), said((Delivery::Delivered, None)), "its receipt came first");
        let mut wrong_number = record(State::Failed, Some("InvalidParameter"), None);
        wrong_number.row.phone_at_fault = true;
        assert_eq!(
            what_became_of(&wrong_number),
            "Tin nhắn không gửi được: nhà mạng không nhận số điện thoại này, đề nghị kiểm tra lại số."
        );
    }

    #[test]
    fn no_sentence_says_that_a_number_does_not_exist() {
        for why in Reason::ALL {
            assert!(!undelivered(why).contains("không tồn tại"), "{why}");
        }
    }
}
