//! `make redrive` processes the changes of the dead-letter bucket again; no notice is sent twice.

use std::process::Command;

use serde_json::{Value, json};
use system_tests::Stack;
use system_tests::one_stop_software::{code, dossier, phone};

use crate::{inbox, row, stack};

/// Runs `make redrive` on that stack and returns its last line.
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
    said.lines().last().unwrap_or_default().to_owned()
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
async fn what_was_set_aside_is_brought_again_once() {
    let stack = stack().await;
    let set_aside = dossier(json!({"step": "Trả kết quả"}));
    // The dossier is in the table as it was when its record failed; silent, so that its own stream record requires no
    // notice.
    let mut kept = record(&set_aside)["dynamodb"]["NewImage"].clone();
    kept["silent"] = json!({"BOOL": true});
    stack.put_item("DossiersTable", kept).await.unwrap();
    let object = json!({"requestContext": {"condition": "RetryAttemptsExhausted"}, "version": "1.0",
        "payload": json!({"Records": [record(&set_aside)]}).to_string()});
    stack.put_object("FailedRecordsBucket", "aws/lambda/1/shard/1", object.to_string()).await.unwrap();

    assert!(redrive(&stack).starts_with("1 objects processed again, 0 left"));
    inbox(&stack, &phone(&set_aside), 1).await;
    row(&stack, code(&set_aside), "result#1", "sent").await;
    assert!(redrive(&stack).starts_with("0 objects processed again, 0 left"));
    stack.put_object("FailedRecordsBucket", "aws/lambda/1/shard/2", object.to_string()).await.unwrap();
    assert!(redrive(&stack).starts_with("1 objects processed again, 0 left"));
    assert_eq!(stack.inbox(&phone(&set_aside)).await.unwrap().len(), 1, "one SMS, however often it is redriven");
}
