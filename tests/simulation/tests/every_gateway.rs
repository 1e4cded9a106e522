//! The guarantees of 8083, whichever operator delivers the message: with the ports in memory.

#![allow(clippy::unwrap_used, reason = "in a test it says: this must be")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::metrics::Counts;
use adapters::secret::Secret;
use adapters::vcom::checksum;
use application::ports::{DossierStore, Put, StoreError};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use domain::dossier::revision::Stored;
use domain::event::InquiryOutcome;
use domain::{ClosedSteps, Dossier, InquiryId, ReceiptCode};
use hmac::{Hmac, KeyInit, Mac};
use lookup::{Lookup, SenderLimit};
use md5::{Digest, Md5};
use proptest::prelude::*;
use serde_json::{Value, json};
use simulation::fault::Faults;
use simulation::ports::SimulatedPorts;
use simulation::scenario::dossier;
use simulation::world::World;
use tokio::runtime::{Builder, Runtime};

const CODE: &str = "0161701234";
const ANSWER: &str = "Hồ sơ của quý Ông/Bà (0161701234) hiện đang ở bước Thẩm định, trạng thái hồ sơ: Đúng hạn.";

/// The table, and which codes were read from it.
struct Dossiers {
    world: Arc<World>,
    reads: Mutex<Vec<String>>,
    /// Codes whose row cannot be read.
    unreadable: Vec<&'static str>,
    /// Codes whose row is unavailable.
    unavailable: Vec<&'static str>,
}

impl DossierStore for Dossiers {
    async fn get(&self, code: &ReceiptCode) -> Result<Option<Dossier>, StoreError> {
        self.reads.lock().unwrap().push(code.to_string());
        if self.unreadable.contains(&code.as_str()) {
            return Err(StoreError::Unreadable { item: format!("dossier {code}"), why: "step is missing".into() });
        }
        if self.unavailable.contains(&code.as_str()) {
            return Err(StoreError::Unavailable { table: "dossiers", why: "throttled".into() });
        }
        Ok(self.world.stored(code))
    }

    async fn put(&self, _: &Dossier, _: &Stored) -> Result<Put, StoreError> {
        unreachable!("8083 writes no dossier")
    }
}

/// 8083, in virtual time from 17:30 on 24 November 2026.
struct Setup {
    runtime: Runtime,
    world: Arc<World>,
    lookup: Lookup<Dossiers, SimulatedPorts>,
}

fn setup() -> Setup {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let world = runtime.block_on(async { Arc::new(World::at("2026-11-24T10:30:00Z".parse().unwrap())) });
    let setup = Setup { lookup: lookup(&world), world, runtime };
    setup.store(json!({}));
    setup
}

/// A sandbox.
fn lookup(world: &Arc<World>) -> Lookup<Dossiers, SimulatedPorts> {
    let secret = json!({
        "kannel": {"user": "u", "password": "p"},
        "1pay": {"access_key": "a", "secret": "s3cret"},
        "esms": {"cpid": "7", "key": "s3cret"},
        "vcom": {"client_id": "c", "secure_key": "s3cret"},
        "vina": {"protocol": "generic", "sender": "from", "text": "content", "id": "msgid", "token": "t0ken"},
        "mobi": {"protocol": "generic", "sender": "from", "text": "content", "id": "msgid", "accents": "strip",
            "hmac": {"key": "s3cret", "fields": ["msgid", "content"], "parameter": "sign"},
            "reply": "{status} {text}"},
    });
    Lookup {
        dossiers: Dossiers {
            world: world.clone(),
            reads: Mutex::default(),
            unreadable: Vec::new(),
            unavailable: Vec::new(),
        },
        ports: SimulatedPorts::new(world.clone(), Arc::new(Faults::slow(Duration::from_millis(1)))),
        secret: Arc::new(Secret::fixed(secret)),
        closed_steps: ClosedSteps::default(),
        charge_unanswered: false,
        sender_limit: SenderLimit::new(30),
    }
}

impl Setup {
    fn store(&self, changes: Value) {
        let code = changes["receipt_code"].as_str().unwrap_or(CODE);
        self.world.write(dossier(code, "0912345678", changes.clone()));
    }

    fn wait(&self, time: TimeDelta) {
        self.runtime.block_on(async { tokio::time::sleep(time.to_std().unwrap()).await });
    }

    fn rows(&self) -> usize {
        self.world.inquiries().len()
    }

    fn reads(&self) -> usize {
        self.lookup.dossiers.reads.lock().unwrap().len()
    }

    fn run(&self, event: &ApiGatewayProxyRequest) -> (ApiGatewayProxyResponse, Counts) {
        self.runtime.block_on(self.lookup.handle(event, "request"))
    }

    /// Status and text of the answer to a genuine message.
    fn text(&self, gateway: Operator, id: &str, sender: &str, text: &str) -> (i64, String) {
        let (response, _) = self.run(&gateway(id, sender, text));
        (response.status_code, body(&response))
    }
}

fn body(response: &ApiGatewayProxyResponse) -> String {
    match &response.body {
        Some(Body::Text(text)) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// How an operator delivers a message: id, sender and text.
type Operator = fn(&str, &str, &str) -> ApiGatewayProxyRequest;

const OPERATORS: [Operator; 6] = [kannel, onepay, esms, vcom, vina, mobi];
/// The operators whose request is answered with the reply; their id may be empty.
const ANSWERED: [Operator; 5] = [kannel, onepay, esms, vina, mobi];

fn event(gateway: &str, query: Value, changes: Value) -> ApiGatewayProxyRequest {
    let mut event = json!({"httpMethod": "GET", "requestContext": {"httpMethod": "GET"},
        "pathParameters": {"gateway": gateway}, "queryStringParameters": query});
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn hmac(text: &str) -> String {
    hex::encode(Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap().chain_update(text).finalize().into_bytes())
}

fn kannel(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let credentials = format!("Basic {}", STANDARD.encode("u:p"));
    let query = json!({"request_id": id, "msisdn": sender, "mo_message": text});
    event("kannel", query, json!({"headers": {"Authorization": credentials}}))
}

fn onepay(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let signed = format!(
        "access_key=a&command=MCKH&mo_message={text}&msisdn={sender}&request_id={id}&request_time=t&short_code=8083"
    );
    let query = json!({"access_key": "a", "command": "MCKH", "mo_message": text, "msisdn": sender, "request_id": id,
        "request_time": "t", "short_code": "8083", "signature": hmac(&signed)});
    event("1pay", query, json!({}))
}

fn esms(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let time = "20261124103000";
    let sign = STANDARD.encode(Md5::digest(format!("7{id}{text}{time}s3cret")));
    let query = json!({"cpid": "7", "smsid": id, "content": text, "receiverTime": time, "sender": sender, "sign": sign,
        "serviceNumber": "8083", "keyword": "MCKH"});
    event("esms", query, json!({}))
}

fn vcom(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let body = json!({"type": "new", "client_id": "c", "request_id": id, "service_id": "8083", "command_code": "mckh",
        "message": text, "telco": "VT", "phone": sender, "time": 1_795_516_200,
        "checksum": checksum(["c", id, sender, "s3cret", "1795516200"])});
    let content_type = json!({"content-type": "application/json"});
    event("vcom", json!(null), json!({"httpMethod": "POST", "headers": content_type, "body": body.to_string()}))
}

fn vina(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    event("vina", json!({"msgid": id, "from": sender, "content": text, "token": "t0ken"}), json!({}))
}

/// A form-encoded POST.
fn mobi(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("msgid", id), ("from", sender), ("content", text)] {
        form.append_pair(name, value);
    }
    let form = form.append_pair("sign", &hmac(&format!("msgid={id}&content={text}"))).finish();
    let content_type = json!({"content-type": "application/x-www-form-urlencoded"});
    event(
        "mobi",
        json!(null),
        json!({"httpMethod": "POST", "headers": content_type, "body": STANDARD.encode(form),
        "isBase64Encoded": true}),
    )
}

#[test]
fn every_operator_gets_the_answer_in_its_own_format() {
    let setup = setup();
    let text = format!("MCKH {CODE}");
    let answers = ANSWERED.map(|gateway| setup.text(gateway, "m-1", "84912345678", &text));
    assert_eq!(answers[0], (200, ANSWER.to_owned()));
    let onepay: Value = serde_json::from_str(&answers[1].1).unwrap();
    assert_eq!(onepay, json!({"status": 1, "sms": ANSWER, "type": "text"}));
    assert!(
        answers[2]
            .1
            .contains(&format!("<Message>{ANSWER}</Message><Smsid>m-1</Smsid><Receiver>84912345678</Receiver>"))
    );
    assert_eq!(answers[3], (200, ANSWER.to_owned()));
    let plain = "Ho so cua quy Ong/Ba (0161701234) hien dang o buoc Tham dinh, trang thai ho so: Dung han.";
    assert_eq!(answers[4], (200, format!("1 {plain}")));
    assert_eq!(setup.rows(), ANSWERED.len(), "one row a gateway and id");
    assert_eq!(
        setup.world.inquiries()[&InquiryId::new("mobi", "m-1").expect("an id")].reply,
        plain,
        "the row holds what was sent"
    );
}

#[test]
fn the_same_message_has_one_row_and_the_first_answer_at_once_or_a_day_later() {
    for gateway in ANSWERED {
        let setup = setup();
        let text = format!("MCKH {CODE}");
        let first = setup.text(gateway, "m-1", "84912345678", &text);
        setup.store(json!({"revision": 2, "step": "Trình ký"}));
        for pause in [TimeDelta::zero(), TimeDelta::seconds(20), TimeDelta::days(1)] {
            setup.wait(pause);
            assert_eq!(setup.text(gateway, "m-1", "84912345678", &text), first);
        }
        assert_eq!(setup.rows(), 1);
        assert_ne!(setup.text(gateway, "m-2", "84912345678", &text), first, "a new message gets today's step");
    }
}

#[test]
fn the_same_id_with_another_text_or_sender_is_refused_and_reported() {
    for gateway in OPERATORS {
        let setup = setup();
        assert_eq!(setup.text(gateway, "m-1", "84912345678", "MCKH 1").0, 200);
        for (sender, text) in [("84912345678", "MCKH 2"), ("84912345679", "MCKH 1")] {
            let (response, counts) = setup.run(&gateway("m-1", sender, text));
            assert!(response.status_code == 403 || body(&response).contains("\"code\":106"), "{response:?}");
            assert_eq!(counts, [("InquiryConflicts", 1.0)]);
        }
        assert_eq!(setup.rows(), 1);
    }
}

#[test]
fn without_an_id_sender_text_and_minute_make_the_message() {
    for gateway in ANSWERED {
        let setup = setup();
        for (pause, sender, text, rows) in [
            (0, "84912345678", "MCKH 1", 1),
            (59, "84912345678", "MCKH 1", 1),
            (0, "84912345679", "MCKH 1", 2),
            (0, "84912345678", "MCKH 2", 3),
            (1, "84912345678", "MCKH 1", 4),
        ] {
            setup.wait(TimeDelta::seconds(pause));
            assert_eq!(setup.text(gateway, "", sender, text).0, 200);
            assert_eq!(setup.rows(), rows, "{pause} {sender} {text}");
        }
    }
}

#[test]
fn a_wrong_syntax_or_an_unknown_code_is_not_charged_unless_set_and_stays_so() {
    let paid = |setup: &Setup, id: &str, text: &str| {
        let (status, body) = setup.text(onepay, id, "84912345678", text);
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&body).unwrap()["status"].as_i64().unwrap()
    };
    let (free, mut charging) = (setup(), setup());
    charging.lookup.charge_unanswered = true;
    for (id, text, free_status) in [("m-1", "MCKH 0161701234", 1), ("m-2", "MCKH 999", 0), ("m-3", "xin chào", 0)] {
        assert_eq!((paid(&free, id, text), paid(&charging, id, text)), (free_status, 1), "{text}");
    }
    free.store(json!({"receipt_code": "999"}));
    assert_eq!(paid(&free, "m-2", "MCKH 999"), 0, "delivered again after the dossier came");
    assert_eq!(paid(&free, "m-4", "MCKH 999"), 1);
}

#[test]
fn a_message_over_the_limit_is_not_charged_unless_set() {
    let (mut free, mut charging) = (setup(), setup());
    charging.lookup.charge_unanswered = true;
    for (setup, status) in [(&mut free, 0), (&mut charging, 1)] {
        setup.lookup.sender_limit = SenderLimit::new(1);
        for (id, expected) in [("m-1", 1), ("m-2", status)] {
            let (_, answer) = setup.text(onepay, id, "84912345678", &format!("MCKH {CODE}"));
            assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["status"], expected, "{answer}");
        }
        let row = &setup.world.inquiries()[&InquiryId::new("1pay", "m-2").expect("an id")];
        assert_eq!((row.outcome, row.charged), (InquiryOutcome::OverLimit, status == 1));
    }
}

#[test]
fn a_dossier_that_cannot_be_read_is_answered_by_a_hint_not_charged_and_reported_once() {
    for gateway in ANSWERED {
        let mut setup = setup();
        setup.lookup.dossiers.unreadable = vec![CODE];
        let hint = domain::text::messages::unreadable(&ReceiptCode::parse(CODE).unwrap());
        for counts in [vec![("DossiersUnreadable", 1.0)], vec![]] {
            let (response, reported) = setup.run(&gateway("m-1", "84912345678", &format!("MCKH {CODE}")));
            assert_eq!((response.status_code, reported), (200, counts), "503 would bring it again for ever");
            let text = body(&response);
            assert!(text.contains(&hint) || text.contains(&domain::text::strip_accents(&hint)), "{text}");
        }
        let rows = setup.world.inquiries();
        let row = rows.values().next().unwrap();
        assert_eq!((rows.len(), row.outcome, row.charged), (1, InquiryOutcome::Unreadable, false));
        assert_eq!(row.receipt_code.as_ref().map(ReceiptCode::as_str), Some(CODE));
        let events = serde_json::to_value(setup.world.events()).unwrap();
        assert_eq!((&events[0]["outcome"], &events[0]["receipt_code"]), (&json!("unreadable"), &json!(CODE)));
    }
}

#[test]
fn an_unavailable_table_is_left_to_the_gateways_retry() {
    let mut setup = setup();
    setup.lookup.dossiers.unavailable = vec![CODE];
    let (response, counts) = setup.run(&kannel("m-1", "84912345678", &format!("MCKH {CODE}")));
    assert_eq!((response.status_code, counts), (503, vec![("InquiriesUnanswered", 1.0)]));
    assert_eq!(setup.rows(), 0);
}

#[test]
fn of_the_codes_a_text_may_ask_for_the_first_that_exists_is_answered() {
    let text = "MCKH 0161720005 779";
    let readings = ["0161720005-779", "0161720005779", "0161720005"];
    for exists in 0..readings.len() {
        let setup = setup();
        for code in &readings[exists..] {
            setup.store(json!({"receipt_code": code}));
        }
        let (status, reply) = setup.text(kannel, "m-1", "84912345678", text);
        let expected = ANSWER.replace(CODE, readings[exists]);
        assert_eq!((status, &reply), (200, &expected));
        let row = &setup.world.inquiries()[&InquiryId::new("kannel", "m-1").expect("an id")];
        assert_eq!(row.receipt_code.as_ref().map(ReceiptCode::as_str), Some(readings[exists]));
        assert_eq!((row.outcome, setup.reads()), (InquiryOutcome::Answered, 3));
    }
    let mut setup = setup();
    assert_eq!(
        setup.text(kannel, "m-1", "84912345678", text).1,
        domain::text::messages::unknown_code(&ReceiptCode::parse(readings[0]).unwrap()),
        "none exists: the likeliest is named"
    );
    // A row that cannot be read still belongs to a dossier. A failure after the answer does not affect the citizen.
    setup.store(json!({"receipt_code": readings[0]}));
    setup.lookup.dossiers.unavailable = vec![readings[1]];
    assert_eq!(setup.text(kannel, "m-2", "84912345678", text).1, ANSWER.replace(CODE, readings[0]));
    setup.lookup.dossiers.unavailable = vec![readings[0]];
    assert_eq!(setup.text(kannel, "m-3", "84912345678", text).0, 503, "the likeliest may exist");
}

#[test]
fn an_inquiry_with_one_reading_costs_one_read() {
    for text in ["MCKH 0161701234", "mckh_0161701234.", "MCKH MS: 0161701234 gửi 8083", "MCKH 0161720005–779"] {
        let setup = setup();
        setup.text(kannel, "m-1", "84912345678", text);
        assert_eq!(setup.reads(), 1, "{text}");
    }
}

#[test]
fn two_codes_get_the_first_ones_state_and_a_hint_that_only_one_is_answered() {
    let setup = setup();
    setup.store(json!({"receipt_code": "0161701235", "step": "Trình ký"}));
    let remark = " Mỗi tin nhắn chỉ tra cứu được một mã số.";
    for (id, text) in [("1", "MCKH 0161701234 0161701235"), ("2", "MCKH 0161701234 và 0161701235 gửi 8083")] {
        let (status, reply) = setup.text(kannel, id, "84912345678", text);
        assert_eq!((status, reply), (200, format!("{ANSWER}{remark}")), "{text}");
    }
    let plain = "1 Ho so cua quy Ong/Ba (0161701234) hien dang o buoc Tham dinh, trang thai ho so: Dung han. Moi tin nhan chi tra cuu duoc mot ma so.";
    assert_eq!(setup.text(mobi, "3", "84912345678", "MCKH 0161701234, 0161701235").1, plain);
    let (_, one) = setup.text(kannel, "4", "84912345678", "MCKH 0161701234");
    assert_eq!(one, ANSWER);

    setup.store(json!({"step": "Thẩm định ".repeat(13), "revision": 2}));
    let long = ANSWER.replace("Thẩm định", "Thẩm định ".repeat(13).trim_end());
    let (_, reply) = setup.text(kannel, "5", "84912345678", "MCKH 0161701234 0161701235");
    assert_eq!(reply, domain::text::sms::fit(&long, 3), "no room for it: the notice's own sentence comes first");
}

#[test]
fn a_reply_over_three_parts_is_cut_after_a_word() {
    let setup = setup();
    setup.store(json!({"step": "Thẩm định hồ sơ ".repeat(12)}));
    let (_, reply) = setup.text(kannel, "m-1", "84912345678", &format!("MCKH {CODE}"));
    assert!(reply.ends_with('…') && domain::text::sms::Sms::new(&reply).parts == 3, "{reply}");
}

#[test]
fn each_message_over_the_sender_limit_gets_a_hint_and_reads_no_dossier() {
    let setup = setup();
    let hint = domain::text::messages::too_many();
    for n in 0..30 {
        for _ in 0..3 {
            assert_ne!(setup.text(kannel, &n.to_string(), "84912345678", &format!("MCKH {n}")).1, hint);
        }
    }
    let reads = setup.reads();
    for n in 30..40 {
        let (response, counts) = setup.run(&vina(&n.to_string(), "0912345678", &format!("MCKH {CODE}")));
        assert_eq!((response.status_code, body(&response).as_str()), (200, hint), "by whichever gateway");
        assert_eq!(counts, [("InquiriesOverLimit", 1.0)]);
    }
    assert_eq!(setup.reads(), reads);
    assert_eq!(setup.rows(), 40, "each was paid for");
    assert_eq!(
        setup.text(kannel, "0", "84912345678", "MCKH 0").1,
        domain::text::messages::unknown_code(&ReceiptCode::parse("0").unwrap())
    );
    assert_eq!(setup.text(kannel, "m-1", "84912345679", &format!("MCKH {CODE}")).1, ANSWER, "another phone");

    setup.wait(TimeDelta::minutes(1));
    assert_eq!(setup.text(kannel, "m-2", "84912345678", &format!("MCKH {CODE}")).1, ANSWER, "the next minute");
    assert_eq!(
        setup.text(vina, "30", "0912345678", &format!("MCKH {CODE}")).1,
        hint,
        "delivered again: the first answer"
    );
}

#[test]
fn another_sandbox_reads_the_limit_at_its_first_message() {
    let first = setup();
    for n in 0..30 {
        first.text(kannel, &n.to_string(), "84912345678", "MCKH 1");
    }
    let second = Setup { lookup: lookup(&first.world), ..first };
    for n in 30..35 {
        assert_eq!(
            second.text(kannel, &n.to_string(), "84912345678", &format!("MCKH {CODE}")).1,
            domain::text::messages::too_many()
        );
    }
    assert_eq!(second.reads(), 1, "beside the first count");
}

#[test]
fn deliveries_of_an_earlier_minutes_messages_do_not_count() {
    let setup = setup();
    for minute in 0..2 {
        setup.wait(TimeDelta::minutes(minute));
        for n in 0..30 {
            assert_ne!(
                setup.text(kannel, &n.to_string(), "84912345678", "MCKH 1").1,
                domain::text::messages::too_many(),
                "{minute}"
            );
        }
    }
    assert_eq!(setup.text(kannel, "m-1", "84912345678", &format!("MCKH {CODE}")).1, ANSWER);
}

#[test]
fn an_unavailable_count_refuses_no_message_and_a_message_without_a_sender_is_not_counted() {
    let mut setup = setup();
    for n in 0..40 {
        assert_eq!(setup.text(kannel, &n.to_string(), "", &format!("MCKH {CODE}")).1, ANSWER);
    }
    setup.lookup.ports.counter_is_down = true;
    for n in 100..140 {
        assert_eq!(setup.text(kannel, &n.to_string(), "84912345678", &format!("MCKH {CODE}")).1, ANSWER);
    }
}

#[test]
fn no_key_and_no_event_contains_a_phone_number() {
    let setup = setup();
    for gateway in ANSWERED {
        setup.text(gateway, "", "84912345678", &format!("MCKH {CODE}"));
    }
    setup.text(vcom, "1297875832", "84912345678", &format!("MCKH {CODE}"));
    let keys = format!("{:?}", (setup.world.inquiries().keys(), setup.world.replies()));
    let windows = format!("{:?}", setup.world.sender_counts());
    let events = serde_json::to_string(&setup.world.events()).unwrap();
    for shown in [keys, windows, events] {
        assert!(!shown.contains("912345678"), "{shown}");
    }
}

/// V-COM: the code of the answer to a genuine message.
fn code(setup: &Setup, id: &str, sender: &str, text: &str) -> i64 {
    let (status, answer) = setup.text(vcom, id, sender, text);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(status, 200, "any other would bring the message again");
    answer.pointer("/data/code").or(answer.pointer("/errors/code")).unwrap().as_i64().unwrap()
}

#[test]
fn where_the_reply_goes_by_a_call_it_has_gone_once_when_the_message_is_answered() {
    let setup = setup();
    let text = format!("MCKH {CODE}");
    assert_eq!(code(&setup, "m-1", "84912345678", &text), 200);
    setup.store(json!({"revision": 2, "step": "Trình ký"}));
    for pause in [TimeDelta::zero(), TimeDelta::seconds(20), TimeDelta::days(1)] {
        setup.wait(pause);
        assert_eq!(code(&setup, "m-1", "84912345678", &text), 104, "the duplicate code");
    }
    let replied = setup.world.replied();
    assert_eq!(replied.len(), 1);
    assert_eq!((replied[0].text.as_str(), replied[0].inquiry.as_str()), (ANSWER, "vcom#m-1"));
    assert_eq!((setup.rows(), setup.world.replies().len()), (1, 1), "one row of each");
    assert_eq!(
        (code(&setup, "m-2", "84912345678", "xin chào"), code(&setup, "m-3", "84912345678", "MCKH 9")),
        (200, 200)
    );
    let charged =
        ["m-1", "m-2", "m-3"].map(|id| setup.world.inquiries()[&InquiryId::new("vcom", id).expect("an id")].charged);
    assert_eq!(charged, [true, false, false], "by the call, a message may go uncharged");
    assert_eq!(code(&setup, "m-1", "84912345678", "MCKH 2"), 106, "another text under its id");
}

#[test]
fn a_forged_request_is_refused_by_every_gateway() {
    let setup = setup();
    for (gateway, status) in [
        ("kannel", 401),
        ("1pay", 401),
        ("esms", 401),
        ("vcom", 200),
        ("vina", 401),
        ("mobi", 401),
        ("nobody", 404),
        ("", 404),
        ("a#b", 404),
    ] {
        let (response, _) = setup.run(&event(gateway, json!({"mo_message": "MCKH 1", "content": "MCKH 1"}), json!({})));
        assert_eq!(response.status_code, status, "{gateway}");
        assert_eq!(status == 200, body(&response).contains("\"code\":106"), "{gateway}");
    }
    assert_eq!((setup.rows(), setup.reads()), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_genuine_message_always_gets_an_answer(id in "\\PC{0,20}", sender in "\\PC{0,20}|84[0-9]{9}", text in "\\PC{0,60}|MCKH[ %+&=]{0,3}[0-9]{0,10}") {
        let setup = setup();
        for gateway in ANSWERED {
            prop_assert_eq!(setup.text(gateway, &id, &sender, &text).0, 200);
        }
        prop_assert_eq!(code(&setup, &format!("m{id}"), "84912345678", &text), 200);
        prop_assert_eq!(setup.rows(), OPERATORS.len());
    }
}
