//! Tin nhắn tra cứu: "Cú pháp tin nhắn và đầu số: MCKH_Mã số biên nhận và gửi đến đầu số 8083".

use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

use crate::ReceiptCode;

/// "“MCKH” là tên cú pháp, viết tắt của cụm từ “Một cửa Khánh Hòa”"
const KEYWORD: &str = "MCKH";
/// The longest text that is looked at, in characters: ten parts.
const MAX_TEXT: usize = 700;

/// The receipt code a citizen asks for, or `None` where the text is no inquiry.
///
/// As generous as people are: any case, full-width letters, any white space or none after the keyword, `_ - : .` and
/// brackets around the code, quotation marks around it all, the example's "gửi 8083" typed along, a code in groups.
///
/// ```
/// use domain::inquiry::asked_for;
/// assert_eq!(asked_for("mckh_0161701234.").unwrap().as_str(), "0161701234");
/// assert_eq!(asked_for("“MCKH 0161 701 234” gửi 8083").unwrap().as_str(), "0161701234");
/// assert!(asked_for("Hồ sơ của tôi đâu?").is_none());
/// ```
pub fn asked_for(text: &str) -> Option<ReceiptCode> {
    let text: String = text.nfkc().filter(|letter| !is_invisible(*letter)).take(MAX_TEXT).collect();
    let text = text.trim_start_matches(is_around);
    let keyword = text.get(..KEYWORD.len())?;
    if !keyword.eq_ignore_ascii_case(KEYWORD) {
        return None;
    }
    let words: Vec<&str> = text[KEYWORD.len()..]
        .split(char::is_whitespace)
        .map(|word| word.trim_matches(is_around))
        .filter(|word| !word.is_empty())
        .collect();
    code_among(without_short_code(&words))
}

/// Which message to 8083: written `<gateway>#<the gateway's id of it>`. No receipt code holds a `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InquiryId(String);

impl InquiryId {
    /// The message that `gateway` calls `message`. A gateway's name has no `#`.
    pub fn new(gateway: &str, message: &str) -> Self {
        Self(format!("{gateway}#{message}"))
    }

    /// Which gateway brought it.
    pub fn gateway(&self) -> &str {
        self.0.split_once('#').map_or("", |(gateway, _)| gateway)
    }

    /// The gateway's own id of it.
    pub fn message(&self) -> &str {
        self.0.split_once('#').map_or("", |(_, message)| message)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InquiryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no message to 8083.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no inquiry: expected <gateway>#<message id>")]
pub struct NotAnInquiry(String);

impl FromStr for InquiryId {
    type Err = NotAnInquiry;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('#') {
            Some((gateway, message)) if !gateway.is_empty() && !message.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(NotAnInquiry(text.to_owned())),
        }
    }
}

/// Letters that show nothing and come along with copied text.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// What people put between the keyword and the code and around them.
fn is_around(letter: char) -> bool {
    letter.is_whitespace() || !(letter.is_alphanumeric())
}

/// "(Ví dụ: MCKH 0161701234 gửi 8083)": some type the example to its end.
fn without_short_code<'a>(words: &'a [&'a str]) -> &'a [&'a str] {
    match words {
        [code @ .., sent, "8083"]
            if matches!(sent.to_lowercase().nfc().collect::<String>().as_str(), "gửi" | "gui") =>
        {
            code
        }
        all => all,
    }
}

/// One word is the code; digits in groups are one code; else the first word that could be a code and holds a digit.
fn code_among(words: &[&str]) -> Option<ReceiptCode> {
    if let [code] = words {
        return ReceiptCode::parse(code).ok();
    }
    if words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
        return ReceiptCode::parse(&words.concat()).ok();
    }
    words
        .iter()
        .filter(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
        .find_map(|word| ReceiptCode::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_inquiry_is_named_by_its_gateway_and_the_gateways_own_id() {
        let id = InquiryId::new("kannel", "7f#3");
        assert_eq!((id.gateway(), id.message(), id.as_str()), ("kannel", "7f#3", "kannel#7f#3"));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "#", "kannel", "kannel#", "#7f"] {
            assert_eq!(wrong.parse::<InquiryId>(), Err(NotAnInquiry(wrong.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn what_people_type_is_understood() {
        for text in [
            "MCKH 0161701234",
            "mckh 0161701234",
            "Mckh0161701234",
            "MCKH_0161701234",
            "MCKH-0161701234",
            "MCKH: 0161701234",
            "MCKH.0161701234",
            "MCKH  \t 0161701234",
            "MCKH\n0161701234",
            "MCKH\u{a0}0161701234",
            " MCKH 0161701234. ",
            "ＭＣＫＨ　０１６１７０１２３４",
            "\"MCKH 0161701234\"",
            "“MCKH 0161701234”",
            "'mckh 0161701234'",
            "MCKH \"0161701234\"",
            "MCKH <0161701234>",
            "MCKH (0161701234)",
            "MCKH 0161 701 234",
            "MCKH 0161701234 gửi 8083",
            "MCKH 0161701234 GUI 8083",
            "\u{feff}MCKH 0161701234",
            "MCKH 01617\u{200b}01234",
            "MCKH 0161701234 cảm ơn",
            "MCKH MS: 0161701234",
            "MCKH _ 0161701234",
        ] {
            assert_eq!(asked_for(text).map(String::from).as_deref(), Some("0161701234"), "{text:?}");
        }
        for (text, code) in [
            ("mckhH30.12-1", "H30.12-1"),
            ("MCKH-H30", "H30"),
            ("mckh h30.12/2026-tt", "H30.12/2026-TT"),
            ("MCKH ABC", "ABC"),
            ("MCKH 0161 70 8083", "0161708083"),
        ] {
            assert_eq!(asked_for(text).map(String::from).as_deref(), Some(code), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_no_inquiry() {
        for text in [
            "",
            " ",
            "MCKH",
            "mckh   ",
            "MCKH ?",
            "0161701234",
            "MCK 0161701234",
            "XMCKH 0161701234",
            "Xin chào",
            "MCKH hồ sơ của tôi",
            "MCKH Đ",
            "\u{fffd}\u{fffd}",
            "MCK",
            "ộộộộộộ",
        ] {
            assert_eq!(asked_for(text), None, "{text:?}");
        }
        assert_eq!(asked_for(&format!("MCKH {}", "9".repeat(51))), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "\\PC*|[mckhMCKH]{4}\\PC*") {
            let _ = asked_for(&text);
        }

        #[test]
        fn every_code_is_found_behind_every_separator(code in "[A-Z0-9]{1,5}([./-][A-Z0-9]{1,8}){0,3}", between in "[ \t_:.\u{a0}-]{0,3}", after in "[ .\"]{0,2}") {
            let found = asked_for(&format!("mckh{between}{code}{after}"));
            prop_assert_eq!(found.map(String::from), Some(code));
        }
    }
}
