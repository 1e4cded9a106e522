//! A desk for tests: the tables in memory, somebody at the door, and requests as API Gateway passes them.

use std::sync::Mutex;

use application::locked;
use application::ports::{
    AuditLog, Clock, DeskPorts, DossierFinder, DossierStore, InquiryHistory, NoticeHistory, Put, StoreError,
};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use chrono::{DateTime, Utc};
use domain::desk::{AuditEntry, Role, Staff};
use domain::dossier::Contact;
use domain::dossier::revision::Stored;
use domain::inquiry::Inquiry;
use domain::notice::NoticeRecord;
use domain::{ClosedSteps, Dossier, Phone, ReceiptCode};
use futures::executor::block_on;
use serde_json::{Map, Value, json};

use crate::{Admission, Desk, DeskConfig, Door, Request, Session};

/// Half past ten in the morning in Vietnam.
pub(crate) const NOW: &str = "2026-11-26T03:30:00Z";
/// The stack's office.
pub(crate) const OFFICE: &str = "Sở Văn hóa và Thể thao";

/// A request as API Gateway passes it: `path` behind `/desk`, `query` (names and lists of values), `form` (urlencoded),
/// `headers`, `method`.
pub(crate) fn event(of: Value) -> ApiGatewayProxyRequest {
    let path = of["path"].as_str().unwrap_or_default();
    let mut headers: Map<String, Value> = of["headers"].as_object().cloned().unwrap_or_default();
    if of["form"].is_string() {
        headers.entry("content-type").or_insert(json!("application/x-www-form-urlencoded"));
    }
    let method = of["method"].as_str().unwrap_or(if of["form"].is_string() { "POST" } else { "GET" });
    let event = json!({
        "resource": "/desk/{path+}", "path": format!("/desk{path}"), "httpMethod": method, "headers": headers,
        "multiValueHeaders": {}, "pathParameters": {"path": path.trim_start_matches('/')},
        "multiValueQueryStringParameters": of["query"], "body": of["form"], "isBase64Encoded": false,
        "requestContext": {"requestId": "request-1", "identity": {}, "httpMethod": method},
    });
    serde_json::from_value(event).expect("an event of API Gateway")
}

/// Everybody who comes is this person.
pub(crate) struct Greeter(pub Staff);

impl Door for Greeter {
    async fn admit(&self, _: &Request) -> Admission {
        Admission::Welcome(Session { staff: self.0.clone(), token: "t0ken".into(), leads_to: String::new() })
    }
}

/// The tables.
#[derive(Default)]
pub(crate) struct Tables {
    pub dossiers: Vec<Dossier>,
    pub notices: Vec<(ReceiptCode, NoticeRecord)>,
    pub inquiries: Vec<Inquiry>,
    pub audit: Vec<AuditEntry>,
    /// Every table but the audit fails.
    pub is_out_of_order: bool,
    pub audit_is_out_of_order: bool,
}

pub(crate) struct Memory(Mutex<Tables>);

impl Memory {
    fn read<T>(&self, read: impl FnOnce(&mut Tables) -> T) -> Result<T, StoreError> {
        let mut tables = locked(&self.0);
        let unavailable = StoreError::Unavailable { table: "a table", why: "a test".into() };
        if tables.is_out_of_order { Err(unavailable) } else { Ok(read(&mut tables)) }
    }
}

impl DossierStore for Memory {
    async fn get(&self, code: &ReceiptCode) -> Result<Option<Dossier>, StoreError> {
        self.read(|tables| tables.dossiers.iter().find(|dossier| dossier.receipt_code() == code).cloned())
    }
    async fn put(&self, _: &Dossier, replaces: &Stored) -> Result<Put, StoreError> {
        Ok(Put::Overtaken(replaces.clone()))
    }
}

impl DossierFinder for Memory {
    async fn with_mobile(&self, phone: &Phone, most: usize) -> Result<Vec<ReceiptCode>, StoreError> {
        let has = |dossier: &&Dossier| matches!(dossier.contact(), Some(Contact::Mobile(mobile)) if mobile == phone);
        self.read(|tables| {
            tables.dossiers.iter().filter(has).take(most).map(|dossier| dossier.receipt_code().clone()).collect()
        })
    }
    async fn all(&self, codes: &[ReceiptCode]) -> Result<Vec<Dossier>, StoreError> {
        let is_wanted = |dossier: &&Dossier| codes.contains(dossier.receipt_code());
        self.read(|tables| tables.dossiers.iter().filter(is_wanted).cloned().collect())
    }
}

impl NoticeHistory for Memory {
    async fn history(&self, code: &ReceiptCode) -> Result<Vec<NoticeRecord>, StoreError> {
        self.read(|tables| {
            tables.notices.iter().filter(|(of, _)| of == code).map(|(_, record)| record.clone()).collect()
        })
    }
}

impl InquiryHistory for Memory {
    async fn about(&self, code: &ReceiptCode, most: usize) -> Result<Vec<Inquiry>, StoreError> {
        let is_about = |inquiry: &&Inquiry| inquiry.receipt_code.as_ref() == Some(code);
        self.read(|tables| tables.inquiries.iter().filter(is_about).take(most).cloned().collect())
    }
}

impl AuditLog for Memory {
    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tables = locked(&self.0);
        if tables.audit_is_out_of_order {
            return Err(StoreError::Unavailable { table: "desk", why: "a test".into() });
        }
        tables.audit.push(entry.clone());
        Ok(())
    }
}

impl Clock for Memory {
    fn now(&self) -> DateTime<Utc> {
        NOW.parse().expect("an instant")
    }
    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

impl DeskPorts for Memory {
    type Dossiers = Self;
    type Notices = Self;
    type Finder = Self;
    type Inquiries = Self;
    type Audit = Self;
    type Clock = Self;

    fn dossiers(&self) -> &Self {
        self
    }
    fn notices(&self) -> &Self {
        self
    }
    fn finder(&self) -> &Self {
        self
    }
    fn inquiries(&self) -> &Self {
        self
    }
    fn audit(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}

/// The desk as one person sees it.
pub(crate) struct AtTheDesk(Desk<Greeter, Memory>);

/// What a browser gets.
pub(crate) struct Answer {
    pub status: i64,
    pub location: Option<String>,
    pub body: String,
}

impl AtTheDesk {
    pub fn new(role: Role, tables: Tables) -> Self {
        Self::of_office(role, None, tables)
    }

    pub fn of_office(role: Role, office: Option<&str>, tables: Tables) -> Self {
        let staff = Staff {
            id: "staff-1".into(),
            name: "Trần Thị Lan".into(),
            roles: vec![role],
            office: office.map(str::to_owned),
        };
        let config = DeskConfig { office: OFFICE.into(), closed_steps: ClosedSteps::default() };
        Self(Desk { door: Greeter(staff), ports: Memory(Mutex::new(tables)), config })
    }

    pub fn get(&self, page: &str, query: &[(&str, &str)]) -> Answer {
        let query: Map<String, Value> =
            query.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        self.ask(json!({"path": path_of(page), "query": query}))
    }

    pub fn post(&self, page: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        self.ask(json!({"path": path_of(page), "form": form.finish()}))
    }

    pub fn ask(&self, request: Value) -> Answer {
        let response: ApiGatewayProxyResponse = block_on(self.0.handle(&event(request)));
        let location = response.headers.get("location").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let Some(Body::Text(body)) = response.body else { panic!("a text") };
        Answer { status: response.status_code, location, body }
    }

    pub fn tables(&self) -> std::sync::MutexGuard<'_, Tables> {
        locked(&self.0.ports.0)
    }

    /// `looked_up 0161701234`, oldest first.
    pub fn audit(&self) -> Vec<String> {
        let written = |entry: &AuditEntry| {
            let code = entry.receipt_code.as_ref().map_or("-", |code| code.as_str());
            format!("{} {code}", entry.action)
        };
        self.tables().audit.iter().map(written).collect()
    }
}

fn path_of(page: &str) -> String {
    if page.is_empty() { String::new() } else { format!("/{page}") }
}

/// A dossier of the stack's office that has its result, with some fields replaced.
pub(crate) fn dossier(changes: Value) -> Dossier {
    let mut snapshot = json!({
        "receipt_code": "0161701234", "revision": 3, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
        "phone": "0912345678", "received_on": "2026-11-20", "appointment_on": "2026-11-27",
        "step": "Trả kết quả", "status": "Đã giải quyết", "unit": "Bộ phận Một cửa", "result_on": "2026-11-25",
    });
    let fields = snapshot.as_object_mut().expect("an object");
    fields.extend(changes.as_object().expect("an object of changes").clone());
    Dossier::parse(fields).expect("a valid snapshot")
}
