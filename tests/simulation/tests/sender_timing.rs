//! When a run queries, how long it waits and when it stops, to the millisecond: time is virtual and a call takes five
//! milliseconds. Frequent queries cost money; rare queries delay a reply.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use application::ports::{Clock, Enqueue, InquiryLog, Outbox, SendError};
use application::sending::{Progress, ReplySession, Tally};
use chrono::{DateTime, TimeDelta, Utc};
use domain::InquiryId;
use domain::event::InquiryOutcome;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::notice::lifecycle::State;
use sender::Started;
use simulation::aws::Stack;
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::scenario::{evening_of, notice_config};
use simulation::world::{Row, World};

/// Everything is set up by then, and every index is up to date.
fn half_past_five() -> DateTime<Utc> {
    "2026-11-24T10:30:00Z".parse().expect("a time")
}

fn stack_with(faults: Faults) -> Stack {
    let world = World::at(half_past_five() - TimeDelta::seconds(SET_UP as i64));
    Stack::new(Arc::new(world), Arc::new(faults), notice_config(100))
}

fn stack() -> Stack {
    stack_with(Faults::none())
}

/// How many seconds before 17:30 a stack begins.
const SET_UP: u64 = 60;

fn ms(number: i64) -> TimeDelta {
    TimeDelta::milliseconds(number)
}

fn inquiry(number: usize) -> Inquiry {
    Inquiry {
        id: InquiryId::new("vcom", &number.to_string()).expect("an id"),
        sender: "84912345678".into(),
        text: "MCKH A".into(),
        receipt_code: None,
        reply: "Không tìm thấy hồ sơ A.".into(),
        outcome: InquiryOutcome::Unknown,
        charged: true,
        call: Some(ReplyCall { short_code: "8083".into(), command: "mckh".into() }),
        received_at: half_past_five(),
    }
}

/// That many replies that are due at `due_at`; then it is 17:30.
async fn replies_due(stack: &Stack, number: usize, due_at: DateTime<Utc>) {
    for each in 0..number {
        let inquiry = inquiry(each);
        stack.ports.log(&inquiry).await.expect("logged");
        let enqueued = stack.ports.enqueue(&inquiry.id.into(), Enqueue::Pending { due_at }, stack.world.now()).await;
        assert!(enqueued.expect("an answer"));
    }
    stack.ports.sleep_until(half_past_five()).await;
}

/// A run of the sender of replies that starts none after `until`: how long it took, and its counts.
async fn ran(stack: &Stack, request: &str, until: TimeDelta) -> (TimeDelta, Tally) {
    let began = stack.world.now();
    let replies = ReplySession::begin(&stack.ports, request, began + until);
    let _ = tokio::time::timeout(Duration::from_secs(120), replies.send_due()).await.expect("it ends");
    let took = stack.world.now() - began;
    (took, replies.finish().await)
}

/// How often the due queue was queried.
fn queries(stack: &Stack) -> u64 {
    stack.world.meter.spent().calls_of("Query")
}

fn row(stack: &Stack, number: usize) -> Row {
    stack.world.replies()[&inquiry(number).id].clone()
}

#[test]
fn a_message_that_becomes_due_while_the_sender_waits_is_sent_at_that_moment() {
    in_virtual_time(async {
        // Milliseconds after the first query, and the number of queries: every two seconds, at the due time, and once
        // more for further messages.
        for (due, expected) in [(0, 2), (1, 3), (1_999, 3), (2_010, 4), (5_000, 5)] {
            let stack = stack();
            let due_at = half_past_five() + ms(5 + due);
            replies_due(&stack, 1, due_at).await;
            let (_, tally) = ran(&stack, "request", TimeDelta::seconds(54)).await;
            assert_eq!(tally, Tally { sent: 1, parts: 1, ..Tally::default() });
            // Claimed, its inquiry read, the gateway called; if it was waited for, also queried again.
            let calls = if due == 0 { 3 } else { 4 };
            assert_eq!(stack.world.replied()[0].at - due_at, ms(5 * calls), "{due}");
            assert_eq!(queries(&stack), expected, "{due}");
        }
    });
}

#[test]
fn a_sender_continues_at_once_while_messages_are_due_and_skips_those_another_sender_took() {
    in_virtual_time(async {
        let stack = stack();
        replies_due(&stack, 1, half_past_five()).await;
        let run = |request| ran(&stack, request, TimeDelta::seconds(54));
        let later = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            run("b").await
        };
        let ((quicker, sent), (slower, none)) = tokio::join!(run("a"), later);
        assert_eq!((sent.sent, none), (1, Tally::default()));
        assert_eq!(quicker, ms(5 * 6), "queried, claimed, read, called, completed, queried");
        assert_eq!(slower, ms(5 * 3), "queried, claim refused, queried");
    });
}

#[test]
fn a_hundred_replies_are_read_from_the_index_in_three_queries() {
    in_virtual_time(async {
        let stack = stack();
        replies_due(&stack, 100, half_past_five()).await;
        let (_, tally) = ran(&stack, "request", TimeDelta::seconds(54)).await;
        assert_eq!((tally.sent, queries(&stack)), (100, 3), "64, 36, no more");
    });
}

#[test]
fn no_reply_is_started_when_the_time_is_up_and_no_attempt_is_counted() {
    in_virtual_time(async {
        let stack = stack();
        replies_due(&stack, 1, half_past_five()).await;
        // Queried and claimed in time; when its inquiry has been read, the time is up.
        let (took, tally) = ran(&stack, "request", ms(12)).await;
        assert_eq!((took, tally), (ms(5 * 4), Tally { deferred: 1, ..Tally::default() }));
        assert!(stack.world.replied().is_empty());
        let row = row(&stack, 0);
        assert_eq!((row.state, row.attempts, row.due_at), (State::Pending, 0, half_past_five() + ms(15)));
        assert_eq!(row.reason.as_deref(), Some("no time left in this run"));
    });
}

#[test]
fn a_reply_for_which_there_is_no_time_is_enqueued_and_counted() {
    in_virtual_time(async {
        let stack = stack();
        let replies = ReplySession::begin(&stack.ports, "request", stack.world.now());
        assert_eq!(replies.on_inquiry(&inquiry(0)).await.expect("an answer"), Progress::Deferred);
        assert_eq!(replies.tally(), Tally { deferred: 1, ..Tally::default() });
        assert_eq!((row(&stack, 0).state, stack.world.replied().len()), (State::Pending, 0));
    });
}

#[test]
fn what_failed_together_does_not_come_back_together() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.ports.gateway = Arc::new(|_, _| Some(SendError::NotSent("HTTP 503".into())));
        replies_due(&stack, 16, half_past_five()).await;
        let (_, tally) = ran(&stack, "request", TimeDelta::seconds(1)).await;
        assert_eq!(tally.deferred, 16);
        let failed_at = half_past_five() + ms(5 * 4);
        let pauses: BTreeSet<_> = stack.world.replies().values().map(|row| row.due_at - failed_at).collect();
        assert!(pauses.iter().all(|pause| (ms(5_000)..=ms(10_000)).contains(pause)), "{pauses:?}");
        assert!(pauses.len() > 8, "{pauses:?}");
    });
}

#[test]
fn completing_a_row_is_tried_five_times_in_two_seconds() {
    in_virtual_time(async {
        // Unavailable from the gateway's answer on. The fifth try is after two seconds; a query follows.
        let sent = Tally { sent: 1, parts: 1, ..Tally::default() };
        let in_doubt = Tally { in_doubt: 1, ..Tally::default() };
        for (seconds, state, expected, struck) in
            [(1, State::Sent, sent, 2), (2, State::Sent, sent, 4), (3, State::Sending, in_doubt, 5 + 1)]
        {
            let down_from = Duration::from_secs(SET_UP) + Duration::from_millis(22);
            let stack = stack_with(Faults::outage(down_from, Duration::from_secs(seconds)));
            replies_due(&stack, 1, half_past_five()).await;
            let (_, tally) = ran(&stack, "request", TimeDelta::seconds(54)).await;
            assert_eq!((row(&stack, 0).state, tally), (state, expected));
            assert_eq!(stack.faults.injected().len(), struck);
        }
    });
}

/// A run of the sender on a planned evening whose index shows nothing at first.
async fn started_after_a_plan(by: Started) -> (usize, TimeDelta) {
    let stack = evening_of(3, Faults::none(), 100).await;
    stack.plan(stack.world.now()).await.expect("planned");
    let began = stack.world.now();
    let (notices, request) = stack.sandbox();
    let sent = sender::send_due(&notices, &stack.ports, &by, &request, began + TimeDelta::seconds(70)).await;
    assert!(sent.failed.is_none());
    (stack.world.accepted().len(), stack.world.now() - began)
}

#[test]
fn a_sender_that_a_plan_started_waits_for_the_index_and_one_that_the_minute_started_does_not() {
    in_virtual_time(async {
        let (sent, took) = started_after_a_plan(Started::by_plan(3)).await;
        assert_eq!(sent, 3);
        assert!(took < TimeDelta::seconds(10), "{took}: an apology within ten seconds of the rule");
        let (sent, took) = started_after_a_plan(Started::default()).await;
        assert_eq!((sent, took), (0, ms(2 * 5)), "it queried two priorities, and at the same time the replies");
        assert_eq!(started_after_a_plan(Started::by_plan(0)).await.0, 0, "a second pass that found nothing new");
    });
}

#[test]
fn a_sender_whose_plan_the_index_never_shows_ends_after_six_seconds() {
    in_virtual_time(async {
        let stack = stack();
        let began = stack.world.now();
        let (notices, request) = stack.sandbox();
        let started = Started::by_plan(1);
        let deadline = began + TimeDelta::seconds(70);
        sender::send_due(&notices, &stack.ports, &started, &request, deadline).await;
        let took = stack.world.now() - began;
        assert!((TimeDelta::seconds(6)..TimeDelta::milliseconds(6_100)).contains(&took), "{took}");
    });
}
