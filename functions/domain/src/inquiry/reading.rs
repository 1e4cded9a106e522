//! Which codes a text to 8083 may ask for: "Cú pháp tin nhắn và đầu số: MCKH_Mã số biên nhận và gửi đến đầu số 8083".

use std::fmt;

use super::candidates::{Candidate, candidates};
use super::words::{SHORT_CODE, WHOLE, Word, is_date, is_date_or_mobile, joined, latin, length, runs, words};
use crate::ReceiptCode;
use crate::text::plain;

/// "“MCKH” là tên cú pháp, viết tắt của cụm từ “Một cửa Khánh Hòa”"
const KEYWORD: &str = "MCKH";
/// The longest text that is examined, in characters: ten parts.
const MAX_TEXT: usize = 700;
/// The most codes that are looked up for a text: each costs one read.
pub(super) const MOST_READINGS: usize = 3;

/// One interpretation of a text: the code it asks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    pub code: ReceiptCode,
    /// Whether, in this interpretation, the text names another code too. Only one code per message is answered.
    pub names_another: bool,
}

impl fmt::Debug for Reading {
    /// Hides the code: as long as no dossier has it, it may be a phone number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("names_another", &self.names_another).finish_non_exhaustive()
    }
}

/// The codes that a citizen may ask for, the most likely first, three at most; empty if the text is not an inquiry.
///
/// It accepts: any case, full-width letters, similar letters of other alphabets, any or no white space after the
/// keyword, any punctuation around the code, words before and after it, spaces around its hyphens, the example's "gửi
/// 8083", and a code in groups. If more than one interpretation remains, the table of dossiers decides.
///
/// No interpretation may be another citizen's code: what a hyphen, slash or full stop joins to a code is never left out
/// if it contains a digit, and a short number is not an interpretation if the text has a code of full length.
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
        return reading(&only.text, &[]).into_iter().collect();
    }
    let mut readings: Vec<Reading> = Vec::new();
    for at in likeliest(&runs) {
        for Candidate { code, words } in runs.get(at).map_or(Vec::new(), |run| candidates(run)) {
            let others = runs.iter().enumerate().flat_map(|(other, run)| {
                let words = if other == at { words.clone() } else { 0..0 };
                [&run[..words.start], &run[words.end..]]
            });
            let new = reading(&code, &others.collect::<Vec<_>>());
            readings.extend(new.filter(|new| readings.iter().all(|known| known.code != new.code)));
        }
    }
    readings.truncate(MOST_READINGS);
    readings
}

/// Which of the runs are looked up. "hồ sơ 12 mã 0161701234": the first that is long enough. A mobile number is more
/// likely the citizen's own number than a code. A date is a code only if nothing better comes before it.
fn likeliest(runs: &[Vec<Word>]) -> [usize; 2] {
    let first = |is_fit: fn(&str) -> bool| runs.iter().position(|run| length(run) >= WHOLE && is_fit(&joined(run)));
    let first_long = first(|code| !is_date(code)).unwrap_or(0);
    [first(|code| !is_date_or_mobile(code)).unwrap_or(first_long), first_long]
}

fn reading(code: &str, others: &[&[Word]]) -> Option<Reading> {
    let code = ReceiptCode::parse(code).ok()?;
    let names_another = others.iter().any(|other| is_another_code(&code, other));
    Some(Reading { code, names_another })
}

/// Whether words outside `code` are long enough to be another code, and are not a date or a mobile number.
fn is_another_code(code: &ReceiptCode, words: &[Word]) -> bool {
    let is_aside = |word: &Word| word.text == SHORT_CODE || is_date_or_mobile(&word.text);
    let words: Vec<Word> = words.iter().filter(|word| !is_aside(word)).cloned().collect();
    let (has_digit, joined) = (words.iter().any(Word::has_digit), joined(&words));
    let is_long = length(&words) >= WHOLE.min(code.as_str().len());
    has_digit && is_long && joined != code.as_str() && !is_date_or_mobile(&joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codes(text: &str) -> Vec<String> {
        asked_for(text).into_iter().map(|reading| reading.code.into()).collect()
    }

    /// The code in the 2017 notice's example.
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
            ("MCKH 0161720005 - 779", &[HYPHENATED][..]),
            ("MCKH 0161720005 -779", &[HYPHENATED]),
            ("MCKH 0161720005- 779", &[HYPHENATED]),
            ("MCKH 0161720005 – 779", &[HYPHENATED]),
            ("MCKH 0161720005 \u{2010} 779", &[HYPHENATED]),
            ("MCKH 0161720005 \u{2011}779", &[HYPHENATED]),
            ("MCKH 0161720005\u{2212} 779", &[HYPHENATED]),
            ("MCKH 0161720005 - 779 gửi 8083", &[HYPHENATED]),
            ("MCKH 0161720005 779", &[HYPHENATED, "0161720005779", "0161720005"]),
            ("MCKH 000.00.09.H32 - 201105 - 0003", &[NATIONAL]),
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
            ("MCKH 0161 720 005 - 779", &[HYPHENATED, "0161720-005-779"]),
            ("MCKH 0161 720 005 - 77901", &["0161720005-77901", "0161720-005-77901"]),
            ("MCKH hồ sơ 12 mã 0161701234", &[PLAIN]),
            ("MCKH 12 0161701234", &[PLAIN, "120161701234", "12-0161701234"]),
            ("MCKH số 2: 0161701234", &[PLAIN, "20161701234", "2-0161701234"]),
            ("MCKH 12-345678 2", &["12-345678", "12-345678-2", "12-3456782"]),
            ("MCKH 2 0161720005 779", &[HYPHENATED, "0161720005779", "0161720005"]),
            ("MCKH 0161701234 0161701235", &[PLAIN, "0161701235", "0161701234-0161701235"]),
            ("MCKH 0161720005 779 0161701234", &[HYPHENATED, "0161720005", PLAIN]),
            ("MCKH 0161 701 234 0161 701 235", &[PLAIN, "0161701-234", "01617012340161701235"]),
            ("MCKH 01617 01234 01617 01235", &["01617012340161701235", PLAIN, "01617-01234"]),
            ("MCKH 01 61 70 12 34", &[PLAIN, "01617012-34"]),
            ("MCKH H30.12 H30.13", &["H30.12-H30.13", "H30.12H30.13", "H30.12"]),
            ("MCKH 0912345678 0161701234", &[PLAIN, "0912345678", "0912345678-0161701234"]),
            ("MCKH sđt 0912345678 mã 0161701234", &[PLAIN, "0912345678"]),
            ("MCKH 0161701234 0912 345 678", &[PLAIN, "01617012340912345-678", "01617012340912345678"]),
            ("MCKH 0161701234 20/11/2026", &[PLAIN]),
            ("MCKH 0161720005 5/9/2026", &["0161720005"]),
            ("MCKH ngày 20.11.2026 mã 0161701234", &[PLAIN]),
            ("MCKH 12 ngày 20/11/2026", &["12"]),
            ("MCKH 15/10/2026 2", &["15/10/2026"]),
        ] {
            assert_eq!(codes(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_a_joint_with_spaces_adds_is_part_of_the_only_code_that_is_read() {
        for (text, code) in [
            ("MCKH 0161720005 - 12", "0161720005-12"),
            ("MCKH 0161720005 - 1", "0161720005-1"),
            ("MCKH 0161720005 – 1 gửi 8083", "0161720005-1"),
            ("MCKH 0161720005 -20112601", "0161720005-20112601"),
            ("MCKH 0161720005- 20112601", "0161720005-20112601"),
            ("MCKH 0161720005 - 778", "0161720005-778"),
            ("MCKH 0161720005 / 12", "0161720005/12"),
            ("MCKH 0161720005 ∕ 12", "0161720005/12"),
            ("MCKH 0161720005 . 12", "0161720005.12"),
            ("MCKH số0161720005 - 12", "0161720005-12"),
            ("MCKH 12345678 - TTR - 3", "12345678-TTR-3"),
            ("MCKH 12 - TTR - 3", "12-TTR-3"),
            ("MCKH 0161720005 - 8083", "0161720005-8083"),
            ("MCKH 0161701234 - 0161701235", "0161701234-0161701235"),
            ("MCKH 0161701234 / 0161701235", "0161701234/0161701235"),
        ] {
            assert_eq!(codes(text), [code], "{text:?}");
        }
    }

    #[test]
    fn a_short_number_is_not_read_where_a_whole_code_stands() {
        for text in ["MCKH 2 hồ sơ 0161701234", "MCKH 2 hồ sơ: 0161701234.", "MCKH 2 hồ sơ 0361701234"] {
            assert_eq!(codes(text).len(), 1, "{text:?}");
            assert_eq!(codes(text)[0].len(), 10, "{text:?}");
        }
    }

    #[test]
    fn of_two_codes_the_first_is_read_and_known_not_to_be_alone() {
        for (text, code, names_another) in [
            ("MCKH 0161701234 0161720005-779", PLAIN, true),
            ("MCKH 0161701234, 0161701235", PLAIN, true),
            ("MCKH 0161 701 234 0161 701 235", PLAIN, true),
            ("MCKH 0161 701 234 0161 701 235 8083", PLAIN, true),
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
        for aside in [
            "20/11/2026",
            "5/9/2026",
            "20-11-2026",
            "20.11.2026",
            "20 / 11 / 2026",
            "0912345678",
            "0912 345 678",
            "0912.345.678",
            "+84912345678",
            "ĐT: 0912345678, nộp ngày 20/11/2026",
        ] {
            for text in [
                format!("MCKH {PLAIN} {aside}"),
                format!("MCKH {PLAIN}, hẹn {aside}"),
                format!("MCKH {aside} mã {PLAIN}"),
            ] {
                let readings = asked_for(&text).into_iter();
                let read: Vec<_> = readings.filter(|reading| reading.code.as_str() == PLAIN).collect();
                assert!(matches!(&read[..], [Reading { names_another: false, .. }]), "{text:?}: {read:?}");
            }
        }
        for alone in ["0912345678", "20/11/2026", "số 0912345678 ạ", "mã 15/10/2026"] {
            let read = asked_for(&format!("MCKH {alone}"));
            assert!(matches!(&read[..], [Reading { names_another: false, .. }]), "{alone:?}: {read:?}");
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

    /// What may be between the keyword and the code, or around the code.
    const AROUND: &str = "([ \t\n_:.,;#\"'“”‘’(){}<>«»*=\u{a0}\u{2003}\u{3000}\u{200b}\u{feff}/–—-]{0,4})";
    /// The hyphens of keyboards, word processors and PDFs.
    const HYPHEN: &str = " ?[-\u{2010}\u{2011}\u{2012}–—―\u{2212}－]\u{200b}? ?";
    /// Every possible receipt code, short ones more often.
    const ANY_CODE: &str = "[A-Z0-9]|[A-Z0-9][A-Z0-9./-]{0,48}[A-Z0-9]|[A-Z0-9]{1,5}([./-][A-Z0-9]{1,8}){0,3}";

    #[test]
    fn a_joined_part_that_is_misspelt_asks_for_no_other_code() {
        for text in ["MCKH 0161720005 - 779ạ", "MCKH 0161720005 - Đ779", "MCKH 0161720005 -779ạ"] {
            assert!(asked_for(text).is_empty(), "{text}");
        }
        for (text, code) in [
            ("MCKH 0161720005 - số 779", "0161720005-779"),
            ("MCKH hồ sơ - 0161701234", "0161701234"),
            ("MCKH 0161701234 - cảm ơn", "0161701234"),
            ("MCKH 0161701234 - 20/11/2026", "0161701234"),
        ] {
            assert_eq!(asked_for(text).first().map(|reading| reading.code.as_str()), Some(code), "{text}");
        }
    }

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
            let first = codes(&format!("MCKH {start}{hyphen}{end}{sent}")).into_iter().next();
            prop_assert_eq!(first, Some(format!("{start}-{end}")));
        }

        #[test]
        fn what_is_joined_with_spaces_is_never_left_out(
            start in "[0-9][A-Z0-9]{0,11}",
            joint in " ?[-–—\u{2212}/] | [-–—\u{2212}/] ?| \\. ",
            name in "([A-Z]{1,4} - )?",
            end in "[A-Z]{0,3}[0-9]{1,12}",
            after in "( gửi 8083| cảm ơn| cho 2 người)?",
        ) {
            let code: String = plain(&format!("{start}{joint}{name}{end}")).filter(|letter| *letter != ' ').collect();
            prop_assume!(!is_date(&code));
            prop_assert_eq!(codes(&format!("MCKH {start}{joint}{name}{end}{after}")), [code]);
        }

        #[test]
        fn a_whole_code_is_read_before_what_is_shorter_or_joined(
            before in "([0-9]{1,3}[ ,:]{1,2}){0,2}", code in "[0-9]{8,12}", between in "( hồ sơ |: )?", after in "( [0-9]{1,2}){0,2}"
        ) {
            let codes = codes(&format!("MCKH {before}{between}{code}{after}"));
            prop_assert_eq!(&codes[0], &code);
            prop_assert!(codes.iter().all(|code| code.len() >= WHOLE), "{:?}", codes);
        }
    }
}
