//! A table as a CSV file that Excel opens right: UTF-8 with BOM, commas, CRLF (RFC 4180). No cell is a formula.

/// The mark at the start by which Excel recognises UTF-8.
const BOM: char = '\u{feff}';

/// The file of a table; the first row is its heading.
pub fn file<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> String {
    let mut file = String::from(BOM);
    for row in rows {
        let cells: Vec<_> = row.into_iter().map(|text| cell(&text)).collect();
        file += &cells.join(",");
        file += "\r\n";
    }
    file
}

/// A cell that a spreadsheet shows and does not execute: what begins like a formula begins with an apostrophe instead,
/// unless it is a plain number. <https://owasp.org/www-community/attacks/CSV_Injection>
fn cell(text: &str) -> String {
    let begins_a_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let has_control = text.starts_with(['\t', '\r', '\n']);
    let text = if (begins_a_formula || has_control) && !is_number(text) { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', ';', '\n', '\r', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.contains(|letter: char| letter.is_ascii_digit())
        && digits.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1+2", "'-1+2"),
            ("-12", "-12"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("\t=1", "\"'\t=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
        ] {
            assert_eq!(cell(text), written, "{text}");
        }
    }

    #[test]
    fn a_file_has_the_mark_the_commas_and_the_line_ends_that_excel_expects() {
        let rows = [["Ngày", "Số tin"], ["01/11/2026", "1,5"]].map(|row| row.map(str::to_owned));
        assert_eq!(file(rows), "\u{feff}Ngày,Số tin\r\n01/11/2026,\"1,5\"\r\n");
    }
}
