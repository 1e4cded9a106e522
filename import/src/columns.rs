//! Maps columns to fields: the header has the contract's names or Vietnamese ones, in any case, with or without
//! accents.

use domain::text::strip_accents;

use crate::table::Row;

/// How the cells of a field are parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Unchanged.
    Text,
    /// An empty cell is None.
    OptionalText,
    /// dd/mm/yyyy or yyyy-mm-dd.
    Date,
    /// A whole number; empty is 0.
    Number,
    /// có / không.
    Flag,
}

/// A field of the contract, and the names of its column.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The contract's name.
    pub name: &'static str,
    pub kind: Kind,
    required: bool,
    /// The names that one-stop software and clerks use; the first one is our own.
    called: &'static [&'static str],
}

impl Field {
    /// The name that a clerk uses.
    pub fn vietnamese(&self) -> &'static str {
        self.called[0]
    }
}

#[rustfmt::skip]
const FIELDS: [Field; 13] = [
    Field { name: "receipt_code", kind: Kind::Text, required: true, called: &["Mã số biên nhận", "Mã biên nhận", "Số biên nhận",
        "Mã số giấy biên nhận", "Mã hồ sơ", "Mã số hồ sơ", "Số hồ sơ", "Số biên nhận hồ sơ"] },
    Field { name: "revision", kind: Kind::Number, required: false, called: &["Phiên bản", "Bản", "Lần cập nhật"] },
    Field { name: "procedure", kind: Kind::Text, required: true, called: &["Tên thủ tục", "Thủ tục", "Tên thủ tục hành chính",
        "Thủ tục hành chính", "Tên TTHC", "TTHC"] },
    Field { name: "phone", kind: Kind::OptionalText, required: true, called: &["Số điện thoại", "Điện thoại", "SĐT", "ĐTDĐ", "Số di động",
        "Điện thoại di động", "Số điện thoại di động", "Số ĐT", "Di động"] },
    Field { name: "received_on", kind: Kind::Date, required: true, called: &["Ngày nhận", "received", "Ngày tiếp nhận", "Ngày nhận hồ sơ",
        "Ngày tiếp nhận hồ sơ", "Ngày nộp", "Ngày nộp hồ sơ"] },
    Field { name: "appointment_on", kind: Kind::Date, required: true, called: &["Ngày hẹn trả", "appointment", "Ngày hẹn", "Hẹn trả",
        "Ngày hẹn trả kết quả", "Ngày hẹn trả KQ"] },
    Field { name: "step", kind: Kind::Text, required: true, called: &["Bước", "Tên bước", "Bước hiện tại", "Bước xử lý", "Bước giải quyết",
        "Bước giải quyết hiện tại", "Tên bước giải quyết hiện tại"] },
    Field { name: "status", kind: Kind::Text, required: true, called: &["Trạng thái", "Trạng thái hồ sơ", "Tình trạng", "Tình trạng hồ sơ"] },
    Field { name: "unit", kind: Kind::Text, required: true, called: &["Bộ phận", "Phòng", "Bộ phận/phòng", "Phòng ban", "Đơn vị xử lý",
        "Bộ phận xử lý", "Bộ phận đang xử lý", "Phòng đang xử lý", "Nơi đang giữ hồ sơ"] },
    Field { name: "office", kind: Kind::OptionalText, required: false, called: &["Cơ quan", "Tên cơ quan", "Sở", "Sở, ban, ngành"] },
    Field { name: "same_day", kind: Kind::Flag, required: false, called: &["Trong ngày", "Giải quyết trong ngày", "Trả trong ngày"] },
    Field { name: "result_on", kind: Kind::Date, required: false, called: &["Ngày có kết quả", "Ngày có KQ"] },
    Field { name: "silent", kind: Kind::Flag, required: false, called: &["Không nhắn tin", "Im lặng"] },
];

/// The columns that our own report adds before those of the file; they are ignored when the file is imported again.
pub const REPORTED: [&str; 3] = ["Dòng", "Cột sai", "Lý do"];

/// The columns of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns {
    fields: Vec<(usize, &'static Field)>,
    pub width: usize,
    /// The names of the columns that are not a field.
    pub ignored: Vec<String>,
}

/// Why a header is not usable. The clerk reads it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongHeader {
    /// Required fields without a column.
    #[error("thiếu cột {}. Dòng đầu của tệp phải là tên các cột; đang có: {}", .missing.join(", "), .found.join(", "))]
    Missing {
        /// `Mã số biên nhận (receipt_code)` …
        missing: Vec<String>,
        /// The header as it is in the file.
        found: Vec<String>,
    },
    /// Two columns for one field.
    #[error("hai cột cùng là {field}: “{first}” và “{second}”. Bỏ một cột hoặc đổi tên cột không dùng")]
    Twice {
        /// Our name of the field.
        field: &'static str,
        /// One column's name.
        first: String,
        /// The other column's name.
        second: String,
    },
}

impl Columns {
    /// Parses a header.
    pub fn of(header: &[String]) -> Result<Self, WrongHeader> {
        let mut columns = Self { fields: Vec::new(), width: header.len(), ignored: Vec::new() };
        for (place, name) in header.iter().enumerate() {
            let Some(field) = FIELDS.iter().find(|field| is_called(field, name)) else {
                if !is_reported(name) && !name.trim().is_empty() {
                    columns.ignored.push(name.trim().to_owned());
                }
                continue;
            };
            if let Some((first, _)) = columns.fields.iter().find(|(_, other)| other.name == field.name) {
                let (first, second) = (header[*first].clone(), name.clone());
                return Err(WrongHeader::Twice { field: field.vietnamese(), first, second });
            }
            columns.fields.push((place, field));
        }
        let missing = FIELDS.iter().filter(|field| field.required && columns.place_of(field.name).is_none());
        let missing: Vec<_> = missing.map(|field| format!("“{}” ({})", field.vietnamese(), field.name)).collect();
        if missing.is_empty() { Ok(columns) } else { Err(WrongHeader::Missing { missing, found: header.to_vec() }) }
    }

    /// The cell of each field. A row that ends early has empty cells.
    pub fn cells<'a>(&self, row: &'a Row) -> impl Iterator<Item = (&'static Field, &'a str)> {
        self.fields.iter().map(|(place, field)| (*field, row.cells.get(*place).map_or("", |cell| cell.trim())))
    }

    /// The column of a field.
    pub fn place_of(&self, field: &str) -> Option<usize> {
        self.fields.iter().find(|(_, found)| found.name == field).map(|(place, _)| *place)
    }

    /// The recognised columns: position and field.
    pub fn understood(&self) -> &[(usize, &'static Field)] {
        &self.fields
    }
}

/// The contract's name of a field, if a list can have it.
pub fn known(field: &str) -> Option<&'static str> {
    FIELDS.iter().find(|known| known.name == field).map(|known| known.name)
}

/// The clerk's name of a field of the contract.
pub fn vietnamese(field: &'static str) -> &'static str {
    FIELDS.iter().find(|known| known.name == field).map_or(field, Field::vietnamese)
}

/// Whether a column is one that our own report added.
pub fn is_reported(name: &str) -> bool {
    REPORTED.iter().any(|ours| plain(ours) == plain(name))
}

fn is_called(field: &Field, name: &str) -> bool {
    let name = plain(name);
    plain(field.name) == name || field.called.iter().any(|called| plain(called) == name)
}

/// Only letters and digits, in lower case and without accents: `Mã số  BIÊN NHẬN` is `masobiennhan`.
fn plain(name: &str) -> String {
    strip_accents(name).to_lowercase().chars().filter(|letter| letter.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    const VIETNAMESE: &str = "Mã số biên nhận|Tên thủ tục|Số điện thoại|Ngày nhận|Ngày hẹn trả|Bước|Trạng thái|Bộ phận";

    fn header(names: &str) -> Vec<String> {
        names.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn a_header_is_understood_in_both_languages_any_case_accents_or_not() {
        for names in [
            VIETNAMESE.to_owned(),
            VIETNAMESE.to_uppercase(),
            VIETNAMESE.nfd().collect(),
            strip_accents(VIETNAMESE),
            "receipt_code|procedure|phone|received_on|appointment_on|step|status|unit".to_owned(),
            "Receipt code|PROCEDURE|phone|Received on|appointment-on|step|status|unit".to_owned(),
        ] {
            let columns = Columns::of(&header(&names)).unwrap();
            let fields: Vec<_> = columns.understood().iter().map(|(_, field)| field.name).collect();
            let expected =
                ["receipt_code", "procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"];
            assert_eq!((fields, columns.ignored.len()), (expected.to_vec(), 0), "{names}");
        }
    }

    #[test]
    fn the_days_own_file_has_a_header_that_is_understood() {
        let day = include_str!("../../tests/day/ho-so.csv");
        let columns =
            Columns::of(&day.lines().next().unwrap().split(',').map(str::to_owned).collect::<Vec<_>>()).unwrap();
        assert_eq!(columns.ignored, ["time", "remark"]);
    }

    #[test]
    fn no_name_stands_for_two_fields() {
        let all = FIELDS.iter().flat_map(|field| field.called.iter().map(move |called| (field.name, *called)));
        for (name, called) in all {
            let found: Vec<_> =
                FIELDS.iter().filter(|field| is_called(field, called)).map(|field| field.name).collect();
            assert_eq!(found, [name], "{called}");
            assert!(!is_reported(called), "{called}");
        }
    }

    #[test]
    fn what_is_missing_or_there_twice_is_named() {
        let missing =
            Columns::of(&header("Mã hồ sơ|Bước|Trạng thái|Bộ phận|Tên thủ tục|Ngày nhận")).unwrap_err().to_string();
        assert!(missing.contains("“Số điện thoại” (phone), “Ngày hẹn trả” (appointment_on)"), "{missing}");
        let twice = Columns::of(&header(&format!("{VIETNAMESE}|Mã hồ sơ"))).unwrap_err().to_string();
        assert!(twice.contains("“Mã số biên nhận” và “Mã hồ sơ”"), "{twice}");
    }
}
