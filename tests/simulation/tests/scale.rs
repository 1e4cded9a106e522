//! A province's evening and a ministry's hour, in virtual time: `make prove`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use domain::notice::lifecycle::State;
use serde_json::json;
use simulation::aws::Stack;
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::proof::{Line, figure};
use simulation::scenario::{dossier, evening_of, notice_config, phone};
use simulation::world::World;

const RATE: u32 = 10;

/// In any t seconds at most rate·t parts, plus one message: the time between any two messages is at least the time of
/// the parts from the first of them up to, not including, the second.
fn keeps_the_rate(world: &World) {
    const ROUND_TRIP: i64 = 12;
    let (mut paid, mut latest) = (0, i64::MIN);
    for message in world.accepted() {
        let begins = message.at.timestamp_millis() - paid * 1000 / i64::from(RATE);
        assert!(begins + ROUND_TRIP >= latest, "{} ms too early at {}", latest - begins, message.at);
        latest = latest.max(begins);
        paid += i64::from(domain::text::sms::Sms::new(&message.text).parts);
    }
}

fn states(world: &World) -> BTreeMap<State, usize> {
    world.outbox().values().fold(BTreeMap::new(), |mut states, row| {
        *states.entry(row.state).or_default() += 1;
        states
    })
}

/// Every required notice was sent once, within the rate.
async fn all_sent_once_at_the_rate(stack: &Stack, required: usize, what: &str) {
    assert_eq!(stack.world.outbox().len(), required, "the outbox is complete");
    let finished = stack.send_until_idle(TimeDelta::hours(24)).await;
    assert!(finished, "{:?} after {}", states(&stack.world), stack.world.now());
    assert_eq!(states(&stack.world), BTreeMap::from([(State::Sent, required)]));
    assert_eq!(stack.world.accepted().len(), required);
    keeps_the_rate(&stack.world);
    let mut line = Line::of(what);
    line.add(required, 0, 0);
    line.record();
}

fn seconds(time: TimeDelta) -> String {
    format!("{} s", time.num_seconds())
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
        all_sent_once_at_the_rate(&stack, PROVINCE, "100,000 apologies in an evening").await;
        figure(
            "100,000 apologies at 10 parts a second, 5 ms a call: planned, and a minute's sent",
            seconds(planned - began),
        );
        figure("… all sent (40,000 s at the rate alone)", seconds(stack.world.now() - began));
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn planning_that_is_killed_at_fifteen_minutes_is_resumed_where_it_was() {
    in_virtual_time(async {
        // The table is so slow that one run cannot plan all of them; a second one that began again from the first could
        // not either.
        let mut stack = evening_of(PROVINCE, Faults::slow(Duration::from_millis(700)), RATE).await;
        let began = stack.world.now();
        let plan = stack.evening(began).await.expect("Lambda's second try");
        assert_eq!((plan.due, plan.planned + plan.already_planned), (PROVINCE as u64, PROVINCE as u64));
        let killed_at = plan.already_planned as usize;
        assert!(killed_at > PROVINCE / 2 && killed_at < PROVINCE, "{plan:?}");
        assert_eq!(plan.parts_in_all, 4 * PROVINCE as u64, "what the alarm for an evening too long goes by");
        figure("100,000 apologies, 700 ms a call: planned when Lambda killed the first run", killed_at);
        figure("… all planned by the second, and a minute's sent", seconds(stack.world.now() - began));
        // At 700 ms per call a sender cannot reach 10 parts per second: the table becomes fast before the apologies are
        // sent.
        stack.ports.faults = Arc::new(Faults::none());
        all_sent_once_at_the_rate(&stack, PROVINCE, "the same on a slow table: killed at 15 minutes and resumed").await;
    });
}

#[test]
#[ignore = "half a minute: make prove"]
fn twenty_thousand_changes_in_an_hour_are_sent_at_the_rate() {
    in_virtual_time(async {
        const CHANGES: usize = 20_000;
        let began = "2026-11-24T02:00:00Z".parse().expect("a time");
        let mut stack = Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), notice_config(RATE));
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
        let required = stack.world.now();
        all_sent_once_at_the_rate(&stack, CHANGES, "20,000 results in an hour").await;
        figure("20,000 results in an hour: all in the outbox", seconds(required - began));
        figure("… all sent (6,000 s at the rate alone)", seconds(stack.world.now() - began));
    });
}
