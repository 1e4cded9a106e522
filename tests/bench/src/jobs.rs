//! One event for each function, as AWS sends it, and the data that the endpoint returns for it.

use std::fs;
use std::path::Path;

use anyhow::Result;
use chrono::{TimeDelta, Utc};
use domain::calendar::tomorrow_in_vietnam;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::aws::Contents;

const INTAKE_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The dossier of the files in events/.
const CODE: &str = "0161701234";

/// The events; from `events/` if they need not have today's date.
pub struct Jobs {
    lookup: Value,
    change: Value,
}

impl Jobs {
    /// Reads them from the repository `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let read =
            |name: &str| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(root.join("events").join(name))?)?) };
        Ok(Self { lookup: read("lookup-found.json")?, change: read("notify-result.json")?["Records"][0].clone() })
    }

    /// A citizen's text, delivered by Kannel.
    pub fn lookup(&self) -> Value {
        self.lookup.clone()
    }

    /// A text to 8083 from that sender, with an id of its own.
    pub fn text(&self, sender: &str, text: &str, id: &str) -> Value {
        let mut event = self.lookup.clone();
        for (name, value) in [("msisdn", sender), ("mo_message", text), ("request_id", id)] {
            event["queryStringParameters"][name] = json!(value);
            event["multiValueQueryStringParameters"][name] = json!([value]);
        }
        event
    }

    /// A change of one dossier a moment ago, by its items before and after.
    pub fn change(&self, before: &Value, after: &Value) -> Value {
        let mut record = self.change.clone();
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(Utc::now().timestamp());
        record["dynamodb"]["Keys"] = json!({"receipt_code": after["receipt_code"]});
        record["dynamodb"]["OldImage"] = before.clone();
        record["dynamodb"]["NewImage"] = after.clone();
        json!({"Records": [record]})
    }

    /// `count` dossiers that reached "Trả kết quả" a moment ago.
    pub fn notify(&self, count: usize) -> Value {
        let records: Vec<Value> = (0..count).map(|number| self.result(number)).collect();
        json!({"Records": records})
    }

    fn result(&self, number: usize) -> Value {
        let (mut record, code) = (self.change.clone(), code(number));
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(Utc::now().timestamp());
        record["dynamodb"]["SequenceNumber"] = json!(format!("{number:021}"));
        for holder in ["Keys", "OldImage", "NewImage"] {
            record["dynamodb"][holder]["receipt_code"] = json!({"S": code});
        }
        record
    }

    /// `count` new dossiers, signed.
    pub fn intake(&self, count: usize) -> Result<Value> {
        let snapshots: Vec<Value> = (0..count)
            .map(|number| {
                json!({"receipt_code": code(number), "revision": 1, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
                    "phone": "0912345678", "received_on": "2026-11-20", "appointment_on": "2026-11-25",
                    "step": "Thẩm định hồ sơ", "status": "Đang xử lý", "unit": "Phòng Quản lý lữ hành"})
            })
            .collect();
        signed_push(&json!(snapshots))
    }

    /// What was sent about the events' dossier, signed.
    pub fn notices(&self) -> Result<Value> {
        Ok(json!({"httpMethod": "GET", "resource": "/dossiers/{path+}", "path": format!("/dossiers/{CODE}/notices"),
            "pathParameters": {"path": format!("{CODE}/notices")}, "requestContext": {"httpMethod": "GET"},
            "headers": signature("")?}))
    }

    /// A clerk opens the page of the events' dossier.
    pub fn desk(&self) -> Value {
        json!({"httpMethod": "GET", "resource": "/desk/{path+}", "path": "/desk/dossier", "pathParameters": {"path": "dossier"},
            "multiValueQueryStringParameters": {"code": [CODE]}, "headers": {"cookie": format!("desk={SESSION}")},
            "requestContext": {"httpMethod": "GET", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"}})
    }

    /// 17:30, or the minute, now.
    pub fn rule(&self) -> Value {
        json!({"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events",
            "time": Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string(), "region": "ap-southeast-1", "detail": {}})
    }

    /// What the endpoint returns: the events' dossier, and `due` more that are due tomorrow.
    pub fn contents(&self, due: usize) -> Contents {
        let dossier = self.change["dynamodb"]["NewImage"].clone();
        let mut appointed = dossier.clone();
        appointed["appointment_on"] = json!({"S": tomorrow_in_vietnam(Utc::now()).to_string()});
        appointed["step"] = json!({"S": "Thẩm định hồ sơ"});
        let kannel = json!({"user": "kannel", "password": "samlocal"});
        let url = "http://127.0.0.1:1/v1/desk";
        let secret = json!({"current": INTAKE_KEY, "previous": null, "kannel": kannel,
            "issuer": "http://127.0.0.1:1/pool", "client_id": "desk", "url": url});
        let notices = vec![sent("supplement#2"), sent("result#3")];
        Contents { dossier, due, appointed, notices, session: session(), secret }
    }
}

/// The session's id in the browser: 32 bytes.
const SESSION: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Seen in some hours, so that it lasts as long as a benchmark, and no request is written down: the endpoint keeps nothing.
fn session() -> Value {
    let now = Utc::now();
    let time = |hours| json!({"S": (now + TimeDelta::hours(hours)).to_rfc3339()});
    json!({"staff": {"S": "person-1"}, "name": {"S": "Nguyễn Thị Lan"}, "roles": {"SS": ["clerk"]}, "leads_to": {"S": ""},
        "opened_at": time(0), "seen_at": time(7)})
}

/// A row of the outbox, with its receipt.
fn sent(notice: &str) -> Value {
    let kind = notice.split('#').next().unwrap_or_default();
    let text = "TB: Hồ sơ của quý ông/bà (MS: 0161701234) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Du lịch để nhận kết quả";
    let texts = [
        ("receipt_code", CODE),
        ("notice", notice),
        ("kind", kind),
        ("state", "sent"),
        ("text", text),
        ("enqueued_at", "2026-11-24T09:00:00.000+07:00"),
        ("sent_at", "2026-11-24T09:00:00.250+07:00"),
        ("phone", "+84912345678"),
        ("message_id", "94f20ce6-13c5-43a0-9a9e-ca52d816e90b"),
        ("delivery", "delivered"),
        ("delivery_at", "2026-11-24T09:00:04.000+07:00"),
        ("owner", "request@1/1"),
    ];
    let mut row = json!({"attempts": {"N": "1"}, "parts": {"N": "3"}, "expires_at": {"N": "1811000000"}});
    for (name, text) in texts {
        row[name] = json!({"S": text});
    }
    row
}

/// A push of an array of snapshots, signed.
pub fn signed_push(snapshots: &Value) -> Result<Value> {
    let body = snapshots.to_string();
    let headers = signature(&body)?;
    Ok(json!({"httpMethod": "POST", "path": "/dossiers", "requestContext": {"httpMethod": "POST"}, "body": body,
        "headers": headers}))
}

fn signature(body: &str) -> Result<Value> {
    let now = Utc::now().timestamp();
    let signature = Webhook::new(INTAKE_KEY)?.sign("msg_1", now, body.as_bytes())?;
    Ok(json!({"webhook-id": "msg_1", "webhook-timestamp": now.to_string(), "webhook-signature": signature}))
}

fn code(number: usize) -> String {
    if number == 0 { CODE.to_owned() } else { format!("{CODE}-{number}") }
}
