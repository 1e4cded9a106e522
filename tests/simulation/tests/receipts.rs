//! What the carriers report: early, late, twice, out of order, lost, of others' messages; and what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use application::hold::HOLD;
use application::ports::{Enqueue, Outbox, SendError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::NoticeId;
use domain::event::Event;
use domain::notice::Sending;
use domain::notice::lifecycle::State;
use domain::notice::receipt::{CarrierWords, Delivery, Reason, Receipt, Reported};
use serde_json::json;
use simulation::aws::Stack;
use simulation::fault::{Fault, Faults};
use simulation::promises::in_virtual_time;
use simulation::proof::{Line, proved};
use simulation::scenario::{dossier, notice_config, phone};
use simulation::world::{Accepted, Row, World};

fn noon() -> DateTime<Utc> {
    "2026-11-24T05:00:00Z".parse().expect("a time")
}

fn stack_with(faults: Faults, rate: u32) -> Stack {
    Stack::new(Arc::new(World::at(noon())), Arc::new(faults), notice_config(rate))
}

fn stack() -> Stack {
    stack_with(Faults::none(), 100)
}

/// That many dossiers that reach "Trả kết quả", and their notices.
async fn results(stack: &mut Stack, number: usize) -> Vec<Accepted> {
    for each in 0..number {
        stack.world.write(dossier(&format!("R{each}"), &phone(each), json!({"step": "Trả kết quả"})));
    }
    stack.deliver_stream().await;
    assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
    stack.world.accepted()
}

fn receipt(message: &Accepted, delivery: Delivery, reason: Option<Reason>, at: DateTime<Utc>) -> Receipt {
    let message = Reported::MessageId(message.message_id.clone());
    Receipt { message, delivery, reason, words: CarrierWords::default(), at, price: None, parts: Some(3) }
}

fn delivered(stack: &Stack, message: &Accepted) -> Receipt {
    receipt(message, Delivery::Delivered, None, stack.world.now())
}

fn undelivered(stack: &Stack, message: &Accepted, reason: Reason) -> Receipt {
    receipt(message, Delivery::Undelivered, Some(reason), stack.world.now())
}

/// Kannel and End User Messaging name the notice, not the message.
fn arrived(stack: &Stack, notice: &str) -> Receipt {
    let message = Reported::Notice(NoticeId::parse("R0", notice).expect("a notice"));
    let (at, words) = (stack.world.now(), CarrierWords::default());
    Receipt { message, delivery: Delivery::Delivered, reason: None, words, at, price: None, parts: None }
}

/// What the outbox says of every notice: its delivery, by its name.
fn deliveries(stack: &Stack) -> BTreeMap<String, Option<Delivery>> {
    let rows = stack.world.outbox().into_iter();
    rows.map(|(id, row)| (id.to_string(), row.delivery.map(|(delivery, _)| delivery))).collect()
}

fn reported(stack: &Stack) -> Vec<&'static str> {
    let names = stack.world.events().iter().map(Event::detail_type).collect::<Vec<_>>();
    names.into_iter().filter(|name| name.ends_with("elivered")).collect()
}

#[test]
fn a_receipt_that_comes_before_the_row_is_completed_is_recorded_when_it_comes_again() {
    in_virtual_time(async {
        let mut stack = stack();
        // SNS's receipt of a failure comes 0.1 s after the Publish, and the sender may still be writing.
        let early = Receipt {
            message: Reported::MessageId("message-1".into()),
            delivery: Delivery::Delivered,
            reason: None,
            words: CarrierWords::default(),
            at: stack.world.now(),
            price: None,
            parts: None,
        };
        let receiver = Stack::new(stack.world.clone(), stack.faults.clone(), notice_config(100));
        let early = [early];
        let (tally, _) = futures::join!(receiver.receipts(&early), results(&mut stack, 1));
        let tally = tally.expect("the second try finds it");
        assert_eq!((tally.recorded, tally.unknown), (1, 0));
        assert_eq!(deliveries(&stack)["R0 result#1"], Some(Delivery::Delivered));
        proved("receipt before the row is completed", &stack, 1);
    });
}

#[test]
fn a_receipt_that_comes_twice_or_out_of_order_changes_nothing_wrongly() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 2).await;
        let good = delivered(&stack, &messages[0]);
        let bad = undelivered(&stack, &messages[0], Reason::InvalidNumber);
        for (receipts, recorded) in [
            (vec![bad.clone(), bad.clone()], 1),
            (vec![good.clone()], 1),
            (vec![good.clone(), bad.clone()], 0),
            (vec![receipt(&messages[0], Delivery::Unknown, None, stack.world.now())], 0),
        ] {
            assert_eq!(stack.receipts(&receipts).await.expect("recorded").recorded, recorded);
        }
        assert_eq!(deliveries(&stack)["R0 result#1"], Some(Delivery::Delivered), "the more definite report is kept");
        // Each time again: the invocation that recorded a receipt may have ended before it published the event.
        let [undelivered, delivered] = ["Notice Undelivered", "Notice Delivered"];
        assert_eq!(reported(&stack), [undelivered, undelivered, delivered, delivered]);
        proved("receipt twice and out of order", &stack, 2);
    });
}

#[test]
fn a_receipt_that_comes_72_hours_late_is_recorded_and_stops_no_sender() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        let at = stack.world.now();
        tokio::time::sleep(TimeDelta::hours(72).to_std().expect("a time")).await;
        let late = [receipt(&messages[0], Delivery::Undelivered, Some(Reason::SpendLimit), at)];
        let tally = stack.receipts(&late).await.expect("recorded");
        assert_eq!((tally.recorded, tally.our_fault, stack.world.is_on_hold()), (1, 1, false));
        assert!(stack.send_until_idle(TimeDelta::hours(3)).await);
        proved("receipt of a failure 72 hours late: sent again", &stack, 2);
    });
}

#[test]
fn a_receipt_of_anothers_message_is_counted_and_left() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        let others = Accepted { message_id: "of-another-sender".into(), ..messages[0].clone() };
        let receipts = [undelivered(&stack, &others, Reason::SpendLimit), delivered(&stack, &messages[0])];
        let tally = stack.receipts(&receipts).await.expect("recorded in the end");
        assert_eq!((tally.unknown, stack.world.is_on_hold()), (1, false));
        assert_eq!(deliveries(&stack)["R0 result#1"], Some(Delivery::Delivered));
        proved("receipt of another sender's message", &stack, 1);
    });
}

#[test]
fn a_lost_receipt_leaves_the_notice_sent() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 2).await;
        stack.receipts(&[delivered(&stack, &messages[1])]).await.expect("recorded");
        let deliveries = deliveries(&stack);
        assert_eq!((deliveries["R0 result#1"], deliveries["R1 result#1"]), (None, Some(Delivery::Delivered)));
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        proved("receipt lost", &stack, 2);
    });
}

#[test]
fn what_did_not_arrive_for_a_passing_reason_is_sent_once_more() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        let bad = [undelivered(&stack, &messages[0], Reason::Unreachable)];
        for again in [1, 0] {
            assert_eq!(
                stack.receipts(&bad).await.expect("recorded").again,
                again,
                "the second time it is enqueued already"
            );
        }
        let began = stack.world.now();
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        let sent = stack.world.accepted();
        assert_eq!((sent.len(), &sent[1].text, &sent[1].phone), (2, &sent[0].text, &sent[0].phone));
        assert!(sent[1].at - began >= TimeDelta::minutes(29), "not at once");
        let second = [undelivered(&stack, &sent[1], Reason::Unreachable)];
        assert_eq!(stack.receipts(&second).await.expect("recorded").again, 0, "not a third time");
        let names: Vec<String> = stack.world.outbox().into_keys().map(|id| id.to_string()).collect();
        assert_eq!(names, ["R0 result#1", "R0 result#1#again"]);
        proved("undelivered for a passing reason: sent again", &stack, 2);
    });
}

/// Enqueues what somebody at the desk asked for.
async fn by_hand(stack: &Stack, id: &NoticeId, count: u8) {
    let now = stack.world.now();
    let id = id.by_hand(domain::calendar::day_in_vietnam(now), count).into();
    assert!(stack.ports.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("enqueued"));
}

#[test]
fn what_somebody_at_the_desk_asks_for_is_sent_to_the_same_number_and_once() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::InvalidNumber)]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        assert_eq!(stack.world.accepted().len(), 1, "not by itself: the number is the same");
        by_hand(&stack, &messages[0].notice, 1).await;
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        let sent = stack.world.accepted();
        assert_eq!((sent.len(), &sent[1].text, &sent[1].phone), (2, &sent[0].text, &sent[0].phone));
        let second = [undelivered(&stack, &sent[1], Reason::Unreachable)];
        assert_eq!(stack.receipts(&second).await.expect("recorded").again, 0, "its receipt causes no other sending");
        proved("sent again by hand", &stack, 2);
    });
}

#[test]
fn what_is_no_longer_true_is_not_sent_by_hand() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        by_hand(&stack, &messages[0].notice, 1).await;
        stack.world.write(dossier("R0", &phone(0), json!({"revision": 2, "step": "Đã trả kết quả"})));
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        assert_eq!(stack.world.accepted().len(), 1, "the citizen has been here");
    });
}

#[test]
fn what_is_no_longer_true_or_switched_off_is_not_sent_again() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::Unreachable)]).await.expect("recorded");
        stack.world.write(dossier("R0", &phone(0), json!({"revision": 2, "step": "Đã trả kết quả"})));
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        assert_eq!(stack.world.accepted().len(), 1, "the citizen has been here");

        let mut off = self::stack();
        off.send_again = false;
        let messages = results(&mut off, 1).await;
        let tally = off.receipts(&[undelivered(&off, &messages[0], Reason::Unreachable)]).await.expect("recorded");
        assert_eq!((tally.again, off.world.unfinished()), (0, 0));
    });
}

#[test]
fn a_notice_that_arrived_after_all_is_not_sent_again() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::Unreachable)]).await.expect("recorded");
        stack.receipts(&[delivered(&stack, &messages[0])]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        let again = stack.world.outbox()[&messages[0].notice.again()].clone();
        assert_eq!((again.state, again.reason.as_deref()), (State::Cancelled, Some("the first sending arrived")));
        proved("undelivered, then delivered: not sent again", &stack, 1);
    });
}

#[test]
fn what_arrived_though_its_outcome_was_unknown_is_not_sent_again() {
    in_virtual_time(async {
        let mut stack = stack();
        let sns = stack.ports.sns.clone();
        stack.ports.sns = Arc::new(|_, _| Some(SendError::Unknown("no reply".into())));
        stack.world.write(dossier("R0", &phone(0), json!({"step": "Trả kết quả"})));
        stack.deliver_stream().await;
        stack.ports.sns = sns;
        stack.receipts(&[arrived(&stack, "result#1")]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        let row = stack.world.outbox().into_values().next().expect("a row");
        assert_eq!((row.state, stack.world.accepted().len()), (State::Sent, 0), "the carrier had it already");
    });
}

#[test]
fn one_refused_sender_name_stops_nothing_and_three_dossiers_in_a_row_stop_all_senders() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 6).await;
        let refused = |message: &Accepted| [undelivered(&stack, message, Reason::Sender)];
        for (message, our_fault) in [(&messages[0], 1), (&messages[0], 0), (&messages[1], 1)] {
            let tally = stack.receipts(&refused(message)).await.expect("recorded");
            assert_eq!((tally.our_fault, stack.world.is_on_hold()), (our_fault, false), "an alarm, once, and no hold");
        }
        stack.receipts(&[delivered(&stack, &messages[2])]).await.expect("recorded");
        stack.receipts(&refused(&messages[3])).await.expect("recorded");
        assert!(!stack.world.is_on_hold(), "one was delivered between");
        for message in &messages[4..] {
            stack.receipts(&refused(message)).await.expect("recorded");
        }
        assert!(stack.world.is_on_hold());
    });
}

#[test]
fn a_corrected_number_brings_the_notice_that_its_number_could_not_get() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::InvalidNumber)]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        assert_eq!(stack.world.accepted().len(), 1, "the same number would not get it either");
        stack.world.write(dossier("R0", &phone(7), json!({"revision": 2, "step": "Trả kết quả"})));
        stack.deliver_stream().await;
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        let phones: Vec<String> = stack.world.accepted().into_iter().map(|message| message.phone).collect();
        assert_eq!(phones.len(), 2);
        assert_ne!(phones[0], phones[1]);
        proved("undelivered for its number, which is then corrected", &stack, 2);
    });
}

#[test]
fn a_number_that_was_corrected_before_the_receipt_came_gets_the_notice() {
    for reason in [Reason::InvalidNumber, Reason::Unknown] {
        in_virtual_time(async {
            let mut stack = stack();
            let messages = results(&mut stack, 1).await;
            stack.world.write(dossier("R0", &phone(7), json!({"revision": 2, "step": "Trả kết quả"})));
            stack.deliver_stream().await;
            assert_eq!(stack.world.accepted().len(), 1, "as far as we know, the citizen was informed");
            stack.receipts(&[undelivered(&stack, &messages[0], reason)]).await.expect("recorded");
            assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
            let phones: Vec<String> = stack.world.accepted().into_iter().map(|message| message.phone).collect();
            assert_eq!(phones.len(), 2, "{reason}");
            assert_ne!(phones[0], phones[1]);
            proved("a number corrected before the receipt that it does not exist", &stack, 2);
        });
    }
}

#[test]
fn a_refused_sender_name_that_stops_nothing_leaves_time_to_correct_it() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        let reported = stack.world.now();
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::Sender)]).await.expect("recorded");
        assert!(!stack.world.is_on_hold());
        assert!(stack.send_until_idle(TimeDelta::hours(4)).await);
        let again = stack.world.accepted()[1].at - reported;
        assert!(again >= TimeDelta::hours(2), "the only second sending came after {again}");
    });
}

#[test]
fn a_receipt_that_is_delivered_again_later_starts_no_new_hold() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        let bad = [undelivered(&stack, &messages[0], Reason::SpendLimit)];
        stack.receipts(&bad).await.expect("recorded");
        assert!(stack.world.is_on_hold());
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        one_more(&mut stack).await;
        assert!(!stack.world.is_on_hold(), "the limit was raised, and the second sending was accepted");
        let tally = stack.receipts(&bad).await.expect("recorded");
        assert_eq!((tally.our_fault, stack.world.is_on_hold()), (0, false));
    });
}

#[test]
fn a_hold_does_not_end_by_a_message_that_the_carrier_did_not_accept() {
    in_virtual_time(async {
        let mut stack = stack();
        let messages = results(&mut stack, 1).await;
        stack.receipts(&[undelivered(&stack, &messages[0], Reason::SpendLimit)]).await.expect("recorded");
        let (accepts, down_until) = (stack.ports.sns.clone(), stack.world.now() + TimeDelta::minutes(35));
        stack.ports.sns = Arc::new(move |_, now| (now < down_until).then(|| SendError::NotSent("Throttling".into())));
        while stack.world.now() < down_until {
            stack.send_due().await.expect("no crash").expect("the tables are available");
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            assert!(stack.world.is_on_hold(), "nothing shows that the limit is raised");
        }
        stack.ports.sns = accepts;
        assert!(stack.send_until_idle(TimeDelta::hours(2)).await);
        one_more(&mut stack).await;
        assert!(!stack.world.is_on_hold());
    });
}

/// A hold ends when a sender has a message and finds that it is over.
async fn one_more(stack: &mut Stack) {
    tokio::time::sleep(HOLD.to_std().expect("a time")).await;
    stack.world.write(dossier("S", &phone(9), json!({"step": "Trả kết quả"})));
    stack.deliver_stream().await;
    assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
}

#[test]
fn what_arrived_while_it_waits_for_its_next_try_is_not_sent_again() {
    in_virtual_time(async {
        let mut stack = stack();
        let accepts = stack.ports.sns.clone();
        stack.ports.sns = Arc::new(|_, _| Some(SendError::NotSent("the connection broke".into())));
        stack.world.write(dossier("R0", &phone(0), json!({"step": "Trả kết quả"})));
        stack.deliver_stream().await;
        stack.ports.sns = accepts;
        stack.receipts(&[arrived(&stack, "result#1")]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        let row = stack.world.outbox().into_values().next().expect("a row");
        assert_eq!((row.state, stack.world.accepted().len()), (State::Sent, 0), "the carrier had it already");
    });
}

#[test]
fn an_apology_that_arrived_though_its_outcome_was_unknown_is_not_sent_again() {
    in_virtual_time(async {
        let mut stack = stack();
        let accepts = stack.ports.sns.clone();
        stack.ports.sns = Arc::new(|_, _| Some(SendError::Unknown("no reply".into())));
        stack.world.write(dossier("R0", &phone(0), json!({"appointment_on": "2026-11-25", "step": "Thẩm định"})));
        stack.deliver_stream().await;
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        stack.evening("2026-11-24T10:30:00Z".parse().expect("a time")).await.expect("planned");
        stack.ports.sns = accepts;
        stack.receipts(&[arrived(&stack, "apology#2026-11-25")]).await.expect("recorded");
        assert!(stack.send_until_idle(TimeDelta::hours(1)).await);
        assert_eq!(stack.world.accepted().len(), 0, "the carrier had it already");
        assert_eq!(stack.world.outbox().into_values().next().expect("a row").state, State::Sent);
    });
}

/// What became of a message whose limit is spent until `corrected`.
fn of_a_spent_limit(message: &Accepted, corrected: DateTime<Utc>) -> Receipt {
    if message.at < corrected {
        receipt(message, Delivery::Undelivered, Some(Reason::SpendLimit), message.at)
    } else {
        receipt(message, Delivery::Delivered, None, message.at)
    }
}

/// The carrier's receipts, five seconds after each message.
async fn reports(stack: &Stack, corrected: DateTime<Utc>, until: DateTime<Utc>) {
    let mut reported = 0;
    while stack.world.now() < until {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let due = stack.world.now() - TimeDelta::seconds(5);
        let accepted = stack.world.accepted();
        let due: Vec<Receipt> = accepted[reported..]
            .iter()
            .take_while(|message| message.at <= due)
            .map(|message| of_a_spent_limit(message, corrected))
            .collect();
        reported += due.len();
        if !due.is_empty() {
            stack.receipts(&due).await.expect("recorded");
        }
    }
}

#[test]
fn during_a_spent_limit_few_messages_are_lost_and_every_notice_arrives_afterwards() {
    in_virtual_time(async {
        let mut stack = stack_with(Faults::none(), 10);
        for each in 0..1_000 {
            stack.world.write(dossier(&format!("R{each}"), &phone(each), json!({"step": "Trả kết quả"})));
        }
        let (corrected, until) = (noon() + TimeDelta::hours(6), noon() + TimeDelta::hours(9));
        let receiver = Stack::new(stack.world.clone(), stack.faults.clone(), notice_config(10));
        futures::join!(reports(&receiver, corrected, until), async {
            stack.deliver_stream().await;
            while stack.world.now() < until {
                stack.send_due().await.expect("no crash").expect("the tables are available");
                tokio::time::sleep(std::time::Duration::from_secs(30)).await;
            }
        });
        let dropped = stack.world.accepted().iter().filter(|message| message.at < corrected).count();
        let probes = 6 * 60 / HOLD.num_minutes() as usize;
        // At the rate of three messages a second until the first receipts come, then one message a hold.
        assert!(dropped < 30 + probes, "{dropped} of 1,000 messages were sent for nothing");
        let rows = stack.world.outbox();
        let first = rows.keys().filter(|id| id.sending == Sending::First);
        let lost = first.filter(|id| !has_arrived(&rows, id)).count();
        // A message that shows whether the limit is raised may be a second sending, which is the last.
        assert!(lost <= probes, "{lost} citizens were not informed");
        assert!(!stack.world.is_on_hold());
    });
}

/// Whether the notice or its second sending arrived.
fn has_arrived(rows: &BTreeMap<NoticeId, Row>, id: &NoticeId) -> bool {
    let arrived = |id: &NoticeId| {
        rows.get(id).and_then(|row| row.delivery).is_some_and(|(delivery, _)| delivery == Delivery::Delivered)
    };
    arrived(id) || arrived(&id.again())
}

#[test]
fn ten_thousand_receipts_in_a_burst_take_one_write_and_one_read_each_and_no_notice_is_slower_meanwhile() {
    in_virtual_time(async {
        let mut stack = stack_with(Faults::none(), 1_000);
        let messages = results(&mut stack, 10_000).await;
        let receiver = Stack::new(stack.world.clone(), stack.faults.clone(), notice_config(1_000));
        let alone = hundred_results_sent_in(&mut stack, "A").await;
        // The rate that they took is free again.
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        let receipts: Vec<Receipt> = messages.iter().map(|message| delivered(&stack, message)).collect();
        let before = stack.world.meter.spent();
        let batches = futures::future::join_all(receipts.chunks(500).map(|batch| receiver.receipts(batch)));
        let (batches, meanwhile) = futures::join!(batches, hundred_results_sent_in(&mut stack, "B"));
        let recorded: u32 = batches.into_iter().map(|tally| tally.expect("recorded").recorded).sum();
        let spent = stack.world.meter.spent() - before;
        assert_eq!((recorded, meanwhile), (10_000, alone));
        // A result takes one PutItem and one UpdateItem; a few more are the rate limiter's.
        assert_eq!((spent.calls["Query"], spent.calls["PutItem"]), (10_000, 100));
        assert!((10_100..10_110).contains(&spent.calls["UpdateItem"]), "{spent:?}");
        assert!(!spent.calls.contains_key("GetItem"), "{spent:?}");
    });
}

/// How long it takes until the last of a hundred results is sent.
async fn hundred_results_sent_in(stack: &mut Stack, name: &str) -> TimeDelta {
    let (began, before) = (stack.world.now(), stack.world.accepted().len());
    for each in 0..100 {
        stack.world.write(dossier(&format!("{name}{each}"), &phone(each), json!({"step": "Trả kết quả"})));
    }
    stack.deliver_stream().await;
    let sent = stack.world.accepted().split_off(before);
    assert_eq!(sent.len(), 100, "none waits");
    sent.iter().map(|message| message.at).max().expect("the last") - began
}

#[test]
fn a_crash_anywhere_in_the_recording_loses_no_receipt_and_sends_once_more_at_most() {
    let run = |plan: Option<(usize, Fault)>| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let mut stack = stack();
            let messages = results(&mut stack, 2).await;
            let faults = Arc::new(plan.map_or_else(Faults::none, |plan| Faults::at([plan])));
            stack.faults = faults.clone();
            stack.ports.faults = faults.clone();
            let receipts = [undelivered(&stack, &messages[0], Reason::Unreachable), delivered(&stack, &messages[1])];
            let tally = stack.receipts(&receipts).await;
            let calls = faults.calls();
            assert!(tally.is_some(), "{plan:?}: three tries");
            assert_eq!(deliveries(&stack)["R0 result#1"], Some(Delivery::Undelivered), "{plan:?}");
            assert_eq!(deliveries(&stack)["R1 result#1"], Some(Delivery::Delivered), "{plan:?}");
            assert!(stack.world.outbox().contains_key(&messages[0].notice.again()), "{plan:?}");
            assert!(stack.send_until_idle(TimeDelta::hours(20)).await);
            (calls, stack.world.accepted().len(), faults.injected().iter().filter(|fault| !fault.is_definite()).count())
        })
    };
    let (calls, sent, _) = run(None);
    assert_eq!(sent, 3);
    let mut line = Line::of("one crash point: receipts, and a notice sent again");
    for (place, fault) in (0..calls).flat_map(|place| Fault::ALL.map(|fault| (place, fault))) {
        let (_, sent, ambiguous) = run(Some((place, fault)));
        assert!((3..=3 + ambiguous).contains(&sent), "{place} {fault:?}: {sent}");
        line.add(sent, sent - 3, 0);
    }
    line.record();
}
