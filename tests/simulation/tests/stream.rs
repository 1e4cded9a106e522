//! Random histories of dossiers through the stream as AWS runs it: shards, mixed batches, batches delivered twice,
//! faults anywhere. A model, written without the domain's rules, computes the required notices.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use domain::notice::lifecycle::State;
use domain::{Dossier, NoticeKind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;
use simulation::aws::{Stack, kind_of, record};
use simulation::fault::{Fault, Faults};
use simulation::promises::in_virtual_time;
use simulation::proof::Line;
use simulation::scenario::{dossier, notice_config};
use simulation::world::World;

/// One write to the table, for the model.
#[derive(Debug, Clone)]
struct Write {
    whose: usize,
    place: Place,
    waits_for_papers: bool,
    at_one_stop: bool,
    has_phone: bool,
    silent: bool,
    revision: Raised,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Open,
    Result,
    Closed,
}

/// By how much the revision rises: mostly by one; not at all, or down, if a person edits the table by hand.
#[derive(Debug, Clone, Copy)]
enum Raised {
    ByOne,
    ByNone,
    Down,
}

const DOSSIERS: usize = 4;

fn write() -> impl Strategy<Value = Write> {
    let place = prop_oneof![3 => Just(Place::Open), 4 => Just(Place::Result), 1 => Just(Place::Closed)];
    let raised = prop_oneof![8 => Just(Raised::ByOne), 1 => Just(Raised::ByNone), 1 => Just(Raised::Down)];
    (0..DOSSIERS, place, any::<bool>(), any::<bool>(), prop::bool::weighted(0.9), prop::bool::weighted(0.1), raised)
        .prop_map(|(whose, place, waits_for_papers, at_one_stop, has_phone, silent, revision)| Write {
            whose,
            place,
            waits_for_papers,
            at_one_stop,
            has_phone,
            silent,
            revision,
        })
}

fn fault() -> impl Strategy<Value = Fault> {
    prop::sample::select(Fault::ALL.to_vec())
}

/// The model's state of a dossier.
#[derive(Debug, Clone, Copy)]
struct Known {
    revision: u64,
    place: Place,
    waiting: bool,
    has_phone: bool,
    silent: bool,
}

/// The model's answer for a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Required {
    Surely,
    /// Its number was corrected: not if a fault left an earlier notice unfinished, which is sent to the new number.
    UnlessAnotherIsOpen,
}

/// Writes them into the world, and returns the required notices.
fn play(world: &World, writes: &[Write]) -> BTreeMap<String, Required> {
    let mut known: BTreeMap<usize, Known> = BTreeMap::new();
    let mut required = BTreeMap::new();
    for write in writes {
        let before = known.get(&write.whose).copied();
        let last = before.map_or(5, |before| before.revision);
        let revision = match write.revision {
            Raised::ByOne => last + 1,
            Raised::ByNone => last,
            Raised::Down => last.saturating_sub(2),
        };
        let now = Known {
            revision,
            place: write.place,
            waiting: write.place == Place::Open && write.waits_for_papers && write.at_one_stop,
            has_phone: write.has_phone,
            silent: write.silent,
        };
        let is_newer = before.is_none_or(|before| revision > before.revision);
        let was = |there: fn(Known) -> bool| before.is_some_and(there);
        let phone_comes = was(|before| !before.has_phone && !before.silent);
        let kinds = [
            ("result", now.place == Place::Result, was(|b| b.place != Place::Open), was(|b| b.place == Place::Result)),
            ("supplement", now.waiting, was(|b| b.waiting), was(|b| b.waiting)),
        ];
        for (name, is_there, was_informed, was_there) in kinds {
            let key = format!("{} {name}#{revision}", code(write.whose));
            if !is_newer || !is_there || write.silent || !write.has_phone {
                continue;
            }
            if !was_informed {
                required.insert(key, Required::Surely);
            } else if was_there && phone_comes {
                required.entry(key).or_insert(Required::UnlessAnotherIsOpen);
            }
        }
        known.insert(write.whose, now);
        world.write(in_the_table(write, revision));
    }
    required
}

fn code(whose: usize) -> String {
    format!("S{whose}")
}

fn in_the_table(write: &Write, revision: u64) -> Dossier {
    let step = match write.place {
        Place::Open => "Thẩm định",
        Place::Result => "Trả kết quả",
        Place::Closed => "Kết thúc",
    };
    let phone = if write.has_phone { json!(format!("09123456{:02}", write.whose)) } else { json!(null) };
    dossier(
        &code(write.whose),
        "",
        json!({
            "revision": revision, "step": step, "phone": phone, "silent": write.silent,
            "status": if write.waits_for_papers { "Chờ bổ sung" } else { "Đang xử lý" },
            "unit": if write.at_one_stop { "Bộ phận Một cửa Sở Du lịch" } else { "Phòng" },
        }),
    )
}

/// How many SMS were accepted, and how many of them the outbox does not show.
async fn run(
    writes: Vec<Write>,
    batch: usize,
    shards: usize,
    faults: Vec<(usize, Fault)>,
    twice: bool,
) -> (usize, usize) {
    let began = "2026-11-24T02:00:00Z".parse().expect("a time");
    let world = Arc::new(World::at(began));
    let faults = Arc::new(Faults::at(faults));
    let mut stack = Stack::new(world.clone(), faults.clone(), notice_config(1_000));
    (stack.mapping.batch, stack.mapping.shards) = (batch, shards);
    let required = play(&world, &writes);
    stack.deliver_stream().await;
    if twice {
        let again = world.stream_from(0).iter().enumerate().map(|(place, written)| record(place, written)).collect();
        stack.deliver(again).await;
    }
    assert!(stack.send_until_idle(TimeDelta::hours(20)).await, "3: every notice reaches a final state");
    assert!(stack.bucket.is_empty(), "1: no record was unreadable");

    let outbox = world.outbox();
    let rows: BTreeSet<String> = outbox.keys().map(ToString::to_string).collect();
    assert!(
        rows.is_subset(&required.keys().cloned().collect()),
        "5: nothing else is in the outbox: {rows:?} {required:?}"
    );
    for (notice, required) in &required {
        let is_sure = *required == Required::Surely || faults.injected().is_empty();
        assert!(!is_sure || rows.contains(notice), "1: {notice} is not in the outbox");
    }
    let ambiguous = faults.injected().iter().filter(|fault| !fault.is_definite()).count();
    for whose in 0..DOSSIERS {
        for kind in [NoticeKind::Result, NoticeKind::Supplement] {
            let sent = outbox.iter().filter(|(id, row)| {
                id.receipt_code.as_str() == code(whose) && id.key.kind() == kind && row.state == State::Sent
            });
            let (sent, marker) = (sent.count(), format!("(MS: {})", code(whose)));
            let accepted = world.accepted();
            let accepted = accepted
                .iter()
                .filter(|message| kind_of(&message.text) == kind && message.text.contains(&marker))
                .count();
            assert!(accepted >= sent, "{kind} of {}: {sent} completed as sent, {accepted} accepted", code(whose));
            assert!(accepted <= sent + ambiguous, "2: {kind} of {}: {accepted} accepted", code(whose));
        }
    }
    for (id, row) in &outbox {
        let is_true = matches!(row.state, State::Sent) || row.state == State::Cancelled && row.reason.is_some();
        assert!(is_true, "{id} is {row:?}");
    }
    if faults.injected().is_empty() {
        assert_eq!(world.accepted().len(), required.len(), "without a fault every notice is sent at once");
    }
    let (sent, accepted) = (outbox.values().filter(|row| row.state == State::Sent).count(), world.accepted().len());
    (accepted, accepted - sent)
}

/// Writes, the size of a batch, shards, up to three faults, and whether every batch comes twice.
fn histories() -> impl Strategy<Value = (Vec<Write>, usize, usize, Vec<(usize, Fault)>, bool)> {
    let writes = prop::collection::vec(write(), 1..25);
    let faults = prop::collection::vec((0usize..90, fault()), 0..4);
    (writes, 1usize..12, 1usize..4, faults, any::<bool>())
}

#[test]
fn random_histories_of_dossiers_send_every_required_notice() {
    let line = RefCell::new(Line::of("random histories of dossiers, up to three faults, batches twice"));
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) };
    let mut runner = TestRunner::new(config);
    let checked = runner.run(&histories(), |(writes, batch, shards, faults, twice)| {
        in_virtual_time(async {
            let (sent, duplicates) = run(writes, batch, shards, faults, twice).await;
            line.borrow_mut().add(sent, duplicates, 0);
        });
        Ok(())
    });
    line.borrow().record();
    checked.unwrap_or_else(|failure| panic!("{failure}"));
}
