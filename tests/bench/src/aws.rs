//! AWS as far as the functions call it: DynamoDB, SNS, EventBridge, Secrets Manager. Every call is written down and
//! answered after the same time, so that only our own work differs.
//!
//! It keeps nothing: a put is granted, a read finds the one dossier. What a table promises is tested elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::http::{Request, Response, Server, answer_all};

/// What is found there.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// The dossier that every read finds, as an item.
    pub dossier: Value,
    /// How many dossiers are due tomorrow.
    pub due: usize,
    /// One of them, as an item; the others have codes of their own.
    pub appointed: Value,
    /// The rows of the outbox that every dossier has.
    pub notices: Vec<Value>,
    /// The session at the desk that every browser has.
    pub session: Value,
    /// All secrets in one JSON object.
    pub secret: Value,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// `GetItem`, `Publish`, …
    pub action: String,
    /// The request; Null where it was no JSON.
    pub body: Value,
}

/// The services that have an address of their own, as on AWS, by the variable that names it to every SDK: a connection to
/// one is none to another.
const SERVICES: [&str; 4] = [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_EVENTBRIDGE",
    "AWS_ENDPOINT_URL_SNS",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
];

/// What a new connection takes on the network: a round trip each for TCP and for TLS 1.3, half a millisecond each between
/// two machines of one region. Loopback has none.
const CONNECT: Duration = Duration::from_millis(1);

/// The endpoints: one for each service that has its own, and one for whoever knows a single one.
pub struct Aws {
    servers: Vec<Server>,
    scheme: &'static str,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Aws {
    /// Answers each call `after` that time; over TLS where there is a certificate.
    pub fn start(contents: Contents, after: Duration, tls: Option<Arc<ServerConfig>>) -> io::Result<Self> {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let (written_down, contents) = (calls.clone(), Arc::new(contents));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let serve_all = move |connection| {
            let respond = |request: Request| {
                if request.method == "GET" {
                    // No service of AWS that is called takes one: a function opens a connection ahead by it.
                    return Some(Response { status: 404, ..Response::default() });
                }
                let call =
                    Call { action: action(&request), body: serde_json::from_slice(&request.body).unwrap_or_default() };
                thread::sleep(after);
                let response = response(&call, &contents);
                written_down.lock().expect("no panic holds it").push(call);
                Some(response)
            };
            let _ = serve(connection, tls.as_ref(), respond);
        };
        let servers = (0..=SERVICES.len()).map(|_| Server::start(serve_all.clone())).collect::<io::Result<_>>()?;
        Ok(Self { servers, scheme, calls })
    }

    fn address(&self, server: &Server) -> String {
        format!("{}://localhost:{}", self.scheme, server.address.port())
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        self.address(&self.servers[SERVICES.len()])
    }

    /// Each service's own address, by its variable.
    pub fn urls(&self) -> impl Iterator<Item = (String, String)> {
        SERVICES.iter().zip(&self.servers).map(|(name, server)| ((*name).to_owned(), self.address(server)))
    }

    /// The calls since this was last asked.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().expect("no panic holds it"))
    }
}

/// How many of each action.
pub fn by_action(calls: &[Call]) -> BTreeMap<&str, usize> {
    calls.iter().fold(BTreeMap::new(), |mut counts, call| {
        *counts.entry(call.action.as_str()).or_default() += 1;
        counts
    })
}

fn serve(
    connection: TcpStream,
    tls: Option<&Arc<ServerConfig>>,
    respond: impl FnMut(Request) -> Option<Response>,
) -> io::Result<()> {
    match tls {
        None => answer_all(connection, respond),
        Some(config) => {
            thread::sleep(CONNECT);
            let session = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
            answer_all(StreamOwned::new(session, connection), respond)
        }
    }
}

/// The JSON services name it in a header, SNS in its form.
pub(crate) fn action(request: &Request) -> String {
    match request.header("x-amz-target").rsplit_once('.') {
        Some((_, action)) => action.to_owned(),
        None => {
            let form = String::from_utf8_lossy(&request.body);
            let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
            action.unwrap_or("nothing AWS knows").to_owned()
        }
    }
}

fn response(call: &Call, contents: &Contents) -> Response {
    let ok = |kind: &str, body: Vec<u8>| Response { status: 200, headers: vec![("Content-Type", kind.into())], body };
    let json = |body: Value| ok("application/x-amz-json-1.0", body.to_string().into_bytes());
    match call.action.as_str() {
        "GetItem" if call.body["TableName"] == "desk" => json(json!({"Item": contents.session})),
        "GetItem" => json(json!({"Item": contents.dossier})),
        "Query" if call.body["IndexName"] == "by_appointment" => json(page(&call.body, contents)),
        "Query" if call.body["IndexName"].is_null() => json(json!({"Items": contents.notices})),
        "Query" => json(json!({"Items": []})),
        "PutItem" => json(json!({})),
        "UpdateItem" => json(json!({"Attributes": updated(&call.body)})),
        "BatchGetItem" => json(json!({"Responses": {}, "UnprocessedKeys": {}})),
        "PutEvents" => json(json!({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]})),
        "GetSecretValue" => json(json!({
            "ARN": "arn:aws:secretsmanager:ap-southeast-1:123456789012:secret:bench-aaaaaa", "Name": "bench",
            "SecretString": contents.secret.to_string(), "VersionId": "3c6e2b6e-6b1e-4b1c-9a52-0d2f1e6f5c11",
        })),
        "Publish" => ok("text/xml", PUBLISHED.into()),
        _ => Response { status: 400, ..Response::default() },
    }
}

/// Dossiers a page holds: a megabyte of them.
const PAGE: usize = 1_000;

/// A page of tomorrow's dossiers. A code's last part is its place.
fn page(query: &Value, contents: &Contents) -> Value {
    let last = query.pointer("/ExclusiveStartKey/receipt_code/S").and_then(Value::as_str);
    let first = last.and_then(|code| code.rsplit('-').next()?.parse::<usize>().ok()).map_or(0, |place| place + 1);
    let end = (first + PAGE).min(contents.due);
    let item = |place| {
        let mut item = contents.appointed.clone();
        item["receipt_code"] = json!({"S": format!("0161701234-{place}")});
        item
    };
    let mut page = json!({"Items": (first..end).map(item).collect::<Vec<_>>()});
    if end < contents.due {
        let last = item(end - 1);
        page["LastEvaluatedKey"] =
            json!({"receipt_code": last["receipt_code"], "appointment_on": last["appointment_on"]});
    }
    page
}

/// What an update returns where it was asked to: the phone's first message, the notice's first attempt.
fn updated(update: &Value) -> Value {
    match (update["ReturnValues"].as_str(), update.pointer("/Key/inquiry")) {
        (Some("UPDATED_NEW"), Some(_)) => json!({"messages": {"SS": ["first"]}}),
        (Some("UPDATED_NEW"), None) => json!({"attempts": {"N": "1"}}),
        _ => json!({}),
    }
}

const PUBLISHED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult><ResponseMetadata>\
    <RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata></PublishResponse>";
