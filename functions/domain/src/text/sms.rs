//! One SMS: its alphabet, and its parts, which determine the cost.
//!
//! GSM 03.38 and 03.40: 160 septets in one part, 153 in each of several; UCS-2 70 and 67.
//!
//! SNS cuts a long text only between words ("Messages are not cut off in the middle of a word, but instead on
//! whole-word boundaries", <https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html>); operators cut where
//! a part is full. A part that ends before a long word is not full, so SNS may need one part more. The larger number is
//! counted here: the rate of parts and the bill may be one part too high, but never too low.

use unicode_normalization::char::is_combining_mark;

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
    /// As in the 2017 notice. The default.
    #[default]
    Keep,
    /// "Tra ket qua": a third of the parts.
    Strip,
}

impl Accents {
    /// The text as it is sent.
    pub fn apply(self, text: String) -> String {
        match self {
            Self::Keep => text,
            Self::Strip => strip_accents(&text),
        }
    }
}

/// The alphabet and the parts of a text, as the network counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sms {
    /// The alphabet of the whole text.
    pub alphabet: Alphabet,
    /// SMS segments, cut between words; an empty text has one.
    pub parts: u32,
}

impl Sms {
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

/// `text`, or as much of it as fits into `most_parts` SMS, cut after a word and ended by an ellipsis.
///
/// Only a word that is longer than all the parts is cut inside, and then between two letters: never between a letter
/// and its marks, an escape and its letter, or the halves of a surrogate pair. The ellipsis is `...` if the text is in
/// the GSM alphabet, which has no `…`: one `…` would change the whole text to UCS-2. Text in NFC stays in NFC.
///
/// ```
/// use domain::text::sms::fit;
/// assert_eq!(fit("Hồ sơ", 3), "Hồ sơ");
/// let long = "bước ".repeat(100);
/// assert!(fit(&long, 1).ends_with("bước bước…"));
/// ```
pub fn fit(text: &str, most_parts: u32) -> String {
    let sms = Sms::new(text);
    if sms.parts <= most_parts {
        return text.to_owned();
    }
    let ellipsis = match sms.alphabet {
        Alphabet::Gsm7 => "...",
        Alphabet::Ucs2 => "…",
    };
    let fits = |end: &usize| Sms::new(&format!("{}{ellipsis}", &text[..*end])).parts <= most_parts;
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let longest = ends[..ends.partition_point(fits)].last().copied().unwrap_or(0);
    format!("{}{ellipsis}", after_a_word(text, longest))
}

/// The start of `text` up to its last complete word before `end`, or up to its last complete letter if it is one word.
fn after_a_word(text: &str, end: usize) -> &str {
    let next = |at: usize| text[at..].chars().next();
    let mut cuts = text[..end].char_indices().map(|(at, _)| at).chain([end]).rev();
    let word = cuts.clone().find(|at| next(*at).is_some_and(char::is_whitespace));
    match word.map(|at| text[..at].trim_end()).filter(|start| !start.is_empty()) {
        Some(start) => start,
        None => &text[..cuts.find(|at| !next(*at).is_some_and(is_combining_mark)).unwrap_or(0)],
    }
}

/// Fills the parts word by word. The white space after a word stays with it, which is the worse case. A word that is
/// longer than a part is cut, but never inside an escape sequence or a surrogate pair.
fn parts(text: &str, total: usize, alone: usize, each: usize, width: impl Fn(char) -> usize) -> u32 {
    if total <= alone {
        return 1;
    }
    let (mut parts, mut filled) = (1, 0);
    for word in text.split_inclusive(char::is_whitespace) {
        let length: usize = word.chars().map(&width).sum();
        if length <= each && filled + length > each {
            parts += 1;
            filled = 0;
        }
        for letter in word.chars() {
            let width = width(letter);
            if filled + width > each {
                parts += 1;
                filled = 0;
            }
            filled += width;
        }
    }
    parts
}

/// The septets of a letter in the GSM alphabet: one, or two from the extension table; None if the alphabet does not
/// have it.
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
    use unicode_normalization::{UnicodeNormalization, is_nfc};

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
    fn a_text_that_is_cut_between_words_costs_what_sns_charges() {
        for (text, plain, parts) in [
            ("một hai ".repeat(25), 3, 4),                  // 200 units: 67 + 67 + 66 letter by letter
            ("ộ".repeat(66) + " " + &"ộ".repeat(68), 3, 3), // the second word is longer than a part, and is cut
            ("ộ".repeat(40) + " " + &"ộ".repeat(40), 2, 2), // the last part has room
            ("ộộộộộộộộộ ".repeat(20), 3, 4),                // six words of ten units a part
            ("Mot hai ba bon nam sau bay ".repeat(17), 3, 4), // 459 septets fill three parts to the last one
        ] {
            assert_eq!((letter_by_letter(&text), Sms::new(&text).parts), (plain, parts), "{text}");
        }
    }

    /// The count of a network that cuts where a part is full.
    fn letter_by_letter(text: &str) -> u32 {
        let (alone, each, width): (_, _, fn(char) -> usize) = match Sms::new(text).alphabet {
            Gsm7 => (160, 153, |c| septets(c).unwrap_or(0)),
            Ucs2 => (70, 67, char::len_utf16),
        };
        if text.chars().map(width).sum::<usize>() <= alone {
            return 1;
        }
        let (mut parts, mut filled) = (1, 0);
        for letter in text.chars() {
            filled += width(letter);
            if filled > each {
                parts += 1;
                filled = width(letter);
            }
        }
        parts
    }

    #[test]
    fn a_notice_of_three_accented_parts_is_one_part_without_accents() {
        let text = "TB: Hồ sơ của quý ông/bà (MS: 0161701234) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận kết quả";
        assert_eq!(Sms::new(text), Sms { alphabet: Ucs2, parts: 3 });
        let plain = "TB: Ho so cua quy ong/ba (MS: 0161701234) da duoc giai quyet xong. Moi ong/ba den Bo phan Mot cua So Van hoa va The thao de nhan ket qua";
        assert_eq!(Accents::Keep.apply(text.to_owned()), text);
        assert_eq!(Accents::Strip.apply(text.to_owned()), plain);
        assert_eq!(Sms::new(plain), Sms { alphabet: Gsm7, parts: 1 });
    }

    #[test]
    fn a_text_over_its_parts_is_cut_after_a_word() {
        let accented = "một hai ".repeat(30);
        let plain = "mot hai ".repeat(70);
        for (text, most, kept, end) in [
            ("", 1, "", ""),
            ("Hồ sơ", 3, "Hồ sơ", ""),
            (&accented[..], 1, &"một hai ".repeat(8)[..], "một…"),
            (&plain, 1, &"mot hai ".repeat(19), "mot..."),
            (&plain, 3, &"mot hai ".repeat(56), "mot..."), // one word more, and its last part would not hold the ellipsis
        ] {
            let fit = fit(text, most);
            assert!(fit.starts_with(kept.trim_end()) && fit.ends_with(end), "{fit}");
            assert!(Sms::new(&fit).parts <= most);
        }
    }

    #[test]
    fn one_endless_word_is_cut_between_its_letters() {
        assert_eq!(fit(&"ộ".repeat(300), 3), "ộ".repeat(200) + "…");
        assert_eq!(fit(&"€".repeat(300), 1), "€".repeat(78) + "...");
        assert_eq!(fit(&"😀".repeat(100), 1), "😀".repeat(34) + "…");
        assert_eq!(fit(&"ộ\u{331}".repeat(100), 1), "ộ\u{331}".repeat(34) + "…");
        assert_eq!(fit(&(" ".to_owned() + &"ộ".repeat(300)), 1), " ".to_owned() + &"ộ".repeat(68) + "…");
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_fits_ends_after_a_word_and_loses_no_more_than_it_must(
            text in "(\\PC{0,12}[ \n]){0,80}|\\PC{0,600}|[a-z€ ]{0,700}|[a-zộ😀 ]{0,400}", most in 1..4_u32
        ) {
            let text: String = text.nfc().collect();
            let fit = fit(&text, most);
            prop_assert!(Sms::new(&fit).parts <= most);
            prop_assert!(is_nfc(&fit));
            if Sms::new(&text).parts <= most {
                prop_assert_eq!(fit, text);
            } else {
                let ellipsis = if fit.ends_with('…') { "…" } else { "..." };
                let kept = fit.strip_suffix(ellipsis).unwrap();
                let rest = text.strip_prefix(kept).unwrap();
                prop_assert!(kept.is_empty() || !rest.starts_with(is_combining_mark), "{:?}|{:?}", kept, rest);
                if rest.starts_with(char::is_whitespace) {
                    let word_end = rest.len() - rest.trim_start().trim_start_matches(|c: char| !c.is_whitespace()).len();
                    let one_word_more = format!("{kept}{}{ellipsis}", &rest[..word_end]);
                    prop_assert!(Sms::new(&one_word_more).parts > most, "{one_word_more:?}");
                } else {
                    prop_assert!(!kept.trim_start().contains(char::is_whitespace), "{:?}|{:?}", kept, rest);
                }
            }
        }

        #[test]
        fn words_kept_whole_cost_no_fewer_parts_and_less_than_twice_as_many(
            text in "(\\PC{0,12}[ \n]){0,80}|\\PC{0,600}|[a-z€ ]{0,700}|[a-zộ😀 ]{0,400}"
        ) {
            let (plain, whole) = (letter_by_letter(&text), Sms::new(&text).parts);
            prop_assert!(plain <= whole, "{plain} {whole}");
            // Two parts in a row hold more than one part's length together.
            prop_assert!(whole < 2 * plain || whole == 1, "{plain} {whole}");
        }

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
