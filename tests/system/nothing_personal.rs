//! "No phone number and no text in logs, traces, metrics or events": reads everything that the stack wrote on a day
//! with many faults.

use chrono::{Days, Utc};
use serde_json::{Value, json};
use system_tests::citizen::new_id;
use system_tests::one_stop_software::{code, dossier, phone};
use system_tests::staff::StaffMember;
use system_tests::{Citizen, OneStopSoftware, Stack, Subscription, eventually, half_past_five, today};

use crate::{inbox, row, stack};

/// A citizen's words next to a code.
const CHATTER: &str = "xin hỏi hồ sơ của Nguyễn Thị Phượng Hoàng";

#[tokio::test]
async fn a_day_on_which_much_goes_wrong_leaves_nothing_personal_behind() {
    let stack = stack().await;
    let subscription = stack.subscribe(json!({"source": ["onestop"]})).await.unwrap();
    let (software, citizen) = (OneStopSoftware::of(&stack).await.unwrap(), Citizen::of(&stack).await.unwrap());
    let day = today() + Days::new(36_000 + fastrand::u64(..5_000));

    let done = dossier(json!({"step": "Trả kết quả"}));
    let late = dossier(json!({"appointment_on": day}));
    let fixed_line = dossier(json!({"phone": "02583822229", "step": "Trả kết quả"}));
    software.push(&json!([done, late, fixed_line])).await.unwrap();
    stack.evening(half_past_five(day - Days::new(1))).await.unwrap();
    let mut private =
        vec![national(&phone(&done)), national(&phone(&late)), "2583822229".into(), national(&citizen.msisdn)];
    private.extend(wrong_pushes(&software, &done).await);
    private.extend(wrong_records(&stack).await);
    wrong_texts(&citizen, code(&done)).await;
    wrong_events(&stack, &phone(&done)).await;
    visits(&stack, &done).await;
    inbox(&stack, &phone(&done), 1).await;
    row(&stack, code(&late), &format!("apology#{day}"), "sent").await;

    private.extend(
        ["Phượng Hoàng", "xin hỏi", "Mời ông/bà", "Ông/bà có thể đến", "hiện đang ở bước", "hướng dẫn viên"]
            .map(Into::into),
    );
    let written = everything_written(&stack, &subscription, &[code(&done), code(&late)]).await;
    for private in private {
        let line = written.iter().find(|line| line.contains(&private) || without_separators(line).contains(&private));
        assert_eq!(line, None, "{private}");
    }
}

/// Every line of every test that ran before.
#[tokio::test]
async fn no_line_of_any_log_holds_what_looks_like_a_mobile_number() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    let subscription = stack.subscribe(json!({"source": ["onestop"]})).await.unwrap();
    software.store(&done).await.unwrap();
    row(&stack, code(&done), "result#1", "sent").await;
    for line in everything_written(&stack, &subscription, &[code(&done)]).await {
        let number = line.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| is_a_mobile_number(word));
        assert_eq!(number, None, "{line}");
    }
}

#[test]
fn a_mobile_number_is_seen_in_every_spelling() {
    for written in ["+84912345678", "84912345678", "0912345678", "phone=0912345678,", "\"84912345678\""] {
        let word = written.split(|letter: char| !letter.is_ascii_alphanumeric()).find(|word| is_a_mobile_number(word));
        assert!(word.is_some(), "{written}");
    }
    assert!(without_separators("0912 345 678, 0912.345.678").contains("0912345678,0912345678"));
    for other in ["0161701234", "1795516200123", "000000000000"] {
        assert!(!is_a_mobile_number(other), "{other}");
    }
}

/// Forged, unreadable, too many, conflicting, and the phone number in each field that must not contain it.
async fn wrong_pushes(software: &OneStopSoftware, stored: &Value) -> Vec<String> {
    let other = dossier(json!({}));
    let misplaced = ["revision", "received_on", "appointment_on", "result_on", "same_day", "silent"].map(|field| {
        let mut wrong = other.clone();
        wrong[field] = other["phone"].clone();
        wrong
    });
    let mut conflicting = stored.clone();
    conflicting["phone"] = other["phone"].clone();
    let crowd = vec![other.clone(); 101];
    for (body, outcome) in
        [(json!(misplaced), 200), (conflicting, 200), (json!(crowd), 413), (other["phone"].clone(), 400)]
    {
        assert_eq!(software.push(&body).await.unwrap().status, outcome, "{body}");
    }
    let forged = software.sign("another body", Utc::now().timestamp());
    assert_eq!(software.post(other.to_string().into_bytes(), &forged).await.unwrap().status, 401);
    assert_eq!(software.post(other.to_string().into_bytes(), &[]).await.unwrap().status, 401);
    vec![national(&phone(&other))]
}

/// Rows that are not valid dossiers.
async fn wrong_records(stack: &Stack) -> Vec<String> {
    let unreadable = dossier(json!({}));
    let number = unreadable["phone"].clone();
    for field in ["revision", "received_on", "appointment_on", "silent", "phone"] {
        let mut item =
            json!({"receipt_code": {"S": format!("0169{:06}", fastrand::u32(..1_000_000))}, "revision": {"N": "1"}});
        for name in ["procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"] {
            item[name] = json!({"S": unreadable[name]});
        }
        item[field] = if field == "phone" { json!({"M": {"number": {"S": number}}}) } else { json!({"S": number}) };
        stack.put_item("DossiersTable", item).await.unwrap();
    }
    vec![national(&phone(&unreadable))]
}

/// Wrong credentials, an unknown gateway, one id for two texts, the sender's phone number in place of a code.
async fn wrong_texts(citizen: &Citizen, code: &str) {
    let asked = format!("MCKH {code} {CHATTER}");
    let id = new_id();
    let query = [("msisdn", citizen.msisdn.as_str()), ("mo_message", &asked), ("request_id", &id)];
    let url = citizen.url(&query);
    assert_eq!(citizen.raw(&url, Some("kannel:wrong")).await.unwrap().status, 401);
    let nobodys = url.replace("/mo/kannel", &format!("/mo/{}", citizen.msisdn));
    assert_ne!(citizen.raw(&nobodys, Some(citizen.credentials())).await.unwrap().status, 200);
    assert_eq!(citizen.delivered(&asked, &id).await.unwrap().status, 200);
    assert_eq!(citizen.delivered(CHATTER, &id).await.unwrap().status, 403);
    citizen.texts(&format!("MCKH 0{}", national(&citizen.msisdn))).await.unwrap();
    citizen.texts(&format!("MCKH {code} 0{}", national(&citizen.msisdn))).await.unwrap();
}

/// The staff look at the dossier, type its number into every field, and into an address.
async fn visits(stack: &Stack, stored: &Value) {
    let number = phone(stored);
    let person = StaffMember::logged_in(stack, "supervisor").await.unwrap();
    let (status, html) = person.get(&format!("/dossier?code={}", code(stored))).await.unwrap();
    assert!(status == 200 && html.contains(code(stored)), "{status}");
    for page in ["", "/phone", "/calls", "/again", "/logout/x"] {
        let fields =
            [("phone", number.as_str()), ("code", &number), ("word", &number), ("why", &number), ("row", &number)];
        person.post(page, &fields).await.unwrap();
    }
    person.get(&format!("/dossier?code={number}")).await.unwrap();
    person.get(&format!("/{number}?back={number}")).await.unwrap();
}

/// Events that AWS would not send: the functions must not log their content.
async fn wrong_events(stack: &Stack, phone: &str) {
    for function in
        ["IntakeFunction", "NotifyFunction", "ApologyFunction", "LookupFunction", "ReceiptsFunction", "DeskFunction"]
    {
        for event in [
            json!(phone),
            json!({"time": phone, "Records": phone, "body": phone, "httpMethod": phone, "headers": phone}),
        ] {
            let _ = stack.invoke(function, &event).await;
        }
    }
    let record = json!({"eventName": "INSERT", "dynamodb": {"NewImage": phone, "SequenceNumber": "1"}});
    let _ = stack.invoke("NotifyFunction", &json!({"Records": [record]})).await;
}

/// Every log group, the server's own log, the bus, the queue of failed runs: line by line, after the logs contain those
/// dossiers and the bus has delivered its events.
async fn everything_written(stack: &Stack, subscription: &Subscription, codes: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut announced: Vec<String> = Vec::new();
    while !codes.iter().all(|code| announced.iter().any(|event| event.contains(code))) {
        announced.extend(
            eventually("events on the bus", || async {
                let events = subscription.receive().await?;
                Ok((!events.is_empty()).then_some(events))
            })
            .await
            .into_iter()
            .map(|(name, detail)| format!("{name} {detail}")),
        );
    }
    lines.extend(announced);
    lines.extend(
        eventually("the functions' logs", || async {
            let logged = stack.every_log().await?;
            Ok(codes.iter().all(|code| logged.iter().any(|line| line.contains(code))).then_some(logged))
        })
        .await,
    );
    lines.extend(stack.server_log().unwrap());
    lines.extend(stack.failed_runs().await.unwrap());
    lines
}

/// The digits that are common to all spellings: +84…, 84…, 0….
fn national(phone: &str) -> String {
    phone.trim_start_matches("+").trim_start_matches("84").to_owned()
}

fn without_separators(line: &str) -> String {
    line.replace([' ', '.', '-'], "")
}

fn is_a_mobile_number(word: &str) -> bool {
    let national = match (word.len(), word.strip_prefix("84"), word.strip_prefix('0')) {
        (11, Some(national), _) | (10, _, Some(national)) => national,
        _ => return false,
    };
    national.starts_with(['3', '5', '7', '8', '9']) && national.bytes().all(|digit| digit.is_ascii_digit())
}
