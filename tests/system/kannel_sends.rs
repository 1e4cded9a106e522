//! SmsSender=kannel: notices through Debian's Kannel and an SMPP connection to an operator's SMS centre, and its
//! delivery reports back to the rows. The stack is one of its own, deployed from the same template.

use std::time::Duration;

use serde_json::{Map, Value, json};
use system_tests::kannel::{Kannel, free_ports, is_here};
use system_tests::one_stop_software::{code, dossier, phone};
use system_tests::smsc::{Fate, Smsc};
use system_tests::{OneStopSoftware, Stack, eventually};

use crate::row;

/// A key that is letters and digits, as Kannel's URLs require.
const PASSWORD: &str = "dlr7s3cret";

/// Fills SmsSecret: notices go to that port, and reports come to the stack's API.
async fn account(stack: &Stack, sendsms: u16) {
    let kannel = json!({"url": format!("http://127.0.0.1:{sendsms}/cgi-bin/sendsms"), "username": "onestop",
        "password": PASSWORD, "from": "SoDuLich",
        "dlr": {"url": format!("{}/dlr/kannel", stack.api()), "user": "dlr", "password": PASSWORD}});
    let secret = json!({"SecretId": stack.output("SmsSecret"), "SecretString": json!({"kannel": kannel}).to_string()});
    stack.aws("secretsmanager", "PutSecretValue", secret).await.unwrap();
}

/// A dossier at "Trả kết quả", pushed.
async fn pushed(stack: &Stack) -> Value {
    let done = dossier(json!({"step": "Trả kết quả"}));
    OneStopSoftware::of(stack).await.unwrap().store(&done).await.unwrap();
    done
}

/// Its row, when it has that delivery.
async fn reported(stack: &Stack, dossier: &Value, delivery: &str) -> Map<String, Value> {
    eventually(&format!("{} is {delivery}", code(dossier)), || async {
        let row = stack.outbox(code(dossier)).await?.remove("result#1");
        Ok(row.filter(|row| row.get("delivery").is_some_and(|found| found == delivery)))
    })
    .await
}

#[tokio::test]
async fn each_notice_through_kannel_has_the_end_that_the_operator_reports() {
    if !is_here() {
        return;
    }
    let stack = Stack::of_kannel().await.unwrap();
    let (smsc, [sendsms, ..]) = (Smsc::start().await.unwrap(), free_ports().unwrap());
    account(&stack, sendsms).await;

    // Kannel is down: the notice waits, and no attempt fails it.
    let waiting = pushed(&stack).await;
    let row_of_waiting = row(&stack, code(&waiting), "result#1", "pending").await;
    assert!(row_of_waiting["reason"].as_str().unwrap().contains("Connect"), "{row_of_waiting:?}");
    let _kannel = Kannel::sending(smsc.port, sendsms, PASSWORD).await.unwrap();
    let arrived = reported(&stack, &waiting, "delivered").await;
    assert_eq!((arrived["state"].as_str(), arrived["parts"].as_i64()), (Some("sent"), Some(3)));
    assert!(!arrived["delivery_words"].as_str().unwrap().contains(char::is_numeric), "{arrived:?}");
    let submitted = smsc.submitted();
    assert_eq!((submitted[0].parts, submitted[0].from.as_str()), (3, "SoDuLich"), "accents, joined");
    assert!(phone(&waiting).ends_with(&submitted[0].to[2..]), "{submitted:?}");

    for (fate, delivery, reason) in [
        (Fate::Reported("UNDELIV"), "undelivered", Some("unreachable")),
        (Fate::Reported("EXPIRED"), "undelivered", Some("expired")),
        (Fate::ReportedTwice("DELIVRD"), "delivered", None),
        // Kannel 1.4.5 reports the operator's code for a message of one part only, and a notice with accents has three.
        (Fate::Refused, "undelivered", Some("sender")),
    ] {
        smsc.will([fate]);
        let done = pushed(&stack).await;
        let row = reported(&stack, &done, delivery).await;
        assert_eq!(row.get("delivery_reason").and_then(Value::as_str), reason, "{fate:?}: {row:?}");
        assert_eq!(row["state"], "sent", "{fate:?}: what was accepted stays sent");
        let rows = stack.outbox(code(&done)).await.unwrap();
        let is_sent_again = matches!(reason, Some("unreachable" | "expired" | "sender"));
        assert_eq!(rows.contains_key("result#1#again"), is_sent_again, "{fate:?}: {:?}", rows.keys());
    }

    smsc.will([Fate::NotReported]);
    let silent = pushed(&stack).await;
    row(&stack, code(&silent), "result#1", "sent").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!stack.outbox(code(&silent)).await.unwrap()["result#1"].contains_key("delivery"), "its report is lost");
}

#[tokio::test]
async fn a_strangers_report_is_refused() {
    let stack = Stack::of_kannel().await.unwrap();
    let url = format!("{}/dlr/kannel?code=0161701234&notice=result%231&report=1&at=1&words=x", stack.api());
    let ask = async |url: &str, password: &str| {
        stack.http().get(url).basic_auth("dlr", Some(password)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(&url, "wrong").await, 401);
    assert_eq!(stack.http().get(&url).send().await.unwrap().status(), 401);
    assert_eq!(ask(&url.replace("/kannel?", "/another?"), PASSWORD).await, 401);
    eventually("it is counted", || async {
        let log = stack.every_log().await?;
        Ok(log.iter().any(|line| line.contains("\"CallBacksRefused\"")).then_some(()))
    })
    .await;
}
