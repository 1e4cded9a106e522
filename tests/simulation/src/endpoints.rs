//! Calls of the two HTTP endpoints, with the retries of their callers: the one-stop software and 8083's gateway.

use std::sync::Arc;
use std::time::Duration;

use adapters::secret::Secret;
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{TimeDelta, Utc};
use intake::Intake;
use lookup::{Lookup, SenderLimit};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::aws::Stack;

/// Time-outs of template.yaml.
const INTAKE: TimeDelta = TimeDelta::seconds(15);
const LOOKUP: TimeDelta = TimeDelta::seconds(4);
/// A schedule has few faults: a call that fails this often never succeeds.
const MOST_TRIES: usize = 12;

const INTAKE_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Stack {
    /// A push, repeated until the answer is 200, as the contract requires. Returns the outcomes, one per snapshot.
    pub async fn push(&self, snapshots: &Value) -> Vec<String> {
        for _ in 0..MOST_TRIES {
            if let Some((200, body)) = self.intake(&signed(snapshots.to_string())).await {
                let body: Value = serde_json::from_str(&body).expect("JSON");
                let outcomes = body["dossiers"].as_array().expect("a report a snapshot").iter();
                return outcomes.map(|report| report["outcome"].as_str().unwrap_or_default().to_owned()).collect();
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        panic!("a push was never taken");
    }

    /// A citizen's message, delivered by Kannel, which repeats it until the answer is 200. Returns the reply.
    pub async fn ask(&self, id: &str, sender: &str, text: &str) -> String {
        let secret = json!({"kannel": {"user": "u", "password": "p"}});
        for _ in 0..MOST_TRIES {
            if let Some((200, reply)) = self.lookup(secret.clone(), &from_kannel(id, sender, text)).await {
                return reply;
            }
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        panic!("a message was never answered");
    }

    /// A citizen's message, delivered by V-COM: after any status but 200 it is repeated "2 more times, each time 20
    /// seconds". Returns the code of the answer; None if it was never accepted.
    pub async fn ask_by_vcom(&self, id: &str, sender: &str, text: &str) -> Option<u64> {
        let secret = json!({"vcom": {"client_id": "c", "secure_key": "k"}});
        for _ in 0..3 {
            if let Some((200, answer)) = self.lookup(secret.clone(), &from_vcom(id, sender, text)).await {
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                return answer.pointer("/data/code").or(answer.pointer("/errors/code")).and_then(Value::as_u64);
            }
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        None
    }

    /// One invocation of `IntakeFunction`: status and body. None where its sandbox crashed.
    pub async fn intake(&self, event: &ApiGatewayProxyRequest) -> Option<(i64, String)> {
        let ports = self.sandbox_ports();
        let intake = Intake {
            dossiers: ports.clone(),
            notices: ports.clone(),
            secret: Arc::new(Secret::fixed(json!({"current": INTAKE_KEY, "previous": null}))),
            clock: ports,
            closed_steps: self.notice_config.closed_steps.clone(),
        };
        self.invoke(INTAKE, intake.handle(event)).await.map(|(response, _)| read(&response))
    }

    /// One invocation of `LookupFunction` with that GatewaySecret: status and body. None where its sandbox crashed.
    pub async fn lookup(&self, secret: Value, event: &ApiGatewayProxyRequest) -> Option<(i64, String)> {
        let (ports, request) = (self.sandbox_ports(), self.request());
        let lookup = Lookup {
            dossiers: ports.clone(),
            ports,
            secret: Arc::new(Secret::fixed(secret)),
            closed_steps: self.notice_config.closed_steps.clone(),
            charge_unanswered: false,
            sender_limit: SenderLimit::new(30),
        };
        self.invoke(LOOKUP, lookup.handle(event, &request)).await.map(|(response, _)| read(&response))
    }
}

/// A push with that body.
pub fn signed(body: String) -> ApiGatewayProxyRequest {
    event(json!({"httpMethod": "POST", "headers": signature(&body), "body": body}))
}

/// A request for a dossier's notices: `path` is what stands after `/dossiers/`.
pub fn asked_what_was_sent(path: &str, query: Value) -> ApiGatewayProxyRequest {
    event(json!({"httpMethod": "GET", "resource": "/dossiers/{path+}", "pathParameters": {"path": path},
        "queryStringParameters": query, "headers": signature("")}))
}

/// Its timestamp is the machine's time, not the virtual time: the library checks it against the machine's clock.
fn signature(body: &str) -> Value {
    let now = Utc::now().timestamp();
    let signature =
        Webhook::new(INTAKE_KEY).and_then(|key| key.sign("msg_1", now, body.as_bytes())).expect("a signature");
    json!({"webhook-id": "msg_1", "webhook-timestamp": now.to_string(), "webhook-signature": signature})
}

fn from_kannel(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    event(json!({"httpMethod": "GET", "pathParameters": {"gateway": "kannel"},
        "headers": {"authorization": format!("Basic {}", STANDARD.encode("u:p"))},
        "queryStringParameters": {"request_id": id, "msisdn": sender, "mo_message": text}}))
}

fn from_vcom(id: &str, sender: &str, text: &str) -> ApiGatewayProxyRequest {
    let body = json!({"type": "new", "client_id": "c", "request_id": id, "service_id": "8083", "command_code": "mckh",
        "message": text, "telco": "VT", "phone": sender, "time": 1_795_516_200,
        "checksum": adapters::vcom::checksum(["c", id, sender, "k", "1795516200"])});
    event(json!({"httpMethod": "POST", "pathParameters": {"gateway": "vcom"},
        "headers": {"content-type": "application/json"}, "body": body.to_string()}))
}

/// An event of API Gateway: a minimal request, with changes.
pub fn event(changes: Value) -> ApiGatewayProxyRequest {
    let mut event = json!({"requestContext": {"httpMethod": changes["httpMethod"]}});
    event.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    serde_json::from_value(event).expect("an event of API Gateway")
}

fn read(response: &ApiGatewayProxyResponse) -> (i64, String) {
    match &response.body {
        Some(Body::Text(text)) => (response.status_code, text.clone()),
        other => panic!("a body of text, not {other:?}"),
    }
}
