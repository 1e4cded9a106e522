//! The words of a text, and which of them may belong to a code.

use unicode_normalization::char::is_combining_mark;

use crate::text::strip_accents;
use crate::{Phone, ReceiptCode};

/// "(Ví dụ: MCKH 0161701234 gửi 8083)": some people type the example to its end, or only the number.
pub(super) const SHORT_CODE: &str = "8083";
/// "gửi", "gởi", "đến", "tới", without accents.
const SENT_TO: [&str; 4] = ["GUI", "GOI", "DEN", "TOI"];
/// What people write directly before the code: "mã số", "hồ sơ", "mã hồ sơ" and their short forms, without accents.
const LABELS: [&str; 9] = ["MS", "HS", "MHS", "MSHS", "MA", "SO", "MASO", "HOSO", "MAHS"];
/// This many letters and digits may be a code of their own. The notice's example has ten; the parts of a code have
/// fewer.
pub(super) const WHOLE: usize = 8;

/// Cyrillic and Greek letters that look like a Latin capital are replaced by it: МСКН, Η30.
pub(super) fn latin(letter: char) -> char {
    match letter.to_uppercase().next().unwrap_or(letter) {
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' | 'Һ' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        _ => letter,
    }
}

/// The text between two separators, without the punctuation around it.
/// No `Debug`: a word may be a phone number.
#[derive(Clone)]
pub(super) struct Word {
    pub text: String,
    /// The hyphen, slash or full stop, typed with spaces, between the previous word and this one.
    pub joint: Option<char>,
}

impl Word {
    pub(super) fn has_digit(&self) -> bool {
        self.text.bytes().any(|byte| byte.is_ascii_digit())
    }

    fn could_be_of_a_code(&self) -> bool {
        ReceiptCode::parse(&self.text).is_ok()
    }
}

pub(super) fn words(text: &str) -> Vec<Word> {
    let is_of_a_word = |letter: char| {
        letter.is_alphanumeric() || is_combining_mark(letter) || ReceiptCode::PUNCTUATION.contains(&letter)
    };
    let mut words = Vec::new();
    let mut joint = None;
    for token in text.split(|letter| !is_of_a_word(letter)) {
        let (before, rest) = token.split_at(token.len() - token.trim_start_matches(ReceiptCode::PUNCTUATION).len());
        let (text, after) = rest.split_at(rest.trim_end_matches(ReceiptCode::PUNCTUATION).len());
        // A full stop directly after a word ends a sentence.
        joint = joint_in(before).or((before == ".").then_some('.')).or(joint);
        let is_label = joint.is_some() && LABELS.contains(&&*strip_accents(text)) && ReceiptCode::parse(text).is_err();
        if !text.is_empty() && !is_label {
            let bare = if ReceiptCode::parse(text).is_ok() { None } else { unlabelled(text) };
            words.push(Word { text: bare.unwrap_or(text).to_owned(), joint });
            joint = joint_in(after);
        }
    }
    words
}

pub(super) fn joint_in(punctuation: &str) -> Option<char> {
    punctuation.chars().find(|letter| matches!(letter, '-' | '/'))
}

/// The words that may belong to a code, in runs. Other words separate runs, and a date is a run of its own. A word
/// without a digit belongs to a run only if a joint links it to a word with a digit.
pub(super) fn runs(words: &[Word]) -> Vec<Vec<Word>> {
    let mut runs: Vec<Vec<Word>> = Vec::new();
    let (mut goes_on, mut before) = (false, "");
    for chain in words.chunk_by(|_, next| next.joint.is_some()) {
        let part = if is_sent_to_8083(before, chain) { Vec::new() } else { of_a_code(chain) };
        before = &chain[chain.len() - 1].text;
        let is_date = is_date(&joined(&part));
        match runs.last_mut() {
            _ if part.is_empty() => goes_on = false,
            Some(run) if goes_on && !is_date => run.extend(part),
            _ => {
                runs.push(part);
                goes_on = !is_date;
            }
        }
    }
    runs
}

pub(super) fn is_sent_to_8083(before: &str, chain: &[Word]) -> bool {
    matches!(chain, [only] if only.text == SHORT_CODE) && SENT_TO.contains(&&*strip_accents(before))
}

/// The words of a chain that may belong to a code. If a word after a joint contains a digit and is no part of a code,
/// it is not known which code was meant.
pub(super) fn of_a_code(chain: &[Word]) -> Vec<Word> {
    let first_digit = chain.iter().position(Word::has_digit).unwrap_or(chain.len());
    if chain.iter().skip(first_digit + 1).any(|word| word.has_digit() && !word.could_be_of_a_code()) {
        return Vec::new();
    }
    chain.split(|word| !word.could_be_of_a_code()).flat_map(one_word_up_to_the_last_digit).collect()
}

/// From here on, everything up to the last word with a digit is one word, so that no interpretation leaves out a part
/// of it: "0161720005 - 12" is not 0161720005. A name after it may be left out, and a date after a complete code is not
/// part of the code.
pub(super) fn one_word_up_to_the_last_digit(chain: &[Word]) -> Vec<Word> {
    let Some(last) = chain.iter().rposition(Word::has_digit) else { return Vec::new() };
    let (mut code, mut rest) = chain.split_at(last + 1);
    if length(&chain[..last]) >= WHOLE && is_date(&chain[last].text) {
        (code, rest) = chain.split_at(last);
    }
    let mut words = vec![Word { text: joined(code), joint: None }];
    words.extend_from_slice(rest);
    words
}

/// "20/11/2026", "5-9-2026", "20.11.2026".
pub(super) fn is_date(code: &str) -> bool {
    ReceiptCode::PUNCTUATION.iter().any(|between| {
        let parts: Vec<Option<u32>> = code.split(*between).map(|part| part.parse().ok()).collect();
        matches!(parts[..], [Some(1..=31), Some(1..=12), Some(1900..=2100)])
    })
}

pub(super) fn is_date_or_mobile(code: &str) -> bool {
    is_date(code) || Phone::parse(code).is_ok()
}

/// "MS0161701234", "số0161701234", "0161701234gửi8083": the code without the words attached to it.
pub(super) fn unlabelled(word: &str) -> Option<&str> {
    let (label, code) = word.split_at(word.find(|letter: char| letter.is_ascii_digit())?);
    if !(label.is_empty() || LABELS.contains(&&*strip_accents(label))) {
        return None;
    }
    let sent_to = |code: &'_ str| {
        let end = code.strip_suffix(SHORT_CODE)?.trim_end_matches(char::is_alphabetic).len();
        SENT_TO.contains(&&*strip_accents(&code[end..code.len() - SHORT_CODE.len()])).then_some(end)
    };
    let bare = sent_to(code).map_or(code, |end| &code[..end]);
    (bare.len() < word.len()).then_some(bare)
}

/// The words of a run, joined without spaces.
pub(super) fn joined(run: &[Word]) -> String {
    written(run, |_| None)
}

pub(super) fn written(run: &[Word], in_space: impl Fn(usize) -> Option<char>) -> String {
    let mut code = String::new();
    for (at, word) in run.iter().enumerate() {
        if at > 0 {
            code.extend(word.joint.or_else(|| in_space(at)));
        }
        code.push_str(&word.text);
    }
    code
}

/// Digits and the characters that join them.
pub(super) fn is_all_digits(run: &[Word]) -> bool {
    run.iter().all(|word| word.text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'/')))
}

/// Letters and digits of a run.
pub(super) fn length(run: &[Word]) -> usize {
    run.iter().map(|word| letters(&word.text)).sum()
}

/// Letters and digits.
pub(super) fn letters(text: &str) -> usize {
    text.chars().filter(|letter| letter.is_alphanumeric()).count()
}
