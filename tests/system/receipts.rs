//! SNS's receipts: the delivery log's subscription, early and unknown messages, and what a citizen gets in the end.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use system_tests::delivery_log::{ACCEPTED, DeliveryLog, entry};
use system_tests::one_stop_software::{code, dossier, next, phone};
use system_tests::{OneStopSoftware, Stack, eventually};

use crate::{inbox, row, stack};

/// The event that CloudWatch Logs makes of entries.
pub(crate) fn logs_event(entries: &[Value]) -> Value {
    let now = chrono::Utc::now().timestamp_millis();
    let events: Vec<Value> = entries
        .iter()
        .enumerate()
        .map(|(place, entry)| json!({"id": format!("{place:056}"), "timestamp": now, "message": entry.to_string()}))
        .collect();
    let data = json!({"messageType": "DATA_MESSAGE", "owner": "000000000000",
        "logGroup": "sns/ap-southeast-1/000000000000/DirectPublishToPhoneNumber", "logStream": "1",
        "subscriptionFilters": ["onestop"], "logEvents": events});
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(data.to_string().as_bytes()).unwrap();
    json!({"awslogs": {"data": STANDARD.encode(gzip.finish().unwrap())}})
}

/// A notice that SNS accepted: its dossier and its row.
async fn sent(stack: &Stack) -> (Value, Map<String, Value>) {
    let done = dossier(json!({"step": "Trả kết quả"}));
    OneStopSoftware::of(stack).await.unwrap().store(&done).await.unwrap();
    inbox(stack, &phone(&done), 1).await;
    let row = row(stack, code(&done), "result#1", "sent").await;
    (done, row)
}

fn message_id(row: &Map<String, Value>) -> &str {
    row["message_id"].as_str().unwrap()
}

async fn reported(stack: &Stack, code: &str, delivery: &str) -> Map<String, Value> {
    eventually(&format!("{code} is {delivery}"), || async {
        let row = stack.outbox(code).await?.remove("result#1");
        Ok(row.filter(|row| row.get("delivery").is_some_and(|found| found == delivery)))
    })
    .await
}

#[tokio::test]
async fn the_delivery_logs_subscription_brings_the_end_of_each_message() {
    let stack = stack().await;
    let (delivered, row_of_delivered) = sent(&stack).await;
    let (failed, row_of_failed) = sent(&stack).await;
    let log = DeliveryLog::of(&stack).await.unwrap();
    log.write(&[
        entry(message_id(&row_of_delivered), &phone(&delivered), ACCEPTED),
        entry(message_id(&row_of_failed), &phone(&failed), "Phone number +84912345678 is opted out"),
    ])
    .await
    .unwrap();

    let row = reported(&stack, code(&delivered), "delivered").await;
    assert_eq!((row["state"].as_str(), row["price_currency"].as_str()), (Some("sent"), Some("USD")));
    let row = reported(&stack, code(&failed), "undelivered").await;
    assert_eq!(row["delivery_reason"], "opted_out");
    assert_eq!(row["delivery_words"], "Phone number +*********** is opted out");
}

#[tokio::test]
async fn a_number_that_did_not_get_its_notice_is_corrected_and_gets_it() {
    let stack = stack().await;
    let (done, row) = sent(&stack).await;
    let failure = entry(message_id(&row), &phone(&done), "Invalid phone number");
    stack.invoke("ReceiptsFunction", &logs_event(&[failure])).await.unwrap();
    reported(&stack, code(&done), "undelivered").await;
    let other = dossier(json!({}))["phone"].clone();
    let corrected = next(&done, json!({"phone": other}));
    OneStopSoftware::of(&stack).await.unwrap().store(&corrected).await.unwrap();
    assert_eq!(inbox(&stack, &phone(&corrected), 1).await.len(), 1);
}

#[tokio::test]
async fn an_early_receipt_is_recorded_and_another_senders_is_left() {
    let stack = stack().await;
    let (done, _) = sent(&stack).await;
    let id = format!("early-{:08x}", fastrand::u32(..));
    let (early, others) = (entry(&id, &phone(&done), ACCEPTED), entry("of-another-sender", "+84912345678", ACCEPTED));
    let completed = async {
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let update = json!({"TableName": stack.output("NoticesTable"), "UpdateExpression": "SET message_id = :id",
            "Key": {"receipt_code": {"S": code(&done)}, "notice": {"S": "result#1"}},
            "ExpressionAttributeValues": {":id": {"S": id}}});
        stack.aws("dynamodb", "UpdateItem", update).await
    };
    let event = logs_event(&[early, others]);
    let (recorded, completed) = tokio::join!(stack.invoke("ReceiptsFunction", &event), completed);
    recorded.unwrap();
    completed.unwrap();
    reported(&stack, code(&done), "delivered").await;
}

fn topic_event(message: &Value) -> Value {
    json!({"Records": [{"EventVersion": "1.0", "EventSource": "aws:sns", "EventSubscriptionArn": "arn:aws:sns:ap-southeast-1:000000000000:events:1",
        "Sns": {"Type": "Notification", "MessageId": "95df01b4", "TopicArn": "arn:aws:sns:ap-southeast-1:000000000000:events",
            "Subject": null, "Message": message.to_string(), "Timestamp": "2026-11-24T05:00:00.000Z",
            "SignatureVersion": "1", "Signature": "x", "SigningCertUrl": "https://sns", "UnsubscribeUrl": "https://sns",
            "MessageAttributes": {}}}]})
}

#[tokio::test]
async fn an_event_of_end_user_messaging_names_the_notice() {
    let stack = stack().await;
    let (done, _) = sent(&stack).await;
    let event = json!({"eventType": "TEXT_UNREACHABLE", "isFinal": true, "messageId": "m", "destinationPhoneNumber": phone(&done),
        "eventTimestamp": chrono::Utc::now().timestamp_millis(), "messageStatusDescription": "Phone is currently unreachable",
        "context": {"receipt_code": code(&done), "notice": "result#1"}});
    stack.invoke("ReceiptsFunction", &topic_event(&event)).await.unwrap();
    assert_eq!(reported(&stack, code(&done), "undelivered").await["delivery_reason"], "unreachable");
    row(&stack, code(&done), "result#1#again", "pending").await;
}
