//! A province's evening and a ministry's hour, in virtual time: `make prove`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::lifecycle::State;
use serde_json::json;
use simulation::aws::Stack;
use simulation::desk::{dossier, evening_of, phone, terms};
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::world::World;

const RATE: u32 = 10;

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

/// Everybody due tomorrow was told once, at the rate.
async fn all_are_told(stack: &Stack, due: usize) {
    assert_eq!(stack.world.ledger().len(), due, "the ledger is complete");
    assert!(stack.redeliver_until_quiet(TimeDelta::hours(24)).await);
    assert_eq!(states(&stack.world), BTreeMap::from([(State::Sent, due)]));
    assert_eq!(stack.world.accepted().len(), due);
    keeps_the_rate(&stack.world);
}

const PROVINCE: usize = 100_000;

#[test]
#[ignore = "half a minute: make prove"]
fn a_hundred_thousand_apologies_are_planned_and_sent_at_the_rate() {
    in_virtual_time(async {
        let stack = evening_of(PROVINCE, Faults::none(), RATE).await;
        let began = stack.world.now();
        let plan = stack.evening(began).await.expect("it ran");
        assert_eq!((plan.due, plan.planned), (PROVINCE as u64, PROVINCE as u64));
        let planned = stack.world.now();
        all_are_told(&stack, PROVINCE).await;
        println!("\n100,000 apologies, {RATE} parts a second, 5 ms a call");
        println!("  planned and the first minute sent  {:>8} s", (planned - began).num_seconds());
        println!(
            "  all sent                           {:>8} s  (at the rate alone: 40,000)",
            (stack.world.now() - began).num_seconds()
        );
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn planning_that_is_killed_at_fifteen_minutes_is_resumed_where_it_was() {
    in_virtual_time(async {
        // So slow a table that one run cannot plan them all; nor could the next, if it began again from the first.
        let stack = evening_of(PROVINCE, Faults::slow(Duration::from_millis(700)), RATE).await;
        let began = stack.world.now();
        let plan = stack.evening(began).await.expect("Lambda's second try");
        assert_eq!((plan.due, plan.planned + plan.already_planned), (PROVINCE as u64, PROVINCE as u64));
        let killed_at = plan.already_planned as usize;
        assert!(killed_at > PROVINCE / 2 && killed_at < PROVINCE, "{plan:?}");
        println!("\n100,000 apologies, 700 ms a call: killed at 15 minutes with {killed_at} planned, and resumed");
        println!("  all planned                        {:>8} s", (stack.world.now() - began).num_seconds());
        all_are_told(&stack, PROVINCE).await;
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn twenty_thousand_changes_in_an_hour_are_told_at_the_rate() {
    in_virtual_time(async {
        const CHANGES: usize = 20_000;
        let began = "2026-11-24T02:00:00Z".parse().expect("a time");
        let mut stack = Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), terms(RATE));
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
