//! SNS's receipts: the delivery log's subscription, early and unknown messages, and what a citizen gets in the end.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use system_tests::one_stop_software::{code, dossier, next, phone};
use system_tests::{OneStopSoftware, Stack, eventually};

use crate::{inbox, row, stack};

/// An entry of SNS's delivery log.
fn entry(message_id: &str, to: &str, failure: Option<&str>) -> Value {
    let response = failure.unwrap_or("Message has been accepted by phone carrier");
    let status = if failure.is_some() { "FAILURE" } else { "SUCCESS" };
    json!({"notification": {"messageId": message_id, "timestamp": "2026-11-24 05:00:00.558"},
        "delivery": {"destination": to, "priceInUSD": 0.13989, "smsType": "Transactional", "providerResponse": response,
            "numberOfMessageParts": 3, "dwellTimeMs": 599}, "status": status})
}

/// The event that CloudWatch Logs makes of entries.
fn logs_event(entries: &[Value]) -> Value {
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
    let group = format!("sns/ap-southeast-1/000000000000/DirectPublishToPhoneNumber-{:08x}", fastrand::u32(..));
    stack.aws("logs", "CreateLogGroup", json!({"logGroupName": group})).await.unwrap();
    stack.aws("logs", "CreateLogStream", json!({"logGroupName": group, "logStreamName": "1"})).await.unwrap();
    let arn = stack.configuration("ReceiptsFunction").await.unwrap()["FunctionArn"].clone();
    let filter = json!({"logGroupName": group, "filterName": "onestop", "filterPattern": "", "destinationArn": arn});
    stack.aws("logs", "PutSubscriptionFilter", filter).await.unwrap();
    let entries = [
        entry(message_id(&row_of_delivered), &phone(&delivered), None),
        entry(message_id(&row_of_failed), &phone(&failed), Some("Phone number +84912345678 is opted out")),
    ];
    let now = chrono::Utc::now().timestamp_millis();
    let events: Vec<Value> =
        entries.iter().map(|entry| json!({"timestamp": now, "message": entry.to_string()})).collect();
    let put = json!({"logGroupName": group, "logStreamName": "1", "logEvents": events});
    stack.aws("logs", "PutLogEvents", put).await.unwrap();

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
    let failure = entry(message_id(&row), &phone(&done), Some("Invalid phone number"));
    stack.invoke("ReceiptsFunction", &logs_event(&[failure])).await.unwrap();
    reported(&stack, code(&done), "undelivered").await;
    let other = dossier(json!({}))["phone"].clone();
    let corrected = next(&done, json!({"phone": other}));
    OneStopSoftware::of(&stack).await.unwrap().store(&corrected).await.unwrap();
    assert_eq!(inbox(&stack, &phone(&corrected), 1).await.len(), 1);
}

#[tokio::test]
async fn an_early_receipt_is_asked_for_again_and_an_old_unknown_one_is_not() {
    let stack = stack().await;
    let unknown = entry("of-another-sender", "+84912345678", None);
    let error = stack.invoke("ReceiptsFunction", &logs_event(&[unknown])).await.unwrap_err().to_string();
    assert!(error.contains("came before the outbox could be completed"), "{error}");
    // End User Messaging says when: an hour ago.
    let at = chrono::Utc::now().timestamp_millis() - 3_600_000;
    let event =
        json!({"eventType": "TEXT_DELIVERED", "isFinal": true, "messageId": "of-another-sender", "eventTimestamp": at});
    stack.invoke("ReceiptsFunction", &topic_event(&event)).await.unwrap();
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
