//! Tin nhắn tra cứu: "Cú pháp tin nhắn và đầu số: MCKH_Mã số biên nhận và gửi đến đầu số 8083".

use unicode_normalization::char::is_combining_mark;

use crate::ReceiptCode;
use crate::text::{plain, strip_accents};

/// "“MCKH” là tên cú pháp, viết tắt của cụm từ “Một cửa Khánh Hòa”"
const KEYWORD: &str = "MCKH";
/// "(Ví dụ: MCKH 0161701234 gửi 8083)": some type the example to its end, or the number alone.
const SHORT_CODE: &str = "8083";
/// "gửi", "gởi", "đến", "tới", without accents.
const SENT_TO: [&str; 4] = ["GUI", "GOI", "DEN", "TOI"];
/// What people write before the code without a space: "mã số", "hồ sơ", "mã hồ sơ" and their short forms, without accents.
const LABELS: [&str; 9] = ["MS", "HS", "MHS", "MSHS", "MA", "SO", "MASO", "HOSO", "MAHS"];
/// The longest text that is looked at, in characters: ten parts.
const MAX_TEXT: usize = 700;
/// The most codes a text is looked up by: each is one read.
const MOST_READINGS: usize = 3;
/// So many letters and digits may be a code of their own. The notice's example has ten; the parts of a code have fewer.
const WHOLE: usize = 8;

/// One way to read a text: the code it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The code.
    pub code: ReceiptCode,
    /// Read like this, the text names another code besides. One code a message is answered.
    pub names_another: bool,
}

/// The codes a citizen may ask for, the most likely first, three at most; none where the text is no inquiry.
///
/// As generous as people are: any case, full-width letters, look-alikes of other alphabets, any white space or none after
/// the keyword, any punctuation around the code, words before and behind it, spaces around its hyphens, the example's
/// "gửi 8083" typed along, a code in groups. Where that leaves more than one reading, the table of dossiers decides.
///
/// ```
/// use domain::inquiry::asked_for;
/// let codes = |text: &str| asked_for(text).into_iter().map(|reading| reading.code.to_string()).collect::<Vec<_>>();
/// assert_eq!(codes("mckh_0161701234."), ["0161701234"]);
/// assert_eq!(codes("MCKH mã số 0161720005 – 779 gửi 8083")[0], "0161720005-779");
/// assert_eq!(codes("MCKH 0161701234 8083")[..2], ["0161701234", "01617012348083"]);
/// assert!(codes("Hồ sơ của tôi đâu?").is_empty());
/// ```
pub fn asked_for(text: &str) -> Vec<Reading> {
    let text: String = plain(text).map(latin).flat_map(char::to_uppercase).take(MAX_TEXT).collect();
    let Some(text) = text.trim_start_matches(|letter: char| !letter.is_alphanumeric()).strip_prefix(KEYWORD) else {
        return Vec::new();
    };
    let words = words(text);
    let runs = runs(&words);
    if let ([], [only]) = (&runs[..], &words[..]) {
        return reading(only.text, &[]).into_iter().collect();
    }
    // "hồ sơ 12 mã 0161701234": the first number that is long enough, before any that is not.
    let main = runs.iter().position(|run| length(run) >= WHOLE).unwrap_or(0);
    let mut readings: Vec<Reading> = Vec::new();
    for at in [main, 0] {
        for Candidate { code, used } in runs.get(at).map_or(Vec::new(), |run| candidates(run)) {
            let others = runs.iter().enumerate().map(|(other, run)| &run[if other == at { used } else { 0 }..]);
            let new = reading(&code, &others.collect::<Vec<_>>());
            readings.extend(new.filter(|new| readings.iter().all(|known| known.code != new.code)));
        }
    }
    readings.truncate(MOST_READINGS);
    readings
}

/// A letter of the Cyrillic or Greek alphabet that looks like a Latin capital is that one: МСКН, Η30.
fn latin(letter: char) -> char {
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

/// What stands between two spaces or other separators, without the punctuation around it.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    /// The hyphen or slash that was typed, with spaces, between the word before and this one.
    joint: Option<char>,
}

impl Word<'_> {
    fn has_digit(&self) -> bool {
        self.text.bytes().any(|byte| byte.is_ascii_digit())
    }

    fn could_be_of_a_code(&self) -> bool {
        ReceiptCode::parse(self.text).is_ok()
    }
}

fn words(text: &str) -> Vec<Word<'_>> {
    let is_of_a_word = |letter: char| {
        letter.is_alphanumeric() || is_combining_mark(letter) || ReceiptCode::PUNCTUATION.contains(&letter)
    };
    let mut words = Vec::new();
    let mut joint = None;
    for token in text.split(|letter| !is_of_a_word(letter)) {
        let (before, rest) = token.split_at(token.len() - token.trim_start_matches(ReceiptCode::PUNCTUATION).len());
        let (text, after) = rest.split_at(rest.trim_end_matches(ReceiptCode::PUNCTUATION).len());
        joint = joint_in(before).or(joint);
        if !text.is_empty() {
            words.push(Word { text, joint });
            joint = joint_in(after);
        }
    }
    words
}

fn joint_in(punctuation: &str) -> Option<char> {
    punctuation.chars().find(|letter| matches!(letter, '-' | '/'))
}

/// The words that may be of a code, in runs: other words stand between two runs. A word without a digit belongs to one
/// only where a hyphen or slash joins it to a word with a digit.
fn runs<'a>(words: &[Word<'a>]) -> Vec<Vec<Word<'a>>> {
    let mut runs: Vec<Vec<Word<'a>>> = Vec::new();
    let (mut goes_on, mut before) = (false, "");
    for chain in
        words.chunk_by(|one, next| next.joint.is_some() && one.could_be_of_a_code() && next.could_be_of_a_code())
    {
        let part = if is_sent_to_8083(before, chain) { Vec::new() } else { of_a_code(chain) };
        before = chain[chain.len() - 1].text;
        match runs.last_mut() {
            _ if part.is_empty() => goes_on = false,
            Some(run) if goes_on => run.extend(part),
            _ => {
                runs.push(part);
                goes_on = true;
            }
        }
    }
    runs
}

fn is_sent_to_8083(before: &str, chain: &[Word<'_>]) -> bool {
    matches!(chain, [only] if only.text == SHORT_CODE) && SENT_TO.contains(&&*strip_accents(before))
}

/// The words of a chain that may be of a code: all of them, one without its label, or none.
fn of_a_code<'a>(chain: &[Word<'a>]) -> Vec<Word<'a>> {
    if chain.iter().all(Word::could_be_of_a_code) {
        return if chain.iter().any(Word::has_digit) { chain.to_vec() } else { Vec::new() };
    }
    let bare = unlabelled(chain[0].text).map(|text| Word { text, joint: None });
    bare.filter(Word::could_be_of_a_code).into_iter().collect()
}

/// "MS0161701234", "số0161701234", "0161701234gửi8083": the code without what is written to it.
fn unlabelled(word: &str) -> Option<&str> {
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

/// What a run may say.
struct Candidate {
    code: String,
    /// How many of the run's words are in it, from the first.
    used: usize,
}

/// The likeliest first.
fn candidates(run: &[Word<'_>]) -> Vec<Candidate> {
    match run {
        [only] => {
            let bare = unlabelled(only.text).into_iter();
            [only.text].into_iter().chain(bare).map(|code| Candidate { code: code.to_owned(), used: 1 }).collect()
        }
        [code @ .., last] if last.text == SHORT_CODE => with_or_without_short_code(run, code),
        _ => one_code_or_several(run),
    }
}

/// "0161701234 8083": the code and where it is sent; "0161 70 8083": one code in groups.
fn with_or_without_short_code(run: &[Word<'_>], code: &[Word<'_>]) -> Vec<Candidate> {
    let with = Candidate { code: joined(run), used: run.len() };
    let mut all = candidates(code);
    all.truncate(MOST_READINGS - 1);
    all.insert(if length(code) >= WHOLE { all.len() } else { 0 }, with);
    all
}

/// "0161 701 234" is one code in groups; "0161720005 779" has lost its hyphen, or is a code and something else.
fn one_code_or_several(run: &[Word<'_>]) -> Vec<Candidate> {
    let (first, next) = (&run[..1], &run[1]);
    let all = |code| Candidate { code, used: run.len() };
    let starts_whole = length(first) >= WHOLE;
    let mut candidates = vec![all(joined(run)), all(hyphenated(run))];
    if starts_whole || !is_all_digits(run) {
        candidates.reverse();
    }
    let first_alone = Candidate { code: first[0].text.to_owned(), used: 1 };
    let is_no_part = !next.has_digit() || !(3..WHOLE).contains(&length(&run[1..2]));
    if starts_whole && is_no_part {
        candidates.insert(0, first_alone);
    } else if starts_whole || run[1..].iter().any(|word| word.has_digit() && word.text.len() >= first[0].text.len()) {
        candidates.push(first_alone);
    }
    candidates
}

/// The words of a run with nothing in their spaces.
fn joined(run: &[Word<'_>]) -> String {
    written(run, |_| None)
}

/// The words of a run with a hyphen in its last space, or in every space where it is not all digits.
fn hyphenated(run: &[Word<'_>]) -> String {
    let last = run.iter().rposition(|word| word.joint.is_none());
    let everywhere = !is_all_digits(run);
    written(run, |at| (everywhere || Some(at) == last).then_some('-'))
}

fn written(run: &[Word<'_>], in_space: impl Fn(usize) -> Option<char>) -> String {
    let mut code = String::new();
    for (at, word) in run.iter().enumerate() {
        if at > 0 {
            code.extend(word.joint.or_else(|| in_space(at)));
        }
        code.push_str(word.text);
    }
    code
}

fn is_all_digits(run: &[Word<'_>]) -> bool {
    run.iter().all(|word| word.text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Letters and digits of a run.
fn length(run: &[Word<'_>]) -> usize {
    run.iter().flat_map(|word| word.text.chars()).filter(|letter| letter.is_alphanumeric()).count()
}

fn reading(code: &str, others: &[&[Word<'_>]]) -> Option<Reading> {
    let code = ReceiptCode::parse(code).ok()?;
    let names_another = others.iter().any(|other| is_another_code(&code, other));
    Some(Reading { code, names_another })
}

/// Whether words that are not in `code` are long enough to be a code of their own.
fn is_another_code(code: &ReceiptCode, words: &[Word<'_>]) -> bool {
    let words: Vec<Word<'_>> = words.iter().filter(|word| word.text != SHORT_CODE).copied().collect();
    let has_digit = words.iter().any(Word::has_digit);
    has_digit && length(&words) >= WHOLE.min(code.as_str().len()) && joined(&words) != code.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(text: &str) -> Vec<String> {
        asked_for(text).into_iter().map(|reading| reading.code.into()).collect()
    }

    /// The code of the notice's own example.
    const PLAIN: &str = "0161701234";
    /// A code of the one-stop software.
    const HYPHENATED: &str = "0161720005-779";
    /// A code of the national portal.
    const NATIONAL: &str = "000.00.09.H32-201105-0003";

    #[test]
    fn what_people_type_is_understood_and_costs_one_read() {
        for (code, texts) in [
            (
                PLAIN,
                &[
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
                    "MCKH\u{3000}0161701234",
                    " MCKH 0161701234. ",
                    "ＭＣＫＨ　０１６１７０１２３４",
                    "\"MCKH 0161701234\"",
                    "“MCKH 0161701234”",
                    "'mckh 0161701234'",
                    "MCKH \"0161701234\"",
                    "MCKH <0161701234>",
                    "MCKH (0161701234)",
                    "MCKH [0161701234]",
                    "MCKH 0161701234 gửi 8083",
                    "MCKH 0161701234 GUI 8083",
                    "MCKH 0161701234 gởi 8083",
                    "MCKH 0161701234 gui 8083.",
                    "MCKH 0161701234 gửi đến 8083",
                    "MCKH 0161701234 gửi tới số 8083",
                    "MCKH 0161701234 gửi tổng đài 8083",
                    "“MCKH 0161701234” gửi 8083",
                    "MCKH 0161701234gửi8083",
                    "\u{feff}MCKH 0161701234",
                    "MCKH 01617\u{200b}01234",
                    "M\u{200d}CKH\u{2060} 0161701234\u{200e}",
                    "MC\u{ad}KH 0161701234\u{fe0f}",
                    "MCKH 0161701234 cảm ơn",
                    "MCKH 0161701234 cảm ơn nhiều, 2 hồ sơ",
                    "MCKH MS: 0161701234",
                    "MCKH MS:0161701234",
                    "MCKH MS 0161701234",
                    "MCKH mã số 0161701234",
                    "MCKH MÃ SỐ: 0161701234",
                    "MCKH Mã số biên nhận: 0161701234",
                    "MCKH_Mã số biên nhận_0161701234",
                    "MCKH hồ sơ 0161701234",
                    "MCKH HO SO 0161701234 GUI 8083",
                    "MCKH ho so so 0161701234 a",
                    "MCKH số0161701234",
                    "MCKH số: 0161701234 ạ",
                    "MCKH _ 0161701234",
                    "#MCKH 0161701234",
                    "# mckh#0161701234",
                    "МСКН 0161701234",
                    "мскн 0161701234",
                    "ΜCΚΗ 0161701234",
                    "𝐌𝐂𝐊𝐇 0161701234",
                    "MCKH MCKH 0161701234",
                    "MCKH 0161701234 - Nguyễn Văn A",
                ][..],
            ),
            (
                HYPHENATED,
                &[
                    "MCKH 0161720005-779",
                    "MCKH 0161720005–779",
                    "MCKH 0161720005—779",
                    "MCKH 0161720005\u{2010}779",
                    "MCKH 0161720005\u{2011}779",
                    "MCKH 0161720005\u{2212}779",
                    "MCKH 0161720005－779",
                    "mckh0161720005-779.",
                    "MCKH 0161720005-779 gửi 8083",
                    "MCKH MS: 0161720005-779",
                    "MCKH hồ sơ số 0161720005\u{200b}-779 gởi 8083",
                ],
            ),
            (
                NATIONAL,
                &[
                    "MCKH 000.00.09.H32-201105-0003",
                    "mckh_000.00.09.h32-201105-0003.",
                    "MCKH 000.00.09.Н32–201105–0003",
                ],
            ),
            ("H30.12-1", &["mckhH30.12-1", "MCKH Η30.12-1"]),
            ("H30", &["MCKH-H30", "MCKH H30 gửi 8083"]),
            ("H30.12/2026-TT", &["mckh h30.12/2026-tt", "MCKH h30.12∕2026–tt"]),
            ("ABC", &["MCKH ABC", "MCKH “abc”."]),
            ("8083", &["MCKH 8083", "MCKH mã số 8083"]),
        ] {
            for text in texts {
                assert_eq!(codes(text), [code], "{text:?}");
            }
        }
    }

    #[test]
    fn where_a_text_can_be_read_in_more_than_one_way_each_code_is_looked_up_the_likeliest_first() {
        for (text, expected) in [
            ("MCKH 0161720005 - 779", &[HYPHENATED, "0161720005"][..]),
            ("MCKH 0161720005 -779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005- 779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005 – 779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005 \u{2010} 779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005 \u{2011}779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005\u{2212} 779", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005 - 779 gửi 8083", &[HYPHENATED, "0161720005"]),
            ("MCKH 0161720005 779", &[HYPHENATED, "0161720005779", "0161720005"]),
            ("MCKH 000.00.09.H32 - 201105 - 0003", &[NATIONAL, "000.00.09.H32"]),
            ("MCKH 000.00.09.H32 201105 0003", &[NATIONAL, "000.00.09.H322011050003", "000.00.09.H32"]),
            ("MCKH 0161 701 234", &[PLAIN, "0161701-234"]),
            ("“MCKH 0161 701 234” gửi 8083", &[PLAIN, "0161701-234"]),
            ("MCKH MS: 0161 701 234", &[PLAIN, "0161701-234"]),
            ("MCKH 0161,701,234", &[PLAIN, "0161701-234"]),
            ("MCKH 0161701234 8083", &[PLAIN, "01617012348083"]),
            ("MCKH0161701234.8083", &["0161701234.8083"]),
            ("MCKH 0161 701 234 8083", &[PLAIN, "0161701-234", "01617012348083"]),
            ("MCKH 0161720005-779 8083", &[HYPHENATED, "0161720005-7798083"]),
            ("MCKH 0161 70 8083", &["0161708083", "016170", "0161-70"]),
            ("MCKH H30 8083", &["H308083", "H30"]),
            ("MCKH MS0161701234", &["MS0161701234", PLAIN]),
            ("MCKH 0161701234gui8083", &["0161701234GUI8083", PLAIN]),
            ("MCKH 0161701234 2", &[PLAIN, "0161701234-2", "01617012342"]),
            ("MCKH 0161701234 - Nguyen Van A", &[PLAIN, "0161701234-NGUYEN"]),
            ("MCKH hồ sơ 12 mã 0161701234", &[PLAIN, "12"]),
            ("MCKH 12 - TTR - 3", &["12-TTR-3"]),
        ] {
            assert_eq!(codes(text), expected, "{text:?}");
        }
    }

    #[test]
    fn of_two_codes_the_first_is_read_and_known_not_to_be_alone() {
        for (text, code, names_another) in [
            ("MCKH 0161701234 0161720005-779", PLAIN, true),
            ("MCKH 0161701234, 0161701235", PLAIN, true),
            ("MCKH 0161701234 - 0161701235", PLAIN, true),
            ("MCKH 0161701234 / 0161701235", PLAIN, true),
            ("MCKH 0161701234 và 0161701235 gửi 8083", PLAIN, true),
            ("MCKH 0161701234\nMCKH 0161701235", PLAIN, true),
            ("MCKH 0161 701 234 và 0161 701 235", PLAIN, true),
            ("MCKH H30 và H31", "H30", true),
            ("MCKH 0161701234 0161701234", PLAIN, false),
            ("MCKH 0161701234 MCKH 0161701234", PLAIN, false),
            ("MCKH 0161701234 8083", PLAIN, false),
            ("MCKH 0161701234 lần 2", PLAIN, false),
            ("MCKH 0161720005 - 779", HYPHENATED, false),
        ] {
            let first = asked_for(text).into_iter().next().unwrap();
            assert_eq!((first.code.as_str(), first.names_another), (code, names_another), "{text:?}");
        }
        let groups = asked_for("MCKH 123 456");
        let read: Vec<_> = groups.iter().map(|reading| (reading.code.as_str(), reading.names_another)).collect();
        assert_eq!(read, [("123456", false), ("123-456", false), ("123", true)]);
    }

    #[test]
    fn anything_else_is_no_inquiry() {
        for text in [
            "",
            " ",
            "MCKH",
            "mckh   ",
            "MCKH ?",
            "MCKH - / .",
            "0161701234",
            "MCK 0161701234",
            "XMCKH 0161701234",
            "Xin chào",
            "MCKH hồ sơ của tôi",
            "MCKH ho so cua toi",
            "MCKH cam - on",
            "MCKH gửi 8083",
            "MCKH Đ",
            "MCKH Đ161701234",
            "\u{fffd}\u{fffd}",
            "MCK",
            "ộộộộộộ",
        ] {
            assert_eq!(asked_for(text), [], "{text:?}");
        }
        assert_eq!(asked_for(&format!("MCKH {}", "9".repeat(51))), []);
    }

    /// What may stand between the keyword and the code, or around the code.
    const AROUND: &str = "([ \t\n_:.,;#\"'“”‘’(){}<>«»*=\u{a0}\u{2003}\u{3000}\u{200b}\u{feff}/–—-]{0,4})";
    /// The hyphens of keyboards, word processors and PDFs.
    const HYPHEN: &str = " ?[-\u{2010}\u{2011}\u{2012}–—―\u{2212}－]\u{200b}? ?";
    /// Every receipt code there can be, short ones more often.
    const ANY_CODE: &str = "[A-Z0-9]|[A-Z0-9][A-Z0-9./-]{0,48}[A-Z0-9]|[A-Z0-9]{1,5}([./-][A-Z0-9]{1,8}){0,3}";

    proptest! {
        #[test]
        fn no_text_breaks_it_and_few_codes_are_read(text in "\\PC*|[mckhMCKH]{4}\\PC*|MCKH([ -]{1,2}([0-9]{1,10}|8083|[a-zử]{1,4}))*") {
            let readings = asked_for(&text);
            prop_assert!(readings.len() <= MOST_READINGS, "{:?}", readings);
        }

        #[test]
        fn every_code_that_is_a_receipt_code_can_be_asked_for(written in "[A-Z0-9./-]{1,6}|[A-Z0-9./-]{1,50}") {
            let Ok(code) = ReceiptCode::parse(&written) else { return Ok(()) };
            let first = asked_for(&format!("MCKH {code}")).into_iter().next();
            prop_assert_eq!(first, Some(Reading { code, names_another: false }));
        }

        #[test]
        fn every_code_is_found_behind_every_separator(code in ANY_CODE, between in AROUND, after in AROUND) {
            let first = codes(&format!("mckh{between}{code}{after}")).into_iter().next();
            prop_assert_eq!(first, Some(code));
        }

        #[test]
        fn every_hyphen_with_spaces_or_without_is_the_hyphen_of_the_code(
            start in "0[0-9]{9}", end in "[0-9]{3,5}", hyphen in HYPHEN, sent in "( (gửi|gui|gởi) 8083| 8083)?"
        ) {
            prop_assume!(end != SHORT_CODE);
            let first = codes(&format!("MCKH {start}{hyphen}{end}{sent}")).into_iter().next();
            prop_assert_eq!(first, Some(format!("{start}-{end}")));
        }
    }
}
