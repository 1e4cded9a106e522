//! Crash points, enumerated: for every k, every fault and every pair of faults, the fault happens at the k-th call of a
//! function. Then AWS calls the function again until everything is processed, and the invariants are checked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use application::ports::SendError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::day_in_vietnam;
use domain::dossier::Contact;
use domain::notice::decision::{StillTrue, still_true};
use domain::notice::lifecycle::State;
use domain::{ClosedSteps, InquiryId, NoticeId, NoticeKey};
use futures::future::LocalBoxFuture;
use serde_json::json;
use simulation::aws::{Stack, kind_of};
use simulation::fault::{Fault, Faults};
use simulation::proof::Line;
use simulation::scenario::{dossier, notice_config};
use simulation::world::World;

fn half_past_five() -> DateTime<Utc> {
    "2026-11-24T10:30:00Z".parse().expect("a time")
}

/// The count of SMS by kind and phone.
type Required = BTreeMap<(&'static str, String), usize>;

struct Scenario {
    name: &'static str,
    /// Kind and phone of each required notice.
    required: &'static [(&'static str, &'static str)],
    /// Messages to 8083: each has one row and one reply.
    asked: usize,
    play: for<'a> fn(&'a mut Stack) -> LocalBoxFuture<'a, ()>,
}

const A: &str = "+84912345671";
const B: &str = "+84912345672";
const C: &str = "+84912345673";

const SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "a result",
        required: &[("result", A)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                stack.world.write(dossier("A", A, json!({})));
                stack.world.write(dossier("A", A, json!({"revision": 2, "step": "Trả kết quả"})));
                stack.deliver_stream().await;
            })
        },
    },
    Scenario {
        name: "papers, then a result, and another dossier",
        required: &[("supplement", A), ("result", A), ("result", B)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                let waiting = json!({"revision": 2, "status": "Chờ bổ sung", "unit": "Bộ phận Một cửa"});
                stack.world.write(dossier("A", A, json!({"status": "Chờ bổ sung"})));
                stack.world.write(dossier("A", A, waiting));
                stack.world.write(dossier("B", B, json!({"step": "Trả kết quả"})));
                stack.world.write(dossier("A", A, json!({"revision": 3, "step": "Trả kết quả"})));
                stack.deliver_stream().await;
            })
        },
    },
    Scenario {
        name: "an evening: two late, one done, one without a phone",
        required: &[("apology", A), ("apology", B)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                stack.world.write(dossier("A", A, json!({})));
                stack.world.write(dossier("B", B, json!({})));
                stack.world.write(dossier("C", C, json!({"step": "Kết thúc"})));
                stack.world.write(dossier("D", "", json!({})));
                an_evening(stack).await;
            })
        },
    },
    Scenario {
        name: "an evening, and a result in the middle of it",
        required: &[("apology", A), ("result", B)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                stack.world.write(dossier("A", A, json!({})));
                stack.world.write(dossier("B", B, json!({"step": "Trả kết quả"})));
                an_evening(stack).await;
            })
        },
    },
    Scenario {
        name: "a phone corrected after its result, and a number that is refused",
        required: &[("result", A), ("result", B), ("result", C)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                let wrong = "+84912345670";
                let refused = SendError::WrongNumber("InvalidParameter".into());
                stack.ports.sns = Arc::new(move |to, _| (to.as_e164() == wrong).then(|| refused.clone()));
                let at =
                    |code, phone, revision| dossier(code, phone, json!({"revision": revision, "step": "Trả kết quả"}));
                stack.world.write(at("C", C, 1));
                stack.world.write(at("A", "", 1));
                stack.world.write(at("B", wrong, 1));
                stack.deliver_stream().await;
                stack.world.write(at("A", A, 2));
                stack.world.write(at("B", B, 2));
                stack.deliver_stream().await;
            })
        },
    },
    Scenario {
        name: "the one-stop software pushes, in order and again",
        required: &[("result", A), ("result", B)],
        asked: 0,
        play: |stack| {
            Box::pin(async {
                let snapshot = |code, phone, changes| json!(dossier(code, phone, changes));
                let opened = snapshot("A", A, json!({}));
                let done = snapshot("A", A, json!({"revision": 2, "step": "Trả kết quả"}));
                let other = snapshot("B", B, json!({"step": "Trả kết quả"}));
                stack.push(&json!([opened, done])).await;
                stack.push(&json!([other, done])).await;
                assert_eq!(stack.push(&json!([done, opened])).await, ["stored", "stale"]);
                stack.deliver_stream().await;
            })
        },
    },
    Scenario {
        name: "a text to 8083, its dossier changing at each delivery",
        required: &[],
        asked: 2,
        play: |stack| {
            Box::pin(async {
                let mut replies = Vec::new();
                for (revision, (id, sender)) in [("m-1", A), ("m-2", B), ("m-1", A), ("m-2", B)].into_iter().enumerate()
                {
                    let step = json!({"revision": revision + 1, "step": format!("Bước {revision}")});
                    stack.world.write(dossier("A", C, step));
                    replies.push(stack.ask(id, sender, "MCKH A").await);
                }
                assert_eq!(replies[..2], replies[2..], "delivered again: the first reply");
                let rows = stack.world.inquiries();
                let logged = ["m-1", "m-2"].map(|id| rows[&InquiryId::new("kannel", id).expect("an id")].reply.clone());
                assert_eq!(replies[..2], logged, "what was answered is what the operator's bill is checked against");
            })
        },
    },
];

/// 17:30, the stream's changes at the same time, and the second pass.
async fn an_evening(stack: &mut Stack) {
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let _ = stack.evening(half_past_five()).await;
    stack.deliver_stream().await;
    let _ = stack.evening(half_past_five()).await;
}

/// One schedule: how many calls were made, what was sent, how many duplicates there were, what was lost.
struct Outcome {
    calls: usize,
    sent: usize,
    /// Messages more than are required: also one that was sent, and whose notice is no longer true when it is claimed again.
    duplicates: usize,
    /// Notices whose message was accepted more than once.
    twice: usize,
    /// Requests that a carrier with request ids recognised as repeated.
    repeats: usize,
    lost: usize,
}

fn run(scenario: &Scenario, plan: &[(usize, Fault)]) -> Outcome {
    run_with(scenario, plan, false)
}

/// `knows_repeats`: the carrier recognises a repeated request for the same notice.
fn run_with(scenario: &Scenario, plan: &[(usize, Fault)], knows_repeats: bool) -> Outcome {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let faults = Arc::new(Faults::at(plan.iter().copied()));
        let world = Arc::new(World::at(half_past_five()));
        let mut stack = Stack::new(world.clone(), faults.clone(), notice_config(100));
        stack.ports.carrier_knows_repeats = knows_repeats;
        (scenario.play)(&mut stack).await;
        let finished = stack.send_until_idle(TimeDelta::hours(20)).await;
        assert!(
            finished,
            "{}: {plan:?}: faults are over, and notices are still open: {:#?}",
            scenario.name,
            world.outbox()
        );
        assert!(
            stack.bucket.is_empty(),
            "{}: {plan:?}: no record was unreadable, and one is in the dead-letter bucket",
            scenario.name
        );
        check(scenario, plan, &world, &faults)
    })
}

/// Invariants 1 to 4 of the design.
fn check(scenario: &Scenario, plan: &[(usize, Fault)], world: &World, faults: &Faults) -> Outcome {
    let mut required: Required = BTreeMap::new();
    for (kind, phone) in scenario.required {
        *required.entry((kind, (*phone).to_owned())).or_default() += 1;
    }
    let mut accepted: Required = BTreeMap::new();
    for message in world.accepted() {
        *accepted.entry((kind_of(&message.text).as_str(), message.phone)).or_default() += 1;
    }
    for (id, row) in world.outbox() {
        assert!(row.state.is_final(), "{}: {plan:?}: {id} is {}", scenario.name, row.state);
        if row.phone_at_fault {
            // The number was corrected, so the citizen gets a newer notice.
            assert_eq!(id.key, NoticeKey::Result(1), "{}: {plan:?}: {id} {row:?}", scenario.name);
        } else if row.state == State::Cancelled {
            // Only a notice that is really no longer true is cancelled; the citizen gets the newer notice.
            let today = day_in_vietnam(world.now());
            let verdict = still_true(&id.key, &world.dossier(&id.receipt_code), today, &ClosedSteps::default());
            let superseded = row.reason.as_deref() == Some("a later revision requires the same notice");
            assert!(superseded || matches!(verdict, StillTrue::No(_)), "{}: {plan:?}: {id} {row:?}", scenario.name);
            if superseded {
                continue;
            }
            let dossier = world.dossier(&id.receipt_code);
            let Some(Contact::Mobile(phone)) = dossier.contact() else { panic!("a phone") };
            let phone = phone.as_e164().to_owned();
            *required.get_mut(&(id.key.kind().as_str(), phone)).expect("it is required") -= 1;
        } else {
            assert_eq!(row.state, State::Sent, "{}: {plan:?}: {id} {row:?}", scenario.name);
        }
    }
    for notice in accepted.keys() {
        assert!(required.contains_key(notice), "{}: {plan:?}: {notice:?} was sent and is not required", scenario.name);
    }
    let ambiguous = faults.injected().iter().filter(|fault| !fault.is_definite()).count();
    let rows = world.inquiries().len();
    let notices: BTreeSet<NoticeId> = world.accepted().into_iter().map(|message| message.notice).collect();
    let mut outcome = Outcome {
        twice: world.accepted().len() - notices.len(),
        repeats: world.repeats(),
        calls: faults.calls(),
        sent: world.accepted().len() + rows,
        duplicates: rows.saturating_sub(scenario.asked),
        lost: scenario.asked.saturating_sub(rows),
    };
    assert_eq!(rows, scenario.asked, "{}: {plan:?}: one row a message", scenario.name);
    for (notice, required) in &required {
        let accepted = accepted.get(notice).copied().unwrap_or(0);
        outcome.lost += required.saturating_sub(accepted);
        outcome.duplicates += accepted.saturating_sub(*required);
        assert!(
            accepted <= required + ambiguous,
            "{}: {plan:?}: {notice:?} was sent {accepted} times with {ambiguous} crashes or ambiguous outcomes",
            scenario.name
        );
    }
    assert_eq!(outcome.lost, 0, "{}: {plan:?}: lost", scenario.name);
    outcome
}

fn line(scenario: &Scenario, faults: &str) -> Line {
    Line::of(format!("{faults}: {}", scenario.name))
}

fn add(line: &mut Line, outcome: &Outcome) {
    line.add(outcome.sent, outcome.duplicates, outcome.lost);
}

#[test]
fn one_fault_anywhere_loses_nothing() {
    for scenario in &SCENARIOS {
        let calls = run(scenario, &[]).calls;
        let mut line = line(scenario, "one crash point");
        for (place, fault) in (0..calls).flat_map(|place| Fault::ALL.map(|fault| (place, fault))) {
            add(&mut line, &run(scenario, &[(place, fault)]));
        }
        line.record();
    }
}

#[test]
fn one_fault_anywhere_sends_nothing_twice_through_a_carrier_that_knows_repeats() {
    let mut repeats = 0;
    for scenario in &SCENARIOS {
        let calls = run_with(scenario, &[], true).calls;
        let mut line = line(scenario, "one crash point, a carrier with request ids");
        for (place, fault) in (0..calls).flat_map(|place| Fault::ALL.map(|fault| (place, fault))) {
            let outcome = run_with(scenario, &[(place, fault)], true);
            repeats += outcome.repeats;
            line.add(outcome.sent, outcome.twice, outcome.lost);
        }
        line.record();
        assert_eq!((line.duplicates, line.lost), (0, 0), "{}", scenario.name);
    }
    assert!(repeats > 0, "no request was repeated: this shows nothing");
}

#[test]
#[ignore = "minutes: make prove"]
fn two_faults_anywhere_send_nothing_twice_through_a_carrier_that_knows_repeats() {
    for scenario in &SCENARIOS[..4] {
        let calls = run_with(scenario, &[], true).calls;
        let mut line = line(scenario, "every pair, a carrier with request ids");
        for first in 0..calls {
            for second in first + 1..calls + 6 {
                for (a, b) in Fault::ALL.into_iter().flat_map(|a| Fault::ALL.map(|b| (a, b))) {
                    let outcome = run_with(scenario, &[(first, a), (second, b)], true);
                    line.add(outcome.sent, outcome.twice, outcome.lost);
                }
            }
        }
        line.record();
        assert_eq!((line.duplicates, line.lost), (0, 0), "{}", scenario.name);
    }
}

#[test]
fn two_faults_anywhere_lose_nothing_of_a_result() {
    every_pair(&SCENARIOS[..1]);
}

#[test]
#[ignore = "65,000 schedules, minutes: make prove"]
fn two_faults_anywhere_lose_nothing() {
    every_pair(&SCENARIOS[1..]);
}

fn every_pair(scenarios: &[Scenario]) {
    for scenario in scenarios {
        let calls = run(scenario, &[]).calls;
        let mut line = line(scenario, "every pair");
        for first in 0..calls {
            for second in first + 1..calls + 6 {
                for (a, b) in Fault::ALL.into_iter().flat_map(|a| Fault::ALL.map(|b| (a, b))) {
                    add(&mut line, &run(scenario, &[(first, a), (second, b)]));
                }
            }
        }
        line.record();
    }
}

#[test]
fn without_a_fault_nothing_is_sent_twice() {
    for scenario in &SCENARIOS {
        let outcome = run(scenario, &[]);
        let required = scenario.required.len() + scenario.asked;
        assert_eq!((outcome.sent, outcome.duplicates), (required, 0), "{}", scenario.name);
    }
}
