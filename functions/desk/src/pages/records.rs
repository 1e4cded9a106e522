//! What several pages read of notices and notes.

use std::collections::{BTreeSet, HashMap};

use application::ports::{Clock, DeskPorts, NoticeHistory, StoreError};
use domain::calendar::clock_in_vietnam;
use domain::desk::{Deed, Note};
use domain::notice::NoticeRecord;
use domain::{NoticeId, ReceiptCode};
use futures::StreamExt;

use crate::session::Door;
use crate::visit::Visit;
use crate::{AT_ONCE, Desk};

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(super) async fn histories(
        &self,
        codes: &[ReceiptCode],
    ) -> Result<HashMap<ReceiptCode, Vec<NoticeRecord>>, StoreError> {
        let reads = codes.iter().map(async |code| (code, self.ports.notices().history(code).await));
        let read: Vec<_> = futures::stream::iter(reads).buffer_unordered(AT_ONCE).collect().await;
        read.into_iter().map(|(code, history)| Ok((code.clone(), history?))).collect()
    }

    pub(crate) fn note_about(&self, visit: &Visit<'_>, id: NoticeId, deed: Deed, word: String) -> Note {
        let staff = &visit.session.staff;
        Note { id, deed, at: self.ports.clock().now(), staff: staff.id.clone(), name: staff.name.clone(), word }
    }
}

pub(super) fn codes_of(ids: &[NoticeId]) -> Vec<ReceiptCode> {
    ids.iter().map(|id| id.receipt_code.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn the_record<'a>(id: &NoticeId, history: &'a [NoticeRecord]) -> Option<&'a NoticeRecord> {
    history.iter().find(|record| record.row.key == id.key && record.sending == id.sending)
}

/// `Trần Thị Lan, 10:30 26/11/2026 – đã nghe máy`
pub(super) fn said(note: &Note) -> String {
    let word = if note.word.is_empty() { String::new() } else { format!(" – {}", note.word) };
    format!("{}, {}{word}", note.name, clock_in_vietnam(note.at))
}
