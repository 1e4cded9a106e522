//! Compares docs/openapi.yaml with the code: every field, limit, outcome, refusal and path is documented, and nothing
//! else. tests/api/ compares it with the deployed stack.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use aws_lambda_events::encodings::Body;
use chrono::Utc;
use domain::notice::lifecycle::State;
use domain::notice::nothing::Nothing;
use domain::notice::receipt::{Delivery, Reason};
use domain::{ClosedSteps, Dossier};
use intake::{Intake, MOST_DOSSIERS, Outcome, Refusal, Report};
use serde_json::{Value, json};
use simulation::fault::Faults;
use simulation::ports::SimulatedPorts;
use simulation::promises::in_virtual_time;
use simulation::world::World;
use standardwebhooks::Webhook;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const READ: &str = "/dossiers/{receipt_code}/notices";

/// The document as it is served.
fn document() -> Value {
    serde_json::from_str(&get("/openapi.json")).expect("JSON")
}

fn get(path: &str) -> String {
    let event = json!({"httpMethod": "GET", "resource": path, "requestContext": {"httpMethod": "GET"}});
    let (status, body) = handled(event);
    assert_eq!(status, 200);
    body
}

/// A push to an empty table: its first outcome.
fn outcome(snapshot: &Value) -> Value {
    let (body, now) = (snapshot.to_string(), Utc::now().timestamp());
    let signature = Webhook::new(KEY).expect("a key").sign("msg_1", now, body.as_bytes()).expect("a signature");
    let headers = json!({"webhook-id": "msg_1", "webhook-timestamp": now.to_string(), "webhook-signature": signature});
    let request =
        json!({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"}, "headers": headers, "body": body});
    let (status, body) = handled(request);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str::<Value>(&body).expect("JSON")["dossiers"][0].clone()
}

fn handled(event: Value) -> (i64, String) {
    let request: ApiGatewayProxyRequest = serde_json::from_value(event).expect("an event of API Gateway");
    let (response, _) = in_virtual_time(async move {
        let ports = SimulatedPorts::new(World::at(Utc::now()).into(), Faults::none().into());
        let secret = Arc::new(adapters::secret::Secret::fixed(json!({"current": KEY, "previous": null})));
        let intake = Intake {
            dossiers: ports.clone(),
            notices: ports.clone(),
            secret,
            clock: ports,
            closed_steps: ClosedSteps::default(),
        };
        intake.handle(&request).await
    });
    match response.body {
        Some(Body::Text(text)) => (response.status_code, text),
        other => panic!("a body of text, not {other:?}"),
    }
}

/// A snapshot with every field there is.
fn whole() -> Value {
    json!({
        "receipt_code": "0161701234", "revision": 3, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
        "phone": "0912345678", "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Trả kết quả",
        "status": "Đã giải quyết", "unit": "Bộ phận Một cửa", "office": "Sở Du lịch", "same_day": false,
        "result_on": "2026-11-24", "silent": true,
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut snapshot = whole();
    snapshot[field] = value;
    snapshot
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn words(list: &Value) -> BTreeSet<&str> {
    list.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|target| target.strip_prefix('#'));
    target.map_or(value, |target| document.pointer(target).expect("what it refers to"))
}

#[test]
fn every_field_of_a_dossier_is_in_the_document_and_no_other() {
    let mut fields = BTreeSet::from(Dossier::FIELDS);
    assert!(fields.remove("waiting_since"), "intake keeps it in the table; a snapshot has none");
    assert_eq!(names(&document()["components"]["schemas"]["Dossier"]["properties"]), fields);
}

#[test]
fn what_the_document_requires_the_code_requires() {
    let document = document();
    let schema = &document["components"]["schemas"]["Dossier"];
    for field in names(&schema["properties"]) {
        let mut snapshot = whole();
        snapshot.as_object_mut().expect("an object").remove(field);
        let expected = if words(&schema["required"]).contains(field) { json!(field) } else { Value::Null };
        assert_eq!(outcome(&snapshot)["field"], expected, "{field}");
        let nullable =
            schema["properties"][field]["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("null")));
        assert_eq!(outcome(&with(field, Value::Null))["outcome"] == "stored", nullable, "{field}: null");
    }
}

#[test]
fn the_documents_limits_are_the_codes() {
    let document = document();
    for (field, schema) in document["components"]["schemas"]["Dossier"]["properties"].as_object().expect("fields") {
        let schema = resolved(&document, schema);
        if let Some(most) = schema["maxLength"].as_u64().map(|most| most as usize) {
            assert_eq!(outcome(&with(field, json!("x".repeat(most))))["outcome"], "stored", "{field}");
            assert_eq!(outcome(&with(field, json!("x".repeat(most + 1))))["field"], **field, "{field}");
        }
        if let (Some(least), Some(most)) = (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
            assert_eq!([least, most].map(|edge| outcome(&with(field, json!(edge)))["outcome"].clone()), ["stored"; 2]);
            // 2^53 + 1 is 2^53 in JavaScript, so the first number that is certainly larger is two above.
            assert_eq!(
                [least - 1, most + 2].map(|over| outcome(&with(field, json!(over)))["field"].clone()),
                [&**field; 2]
            );
        }
    }
    let push = &document["paths"]["/dossiers"]["post"];
    assert_eq!(push["requestBody"]["content"]["application/json"]["schema"]["oneOf"][1]["maxItems"], MOST_DOSSIERS);
}

#[test]
fn every_outcome_is_in_the_document_and_no_other() {
    let dossier = Dossier::parse(whole().as_object().expect("an object")).expect("a dossier");
    // A new outcome does not compile until it is added here.
    let all = [Outcome::Stored, Outcome::Replaced, Outcome::Stale, Outcome::Conflicting].map(|outcome| match outcome {
        Outcome::Stored | Outcome::Replaced | Outcome::Stale | Outcome::Conflicting => {
            json!(Report::of(&dossier, outcome))
        }
    });
    let given: BTreeSet<_> = all.iter().filter_map(|report| report["outcome"].as_str()).collect();
    let document = document();
    let schema = &document["components"]["schemas"]["Outcome"];
    assert_eq!(words(&schema["properties"]["outcome"]["enum"]), given);
    let reported: BTreeSet<_> = all
        .iter()
        .chain([&outcome(&with("phone", json!("0258 3822 229")))])
        .flat_map(|report| names(report).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(names(&schema["properties"]), reported.iter().map(String::as_str).collect());
}

#[test]
fn every_refusal_is_in_the_document_word_for_word_and_no_other() {
    let document = document();
    let push = (&document["paths"]["/dossiers"]["post"], &Refusal::OF_A_PUSH[..]);
    let read = (&document["paths"][READ]["get"], &Refusal::OF_A_READ[..]);
    for (operation, refusals) in [push, read] {
        let mut written = BTreeSet::new();
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            let examples = answer["content"]["application/json"]["examples"].as_object().into_iter().flatten();
            for (_, example) in examples.filter(|(_, example)| example["value"]["error"].is_string()) {
                written.insert((status.clone(), example["value"]["error"].as_str().unwrap_or_default().to_owned()));
            }
        }
        let given: BTreeSet<_> =
            refusals.iter().map(|refusal| (refusal.status().to_string(), refusal.to_string())).collect();
        assert_eq!(written, given);
    }
}

#[test]
fn every_word_about_a_notice_is_in_the_document_and_no_other() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let written = |schema: &str, member: &str| words(&schemas[schema]["properties"][member]["enum"]);
    assert_eq!(written("Nothing", "reason"), Nothing::ALL.map(Nothing::as_str).into());
    assert_eq!(written("Notice", "state"), State::ALL.map(State::as_str).into());
    assert_eq!(written("Notice", "delivery"), Delivery::ALL.map(Delivery::as_str).into());
    assert_eq!(written("Notice", "delivery_reason"), Reason::ALL.map(Reason::as_str).into());
}

#[test]
fn what_api_gateway_answers_by_itself_is_what_the_template_makes_it_answer() {
    let (document, template) = (document(), include_str!("../template.yaml"));
    for name in ["NotFromThisAddress", "TooManyRequests", "OutOfOrder"] {
        let examples = document["components"]["responses"][name]["content"]["application/json"]["examples"].clone();
        for (_, example) in examples.as_object().expect("examples") {
            assert!(template.contains(&format!("'{}'", example["value"])), "{name}: {}", example["value"]);
        }
    }
}

#[test]
fn every_path_and_every_protocol_is_in_the_document_and_no_other() {
    let document = document();
    let methods = |path: &Value| -> BTreeSet<String> {
        names(path).into_iter().filter(|name| *name != "parameters").map(str::to_uppercase).collect()
    };
    let mut expected: BTreeSet<_> = ["/dossiers", READ, "/docs", "/openapi.json"].map(str::to_owned).into();
    expected.extend(lookup::protocols().map(|name| match name {
        "generic" => "/mo/{gateway}".to_owned(),
        name => format!("/mo/{name}"),
    }));
    assert_eq!(names(&document["paths"]), expected.iter().map(String::as_str).collect());

    let template = include_str!("../template.yaml");
    for (path, operations) in document["paths"].as_object().expect("paths") {
        let deployed = match path.as_str() {
            READ => "/dossiers/{path+}",
            path if path.starts_with("/mo/") => "/mo/{gateway}",
            path => path,
        };
        let is_deployed = |method: &str| {
            [deployed.to_owned(), format!("\"{deployed}\"")]
                .iter()
                .any(|path| template.contains(&format!("{{ RestApiId: !Ref Api, Path: {path}, Method: {method} }}")))
        };
        for method in ["GET", "POST"] {
            // An operator uses one method; the endpoint accepts both.
            let written = methods(operations).contains(method);
            assert!(is_deployed(method) == written || path.starts_with("/mo/"), "{method} {path}");
        }
    }
}

#[test]
fn the_signature_to_check_ones_own_code_by_is_right() {
    let document = document();
    let scheme = &document["components"]["securitySchemes"]["StandardWebhooks"];
    let part = |name: &str| scheme["x-example"][name].as_str().expect("a part of the example").to_owned();
    let timestamp = part("webhook-timestamp").parse().expect("seconds");
    let webhook = Webhook::new(&part("secret")).expect("a key");
    let signature = webhook.sign(&part("webhook-id"), timestamp, part("body").as_bytes()).expect("a signature");
    assert_eq!(signature, part("webhook-signature"));
}

#[test]
fn the_page_has_all_of_it_and_needs_nothing_else_from_the_network() {
    let (document, page) = (document(), get("/docs"));
    for (path, _) in document["paths"].as_object().expect("paths") {
        assert!(page.contains(path), "{path}");
    }
    for field in names(&document["components"]["schemas"]["Dossier"]["properties"]) {
        assert!(page.contains(&format!("<td><code>{field}</code>")), "{field}");
    }
    for refusal in Refusal::OF_A_PUSH.into_iter().chain(Refusal::OF_A_READ) {
        assert!(page.contains(&refusal.to_string().replace('"', "&quot;")), "{refusal}");
    }
    for foreign in ["<script", "<link", "<img", " src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}
