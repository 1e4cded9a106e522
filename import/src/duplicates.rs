//! Rows of the same dossier that say different things. Which one is right only a person can say, so none is pushed.

use std::collections::HashMap;

use domain::ReceiptCode;

use crate::{Loaded, Refusal, Table};

/// Takes the rows out that share receipt code and revision and differ otherwise. Equal rows are harmless.
pub fn take_out(table: &Table, loaded: &mut Vec<Loaded>) -> Vec<(usize, Refusal)> {
    let mut rows: HashMap<(ReceiptCode, u64), Vec<usize>> = HashMap::new();
    for (at, row) in loaded.iter().enumerate() {
        rows.entry((row.dossier.receipt_code.clone(), row.dossier.revision)).or_default().push(at);
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
    loaded.retain(|row| refused.iter().all(|(place, _)| *place != row.place));
    refused
}
