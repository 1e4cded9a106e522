//! The adapters have the ports' guarantees on a real DynamoDB API.

use adapters::control::Control;
use adapters::deliveries::DynamoDeliveries;
use adapters::dossiers::DynamoDossiers;
use adapters::history::DynamoHistory;
use adapters::inquiries::DynamoInquiries;
use adapters::outbox::DynamoOutbox;
use application::ports::{Appointments, Claimed, Enqueue, Outbox};
use domain::{NoticeId, NoticeKey};
use serde_json::json;
use simulation::promises;

use crate::stack;

async fn client() -> adapters::aws::DynamoDb {
    adapters::aws::dynamodb(&adapters::aws::config(adapters::aws::Timeouts::Background).expect("settings"))
}

#[tokio::test]
async fn the_outbox_on_dynamodb_keeps_its_promises() {
    let stack = stack().await;
    let outbox = DynamoOutbox::new(client().await, stack.output("NoticesTable").to_owned(), 183);
    promises::of_an_outbox(&outbox, &promises::some_code(fastrand::u64(..))).await;
}

#[tokio::test]
async fn the_deliveries_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let table = stack.output("NoticesTable").to_owned();
    let outbox = DynamoOutbox::new(client().await, table.clone(), 183);
    let deliveries = DynamoDeliveries::new(client().await, table);
    promises::of_a_delivery_store(&outbox, &deliveries, &promises::some_code(fastrand::u64(..))).await;
}

#[tokio::test]
async fn the_history_on_dynamodb_keeps_its_promises() {
    let stack = stack().await;
    let table = stack.output("NoticesTable").to_owned();
    let outbox = DynamoOutbox::new(client().await, table.clone(), 183);
    let deliveries = DynamoDeliveries::new(client().await, table.clone());
    let history = DynamoHistory::new(client().await, table);
    promises::of_a_notice_history(&outbox, &deliveries, &history, &promises::some_code(fastrand::u64(..))).await;
}

#[tokio::test]
async fn the_dossiers_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let dossiers = DynamoDossiers::writer(client().await, stack.output("DossiersTable").to_owned(), 730);
    promises::of_a_dossier_store(&dossiers, &promises::some_code(fastrand::u64(..))).await;
}

/// A table like `dossiers`, for rows that no valid software writes: the deployed table's stream would move them to the
/// dead-letter bucket.
async fn dossiers_without_stream() -> String {
    let name = format!("dossiers-{:08x}", fastrand::u32(..));
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let table = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [text("receipt_code"), text("appointment_on")],
        "KeySchema": [key("receipt_code", "HASH")],
        "GlobalSecondaryIndexes": [{"IndexName": "by_appointment", "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [key("appointment_on", "HASH"), key("receipt_code", "RANGE")]}]});
    stack().await.aws("dynamodb", "CreateTable", table).await.unwrap();
    name
}

#[tokio::test]
async fn rows_edited_by_hand_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let (dossiers, notices) = (dossiers_without_stream().await, stack.output("NoticesTable").to_owned());
    let outbox = DynamoOutbox::new(client().await, notices.clone(), 183);
    let edit = async |id: &NoticeId, state: &str| {
        let update = json!({"TableName": notices, "UpdateExpression": "SET #state = :state",
            "Key": {"receipt_code": {"S": id.receipt_code.as_str()}, "notice": {"S": id.key.to_string()}},
            "ExpressionAttributeNames": {"#state": "state"}, "ExpressionAttributeValues": {":state": {"S": state}}});
        stack.aws("dynamodb", "UpdateItem", update).await.unwrap();
    };
    let code = promises::some_code(fastrand::u64(..));
    promises::of_an_edited_row(&outbox, &code, async |id, state| edit(id, state.as_str()).await).await;

    // A value that is not a state: it is unknown which one was meant, so the row is reported and not changed.
    let id = NoticeId::new(code, NoticeKey::Supplement(2));
    let now = chrono::Utc::now();
    assert!(outbox.enqueue(&id.clone().into(), Enqueue::Pending { due_at: now }, now).await.unwrap());
    edit(&id, "canceled").await;
    for owner in ["a", "b"] {
        let claimed = outbox.claim(&id.clone().into(), owner.into(), now).await.unwrap();
        assert_eq!(claimed, Claimed::Contradictory("canceled".into()));
    }
    edit(&id, "cancelled").await;
    assert_ne!(outbox.claim(&id.clone().into(), "c".into(), now).await.unwrap(), Claimed::Taken);

    let store = DynamoDossiers::writer(client().await, dossiers.clone(), 730);
    promises::of_an_unreadable_row(&store, &promises::some_code(fastrand::u64(..)), async |code, revision| {
        let mut item = json!({"receipt_code": {"S": code.as_str()}, "received_on": {"S": "20/11/2026"}});
        if let Some(revision) = revision {
            item["revision"] = json!({"N": revision.to_string()});
        }
        stack.aws("dynamodb", "PutItem", json!({"TableName": dossiers, "Item": item})).await.unwrap();
    })
    .await;
}

/// Rows written directly to the table: a page ends where DynamoDB ends it, whatever the keys are.
#[tokio::test]
async fn a_page_that_ends_with_a_key_that_is_not_canonical_is_followed_by_the_next() {
    let stack = stack().await;
    let table = dossiers_without_stream().await;
    let day = format!("2{:03}-01-02", 100 + fastrand::u32(..90));
    // Ten rows of 300 KB make several pages of one megabyte.
    for number in 0..10 {
        let code = format!("page-{number}-{:08x}", fastrand::u32(..));
        let item =
            json!({"receipt_code": {"S": code}, "appointment_on": {"S": day}, "procedure": {"S": "x".repeat(300_000)}});
        stack.aws("dynamodb", "PutItem", json!({"TableName": table, "Item": item})).await.unwrap();
    }
    let store = DynamoDossiers::reader(client().await, table);
    let (mut page, mut unreadable, mut pages) = (None, 0, 0);
    loop {
        let found = store.appointed_on(day.parse().unwrap(), page).await.unwrap();
        (unreadable, pages) = (unreadable + found.unreadable, pages + 1);
        assert!(pages <= 10, "the pages do not end");
        page = match found.next {
            Some(next) => Some(next),
            None => break,
        };
    }
    assert_eq!(unreadable, 10);
    assert!(pages > 1, "one page shows nothing");
}

#[tokio::test]
async fn the_inquiries_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let inquiries = DynamoInquiries::new(client().await, stack.output("InquiriesTable").to_owned(), 396);
    promises::of_an_inquiry_log(&inquiries, fastrand::u64(..)).await;
}

#[tokio::test]
async fn the_rate_counter_on_dynamodb_keeps_its_promises() {
    let stack = stack().await;
    // A table of the test's own: the deployed one is in use.
    let name = format!("control-{:08x}", fastrand::u32(..));
    let table = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]});
    stack.aws("dynamodb", "CreateTable", table).await.unwrap();
    let control = Control::new(client().await, name);
    promises::of_a_rate_counter(&control).await;
    promises::of_a_sending_hold(&control).await;
}
