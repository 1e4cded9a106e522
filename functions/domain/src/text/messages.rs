//! Nội dung tin nhắn: the four texts of the 2017 notice, character by character, and our own hints.

use chrono::NaiveDate;

use crate::calendar::dd_mm_yyyy;
use crate::dossier::deadline::Timeliness;
use crate::text::sms::{Accents, Sms};
use crate::{ClosedSteps, Dossier, NoticeKey, ReceiptCode};

/// The office that the texts of the 2017 notice name. `OfficeName` or a dossier's `office` replaces it.
pub const DEFAULT_OFFICE: &str = "Sở Văn hóa và Thể thao";

/// The text of a notice to a citizen. `office` is the stack's office, used if the dossier names none.
pub fn notice(key: &NoticeKey, dossier: &Dossier, office: &str) -> String {
    let code = &dossier.receipt_code();
    let office = dossier.office().unwrap_or(office);
    match key {
        NoticeKey::Result(_) => format!(
            "TB: Hồ sơ của quý ông/bà (MS: {code}) đã được giải quyết xong. \
             Mời ông/bà đến Bộ phận Một cửa {office} để nhận kết quả"
        ),
        NoticeKey::Supplement(_) => format!(
            "TB: Hồ sơ của quý ông/bà (MS: {code}) cần bổ sung theo quy định. \
             Mời ông/bà đến Bộ phận Một cửa {office} để nhận thông báo"
        ),
        NoticeKey::Apology(appointment_on) => format!(
            "TB: Hồ sơ của quý ông/bà (MS: {code}) chưa có kết quả vào ngày {day}. \
             Ông/bà có thể đến Bộ phận Một cửa {office} nhận Thông báo xin lỗi, \
             hẹn lại thời gian trả kết quả hoặc đến nhận kết quả khi có tin nhắn tiếp theo",
            day = dd_mm_yyyy(*appointment_on),
        ),
    }
}

/// The answer of 8083: "tình trạng giải quyết hồ sơ". `today` is the day in Vietnam.
pub fn answer(dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> String {
    format!(
        "Hồ sơ của quý Ông/Bà ({code}) hiện đang ở bước {step}, trạng thái hồ sơ: {timeliness}.",
        code = dossier.receipt_code(),
        step = dossier.step(),
        timeliness = Timeliness::of(dossier, today, closed),
    )
}

/// A well-formed inquiry for an unknown code. The wording is ours: the 2017 notice has none.
pub fn unknown_code(code: &ReceiptCode) -> String {
    format!(
        "Không tìm thấy hồ sơ có mã số biên nhận {code}. Mời ông/bà kiểm tra mã số trên Giấy biên nhận và nhắn lại."
    )
}

/// A dossier whose row cannot be read: an alarm reports it to the office. The wording is ours.
pub fn unreadable(code: &ReceiptCode) -> String {
    format!(
        "Chưa tra cứu được hồ sơ {code} do dữ liệu có lỗi. Bộ phận Một cửa sẽ kiểm tra và khắc phục. Mời ông/bà nhắn lại sau."
    )
}

/// A text that names two codes or more: this hint is added to the reply for the first code if it fits into `most_parts`
/// SMS. The wording is ours.
pub fn one_code_a_message(reply: String, accents: Accents, most_parts: u32) -> String {
    let with = format!("{reply} {}", accents.apply("Mỗi tin nhắn chỉ tra cứu được một mã số.".to_owned()));
    if Sms::new(&with).parts <= most_parts { with } else { reply }
}

/// A text that is not an inquiry. The wording is ours; the example is the 2017 notice's.
pub fn right_syntax() -> &'static str {
    "Tin nhắn chưa đúng cú pháp. Để tra cứu hồ sơ, mời ông/bà soạn: MCKH Mã số biên nhận gửi 8083. \
     Ví dụ: MCKH 0161701234"
}

/// A message over the limit of its phone for this minute. The wording is ours. Every message gets an answer.
pub fn too_many() -> &'static str {
    "Số điện thoại này vừa gửi quá nhiều tin nhắn tra cứu. Mời ông/bà chờ vài phút rồi nhắn lại."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::json;

    #[test]
    fn the_three_notices_are_the_2017_notices_to_the_character() {
        for (key, text) in [
            (
                "result#3",
                "TB: Hồ sơ của quý ông/bà (MS: 0161701234) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận kết quả",
            ),
            (
                "supplement#3",
                "TB: Hồ sơ của quý ông/bà (MS: 0161701234) cần bổ sung theo quy định. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận thông báo",
            ),
            (
                "apology#2026-11-25",
                "TB: Hồ sơ của quý ông/bà (MS: 0161701234) chưa có kết quả vào ngày 25/11/2026. Ông/bà có thể đến Bộ phận Một cửa Sở Văn hóa và Thể thao nhận Thông báo xin lỗi, hẹn lại thời gian trả kết quả hoặc đến nhận kết quả khi có tin nhắn tiếp theo",
            ),
        ] {
            assert_eq!(notice(&key.parse().unwrap(), &dossier(json!({})), DEFAULT_OFFICE), text);
        }
    }

    #[test]
    fn a_department_is_named_by_the_stack_and_before_it_by_the_dossier() {
        let result = NoticeKey::Result(3);
        assert!(notice(&result, &dossier(json!({})), "Sở Du lịch").contains("Một cửa Sở Du lịch để"));
        let own = dossier(json!({"office": "Sở Y tế"}));
        assert!(notice(&result, &own, "Sở Du lịch").contains("Một cửa Sở Y tế để"));
    }

    #[test]
    fn the_answer_is_the_2017_notices_to_the_character() {
        let open = dossier(json!({"step": "Thẩm định hồ sơ"}));
        let answer = |today: &str| answer(&open, today.parse().unwrap(), &ClosedSteps::default());
        assert_eq!(
            answer("2026-11-24"),
            "Hồ sơ của quý Ông/Bà (0161701234) hiện đang ở bước Thẩm định hồ sơ, trạng thái hồ sơ: Đúng hạn."
        );
        assert!(answer("2026-11-26").ends_with("trạng thái hồ sơ: Trễ hạn."));
    }

    #[test]
    fn the_hints_say_what_to_do() {
        let code = ReceiptCode::parse("0161701234").unwrap();
        assert_eq!(
            unknown_code(&code),
            "Không tìm thấy hồ sơ có mã số biên nhận 0161701234. Mời ông/bà kiểm tra mã số trên Giấy biên nhận và nhắn lại."
        );
        assert_eq!(
            unreadable(&code),
            "Chưa tra cứu được hồ sơ 0161701234 do dữ liệu có lỗi. Bộ phận Một cửa sẽ kiểm tra và khắc phục. Mời ông/bà nhắn lại sau."
        );
        assert_eq!(
            right_syntax(),
            "Tin nhắn chưa đúng cú pháp. Để tra cứu hồ sơ, mời ông/bà soạn: MCKH Mã số biên nhận gửi 8083. Ví dụ: MCKH 0161701234"
        );
        assert_eq!(
            too_many(),
            "Số điện thoại này vừa gửi quá nhiều tin nhắn tra cứu. Mời ông/bà chờ vài phút rồi nhắn lại."
        );
    }

    #[test]
    fn the_hints_fit_two_parts() {
        let longest = ReceiptCode::parse("0161701234").unwrap();
        for hint in [unknown_code(&longest), unreadable(&longest), right_syntax().to_owned(), too_many().to_owned()] {
            assert!(Sms::new(&hint).parts <= 2, "{hint}: {:?}", Sms::new(&hint));
        }
    }

    #[test]
    fn that_one_code_a_message_is_answered_is_said_behind_the_reply_and_only_where_it_fits() {
        let code = ReceiptCode::parse("0161720005-779").unwrap();
        let answer = answer(
            &dossier(json!({"step": "Thẩm định hồ sơ"})),
            "2026-11-24".parse().unwrap(),
            &ClosedSteps::default(),
        );
        let long = "ộ".repeat(170);
        for (reply, accents, expected) in [
            (answer.clone(), Accents::Keep, answer.clone() + " Mỗi tin nhắn chỉ tra cứu được một mã số."),
            (
                Accents::Strip.apply(answer.clone()),
                Accents::Strip,
                Accents::Strip.apply(answer) + " Moi tin nhan chi tra cuu duoc mot ma so.",
            ),
            (unknown_code(&code), Accents::Keep, unknown_code(&code) + " Mỗi tin nhắn chỉ tra cứu được một mã số."),
            (long.clone(), Accents::Keep, long),
        ] {
            let text = one_code_a_message(reply, accents, 3);
            assert!(Sms::new(&text).parts <= 3, "{text}");
            assert_eq!(text, expected);
        }
    }
}
