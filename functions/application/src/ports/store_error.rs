//! Why a table did not do what it was asked.

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, down, timed out, no rights: nothing is known to have happened. Try again, later.
    #[error("table {table} is out of reach: {why}")]
    Unavailable {
        /// Which table.
        table: &'static str,
        /// The client's own words.
        why: String,
    },
    /// The row cannot be read. Trying again does not help; a person must correct it.
    #[error("{item} cannot be read: {why}")]
    Unreadable {
        /// Which item; its key, no personal data.
        item: String,
        /// What is wrong with it.
        why: String,
    },
}
