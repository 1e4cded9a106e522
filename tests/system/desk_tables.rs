//! What the desk reads and writes, on the deployed tables and their indexes.

use std::time::Duration;

use adapters::aws::{DynamoDb, Timeouts};
use adapters::deliveries::DynamoDeliveries;
use adapters::desk::DynamoBook;
use adapters::dossiers::DynamoDossiers;
use adapters::history::DynamoHistory;
use adapters::inquiries::DynamoInquiries;
use adapters::outbox::DynamoOutbox;
use application::ports::{
    Apologies, CallList, DeliveryStore, DossierFinder, DossierStore, Enqueue, InquiryDays, InquiryHistory, InquiryLog,
    KeptSum, NoteStore, NoticeDays, Outbox, SendingRecords, StoreError, SumStore,
};
use chrono::{DateTime, NaiveDate, SubsecRound, TimeDelta, Utc};
use domain::calendar::day_in_vietnam;
use domain::desk::letters::Evenings;
use domain::desk::sums::Inquiries;
use domain::desk::{Deed, Month, Note, did_not_arrive};
use domain::dossier::revision::Stored;
use domain::event::InquiryOutcome;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::{Claim, LEASE, Outcome};
use domain::notice::receipt::{CarrierWords, Delivery, Receipt, Reported};
use domain::{Dossier, InquiryId, NoticeId, NoticeKey, Outgoing, Phone, ReceiptCode};
use serde_json::json;
use simulation::promises::some_code;

use crate::stack;

fn client() -> DynamoDb {
    adapters::aws::dynamodb(&adapters::aws::config(Timeouts::Background).expect("settings"))
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// Until `read` shows it: an index may lag.
async fn seen<T>(what: &str, read: impl AsyncFn() -> Result<Option<T>, StoreError>) -> T {
    for _ in 0..50 {
        if let Some(found) = read().await.unwrap() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: not seen in 5 s");
}

fn dossier(code: &ReceiptCode, phone: &str) -> Dossier {
    let fields = json!({
        "receipt_code": code.as_str(), "revision": 1, "procedure": "Cấp thẻ", "phone": phone, "silent": true,
        "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định", "status": "", "unit": "",
    });
    Dossier::parse(fields.as_object().unwrap()).unwrap()
}

#[tokio::test]
async fn a_dossier_is_found_by_its_mobile_number_however_it_was_written() {
    let stack = stack().await;
    let dossiers = DynamoDossiers::writer(client(), stack.output("DossiersTable").to_owned(), 730);
    let national = format!("09{:08}", fastrand::u32(0..80_000_000));
    let codes = [some_code(fastrand::u64(..)), some_code(fastrand::u64(..))];
    for (code, phone) in codes.iter().zip([national.clone(), format!("+84 {}", &national[1..])]) {
        dossiers.put(&dossier(code, &phone), &Stored::Nothing).await.unwrap();
    }
    let phone = Phone::parse(&national).unwrap();
    let mut found = seen("two dossiers", async || {
        Ok(Some(dossiers.with_mobile(&phone, 10).await?).filter(|found| found.len() == 2))
    })
    .await;
    found.sort();
    let mut expected = codes.to_vec();
    expected.sort();
    assert_eq!(found, expected);
    assert_eq!(dossiers.with_mobile(&phone, 1).await.unwrap().len(), 1);
    let missing = some_code(fastrand::u64(..));
    let all = dossiers.all(&[codes[0].clone(), missing]).await.unwrap();
    assert_eq!(all.iter().map(Dossier::receipt_code).collect::<Vec<_>>(), [&codes[0]]);
}

fn receipt(id: &NoticeId, delivery: Delivery) -> Receipt {
    Receipt {
        message: Reported::Notice(id.clone()),
        delivery,
        reason: None,
        words: CarrierWords::default(),
        at: now(),
        price: None,
        parts: None,
    }
}

/// Enqueues and claims a notice.
async fn sending(outbox: &DynamoOutbox, id: &NoticeId) -> Claim {
    let outgoing = Outgoing::from(id.clone());
    let claim = Claim { id: outgoing.clone(), owner: "desk test".into(), lease_until: now() + LEASE, attempts: 1 };
    assert!(outbox.enqueue(&outgoing, Enqueue::Claimed(claim.clone()), now()).await.unwrap());
    claim
}

#[tokio::test]
async fn a_failed_and_an_undelivered_notice_are_on_the_list_to_phone_until_they_arrive_or_are_taken_off() {
    let stack = stack().await;
    let table = stack.output("NoticesTable").to_owned();
    let outbox = DynamoOutbox::new(client(), table.clone(), 183);
    let (deliveries, notices) = (DynamoDeliveries::new(client(), table.clone()), DynamoHistory::new(client(), table));
    let [failed, reported] = [(); 2].map(|()| NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Result(1)));
    let claim = sending(&outbox, &failed).await;
    assert!(outbox.complete(&claim, &Outcome::Failed("refused".into()), now()).await.unwrap());
    sending(&outbox, &reported).await;
    deliveries.record(&reported, &receipt(&reported, Delivery::Undelivered)).await.unwrap();

    let listed = async |id: &NoticeId| {
        let mut after = None;
        loop {
            let page = notices.to_phone(after, 3).await?;
            if page.ids.contains(id) {
                return Ok(true);
            }
            after = page.next;
            if after.is_none() {
                return Ok::<_, StoreError>(false);
            }
        }
    };
    for id in [&failed, &reported] {
        seen("on the list", async || Ok(listed(id).await?.then_some(()))).await;
    }
    let keys = [failed.clone(), failed.again(), reported.clone()];
    let mut records = notices.records(&keys).await.unwrap();
    records.sort_by_key(|(id, _)| id != &failed);
    assert!(records.iter().map(|(id, _)| id).eq([&failed, &reported]), "the second sending does not exist");
    assert!(records.iter().all(|(_, record)| did_not_arrive(record)));
    notices.take_off(&failed).await.unwrap();
    notices.take_off(&failed).await.unwrap();
    deliveries.record(&reported, &receipt(&reported, Delivery::Delivered)).await.unwrap();
    for id in [&failed, &reported] {
        seen("off the list", async || Ok((!listed(id).await?).then_some(()))).await;
    }
    let nobody = NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Result(1));
    notices.take_off(&nobody).await.unwrap();
    assert!(stack.outbox(nobody.receipt_code.as_str()).await.unwrap().is_empty(), "no row is made");
}

#[tokio::test]
async fn a_days_notices_are_counted_and_an_evenings_apologies_listed() {
    let stack = stack().await;
    let table = stack.output("NoticesTable").to_owned();
    let outbox = DynamoOutbox::new(client(), table.clone(), 183);
    let notices = DynamoHistory::new(client(), table);
    // A day of its own.
    let day = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap() + chrono::Days::new(fastrand::u64(0..2_000));
    let at = Evenings::AtHalfPastFive.begin(day) + TimeDelta::minutes(30);
    let apology = NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Apology(day + chrono::Days::new(1)));
    let late = NoticeId::new(some_code(fastrand::u64(..)), apology.key);
    let result = NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Result(1));
    for (id, at) in [
        (apology.clone(), at),
        (apology.by_hand(day, 1), at + TimeDelta::minutes(1)),
        (result, at),
        (NoticeId::new(some_code(fastrand::u64(..)), apology.key), at - TimeDelta::hours(2)),
        (NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Apology(day)), at + TimeDelta::minutes(2)),
        // The next morning, by hand.
        (late.clone(), at + TimeDelta::hours(14)),
    ] {
        let how = Enqueue::Pending { due_at: now() + TimeDelta::days(300) };
        assert!(outbox.enqueue(&id.into(), how, at).await.unwrap());
    }
    let counted = seen("five notices of the day", async || {
        Ok(Some(notices.counted(day, None).await?.sendings).filter(|sendings| sendings.len() == 5))
    })
    .await;
    assert!(counted.iter().all(|sending| sending.delivery.is_none() && sending.parts == 0));
    let tomorrow = day + chrono::Days::new(1);
    seen("the next day's notice", async || {
        Ok((!notices.counted(tomorrow, None).await?.sendings.is_empty()).then_some(()))
    })
    .await;
    let evening = Evenings::AtHalfPastFive.begin(day)..Evenings::AtHalfPastFive.begin(tomorrow);
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = notices.apologies(tomorrow, evening.clone(), after, 1).await.unwrap();
        listed.extend(page.ids);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, [apology, late], "neither the afternoon's nor the one by hand nor another day's nor the result");
}

#[tokio::test]
async fn inquiries_are_found_by_their_dossier_and_by_their_day() {
    let stack = stack().await;
    let inquiries = DynamoInquiries::new(client(), stack.output("InquiriesTable").to_owned(), 395);
    let (code, received_at) = (some_code(fastrand::u64(..)), now());
    for (number, charged) in [(1, true), (2, false)] {
        let inquiry = Inquiry {
            id: InquiryId::new("desk|test", &format!("{code}|{number}")).unwrap(),
            sender: "84912345678".into(),
            text: "MCKH".into(),
            receipt_code: Some(code.clone()),
            reply: "Hồ sơ".into(),
            outcome: InquiryOutcome::Answered,
            charged,
            call: None,
            received_at: received_at + TimeDelta::seconds(number),
        };
        inquiries.log(&inquiry).await.unwrap();
    }
    let about =
        seen("two inquiries", async || Ok(Some(inquiries.about(&code, 10).await?).filter(|found| found.len() == 2)))
            .await;
    assert!(about[0].received_at > about[1].received_at, "the last one first");
    assert_eq!(inquiries.about(&code, 1).await.unwrap().len(), 1);
    let (mut charged, mut after) = (Vec::new(), None);
    loop {
        let page = inquiries.texts_of(day_in_vietnam(received_at), after).await.unwrap();
        charged.extend(
            page.texts.iter().filter(|text| text.id.message().starts_with(code.as_str())).map(|text| text.charged),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(charged, [true, false]);
}

#[tokio::test]
async fn the_first_note_about_a_deed_is_kept_and_the_last_sums_of_a_day() {
    let stack = stack().await;
    let book = DynamoBook::new(client(), stack.output("DeskTable").to_owned(), 730);
    let id = NoticeId::new(some_code(fastrand::u64(..)), NoticeKey::Result(1));
    let note = |deed, word: &str| Note {
        id: id.by_hand("2026-11-26".parse().unwrap(), 1),
        deed,
        at: now(),
        staff: "person-1".into(),
        name: "Lan".into(),
        word: word.into(),
    };
    let (called, again) = (note(Deed::Called, "đã nghe máy"), note(Deed::SentAgain, ""));
    assert!(book.keep(&called).await.unwrap() && book.keep(&again).await.unwrap());
    assert!(!book.keep(&note(Deed::Called, "lần nữa")).await.unwrap());
    assert!(book.notes(&id.receipt_code).await.unwrap().contains(&called));
    let called = note(Deed::Called, "lần ba");
    book.replace(&called).await.unwrap();
    let mut notes = book.notes(&id.receipt_code).await.unwrap();
    notes.sort_by_key(|note| note.deed);
    assert!(notes == [called.clone(), again]);
    let other = NoticeId::new(id.receipt_code.clone(), NoticeKey::Result(2));
    assert!(book.about(&[called.id.clone(), other], Deed::Called).await.unwrap() == [called]);

    let day = NaiveDate::from_ymd_opt(2017, 1, 1).unwrap() + chrono::Days::new(fastrand::u64(0..60_000));
    let mut sum = KeptSum { day, made_at: now(), sums: Inquiries::default() };
    book.keep_sums(&sum).await.unwrap();
    sum.sums.count("kannel", true);
    book.keep_sums(&sum).await.unwrap();
    assert_eq!(book.sums::<Inquiries>(Month::of(day)).await.unwrap(), [sum]);
}
