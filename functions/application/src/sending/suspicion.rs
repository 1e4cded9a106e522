//! Decides whether receipts with the reason `sender` or `body` concern every message.

use std::collections::BTreeSet;
use std::sync::Mutex;

use domain::{NoticeId, ReceiptCode};

use crate::locked;

/// Different dossiers in a row that confirm it.
const CONFIRMED: usize = 3;

/// The dossiers whose last messages were refused for the sender name or the text, with none delivered between, as far as
/// one sandbox has seen. One such message is not enough: a single network may not know the sender name. Several in a row
/// concern every message.
#[derive(Debug, Default)]
pub struct Suspicion(Mutex<BTreeSet<ReceiptCode>>);

impl Suspicion {
    /// A message was delivered.
    pub(super) fn clear(&self) {
        locked(&self.0).clear();
    }

    /// Records a refused message. Returns true if it is confirmed.
    pub(super) fn is_confirmed_by(&self, id: &NoticeId) -> bool {
        let mut dossiers = locked(&self.0);
        if dossiers.len() < CONFIRMED {
            dossiers.insert(id.receipt_code.clone());
        }
        dossiers.len() >= CONFIRMED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_dossiers_in_a_row_confirm_it_and_a_delivered_message_ends_the_row() {
        let suspicion = Suspicion::default();
        let refused = |code: &str| suspicion.is_confirmed_by(&NoticeId::parse(code, "result#1").expect("a notice"));
        assert_eq!(["A", "A", "A", "B"].map(refused), [false; 4], "one dossier counts once");
        suspicion.clear();
        assert_eq!(["A", "B", "C", "A"].map(refused), [false, false, true, true]);
    }
}
