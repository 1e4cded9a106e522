//! Số điện thoại di động: the number a citizen left at the counter, in the form an SMS gateway needs.
//!
//! The numbering plan is libphonenumber's for region VN. A test compares this file with that library and lists the
//! ranges that are left out.

use std::fmt;

use crate::text::plain;

/// A Vietnamese mobile number in E.164, `+84` and nine digits.
///
/// Its `Debug` shows only the last two digits, so that no log line contains a number by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is not a mobile number. The one-stop software gets it as a warning; the dossier is stored all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAMobile {
    /// A land line: no SMS reaches it.
    #[error("is a fixed line, which receives no SMS")]
    FixedLine,
    /// A number of another country.
    #[error("is not a Vietnamese number")]
    Foreign,
    /// Not a number that exists.
    #[error("is not a Vietnamese mobile number")]
    Nonsense,
}

/// The conversion of September 2018: mobile numbers of eleven digits got ten digits, with the last seven kept.
/// Old prefix (without the leading 0) → new prefix.
const CONVERTED_2018: [(&str, &str); 21] = [
    ("120", "70"),
    ("121", "79"),
    ("122", "77"),
    ("126", "76"),
    ("128", "78"),
    ("123", "83"),
    ("124", "84"),
    ("125", "85"),
    ("127", "81"),
    ("129", "82"),
    ("162", "32"),
    ("163", "33"),
    ("164", "34"),
    ("165", "35"),
    ("166", "36"),
    ("167", "37"),
    ("168", "38"),
    ("169", "39"),
    ("186", "56"),
    ("188", "58"),
    ("199", "59"),
];

impl Phone {
    /// Parses a number as people write it: `0912 345 678`, `84912345678`, `(+84) 91.234.5678`, `+84 (0)91–234–5678`, or
    /// the old `01681234567`; also in full-width digits, and with the invisible characters that Excel puts around a
    /// number.
    pub fn parse(text: &str) -> Result<Self, NotAMobile> {
        let national = national_digits(text)?;
        let national = converted_2018(&national).unwrap_or(national);
        match national.as_bytes() {
            mobile if is_mobile(mobile) => Ok(Self(format!("+84{national}"))),
            [b'2', rest @ ..] if matches!(rest.len(), 8 | 9) => Err(NotAMobile::FixedLine),
            _ => Err(NotAMobile::Nonsense),
        }
    }

    /// The number in E.164, as the carrier requires it.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// `0912 345 678`, as it is read aloud.
    pub fn in_groups(&self) -> String {
        let national = &self.0["+84".len()..];
        format!("0{} {} {}", &national[..3], &national[3..6], &national[6..])
    }

    /// `09*****678`: enough for a person to recognise their own number.
    pub fn masked(&self) -> String {
        let national = &self.0["+84".len()..];
        format!("0{}*****{}", &national[..1], &national[national.len() - 3..])
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone(…{})", &self.0[self.0.len() - 2..])
    }
}

/// The digits after the country code and the trunk zero.
fn national_digits(text: &str) -> Result<String, NotAMobile> {
    let text: String = plain(text).collect();
    let digits = digits(&text).ok_or(NotAMobile::Nonsense)?;
    let international = match digits.strip_prefix("00") {
        Some(behind_the_exit_code) => Some(behind_the_exit_code),
        None => text.contains('+').then_some(&*digits),
    };
    let national = match international {
        Some(digits) => digits.strip_prefix("84").ok_or(NotAMobile::Foreign)?,
        None if digits.len() >= 11 => digits.strip_prefix("84").unwrap_or(&digits),
        None => &digits,
    };
    Ok(national.strip_prefix('0').unwrap_or(national).to_owned())
}

/// The digits of a number in its plain form; None if it contains characters that do not belong to a number, such as a
/// letter O for a zero.
fn digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(16);
    for letter in text.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '+' if digits.is_empty() => {}
            '.' | '-' | '(' | ')' | '/' => {}
            space if space.is_whitespace() => {}
            _ => return None,
        }
    }
    Some(digits)
}

fn converted_2018(national: &str) -> Option<String> {
    if national.len() != 10 {
        return None;
    }
    CONVERTED_2018
        .iter()
        .find_map(|(old, new)| national.strip_prefix(old).map(|last_seven| format!("{new}{last_seven}")))
}

/// libphonenumber, region VN, type mobile:
/// `(?:5(?:2[238]|59)|89[6-9]|99[013-9])\d{6}|(?:3\d|5[1689]|7[06-9]|8[1-8]|9[0-8])\d{7}`
///
/// Without the ranges that its newer data adds: `1[46]0` and six digits, `121[0-3]` and five. As far as we know, every
/// person's number has begun with 3, 5, 7, 8 or 9 since 2018, and numbers that begin with 1 belong to services and
/// machines. A clerk who writes such a number has more likely made a mistake: the clerk gets a warning, and nothing is
/// sent.
fn is_mobile(national: &[u8]) -> bool {
    let [a, b, c, rest @ ..] = national else { return false };
    rest.len() == 6
        && matches!(
            (a, b, c),
            (b'3', _, _)
                | (b'5', b'1' | b'6' | b'8' | b'9', _)
                | (b'5', b'2', b'2' | b'3' | b'8')
                | (b'5', b'5', b'9')
                | (b'7', b'0' | b'6'..=b'9', _)
                | (b'8', b'1'..=b'8', _)
                | (b'8', b'9', b'6'..=b'9')
                | (b'9', b'0'..=b'8', _)
                | (b'9', b'9', b'0' | b'1' | b'3'..=b'9')
        )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;
    use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};

    #[test]
    fn mobile_numbers_are_understood_as_people_write_them() {
        for written in [
            "0912345678",
            "912345678",
            "84912345678",
            "+84912345678",
            "0084912345678",
            "+84 (0)912.345.678",
            " 0912 345 678 ",
            "091-234-5678",
            "0912\u{a0}345\u{a0}678",
            "(+84) 912 345 678",
            "(+84)912345678",
            "( +84 ) 912 345 678",
            "+84 (0) 912 345 678",
            "(+84)(0)912.345.678",
            "+(84) 912 345 678",
            "84-912-345-678",
            "84 (0) 912 345 678",
            "(0912) 345 678",
            "0084 912 345 678",
            "０９１２３４５６７８",
            "＋８４　９１２　３４５　６７８",
            "\u{200b}0912345678\u{200b}",
            "\u{202a}0912345678\u{202c}",
            "\u{2068}+84 912 345 678\u{2069}",
            "\u{feff}0912\u{200d}345\u{2060}678",
            "0912\u{2009}345\u{202f}678",
            "0912–345–678",
            "0912\u{2011}345\u{2010}678",
            "0912\u{2212}345—678",
        ] {
            assert_eq!(Phone::parse(written).unwrap().as_e164(), "+84912345678", "{written:?}");
        }
    }

    #[test]
    fn numbers_from_before_september_2018_are_converted() {
        for (old, new) in [
            ("01201234567", "+84701234567"),
            ("01211234567", "+84791234567"),
            ("01221234567", "+84771234567"),
            ("01261234567", "+84761234567"),
            ("01281234567", "+84781234567"),
            ("01231234567", "+84831234567"),
            ("01241234567", "+84841234567"),
            ("01251234567", "+84851234567"),
            ("01271234567", "+84811234567"),
            ("01291234567", "+84821234567"),
            ("01621234567", "+84321234567"),
            ("01631234567", "+84331234567"),
            ("01641234567", "+84341234567"),
            ("01651234567", "+84351234567"),
            ("01661234567", "+84361234567"),
            ("01671234567", "+84371234567"),
            ("01681234567", "+84381234567"),
            ("01691234567", "+84391234567"),
            ("01861234567", "+84561234567"),
            ("01881234567", "+84581234567"),
            ("01991234567", "+84591234567"),
            ("+84 168 123 4567", "+84381234567"),
            ("841681234567", "+84381234567"),
        ] {
            assert_eq!(Phone::parse(old).unwrap().as_e164(), new, "{old}");
        }
    }

    #[test]
    fn fixed_lines_foreign_numbers_and_invalid_numbers_are_distinguished() {
        for (written, why) in [
            ("02583822229", NotAMobile::FixedLine),
            ("0258 3822 229", NotAMobile::FixedLine),
            ("+84 24 3825 3536", NotAMobile::FixedLine),
            ("+1 415 555 2671", NotAMobile::Foreign),
            ("không có", NotAMobile::Nonsense),
            ("", NotAMobile::Nonsense),
            ("0912", NotAMobile::Nonsense),
            ("0258", NotAMobile::Nonsense),
            ("0912+345678", NotAMobile::Nonsense),
            ("O912345678", NotAMobile::Nonsense),
            ("091234567О", NotAMobile::Nonsense),
            ("0912345678 (Zalo)", NotAMobile::Nonsense),
            ("140123456", NotAMobile::Nonsense),
            ("0160123456", NotAMobile::Nonsense),
            ("(+1) 415 555 2671", NotAMobile::Foreign),
            ("+0912 345 678", NotAMobile::Foreign),
            ("0091 2345 678", NotAMobile::Foreign),
            ("0912345678 / 0987654321", NotAMobile::Nonsense),
            ("01601234567", NotAMobile::Nonsense),
            ("19001234", NotAMobile::Nonsense),
        ] {
            assert_eq!(Phone::parse(written).unwrap_err(), why, "{written:?}");
        }
    }

    #[test]
    fn debug_output_hides_a_phone() {
        let shown = format!("{:?}", Phone::parse("0912345678").unwrap());
        assert_eq!(shown, "Phone(…78)");
    }

    #[test]
    fn a_masked_number_shows_its_first_and_last_digits_only() {
        assert_eq!(Phone::parse("0912345678").unwrap().masked(), "09*****678");
    }

    /// A Vietnamese mobile number according to libphonenumber, in E.164.
    fn by_libphonenumber(text: &str) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(text, Some(Region::VN)).ok()?;
        let mobile = PHONE_NUMBER_UTIL.get_number_type(&number) == PhoneNumberType::Mobile;
        let number = mobile.then(|| number.format_as(PhoneNumberFormat::E164).to_string())?;
        number.starts_with("+84").then_some(number)
    }

    fn by_us(text: &str) -> Option<String> {
        Phone::parse(text).ok().map(|phone| phone.0)
    }

    /// If libphonenumber's plan changes, this test fails and shows what is new: add it to the plan or to the list.
    #[test]
    fn the_plan_is_libphonenumbers_but_for_the_old_numbers_and_those_of_services_and_machines() {
        let mut only_theirs = BTreeSet::new();
        for start in 1_000..10_000 {
            for rest in ["777", "7777", "77777", "777777", "7777777"] {
                let national = format!("{start}{rest}");
                let written = format!("+84{national}");
                match (by_us(&written), by_libphonenumber(&written)) {
                    (ours, theirs) if ours == theirs => {}
                    (None, Some(_)) => _ = only_theirs.insert((national[..4].to_owned(), national.len())),
                    (Some(_), None) if converted_2018(&national).is_some() => {}
                    other => panic!("{written}: {other:?}"),
                }
            }
        }
        let ranges =
            |start: &str, ends: std::ops::Range<u32>| ends.map(|end| (format!("{start}{end}"), 9)).collect::<Vec<_>>();
        let known = [ranges("140", 0..10), ranges("160", 0..10), ranges("121", 0..4)].concat();
        assert_eq!(only_theirs, BTreeSet::from_iter(known));
    }

    /// A number in full-width digits, with hyphens and spaces between them, and the characters that Excel puts around
    /// them.
    const DIGIT: &str = "[0-9０-９]";
    const BETWEEN: &str = "[ .()/\u{a0}\u{2009}\u{3000}\u{200b}\u{202a}\u{202c}\u{2060}\u{feff}‐‑–—−－-]{0,2}";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn nine_digits_are_a_mobile_number_exactly_where_libphonenumber_says_so(national in "[2-9][0-9]{8}") {
            let written = format!("0{national}");
            prop_assert_eq!(by_us(&written), by_libphonenumber(&written));
        }

        #[test]
        fn however_it_is_written_it_is_the_number_that_libphonenumber_reads(
            around in BETWEEN,
            start in "[(]?(\\+ ?84|84|0084|00 84|\\+|)[)]? ?([(]?0[)]?)?|\\+[0-9]{1,3}",
            first in "9|[1-9１-９]",
            rest in proptest::collection::vec((BETWEEN, DIGIT), 6..11),
        ) {
            let rest: String = rest.into_iter().map(|(between, digit)| between + &digit).collect();
            let written = format!("{around}{start}{first}{rest}{around}");
            let cleaned: String = plain(&written).collect();
            match (by_us(&written), by_libphonenumber(&cleaned)) {
                (Some(_), None) => {
                    let national = national_digits(&written).unwrap();
                    prop_assert!(converted_2018(&national).is_some(), "{:?} is {}", written, national);
                }
                (None, Some(theirs)) => prop_assert!(theirs.starts_with("+841"), "{:?} is {}", written, theirs),
                (ours, theirs) => prop_assert_eq!(ours, theirs),
            }
        }

        #[test]
        fn whatever_is_written_a_phone_is_a_mobile_number_or_nothing(text in "[+0-9 ().-]{0,18}|\\PC{0,20}") {
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert_eq!(by_libphonenumber(phone.as_e164()), Some(phone.0));
            }
        }
    }
}
