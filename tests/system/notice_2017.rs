//! The texts of the product are those of the 2017 notice, character by character.

use domain::text::messages;
use domain::{ClosedSteps, Dossier, NoticeKey};
use serde_json::json;

/// The document of 28 September 2017, in its original wording.
const NOTICE_2017: &str = include_str!("../notice-2017/thong-bao-2017.txt");

/// The quotations that begin with these words, without their quotation marks.
fn quoted(beginning: &str) -> String {
    let (_, rest) = NOTICE_2017.split_once(&format!("“{beginning}")).expect("the 2017 notice quotes it");
    let (text, _) = rest.split_once('”').expect("the quotation ends");
    format!("{beginning}{text}")
}

/// The quotation of the notice that contains these words.
fn template(containing: &str) -> String {
    NOTICE_2017
        .split('“')
        .filter_map(|rest| {
            // The apology and the notices contain no inner quotation; each ends at the first closing mark.
            rest.split_once('”').map(|(text, _)| text.to_owned())
        })
        .find(|text| text.contains(containing))
        .expect("the 2017 notice quotes it")
}

fn dossier(step: &str) -> Dossier {
    let snapshot = json!({"receipt_code": "0161701234", "revision": 1, "procedure": "Cấp thẻ", "phone": "0912345678",
        "received_on": "2017-09-20", "appointment_on": "2017-10-05", "step": step, "status": "", "unit": ""});
    Dossier::parse(snapshot.as_object().expect("an object")).expect("a dossier")
}

#[test]
fn the_three_notices_are_the_quotations_with_their_places_filled() {
    for (key, containing) in [
        (NoticeKey::Result(1), "đã được giải quyết xong"),
        (NoticeKey::Supplement(1), "cần bổ sung theo quy định"),
        (NoticeKey::Apology("2017-10-05".parse().unwrap()), "chưa có kết quả vào ngày"),
    ] {
        let expected =
            template(containing).replace("{Mã số biên nhận}", "0161701234").replace("{Ngày hẹn trả}", "05/10/2017");
        assert_eq!(messages::notice(&key, &dossier("Thẩm định"), messages::DEFAULT_OFFICE), expected);
    }
}

#[test]
fn the_answer_of_8083_is_the_quotation_with_its_places_filled() {
    let quotation = quoted("Hồ sơ của quý Ông/Bà");
    for (today, timeliness) in [("2017-10-05", "Đúng hạn"), ("2017-10-06", "Trễ hạn")] {
        let expected = quotation
            .replace("{Mã số biên nhận}", "0161701234")
            .replace("{Tên bước giải quyết hiện tại}", "Thẩm định")
            .replace("{Đúng hạn/Trễ hạn}", timeliness);
        assert_eq!(messages::answer(&dossier("Thẩm định"), today.parse().unwrap(), &ClosedSteps::default()), expected);
    }
}

#[test]
fn the_example_of_the_2017_notice_is_understood() {
    let (_, rest) = NOTICE_2017.split_once("(Ví dụ: ").expect("the 2017 notice has an example");
    let (example, _) = rest.split_once(" gửi 8083)").expect("of a text to 8083");
    for written in [example, &format!("{example} gửi 8083")] {
        let readings = domain::inquiry::asked_for(written);
        assert_eq!(readings.iter().map(|reading| reading.code.as_str()).collect::<Vec<_>>(), ["0161701234"]);
    }
}
