//! `make redrive` processes the changes of the dead-letter bucket and the events of the queue of failed receipts again;
//! no notice is sent twice.

use std::process::Command;

use serde_json::{Value, json};
use system_tests::delivery_log::{ACCEPTED, entry};
use system_tests::one_stop_software::{code, dossier, phone};
use system_tests::{OneStopSoftware, Stack};
use tokio::sync::Mutex;

use crate::receipts::logs_event;
use crate::{inbox, row, stack};

/// `make redrive` takes all that is in the dead-letter bucket, also another test's: these tests run one after the other.
static REDRIVES: Mutex<()> = Mutex::const_new(());

/// Runs `make redrive` on that stack and returns what it said.
fn redrive(stack: &Stack) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let done = Command::new("make")
        .args(["--no-print-directory", "redrive"])
        .current_dir(root)
        .env("ONESTOP_ENDPOINT", stack.endpoint())
        .output()
        .expect("make");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(!said.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// What `make redrive` says of the objects, in its last line.
fn objects(said: &str) -> &str {
    said.lines().last().unwrap_or_default()
}

fn record(snapshot: &Value) -> Value {
    let text = |field: &str| json!({"S": snapshot[field]});
    let mut image = json!({"revision": {"N": "1"}});
    for field in ["receipt_code", "procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"] {
        image[field] = text(field);
    }
    json!({"eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": "ap-southeast-1",
        "eventSourceARN": "arn:aws:dynamodb:ap-southeast-1:000000000000:table/dossiers/stream/1",
        "dynamodb": {"ApproximateCreationDateTime": 1_795_516_200, "Keys": {"receipt_code": text("receipt_code")}, "NewImage": image,
            "SequenceNumber": "1", "SizeBytes": 700, "StreamViewType": "NEW_AND_OLD_IMAGES"}})
}

#[tokio::test]
async fn redriven_changes_send_one_notice() {
    let _alone = REDRIVES.lock().await;
    let stack = stack().await;
    let changed = dossier(json!({"step": "Trả kết quả"}));
    // The dossier is in the table as it was when its record failed; silent, so that its own stream record requires no
    // notice.
    let mut kept = record(&changed)["dynamodb"]["NewImage"].clone();
    kept["silent"] = json!({"BOOL": true});
    stack.put_item("DossiersTable", kept).await.unwrap();
    let object = json!({"requestContext": {"condition": "RetryAttemptsExhausted"}, "version": "1.0",
        "payload": json!({"Records": [record(&changed)]}).to_string()});
    stack.put_object("FailedRecordsBucket", "aws/lambda/1/shard/1", object.to_string()).await.unwrap();

    assert!(objects(&redrive(&stack)).starts_with("1 objects processed again, 0 left"));
    inbox(&stack, &phone(&changed), 1).await;
    row(&stack, code(&changed), "result#1", "sent").await;
    assert!(objects(&redrive(&stack)).starts_with("0 objects processed again, 0 left"));
    stack.put_object("FailedRecordsBucket", "aws/lambda/1/shard/2", object.to_string()).await.unwrap();
    assert!(objects(&redrive(&stack)).starts_with("1 objects processed again, 0 left"));
    assert_eq!(stack.inbox(&phone(&changed)).await.unwrap().len(), 1, "one SMS, however often it is redriven");
}

/// Lambda's record of an asynchronous invocation that failed three times.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn failed_invocation(event: &Value) -> Value {
    json!({"version": "1.0", "timestamp": "2026-11-24T05:03:10.568Z",
        "requestContext": {"requestId": "e4b46cbf-b738-11e8-a7a5-0123456789ab", "condition": "RetriesExhausted",
            "functionArn": "arn:aws:lambda:ap-southeast-1:000000000000:function:receipts:$LATEST", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Again", "errorMessage": "a receipt could not be recorded"}})
}

/// The ids of the messages in the queue of failed receipts that are shown to everybody.
async fn failed_receipts(stack: &Stack) -> Vec<Value> {
    let peek =
        json!({"QueueUrl": stack.output("FailedReceiptsQueue"), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
    let received = stack.aws("sqs", "ReceiveMessage", peek).await.unwrap();
    received["Messages"].as_array().into_iter().flatten().map(|message| message["MessageId"].clone()).collect()
}

#[tokio::test]
async fn failed_receipts_are_recorded_again_and_what_cannot_be_read_stays() {
    let _alone = REDRIVES.lock().await;
    let stack = stack().await;
    let done = dossier(json!({"step": "Trả kết quả"}));
    OneStopSoftware::of(&stack).await.unwrap().store(&done).await.unwrap();
    let sent = row(&stack, code(&done), "result#1", "sent").await;
    let receipt = entry(sent["message_id"].as_str().unwrap(), &phone(&done), ACCEPTED);
    let mut ids = Vec::new();
    // The second is no record of a failed invocation: a person wrote it into the queue.
    for body in [failed_invocation(&logs_event(&[receipt])).to_string(), "hello".to_owned()] {
        let message = json!({"QueueUrl": stack.output("FailedReceiptsQueue"), "MessageBody": body});
        ids.push(stack.aws("sqs", "SendMessage", message).await.unwrap()["MessageId"].clone());
    }

    let said = redrive(&stack);
    assert_eq!(stack.outbox(code(&done)).await.unwrap()["result#1"]["delivery"], "delivered");
    let left = failed_receipts(&stack).await;
    assert_eq!((left.contains(&ids[0]), left.contains(&ids[1])), (false, true), "{said}");
    assert!(!said.contains(&phone(&done)) && objects(&said).contains(" objects processed again, "), "{said}");
}
