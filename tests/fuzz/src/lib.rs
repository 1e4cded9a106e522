//! Every parser of outside input, with arbitrary bytes. None may panic, and what a parser accepts must have its
//! guaranteed properties.
//!
//! `make fuzz` runs them with libFuzzer, one target per function; the corpora also run as plain tests.

use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use desk::OperatorTable;
use domain::text::sms::{Accents, Sms, fit};
use domain::{Dossier, NoticeKey, Phone, ReceiptCode, inquiry};
use import::Columns;
use lookup::protocols;
use serde_json::{Value, json};
use simulation::aws::Stack;
use simulation::endpoints::{asked_what_was_sent, event, signed};
use simulation::fault::Faults;
use simulation::promises::in_virtual_time;
use simulation::scenario::notice_config;
use simulation::world::World;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The name of a target, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by the names of their corpora.
pub const TARGETS: [Target; 13] = [
    ("receipt_code", receipt_code),
    ("phone", phone),
    ("inquiry", inquiry),
    ("snapshot", snapshot),
    ("notice_key", notice_key),
    ("sms", sms),
    ("stream_record", stream_record),
    ("push", push),
    ("read_path", read_path),
    ("gateway_message", gateway_message),
    ("gateway_secret", gateway_secret),
    ("first_load", first_load),
    ("desk_form", desk_form),
];

/// A receipt code is canonical, and can be asked for at 8083.
pub fn receipt_code(data: &[u8]) {
    if let Ok(code) = ReceiptCode::parse(&text(data)) {
        assert!((1..=ReceiptCode::MAX_LENGTH).contains(&code.as_str().len()));
        let asked_for = inquiry::asked_for(&format!("MCKH {code}")).into_iter().next().map(|reading| reading.code);
        assert_eq!(asked_for.as_ref(), Some(&code));
        assert_eq!(ReceiptCode::parse(code.as_str()), Ok(code));
    }
}

/// A phone is `+84` and nine digits, and parses to itself.
pub fn phone(data: &[u8]) {
    if let Ok(phone) = Phone::parse(&text(data)) {
        let digits = phone.as_e164().strip_prefix("+84").expect("Vietnam's country code");
        assert!(digits.len() == 9 && digits.bytes().all(|digit| digit.is_ascii_digit()));
        assert_eq!(Phone::parse(phone.as_e164()), Ok(phone));
    }
}

/// What is understood of a text to 8083 is also understood when it is written in the right syntax.
pub fn inquiry(data: &[u8]) {
    let readings = inquiry::asked_for(&text(data));
    assert!(readings.len() <= 3, "{readings:?}");
    for inquiry::Reading { code, .. } in readings {
        let written = inquiry::asked_for(&format!("MCKH {code}"));
        assert_eq!(written.first(), Some(&inquiry::Reading { code, names_another: false }));
    }
}

/// A dossier can be read from its serialized form.
pub fn snapshot(data: &[u8]) {
    let Ok(Value::Object(snapshot)) = serde_json::from_slice(data) else { return };
    if let Ok(dossier) = Dossier::parse(&snapshot) {
        let written = serde_json::to_value(&dossier).expect("a dossier is JSON");
        assert_eq!(Dossier::parse(written.as_object().expect("an object")), Ok(dossier));
    }
}

/// A notice's key can be parsed from its written form.
pub fn notice_key(data: &[u8]) {
    if let Ok(key) = text(data).parse::<NoticeKey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

/// Any text fits the given parts, cut between letters, with or without accents.
pub fn sms(data: &[u8]) {
    let text: String = text(data).nfc().collect();
    for accents in [Accents::Keep, Accents::Strip] {
        let text = accents.apply(text.clone());
        for most in 1..=3 {
            let fit = fit(&text, most);
            assert!(Sms::new(&fit).parts <= most);
            assert!(is_nfc(&fit) || !is_nfc(&text));
        }
    }
}

/// A record of the stream fails alone or is processed; it never crashes the function.
pub fn stream_record(data: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Value>(data) else { return };
    let batch = [record, json!({"eventName": "REMOVE"})];
    on_an_empty_stack(async |stack| {
        let response = stack.notify(&batch).await.expect("it came back");
        assert!(response.batch_item_failures.len() <= 2);
    });
}

/// A signed push is answered 200, 400 or 413, and every snapshot has its outcome.
pub fn push(data: &[u8]) {
    let Ok(body) = std::str::from_utf8(data) else { return };
    on_an_empty_stack(async |stack| {
        let (status, answer) = stack.intake(&signed(body.to_owned())).await.expect("it came back");
        let answer: Value = serde_json::from_str(&answer).expect("JSON, always");
        match (status, serde_json::from_str(body)) {
            (200, Ok(Value::Array(snapshots))) => {
                assert_eq!(answer["dossiers"].as_array().map(Vec::len), Some(snapshots.len()))
            }
            (200, Ok(Value::Object(_))) => assert_eq!(answer["dossiers"].as_array().map(Vec::len), Some(1)),
            (400 | 413, _) => assert!(answer["error"].is_string()),
            other => panic!("{other:?}"),
        }
    });
}

/// A signed question for what was sent is answered 400 or 404 on an empty stack, whatever its path is.
pub fn read_path(data: &[u8]) {
    on_an_empty_stack(async |stack| {
        let request = asked_what_was_sent(&text(data), Value::Null);
        let (status, answer) = stack.intake(&request).await.expect("it came back");
        let answer: Value = serde_json::from_str(&answer).expect("JSON, always");
        assert!(matches!(status, 400 | 404) && answer["error"].is_string(), "{status} {answer}");
    });
}

/// A message that a gateway delivers, genuine or not, is answered or refused without a crash; a reply fits its parts.
pub fn gateway_message(data: &[u8]) {
    let secret = json!({
        "kannel": {"user": "u", "password": "p"},
        "1pay": {"access_key": "a", "secret": "s"},
        "esms": {"cpid": "7", "key": "s"},
        "vcom": {"client_id": "1", "secure_key": "s"},
        "generic": {"sender": "msisdn", "text": "mo_message", "id": "request_id", "token": "t", "accents": "strip"},
    });
    for gateway in protocols() {
        for request in requests(gateway, data) {
            ask(&secret, &request);
        }
    }
}

/// Whatever an operator's member of GatewaySecret contains, a request is answered or refused. First line: the member.
pub fn gateway_secret(data: &[u8]) {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (member, parameters) = (&data[..end], &data[end + 1..]);
    let Ok(member) = serde_json::from_slice::<Value>(member) else { return };
    for gateway in protocols().chain(["other"]) {
        for request in requests(gateway, parameters) {
            ask(&json!({gateway: member}), &request);
        }
    }
}

/// Every row of a list of dossiers is loaded or refused, once, and refused rows can be written to a file.
pub fn first_load(data: &[u8]) {
    let Ok(table) = import::table::read(data) else { return };
    let Ok(columns) = Columns::of(&table.header) else { return };
    let (loaded, refused) = import::judge(&table, &columns, true);
    let mut places: Vec<usize> = loaded.iter().map(|row| row.place).chain(refused.iter().map(|row| row.0)).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]) && places.len() <= table.rows.len());
    import::report::csv(&table, &columns, &refused).expect("a file to correct");
}

/// A form of the desk with a file, whatever the browser sent: its fields and its table are read or are not there.
pub fn desk_form(data: &[u8]) {
    let form = event(json!({
        "httpMethod": "POST", "pathParameters": {"path": "operator"}, "body": STANDARD.encode(data), "isBase64Encoded": true,
        "headers": {"content-type": "multipart/form-data; boundary=x"},
    }));
    let request = desk::Request::new(&form);
    assert!(request.fields("month").count() >= usize::from(request.field("month").is_some()));
    let Some(Ok(table)) = request.file.map(|file| OperatorTable::read(&file.content)) else { return };
    let columns = table.guessed();
    let rows = table.theirs(columns);
    assert!(rows.iter().all(|row| row.line > 1 && (!row.id.is_empty() || row.phone.is_some())));
}

fn ask(secret: &Value, request: &ApiGatewayProxyRequest) {
    on_an_empty_stack(async |stack| {
        let (status, reply) = stack.lookup(secret.clone(), request).await.expect("it came back");
        assert!(matches!(status, 200 | 400 | 401 | 403 | 404), "{status} {reply}");
    });
}

/// The parameters in a query, in a form, and as a JSON body; with Kannel's credentials and a bearer token.
fn requests(gateway: &str, data: &[u8]) -> Vec<ApiGatewayProxyRequest> {
    let parameters = text(data);
    let query: serde_json::Map<String, Value> = parameters
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), json!([value])))
        .collect();
    let basic = format!("Basic {}", STANDARD.encode("u:p"));
    let request = |changes: Value| {
        let mut whole = json!({"httpMethod": "POST", "pathParameters": {"gateway": gateway}});
        whole.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        event(whole)
    };
    let body = |kind: &str| json!({"headers": {"authorization": "Bearer t", "content-type": kind}, "body": STANDARD.encode(data), "isBase64Encoded": true});
    vec![
        request(
            json!({"httpMethod": "GET", "headers": {"authorization": basic}, "multiValueQueryStringParameters": query}),
        ),
        request(body("application/x-www-form-urlencoded")),
        request(body("application/json")),
    ]
}

/// An empty stack, in virtual time.
fn on_an_empty_stack(try_it: impl AsyncFn(&Stack)) {
    in_virtual_time(async {
        let noon = "2026-11-24T05:00:00Z".parse().expect("a time");
        let stack = Stack::new(Arc::new(World::at(noon)), Arc::new(Faults::none()), notice_config(100));
        try_it(&stack).await;
    });
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
