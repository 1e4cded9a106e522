//! A CSV file as rows of cells: UTF-8 with or without BOM; comma, semicolon (Excel in Vietnam) or tab; quotes.

use std::fmt;

/// The parsed file.
#[derive(Clone, PartialEq, Eq)]
pub struct Table {
    /// `,` `;` or a tab.
    pub separator: u8,
    /// The cells of the first row.
    pub header: Vec<String>,
    /// The rows that are not blank.
    pub rows: Vec<Row>,
}

/// Without the header: the first row of a file that has none holds a citizen's number.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// One row.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's number in a spreadsheet: the header is 1.
    pub number: u64,
    /// The text in the file, without quotes.
    pub cells: Vec<String>,
}

/// Without the cells, one of which is a citizen's number.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Why a file cannot be read as a table. The clerk reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotATable {
    /// Excel's "Unicode Text", or a spreadsheet itself.
    #[error("tệp không phải CSV UTF-8. {SAVE_AS}")]
    NotText,
    /// Excel's plain "CSV", in code page 1258 or 1252: Vietnamese letters have other bytes, or are lost.
    #[error("dòng {line} của tệp có chữ không ở dạng UTF-8 (tệp lưu theo bảng mã ANSI/1258?). {SAVE_AS}")]
    NotUtf8 {
        /// The first such line, from 1.
        line: usize,
    },
    /// No header.
    #[error("tệp trống: dòng đầu phải là tên các cột")]
    Empty,
    /// A quote without its end: the cell would contain all rows up to the next quote.
    #[error("dòng {row}: có dấu ngoặc kép mở mà không đóng")]
    UnclosedQuote {
        /// Where the cell begins.
        row: u64,
    },
}

const SAVE_AS: &str =
    "Trong Excel, chọn Lưu thành (Save As), kiểu “CSV UTF-8 (Comma delimited)”, rồi nhập lại tệp vừa lưu";

const BOM: &str = "\u{feff}";

/// Parses a file's bytes.
pub fn read(bytes: &[u8]) -> Result<Table, NotATable> {
    let text = without_separator_line(decode(bytes)?);
    let first_line = text.lines().find(|line| !line.trim().is_empty()).ok_or(NotATable::Empty)?;
    let separator = separator(first_line);
    let mut rows = rows(text, separator).into_iter();
    let header = rows.next().ok_or(NotATable::Empty)?;
    let table = Table { separator, header: header.cells, rows: rows.filter(holds_anything).collect() };
    no_unclosed_quote(text, &table)?;
    Ok(table)
}

fn decode(bytes: &[u8]) -> Result<&str, NotATable> {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_utf16 || bytes.contains(&0) {
        return Err(NotATable::NotText);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        NotATable::NotUtf8 { line }
    })?;
    Ok(text.strip_prefix(BOM).unwrap_or(text))
}

/// Excel's own hint, `sep=;`, is not a row.
fn without_separator_line(text: &str) -> &str {
    match text.split_once('\n') {
        Some((first, rest)) if first.trim_end().len() == 5 && first.to_ascii_lowercase().starts_with("sep=") => rest,
        _ => text,
    }
}

/// The separator that is most frequent between the names of the columns.
fn separator(header: &str) -> u8 {
    let count = |separator: u8| {
        let mut quoted = false;
        let outside = header.bytes().filter(move |byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == separator
        });
        outside.count()
    };
    // The last of equal ones is used: the comma, if there is only one column.
    [b'\t', b';', b','].into_iter().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

fn rows(text: &str, separator: u8) -> Vec<Row> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let (mut number, mut read_to) = (0, 0);
    let mut record = csv::StringRecord::new();
    while matches!(reader.read_record(&mut record), Ok(true)) {
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        number += 1 + blank_lines(text, read_to, end);
        read_to = end;
        rows.push(Row { number, cells: record.iter().map(str::to_owned).collect() });
    }
    rows
}

/// Blank lines before a record: the reader skips them, but a spreadsheet counts them.
fn blank_lines(text: &str, from: usize, to: usize) -> u64 {
    let read = &text[from..to];
    // The reader ends a record after the first character of a line break of two.
    let read = if text[..from].ends_with('\r') { read.strip_prefix('\n').unwrap_or(read) } else { read };
    let blank = read.len() - read.trim_start_matches(['\r', '\n']).len();
    read[..blank].matches('\n').count() as u64
}

fn holds_anything(row: &Row) -> bool {
    row.cells.iter().any(|cell| !cell.trim().is_empty())
}

/// Quotes come in pairs. A single one inside a cell is data, unless the cell then continues over several lines.
fn no_unclosed_quote(text: &str, table: &Table) -> Result<(), NotATable> {
    if text.matches('"').count().is_multiple_of(2) {
        return Ok(());
    }
    let runs_on = |row: &&Row| row.cells.iter().any(|cell| cell.contains('\n'));
    table.rows.iter().find(runs_on).map_or(Ok(()), |row| Err(NotATable::UnclosedQuote { row: row.number }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<u64> {
        read(text.as_bytes()).unwrap().rows.iter().map(|row| row.number).collect()
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        for line_end in ["\n", "\r\n"] {
            let file = ["a,b", "1,2", "", "3,4", ",", "\"5\n5\",6", "", "", "7,8", ""].join(line_end);
            assert_eq!(numbers(&file), [2, 4, 6, 9], "{line_end:?}");
        }
        assert_eq!(numbers("sep=;\r\na;b\r\n1;2\r\n"), [2]);
    }

    #[test]
    fn a_file_that_is_not_utf_8_says_how_to_save_it() {
        let ansi = NotATable::NotUtf8 { line: 2 };
        assert_eq!(read(b"a,b\n\xd4ng,2\n"), Err(ansi.clone()));
        assert!(ansi.to_string().contains("CSV UTF-8"));
        assert_eq!(read(b"\xff\xfea\0,\0b\0"), Err(NotATable::NotText), "Excel's Unicode Text");
        assert_eq!(read(b"PK\x03\x04\0\0"), Err(NotATable::NotText), "a spreadsheet itself");
        assert_eq!(read(b""), Err(NotATable::Empty));
        assert_eq!(read("\u{feff}\r\n \r\n".as_bytes()), Err(NotATable::Empty));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_no_way_to_lose_rows() {
        assert_eq!(read(b"a,b\n1,2\n\"3,4\n5,6\n"), Err(NotATable::UnclosedQuote { row: 3 }));
        let measured = read(b"a,b\n1,ong 3\" thep\n").unwrap();
        assert_eq!(measured.rows[0].cells, ["1", "ong 3\" thep"]);
    }

    #[test]
    fn debug_output_shows_no_cell() {
        let table = read(b"0912345678,b\n0987654321,2\n").unwrap();
        assert_eq!(format!("{table:?}"), "Table { rows: [Row { number: 2, .. }], .. }");
    }

    #[test]
    fn a_header_alone_is_a_table_without_rows() {
        let table = read(b"\"a;b\",c").unwrap();
        assert_eq!((table.separator, table.header.len(), table.rows.len()), (b',', 2, 0));
    }

    /// Cells of letters, quotes, separators and line breaks; each row has at least one cell that is not blank.
    fn cells() -> impl Strategy<Value = Vec<Vec<String>>> {
        let row = prop::collection::vec("[a-zạếỗ0-9 ,;\t\"\r\n?]{0,12}", 2..5).prop_map(|mut row| {
            row[0].insert(0, 'x');
            row
        });
        prop::collection::vec(row, 1..20)
    }

    proptest! {
        #[test]
        fn what_a_spreadsheet_writes_is_read_back(
            rows in cells(), separator in prop::sample::select(vec![b',', b';', b'\t']), bom: bool, crlf: bool,
        ) {
            let header = vec!["mã số", "tên, gọi", "ngày"];
            let mut writer = csv::WriterBuilder::new()
                .delimiter(separator).flexible(true)
                .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
                .from_writer(if bom { BOM.as_bytes().to_vec() } else { Vec::new() });
            writer.write_record(&header).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let table = read(&writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(table.separator, separator);
            prop_assert_eq!(table.header, header);
            prop_assert_eq!(table.rows.iter().map(|row| row.number).collect::<Vec<_>>(), (2..2 + rows.len() as u64).collect::<Vec<_>>());
            prop_assert_eq!(table.rows.into_iter().map(|row| row.cells).collect::<Vec<_>>(), rows);
        }

        #[test]
        fn whatever_the_file_holds_it_is_a_table_or_a_sentence(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
            for file in [&bytes[..], text.as_bytes()] {
                if let Err(why) = read(file) {
                    prop_assert!(!why.to_string().is_empty());
                }
            }
        }
    }
}
