//! The errors of a table.

/// Why an operation on a table failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Throttled, unavailable, timed out or not authorised: it is not known whether anything was written. Try again
    /// later.
    #[error("table {table} is unavailable: {why}")]
    Unavailable {
        table: &'static str,
        /// The client's error text.
        why: String,
    },
    /// The row cannot be read. A retry does not help; a person must correct it.
    #[error("{item} cannot be read: {why}")]
    Unreadable {
        /// The item's key, without personal data.
        item: String,
        why: String,
    },
}
