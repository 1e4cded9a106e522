//! The first load: a list of dossiers as one-stop software or a spreadsheet exports it, pushed through the signed API.
//!
//! file → [`table`] → [`columns`] → [`row`] (the domain's own [`domain::Dossier`], so a row is refused for the same
//! reason as by the API) → [`duplicates`] → [`push`] → [`report`]. Messages for the clerk are in Vietnamese
//! ([`reasons`]).
//!
//! Rows without a revision are revision 0 and silent, which is a first load: it may be corrected and loaded again, and
//! every change that the one-stop software pushes (revision 1 or higher) replaces it, in whichever order they arrive.

pub mod columns;
pub mod duplicates;
pub mod progress;
pub mod push;
pub mod reasons;
pub mod report;
pub mod row;
pub mod table;

pub use columns::Columns;
pub use push::ApiClient;
pub use row::Refusal;
pub use table::Table;

use domain::Dossier;

/// A row that is a valid dossier: its place in [`Table::rows`], and the snapshot to push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Place in [`Table::rows`].
    pub place: usize,
    /// The snapshot to push.
    pub dossier: Dossier,
}

/// Each row's dossier, and the refusals by the row's place. `silent` is for rows that do not have that field.
pub fn judge(table: &Table, columns: &Columns, silent: bool) -> (Vec<Loaded>, Vec<(usize, Refusal)>) {
    let (mut loaded, mut refused) = (Vec::new(), Vec::new());
    for (place, row) in table.rows.iter().enumerate() {
        match row::dossier(columns, row, silent) {
            Ok(dossier) => loaded.push(Loaded { place, dossier }),
            Err(refusal) => refused.push((place, refusal)),
        }
    }
    refused.extend(duplicates::take_out(table, &mut loaded));
    (loaded, refused)
}
