//! One SMS: its alphabet and its parts, which is what it costs.
//!
//! GSM 03.38 and 03.40: 160 septets in one part, 153 in each of several; UCS-2 70 and 67.

use crate::text::strip_accents;

/// The alphabet a text needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// The 7-bit default alphabet with its extension table.
    Gsm7,
    /// Everything else: accented Vietnamese.
    Ucs2,
}

/// Parameter `SmsAccents`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accents {
    /// As the seed writes it. The default.
    #[default]
    Keep,
    /// "Tra ket qua": a third of the parts.
    Strip,
}

impl Accents {
    /// The text as it goes out.
    pub fn apply(self, text: String) -> String {
        match self {
            Self::Keep => text,
            Self::Strip => strip_accents(&text),
        }
    }
}

/// A text as the network counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sms {
    /// The alphabet the whole text goes in.
    pub alphabet: Alphabet,
    /// SMS segments; an empty text is one.
    pub parts: u32,
}

impl Sms {
    /// Counts `text`.
    pub fn new(text: &str) -> Self {
        match text.chars().map(septets).sum::<Option<usize>>() {
            Some(total) => {
                Self { alphabet: Alphabet::Gsm7, parts: parts(text, total, 160, 153, |c| septets(c).unwrap_or(0)) }
            }
            None => {
                let total = text.chars().map(char::len_utf16).sum();
                Self { alphabet: Alphabet::Ucs2, parts: parts(text, total, 70, 67, char::len_utf16) }
            }
        }
    }
}

/// Fills parts letter by letter: an escape sequence or a surrogate pair is never torn.
fn parts(text: &str, total: usize, alone: usize, each: usize, width: impl Fn(char) -> usize) -> u32 {
    if total <= alone {
        return 1;
    }
    let (mut parts, mut filled) = (1, 0);
    for letter in text.chars() {
        let width = width(letter);
        if filled + width > each {
            parts += 1;
            filled = 0;
        }
        filled += width;
    }
    parts
}

/// Septets of a letter in the GSM alphabet: one, two from the extension table, or none where it is not in it.
fn septets(letter: char) -> Option<usize> {
    const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
    match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => Some(1),
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' | '\u{c}' => Some(2),
        _ => BASIC.contains(letter).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Alphabet::{Gsm7, Ucs2};
    use proptest::prelude::*;

    #[test]
    fn parts_are_counted_as_operators_charge_them() {
        for (text, alphabet, parts) in [
            (String::new(), Gsm7, 1),
            ("a".repeat(160), Gsm7, 1),
            ("a".repeat(161), Gsm7, 2),
            ("a".repeat(306), Gsm7, 2),
            ("a".repeat(307), Gsm7, 3),
            ("€".repeat(80), Gsm7, 1),
            ("€".repeat(81), Gsm7, 2),
            ("€".repeat(152), Gsm7, 2),
            ("€".repeat(153), Gsm7, 3),
            ("ộ".repeat(70), Ucs2, 1),
            ("ộ".repeat(71), Ucs2, 2),
            ("ộ".repeat(134), Ucs2, 2),
            ("ộ".repeat(135), Ucs2, 3),
            ("😀".repeat(35), Ucs2, 1),
            ("😀".repeat(66), Ucs2, 2),
            ("😀".repeat(67), Ucs2, 3),
            ("àèéìòùÉ".to_owned(), Gsm7, 1),
        ] {
            assert_eq!(
                Sms::new(&text),
                Sms { alphabet, parts },
                "{} × {:?}",
                text.chars().count(),
                text.chars().next()
            );
        }
    }

    #[test]
    fn a_notice_of_three_accented_parts_is_one_part_without_accents() {
        let text = "TB: Hồ sơ của quý ông/bà (MS: 0161701234) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận kết quả";
        assert_eq!(Sms::new(text), Sms { alphabet: Ucs2, parts: 3 });
        assert_eq!(Sms::new(&Accents::Strip.apply(text.to_owned())), Sms { alphabet: Gsm7, parts: 1 });
    }

    proptest! {
        #[test]
        fn more_text_never_costs_fewer_parts_and_a_part_is_never_overfull(text in "\\PC{0,400}", more in "\\PC{0,20}") {
            let sms = Sms::new(&text);
            let longer = text.clone() + &more;
            prop_assert!(Sms::new(&longer).parts >= sms.parts);
            let units = text.encode_utf16().count();
            if sms.alphabet == Ucs2 {
                prop_assert!(units <= sms.parts as usize * 70);
            }
        }
    }
}
