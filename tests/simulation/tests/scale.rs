//! A province's evening and a ministry's hour, in virtual time: `make prove`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::lifecycle::State;
use serde_json::json;
use simulation::aws::Stack;
use simulation::desk::{dossier, terms};
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::world::World;

const RATE: u32 = 10;

fn stack(began: &str) -> Stack {
    let began: DateTime<Utc> = began.parse().expect("a time");
    Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), terms(RATE))
}

fn phone(number: usize) -> String {
    format!("+8491{number:07}")
}

/// Resident memory of this process, in MB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) / 1024
}

/// In any t seconds at most rate·t parts, plus one message: between any two messages lies at least the time that the
/// first of them and all up to the second take.
fn keeps_the_rate(world: &World) {
    const ROUND_TRIP: i64 = 12;
    let (mut paid, mut latest) = (0, i64::MIN);
    for message in world.accepted() {
        let begins = message.at.timestamp_millis() - paid * 1000 / i64::from(RATE);
        assert!(begins + ROUND_TRIP >= latest, "{} ms too early at {}", latest - begins, message.at);
        latest = latest.max(begins);
        paid += i64::from(domain::sms::Sms::new(&message.text).parts);
    }
}

fn states(world: &World) -> BTreeMap<State, usize> {
    world.ledger().values().fold(BTreeMap::new(), |mut states, row| {
        *states.entry(row.state).or_default() += 1;
        states
    })
}

#[test]
#[ignore = "half a minute: make prove"]
fn a_hundred_thousand_apologies_are_planned_and_sent_at_the_rate() {
    in_virtual_time(async {
        const DUE: usize = 100_000;
        let stack = stack("2026-11-24T10:29:00Z");
        for number in 0..DUE {
            stack.world.write(dossier(&format!("016{number:07}"), &phone(number), json!({})));
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        let began = stack.world.now();
        // Killed after 5 seconds of planning, then fired again: the plan is resumed, nothing is owed twice.
        let killed = tokio::time::timeout(Duration::from_secs(5), stack.evening(began)).await;
        assert!(killed.is_err());
        let half_way = stack.world.ledger().len();
        assert!((1..DUE).contains(&half_way), "killed in the middle of it: {half_way}");
        let plan = stack.evening(began).await.expect("it ran");
        assert_eq!((plan.due, plan.planned + plan.already_planned), (DUE as u64, DUE as u64));
        let planned = stack.world.now();
        assert_eq!(stack.world.ledger().len(), DUE, "the ledger is complete");
        assert!(stack.redeliver_until_quiet(TimeDelta::hours(24)).await);
        let done = stack.world.now();
        assert_eq!(states(&stack.world), BTreeMap::from([(State::Sent, DUE)]));
        assert_eq!(stack.world.accepted().len(), DUE);
        keeps_the_rate(&stack.world);
        println!("\n100,000 apologies, {RATE} parts a second, 5 ms a call");
        println!("  planned and the first minute sent  {:>8} s", (planned - began).num_seconds());
        println!(
            "  all sent                           {:>8} s  (at the rate alone: 40,000)",
            (done - began).num_seconds()
        );
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn twenty_thousand_changes_in_an_hour_are_told_at_the_rate() {
    in_virtual_time(async {
        const CHANGES: usize = 20_000;
        let mut stack = stack("2026-11-24T02:00:00Z");
        let began = stack.world.now();
        for minute in 0..60 {
            for number in 0..CHANGES / 60 + usize::from(minute < CHANGES % 60) {
                let code = format!("016{:07}", minute * 1_000 + number);
                stack.world.write(dossier(&code, &phone(minute * 1_000 + number), json!({"step": "Trả kết quả"})));
            }
            let next = began + TimeDelta::minutes(minute as i64 + 1);
            stack.deliver_stream().await;
            if let Ok(pause) = (next - stack.world.now()).to_std() {
                tokio::time::sleep(pause).await;
            }
        }
        let owed = stack.world.now();
        assert_eq!(stack.world.ledger().len(), CHANGES, "the ledger is complete");
        assert!(stack.redeliver_until_quiet(TimeDelta::hours(12)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([(State::Sent, CHANGES)]));
        assert_eq!(stack.world.accepted().len(), CHANGES);
        keeps_the_rate(&stack.world);
        println!("\n20,000 results in an hour, {RATE} parts a second");
        println!("  all in the ledger                  {:>8} s", (owed - began).num_seconds());
        println!(
            "  all sent                           {:>8} s  (at the rate alone: 6,000)",
            (stack.world.now() - began).num_seconds()
        );
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn planning_takes_the_memory_of_a_page_not_of_a_province() {
    in_virtual_time(async {
        let mut took = Vec::new();
        for due in [1_000, 50_000] {
            let mut stack = stack("2026-11-24T10:29:00Z");
            stack.terms.window = "07:00-08:00".parse().expect("closed: planned only");
            for number in 0..due {
                stack.world.write(dossier(&format!("016{number:07}"), &phone(number), json!({})));
            }
            tokio::time::sleep(Duration::from_secs(60)).await;
            // Once, so that the world has its rows; the second pass adds none, and what it takes is the function's own.
            stack.evening(stack.world.now()).await.expect("it ran");
            let before = memory();
            let plan = stack.evening(stack.world.now()).await.expect("it ran");
            assert_eq!(plan.already_planned, due as u64);
            took.push(memory().saturating_sub(before));
        }
        println!("\nplanning 1,000 and 50,000 apologies took {} and {} MB", took[0], took[1]);
        assert!(took[1] <= took[0] + 16, "{took:?} MB");
    });
}
