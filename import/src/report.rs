//! The refused rows with their reasons: a file next to the list that can be corrected and imported again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::columns::{self, Columns, REPORTED};
use crate::{Refusal, Table};

/// The refused rows as CSV, as the clerk's Excel opens it: BOM, the separator of the list, row, column and reason first.
pub fn csv(table: &Table, columns: &Columns, refused: &[(usize, Refusal)]) -> Result<Vec<u8>> {
    let kept: Vec<usize> = (0..table.header.len()).filter(|at| !columns::is_reported(&table.header[*at])).collect();
    let with_ours = |ours: [String; 3], cells: &[String]| -> Vec<String> {
        let longer = cells.iter().skip(table.header.len());
        ours.into_iter()
            .chain(kept.iter().map(|at| cells.get(*at).cloned().unwrap_or_default()))
            .chain(longer.cloned())
            .collect()
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(table.separator)
        .flexible(true)
        .terminator(csv::Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(with_ours(REPORTED.map(str::to_owned), &table.header))?;
    for (place, refusal) in refused {
        let row = &table.rows[*place];
        writer.write_record(with_ours(
            [row.number.to_string(), column(table, columns, refusal), refusal.reason.clone()],
            &row.cells,
        ))?;
    }
    Ok(writer.into_inner()?)
}

/// A refusal in a line: `dòng 12, Ngày hẹn trả: sớm hơn ngày nhận hồ sơ`.
pub fn line(table: &Table, columns: &Columns, place: usize, refusal: &Refusal) -> String {
    let number = table.rows[place].number;
    match column(table, columns, refusal) {
        column if column.is_empty() => format!("dòng {number}: {}", refusal.reason),
        column => format!("dòng {number}, {column}: {}", refusal.reason),
    }
}

/// The column as the list calls it.
fn column(table: &Table, columns: &Columns, refusal: &Refusal) -> String {
    let Some(field) = refusal.field else { return String::new() };
    columns
        .place_of(field)
        .map_or_else(|| columns::vietnamese(field).to_owned(), |at| table.header[at].trim().to_owned())
}

/// Writes it next to the list: `dossiers.csv` → `dossiers.refused.csv`. If that file exists (a person may be correcting
/// it), `dossiers.refused-2.csv`.
pub fn write(list: &Path, content: &[u8]) -> Result<PathBuf> {
    let stem = list.file_stem().and_then(|stem| stem.to_str()).unwrap_or("dossiers");
    let stem = stem.split(".refused").next().unwrap_or(stem);
    for number in 1.. {
        let name = if number == 1 { format!("{stem}.refused.csv") } else { format!("{stem}.refused-{number}.csv") };
        let path = list.with_file_name(name);
        let there = std::fs::read(&path).ok();
        if there.is_none() {
            std::fs::write(&path, content).with_context(|| format!("không ghi được {}", path.display()))?;
        }
        if there.is_none_or(|there| there == content) {
            return Ok(path);
        }
    }
    unreachable!("a number is free")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    const LIST: &str = "Mã hồ sơ;Tên thủ tục;SĐT;Ngày nhận;Ngày hẹn trả;Bước;Trạng thái;Phòng;Ghi chú\r\n\
        0161701234;\"Cấp thẻ; đổi thẻ\";0912345678;20/11/2026;19/11/2026;Thẩm định;;Phòng;x\r\n";

    #[test]
    fn the_report_is_the_rows_as_they_were_with_row_column_and_reason_and_reads_back_the_same() {
        let report = |file: &[u8]| {
            let table = table::read(file).unwrap();
            let columns = Columns::of(&table.header).unwrap();
            let (loaded, refused) = crate::judge(&table, &columns, true);
            assert!(loaded.is_empty());
            csv(&table, &columns, &refused).unwrap()
        };
        let first = report(LIST.as_bytes());
        let expected = "\u{feff}Dòng;Cột sai;Lý do;Mã hồ sơ;Tên thủ tục;SĐT;Ngày nhận;Ngày hẹn trả;Bước;Trạng thái;Phòng;Ghi chú\r\n\
            2;Ngày hẹn trả;sớm hơn ngày nhận hồ sơ;0161701234;\"Cấp thẻ; đổi thẻ\";0912345678;20/11/2026;19/11/2026;Thẩm định;;Phòng;x\r\n";
        assert_eq!(String::from_utf8(first.clone()).unwrap(), expected);
        assert_eq!(report(&first), first, "imported again without a correction");
    }

    #[test]
    fn a_report_that_somebody_may_be_correcting_is_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("import-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&folder).unwrap();
        let written = |list: &str, content: &str| {
            let path = write(&folder.join(list), content.as_bytes()).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(written("list.csv", "a"), "list.refused.csv");
        assert_eq!(written("list.csv", "a"), "list.refused.csv", "the same again");
        assert_eq!(written("list.csv", "b"), "list.refused-2.csv");
        assert_eq!(written("list.refused.csv", "c"), "list.refused-3.csv");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
