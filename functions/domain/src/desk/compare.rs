//! Đối chiếu: our log of 8083 beside the operator's own file of the same month.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::sums::PRICE;
use crate::Phone;
use crate::calendar::VIETNAM;

/// How far the times of one text may be apart: the operator notes when it was sent, we when it came.
const APART: TimeDelta = TimeDelta::minutes(10);

/// A text that we logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours<T> {
    /// The gateway's id of the message.
    pub id: String,
    pub phone: Option<Phone>,
    pub at: DateTime<Utc>,
    pub charged: bool,
    /// What the page shows of it.
    pub shown: T,
}

/// A row of the operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// Empty: the file has no such column.
    pub id: String,
    /// None: the file has no such column, or no Vietnamese mobile number in it.
    pub phone: Option<Phone>,
    /// None: the file has no such column, or no time in it.
    pub at: Option<DateTime<Utc>>,
    /// In VND; None: the file has no such column, or no amount in it.
    pub amount: Option<i64>,
    /// The line of the file, the heading being the first.
    pub line: usize,
}

/// In what a text that both have differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// We charge it and they do not, or the other way round, or they charge another price.
    Amount { ours: i64, theirs: i64 },
    /// Another sender.
    Phone,
    /// The file has it more than once.
    Twice,
}

/// The result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared<T> {
    /// Texts that both have and that do not differ.
    pub same: usize,
    pub only_ours: Vec<Ours<T>>,
    pub only_theirs: Vec<Theirs>,
    pub different: Vec<(Ours<T>, Theirs, Vec<Difference>)>,
}

/// Lays the two beside each other, in the order of our log and of the file. First by the id of the message. What is left
/// is the same text if the sender is the same and the times are ten minutes apart at most: an operator's bill often has ids
/// of its own.
pub fn compare<T>(ours: Vec<Ours<T>>, theirs: Vec<Theirs>) -> Compared<T> {
    let mut compared = Compared { same: 0, only_ours: Vec::new(), only_theirs: Vec::new(), different: Vec::new() };
    let (with_id, without_id): (Vec<_>, Vec<_>) = theirs.into_iter().partition(|row| !row.id.is_empty());
    let mut by_id: HashMap<String, Vec<Theirs>> = HashMap::new();
    for row in with_id {
        by_id.entry(row.id.clone()).or_default().push(row);
    }
    let mut left = Vec::new();
    for text in ours {
        match by_id.remove(&text.id) {
            Some(rows) => compared.add(text, rows),
            None => left.push(text),
        }
    }
    let mut by_phone: HashMap<Phone, Vec<Theirs>> = HashMap::new();
    for row in by_id.into_values().flatten().chain(without_id) {
        match row.phone.clone() {
            Some(phone) => by_phone.entry(phone).or_default().push(row),
            None => compared.only_theirs.push(row),
        }
    }
    for text in left {
        let rows = text.phone.as_ref().and_then(|phone| by_phone.get_mut(phone));
        match rows.and_then(|rows| take_nearest(rows, text.at)) {
            Some(row) => compared.add(text, vec![row]),
            None => compared.only_ours.push(text),
        }
    }
    compared.only_theirs.extend(by_phone.into_values().flatten());
    compared.only_theirs.sort_by_key(|row| row.line);
    compared
}

impl<T> Compared<T> {
    /// A text, and the rows of the file that are about it.
    fn add(&mut self, text: Ours<T>, rows: Vec<Theirs>) {
        let differences = differences(&text, &rows);
        match rows.into_iter().next() {
            Some(row) if !differences.is_empty() => self.different.push((text, row, differences)),
            _ => self.same += 1,
        }
    }
}

fn take_nearest(rows: &mut Vec<Theirs>, at: DateTime<Utc>) -> Option<Theirs> {
    let apart = |row: &Theirs| row.at.map(|theirs| (theirs - at).abs()).filter(|apart| *apart <= APART);
    let near = rows.iter().enumerate().filter_map(|(place, row)| Some((apart(row)?, place)));
    let (_, place) = near.min()?;
    Some(rows.remove(place))
}

fn differences<T>(text: &Ours<T>, rows: &[Theirs]) -> Vec<Difference> {
    let ours = if text.charged { PRICE as i64 } else { 0 };
    let first = rows.first();
    let theirs = first.and_then(|row| row.amount).filter(|theirs| *theirs != ours);
    let amount = theirs.map(|theirs| Difference::Amount { ours, theirs });
    let phones = text.phone.as_ref().zip(first.and_then(|row| row.phone.as_ref()));
    let phone = phones.filter(|(ours, theirs)| ours != theirs).map(|_| Difference::Phone);
    let twice = (rows.len() > 1).then_some(Difference::Twice);
    amount.into_iter().chain(phone).chain(twice).collect()
}

/// An amount as files have it: `1000`, `1.000`, `1,000 đ`, `1000.00`, `-1000` (given back); None if there is no digit.
pub fn amount(text: &str) -> Option<i64> {
    let text = text.trim();
    let whole = match text.rfind(['.', ',']) {
        // Two digits or one behind the last mark are hundredths; three are thousands.
        Some(at) if text[at + 1..].chars().take_while(char::is_ascii_digit).count() < 3 => &text[..at],
        _ => text,
    };
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let amount: i64 = digits.parse().ok()?;
    Some(if text.starts_with(['-', '−', '(']) { -amount } else { amount })
}

/// A time as files have it, in Vietnam unless it names its offset: `26/11/2026 10:00`, `2026-11-26 10:00:05`; None if it is
/// none.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    const FORMS: [&str; 7] = [
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%d/%m/%Y %H:%M",
        "%d-%m-%Y %H:%M:%S",
        "%Y%m%d%H%M%S",
    ];
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    let local = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
    local.and_local_timezone(VIETNAM).single().map(|local| local.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(id: &str, phone: &str, charged: bool) -> Ours<()> {
        let at = instant("2026-11-02 08:00:00").unwrap();
        Ours { id: id.into(), phone: Phone::parse(phone).ok(), at, charged, shown: () }
    }

    fn theirs(id: &str, phone: &str, amount: Option<i64>, line: usize) -> Theirs {
        Theirs { id: id.into(), phone: Phone::parse(phone).ok(), at: None, amount, line }
    }

    #[test]
    fn what_only_one_side_has_and_what_differs_is_told() {
        let log = vec![
            ours("1", "0912345678", true),
            ours("2", "0912345678", true),
            ours("3", "0912345678", false),
            ours("4", "0912345678", true),
            ours("5", "0912345678", true),
            ours("6", "0912345678", false),
        ];
        let file = vec![
            theirs("1", "84912345678", Some(1_000), 2),
            theirs("3", "84912345678", Some(1_000), 3),
            theirs("4", "0987654321", None, 4),
            theirs("9", "0912345678", Some(1_000), 6),
            theirs("5", "", Some(1_000), 5),
            theirs("5", "", Some(1_000), 7),
            theirs("6", "0912345678", Some(0), 8),
        ];
        let compared = compare(log, file);
        assert_eq!(compared.same, 2, "1 and 6");
        assert_eq!(compared.only_ours.iter().map(|text| text.id.as_str()).collect::<Vec<_>>(), ["2"]);
        assert_eq!(compared.only_theirs.iter().map(|row| row.line).collect::<Vec<_>>(), [6]);
        let different: Vec<_> = compared
            .different
            .iter()
            .map(|(text, _, differences)| (text.id.as_str(), differences.as_slice()))
            .collect();
        assert_eq!(
            different,
            [
                ("3", [Difference::Amount { ours: 0, theirs: 1_000 }].as_slice()),
                ("4", &[Difference::Phone]),
                ("5", &[Difference::Twice]),
            ]
        );
    }

    #[test]
    fn a_file_with_ids_of_its_own_is_compared_by_sender_and_time() {
        let at = |text: &str| instant(&format!("2026-11-02 {text}")).unwrap();
        let text = |id: &str, time: &str| Ours { at: at(time), ..ours(id, "0912345678", true) };
        let row = |id: &str, phone: &str, time: &str, line| Theirs {
            at: Some(at(time)),
            ..theirs(id, phone, Some(1_000), line)
        };
        let log = vec![text("a", "08:00:10"), text("b", "08:00:40"), text("c", "09:00:00"), text("d", "10:00:00")];
        let file = vec![
            row("x1", "84912345678", "08:00:38", 2),
            row("", "84912345678", "08:00:05", 3),
            row("x3", "84912345678", "09:10:01", 4),
            row("x4", "0987654321", "10:00:00", 5),
            row("x5", "84912345678", "09:55:00", 6),
            theirs("x6", "84912345678", Some(1_000), 7),
        ];
        let compared = compare(log, file);
        assert_eq!((compared.same, compared.different.len()), (3, 0));
        assert_eq!(compared.only_ours.iter().map(|text| text.id.as_str()).collect::<Vec<_>>(), ["c"]);
        assert_eq!(compared.only_theirs.iter().map(|row| row.line).collect::<Vec<_>>(), [4, 5, 7]);
    }

    #[test]
    fn a_time_is_read_as_files_write_it() {
        for text in [
            "2026-11-26 10:00:00",
            "2026-11-26T10:00:00.000",
            "2026-11-26 10:00",
            "26/11/2026 10:00:00",
            " 26/11/2026 10:00 ",
            "26-11-2026 10:00:00",
            "20261126100000",
            "2026-11-26T03:00:00Z",
            "2026-11-26T10:00:00+07:00",
        ] {
            assert_eq!(instant(text), Some("2026-11-26T03:00:00Z".parse().unwrap()), "{text}");
        }
        for text in ["", "10:00", "26/11/2026", "2026-13-26 10:00:00", "hôm qua"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn an_amount_is_read_as_files_write_it() {
        for (text, expected) in [
            ("1000", Some(1_000)),
            ("1.000", Some(1_000)),
            ("1,000", Some(1_000)),
            ("1.000 đ", Some(1_000)),
            ("1000.00", Some(1_000)),
            ("1.000,0", Some(1_000)),
            ("1.234.567", Some(1_234_567)),
            ("0", Some(0)),
            ("", None),
            ("miễn phí", None),
            ("-1000", Some(-1_000)),
            ("(1.000)", Some(-1_000)),
        ] {
            assert_eq!(amount(text), expected, "{text}");
        }
    }
}
