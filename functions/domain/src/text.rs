//! Vietnamese text as software and people write it: two encodings of one letter, stray spaces, any case.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, char::is_combining_mark, is_nfc_quick};

/// NFC, trimmed, inner white space squeezed to one space. What is stored and printed.
///
/// NFC matters twice: the same name typed in NFD is other bytes, and as an SMS it is half as long again.
pub fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(&nfc(word));
    }
    tidy
}

/// [`tidy`] and case-folded. What steps, statuses and units are compared by.
pub fn fold(text: &str) -> String {
    nfc(&tidy(text).to_lowercase()).into_owned()
}

/// Most of what comes is in NFC already: a look spares composing it anew.
fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(text.nfc().collect()),
    }
}

/// Vietnamese without accents, for gateways and phones that want the GSM alphabet: "Trả kết quả" → "Tra ket qua".
///
/// Full decomposition minus marks, and đ, which has no decomposition. Typographic punctuation becomes its plain form;
/// any other letter stays as it is, for a `?` tells the citizen nothing.
pub fn strip_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'đ' => plain.push('d'),
            'Đ' => plain.push('D'),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '‘' | '’' | '‚' => plain.push('\''),
            '‐' | '‑' | '‒' | '–' | '—' => plain.push('-'),
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
