//! The fault table: one guarantee per test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use application::ports::{Clock, SendError};
use application::sending::Tally;
use chrono::{DateTime, TimeDelta, Utc};
use domain::NoticeKind;
use domain::notice::lifecycle::State;
use sender::Started;
use serde_json::{Value, json};
use simulation::aws::{Stack, kind_of, record};
use simulation::fault::{Fault, Faults};
use simulation::promises::in_virtual_time;
use simulation::proof::{Line, proved};
use simulation::scenario::{dossier, notice_config, phone};
use simulation::world::{Accepted, World};

fn vn(time: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{time}+07:00")).expect("a time").to_utc()
}

fn half_past_five() -> DateTime<Utc> {
    vn("2026-11-24T17:30:00")
}

fn stack_at(began: DateTime<Utc>, faults: Faults, rate: u32) -> Stack {
    Stack::new(Arc::new(World::at(began)), Arc::new(faults), notice_config(rate))
}

/// A stack at 17:30 without any fault.
fn stack() -> Stack {
    stack_at(half_past_five(), Faults::none(), 100)
}

/// The same with a sending window.
fn stack_with_window(window: &str, began: DateTime<Utc>, faults: Faults, rate: u32) -> Stack {
    let mut stack = stack_at(began, faults, rate);
    stack.notice_config.window = window.parse().expect("a window");
    stack
}

/// A stack at 22:00, when the sending window is closed: every notice waits until [`seven`].
fn stack_at_night(faults: Faults, rate: u32) -> Stack {
    stack_with_window("07:00-21:00", vn("2026-11-24T22:00:00"), faults, rate)
}

/// The end of the night of [`stack_at_night`].
fn seven() -> DateTime<Utc> {
    vn("2026-11-25T07:00:00")
}

/// That many dossiers that reach "Trả kết quả".
fn results(stack: &Stack, number: usize) {
    for each in 0..number {
        stack.world.write(dossier(&format!("R{each}"), &phone(each), json!({"step": "Trả kết quả"})));
    }
}

/// That many dossiers that are due tomorrow.
fn due_tomorrow(stack: &Stack, number: usize) {
    for each in 0..number {
        stack.world.write(dossier(&format!("D{each}"), &phone(5_000_000 + each), json!({})));
    }
}

/// What was written to the stream from that place on, as Lambda delivers it.
fn records(stack: &Stack, from: usize) -> Vec<Value> {
    stack.world.stream_from(from).iter().enumerate().map(|(place, written)| record(place, written)).collect()
}

async fn minutes(number: u64) {
    tokio::time::sleep(Duration::from_secs(60 * number)).await;
}

fn states(world: &World) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for row in world.outbox().values() {
        *states.entry(row.state.as_str()).or_default() += 1;
    }
    states
}

/// Every required notice was sent, once.
fn all_sent_once(stack: &Stack, required: usize) {
    assert_eq!(states(&stack.world), BTreeMap::from([("sent", required)]));
    let mut texts: Vec<String> = stack.world.accepted().into_iter().map(|message| message.text).collect();
    texts.sort();
    texts.dedup();
    assert_eq!((texts.len(), stack.world.accepted().len()), (required, required));
}

/// SNS gives this answer until `until`.
fn sns_fails(stack: &mut Stack, until: DateTime<Utc>, error: SendError) {
    stack.ports.sns = Arc::new(move |_, now| (now < until).then(|| error.clone()));
}

/// SNS refuses that number, and accepts all others.
fn sns_refuses(stack: &mut Stack, number: String) {
    let refused = SendError::WrongNumber("InvalidParameter: PhoneNumber".into());
    stack.ports.sns = Arc::new(move |to, _| (to.as_e164() == number).then(|| refused.clone()));
}

#[test]
fn dynamodb_down_for_ten_minutes_or_an_hour_loses_nothing() {
    in_virtual_time(async {
        for (minutes, seconds_until) in [(10, 0), (10, 1), (10, 5), (60, 0), (60, 1), (60, 5)] {
            let outage = Faults::outage(Duration::from_secs(seconds_until), Duration::from_secs(60 * minutes));
            let mut stack = stack_at(half_past_five(), outage, 100);
            results(&stack, 5);
            due_tomorrow(&stack, 5);
            stack.deliver_stream().await;
            tokio::time::sleep(Duration::from_secs(1)).await; // the index by appointment lags
            while stack.evening(half_past_five()).await.is_none() {}
            assert!(stack.send_until_idle(TimeDelta::hours(2)).await, "{:?}", states(&stack.world));
            all_sent_once(&stack, 10);
            assert!(stack.bucket.is_empty());
            proved(
                if minutes == 10 { "DynamoDB down for ten minutes" } else { "DynamoDB down for an hour" },
                &stack,
                10,
            );
        }
    });
}

/// Here Lambda retries at once: AWS documents no pause, so an outage must not require one.
#[test]
fn the_tries_of_a_batch_outlast_an_hour_and_the_template_says_so_too() {
    let mapping = simulation::aws::Mapping::default();
    // While a record is young, the pauses are as short as its age: 1 s, 2 s, 4 s, … 32 s.
    let whole_pauses = mapping.retries as i32 - 6;
    assert!(notify::RETRY_PAUSE * whole_pauses > TimeDelta::hours(1));
    assert!(mapping.age > TimeDelta::hours(2), "nor may age end it");
    let template = include_str!("../../../template.yaml");
    let (_, stream) = template.split_once("BisectBatchOnFunctionError: true").expect("the stream's mapping");
    for setting in [
        format!("MaximumRetryAttempts: {}\n", mapping.retries),
        format!("MaximumRecordAgeInSeconds: {}\n", mapping.age.num_seconds()),
    ] {
        assert!(stream.contains(&setting), "{setting}");
    }
}

#[test]
fn dynamodb_that_throttles_one_call_in_four_for_an_hour_loses_nothing() {
    in_virtual_time(async {
        let mut stack = stack_at(half_past_five(), Faults::throttling(Duration::from_secs(3600), 4), 100);
        results(&stack, 20);
        due_tomorrow(&stack, 20);
        minutes(1).await;
        stack.deliver_stream().await;
        while stack.evening(half_past_five()).await.is_none() {}
        assert!(stack.send_until_idle(TimeDelta::hours(4)).await, "{:?}", states(&stack.world));
        assert!(stack.faults.injected().len() > 50, "{}", stack.faults.injected().len());
        all_sent_once(&stack, 40);
        assert!(stack.bucket.is_empty());
        proved("DynamoDB throttles one call in four for an hour", &stack, 40);
    });
}

#[test]
fn everything_delivered_to_two_sandboxes_at_once_is_sent_once() {
    in_virtual_time(async {
        let mut stack = stack();
        let snapshots: Vec<_> = (0..10)
            .map(|each| json!(dossier(&format!("R{each}"), &phone(each), json!({"step": "Trả kết quả"}))))
            .collect();
        let snapshots = json!(snapshots);
        let (first, second) = tokio::join!(stack.push(&snapshots), stack.push(&snapshots));
        assert_eq!((first, second), (vec!["stored".to_owned(); 10], vec!["stored".to_owned(); 10]));
        assert_eq!(stack.world.stream_from(0).len(), 10, "each was written once");
        let records = records(&stack, 0);
        let (first, second) = tokio::join!(stack.notify(&records), stack.notify(&records));
        assert_eq!((first, second), (Some(Default::default()), Some(Default::default())));
        all_sent_once(&stack, 10);
        due_tomorrow(&stack, 10);
        minutes(1).await;
        stack.notice_config.window = "07:00-17:00".parse().expect("closed now");
        stack.plan(half_past_five()).await.expect("planned only");
        stack.notice_config.window = domain::notice::sending_window::SendingWindow::ALWAYS;
        minutes(60 * 14).await;
        let (first, second) = tokio::join!(stack.send_due(), stack.send_due());
        assert!(first.expect("no crash").is_ok() && second.expect("no crash").is_ok());
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        all_sent_once(&stack, 20);
        proved("conflicts: every push, batch and run twice at once", &stack, 20);
    });
}

#[test]
fn a_lost_reply_of_publish_is_one_duplicate_and_no_loss() {
    in_virtual_time(async {
        // The first call puts and claims the row, the second reserves at the rate limiter, the third publishes.
        let mut stack = stack_at(half_past_five(), Faults::at([(2, Fault::After)]), 100);
        results(&stack, 1);
        stack.deliver_stream().await;
        assert_eq!(states(&stack.world), BTreeMap::from([("sending", 1)]), "in doubt");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([("sent", 1)]));
        assert_eq!(stack.world.accepted().len(), 2, "not promised otherwise: SNS takes no idempotency token");
        let mut line = Line::of("a lost reply of Publish");
        line.add(2, 1, 0);
        line.record();
    });
}

#[test]
fn a_carrier_that_throttles_or_is_down_for_an_hour_delays_and_sends_once() {
    for (fault, error) in
        [("SNS throttled for an hour", "Throttling"), ("Kannel down for an hour", "Connect: connection refused")]
    {
        in_virtual_time(async {
            let mut stack = stack();
            results(&stack, 20);
            sns_fails(&mut stack, half_past_five() + TimeDelta::hours(1), SendError::NotSent(error.into()));
            stack.deliver_stream().await;
            assert!(stack.send_until_idle(TimeDelta::hours(4)).await);
            all_sent_once(&stack, 20);
            proved(fault, &stack, 20);
        });
    }
}

#[test]
fn sns_that_hangs_or_answers_5xx_is_asked_again_when_the_lease_has_run_out() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 3);
        sns_fails(&mut stack, half_past_five() + TimeDelta::minutes(5), SendError::Unknown("503".into()));
        stack.deliver_stream().await;
        assert_eq!(states(&stack.world), BTreeMap::from([("sending", 3)]), "in doubt: no sender may send it yet");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        all_sent_once(&stack, 3);
        let first = stack.world.accepted()[0].at - half_past_five();
        assert!(first >= domain::notice::lifecycle::LEASE - TimeDelta::minutes(1), "{first}");
        proved("SNS hangs, or answers 5xx, for five minutes", &stack, 3);
    });
}

#[test]
fn a_refused_authorisation_stops_the_run_and_counts_no_attempt() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 40);
        let corrected = half_past_five() + TimeDelta::days(2);
        sns_fails(&mut stack, corrected, SendError::Unauthorised("AuthorizationError".into()));
        stack.deliver_stream().await;
        minutes(1).await;
        let began = stack.world.now();
        let tally = stack.send_due().await.expect("no crash").expect("it ran").notices;
        assert_eq!((tally.refused, tally.deferred), (1, 16), "no more than were under way: {tally:?}");
        assert!(stack.world.now() - began < TimeDelta::seconds(1), "the run is over");
        assert!(!stack.send_until_idle(TimeDelta::days(1)).await, "they wait for as long as it takes");
        for row in stack.world.outbox().values() {
            assert_eq!((row.state, row.attempts), (State::Pending, 0), "{row:?}");
        }
        assert!(stack.send_until_idle(TimeDelta::days(2)).await);
        all_sent_once(&stack, 40);
        proved("SNS refuses our authorisation for two days", &stack, 40);
    });
}

#[test]
fn an_invalid_number_fails_for_good_with_the_reason_and_the_others_go() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 3);
        sns_refuses(&mut stack, phone(1));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::minutes(30)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([("failed", 1), ("sent", 2)]));
        let outbox = stack.world.outbox();
        let failed = outbox.values().find(|row| row.state == State::Failed).expect("one");
        assert_eq!(failed.reason.as_deref(), Some("InvalidParameter: PhoneNumber"));
        proved("an invalid number", &stack, 2);
    });
}

#[test]
fn attempts_used_up_end_in_failed_with_the_last_reason() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 1);
        sns_fails(&mut stack, half_past_five() + TimeDelta::days(9), SendError::NotSent("Throttling".into()));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::days(3)).await);
        let row = stack.world.outbox().into_values().next().expect("one");
        assert_eq!((row.state, row.reason.as_deref()), (State::Failed, Some("given up after 20 attempts: Throttling")));
        assert!(stack.world.now() - half_past_five() > TimeDelta::hours(10), "but it was tried for hours");
        proved("SNS throttled for days: failed after 20 attempts", &stack, 0);
    });
}

#[test]
fn a_run_reports_what_it_did() {
    in_virtual_time(async {
        // Enqueued at night, when the window is closed; at two minutes past seven each notice has another outcome.
        let mut stack = stack_at_night(Faults::none(), 100);
        results(&stack, 7);
        stack.world.write(dossier("D", &phone(7), json!({"appointment_on": "2026-11-24"})));
        stack.deliver_stream().await;
        minutes(1).await;
        stack.evening(vn("2026-11-23T17:30:00")).await.expect("a day late");
        let change = json!({"revision": 2, "step": "Thẩm định"});
        stack.world.write(dossier("R0", &phone(0), change));
        let seven = seven();
        stack.ports.sns = Arc::new(move |to, now| match to.as_e164() {
            "+84910000006" => Some(SendError::Refused("InvalidParameter".into())), // when others have been accepted
            "+84910000002" => (now < seven + TimeDelta::seconds(122)).then(|| SendError::NotSent("Throttling".into())),
            "+84910000003" => Some(SendError::Unknown("503".into())),
            _ => None,
        });
        stack.ports.sleep_until(seven + TimeDelta::seconds(120)).await;
        let tally = stack.send_due().await.expect("no crash").expect("it ran").notices;
        let expected = Tally {
            sent: 4,
            parts: 8, // so short a receipt code makes it two parts
            failed: 1,
            cancelled: 1,
            expired: 1,
            deferred: 1,     // throttled, and gone within the minute
            not_accepted: 2, // one throttled, one without an answer
            in_doubt: 1,
            refused: 0,
            oldest_due_seconds: 120,
            ..Tally::default()
        };
        assert_eq!(tally, expected);
    });
}

#[test]
fn a_bus_that_is_down_stops_no_notice() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.ports.bus_is_down = true;
        results(&stack, 10);
        due_tomorrow(&stack, 10);
        stack.deliver_stream().await;
        stack.evening(half_past_five()).await.expect("it ran");
        assert!(stack.send_until_idle(TimeDelta::minutes(10)).await);
        all_sent_once(&stack, 20);
        assert!(stack.world.events().is_empty());
        proved("the event bus is down", &stack, 20);
    });
}

#[test]
fn an_unreadable_record_goes_to_the_dead_letter_bucket_and_the_shard_continues() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 9);
        let mut records = records(&stack, 0);
        records[4]["dynamodb"]["NewImage"] = json!({"receipt_code": {"S": "R4"}, "step": {"S": "Trả kết quả"}});
        let unreadable = records[4].clone();
        let began = stack.world.now();
        stack.deliver(records).await;
        assert_eq!(stack.bucket, [unreadable]);
        let held_up = stack.world.now() - began;
        assert!(held_up < TimeDelta::minutes(1), "its tries take no time of their own: {held_up}");
        all_sent_once(&stack, 8);
        proved("a record that cannot be read", &stack, 8);
        // The cause is corrected, and the records of the dead-letter bucket are processed again; by mistake twice.
        let corrected = record(4, &stack.world.stream_from(0)[4]);
        for _ in 0..2 {
            assert_eq!(stack.notify(std::slice::from_ref(&corrected)).await, Some(notify::BatchResponse::default()));
        }
        assert!(stack.send_until_idle(TimeDelta::minutes(10)).await);
        all_sent_once(&stack, 9);
        proved("the dead-letter bucket redriven, twice", &stack, 9);
    });
}

#[test]
fn half_past_five_fired_twice_at_once_apologises_once() {
    in_virtual_time(async {
        let stack = stack();
        due_tomorrow(&stack, 30);
        minutes(1).await;
        both_at_once(&stack).await;
        assert!(stack.send_until_idle(TimeDelta::minutes(10)).await);
        all_sent_once(&stack, 30);
        proved("17:30 fired twice at once", &stack, 30);
    });
}

async fn both_at_once(stack: &Stack) {
    let (first, second) = tokio::join!(stack.evening(half_past_five()), stack.evening(half_past_five()));
    let (first, second) = (first.expect("it ran"), second.expect("it ran"));
    assert_eq!((first.planned + second.planned, first.due, second.due), (30, 30, 30));
}

#[test]
fn half_past_five_late_or_after_midnight_still_means_the_same_tomorrow() {
    in_virtual_time(async {
        for now in ["2026-11-24T23:50:00", "2026-11-25T00:10:00", "2026-11-25T09:00:00"] {
            let stack = stack_at(vn(now), Faults::none(), 100);
            due_tomorrow(&stack, 3);
            minutes(1).await;
            stack.evening(half_past_five()).await.expect("it ran");
            assert!(stack.send_until_idle(TimeDelta::minutes(10)).await);
            all_sent_once(&stack, 3);
            proved("17:30 fired late, after midnight, or next morning", &stack, 3);
        }
    });
}

#[test]
fn half_past_five_not_fired_at_all_is_made_up_for_by_the_second_pass() {
    in_virtual_time(async {
        let stack = stack();
        due_tomorrow(&stack, 5);
        minutes(5).await;
        // The rule of 17:35 has the same "tomorrow".
        let plan = stack.evening(half_past_five() + TimeDelta::minutes(5)).await.expect("it ran");
        assert_eq!((plan.planned, plan.already_planned), (5, 0));
        assert!(stack.send_until_idle(TimeDelta::minutes(10)).await);
        all_sent_once(&stack, 5);
        proved("the 17:30 rule does not run: 17:35 plans them", &stack, 5);
    });
}

#[test]
fn half_past_five_a_day_and_a_half_late_sends_no_apology() {
    in_virtual_time(async {
        let stack = stack_at(vn("2026-11-26T08:00:00"), Faults::none(), 100);
        due_tomorrow(&stack, 3);
        minutes(1).await;
        assert_eq!(stack.evening(half_past_five()).await, Some(apology::Plan::default()));
        assert!(stack.world.outbox().is_empty());
        proved("17:30 a day and a half late: no apology is sent", &stack, 0);
    });
}

#[test]
fn what_is_no_longer_true_between_plan_and_claim_is_not_sent() {
    in_virtual_time(async {
        // At 22:00 the window is closed: everything that is planned waits until 07:00.
        let mut stack = stack_at_night(Faults::none(), 100);
        for code in ["MOVED", "DONE", "REMOVED", "NO-PHONE", "STILL"] {
            stack.world.write(dossier(code, &phone(1), json!({})));
        }
        stack.world.write(dossier("REOPENED", &phone(1), json!({"step": "Trả kết quả"})));
        stack.deliver_stream().await;
        minutes(1).await;
        stack.evening(half_past_five()).await.expect("it ran");
        assert_eq!(states(&stack.world), BTreeMap::from([("pending", 6)]));
        assert!(stack.world.accepted().is_empty(), "no SMS at night");
        let change = |code: &str, changes: Value| {
            let mut changes = changes;
            changes["revision"] = json!(2);
            stack.world.write(dossier(code, &phone(1), changes));
        };
        change("MOVED", json!({"appointment_on": "2026-11-30"}));
        change("DONE", json!({"step": "Trả kết quả", "silent": true}));
        change("NO-PHONE", json!({"phone": null}));
        change("REOPENED", json!({"step": "Thẩm định"}));
        stack.world.remove(&domain::ReceiptCode::parse("REMOVED").expect("a code"));
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([("cancelled", 5), ("sent", 1)]));
        let sent = stack.world.accepted();
        assert!(sent.len() == 1 && sent[0].text.contains("(MS: STILL)") && sent[0].at >= seven());
        proved("no longer true between plan and claim, in five ways", &stack, 1);
    });
}

#[test]
fn a_result_reached_again_before_the_first_notice_was_sent_causes_one_notice() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        for (revision, step) in [(1, "Trả kết quả"), (2, "Thẩm định"), (3, "Trả kết quả")] {
            stack.world.write(dossier("A", &phone(1), json!({"revision": revision, "step": step})));
        }
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([("cancelled", 1), ("sent", 1)]));
        assert_eq!(stack.world.accepted().len(), 1);
        proved("a result reached again before its first notice was sent", &stack, 1);
    });
}

#[test]
fn an_evening_that_the_window_cuts_goes_on_at_seven_and_expires_with_its_day() {
    in_virtual_time(async {
        // 4 parts each at 1 part a second from 20:55: 75 before 21:00, the rest from 07:00 on.
        let stack = stack_with_window("07:00-21:00", vn("2026-11-24T20:54:00"), Faults::none(), 1);
        due_tomorrow(&stack, 200);
        minutes(1).await;
        let plan = stack.evening(half_past_five()).await.expect("it ran");
        assert!(plan.overrun_minutes >= 8, "the alarm is raised at once: {plan:?}");
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        all_sent_once(&stack, 200);
        let (evening, morning): (Vec<_>, Vec<_>) =
            stack.world.accepted().into_iter().partition(|message| message.at < vn("2026-11-24T21:00:05"));
        assert!(!evening.is_empty() && !morning.is_empty());
        assert!(morning.iter().all(|message| message.at >= seven()), "no SMS at night");
        proved("the sending window closes in the middle of an evening", &stack, 200);

        let mut stack = stack_at(half_past_five(), Faults::none(), 1);
        due_tomorrow(&stack, 3);
        minutes(1).await;
        sns_fails(&mut stack, vn("2026-11-26T06:00:00"), SendError::Unauthorised("no".into()));
        stack.evening(half_past_five()).await.expect("it ran");
        assert!(stack.send_until_idle(TimeDelta::days(3)).await);
        assert_eq!(states(&stack.world), BTreeMap::from([("expired", 3)]));
        proved("apologies past their day expire", &stack, 0);
    });
}

/// In any t seconds at most rate·t parts, plus one message.
fn keeps_the_rate(accepted: &[Accepted], rate: f64) {
    let sent: Vec<(f64, f64)> = accepted
        .iter()
        .map(|message| {
            let at = message.at.timestamp_micros() as f64 / 1e6;
            (at, f64::from(domain::text::sms::Sms::new(&message.text).parts))
        })
        .collect();
    // A message is sent at its reserved time and arrives one round trip later.
    let round_trip = 0.012;
    for first in 0..sent.len() {
        let mut parts = 0.0;
        for (at, last) in &sent[first..] {
            assert!(
                parts <= rate * (at - sent[first].0 + round_trip) + 1e-6,
                "{parts} parts in {} s",
                at - sent[first].0
            );
            parts += last;
        }
    }
}

#[test]
fn all_senders_share_one_rate_and_results_are_sent_before_apologies() {
    in_virtual_time(async {
        let mut stack = stack_at(half_past_five(), Faults::none(), 10);
        due_tomorrow(&stack, 400);
        minutes(1).await;
        stack.evening(half_past_five()).await.expect("planned, and the first of them sent");
        // In the middle of the evening a batch of results arrives: more than notify waits for.
        results(&stack, 120);
        let arrived = stack.world.now();
        let records = records(&stack, 400);
        let (answer, ran) = tokio::join!(stack.notify(&records), stack.send_due());
        assert!(answer.expect("no crash").batch_item_failures.is_empty());
        ran.expect("no crash").expect("it ran");
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        all_sent_once(&stack, 520);
        let accepted = stack.world.accepted();
        keeps_the_rate(&accepted, 10.0);
        let last_result =
            accepted.iter().rposition(|message| kind_of(&message.text) == NoticeKind::Result).expect("sent");
        let before: Vec<_> = accepted[..last_result]
            .iter()
            .filter(|message| message.at > arrived && kind_of(&message.text) == NoticeKind::Apology)
            .collect();
        assert!(before.len() <= 60, "{} apologies went before the last of 120 results", before.len());
        stack.deliver_stream().await;
        all_sent_once(&stack, 520);
        proved("notify, apology and sender at once: one rate, results first", &stack, 520);
    });
}

#[test]
fn two_senders_at_once_share_the_work_and_keep_one_rate() {
    in_virtual_time(async {
        let stack = stack_at(half_past_five(), Faults::none(), 10);
        due_tomorrow(&stack, 100);
        minutes(1).await;
        stack.plan(half_past_five()).await.expect("planned only");
        minutes(1).await;
        let (first, second) = tokio::join!(stack.send_due(), stack.send_due());
        let sent = [first, second].map(|run| run.expect("no crash").expect("it ran").notices.sent);
        assert!(sent.iter().sum::<u32>() == 100 && sent.iter().all(|sent| *sent > 20), "{sent:?}");
        all_sent_once(&stack, 100);
        keeps_the_rate(&stack.world.accepted(), 10.0);
        proved("two senders at once", &stack, 100);
    });
}

#[test]
fn clocks_five_minutes_apart_send_once() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.skews = [0, 300, -300, 150, -150].map(TimeDelta::seconds).into();
        results(&stack, 30);
        due_tomorrow(&stack, 30);
        minutes(1).await;
        stack.deliver_stream().await;
        stack.evening(half_past_five()).await.expect("it ran");
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        all_sent_once(&stack, 60);
        proved("clocks five minutes apart", &stack, 60);
    });
}

#[test]
fn a_dossier_table_restored_from_backup_causes_no_second_notice() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.world.write(dossier("A", &phone(1), json!({})));
        stack.world.write(dossier("A", &phone(1), json!({"revision": 2, "step": "Trả kết quả"})));
        stack.deliver_stream().await;
        all_sent_once(&stack, 1);
        // The backup is older than the result: the one-stop software pushes the revisions again, as it does after a
        // gap.
        stack.world.restore(dossier("A", &phone(1), json!({})));
        stack.world.write(dossier("A", &phone(1), json!({"revision": 2, "step": "Trả kết quả"})));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        all_sent_once(&stack, 1);
        proved("the dossier table restored from backup", &stack, 1);
    });
}

fn row_of(stack: &Stack, notice: &str) -> simulation::world::Row {
    let rows = stack.world.outbox();
    rows.into_iter().find(|(id, _)| id.to_string() == notice).unwrap_or_else(|| panic!("no row {notice}")).1
}

/// At "Trả kết quả" since today, as intake writes it.
fn at_result(stack: &Stack, revision: u64, phone: Value) {
    let changes = json!({"revision": revision, "step": "Trả kết quả", "phone": phone, "result_on": "2026-11-24"});
    stack.world.write(dossier("A", "", changes));
}

/// The numbers of all accepted SMS, in order.
fn phones_reached(stack: &Stack) -> Vec<String> {
    stack.world.accepted().into_iter().map(|message| message.phone).collect()
}

#[test]
fn a_phone_corrected_after_the_result_gets_one_notice_and_a_second_usable_number_none() {
    in_virtual_time(async {
        for wrong in [json!(null), json!("02583822229"), json!("không có")] {
            let mut stack = stack();
            at_result(&stack, 1, wrong.clone());
            stack.deliver_stream().await;
            assert!(stack.world.accepted().is_empty());
            let numbers = [json!(phone(1)), json!(phone(2)), wrong, json!(phone(1)), json!(phone(3))];
            for (revision, number) in numbers.into_iter().enumerate() {
                at_result(&stack, revision as u64 + 2, number);
                stack.deliver_stream().await;
            }
            assert_eq!(phones_reached(&stack), [phone(1)], "once");
            proved("a phone corrected after its result", &stack, 1);
        }
    });
}

#[test]
fn a_phone_corrected_after_the_result_was_handed_over_gets_no_notice() {
    in_virtual_time(async {
        let mut stack = stack();
        at_result(&stack, 1, json!(null));
        stack.world.write(dossier("A", &phone(1), json!({"revision": 2, "step": "Đã trả kết quả"})));
        stack.deliver_stream().await;
        assert!(stack.world.accepted().is_empty());
        let silently = json!({"step": "Trả kết quả", "phone": null, "silent": true});
        stack.world.write(dossier("B", "", silently));
        stack.world.write(dossier("B", &phone(2), json!({"revision": 2, "step": "Trả kết quả"})));
        stack.deliver_stream().await;
        assert!(stack.world.accepted().is_empty(), "the first load requires no notice");
    });
}

#[test]
fn each_time_papers_are_awaited_has_its_own_corrected_phone() {
    in_virtual_time(async {
        let mut stack = stack();
        let papers = |revision: u64, status: &str, phone: Value| {
            dossier("A", "", json!({"revision": revision, "status": status, "unit": "Bộ phận Một cửa", "phone": phone}))
        };
        for (revision, status, number) in [
            (1, "Chờ bổ sung", json!(phone(1))),
            (2, "Đang xử lý", json!(phone(1))),
            (3, "Chờ bổ sung", json!(null)),
            (4, "Chờ bổ sung", json!(phone(2))),
        ] {
            stack.world.write(papers(revision, status, number));
            stack.deliver_stream().await;
        }
        assert_eq!(phones_reached(&stack), [phone(1), phone(2)]);
    });
}

#[test]
fn a_phone_removed_before_the_notice_was_sent_and_corrected_later_gets_the_notice() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        at_result(&stack, 1, json!(phone(1)));
        at_result(&stack, 2, json!(null));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        let row = row_of(&stack, "A result#1");
        assert_eq!((row.state, row.phone_at_fault), (State::Cancelled, true));
        at_result(&stack, 3, json!(phone(2)));
        stack.deliver_stream().await;
        assert_eq!(phones_reached(&stack), [phone(2)]);
    });
}

#[test]
fn a_number_that_sns_refused_is_corrected_whenever_the_correction_comes() {
    in_virtual_time(async {
        // Refused before the correction arrives; and while the notice is being sent to the wrong number.
        for corrected_after in [0, 60] {
            let mut stack = stack();
            sns_refuses(&mut stack, phone(1));
            results(&stack, 1);
            at_result(&stack, 1, json!(phone(1)));
            stack.deliver_stream().await;
            if corrected_after > 0 {
                assert!(stack.send_until_idle(TimeDelta::minutes(30)).await);
                assert_eq!(row_of(&stack, "A result#1").state, State::Failed);
            }
            at_result(&stack, 2, json!(phone(2)));
            stack.deliver_stream().await;
            assert!(stack.send_until_idle(TimeDelta::minutes(30)).await);
            assert_eq!(phones_reached(&stack), [phone(0), phone(2)], "{corrected_after}");
        }
    });
}

#[test]
fn a_correction_that_comes_while_the_notice_is_being_sent_to_the_wrong_number_comes_again() {
    in_virtual_time(async {
        // A fault at any call of the sender, or at none: it crashes, or its update to `sent` fails.
        for strike in 0..12 {
            let fault = if strike % 2 == 0 { Fault::CrashAfter } else { Fault::Before };
            let plan = if strike > 0 { Some((strike - 1, fault)) } else { None };
            let mut stack = stack_at(half_past_five(), Faults::at(plan), 100);
            sns_refuses(&mut stack, phone(1));
            at_result(&stack, 1, json!(phone(1)));
            let first = record(0, &stack.world.stream_from(0)[0]);
            let corrected = async {
                tokio::time::sleep(Duration::from_millis(11)).await;
                at_result(&stack, 2, json!(phone(2)));
            };
            tokio::join!(stack.notify(std::slice::from_ref(&first)), corrected);
            stack.deliver_stream().await;
            assert!(stack.send_until_idle(TimeDelta::hours(2)).await, "{strike}: {:?}", states(&stack.world));
            assert_eq!(phones_reached(&stack), [phone(2)], "{strike}");
            assert!(stack.bucket.is_empty());
        }
    });
}

#[test]
fn a_row_whose_state_was_edited_by_hand_delays_no_other_and_is_counted() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        results(&stack, 40);
        stack.deliver_stream().await;
        due_tomorrow(&stack, 30);
        minutes(1).await;
        stack.plan(half_past_five()).await.expect("planned only");
        for (id, _) in stack.world.outbox().into_iter().filter(|(id, _)| id.key.kind() == NoticeKind::Result) {
            stack.world.edit_state(&id, State::Cancelled);
        }
        stack.ports.sleep_until(seven()).await;
        let tally = stack.send_due().await.expect("no crash").expect("it ran").notices;
        assert_eq!((tally.unclaimable, tally.sent), (40, 30));
        assert_eq!(stack.world.unfinished(), 0);
    });
}

#[test]
fn a_counter_in_the_far_future_is_set_back_and_counted() {
    in_virtual_time(async {
        let stack = stack();
        results(&stack, 20);
        stack.world.edit_counter((stack.world.now() + TimeDelta::days(365)).timestamp_millis());
        let records = records(&stack, 0);
        let (sender, request) = stack.sandbox();
        let deadline = stack.world.now() + TimeDelta::minutes(1);
        let (_, tally, _) = notify::notify(&sender, &notify::Batch { records }, &request, deadline).await;
        assert_eq!((tally.sent, tally.counter_resets), (0, 1), "reservations of before are kept: a minute");
        assert!(stack.send_until_idle(TimeDelta::minutes(3)).await);
        all_sent_once(&stack, 20);
        proved("the rate limiter's counter a year ahead", &stack, 20);
    });
}

#[test]
fn a_plan_that_fails_half_way_still_reports_what_it_planned() {
    in_virtual_time(async {
        let mut failed = 0;
        for after in 0..60 {
            let outage = Faults::outage(Duration::from_millis(60_000 + after), Duration::from_secs(30));
            let stack = stack_at(half_past_five(), outage, 10);
            due_tomorrow(&stack, 600);
            minutes(1).await;
            let event = apology::Scheduled { time: half_past_five() };
            let evening = apology::plan_evening(&stack.ports, &stack.notice_config, &event).await;
            assert_eq!(evening.plan.planned, stack.world.outbox().len() as u64, "{after} ms");
            assert!(evening.failed.is_some() || evening.plan.unavailable > 0, "{after} ms: it is to be repeated");
            failed += usize::from(evening.failed.is_some() && evening.plan.planned > 0);
        }
        assert!(failed > 0, "some failed between two pages");
    });
}

#[test]
fn a_run_that_fails_half_way_still_reports_what_it_sent() {
    in_virtual_time(async {
        let mut failed = 0;
        for after in (0..4_000).step_by(37) {
            let opens_in = Duration::from_secs(9 * 3600);
            let outage = Faults::outage(opens_in + Duration::from_millis(after), Duration::from_secs(30));
            let mut stack = stack_at_night(outage, 10);
            results(&stack, 40);
            stack.deliver_stream().await;
            stack.ports.sleep_until(seven()).await;
            let (notices, request) = stack.sandbox();
            let deadline = stack.world.now() + TimeDelta::minutes(1);
            let run = sender::send_due(&notices, &stack.ports, &Started::default(), &request, deadline).await;
            let sent = stack.world.outbox().values().filter(|row| row.state == State::Sent).count();
            assert_eq!(run.notices.sent as usize, sent, "{after} ms");
            failed += usize::from(run.failed.is_some() && sent > 0);
        }
        assert!(failed > 0, "some failed after they had sent something");
    });
}

#[test]
fn a_region_without_sms_fails_no_notice_and_is_counted() {
    in_virtual_time(async {
        let mut stack = stack();
        results(&stack, 40);
        let corrected = half_past_five() + TimeDelta::days(1);
        sns_fails(&mut stack, corrected, SendError::WrongNumber("InvalidParameter: PhoneNumber".into()));
        stack.deliver_stream().await;
        // The sender is one warm sandbox.
        let (notices, _) = stack.sandbox();
        let mut refused = 0;
        for minute in 0..120 {
            let next = half_past_five() + TimeDelta::minutes(minute + 1);
            let deadline = stack.world.now() + TimeDelta::seconds(70);
            let run =
                sender::send_due(&notices, &stack.ports, &Started::default(), &format!("minute-{minute}"), deadline)
                    .await;
            refused += run.notices.refused;
            stack.ports.sleep_until(next).await;
        }
        assert!(refused > 20, "the alarm's metric in every run: {refused}");
        assert_eq!(states(&stack.world), BTreeMap::from([("pending", 40)]));
        minutes(60 * 24).await;
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        all_sent_once(&stack, 40);
        proved("a region without SMS, or the sandbox: every number refused for a day", &stack, 40);
    });
}

#[test]
fn after_a_long_wait_for_the_rate_the_dossier_is_looked_at_again() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 1);
        stack.notice_config.office =
            "Trung tâm Phục vụ hành chính công tỉnh Khánh Hòa, số 01 đường Trần Phú, phường Nha Trang, tỉnh Khánh Hòa"
                .into();
        results(&stack, 2);
        stack.deliver_stream().await;
        stack.ports.sleep_until(seven()).await;
        let reopened = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stack.world.write(dossier("R1", &phone(1), json!({"revision": 2, "step": "Thẩm định"})));
        };
        let (run, ()) = tokio::join!(stack.send_due(), reopened);
        let tally = run.expect("no crash").expect("it ran").notices;
        assert_eq!((tally.sent, tally.cancelled), (1, 1));
        assert_eq!(phones_reached(&stack), [phone(0)]);
    });
}

#[test]
fn a_result_that_was_handed_over_before_its_notice_was_sent_is_not_announced() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        results(&stack, 1);
        stack.deliver_stream().await;
        stack.world.write(dossier("R0", &phone(0), json!({"revision": 2, "step": "Đã trả kết quả"})));
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        assert_eq!(row_of(&stack, "R0 result#1").reason.as_deref(), Some("the result was handed over"));
        assert!(stack.world.accepted().is_empty());
    });
}

#[test]
fn the_alarm_for_an_evening_too_long_says_when_it_really_ends() {
    in_virtual_time(async {
        // 600 apologies of 4 parts at 1 part a second: 40 minutes at the rate alone.
        let mut stack = stack_with_window("07:00-18:10", vn("2026-11-24T17:29:00"), Faults::none(), 1);
        for each in 0..600 {
            stack.world.write(dossier(&format!("016{each:07}"), &phone(each), json!({})));
        }
        minutes(1).await;
        let plan = stack.evening(half_past_five()).await.expect("it ran");
        stack.notice_config.window = domain::notice::sending_window::SendingWindow::ALWAYS;
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        let last = stack.world.accepted().last().expect("sent").at;
        let overrun = (last - vn("2026-11-24T18:10:00")).num_minutes();
        assert!(overrun > 0 && plan.overrun_minutes >= overrun, "{} predicted, {overrun} real", plan.overrun_minutes);
        assert!(plan.overrun_minutes <= overrun + 5, "{} predicted, {overrun} real", plan.overrun_minutes);
    });
}

#[test]
fn a_pushed_dossier_replaces_a_row_that_cannot_be_read_and_the_others_get_their_outcome() {
    in_virtual_time(async {
        let stack = stack();
        let code = |code: &str| domain::ReceiptCode::parse(code).expect("a code");
        stack.world.write_unreadable(&code("A"), Some(1));
        stack.world.write_unreadable(&code("B"), None);
        stack.world.write_unreadable(&code("C"), Some(9));
        let snapshots: Vec<_> =
            ["A", "B", "C", "D"].iter().map(|code| json!(dossier(code, &phone(1), json!({"revision": 2})))).collect();
        assert_eq!(stack.push(&json!(snapshots)).await, ["stored", "stored", "stored", "stored"]);
        assert!(stack.world.stored(&code("A")).is_some() && stack.world.stored(&code("B")).is_some());
    });
}

#[test]
fn a_result_closed_by_mistake_before_its_notice_was_sent_gets_it_when_reopened() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        results(&stack, 1);
        stack.deliver_stream().await;
        stack.world.write(dossier("R0", &phone(0), json!({"revision": 2, "step": "Đã trả kết quả"})));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::hours(12)).await);
        assert!(stack.world.accepted().is_empty());
        stack.world.write(dossier("R0", &phone(0), json!({"revision": 3, "step": "Trả kết quả"})));
        stack.deliver_stream().await;
        assert_eq!(phones_reached(&stack), [phone(0)]);
    });
}

#[test]
fn a_row_that_can_never_be_claimed_delays_no_apology() {
    in_virtual_time(async {
        let mut stack = stack_at_night(Faults::none(), 100);
        results(&stack, 1);
        stack.deliver_stream().await;
        due_tomorrow(&stack, 30);
        minutes(1).await;
        stack.plan(half_past_five()).await.expect("planned only");
        stack.ports.sleep_until(seven()).await;
        stack.ports.unclaimable = Some("R0".into());
        let tally = stack.send_due().await.expect("no crash").expect("it ran").notices;
        assert_eq!(tally.sent, 30, "{tally:?}");
    });
}
