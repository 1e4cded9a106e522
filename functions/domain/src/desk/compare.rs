//! Đối chiếu: our log of 8083 beside the operator's own file of the same month.

use std::collections::HashMap;

use super::sums::PRICE;
use crate::Phone;

/// A text that we logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ours<T> {
    /// The gateway's id of the message.
    pub id: String,
    pub phone: Option<Phone>,
    pub charged: bool,
    /// What the page shows of it.
    pub shown: T,
}

/// A row of the operator's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    pub id: String,
    /// None: the file has no such column, or no Vietnamese mobile number in it.
    pub phone: Option<Phone>,
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

/// Lays the two beside each other, in the order of our log and of the file.
pub fn compare<T>(ours: Vec<Ours<T>>, theirs: Vec<Theirs>) -> Compared<T> {
    let mut by_id: HashMap<String, Vec<Theirs>> = HashMap::new();
    for row in theirs {
        by_id.entry(row.id.clone()).or_default().push(row);
    }
    let mut compared = Compared { same: 0, only_ours: Vec::new(), only_theirs: Vec::new(), different: Vec::new() };
    for text in ours {
        let Some(rows) = by_id.remove(&text.id) else {
            compared.only_ours.push(text);
            continue;
        };
        let differences = differences(&text, &rows);
        match rows.into_iter().next() {
            Some(row) if !differences.is_empty() => compared.different.push((text, row, differences)),
            _ => compared.same += 1,
        }
    }
    compared.only_theirs = by_id.into_values().flatten().collect();
    compared.only_theirs.sort_by_key(|row| row.line);
    compared
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

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(id: &str, phone: &str, charged: bool) -> Ours<()> {
        Ours { id: id.into(), phone: Phone::parse(phone).ok(), charged, shown: () }
    }

    fn theirs(id: &str, phone: &str, amount: Option<i64>, line: usize) -> Theirs {
        Theirs { id: id.into(), phone: Phone::parse(phone).ok(), amount, line }
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
