//! Why a notice was not sent: the words of the outbox's attribute `reason`, and what staff read.
//!
//! A reason that is not here came from a carrier, or is read as one.

pub const SAME_DAY: &str = "the procedure takes no longer than a day";
pub const REOPENED: &str = "the dossier was re-opened";
pub const HANDED_OVER: &str = "the result was handed over";
pub const RESULT_REACHED: &str = "the result was reached";
pub const NO_PAPERS_AWAITED: &str = "the papers are no longer awaited";
pub const APPOINTMENT_MOVED: &str = "the appointment was moved";
pub const NO_PHONE: &str = "the dossier has no phone number";
pub const NO_MOBILE: &str = "the dossier has no mobile number";
pub const FIXED_LINE: &str = "the phone is a fixed line, which receives no SMS";
pub const FOREIGN: &str = "the phone is not a Vietnamese number";
pub const NONSENSE: &str = "the phone is not a Vietnamese mobile number";
pub const REMOVED: &str = "the dossier was removed";
pub const SUPERSEDED: &str = "a later revision requires the same notice";
pub const FIRST_ARRIVED: &str = "the first sending arrived";
pub const SAME_NUMBER: &str = "the phone number is the one that was not reached";
/// The attempts follow, and the last reason.
pub const GIVEN_UP: &str = "given up after";

/// Each reason, and the end of a sentence for staff.
const SENTENCES: [(&str, &str); 15] = [
    (SAME_DAY, "thủ tục được giải quyết trong ngày"),
    (REOPENED, "hồ sơ được chuyển lại để giải quyết tiếp"),
    (HANDED_OVER, "kết quả đã được trả"),
    (RESULT_REACHED, "hồ sơ đã có kết quả"),
    (NO_PAPERS_AWAITED, "hồ sơ không còn chờ bổ sung"),
    (APPOINTMENT_MOVED, "ngày hẹn trả đã thay đổi"),
    (NO_PHONE, "hồ sơ không có số điện thoại"),
    (NO_MOBILE, "hồ sơ không có số điện thoại di động"),
    (FIXED_LINE, "số điện thoại của hồ sơ là số cố định"),
    (FOREIGN, "số điện thoại của hồ sơ không phải số Việt Nam"),
    (NONSENSE, "số điện thoại của hồ sơ không phải số di động Việt Nam"),
    (REMOVED, "hồ sơ đã bị xóa khỏi hệ thống"),
    (SUPERSEDED, "đã có tin nhắn mới hơn thay thế"),
    (FIRST_ARRIVED, "tin nhắn gửi lần đầu đã đến"),
    (SAME_NUMBER, "số điện thoại vẫn là số không nhận được tin"),
];

/// The end of a sentence for staff; None if a carrier gave the reason.
pub fn in_vietnamese(reason: &str) -> Option<&'static str> {
    if reason.starts_with(GIVEN_UP) {
        return Some("đã thử nhiều lần nhưng chưa thành công");
    }
    SENTENCES.iter().find(|(known, _)| *known == reason).map(|(_, told)| *told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_words() {
        let words: std::collections::BTreeSet<_> =
            SENTENCES.iter().filter_map(|(reason, _)| in_vietnamese(reason)).collect();
        assert_eq!(words.len(), SENTENCES.len());
        assert!(in_vietnamese("given up after 20 attempts: throttled").is_some());
        assert_eq!(in_vietnamese("InvalidParameter: PhoneNumber"), None);
    }
}
