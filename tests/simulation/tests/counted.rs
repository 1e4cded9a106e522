//! The exact cost of each job: calls of AWS, request units and round trips. A change that costs more fails here.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use serde_json::json;
use simulation::aws::{Stack, record};
use simulation::fault::{Faults, ROUND_TRIP};
use simulation::meter::Spent;
use simulation::promises::in_virtual_time;
use simulation::scenario::{dossier, evening_of, notice_config, phone};
use simulation::world::World;

/// A stack whose rate delays no notice, with one dossier in progress.
fn stack() -> Stack {
    let began = "2026-11-24T02:00:00Z".parse().expect("a time");
    let stack = Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), notice_config(1_000_000));
    stack.world.restore(dossier("0161701234", "0912345678", json!({})));
    stack
}

/// What `job` costs, and for how many round trips it waits.
async fn spent_by<T>(stack: &Stack, job: impl Future<Output = T>) -> (Spent, f64) {
    let (before, began) = (stack.world.meter.spent(), stack.world.now());
    job.await;
    let took = (stack.world.now() - began).to_std().expect("forward");
    (stack.world.meter.spent() - before, took.as_secs_f64() / ROUND_TRIP.as_secs_f64())
}

fn calls(spent: &Spent) -> BTreeMap<&'static str, u64> {
    spent.calls.clone()
}

#[test]
fn a_lookup_waits_for_two_calls_of_dynamodb_and_the_count_and_the_event_run_beside_them() {
    in_virtual_time(async {
        let stack = stack();
        for (id, text) in [("1", "MCKH 0161701234"), ("1", "MCKH 0161701234"), ("2", "MCKH 0161709999")] {
            let (spent, waits) = spent_by(&stack, stack.ask(id, "84912345678", text)).await;
            let expected = [("GetItem", 1), ("UpdateItem", 1), ("PutItem", 1), ("PutEvents", 1)];
            assert_eq!(calls(&spent), BTreeMap::from(expected), "{text}");
            assert_eq!(waits, 2.0, "{text}");
            assert!(spent.write_units <= 3 && spent.half_read_units == 2, "{spent:?}");
        }
        let (spent, waits) = spent_by(&stack, stack.ask("3", "84912345678", "xin chào")).await;
        assert_eq!(calls(&spent), BTreeMap::from([("UpdateItem", 1), ("PutItem", 1), ("PutEvents", 1)]));
        assert_eq!(waits, 2.0, "no dossier to read; the count comes first");
    });
}

#[test]
fn a_notice_that_goes_at_once_takes_two_writes_and_one_publish() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.world.write(dossier("0161701234", "0912345678", json!({"revision": 2, "step": "Trả kết quả"})));
        let (before, began) = (stack.world.meter.spent(), stack.world.now());
        stack.deliver_stream().await;
        let spent = stack.world.meter.spent() - before;
        // Enqueued and claimed in one write, completed; and a reservation of the rate limiter, and the event.
        let expected = [("PutItem", 1), ("UpdateItem", 1 + 1), ("Publish", 1), ("PutEvents", 1)];
        assert_eq!(calls(&spent), BTreeMap::from(expected));
        assert_eq!((spent.messages, spent.parts, spent.write_units), (1, 3, 2 + 1 + 3));
        assert_eq!(stack.world.now() - began, TimeDelta::milliseconds(5 * 5));
    });
}

/// The goal: on an idle stack a notice is accepted within five seconds. Here each call takes a hundred times as long as
/// it does usually, and the rate is the template's default.
#[test]
fn a_notice_on_an_idle_stack_is_accepted_within_five_seconds_even_if_each_call_takes_half_a_second() {
    in_virtual_time(async {
        let world = World::at("2026-11-24T02:00:00Z".parse().expect("a time"));
        let slow = Faults::slow(ROUND_TRIP * 100);
        let mut stack = Stack::new(Arc::new(world), Arc::new(slow), notice_config(10));
        stack.world.restore(dossier("0161701234", "0912345678", json!({})));
        stack.world.write(dossier("0161701234", "0912345678", json!({"revision": 2, "step": "Trả kết quả"})));
        let changed_at = stack.world.now();
        stack.deliver_stream().await;
        let accepted = stack.world.accepted();
        assert_eq!(accepted.len(), 1);
        let took = accepted[0].at - changed_at;
        assert!(took <= TimeDelta::seconds(5), "{took}");
    });
}

#[test]
fn a_change_that_requires_no_notice_costs_no_call() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.world.write(dossier("0161701234", "0912345678", json!({"revision": 2, "step": "Trình ký"})));
        let before = stack.world.meter.spent();
        stack.deliver_stream().await;
        assert_eq!(stack.world.meter.spent() - before, Spent::default());
    });
}

#[test]
fn a_late_notice_takes_three_writes_two_reads_and_one_publish() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.notice_config.window = "10:00-21:00".parse().expect("opens in an hour");
        stack.world.write(dossier("0161701234", "0912345678", json!({"revision": 2, "step": "Trả kết quả"})));
        let before = stack.world.meter.spent();
        stack.deliver_stream().await;
        assert_eq!(calls(&(stack.world.meter.spent() - before)), BTreeMap::from([("PutItem", 1)]));
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        let (ran, _) = spent_by(&stack, stack.send_due()).await;
        assert_eq!(ran.messages, 1);
        // Claimed and completed, and a reservation of the rate limiter.
        assert_eq!(ran.calls_of("UpdateItem"), 2 + 1);
        assert_eq!((ran.calls_of("GetItem"), ran.calls_of("Publish"), ran.calls_of("PutItem")), (1, 1, 0));
    });
}

#[test]
fn a_minute_in_which_nothing_is_due_looks_once_at_each_priority() {
    in_virtual_time(async {
        let stack = stack();
        let (spent, waits) = spent_by(&stack, stack.send_due()).await;
        assert_eq!(calls(&spent), BTreeMap::from([("Query", 3)]));
        assert_eq!((spent.write_units, spent.half_read_units), (0, 3));
        assert_eq!(waits, 2.0, "results and supplements, then apologies; beside them the replies of 8083");
    });
}

#[test]
fn a_batch_of_a_hundred_waits_for_four_round_trips_a_round_of_sixteen() {
    in_virtual_time(async {
        let stack = stack();
        let records: Vec<_> = (0..100)
            .map(|number| {
                let code = format!("016{number:07}");
                let under_way = dossier(&code, &phone(number), json!({}));
                let done = dossier(&code, &phone(number), json!({"revision": 2, "step": "Trả kết quả"}));
                let at = stack.world.now();
                record(number, &simulation::world::Written { old: Some(under_way), new: Some(done), at })
            })
            .collect();
        let (spent, waits) = spent_by(&stack, stack.notify(&records)).await;
        assert_eq!((spent.messages, spent.calls_of("PutItem"), spent.calls_of("PutEvents")), (100, 100, 10));
        let rounds = 100_u32.div_ceil(16);
        assert!(waits <= f64::from(4 * rounds + 1), "{waits} round trips, {rounds} rounds and the events");
    });
}

/// At most a thousand rows in any second.
fn one_key_takes_what_is_put(stack: &Stack) {
    let mut puts: Vec<_> = stack.world.outbox().values().map(|row| row.enqueued_at).collect();
    puts.sort();
    assert!(puts.windows(1_001).all(|rows| rows[1_000] - rows[0] >= chrono::TimeDelta::seconds(1)));
}

#[test]
fn two_plans_at_once_and_a_slow_table_keep_the_pace_too() {
    in_virtual_time(async {
        let stack = evening_of(4_000, Faults::none(), 10).await;
        let now = stack.world.now();
        tokio::join!(stack.plan(now), stack.plan(now));
        assert_eq!(stack.world.outbox().len(), 4_000);
        one_key_takes_what_is_put(&stack);

        let slow_at_first = Faults::outage(std::time::Duration::from_secs(61), std::time::Duration::from_secs(20));
        let stack = evening_of(4_000, slow_at_first, 10).await;
        stack.plan(stack.world.now()).await.expect("planned");
        assert_eq!(stack.world.outbox().len(), 4_000);
        one_key_takes_what_is_put(&stack);
    });
}

#[test]
fn an_evening_is_planned_with_one_write_a_dossier_and_read_a_page_at_a_time() {
    in_virtual_time(async {
        const DUE: u64 = 2_000;
        let mut stack = evening_of(DUE as usize, Faults::none(), 10).await;
        stack.notice_config.window = "07:00-08:00".parse().expect("closed: planned only");
        let (first, waits) = spent_by(&stack, stack.plan(stack.world.now())).await;
        assert_eq!(first.calls_of("PutItem"), DUE);
        // Pages of 500, each with its five calls for the rows that exist already.
        assert_eq!((first.calls_of("Query"), first.calls_of("BatchGetItem")), (DUE / 500, DUE / 100));
        assert_eq!((first.calls_of("PutEvents"), first.calls_of("Publish")), (1, 0));
        // 700 rows per second, because they all have one key of the index `open`; the first page at once. A round trip
        // takes 5 ms.
        let paced = (DUE - 500) as f64 / 700.0 / 0.005;
        assert!((paced - 1.0..=paced + 60.0).contains(&waits), "{waits} round trips, {paced} of pace");
        one_key_takes_what_is_put(&stack);

        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        let (second, _) = spent_by(&stack, stack.plan(stack.world.now())).await;
        assert_eq!(second.calls_of("PutItem"), 0, "the second pass puts nothing again");
        assert_eq!(second.write_units, 0);
    });
}
