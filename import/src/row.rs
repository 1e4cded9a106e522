//! Parses a row as a dossier: dates, numbers and flags as clerks and spreadsheets write them. The domain validates the
//! rest.

use chrono::NaiveDate;
use domain::Dossier;
use serde_json::{Map, Value, json};

use crate::columns::{self, Columns, Kind};
use crate::reasons;
use crate::table::Row;

/// Why a row is refused. The clerk reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The contract's field; None if it is the whole row.
    pub field: Option<&'static str>,
    /// In Vietnamese; it continues a sentence that begins with the column's name.
    pub reason: String,
}

impl Refusal {
    pub fn of(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field: Some(field), reason: reason.into() }
    }

    pub fn whole(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }
}

/// Parses a row. `silent` is for rows that do not have that field.
pub fn dossier(columns: &Columns, row: &Row, silent: bool) -> Result<Dossier, Refusal> {
    if row.cells.len() > columns.width {
        let (cells, width) = (row.cells.len(), columns.width);
        return Err(Refusal::whole(format!(
            "dòng có {cells} ô mà tiêu đề chỉ có {width}: kiểm tra dấu phân cách và dấu ngoặc kép"
        )));
    }
    let mut snapshot = Map::from_iter([("revision".to_owned(), json!(0)), ("silent".to_owned(), json!(silent))]);
    for (field, cell) in columns.cells(row) {
        what_a_spreadsheet_spoils(field, cell)?;
        if let Some(value) = value(field.kind, cell) {
            snapshot.insert(field.name.to_owned(), value);
        }
    }
    Dossier::parse(&snapshot).map_err(|error| Refusal::of(error.field, reasons::vietnamese(&error.reason)))
}

/// The value of a cell; None if it is empty. A value that cannot be parsed is passed on unchanged: the domain reports
/// what is wrong.
fn value(kind: Kind, cell: &str) -> Option<Value> {
    match kind {
        Kind::Text => Some(json!(cell)),
        _ if cell.is_empty() => None,
        Kind::OptionalText => Some(json!(cell)),
        Kind::Date => Some(date(cell).map_or(json!(cell), |day| json!(day))),
        Kind::Number => Some(whole_number(cell).map_or(json!(cell), |number| json!(number))),
        Kind::Flag => Some(flag(cell).map_or(json!(cell), |flag| json!(flag))),
    }
}

/// `25/11/2026`, `5-1-2026`, `25.11.2026` or `2026-11-25`, with or without a time of day after it.
fn date(cell: &str) -> Option<NaiveDate> {
    let mut days =
        cell.split(|letter: char| letter.is_whitespace() || letter == 'T').filter(|word| !is_time_of_day(word));
    let (day, further) = (days.next()?, days.next());
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    let number = |at: usize| parts[at].parse::<u32>().ok();
    let is_year = |at: usize| parts[at].len() == 4;
    match (parts.len(), further) {
        (3, None) if is_year(0) => NaiveDate::from_ymd_opt(parts[0].parse().ok()?, number(1)?, number(2)?),
        (3, None) if is_year(2) => NaiveDate::from_ymd_opt(parts[2].parse().ok()?, number(1)?, number(0)?),
        _ => None,
    }
}

/// `08:30`, `8:30:00.000`, with or without the AM or PM of a twelve-hour clock.
fn is_time_of_day(word: &str) -> bool {
    let clock = word.contains(':') && word.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    clock || word.is_empty() || ["AM", "PM", "SA", "CH"].contains(&word.to_uppercase().as_str())
}

/// `3`, and `3.0` or `3,0` as a spreadsheet may write it.
fn whole_number(cell: &str) -> Option<u64> {
    let whole = cell.strip_suffix(".0").or(cell.strip_suffix(",0")).unwrap_or(cell);
    whole.bytes().all(|byte| byte.is_ascii_digit()).then(|| whole.parse().ok())?
}

fn flag(cell: &str) -> Option<bool> {
    match domain::text::fold(cell).as_str() {
        "có" | "co" | "x" | "1" | "true" | "yes" | "đúng" => Some(true),
        "không" | "khong" | "0" | "false" | "no" | "sai" => Some(false),
        _ => None,
    }
}

/// Excel changes a long number to `1.6E+09`, and a file saved in its old encoding loses letters: `Tr? k?t qu?`. Such a
/// step would be an unknown one, and citizens would get wrong information.
fn what_a_spreadsheet_spoils(field: &columns::Field, cell: &str) -> Result<(), Refusal> {
    let is_name = matches!(field.name, "procedure" | "step" | "status" | "unit" | "office");
    if is_name && cell.contains(['?', '\u{fffd}']) {
        return Err(Refusal::of(
            field.name,
            "có dấu ? thay cho chữ có dấu: tệp đã mất chữ khi lưu, phải xuất lại ở dạng CSV UTF-8",
        ));
    }
    let is_code = matches!(field.name, "receipt_code" | "phone");
    if is_code && is_scientific(cell) {
        return Err(Refusal::of(
            field.name,
            "đã bị Excel đổi thành số mũ: đặt định dạng cột là Văn bản (Text) rồi điền lại",
        ));
    }
    Ok(())
}

fn is_scientific(cell: &str) -> bool {
    let Some((number, exponent)) = cell.split_once("E+") else { return false };
    let is_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b','));
    is_digits(number) && is_digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of the dossier as it is sent.
    fn written(dossier: &Dossier, field: &str) -> serde_json::Value {
        serde_json::to_value(dossier).expect("a dossier")[field].clone()
    }
    use proptest::prelude::*;

    const HEADER: &str =
        "receipt_code|revision|procedure|phone|received_on|appointment_on|step|status|unit|same_day|silent";
    const ROW: &str = "0161701234|3|Cấp thẻ|0912345678|20/11/2026|25/11/2026|Thẩm định|Đang xử lý|Phòng|không|";

    fn cells(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    fn with(field: &str, cell: &str) -> Result<Dossier, Refusal> {
        let columns = Columns::of(&cells(HEADER)).unwrap();
        let mut row = Row { number: 2, cells: cells(ROW) };
        row.cells[columns.place_of(field).unwrap()] = cell.to_owned();
        dossier(&columns, &row, true)
    }

    #[test]
    fn dates_are_read_as_clerks_and_spreadsheets_write_them() {
        for written in [
            "5/1/2026",
            "05/01/2026",
            "05-01-2026",
            "5.1.2026",
            "2026-01-05",
            "2026/1/5",
            " 05/01/2026 ",
            "05/01/2026 08:30",
            "08:30 05/01/2026",
            "05/01/2026 8:30:00 SA",
            "2026-01-05T08:30:00",
            "2026-01-05 00:00:00.000",
        ] {
            assert_eq!(with("received_on", written).unwrap().received_on().to_string(), "2026-01-05", "{written:?}");
        }
        for written in
            ["", "5/1/26", "1/25/2026", "31/02/2026", "hôm qua", "46027", "5/1", "05/01/2026 06/01/2026", "5/1/1890"]
        {
            assert_eq!(with("received_on", written).unwrap_err().field, Some("received_on"), "{written:?}");
        }
    }

    #[test]
    fn an_empty_cell_is_none_or_the_default_and_the_row_is_silent_unless_it_says_otherwise() {
        let read = with("phone", "").unwrap();
        assert_eq!((read.contact(), read.revision(), read.is_silent()), (None, 3, true));
        assert_eq!(written(&read, "same_day"), false);
        assert_eq!(with("revision", "").unwrap().revision(), 0);
        assert_eq!(with("revision", "12,0").unwrap().revision(), 12);
        assert!(!with("silent", "Không").unwrap().is_silent());
        assert_eq!(written(&with("same_day", "X").unwrap(), "same_day"), true);
        assert_eq!(with("status", "").unwrap().status(), "");
        assert_eq!(
            written(&with("phone", "0258 3822 229").unwrap(), "phone"),
            "0258 3822 229",
            "a warning, no refusal"
        );
    }

    #[test]
    fn a_row_is_refused_in_words_that_a_clerk_understands() {
        for (field, cell, reason) in [
            ("receipt_code", "", "không được để trống"),
            ("receipt_code", "Đ1617", "chỉ được gồm chữ cái không dấu, chữ số và các dấu . / -"),
            (
                "receipt_code",
                "1.61701E+08",
                "đã bị Excel đổi thành số mũ: đặt định dạng cột là Văn bản (Text) rồi điền lại",
            ),
            ("appointment_on", "19/11/2026", "sớm hơn ngày nhận hồ sơ"),
            ("appointment_on", "25/11/206", "phải là ngày/tháng/năm có thật, ví dụ 25/11/2026"),
            ("appointment_on", "25/11/2206", "phải là ngày trong khoảng năm 1990 đến 2199"),
            ("step", "", "không được để trống"),
            ("step", "Trả\u{7}", "có ký tự lạ, không nhìn thấy được: xóa đi và gõ lại"),
            ("procedure", &"x".repeat(501), "dài quá 500 ký tự"),
            (
                "step",
                "Tr? k?t qu?",
                "có dấu ? thay cho chữ có dấu: tệp đã mất chữ khi lưu, phải xuất lại ở dạng CSV UTF-8",
            ),
            ("revision", "ba", "phải là số nguyên từ 0 trở lên"),
            ("same_day", "có thể", "phải là “có” hoặc “không”"),
        ] {
            assert_eq!(with(field, cell), Err(Refusal::of(field, reason)), "{field}: {cell:?}");
        }
        let columns = Columns::of(&cells(HEADER)).unwrap();
        let long = Row { number: 2, cells: cells(&format!("{ROW}|x")) };
        assert!(dossier(&columns, &long, true).unwrap_err().reason.starts_with("dòng có 12 ô mà tiêu đề chỉ có 11"));
    }

    proptest! {
        #[test]
        fn a_day_is_the_same_day_however_it_is_written(days in 0..70_000_i32, style in 0..4_usize) {
            let day = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + chrono::Days::new(days as u64);
            let style = ["%d/%m/%Y", "%Y-%m-%d", "%-d/%-m/%Y", "%d.%m.%Y 08:30"][style];
            prop_assert_eq!(date(&day.format(style).to_string()), Some(day));
        }

        #[test]
        fn whatever_a_cell_holds_the_row_is_a_dossier_or_says_why_in_vietnamese(at in 0..11_usize, cell in "\\PC{0,60}|[0-9/:E+ .-]{0,20}") {
            let field = HEADER.split('|').nth(at).unwrap();
            if let Err(refusal) = with(field, &cell) {
                prop_assert!(refusal.field.is_some());
                prop_assert!(!refusal.reason.is_ascii(), "{}", refusal.reason);
            }
        }
    }
}
