//! Crash points, enumerated: every function is let run to its k-th call of the world and struck there, for every k,
//! every fault and every pair of them; then AWS calls it again until nothing is left to do, and the invariants are
//! checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ClosedSteps;
use domain::calendar::day_in_vietnam;
use domain::lifecycle::State;
use domain::owed::{StillTrue, still_true};
use serde_json::json;
use simulation::aws::{Stack, kind_of};
use simulation::desk::{dossier, terms};
use simulation::fault::{Fault, Faults};
use simulation::world::World;

fn half_past_five() -> DateTime<Utc> {
    "2026-11-24T10:30:00Z".parse().expect("a time")
}

/// What happened, and what is owed: SMS of each kind to each phone.
type Owed = BTreeMap<(&'static str, String), usize>;

struct Scenario {
    name: &'static str,
    owed: &'static [(&'static str, &'static str)],
    play: fn(&World),
    evening: bool,
}

const A: &str = "+84912345671";
const B: &str = "+84912345672";
const C: &str = "+84912345673";

const SCENARIOS: [Scenario; 4] = [
    Scenario {
        name: "a result",
        owed: &[("result", A)],
        evening: false,
        play: |world| {
            world.write(dossier("A", A, json!({})));
            world.write(dossier("A", A, json!({"revision": 2, "step": "Trả kết quả"})));
        },
    },
    Scenario {
        name: "papers, then a result; and another dossier beside",
        owed: &[("supplement", A), ("result", A), ("result", B)],
        evening: false,
        play: |world| {
            world.write(dossier("A", A, json!({"status": "Chờ bổ sung"})));
            world.write(dossier("A", A, json!({"revision": 2, "status": "Chờ bổ sung", "unit": "Bộ phận Một cửa"})));
            world.write(dossier("B", B, json!({"step": "Trả kết quả"})));
            world.write(dossier("A", A, json!({"revision": 3, "step": "Trả kết quả"})));
        },
    },
    Scenario {
        name: "an evening: two late, one done, one without a phone",
        owed: &[("apology", A), ("apology", B)],
        evening: true,
        play: |world| {
            world.write(dossier("A", A, json!({})));
            world.write(dossier("B", B, json!({})));
            world.write(dossier("C", C, json!({"step": "Kết thúc"})));
            world.write(dossier("D", "", json!({})));
        },
    },
    Scenario {
        name: "an evening, and a result in the middle of it",
        owed: &[("apology", A), ("result", B)],
        evening: true,
        play: |world| {
            world.write(dossier("A", A, json!({})));
            world.write(dossier("B", B, json!({"step": "Trả kết quả"})));
        },
    },
];

/// One schedule: what was sent, how often too often, what was lost.
#[derive(Default)]
struct Outcome {
    calls: usize,
    sent: usize,
    duplicates: usize,
    lost: usize,
}

fn run(scenario: &Scenario, plan: &[(usize, Fault)]) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let faults = Arc::new(Faults::at(plan.iter().copied()));
        let world = Arc::new(World::at(half_past_five()));
        let mut stack = Stack::new(world.clone(), faults.clone(), terms(100));
        (scenario.play)(&world);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        if scenario.evening {
            let _ = stack.evening(half_past_five()).await;
        }
        stack.deliver_stream().await;
        if scenario.evening {
            // The second pass.
            let _ = stack.evening(half_past_five()).await;
        }
        let quiet = stack.redeliver_until_quiet(TimeDelta::hours(20)).await;
        assert!(
            quiet,
            "{}: {plan:?}: faults are over, and notices are still open: {:#?}",
            scenario.name,
            world.ledger()
        );
        assert!(
            stack.bucket.is_empty(),
            "{}: {plan:?}: nothing was poisoned, and something was set aside",
            scenario.name
        );
        check(scenario, plan, &world, &faults)
    })
}

/// Invariants 1 to 3 of the design.
fn check(scenario: &Scenario, plan: &[(usize, Fault)], world: &World, faults: &Faults) -> Outcome {
    let mut owed: Owed = BTreeMap::new();
    for (kind, phone) in scenario.owed {
        *owed.entry((kind, (*phone).to_owned())).or_default() += 1;
    }
    let mut accepted: Owed = BTreeMap::new();
    for message in world.accepted() {
        *accepted.entry((kind_of(&message.text).as_str(), message.phone)).or_default() += 1;
    }
    for (id, row) in world.ledger() {
        assert!(row.state.is_final(), "{}: {plan:?}: {id} is {}", scenario.name, row.state);
        if row.state == State::Cancelled {
            // Only what is really no longer true is let go; the citizen gets the newer notice.
            let today = day_in_vietnam(world.now());
            let verdict = still_true(&id.key, &world.dossier(&id.receipt_code), today, &ClosedSteps::default());
            assert!(matches!(verdict, StillTrue::No(_)), "{}: {plan:?}: {id} {row:?}", scenario.name);
            let phone = world.dossier(&id.receipt_code).phone.expect("a phone");
            *owed.get_mut(&(id.key.kind().as_str(), phone)).expect("it was owed") -= 1;
        } else {
            assert_eq!(row.state, State::Sent, "{}: {plan:?}: {id} {row:?}", scenario.name);
        }
    }
    for notice in accepted.keys() {
        assert!(owed.contains_key(notice), "{}: {plan:?}: {notice:?} was sent and never owed", scenario.name);
    }
    let ambiguous = faults.injected().iter().filter(|fault| !fault.is_definite()).count();
    let mut outcome = Outcome { calls: faults.calls(), sent: world.accepted().len(), ..Outcome::default() };
    for (notice, owed) in &owed {
        let accepted = accepted.get(notice).copied().unwrap_or(0);
        outcome.lost += owed.saturating_sub(accepted);
        outcome.duplicates += accepted.saturating_sub(*owed);
        assert!(
            accepted <= owed + ambiguous,
            "{}: {plan:?}: {notice:?} was sent {accepted} times with {ambiguous} crashes or ambiguous outcomes",
            scenario.name
        );
    }
    assert_eq!(outcome.lost, 0, "{}: {plan:?}: lost", scenario.name);
    outcome
}

#[derive(Default)]
struct Line {
    schedules: usize,
    sent: usize,
    duplicates: usize,
    lost: usize,
}

impl Line {
    fn add(&mut self, outcome: &Outcome) {
        self.schedules += 1;
        self.sent += outcome.sent;
        self.duplicates += outcome.duplicates;
        self.lost += outcome.lost;
    }
}

fn print(title: &str, lines: &[(String, Line)]) {
    println!("\n{title}\n{:<58} {:>9} {:>7} {:>10} {:>5}", "fault", "schedules", "sent", "duplicates", "lost");
    for (fault, line) in lines {
        println!("{fault:<58} {:>9} {:>7} {:>10} {:>5}", line.schedules, line.sent, line.duplicates, line.lost);
    }
}

#[test]
fn one_fault_anywhere_loses_nothing() {
    for scenario in &SCENARIOS {
        let calls = run(scenario, &[]).calls;
        let mut lines = Vec::new();
        for fault in Fault::ALL {
            let mut line = Line::default();
            for place in 0..calls {
                line.add(&run(scenario, &[(place, fault)]));
            }
            lines.push((format!("{fault:?}"), line));
        }
        print(&format!("{} ({calls} calls)", scenario.name), &lines);
    }
}

#[test]
fn two_faults_anywhere_lose_nothing_of_a_result() {
    every_pair(&SCENARIOS[..1]);
}

#[test]
#[ignore = "50,000 schedules, a minute and a half: make prove"]
fn two_faults_anywhere_lose_nothing() {
    every_pair(&SCENARIOS);
}

fn every_pair(scenarios: &[Scenario]) {
    let mut lines = Vec::new();
    for scenario in scenarios {
        let calls = run(scenario, &[]).calls;
        let mut line = Line::default();
        for first in 0..calls {
            for second in first + 1..calls + 6 {
                for (a, b) in Fault::ALL.into_iter().flat_map(|a| Fault::ALL.map(|b| (a, b))) {
                    line.add(&run(scenario, &[(first, a), (second, b)]));
                }
            }
        }
        lines.push((scenario.name.to_owned(), line));
    }
    print("every pair of faults", &lines);
}

#[test]
fn without_a_fault_nothing_is_sent_twice() {
    for scenario in &SCENARIOS {
        let outcome = run(scenario, &[]);
        assert_eq!((outcome.sent, outcome.duplicates), (scenario.owed.len(), 0), "{}", scenario.name);
    }
}
