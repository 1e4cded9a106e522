//! The adapters keep the ports' promises on a real DynamoDB API.

use adapters::control::Control;
use adapters::dossiers::DynamoDossiers;
use adapters::inquiries::DynamoInquiries;
use adapters::ledger::DynamoLedger;
use serde_json::json;
use simulation::promises;

use crate::stack;

async fn client() -> adapters::aws::DynamoDb {
    adapters::aws::dynamodb(&adapters::aws::config(adapters::aws::Patience::Background).expect("settings"))
}

#[tokio::test]
async fn the_ledger_on_dynamodb_keeps_its_promises() {
    let stack = stack().await;
    let ledger = DynamoLedger::new(client().await, stack.output("NoticesTable").to_owned(), 183);
    promises::of_a_ledger(&ledger, &promises::some_code(fastrand::u64(..))).await;
}

#[tokio::test]
async fn the_dossiers_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let dossiers = DynamoDossiers::writer(client().await, stack.output("DossiersTable").to_owned(), 730);
    promises::of_a_dossier_store(&dossiers, &promises::some_code(fastrand::u64(..))).await;
}

#[tokio::test]
async fn the_inquiries_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    let inquiries = DynamoInquiries::new(client().await, stack.output("InquiriesTable").to_owned(), 396);
    promises::of_an_inquiry_log(&inquiries, fastrand::u64(..)).await;
}

#[tokio::test]
async fn the_budget_and_the_turn_on_dynamodb_keep_their_promises() {
    let stack = stack().await;
    // A table of the test's own: the deployed one is in use.
    let name = format!("control-{:08x}", fastrand::u32(..));
    let table = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "name", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]});
    stack.aws("dynamodb", "CreateTable", table).await.unwrap();
    let control = Control::new(client().await, name);
    promises::of_a_budget(&control).await;
    promises::of_a_turn(&control).await;
}
