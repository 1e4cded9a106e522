//! A receipt code as somebody types it at the desk.

use crate::ReceiptCode;
use crate::inquiry::asked_for;

/// The codes that may be meant, the most likely first, three at most; empty if the text contains none. What a citizen may
/// text to 8083 may be typed here too, with the keyword or without.
///
/// ```
/// use domain::desk::typed_codes;
/// let codes = |text: &str| typed_codes(text).into_iter().map(|code| code.to_string()).collect::<Vec<_>>();
/// assert_eq!(codes(" 0161701234 "), ["0161701234"]);
/// assert_eq!(codes("Mã số: h30.12-1."), ["H30.12-1"]);
/// assert!(codes("hồ sơ của tôi").is_empty());
/// ```
pub fn typed_codes(text: &str) -> Vec<ReceiptCode> {
    if let Ok(code) = ReceiptCode::parse(text)
        && code.as_str().contains(|letter: char| letter.is_ascii_digit())
    {
        return vec![code];
    }
    let with_keyword = |text: &str| asked_for(text).into_iter().map(|reading| reading.code).collect::<Vec<_>>();
    let codes = with_keyword(text);
    if codes.is_empty() { with_keyword(&format!("MCKH {text}")) } else { codes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_understood_as_people_write_it() {
        for (typed, first) in [
            ("0161701234", Some("0161701234")),
            ("0161 701 234", Some("0161701234")),
            ("０１６１７０１２３４", Some("0161701234")),
            ("000.00.09.h32-201105-0003", Some("000.00.09.H32-201105-0003")),
            ("“0161720005 – 779”", Some("0161720005-779")),
            ("MCKH 0161701234 gửi 8083", Some("0161701234")),
            ("mã số 0161701234.", Some("0161701234")),
            ("", None),
            ("Nguyễn Văn A", None),
            ("---", None),
        ] {
            let codes = typed_codes(typed);
            assert_eq!(codes.first().map(ReceiptCode::as_str), first, "{typed}");
            assert!(codes.len() <= 3);
        }
    }
}
