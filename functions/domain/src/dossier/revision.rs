//! Decides what to do with a pushed snapshot, given what is stored: the order of revisions, and the day of the result.

use chrono::NaiveDate;

use crate::notice::decision;
use crate::{ClosedSteps, Dossier};

/// What is stored under a receipt code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stored {
    #[default]
    Nothing,
    Dossier(Box<Dossier>),
    /// A row that is not a valid dossier: it was written directly to the table.
    Unreadable(UnreadableRow),
}

impl Stored {
    /// The dossier, if there is one that can be read.
    pub fn dossier(&self) -> Option<&Dossier> {
        match self {
            Self::Dossier(dossier) => Some(dossier),
            Self::Nothing | Self::Unreadable(_) => None,
        }
    }
}

impl From<Option<Dossier>> for Stored {
    fn from(dossier: Option<Dossier>) -> Self {
        dossier.map_or(Self::Nothing, |dossier| Self::Dossier(Box::new(dossier)))
    }
}

/// A row that is not a valid dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its `revision` as the table has it, if that is a number.
    pub revision: Option<String>,
    pub why: String,
}

/// What to do with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is new: write this.
    Store(Box<Dossier>),
    /// Exactly what is stored already (the sender retried): write nothing, answer `stored`.
    Repeated,
    /// Older than what is stored: an older revision never overwrites a newer one.
    Stale,
    /// The stored revision with other content: the one-stop software has a fault that a person must correct. This does
    /// not apply to a first load (revision 0, silent), which may be corrected and loaded again until the first change
    /// arrives.
    Conflicting,
}

/// Judges a `snapshot` that arrived on `today` (in Vietnam) against what is `stored` under the same receipt code.
///
/// A valid snapshot replaces a row that cannot be read, whatever the row's revision: otherwise the row would block its
/// dossier for ever.
pub fn judge(stored: &Stored, snapshot: Dossier, today: NaiveDate, closed: &ClosedSteps) -> Verdict {
    match stored.dossier() {
        Some(stored) if stored.revision > snapshot.revision => Verdict::Stale,
        Some(stored) if stored.revision < snapshot.revision => store(Some(stored), snapshot, today, closed),
        Some(stored) if is_repeated(stored, &snapshot, closed) => Verdict::Repeated,
        Some(stored) if is_first_load(stored) && is_first_load(&snapshot) => store(None, snapshot, today, closed),
        Some(_) => Verdict::Conflicting,
        None => store(None, snapshot, today, closed),
    }
}

fn store(stored: Option<&Dossier>, snapshot: Dossier, today: NaiveDate, closed: &ClosedSteps) -> Verdict {
    let result_on = result_day(stored, &snapshot, today, closed);
    let waiting_since = decision::awaits_papers(&snapshot, closed).then(|| {
        let before = stored.filter(|stored| decision::awaits_papers(stored, closed));
        before.and_then(|before| before.waiting_since).unwrap_or(snapshot.revision)
    });
    Verdict::Store(Box::new(Dossier { result_on, waiting_since, ..snapshot }))
}

/// `result_on` is part of the content only if the snapshot itself named it.
fn is_repeated(stored: &Dossier, snapshot: &Dossier, closed: &ClosedSteps) -> bool {
    let named = snapshot.result_on.filter(|_| snapshot.is_done(closed));
    let (result_on, waiting_since) = (named.or(stored.result_on), stored.waiting_since);
    *stored == Dossier { result_on, waiting_since, ..snapshot.clone() }
}

/// Revision 0 and silent: loaded from a list before the one-stop software pushed any change. It requires no notice by
/// itself, so a correction loses no notice, and every change of the software (revision 1 or higher) comes after it.
fn is_first_load(dossier: &Dossier) -> bool {
    dossier.revision == 0 && dossier.silent
}

/// The day the dossier reached "Trả kết quả": the day in the snapshot, else the stored day, else today; None while
/// open.
///
/// A silent first load that is already done and names no day counts as done on its appointment day.
fn result_day(
    stored: Option<&Dossier>,
    snapshot: &Dossier,
    today: NaiveDate,
    closed: &ClosedSteps,
) -> Option<NaiveDate> {
    if !snapshot.is_done(closed) {
        return None;
    }
    let known = stored.filter(|stored| stored.is_done(closed)).and_then(|stored| stored.result_on);
    let unknown = if stored.is_none() && snapshot.silent { snapshot.appointment_on } else { today };
    snapshot.result_on.or(known).or(Some(unknown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::{Value, json};

    const TODAY: &str = "2026-11-24";

    fn judged(stored: Option<&Dossier>, snapshot: &Dossier) -> Verdict {
        judge(&stored.cloned().into(), snapshot.clone(), TODAY.parse().unwrap(), &ClosedSteps::default())
    }

    fn stored(stored: Option<&Dossier>, snapshot: &Dossier) -> Dossier {
        match judged(stored, snapshot) {
            Verdict::Store(dossier) => *dossier,
            other => panic!("expected Store, got {other:?}"),
        }
    }

    fn day(text: &str) -> Option<NaiveDate> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn an_older_revision_never_overwrites_a_newer_one() {
        let kept = dossier(json!({"revision": 4}));
        assert_eq!(judged(Some(&kept), &dossier(json!({"revision": 3}))), Verdict::Stale);
    }

    #[test]
    fn a_row_that_cannot_be_read_gives_way_to_any_snapshot() {
        for revision in [None, Some("2"), Some("999"), Some("-1")] {
            let row = UnreadableRow { revision: revision.map(str::to_owned), why: "received_on is missing".into() };
            let (today, snapshot) = (TODAY.parse().unwrap(), dossier(json!({"revision": 3})));
            let verdict = judge(&Stored::Unreadable(row), snapshot, today, &ClosedSteps::default());
            assert!(matches!(verdict, Verdict::Store(_)), "{revision:?}");
        }
    }

    #[test]
    fn how_long_papers_are_awaited_is_known_by_the_revision_that_began_it() {
        let papers =
            |revision: u64, status: &str| dossier(json!({"revision": revision, "step": "Tiếp nhận", "status": status}));
        let first = stored(None, &papers(3, "Chờ bổ sung"));
        assert_eq!(first.waiting_since, Some(3));
        let still = stored(Some(&first), &papers(5, "Chờ bổ sung"));
        assert_eq!(still.waiting_since, Some(3));
        assert_eq!(judged(Some(&still), &papers(5, "Chờ bổ sung")), Verdict::Repeated);
        let brought = stored(Some(&still), &papers(6, "Đang xử lý"));
        assert_eq!(brought.waiting_since, None);
        assert_eq!(stored(Some(&brought), &papers(7, "Chờ bổ sung")).waiting_since, Some(7));
    }

    #[test]
    fn the_same_revision_is_a_repetition_or_a_conflict() {
        let kept = stored(None, &dossier(json!({})));
        assert_eq!(judged(Some(&kept), &dossier(json!({}))), Verdict::Repeated);
        assert_eq!(judged(Some(&kept), &dossier(json!({"step": "Thẩm định"}))), Verdict::Conflicting);
        assert_eq!(judged(Some(&kept), &dossier(json!({"phone": null}))), Verdict::Conflicting);
        assert_eq!(judged(Some(&kept), &dossier(json!({"result_on": "2026-11-22"}))), Verdict::Conflicting);
        let open = stored(None, &dossier(json!({"step": "Thẩm định"})));
        assert_eq!(
            judged(Some(&open), &dossier(json!({"step": "Thẩm định", "result_on": "2026-11-22"}))),
            Verdict::Repeated
        );
    }

    #[test]
    fn a_first_load_may_be_corrected_until_the_first_change_and_nothing_else_may() {
        let load = |changes: Value| {
            let mut load = json!({"revision": 0, "silent": true, "step": "Thẩm định"});
            load.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            dossier(load)
        };
        let loaded = stored(None, &load(json!({})));
        assert_eq!(judged(Some(&loaded), &load(json!({}))), Verdict::Repeated);
        let corrected = stored(Some(&loaded), &load(json!({"step": "Trả kết quả"})));
        assert_eq!(corrected.result_on, day("2026-11-25"), "its appointment day, as if it had been loaded so");
        assert_eq!(stored(Some(&corrected), &load(json!({"phone": null}))).result_on, None);
        let changed = stored(Some(&loaded), &dossier(json!({"revision": 1})));
        assert_eq!(judged(Some(&changed), &load(json!({"phone": null}))), Verdict::Stale);
        let loud = stored(None, &dossier(json!({"revision": 0})));
        assert_eq!(judged(Some(&loud), &load(json!({}))), Verdict::Conflicting);
        assert_eq!(
            judged(Some(&loaded), &load(json!({"silent": false}))),
            Verdict::Conflicting,
            "it would require a notice"
        );
        let later = stored(None, &load(json!({"revision": 1})));
        assert_eq!(judged(Some(&later), &load(json!({"revision": 1, "phone": null}))), Verdict::Conflicting);
    }

    #[test]
    fn result_on_is_the_day_the_dossier_became_done_and_lasts_until_it_is_reopened() {
        let open = stored(None, &dossier(json!({"revision": 1, "step": "Thẩm định"})));
        assert_eq!(open.result_on, None);
        let done = stored(Some(&open), &dossier(json!({"revision": 2})));
        assert_eq!(done.result_on, day(TODAY));
        let early = Dossier { result_on: day("2026-11-21"), ..done };
        let closed = stored(Some(&early), &dossier(json!({"revision": 3, "step": "Đã trả kết quả"})));
        assert_eq!(closed.result_on, day("2026-11-21"));
        let reopened =
            stored(Some(&closed), &dossier(json!({"revision": 4, "step": "Thẩm định", "result_on": "2026-11-21"})));
        assert_eq!(reopened.result_on, None);
        assert_eq!(stored(Some(&reopened), &dossier(json!({"revision": 5}))).result_on, day(TODAY));
    }

    #[test]
    fn the_snapshots_own_day_wins_and_a_silent_first_load_counts_on_its_appointment_day() {
        assert_eq!(stored(None, &dossier(json!({"result_on": "2026-11-22"}))).result_on, day("2026-11-22"));
        assert_eq!(stored(None, &dossier(json!({"silent": true}))).result_on, day("2026-11-25"));
        assert_eq!(stored(None, &dossier(json!({}))).result_on, day(TODAY));
        let open = stored(None, &dossier(json!({"revision": 1, "step": "Thẩm định"})));
        assert_eq!(stored(Some(&open), &dossier(json!({"silent": true}))).result_on, day(TODAY));
    }
}
