//! `GET /dossiers/{receipt_code}/notices`, in memory: what it says after each event, and what it refuses.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use chrono::TimeDelta;
use domain::notice::receipt::{CarrierWords, Delivery, Reason, Receipt, Reported};
use serde_json::{Value, json};
use simulation::aws::Stack;
use simulation::endpoints::{asked_what_was_sent, signed};
use simulation::fault::{Faults, ROUND_TRIP};
use simulation::promises::in_virtual_time;
use simulation::scenario::{dossier, notice_config};
use simulation::world::World;

const CODE: &str = "0161701234";
const PHONE: &str = "0912345678";

fn stack() -> Stack {
    let began = "2026-11-24T02:00:00Z".parse().expect("a time");
    Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), notice_config(1_000_000))
}

async fn answer(stack: &Stack, request: &ApiGatewayProxyRequest) -> (i64, Value) {
    let (status, body) = stack.intake(request).await.expect("an answer");
    (status, serde_json::from_str(&body).expect("JSON, always"))
}

async fn told(stack: &Stack, code: &str) -> Value {
    let (status, body) = answer(stack, &asked_what_was_sent(&format!("{code}/notices"), Value::Null)).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// Pushes a dossier, and lets the stream cause what it causes.
async fn push(stack: &mut Stack, changes: Value) {
    let mut snapshot = serde_json::to_value(dossier(CODE, PHONE, json!({}))).expect("JSON");
    snapshot.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    assert_eq!(stack.push(&snapshot).await, ["stored"]);
    stack.deliver_stream().await;
}

async fn report(stack: &Stack, notice: &str, delivery: Delivery, reason: Option<Reason>) {
    let id = domain::NoticeId::parse(CODE, notice).expect("a notice");
    let receipt = Receipt {
        message: Reported::Notice(id),
        delivery,
        reason,
        words: CarrierWords::default(),
        at: "2026-11-24T02:05:00Z".parse().expect("a time"),
        price: None,
        parts: None,
    };
    stack.receipts(&[receipt]).await.expect("recorded");
}

#[test]
fn a_result_is_followed_from_its_push_to_its_receipt() {
    in_virtual_time(async {
        let mut stack = stack();
        push(&mut stack, json!({})).await;
        let body = told(&stack, CODE).await;
        assert_eq!(body["dossier"], json!({"revision": 1, "step": "Thẩm định", "status": "Đang xử lý"}));
        assert_eq!((&body["receipt_code"], &body["notices"]), (&json!(CODE), &json!([])));
        assert_eq!(body["nothing"]["reason"], "not_a_notice_step");

        push(&mut stack, json!({"revision": 2, "step": "Trả kết quả"})).await;
        let body = told(&stack, CODE).await;
        let [notice] = body["notices"].as_array().expect("a list").as_slice() else { panic!("{body}") };
        let sent_at = notice["sent_at"].as_str().expect("a time").to_owned();
        assert!(sent_at.starts_with("2026-11-24T02:00:0") && sent_at.ends_with('Z'), "{sent_at}");
        assert_eq!(
            *notice,
            json!({"notice": "result#2", "kind": "result", "sending": "first", "state": "sent", "attempts": 1,
                "sentence": "Tin nhắn đã gửi đi, nhà mạng chưa báo kết quả.", "enqueued_at": notice["enqueued_at"],
                "sent_at": sent_at, "phone": "09*****678"})
        );
        assert_eq!(body["nothing"], Value::Null, "this change required a notice");

        report(&stack, "result#2", Delivery::Undelivered, Some(Reason::Unreachable)).await;
        let body = told(&stack, CODE).await;
        let [first, again] = body["notices"].as_array().expect("a list").as_slice() else { panic!("{body}") };
        assert_eq!((&first["delivery"], &first["delivery_reason"]), (&json!("undelivered"), &json!("unreachable")));
        assert_eq!(first["delivery_at"], "2026-11-24T02:05:00.000Z");
        assert_eq!(
            (&again["notice"], &again["sending"], &again["state"]),
            (&json!("result#2#again"), &json!("again"), &json!("pending"))
        );
        assert!(again["due_at"].is_string() && again.get("phone").is_none(), "{again}");

        push(&mut stack, json!({"revision": 3, "step": "Trả kết quả", "status": "Khác"})).await;
        assert_eq!(told(&stack, CODE).await["nothing"]["reason"], "already_told");
    });
}

#[test]
fn the_text_is_there_only_for_those_who_ask_and_the_number_never_in_full() {
    in_virtual_time(async {
        let mut stack = stack();
        push(&mut stack, json!({"step": "Trả kết quả"})).await;
        for (query, asked) in [(Value::Null, false), (json!({"text": "0"}), false), (json!({"text": "1"}), true)] {
            let (_, body) = answer(&stack, &asked_what_was_sent(&format!("{CODE}/notices"), query)).await;
            let text = body["notices"][0]["text"].as_str();
            assert_eq!(text.is_some_and(|text| text.contains("đã được giải quyết xong")), asked, "{body}");
            for number in ["912345678", "12345"] {
                assert!(!body.to_string().contains(number), "{body}");
            }
        }
    });
}

#[test]
fn a_notice_that_was_not_sent_says_why() {
    in_virtual_time(async {
        let mut stack = stack();
        stack.notice_config.window = "10:00-21:00".parse().expect("opens in an hour");
        push(&mut stack, json!({"step": "Trả kết quả"})).await;
        let body = told(&stack, CODE).await;
        assert_eq!(body["notices"][0]["due_at"], "2026-11-24T03:00:00.000Z");
        push(&mut stack, json!({"revision": 2})).await;
        tokio::time::sleep(TimeDelta::hours(1).to_std().expect("forward")).await;
        stack.send_due().await.expect("it ran").expect("it sent");
        let body = told(&stack, CODE).await;
        let notice = &body["notices"][0];
        assert_eq!((&notice["state"], &notice["reason"]), (&json!("cancelled"), &json!("the dossier was re-opened")));
        assert_eq!(notice["sentence"], "Tin nhắn này không được gửi nữa: hồ sơ được chuyển lại để giải quyết tiếp.");
    });
}

#[test]
fn a_code_is_found_however_it_is_written() {
    in_virtual_time(async {
        let stack = stack();
        stack.world.write(dossier("H50.15/261008", PHONE, json!({})));
        for path in [
            "H50.15%2F261008/notices",
            "H50.15%2f261008/notices",
            "H50.15/261008/notices",
            "h50.15%2F261008%2Fnotices",
            "%EF%BC%A850.15%2F261008/notices",
            "%20H50.15%2F261008%20/notices",
        ] {
            let (status, body) = answer(&stack, &asked_what_was_sent(path, Value::Null)).await;
            assert_eq!((status, &body["receipt_code"]), (200, &json!("H50.15/261008")), "{path}");
        }
    });
}

#[test]
fn what_cannot_be_answered_is_refused_and_says_why() {
    in_virtual_time(async {
        let stack = stack();
        let nothing_here = "there is nothing here: GET /docs says what there is";
        let foreign = "receipt_code may hold only letters A-Z, digits, '.', '/' and '-'";
        for (path, status, error) in [
            (
                "9999999999/notices",
                404,
                "there is no dossier with this receipt code: check it, or push the dossier first",
            ),
            ("0161701234", 404, nothing_here),
            ("0161701234/notice", 404, nothing_here),
            ("notices", 404, nothing_here),
            ("%3Cscript%3E/notices", 400, foreign),
            ("01617%F0%9F%98%80/notices", 400, foreign),
            ("%FF%FE/notices", 400, foreign),
            ("%zz/notices", 400, foreign),
            ("-/notices", 400, "receipt_code must begin and end with a letter or a digit"),
            ("%20/notices", 400, "receipt_code is empty"),
            (&format!("{}/notices", "9".repeat(5_000)), 400, "receipt_code has more than 50 characters"),
        ] {
            let (found, body) = answer(&stack, &asked_what_was_sent(path, Value::Null)).await;
            assert_eq!((found, &body), (status, &json!({"error": error})), "{path}");
        }
    });
}

#[test]
fn only_a_signature_of_an_empty_body_reads() {
    in_virtual_time(async {
        let mut stack = stack();
        push(&mut stack, json!({"step": "Trả kết quả"})).await;
        let asked = asked_what_was_sent(&format!("{CODE}/notices"), Value::Null);
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut request = asked.clone();
            request.headers.remove(name);
            assert_eq!(answer(&stack, &request).await.0, 401, "{name}");
        }
        // A recorded push, also with its body.
        let recorded = signed("[]".into());
        let mut request = asked.clone();
        request.headers = recorded.headers.clone();
        assert_eq!(answer(&stack, &request).await.0, 401);
        request.body = recorded.body;
        assert_eq!(answer(&stack, &request).await.0, 401);
        // The signature of a read pushes nothing: an empty body is no dossier.
        let mut push = signed(String::new());
        push.headers = asked.headers;
        assert_eq!(answer(&stack, &push).await.0, 400);
    });
}

#[test]
fn a_dossier_that_is_gone_or_cannot_be_read_still_shows_its_notices() {
    in_virtual_time(async {
        let mut stack = stack();
        push(&mut stack, json!({"step": "Trả kết quả"})).await;
        let code = domain::ReceiptCode::parse(CODE).expect("a code");
        stack.world.write_unreadable(&code, Some(2));
        let body = told(&stack, CODE).await;
        assert_eq!((&body["dossier"], &body["nothing"]["reason"]), (&Value::Null, &json!("unreadable")));
        assert_eq!(body["notices"][0]["notice"], "result#1");
    });
}

#[test]
fn it_costs_one_query_and_one_get_item_and_waits_once() {
    in_virtual_time(async {
        let mut stack = stack();
        push(&mut stack, json!({"step": "Trả kết quả"})).await;
        let (before, began) = (stack.world.meter.spent(), stack.world.now());
        told(&stack, CODE).await;
        let spent = stack.world.meter.spent() - before;
        assert_eq!(spent.calls, [("GetItem", 1), ("Query", 1)].into());
        assert_eq!((stack.world.now() - began).to_std().expect("forward"), ROUND_TRIP);
    });
}
