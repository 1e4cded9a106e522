//! Call-backs: the bus's events by HTTPS to the one-stop software, from the bus to a receiver on this machine. The second
//! stack of `make test` has them (`CallbackUrl`), the first has none.

use std::process::Command;
use std::time::{Duration, Instant};

use chrono::Days;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use system_tests::receiver::{Behaviour, Call, Receiver};
use system_tests::role::Verdict;
use system_tests::{Role, Stack, eventually, half_past_five, today};

use crate::probe::json_call;
use crate::stack;

async fn with_call_backs() -> Stack {
    Stack::of_kannel().await.unwrap()
}

/// A code that no dossier has.
fn some_code() -> String {
    format!("CB-{:012}", fastrand::u64(..1_000_000_000_000))
}

fn detail(code: &str) -> Value {
    json!({"receipt_code": code, "notice": "result#1", "kind": "result", "parts": 3, "attempts": 1})
}

/// Publishes an event on the bus, as the functions do. Returns its id.
async fn publish(stack: &Stack, detail_type: &str, detail: &Value) -> String {
    let entry = json!({"EventBusName": stack.output("EventBusName"), "Source": "onestop", "DetailType": detail_type,
        "Detail": detail.to_string()});
    let put = stack.aws("events", "PutEvents", json!({"Entries": [entry]})).await.unwrap();
    put["Entries"][0]["EventId"].as_str().unwrap_or_else(|| panic!("{put}")).to_owned()
}

/// Waits for the n-th call-back about that.
async fn calls(receiver: &Receiver, about: &str, count: usize) -> Vec<Call> {
    eventually(&format!("{count} call-backs about {about}"), || async {
        let calls = receiver.calls(about);
        Ok((calls.len() >= count).then_some(calls))
    })
    .await
}

async fn count(stack: &Stack, queue: &str, attribute: &str) -> u64 {
    let ask = json!({"QueueUrl": stack.output(queue), "AttributeNames": [attribute]});
    let found = stack.aws("sqs", "GetQueueAttributes", ask).await.unwrap();
    found["Attributes"][attribute].as_str().unwrap().parse().unwrap()
}

/// The messages in the dead-letter queue, which stay there: id and body.
async fn dead_letters(stack: &Stack) -> Vec<(String, String)> {
    let peek =
        json!({"QueueUrl": stack.output("FailedCallbacksQueue"), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
    let received = stack.aws("sqs", "ReceiveMessage", peek).await.unwrap();
    let text = |message: &Value, name: &str| message[name].as_str().unwrap_or_default().to_owned();
    let messages = received["Messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| (text(message, "MessageId"), text(message, "Body"))).collect()
}

fn redrive(stack: &Stack) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let make = ["--no-print-directory", "redrive"];
    let mut command = Command::new("make");
    command.args(make).current_dir(root).env("ONESTOP_ENDPOINT", stack.endpoint()).env("STACK", "onestop-kannel");
    let done = command.output().expect("make");
    String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
}

/// One test, since the receiver has one port: down, slow, redirecting, broken, busy, gone; then the dead-letter queue.
#[tokio::test]
async fn each_event_reaches_a_receiver_that_was_down_slow_redirecting_or_broken() {
    let stack = with_call_backs().await;
    let secret = stack.secret("CallbackSecret").await.unwrap();
    let key = Webhook::new(secret["current"].as_str().unwrap()).unwrap();

    // Nothing listens yet.
    let (down, published) = (some_code(), Instant::now());
    let down_id = publish(&stack, "Notice Sent", &detail(&down)).await;
    eventually("a try", || async {
        let hidden = count(&stack, "CallbackQueue", "ApproximateNumberOfMessagesNotVisible").await;
        Ok((hidden > 0).then_some(()))
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let receiver = Receiver::open(&stack).await.unwrap();

    let elsewhere = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let other = format!("http://{}/", elsewhere.local_addr().unwrap());
    let answer = |status| Behaviour::Answer(status, None);
    let cases = [
        ("Notice Sent", "notice.sent", 2, vec![], 1),
        ("Notice Undelivered", "notice.undelivered", 3, vec![answer(500), answer(500)], 3),
        ("Notice Delivered", "notice.delivered", 4, vec![Behaviour::Answer(302, Some(("location", other)))], 2),
        ("Notice Failed", "notice.failed", 1, vec![Behaviour::NoAnswer], 2),
        (
            "Notice Cancelled",
            "notice.cancelled",
            1,
            vec![Behaviour::Answer(429, Some(("retry-after", "15".into())))],
            2,
        ),
        ("Notice Expired", "notice.expired", 1, vec![answer(410)], 1),
    ];
    let mut expected = vec![(down.clone(), down_id, "notice.sent", 2, 1)];
    for (detail_type, kind, rank, behaviours, tries) in cases {
        let code = some_code();
        receiver.behaves(&code, behaviours);
        let id = publish(&stack, detail_type, &detail(&code)).await;
        expected.push((code, id, kind, rank, tries));
    }
    // Another event of the bus, and a real one: the evening's.
    let (other, day) = (some_code(), today() + Days::new(60_000 + fastrand::u64(..5_000)));
    publish(&stack, "Inquiry Answered", &detail(&other)).await;
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();

    for (code, id, kind, rank, tries) in &expected {
        let calls = calls(&receiver, code, *tries).await;
        for call in &calls {
            key.verify(&call.body, &call.headers).unwrap_or_else(|error| panic!("{kind}: {error}"));
            assert_eq!((call.id(), &call.body), (id.as_str(), &calls[0].body), "{kind}: the same in every try");
        }
        let (body, mut data) = (calls[0].json(), detail(code));
        data["rank"] = json!(rank);
        assert_eq!((&body["type"], &body["data"]), (&json!(kind), &data));
        let time: chrono::DateTime<chrono::Utc> = body["timestamp"].as_str().unwrap().parse().unwrap();
        assert!((chrono::Utc::now() - time).num_seconds() < 300, "{body}");
    }
    let planned = &calls(&receiver, &day.to_string(), 1).await[0];
    assert_eq!((&planned.json()["type"], &planned.json()["data"]["planned"]), (&json!("apologies.planned"), &json!(0)));

    // The pauses: ten seconds, or what the receiver asks for.
    assert!(receiver.calls(&down)[0].at - published > Duration::from_secs(9), "it came at the second try");
    let tries = |at: usize| receiver.calls(&expected[at].0).iter().map(|call| call.at).collect::<Vec<_>>();
    let (broken, busy) = (tries(2), tries(5));
    assert!(broken[1] - broken[0] > Duration::from_secs(9), "{:?}", broken[1] - broken[0]);
    assert!(busy[1] - busy[0] > Duration::from_secs(14), "{:?}", busy[1] - busy[0]);

    // `make redrive` retries what is in the dead-letter queue, also what was answered with 410; a message that is no event stays.
    let hello = json!({"QueueUrl": stack.output("CallbackQueue"), "MessageBody": "hello"});
    stack.aws("sqs", "SendMessage", hello).await.unwrap();
    let odd = eventually("the message that is no event", || async {
        Ok(dead_letters(&stack).await.into_iter().find(|(_, body)| body == "hello").map(|(id, _)| id))
    })
    .await;
    let late = some_code();
    let event = json!({"version": "0", "id": "late-1", "detail-type": "Notice Sent", "source": "onestop",
        "time": "2026-11-24T05:00:00Z", "detail": detail(&late)});
    let (mut other_kind, mut timeless) = (event.clone(), event.clone());
    other_kind["detail-type"] = json!("Inquiry Answered");
    timeless.as_object_mut().unwrap().remove("time");
    for body in [&event, &other_kind, &timeless] {
        let message = json!({"QueueUrl": stack.output("FailedCallbacksQueue"), "MessageBody": body.to_string()});
        stack.aws("sqs", "SendMessage", message).await.unwrap();
    }
    let said = redrive(&stack);
    assert!(said.contains("2 call-backs are retried for another day") && said.contains(&odd), "{said}");
    assert!(said.matches("no event of the bus").count() >= 3, "{said}");
    assert_eq!(calls(&receiver, &late, 1).await[0].id(), "late-1");
    let left = dead_letters(&stack).await;
    assert!(
        left.iter().any(|(id, _)| *id == odd) && !left.iter().any(|(_, body)| *body == event.to_string()),
        "{left:?}"
    );

    // Each was sent as often as it had to be, and no more.
    let gone = &expected[6].0;
    assert_eq!(calls(&receiver, gone, 2).await[1].body, receiver.calls(gone)[0].body);
    for (code, _, kind, _, tries) in expected.iter().filter(|(code, ..)| code != gone) {
        assert_eq!(receiver.calls(code).len(), *tries, "{kind}");
    }
    assert!(receiver.calls(&other).is_empty(), "only the events of notices are sent");
    let nobody = tokio::time::timeout(Duration::from_millis(10), elsewhere.accept()).await;
    assert!(nobody.is_err(), "a redirect was followed");
}

#[tokio::test]
async fn the_function_of_call_backs_has_its_queues_its_secret_and_its_log_and_nothing_else() {
    let stack = with_call_backs().await;
    let role = Role::of(&stack, "CallbackFunction").await.unwrap();
    let (queue, failed) = (stack.output("CallbackQueue"), stack.output("FailedCallbacksQueue"));
    let sqs = |action: &str, url: &str| {
        let body = json!({"QueueUrl": url, "ReceiptHandle": "none", "VisibilityTimeout": 0, "MessageBody": "who may write here?"});
        json_call("sqs", format!("AmazonSQS.{action}"), body)
    };
    let secret = |action: &str, name: &str| {
        let body = json!({"SecretId": format!("onestop-kannel/{name}"), "SecretString": "{}"});
        json_call("secretsmanager", format!("secretsmanager.{action}"), body)
    };
    let log = |group: &str| {
        let body = json!({"logGroupName": group, "logStreamName": format!("test-{:08x}", fastrand::u32(..))});
        json_call("logs", "Logs_20140328.CreateLogStream".into(), body)
    };
    let on_table = |action: &str| {
        let body = json!({"TableName": stack.output("NoticesTable"), "Key": {"receipt_code": {"S": "missing"}, "notice": {"S": "missing"}}});
        json_call("dynamodb", format!("DynamoDB_20120810.{action}"), body)
    };
    let event =
        json!({"EventBusName": stack.output("EventBusName"), "Source": "test", "DetailType": "Test", "Detail": "{}"});
    for (call, may) in [
        (sqs("ChangeMessageVisibility", queue), true),
        (sqs("SendMessage", failed), true),
        (secret("GetSecretValue", "callbacks"), true),
        (log("/onestop/onestop-kannel/callback"), true),
        (sqs("SendMessage", queue), false),
        (sqs("PurgeQueue", queue), false),
        (sqs("ReceiveMessage", failed), false),
        (sqs("ChangeMessageVisibility", failed), false),
        (sqs("ReceiveMessage", stack.output("FailedReceiptsQueue")), false),
        (sqs("SendMessage", stack.output("FailedReceiptsQueue")), false),
        (secret("PutSecretValue", "callbacks"), false),
        (secret("GetSecretValue", "intake"), false),
        (secret("GetSecretValue", "gateways"), false),
        (secret("GetSecretValue", "sms"), false),
        (log("/another/log"), false),
        (on_table("GetItem"), false),
        (on_table("DeleteItem"), false),
        (json_call("events", "AWSEvents.PutEvents".into(), json!({"Entries": [event]})), false),
    ] {
        let verdict = role.tries(&call).await.unwrap();
        assert_eq!(verdict != Verdict::Refused, may, "{call:?}: {verdict:?}");
    }
    // Reading the queue, which Lambda does in the function's name, would hide a message from it: this right is read.
    let statements = role.statements().await.unwrap();
    let confined = statements.iter().any(|statement| {
        statement["Effect"] == "Deny"
            && statement["Action"] == json!(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"])
            && statement["NotResource"].as_str().is_some_and(|arn| arn.ends_with(queue.rsplit('/').next().unwrap()))
    });
    assert!(confined, "{statements:?}");
    let names = |statement: &Value, of: &str| statement[of].to_string();
    for statement in statements.iter().filter(|statement| statement["Effect"] == "Allow") {
        let (action, resource) = (names(statement, "Action"), names(statement, "Resource"));
        assert!(!action.contains('*') && !resource.contains('*'), "{statement}");
    }
}

#[tokio::test]
async fn without_an_address_nothing_of_call_backs_is_deployed() {
    let stack = stack().await;
    for output in ["CallbackFunction", "CallbackQueue", "FailedCallbacksQueue", "CallbackSecret"] {
        assert_eq!(stack.output(output), "", "{output}");
    }
    let queues = stack.aws("sqs", "ListQueues", json!({})).await.unwrap().to_string();
    assert!(queues.contains("/onestop-kannel-Callbacks") && !queues.contains("/onestop-Callbacks"), "{queues}");
    let groups = stack.aws("logs", "DescribeLogGroups", json!({})).await.unwrap().to_string();
    assert!(groups.contains("/onestop/onestop-kannel/callback") && !groups.contains("/onestop/onestop/callback"));
}
