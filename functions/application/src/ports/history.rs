//! Table `notices` as staff ask about it.

use std::future::Future;

use domain::ReceiptCode;
use domain::notice::NoticeRecord;

use super::StoreError;

/// What was sent about a dossier.
pub trait NoticeHistory: Sync {
    /// Every sending of every notice of a dossier, in no particular order (a consistent read). A row that cannot be read
    /// is left out.
    fn history(&self, code: &ReceiptCode) -> impl Future<Output = Result<Vec<NoticeRecord>, StoreError>> + Send;
}
