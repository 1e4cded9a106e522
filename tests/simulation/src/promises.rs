//! The guarantees of the ports. The same checks run on the world in memory and, in the system tests, on a real DynamoDB
//! API: so the proofs in memory also hold for the real adapters.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use application::ports::{
    Advance, Appointments, Claimed, DeliveryStore, DossierStore, Enqueue, Hold, InquiryLog, Logged, NoticeHistory,
    Outbox, Put, RateCounter, Recorded, SenderCount, StoreError,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::dossier::revision::Stored;
use domain::event::InquiryOutcome;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::notice::lifecycle::{Acceptance, Claim, LEASE, Outcome, SentCopy, State};
use domain::notice::receipt::{CarrierWords, Delivery, Price, Reason, Receipt, Reported};
use domain::notice::{DeliveryReport, NoticeKind, NoticeRecord, Priority};
use domain::{Dossier, InquiryId, NoticeId, NoticeKey, Outgoing, Phone, ReceiptCode};
use serde_json::json;

/// A receipt code that nothing else uses.
pub fn some_code(number: u64) -> ReceiptCode {
    ReceiptCode::parse(&format!("P{number}")).expect("letters and digits")
}

/// In the future: what is due then is not taken by the sender of a deployed stack, which runs every minute.
fn noon() -> DateTime<Utc> {
    "2099-11-24T05:00:00Z".parse().expect("a time")
}

/// The outcome of a message that was accepted.
fn acceptance() -> Outcome {
    let copy = SentCopy { phone: Phone::parse("0912345678").expect("a mobile number"), text: "TB: …".into() };
    Outcome::Sent(Acceptance { message_id: "m-1".into(), parts: 1, sent_at: noon(), copy: Some(copy) })
}

fn inquiry_id(gateway: &str, message: &str) -> InquiryId {
    InquiryId::new(gateway, message).expect("an id")
}

fn granted(claimed: Claimed) -> Option<Claim> {
    match claimed {
        Claimed::Granted(claim) => Some(claim),
        Claimed::Taken | Claimed::Contradictory(_) => None,
    }
}

async fn is_due(outbox: &impl Outbox, id: &Outgoing, by: DateTime<Utc>) -> bool {
    let due = outbox.due(id.priority(), by, 100_000).await.expect("an answer").due;
    due.iter().any(|due| due.id == *id)
}

/// Waits until an index shows a write.
async fn soon(ask: impl AsyncFn() -> bool) {
    for _ in 0..100 {
        if ask().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the index never showed it");
}

/// A row is put once, claimed by one sender, completed only by its owner, and taken over when its lease expires.
pub async fn of_an_outbox(outbox: &impl Outbox, code: &ReceiptCode) {
    let notice = |key| NoticeId::new(code.clone(), key);
    let id = Outgoing::from(notice(NoticeKey::Result(9)));
    let now = noon();
    let claim = async |owner: &str, at| granted(outbox.claim(&id, owner.into(), at).await.expect("an answer"));
    let complete =
        async |claim: &Claim, outcome: Outcome| outbox.complete(claim, &outcome, now).await.expect("an answer");

    assert_eq!(claim("a", now).await, None, "nothing is enqueued");
    assert!(outbox.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("an answer"));
    assert!(!outbox.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("an answer"), "once");
    soon(async || is_due(outbox, &id, now).await).await;
    assert!(!is_due(outbox, &id, now - TimeDelta::milliseconds(1)).await, "not before it is due");

    let rows = async |ids: &[NoticeId]| outbox.rows_among(ids).await.expect("an answer");
    let (missing, enqueued) = (notice(NoticeKey::Result(8)), notice(NoticeKey::Result(9)));
    soon(async || rows(&[missing.clone(), enqueued.clone()]).await == HashSet::from([enqueued.clone()])).await;
    let many: Vec<NoticeId> = (1_000..1_250).map(|revision| notice(NoticeKey::Result(revision))).collect();
    assert_eq!(rows(&[&many[..], std::slice::from_ref(&enqueued)].concat()).await, HashSet::from([enqueued.clone()]));
    assert!(rows(&[]).await.is_empty());

    assert_eq!(claim("a", now - TimeDelta::milliseconds(1)).await, None, "not before it is due");
    let held = claim("a", now).await.expect("it is due");
    assert_eq!((held.attempts, held.lease_until), (1, now + LEASE));
    assert_eq!(
        claim("a", now).await.as_ref(),
        Some(&held),
        "a claim that was repeated after a lost reply finds itself"
    );
    assert_eq!(claim("b", now + LEASE - TimeDelta::milliseconds(1)).await, None, "held");
    let stranger = Claim { owner: "b".into(), ..held.clone() };
    assert!(!complete(&stranger, acceptance()).await, "only the holder completes");

    let later = now + TimeDelta::minutes(1);
    let not_sent = |counted| Outcome::NotSent { due_at: later, counted, reason: "throttled".into() };
    assert!(complete(&held, not_sent(true)).await);
    assert!(!complete(&held, acceptance()).await, "released");
    assert_eq!(claim("c", now).await, None, "not due yet");
    let second = claim("c", later).await.expect("due again");
    assert_eq!(second.attempts, 2);
    assert!(complete(&second, not_sent(false)).await);
    let third = claim("d", later).await.expect("due again");
    assert_eq!(third.attempts, 2, "a fault of our own is not counted as an attempt");

    let taken_over = claim("e", later + LEASE).await.expect("the lease ran out");
    assert_eq!(taken_over.attempts, 3);
    assert!(!complete(&third, acceptance()).await, "it was taken over");
    assert!(complete(&taken_over, acceptance()).await);
    assert!(
        complete(&taken_over, acceptance()).await,
        "a completion that was repeated after a lost reply finds itself"
    );
    assert!(!complete(&taken_over, Outcome::Expired).await, "final is final");
    assert_eq!(claim("f", later + LEASE * 9).await, None, "final is final");
    soon(async || !is_due(outbox, &id, later + LEASE * 9).await).await;

    let claimed = Outgoing::from(notice(NoticeKey::Supplement(9)));
    let at_once = Claim { id: claimed.clone(), owner: "g".into(), lease_until: now + LEASE, attempts: 1 };
    let enqueue =
        async |claim: &Claim| outbox.enqueue(&claimed, Enqueue::Claimed(claim.clone()), now).await.expect("an answer");
    assert!(enqueue(&at_once).await);
    assert!(enqueue(&at_once).await, "a put that was repeated after a lost reply finds itself");
    assert!(!enqueue(&Claim { owner: "h".into(), ..at_once.clone() }).await, "once");
    assert!(outbox.complete(&at_once, &Outcome::Cancelled("no longer true"), now).await.expect("an answer"));

    let row = |key, state, phone_at_fault| (key, state, phone_at_fault);
    let rows = async |kind| {
        let mut rows = outbox.rows_of(code, kind).await.expect("an answer");
        rows.sort_by_key(|row| row.key);
        rows.into_iter().map(|row| (row.key, row.state, row.phone_at_fault)).collect::<Vec<_>>()
    };
    let enqueued_at = outbox.rows_of(code, NoticeKind::Supplement).await.expect("an answer")[0].enqueued_at;
    assert_eq!(enqueued_at, now, "when it was enqueued, not when it was written");
    assert_eq!(rows(NoticeKind::Result).await, [row(NoticeKey::Result(9), State::Sent, false)]);
    assert_eq!(rows(NoticeKind::Supplement).await, [row(NoticeKey::Supplement(9), State::Cancelled, false)]);
    for (revision, outcome) in
        [(11, Outcome::WrongNumber("InvalidParameter".into())), (12, Outcome::NoMobile("no phone"))]
    {
        let key = NoticeKey::Result(revision);
        let claim = Claim { id: notice(key).into(), owner: "o".into(), lease_until: now + LEASE, attempts: 1 };
        assert!(outbox.enqueue(&claim.id, Enqueue::Claimed(claim.clone()), now).await.expect("an answer"));
        assert!(outbox.complete(&claim, &outcome, now).await.expect("an answer"));
        let last = rows(NoticeKind::Result).await.pop().expect("a row");
        assert!(last.0 == key && last.2, "{last:?}");
    }

    let evening = Outgoing::from(notice(NoticeKey::Apology("2026-11-25".parse().expect("a day"))));
    assert!(outbox.enqueue(&evening, Enqueue::Pending { due_at: now }, now).await.expect("an answer"));
    soon(async || is_due(outbox, &evening, now).await).await;
    let changes = outbox.due(Priority::Change, now, 100_000).await.expect("an answer").due;
    assert!(!changes.iter().any(|due| due.id == evening), "an apology has another priority");
    let claim = granted(outbox.claim(&evening, "i".into(), now).await.expect("an answer")).expect("due");
    assert!(outbox.complete(&claim, &Outcome::Expired, now).await.expect("an answer"));
    of_a_reply(outbox, inquiry_id("vcom", code.as_str()).into()).await;
}

/// A receipt is written to its row, moves its delivery forward only, and finds the row by the message's id.
pub async fn of_a_delivery_store(outbox: &impl Outbox, deliveries: &impl DeliveryStore, code: &ReceiptCode) {
    let (id, now) = (NoticeId::new(code.clone(), NoticeKey::Result(3)), noon());
    let claim = Claim { id: id.clone().into(), owner: "a".into(), lease_until: now + LEASE, attempts: 1 };
    let message_id = format!("message of {code}");
    let phone = Phone::parse("0912345678").expect("a mobile number");
    let copy = Some(SentCopy { phone: phone.clone(), text: "TB".into() });
    let sent = Acceptance { message_id: message_id.clone(), parts: 3, sent_at: now, copy };
    let receipt = |delivery, reason| Receipt {
        message: Reported::Notice(id.clone()),
        delivery,
        reason,
        words: CarrierWords::new("stat:X err:001"),
        at: now,
        price: Price::new(0.139_89, "USD"),
        parts: Some(3),
    };
    let record = async |delivery, reason| deliveries.record(&id, &receipt(delivery, reason)).await.expect("an answer");
    let find = async || deliveries.find(&message_id).await.expect("an answer");

    assert_eq!(record(Delivery::Delivered, None).await, Recorded::NoRow);
    assert_eq!(find().await, None);
    assert!(outbox.enqueue(&claim.id, Enqueue::Claimed(claim.clone()), now).await.expect("an answer"));
    assert_eq!(record(Delivery::Unknown, Some(Reason::Unknown)).await, Recorded::New, "before the row is completed");
    assert!(outbox.complete(&claim, &Outcome::Sent(sent), now).await.expect("an answer"));
    soon(async || find().await == Some(id.clone())).await;
    assert_eq!(deliveries.find("another's").await.expect("an answer"), None);

    let row = async || outbox.rows_of(code, NoticeKind::Result).await.expect("an answer").pop().expect("a row");
    assert_eq!(
        record(Delivery::Unknown, Some(Reason::Unknown)).await,
        Recorded::Before { at: now },
        "completing kept it"
    );
    assert_eq!(record(Delivery::Undelivered, Some(Reason::InvalidNumber)).await, Recorded::New);
    assert_eq!(record(Delivery::Undelivered, Some(Reason::InvalidNumber)).await, Recorded::Before { at: now });
    assert_eq!(record(Delivery::Undelivered, Some(Reason::Unreachable)).await, Recorded::Ignored);
    assert_eq!(record(Delivery::Unknown, Some(Reason::Unknown)).await, Recorded::Ignored);
    assert_eq!((row().await.state, row().await.phone_at_fault, row().await.arrived), (State::Sent, true, false));
    assert_eq!(row().await.unreached, Some(phone), "another number may be reached");
    assert_eq!(record(Delivery::Delivered, None).await, Recorded::New);
    assert_eq!(record(Delivery::Delivered, None).await, Recorded::Before { at: now }, "the reason is gone");
    assert_eq!((row().await.phone_at_fault, row().await.arrived), (false, true));

    let again = Outgoing::from(id.again());
    assert!(outbox.enqueue(&again, Enqueue::Pending { due_at: now }, now).await.expect("an answer"));
    assert!(!outbox.enqueue(&again, Enqueue::Pending { due_at: now }, now).await.expect("an answer"), "once");
    soon(async || is_due(outbox, &again, now).await).await;
    let rows = outbox.rows_of(code, NoticeKind::Result).await.expect("an answer");
    assert_eq!(rows.len(), 1, "a second sending is no notice of its own");
}

/// Every sending of every kind is there, with what was sent and what was reported; another dossier's is not.
pub async fn of_a_notice_history(
    outbox: &impl Outbox,
    deliveries: &impl DeliveryStore,
    notices: &impl NoticeHistory,
    code: &ReceiptCode,
) {
    let (id, now) = (NoticeId::new(code.clone(), NoticeKey::Result(3)), noon());
    let history = async || {
        let mut history = notices.history(code).await.expect("an answer");
        history.sort_by_key(|record| (record.row.key, record.sending));
        history
    };
    assert_eq!(history().await, []);
    let claim = Claim { id: id.clone().into(), owner: "a".into(), lease_until: now + LEASE, attempts: 1 };
    assert!(outbox.enqueue(&claim.id, Enqueue::Claimed(claim.clone()), now).await.expect("an answer"));
    let message_id = format!("message of {code}");
    let copy = SentCopy { phone: Phone::parse("0912345678").expect("a mobile number"), text: "TB: …".into() };
    let sent_at = now + TimeDelta::milliseconds(1_234);
    let sent = Acceptance { message_id, parts: 1, sent_at, copy: Some(copy.clone()) };
    assert!(outbox.complete(&claim, &Outcome::Sent(sent), now).await.expect("an answer"));
    let receipt = Receipt {
        message: Reported::Notice(id.clone()),
        delivery: Delivery::Undelivered,
        reason: Some(Reason::OptedOut),
        words: CarrierWords::default(),
        at: now + TimeDelta::minutes(1),
        price: None,
        parts: None,
    };
    assert_eq!(deliveries.record(&id, &receipt).await.expect("an answer"), Recorded::New);
    let apology = NoticeId::new(code.clone(), NoticeKey::Apology("2026-11-25".parse().expect("a day")));
    // So late that no sender takes it: a deployed one runs every minute.
    let later = now + TimeDelta::days(365);
    for pending in [id.again(), apology] {
        assert!(outbox.enqueue(&pending.into(), Enqueue::Pending { due_at: later }, now).await.expect("an answer"));
    }
    let cancelled = NoticeId::new(code.clone(), NoticeKey::Supplement(2));
    let claim = Claim { id: cancelled.into(), owner: "b".into(), lease_until: now + LEASE, attempts: 1 };
    assert!(outbox.enqueue(&claim.id, Enqueue::Claimed(claim.clone()), now).await.expect("an answer"));
    assert!(outbox.complete(&claim, &Outcome::Cancelled("no longer true"), now).await.expect("an answer"));
    let others = NoticeId::new(ReceiptCode::parse(&format!("{code}0")).expect("a code"), NoticeKey::Result(1));
    let _ = outbox.enqueue(&others.into(), Enqueue::Pending { due_at: later }, now).await.expect("an answer");

    let history = history().await;
    let names: Vec<_> = history.iter().map(NoticeRecord::name).collect();
    assert_eq!(names, ["result#3", "result#3#again", "supplement#2", "apology#2026-11-25"]);
    let [first, again, cancelled, _] = &history[..] else { panic!("{history:?}") };
    let report = DeliveryReport { delivery: Delivery::Undelivered, at: Some(receipt.at), reason: receipt.reason };
    assert_eq!((first.row.state, first.attempts, first.sent_at), (State::Sent, 1, Some(sent_at)));
    assert_eq!((first.report, &first.reason), (Some(report), &None));
    assert!(first.copy.as_ref() == Some(&copy), "what was sent, and to whom");
    assert_eq!((again.row.state, again.attempts, again.row.due_at), (State::Pending, 0, Some(later)));
    assert!(again.copy.is_none() && again.sent_at.is_none() && again.report.is_none());
    assert_eq!((cancelled.row.state, cancelled.reason.as_deref()), (State::Cancelled, Some("no longer true")));
}

/// All senders see a hold, one may probe, and it ends as it was seen.
pub async fn of_a_sending_hold(counter: &impl RateCounter) {
    let seen = async || match counter.advance(1_000_000, 1_000_000, None).await.expect("an answer") {
        Advance::Held(hold) => Some(hold),
        Advance::Granted(_) => None,
        Advance::Taken(free_at) => panic!("taken until {free_at}"),
    };
    let until = |minutes| noon() + TimeDelta::minutes(minutes);
    assert_eq!(seen().await, None, "no hold");
    counter.start(until(10), "spend_limit").await.expect("an answer");
    let first = Hold { until: until(10), reason: "spend_limit".into(), probed: false };
    assert_eq!(seen().await.as_ref(), Some(&first));
    assert!(
        !counter.prolong(&Hold { until: until(9), ..first.clone() }, until(20)).await.expect("an answer"),
        "not as seen"
    );
    assert!(counter.prolong(&first, until(20)).await.expect("an answer"));
    assert!(!counter.prolong(&first, until(20)).await.expect("an answer"), "one sender only");
    let prolonged = Hold { until: until(20), ..first.clone() };
    assert_eq!(seen().await.as_ref(), Some(&prolonged));
    counter.probed(&first).await.expect("an answer");
    assert_eq!(seen().await.as_ref(), Some(&prolonged), "not as seen");
    counter.probed(&prolonged).await.expect("an answer");
    let probed = Hold { probed: true, ..prolonged };
    assert_eq!(seen().await.as_ref(), Some(&probed));
    counter.end(&first).await.expect("an answer");
    assert_eq!(seen().await.as_ref(), Some(&probed), "it is another by now");
    counter.start(until(30), "sender").await.expect("an answer");
    let again = Hold { until: until(30), reason: "sender".into(), probed: false };
    assert_eq!(seen().await.as_ref(), Some(&again), "a bad receipt starts it anew");
    counter.end(&again).await.expect("an answer");
    assert_eq!(seen().await, None);
}

/// A reply's row has the same states as a notice's, and does not disturb the notices.
async fn of_a_reply(outbox: &impl Outbox, id: Outgoing) {
    let now = noon();
    assert!(outbox.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("an answer"));
    assert!(!outbox.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("an answer"), "once");
    soon(async || is_due(outbox, &id, now).await).await;
    for priority in Priority::NOTICES {
        let due = outbox.due(priority, now, 100_000).await.expect("an answer").due;
        assert!(!due.iter().any(|due| due.id == id), "a reply is no notice");
    }
    let claim = granted(outbox.claim(&id, "j".into(), now).await.expect("an answer")).expect("due");
    let acceptance = Acceptance { message_id: "m-2".into(), parts: 2, sent_at: now, copy: None };
    assert!(outbox.complete(&claim, &Outcome::Sent(acceptance), now).await.expect("an answer"));
    let late = outbox.claim(&id, "k".into(), now + LEASE * 9).await.expect("an answer");
    assert_eq!(late, Claimed::Taken, "final is final");
}

/// A row of which only the state was edited (by `edit`) is reported, and removed from the index.
pub async fn of_an_edited_row(outbox: &impl Outbox, code: &ReceiptCode, edit: impl AsyncFn(&NoticeId, State)) {
    let now = noon();
    let notice = NoticeId::new(code.clone(), NoticeKey::Result(1));
    let id = Outgoing::from(notice.clone());
    assert!(outbox.enqueue(&id, Enqueue::Pending { due_at: now }, now).await.expect("an answer"));
    soon(async || is_due(outbox, &id, now).await).await;
    edit(&notice, State::Cancelled).await;
    let claimed = outbox.claim(&id, "a".into(), now).await.expect("an answer");
    assert_eq!(claimed, Claimed::Contradictory("cancelled".into()));
    soon(async || !is_due(outbox, &id, now).await).await;
    assert_eq!(outbox.claim(&id, "b".into(), now).await.expect("an answer"), Claimed::Taken);
}

/// A row that is not a valid dossier (written by `spoil`, with that revision) is reported as such, and replaced by a
/// writer that has seen it; a page that ends with it is followed by the next.
pub async fn of_an_unreadable_row(
    store: &impl DossierStore,
    code: &ReceiptCode,
    spoil: impl AsyncFn(&ReceiptCode, Option<u64>),
) {
    let snapshot = json!({"receipt_code": code.as_str(), "revision": 7, "procedure": "Cấp thẻ", "phone": null,
        "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định", "status": "", "unit": ""});
    let dossier = Dossier::parse(snapshot.as_object().expect("an object")).expect("a dossier");
    for revision in [Some(5), None] {
        spoil(code, revision).await;
        assert!(matches!(store.get(code).await, Err(StoreError::Unreadable { .. })));
        let found = match store.put(&dossier, &Stored::Nothing).await.expect("an answer") {
            Put::Overtaken(found @ Stored::Unreadable(_)) => found,
            other => panic!("{other:?}"),
        };
        let Stored::Unreadable(row) = &found else { unreachable!("see above") };
        assert_eq!(row.revision, revision.map(|revision| revision.to_string()));
        spoil(code, Some(6)).await;
        assert!(matches!(store.put(&dossier, &found).await, Ok(Put::Overtaken(_))), "another row than the one seen");
        spoil(code, revision).await;
        assert_eq!(store.put(&dossier, &found).await.expect("an answer"), Put::Done);
        assert_eq!(store.get(code).await.expect("an answer").as_ref(), Some(&dossier));
    }
}

/// A dossier replaces exactly the one that was seen.
pub async fn of_a_dossier_store(store: &(impl DossierStore + Appointments), code: &ReceiptCode) {
    let at = |revision: u64, step: &str| {
        let snapshot = json!({"receipt_code": code.as_str(), "revision": revision, "procedure": "Cấp thẻ", "phone": "0912345678",
            "received_on": "2026-11-20", "appointment_on": "2090-01-02", "step": step, "status": "", "unit": "Phòng",
            "silent": true, "office": "Sở Du lịch", "same_day": false, "result_on": "2026-11-24"});
        Dossier::parse(snapshot.as_object().expect("an object")).expect("a dossier")
    };
    let (first, second) = (at(1, "Tiếp nhận"), at(2, "Thẩm định"));
    let stored = |dossier: &Dossier| Stored::from(Some(dossier.clone()));
    let put = async |dossier: &Dossier, replaces: Option<&Dossier>| {
        store.put(dossier, &replaces.cloned().into()).await.expect("an answer")
    };
    assert_eq!(store.get(code).await.expect("an answer"), None);
    assert_eq!(put(&first, None).await, Put::Done);
    assert_eq!(put(&first, None).await, Put::Overtaken(stored(&first)));
    assert_eq!(put(&second, Some(&first)).await, Put::Done);
    assert_eq!(put(&at(3, "Trình ký"), Some(&first)).await, Put::Overtaken(stored(&second)));
    assert_eq!(store.get(code).await.expect("an answer"), Some(second.clone()), "what is written is read back");

    soon(async || {
        let mut page = None;
        loop {
            let found = store.appointed_on(second.appointment_on(), page).await.expect("an answer");
            if found.dossiers.contains(&second) {
                return true;
            }
            page = match found.next {
                Some(next) => Some(next),
                None => return false,
            };
        }
    })
    .await;
}

/// A message is logged once per id and counted once per window, however often it is delivered and by whichever gateway.
pub async fn of_an_inquiry_log(log: &impl InquiryLog, number: u64) {
    let first = Inquiry {
        id: inquiry_id("vcom", &number.to_string()),
        sender: "84912345678".into(),
        text: "MCKH 0161701234".into(),
        receipt_code: ReceiptCode::parse("0161701234").ok(),
        reply: "Hồ sơ của quý Ông/Bà …".into(),
        outcome: InquiryOutcome::Unknown,
        charged: false,
        call: Some(ReplyCall { short_code: "8083".into(), command: "mckh".into() }),
        received_at: noon(),
    };
    assert_eq!(log.get(&first.id).await.expect("an answer"), None);
    let logged = async |inquiry: Inquiry| log.log(&inquiry).await.expect("an answer");
    assert_eq!(logged(first.clone()).await, Logged::New);
    let later = Inquiry {
        reply: "another".into(),
        outcome: InquiryOutcome::Answered,
        charged: true,
        received_at: noon() + TimeDelta::days(1),
        ..first.clone()
    };
    assert_eq!(logged(later).await, Logged::Repeated(Box::new(first.clone())), "the first reply");
    assert_eq!(log.get(&first.id).await.expect("an answer").as_ref(), Some(&first), "what is logged is read back");
    let by_answer = Inquiry { id: inquiry_id("kannel", &number.to_string()), call: None, ..first.clone() };
    assert_eq!(logged(by_answer.clone()).await, Logged::New, "another gateway's message");
    assert_eq!(log.get(&by_answer.id).await.expect("an answer").as_ref(), Some(&by_answer));
    for other in
        [Inquiry { text: "MCKH 1".into(), ..first.clone() }, Inquiry { sender: "84912345679".into(), ..first.clone() }]
    {
        assert_eq!(logged(other).await, Logged::Conflicting);
    }

    for outcome in InquiryOutcome::ALL {
        let id = inquiry_id("kannel", &format!("{number}-{}", outcome.as_str()));
        let inquiry = Inquiry { id, outcome, ..by_answer.clone() };
        assert_eq!(logged(inquiry.clone()).await, Logged::New);
        assert_eq!(log.get(&inquiry.id).await.expect("an answer"), Some(inquiry), "every outcome is read back");
    }

    let message = |number: u32| SenderCount {
        window: format!("window-{}", first.id),
        message: format!("message-{number}"),
        over_at: "2026-11-24T05:01:00Z".parse().expect("a time"),
    };
    let counted = async |number| log.count(&message(number), 2).await.expect("an answer");
    assert_eq!((counted(1).await, counted(1).await, counted(2).await), (Some(1), Some(1), Some(2)));
    assert_eq!((counted(3).await, counted(2).await), (None, Some(2)), "no more than so many different ones");
    log.uncount(&message(1)).await.expect("an answer");
    log.uncount(&message(1)).await.expect("an answer");
    let nobodys = SenderCount { window: format!("another-{number}"), ..message(1) };
    log.uncount(&nobodys).await.expect("an answer: there is nothing to take out");
    assert_eq!(counted(3).await, Some(2));
}

/// The counter moves if no other sender has moved it, and otherwise returns its value.
pub async fn of_a_rate_counter(counter: &impl RateCounter) {
    let advance = async |at_most, to| counter.advance(at_most, to, None).await.expect("an answer");
    assert_eq!(advance(1_000, 2_000).await, Advance::Granted(None));
    assert_eq!(advance(1_999, 3_000).await, Advance::Taken(2_000));
    assert_eq!(advance(2_000, 3_000).await, Advance::Granted(None));
    assert_eq!(advance(9_000, 9_500).await, Advance::Granted(None));
    assert_eq!(advance(3_000, 4_000).await, Advance::Taken(9_500));
    let set_back = async |beyond, to| counter.set_back(beyond, to).await.expect("an answer");
    assert!(!set_back(9_500, 5_000).await, "not beyond");
    assert!(set_back(9_499, 5_000).await);
    assert!(!set_back(9_499, 4_000).await, "once");
    assert_eq!(advance(4_999, 6_000).await, Advance::Taken(5_000));
    let reported = counter.advance(5_000, 6_000, Some(noon())).await.expect("an answer");
    assert_eq!(reported, Advance::Granted(None), "what was reported before");
    assert_eq!(advance(6_000, 7_000).await, Advance::Granted(Some(noon())), "and every other sender reads it");
}

/// Runs a check in virtual time.
pub fn in_virtual_time<T>(check: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(check)
}
