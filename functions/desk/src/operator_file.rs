//! The operator's file: a table as CSV, in whatever form it was exported, and its columns.

use domain::Phone;
use domain::desk::compare::{Theirs, amount, instant};
use domain::text::strip_accents;

/// The most rows that are compared.
const MOST_ROWS: usize = 200_000;
/// The most columns that can be chosen from.
const MOST_COLUMNS: usize = 100;

/// A table with its heading. It has no `Debug`: it holds phone numbers.
#[derive(PartialEq, Eq)]
pub struct Table {
    pub heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Why a file is no table: what the person reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotATable {
    #[error("Anh/chị chưa chọn tệp. Bấm “Chọn tệp”, chọn tệp CSV của nhà mạng rồi bấm “Đối chiếu”.")]
    Nothing,
    #[error(
        "Tệp quá lớn. Hệ thống nhận tệp CSV đến 4 MB; anh/chị chia tệp theo nửa tháng hoặc bỏ bớt cột rồi gửi lại."
    )]
    TooLong,
    #[error("Đây là tệp Excel. Anh/chị mở tệp bằng Excel, chọn Lưu thành (Save As), kiểu “CSV UTF-8”, rồi gửi tệp đó.")]
    Excel,
    #[error("Đây không phải tệp CSV. Anh/chị xin nhà mạng tệp CSV, hoặc mở bằng Excel và lưu thành kiểu “CSV UTF-8”.")]
    NotText,
    #[error(
        "Tệp chỉ có một cột hoặc không có dòng nào. Anh/chị kiểm tra lại: dòng đầu là tên các cột, cách nhau bằng dấu phẩy hoặc chấm phẩy."
    )]
    NoTable,
    #[error("Tệp có hơn 200.000 dòng. Anh/chị chia tệp theo nửa tháng rồi đối chiếu từng phần.")]
    TooManyRows,
}

/// Which column is what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns {
    /// The id of the message.
    pub id: Option<usize>,
    pub phone: Option<usize>,
    /// When it was sent.
    pub at: Option<usize>,
    /// What was charged.
    pub amount: Option<usize>,
}

impl Columns {
    /// Whether a row can be found in our log: by its id, or by its sender and its time.
    pub fn are_enough(&self) -> bool {
        self.id.is_some() || self.phone.is_some() && self.at.is_some()
    }
}

impl Table {
    pub fn read(content: &[u8]) -> Result<Self, NotATable> {
        let text = text(content)?;
        let first = text.lines().next().unwrap_or_default();
        let delimiter = [b';', b',', b'\t', b'|'];
        let delimiter = delimiter.into_iter().max_by_key(|mark| first.bytes().filter(|byte| byte == mark).count());
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter.unwrap_or(b','))
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|_| NotATable::NoTable)?;
            rows.push(record.iter().take(MOST_COLUMNS).map(|cell| cell.trim().to_owned()).collect::<Vec<_>>());
            if rows.len() > MOST_ROWS {
                return Err(NotATable::TooManyRows);
            }
        }
        if rows.len() < 2 || rows[0].len() < 2 {
            return Err(NotATable::NoTable);
        }
        Ok(Self { heading: rows.remove(0), rows })
    }

    /// The columns by their headings, as operators name them.
    pub fn guessed(&self) -> Columns {
        let named = |names: &[&str]| {
            let plain: Vec<_> = self.heading.iter().map(|name| plain(name)).collect();
            names.iter().find_map(|wanted| plain.iter().position(|name| name == wanted))
        };
        Columns {
            id: named(&[
                "mo id",
                "moid",
                "request id",
                "requestid",
                "message id",
                "messageid",
                "ma tin",
                "ma tin nhan",
                "id",
            ]),
            phone: named(&["msisdn", "phone", "so dien thoai", "so thue bao", "thue bao", "sender", "user id", "from"]),
            at: named(&[
                "received at",
                "mo time",
                "time",
                "date",
                "datetime",
                "thoi gian",
                "thoi gian nhan",
                "thoi gian gui",
                "ngay gio",
                "ngay",
            ]),
            amount: named(&["amount", "price", "thanh tien", "so tien", "gia", "cuoc", "phi", "gia cuoc"]),
        }
    }

    /// The rows by the chosen columns. A row without an id, or without sender and time (a sum at the end), is left out.
    pub fn theirs(&self, columns: Columns) -> Vec<Theirs> {
        let cell = |row: &[String], at: Option<usize>| at.and_then(|at| row.get(at)).cloned().unwrap_or_default();
        let read = |(at, row): (usize, &Vec<String>)| Theirs {
            id: cell(row, columns.id),
            phone: Phone::parse(&cell(row, columns.phone)).ok(),
            at: instant(&cell(row, columns.at)),
            amount: amount(&cell(row, columns.amount)),
            line: at + 2,
        };
        let is_a_text = |row: &Theirs| {
            if columns.id.is_some() { !row.id.is_empty() } else { row.phone.is_some() && row.at.is_some() }
        };
        self.rows.iter().enumerate().map(read).filter(is_a_text).collect()
    }
}

/// `MO_ID` and `Mo Id` are one name.
fn plain(name: &str) -> String {
    let letters = strip_accents(name).to_lowercase().replace(['_', '-', '.'], " ");
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// UTF-8 with or without its mark, or UTF-16 as Excel's "Unicode text". Bytes of other encodings become marks of
/// replacement: ids, numbers and amounts have none.
fn text(content: &[u8]) -> Result<String, NotATable> {
    match content {
        [] => Err(NotATable::Nothing),
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(NotATable::Excel),
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            Ok(char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        bytes if bytes.contains(&0) => Err(NotATable::NotText),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(String::from_utf8_lossy(rest).into_owned()),
        bytes => Ok(String::from_utf8_lossy(bytes).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_table_is_read_whatever_separates_its_cells() {
        for mark in [",", ";", "\t", "|"] {
            let file = format!(
                "MO_ID{mark}Số điện thoại{mark}Thời gian{mark}Thành tiền\r\n 7 {mark}84912345678{mark}26/11/2026 10:00{mark}\"1.000\"\r\n{mark}Cộng{mark}{mark}1000\r\n"
            );
            let table = Table::read(file.as_bytes()).ok().unwrap();
            let columns = table.guessed();
            assert_eq!(columns, Columns { id: Some(0), phone: Some(1), at: Some(2), amount: Some(3) });
            let phone = Phone::parse("0912345678").ok();
            let at = "2026-11-26T03:00:00Z".parse().ok();
            let row = Theirs { id: "7".into(), phone, at, amount: Some(1_000), line: 2 };
            let without_id = Columns { id: None, ..columns };
            assert_eq!(table.theirs(without_id), [Theirs { id: String::new(), ..row.clone() }]);
            assert_eq!(table.theirs(columns), [row]);
            assert!(without_id.are_enough() && !Columns { at: None, ..without_id }.are_enough());
        }
    }

    #[test]
    fn excels_unicode_text_and_utf_8_with_its_mark_are_read() {
        let text = "id;phone\n7;0912345678\n";
        let utf_16: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let utf_8 = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        assert!(Table::read(&utf_16).is_ok() && Table::read(&utf_16) == Table::read(&utf_8));
    }

    #[test]
    fn what_is_no_table_is_refused_with_what_to_do() {
        for (content, why) in [
            (b"".as_slice(), NotATable::Nothing),
            (b"PK\x03\x04....", NotATable::Excel),
            (b"\xd0\xcf\x11\xe0....", NotATable::Excel),
            (b"%PDF-1.7\0\0", NotATable::NotText),
            (b"hello", NotATable::NoTable),
            (b"a,b\n", NotATable::NoTable),
            (b"one\ntwo\n", NotATable::NoTable),
        ] {
            assert_eq!(Table::read(content).err(), Some(why));
        }
        let long = "a,b\n".repeat(MOST_ROWS + 2);
        assert_eq!(Table::read(long.as_bytes()).err(), Some(NotATable::TooManyRows));
    }

    #[test]
    fn columns_of_other_names_are_not_guessed() {
        let table = Table::read("Cột 1,Cột 2\n1,2\n".as_bytes()).ok().unwrap();
        assert_eq!(table.guessed(), Columns::default());
    }

    proptest! {
        #[test]
        fn no_file_breaks_it(content in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(table) = Table::read(&content) {
                let _ = (table.guessed(), table.theirs(Columns { id: Some(0), phone: Some(1), at: Some(2), amount: Some(99) }));
            }
        }
    }
}
