//! Vietnamese text as software and people write it: two encodings of one letter, additional spaces, any case.

pub mod messages;
pub mod sms;
pub mod staff;

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfc_quick};

/// NFC, trimmed, white space squeezed to one space, every đ the Vietnamese one, no invisible characters. This form is
/// stored and printed.
///
/// NFC has two purposes: the same name typed in NFD has other bytes, and its SMS is half as long again.
pub fn tidy(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !is_invisible(*letter)).map(vietnamese_d).collect();
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(&nfc(word));
    }
    tidy
}

/// [`tidy`] and case-folded: the form in which steps, statuses and units are compared.
pub fn fold(text: &str) -> String {
    nfc(&tidy(text).to_lowercase()).into_owned()
}

/// The plain form (NFKC) of a code or a number: full-width letters and digits become ASCII, every hyphen and slash
/// becomes the keyboard's, invisible characters are removed.
pub fn plain(text: &str) -> impl Iterator<Item = char> {
    text.nfkc().filter(|letter| !is_invisible(*letter)).map(|letter| match letter {
        '˗' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '⁃' | '−' => '-',
        '⁄' | '∕' => '/',
        other => other,
    })
}

/// Invisible characters, which are copied with text from Excel, a PDF or a web page: zero-width spaces and joiners,
/// direction marks, the soft hyphen, variation selectors, fillers.
fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
    )
}

/// The Icelandic Ð (U+00D0) and the African Ɖ (U+0189) look like the Vietnamese Đ (U+0110); old keyboards type them.
fn vietnamese_d(letter: char) -> char {
    match letter {
        'Ð' | 'Ɖ' => 'Đ',
        'ð' | 'ɖ' => 'đ',
        other => other,
    }
}

/// Most text is in NFC already: a quick check avoids a second composition.
fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// Vietnamese without accents, for gateways and phones that need the GSM alphabet: "Trả kết quả" → "Tra ket qua".
///
/// Full decomposition without marks and invisible characters, and đ, which has no decomposition. Typographic
/// punctuation becomes plain. Any other letter stays: a `?` would be unreadable.
pub fn strip_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfd().filter(|letter| !is_combining_mark(*letter) && !is_invisible(*letter)) {
        match vietnamese_d(letter) {
            'đ' => plain.push('d'),
            'Đ' => plain.push('D'),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' => plain.push('\''),
            '‐' | '‑' | '‒' | '–' | '—' | '−' => plain.push('-'),
            '…' => plain.push_str("..."),
            '\u{a0}' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_compare_equal_however_they_were_typed() {
        let nfd: String = "Bộ phận Một cửa".nfd().collect();
        for typed in ["BỘ PHẬN MỘT CỬA", "  bộ  phận\tMột\u{a0}cửa ", &nfd] {
            assert_eq!(fold(typed), "bộ phận một cửa", "{typed:?}");
        }
        assert_ne!(fold("Bo phan Mot cua"), fold("Bộ phận Một cửa"));
    }

    /// One of each range of [`is_invisible`].
    const INVISIBLE: &str = "\u{ad}\u{34f}\u{61c}\u{1160}\u{180e}\u{200b}\u{200d}\u{200e}\u{200f}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{3164}\u{fe0f}\u{feff}\u{ffa0}";

    #[test]
    fn what_shows_nothing_is_neither_stored_nor_compared_nor_sent() {
        for letter in INVISIBLE.chars() {
            let name = format!("{letter}Trả {letter} kết{letter} qu{letter}ả{letter}");
            assert_eq!(tidy(&name), "Trả kết quả", "{letter:?}");
            assert_eq!(fold(&name), "trả kết quả", "{letter:?}");
            assert_eq!(strip_accents(&format!("Tr{letter}ả")), "Tra", "{letter:?}");
            assert_eq!(plain(&format!("{letter}01{letter}61")).collect::<String>(), "0161", "{letter:?}");
        }
        assert_eq!(tidy(INVISIBLE), "");
    }

    #[test]
    fn every_letter_that_looks_like_the_vietnamese_d_is_it() {
        for (typed, tidied, folded, stripped) in [
            ("Ðã trả", "Đã trả", "đã trả", "Da tra"),
            ("Ɖã trả", "Đã trả", "đã trả", "Da tra"),
            ("Đã trả", "Đã trả", "đã trả", "Da tra"),
            ("ðóng", "đóng", "đóng", "dong"),
            ("ɖóng", "đóng", "đóng", "dong"),
        ] {
            assert_eq!((&*tidy(typed), &*fold(typed), &*strip_accents(typed)), (tidied, folded, stripped), "{typed}");
        }
    }

    #[test]
    fn the_plain_form_of_a_code_has_the_keyboards_hyphen_and_slash() {
        for typed in ["Ｈ３０－１／２", "H30‐1⁄2", "H30‑1∕2", "H30–1/2", "H30−1/2", "H30—1/2"] {
            assert_eq!(plain(typed).collect::<String>(), "H30-1/2", "{typed}");
        }
    }

    #[test]
    fn every_vietnamese_letter_loses_its_accent_and_none_becomes_a_question_mark() {
        assert_eq!(
            strip_accents("“Hồ sơ của quý Ông/Bà … Đã trễ – ƯỚC GÌ”"),
            "\"Ho so cua quy Ong/Ba ... Da tre - UOC GI\""
        );
        let letters = "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ";
        let both = letters.to_string() + &letters.to_uppercase();
        assert_eq!(both.chars().count(), 134);
        assert!(strip_accents(&both).chars().all(|c| c.is_ascii_alphabetic()));
    }
}
