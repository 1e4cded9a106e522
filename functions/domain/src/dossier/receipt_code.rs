//! Mã số biên nhận: the number on the citizen's receipt ("mã số Giấy biên nhận hồ sơ và hẹn trả kết quả").

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::plain;

/// A receipt code in its one canonical form: NFKC, upper case, `[A-Z0-9./-]`, 1 to 50 characters, the first and the last
/// a letter or a digit.
///
/// People type a full stop, slash or hyphen around a code. A code that began or ended with one could not be asked for
/// at 8083.
///
/// ```
/// use domain::ReceiptCode;
/// let typed = ReceiptCode::parse(" ｈ30.12-1 ").unwrap();
/// assert_eq!(typed.as_str(), "H30.12-1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReceiptCode(String);

/// Why a text is no receipt code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAReceiptCode {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More than [`ReceiptCode::MAX_LENGTH`] characters.
    #[error("has more than 50 characters")]
    TooLong,
    /// A character other than letters, digits, full stop, slash and hyphen.
    #[error("may hold only letters A-Z, digits, '.', '/' and '-'")]
    ForeignCharacter,
    /// A full stop, slash or hyphen at an end, or nothing else.
    #[error("must begin and end with a letter or a digit")]
    Punctuation,
}

impl ReceiptCode {
    /// The longest receipt code, in characters.
    pub const MAX_LENGTH: usize = 50;
    /// The characters that a code may contain besides letters and digits.
    pub(crate) const PUNCTUATION: [char; 3] = ['.', '/', '-'];

    /// Makes the canonical form of what a clerk, a citizen or other software wrote.
    pub fn parse(text: &str) -> Result<Self, NotAReceiptCode> {
        let text: String = plain(text).collect();
        let mut code = String::with_capacity(text.len().min(Self::MAX_LENGTH));
        for letter in text.trim().chars() {
            let letter = letter.to_ascii_uppercase();
            if !matches!(letter, 'A'..='Z' | '0'..='9' | '.' | '/' | '-') {
                return Err(NotAReceiptCode::ForeignCharacter);
            }
            if code.len() == Self::MAX_LENGTH {
                return Err(NotAReceiptCode::TooLong);
            }
            code.push(letter);
        }
        if code.is_empty() {
            return Err(NotAReceiptCode::Empty);
        }
        let at_an_end = code.starts_with(Self::PUNCTUATION) || code.ends_with(Self::PUNCTUATION);
        if at_an_end { Err(NotAReceiptCode::Punctuation) } else { Ok(Self(code)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ReceiptCode {
    type Error = NotAReceiptCode;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ReceiptCode> for String {
    fn from(code: ReceiptCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_written_form_of_a_code_becomes_canonical() {
        for (written, canonical) in [
            ("0161701234", "0161701234"),
            ("０１６１７０１２３４", "0161701234"),
            (" h30.12/0045-tt ", "H30.12/0045-TT"),
            ("0161720005–779", "0161720005-779"),
            ("0161720005\u{2011}779", "0161720005-779"),
            ("\u{feff} 01617\u{200b}01234\u{200e}", "0161701234"),
            ("7", "7"),
            ("000.00.09.H32-201105-0003", "000.00.09.H32-201105-0003"),
        ] {
            assert_eq!(ReceiptCode::parse(written).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (written, reason) in [
            ("", NotAReceiptCode::Empty),
            (" \t", NotAReceiptCode::Empty),
            ("01617\u{7}01234", NotAReceiptCode::ForeignCharacter),
            ("01617 01234", NotAReceiptCode::ForeignCharacter),
            ("Đ161701234", NotAReceiptCode::ForeignCharacter),
            (&"9".repeat(51), NotAReceiptCode::TooLong),
            ("\u{200b}", NotAReceiptCode::Empty),
            ("-", NotAReceiptCode::Punctuation),
            ("./-", NotAReceiptCode::Punctuation),
            ("-0161701234", NotAReceiptCode::Punctuation),
            ("0161701234.", NotAReceiptCode::Punctuation),
            ("0161701234/", NotAReceiptCode::Punctuation),
            ("–7", NotAReceiptCode::Punctuation),
        ] {
            assert_eq!(ReceiptCode::parse(written), Err(reason), "{written:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_is_idempotent(text in "\\PC{0,60}") {
            if let Ok(code) = ReceiptCode::parse(&text) {
                prop_assert_eq!(ReceiptCode::parse(code.as_str()), Ok(code));
            }
        }
    }
}
