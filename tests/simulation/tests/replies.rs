//! Replies of 8083 that are sent by a separate call (V-COM's "Send MT"): a fault at every call of the world, and the
//! faults of the gateway, one guarantee per test. A citizen has paid for each: one reply in every case.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use application::ports::SendError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::InquiryId;
use domain::notice::lifecycle::State;
use serde_json::json;
use simulation::aws::Stack;
use simulation::fault::{Fault, Faults};
use simulation::promises::in_virtual_time;
use simulation::proof::Line;
use simulation::scenario::{dossier, notice_config, phone};
use simulation::world::World;

const SENDER: &str = "84912345678";

fn half_past_five() -> DateTime<Utc> {
    "2026-11-24T10:30:00Z".parse().expect("a time")
}

fn stack_with(faults: Faults) -> Stack {
    let stack = Stack::new(Arc::new(World::at(half_past_five())), Arc::new(faults), notice_config(100));
    stack.world.write(dossier("A", "0912345678", json!({})));
    stack
}

fn stack() -> Stack {
    stack_with(Faults::none())
}

fn inquiry(message: &str) -> InquiryId {
    InquiryId::new("vcom", message).expect("an id")
}

/// V-COM gives this answer until `until`.
fn vcom_fails(stack: &mut Stack, until: DateTime<Utc>, error: SendError) {
    stack.ports.gateway = Arc::new(move |_, now| (now < until).then(|| error.clone()));
}

/// That many citizens ask; each message is accepted.
async fn ask(stack: &Stack, number: usize) {
    for each in 0..number {
        let code = stack.ask_by_vcom(&each.to_string(), &format!("8491{each:07}"), "MCKH A").await;
        assert_eq!(code, Some(200), "what becomes of the reply is no matter of the message");
    }
}

/// Everything was answered, once.
fn all_replied_once(stack: &Stack, asked: usize) {
    let mut delivered: BTreeMap<InquiryId, usize> = BTreeMap::new();
    for reply in stack.world.replied().iter().filter(|reply| reply.delivered) {
        *delivered.entry(reply.inquiry.clone()).or_default() += 1;
    }
    assert_eq!((delivered.len(), stack.world.inquiries().len()), (asked, asked));
    assert!(delivered.values().all(|times| *times == 1), "{delivered:?}");
    assert_eq!(states(stack), BTreeMap::from([("sent", asked)]));
}

fn states(stack: &Stack) -> BTreeMap<&'static str, usize> {
    let mut states = BTreeMap::new();
    for row in stack.world.replies().values() {
        *states.entry(row.state.as_str()).or_default() += 1;
    }
    states
}

/// One message to 8083 by V-COM with these faults, delivered until it is accepted. Panics unless there is exactly one
/// reply. Returns the number of calls of the world.
fn run(plan: &[(usize, Fault)]) -> usize {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let stack = stack_with(Faults::at(plan.iter().copied()));
        let code = stack.ask_by_vcom("1", SENDER, "MCKH A").await;
        assert!(matches!(code, Some(200 | 104)), "{plan:?}: {code:?}");
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await, "{plan:?}: {:?}", stack.world.replies());
        all_replied_once(&stack, 1);
        let ambiguous = stack.faults.injected().iter().filter(|fault| !fault.is_definite()).count();
        let calls = stack.world.replied();
        assert!(calls.len() <= 1 + ambiguous, "{plan:?}: {calls:?}");
        let text = &stack.world.inquiries()[&inquiry("1")].reply;
        assert!(calls.iter().all(|call| call.text == *text), "{plan:?}: another text");
        stack.faults.calls()
    })
}

#[test]
fn one_or_two_faults_anywhere_leave_one_inquiry_and_one_reply() {
    let calls = run(&[]);
    let (mut single, mut pair) =
        (Line::of("one crash point: a reply by V-COM"), Line::of("every pair: a reply by V-COM"));
    for (first, a) in (0..calls).flat_map(|place| Fault::ALL.map(|fault| (place, fault))) {
        run(&[(first, a)]);
        single.add(1, 0, 0);
        for (second, b) in (first + 1..calls + 6).flat_map(|place| Fault::ALL.map(|fault| (place, fault))) {
            run(&[(first, a), (second, b)]);
            pair.add(1, 0, 0);
        }
    }
    single.record();
    pair.record();
}

#[test]
fn the_same_message_at_once_and_again_has_one_reply() {
    in_virtual_time(async {
        let stack = stack();
        let bring = || stack.ask_by_vcom("1", SENDER, "MCKH A");
        let (a, b, c) = tokio::join!(bring(), bring(), bring());
        let mut codes = [a, b, c].map(|code| code.expect("taken"));
        codes.sort_unstable();
        assert_eq!(codes, [104, 104, 200]);
        for pause in [20, 20, 86_400] {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            assert_eq!(bring().await, Some(104));
        }
        all_replied_once(&stack, 1);
        assert_eq!(stack.world.replied().len(), 1, "one call");
    });
}

#[test]
fn vcom_down_for_an_hour_delays_replies_and_no_notice() {
    in_virtual_time(async {
        let mut stack = stack();
        vcom_fails(&mut stack, half_past_five() + TimeDelta::hours(1), SendError::NotSent("HTTP 503".into()));
        ask(&stack, 20).await;
        assert_eq!(states(&stack), BTreeMap::from([("pending", 20)]));
        assert!(stack.send_until_idle(TimeDelta::hours(4)).await);
        all_replied_once(&stack, 20);
        let last = stack.world.replied().last().expect("a reply").at - half_past_five();
        assert!(last < TimeDelta::minutes(150), "{last}: no later than the pause that had grown");
    });
}

#[test]
fn a_hanging_vcom_delays_no_inquiry_and_no_notice() {
    in_virtual_time(async {
        let mut stack = stack();
        vcom_fails(&mut stack, half_past_five() + TimeDelta::minutes(20), SendError::NotSent("no answer".into()));
        stack.ports.gateway_takes = Duration::from_millis(1_200);
        ask(&stack, 100).await;
        // The results of a night are enqueued while every call for a reply hangs for ten seconds.
        stack.ports.gateway_takes = Duration::from_secs(10);
        stack.notice_config.window = "07:00-17:00".parse().expect("closed now");
        for each in 0..50 {
            stack.world.write(dossier(&format!("R{each}"), &phone(each), json!({"step": "Trả kết quả"})));
        }
        stack.deliver_stream().await;
        stack.notice_config.window = domain::notice::sending_window::SendingWindow::ALWAYS;
        tokio::time::sleep(Duration::from_secs(14 * 3600)).await;
        let began = stack.world.now();
        vcom_fails(&mut stack, began + TimeDelta::minutes(20), SendError::NotSent("no answer".into()));
        assert!(stack.send_due().await.expect("no crash").is_ok());
        assert_eq!(stack.world.accepted().len(), 50, "notices were sent at the same time");
        assert!(stack.send_until_idle(TimeDelta::hours(4)).await);
        all_replied_once(&stack, 100);
    });
}

#[test]
fn a_reply_that_is_refused_for_good_fails_with_the_reason_and_the_others_go() {
    in_virtual_time(async {
        let mut stack = stack();
        let refused = SendError::Refused("HTTP 422".into());
        stack.ports.gateway = Arc::new(move |inquiry, _| (inquiry.id.message() == "1").then(|| refused.clone()));
        ask(&stack, 3).await;
        assert_eq!(states(&stack), BTreeMap::from([("failed", 1), ("sent", 2)]));
        let failed = &stack.world.replies()[&inquiry("1")];
        assert_eq!((failed.state, failed.reason.as_deref()), (State::Failed, Some("HTTP 422")));
        assert!(stack.world.events().iter().any(|event| event.detail_type() == "Reply Failed"));
    });
}

#[test]
fn a_gateway_that_refuses_our_authorisation_is_called_rarely_and_no_reply_is_lost() {
    in_virtual_time(async {
        let mut stack = stack();
        let corrected = half_past_five() + TimeDelta::days(2);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        stack.ports.gateway = Arc::new(move |_, now| {
            count.fetch_add(1, Ordering::Relaxed);
            (now < corrected).then(|| SendError::Unauthorised("code 108".into()))
        });
        ask(&stack, 60).await;
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        asked.store(0, Ordering::Relaxed);
        let ran = stack.send_due().await.expect("no crash").expect("it ran");
        assert!((1..=16).contains(&asked.load(Ordering::Relaxed)), "no more than were under way");
        assert_eq!(ran.replies.deferred, 60, "and all wait for five minutes");
        assert!(!stack.send_until_idle(TimeDelta::days(1)).await, "for as long as it takes");
        assert!(stack.world.replies().values().all(|row| (row.state, row.attempts) == (State::Pending, 0)));
        assert!(stack.send_until_idle(TimeDelta::days(2)).await);
        all_replied_once(&stack, 60);
    });
}

#[test]
fn a_reply_goes_at_any_hour_and_without_the_rate_limiter() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.notice_config.window = "07:00-17:00".parse().expect("closed now");
        vcom_fails(&mut stack, half_past_five() + TimeDelta::minutes(2), SendError::NotSent("HTTP 500".into()));
        ask(&stack, 2).await;
        assert!(stack.send_until_idle(TimeDelta::minutes(10)).await, "no reply waits for the morning");
        all_replied_once(&stack, 2);
        assert!(stack.world.accepted().is_empty(), "not by SNS");
    });
}

#[test]
fn dynamodb_down_when_a_message_comes_loses_neither_it_nor_its_reply() {
    in_virtual_time(async {
        let stack = stack_with(Faults::outage(Duration::ZERO, Duration::from_secs(25)));
        assert!(matches!(stack.ask_by_vcom("1", SENDER, "MCKH A").await, Some(200 | 104)));
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        all_replied_once(&stack, 1);
    });
}
