//! Rows of the same dossier with different content. Only a person can decide which one is right, so none is pushed.

use std::collections::{HashMap, HashSet};

use domain::ReceiptCode;

use crate::{Loaded, Refusal, Table};

/// Removes the rows that share receipt code and revision and differ otherwise. Equal rows are harmless.
pub fn take_out(table: &Table, loaded: &mut Vec<Loaded>) -> Vec<(usize, Refusal)> {
    let mut rows: HashMap<(ReceiptCode, u64), Vec<usize>> = HashMap::new();
    for (at, row) in loaded.iter().enumerate() {
        rows.entry((row.dossier.receipt_code().clone(), row.dossier.revision())).or_default().push(at);
    }
    let number = |at: usize| table.rows[loaded[at].place].number;
    let mut refused = Vec::new();
    for rows in rows.values().filter(|rows| rows.iter().any(|at| loaded[*at].dossier != loaded[rows[0]].dossier)) {
        for at in rows {
            let others: Vec<String> =
                rows.iter().filter(|other| *other != at).map(|other| number(*other).to_string()).collect();
            let reason = format!("trùng với dòng {} nhưng nội dung khác nhau: chỉ giữ dòng đúng", others.join(", "));
            refused.push((loaded[*at].place, Refusal::of("receipt_code", reason)));
        }
    }
    let places: HashSet<usize> = refused.iter().map(|(place, _)| *place).collect();
    loaded.retain(|row| !places.contains(&row.place));
    refused
}

#[cfg(test)]
mod tests {
    use crate::{Columns, judge, table};

    #[test]
    fn rows_of_one_dossier_that_contradict_each_other_are_refused_and_equal_ones_are_not() {
        let list = "receipt_code,revision,procedure,phone,received_on,appointment_on,step,status,unit\n\
            A,,P,,2026-11-20,2026-11-25,Thẩm định,,\n\
            a,0,P,,20/11/2026,25/11/2026,Thẩm  định,,\n\
            B,,P,,2026-11-20,2026-11-25,Thẩm định,,\n\
            B,,P,,2026-11-20,2026-11-25,Trình ký,,\n\
            B,1,P,,2026-11-20,2026-11-25,Ban hành,,\n";
        let table = table::read(list.as_bytes()).unwrap();
        let (loaded, mut refused) = judge(&table, &Columns::of(&table.header).unwrap(), true);
        refused.sort_by_key(|(place, _)| *place);
        assert_eq!(loaded.iter().map(|row| row.place).collect::<Vec<_>>(), [0, 1, 4]);
        let reported: Vec<_> = refused.iter().map(|(place, refusal)| (*place, refusal.reason.as_str())).collect();
        assert_eq!(
            reported,
            [
                (2, "trùng với dòng 5 nhưng nội dung khác nhau: chỉ giữ dòng đúng"),
                (3, "trùng với dòng 4 nhưng nội dung khác nhau: chỉ giữ dòng đúng"),
            ]
        );
    }
}
