//! The functions' calls on their way to the local AWS. They are passed on as they came, and their answers as well; calls
//! of SNS and of tables are read, because faults are for them and the page tells of them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONNECTION, TRANSFER_ENCODING};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use super::Phones;
use super::faults::{self, Fate};
use crate::stack::between;

pub(super) type Client = hyper_util::client::legacy::Client<HttpConnector, Body>;

/// How long a connection to the local AWS is kept without a call. The local AWS closes one after 5 seconds, and a message
/// that met a closed connection would count as sent or not sent, nobody knows.
const IDLE: Duration = Duration::from_secs(2);
/// DynamoDB's largest request. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Longer than any client of a function waits.
const UNANSWERED: Duration = Duration::from_secs(60);

pub(super) fn client() -> Client {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let mut builder = hyper_util::client::legacy::Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

/// What is called, as the signature and `X-Amz-Target` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// As in the credential's scope: `sns`, `dynamodb`, `events`.
    pub service: String,
    /// `PutItem`; empty where a service has its action in the body.
    pub action: String,
}

impl Call {
    /// None if the request is not signed as a call of AWS.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let signature = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
        let (_, credential) = signature.split_once("Credential=")?;
        let service = credential.split([',', ' ']).next()?.split('/').nth(3)?.to_owned();
        let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let action = target.rsplit_once('.').map(|(_, action)| action.to_owned()).unwrap_or_default();
        Some(Self { service, action })
    }

    fn is_read_here(&self) -> bool {
        matches!(self.service.as_str(), "sns" | "dynamodb")
    }

    fn changes_a_table(&self) -> bool {
        self.service == "dynamodb" && !matches!(self.action.as_str(), "GetItem" | "BatchGetItem" | "Query" | "Scan")
    }
}

pub(super) async fn answer(phones: &Arc<Phones>, call: &Call, request: Request) -> Response {
    let answered = if call.is_read_here() { read(phones, call, request).await } else { phones.pass(request).await };
    answered.unwrap_or_else(|error| {
        eprintln!("a call of {} was not passed on: {error:#}", call.service);
        StatusCode::BAD_GATEWAY.into_response()
    })
}

async fn read(phones: &Arc<Phones>, call: &Call, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await?;
    let tables = Tables::of(phones).await;
    let faults = phones.settings().faults;
    match faults.fate(call, &body, tables.as_ref().map(|tables| tables.outbox.as_str())) {
        Fate::Refused => Ok(faults::refused()),
        Fate::Throttled => Ok(faults::throttled()),
        Fate::Unanswered => {
            tokio::time::sleep(UNANSWERED).await;
            Ok(StatusCode::GATEWAY_TIMEOUT.into_response())
        }
        Fate::Passed => {
            let answer = phones.pass(Request::from_parts(head, Body::from(body.clone()))).await?;
            if answer.status().is_success() { see(phones, call, &body, answer, tables).await } else { Ok(answer) }
        }
    }
}

/// The names of the tables that are watched.
struct Tables {
    dossiers: String,
    outbox: String,
}

impl Tables {
    /// None until the stack is deployed.
    async fn of(phones: &Phones) -> Option<Self> {
        let stack = &phones.deployed().await.ok()?.stack;
        Some(Self { dossiers: stack.output("DossiersTable").into(), outbox: stack.output("NoticesTable").into() })
    }
}

/// Keeps what the page tells of a call that was answered.
async fn see(
    phones: &Arc<Phones>,
    call: &Call,
    body: &[u8],
    answer: Response,
    tables: Option<Tables>,
) -> Result<Response> {
    if call.changes_a_table() {
        if let Some(image) = tables.and_then(|tables| put_into(&tables.dossiers, call, body)) {
            phones.changes.record(image, Utc::now());
        }
        phones.events.changed();
    }
    if call.service != "sns" {
        return Ok(answer);
    }
    let (head, answered) = answer.into_parts();
    let answered = to_bytes(answered, MOST_BYTES).await?;
    if let Some((message_id, phone)) = accepted(body, &answered) {
        phones.network.accepted(message_id, phone);
        phones.events.changed();
    }
    Ok(Response::from_parts(head, Body::from(answered)))
}

/// The item that the call puts into that table.
fn put_into(table: &str, call: &Call, body: &[u8]) -> Option<Value> {
    let mut put: Value = if call.action == "PutItem" { serde_json::from_slice(body).ok()? } else { return None };
    (put["TableName"] == table).then(|| put["Item"].take())
}

/// The message id that SNS gave to a message, and the phone number.
fn accepted(publish: &[u8], answer: &Bytes) -> Option<(String, String)> {
    let message_id = between(std::str::from_utf8(answer).ok()?, "MessageId")?;
    let phone = form_urlencoded::parse(publish).find(|(name, _)| name == "PhoneNumber")?.1.into_owned();
    Some((message_id, phone))
}

impl Phones {
    /// The request as it came, to the local AWS, and the answer as it comes.
    async fn pass(&self, mut request: Request) -> Result<Response> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("{}{path}", self.endpoint).parse::<Uri>()?;
        let mut answer = self.client.request(request).await?.map(Body::new);
        // They concern the connection to the local AWS only.
        for name in [CONNECTION, TRANSFER_ENCODING] {
            answer.headers_mut().remove(name);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(headers: &[(&'static str, &str)]) -> Option<Call> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Call::of(&headers.collect())
    }

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20261126/ap-southeast-1/dynamodb/aws4_request, \
                          SignedHeaders=host;x-amz-date, Signature=0";

    #[test]
    fn a_call_is_known_by_its_signature_and_target() {
        let put = call(&[("authorization", SIGNED), ("x-amz-target", "DynamoDB_20120810.PutItem")]);
        assert_eq!(put, Some(Call { service: "dynamodb".into(), action: "PutItem".into() }));
        let sns = SIGNED.replace("dynamodb", "sns");
        assert_eq!(call(&[("authorization", &sns)]), Some(Call { service: "sns".into(), action: String::new() }));
    }

    #[test]
    fn what_is_not_signed_is_no_call_of_aws() {
        assert_eq!(call(&[]), None);
        for authorization in ["Basic a2FubmVsOng=", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=test"] {
            assert_eq!(call(&[("authorization", authorization)]), None, "{authorization}");
        }
    }

    #[test]
    fn a_read_of_a_table_is_no_change() {
        let of = |action: &str| Call { service: "dynamodb".into(), action: action.into() }.changes_a_table();
        assert!(["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"].into_iter().all(of));
        assert!(!["GetItem", "BatchGetItem", "Query", "Scan"].into_iter().any(of));
    }

    #[test]
    fn only_a_put_into_the_table_of_dossiers_is_a_change_of_a_dossier() {
        let put = Call { service: "dynamodb".into(), action: "PutItem".into() };
        let body = json!({"TableName": "dossiers", "Item": {"receipt_code": {"S": "0161701234"}}}).to_string();
        let image = put_into("dossiers", &put, body.as_bytes());
        assert_eq!(image, Some(json!({"receipt_code": {"S": "0161701234"}})));
        assert_eq!(put_into("notices", &put, body.as_bytes()), None);
        let update = Call { action: "UpdateItem".into(), ..put };
        assert_eq!(put_into("dossiers", &update, body.as_bytes()), None);
    }

    #[test]
    fn an_accepted_message_has_snss_id_and_the_number() {
        let publish = b"Action=Publish&PhoneNumber=%2B84912345678&Message=TB";
        let answer = "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>";
        assert_eq!(accepted(publish, &answer.into()), Some(("m-1".into(), "+84912345678".into())));
        assert_eq!(accepted(b"Action=Publish&TopicArn=t", &answer.into()), None);
    }
}
