//! A desk for tests: the tables in memory, somebody at the door, and requests as API Gateway passes them.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Mutex;

use application::locked;
use application::ports::{
    Apologies, Appointments, AuditLog, CallList, Claimed, Clock, CountedPage, DeskPorts, DossierFinder, DossierStore,
    DueRows, Enqueue, InquiryDays, InquiryHistory, KeptSum, LoggedText, NoteStore, NoticeDays, NoticeHistory,
    NoticePage, Outbox, Page, PageMark, PageToken, Put, SendingRecords, StoreError, SumStore, TextPage,
};
use aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayProxyResponse};
use aws_lambda_events::encodings::Body;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::day_in_vietnam;
use domain::desk::letters::Evenings;
use domain::desk::sums::{Counted, DaySum};
use domain::desk::{AuditEntry, Deed, Month, Note, Role, Staff};
use domain::dossier::Contact;
use domain::dossier::revision::Stored;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::{Claim, Outcome, SentCopy, State};
use domain::notice::receipt::{Delivery, Reason};
use domain::notice::{DeliveryReport, NoticeKind, NoticeRecord, NoticeRow, Priority};
use domain::{ClosedSteps, Dossier, NoticeId, NoticeKey, Outgoing, Phone, ReceiptCode};
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
    /// The sendings on the list to phone.
    pub to_phone: Vec<NoticeId>,
    pub notes: Vec<Note>,
    pub enqueued: Vec<(Outgoing, DateTime<Utc>)>,
    pub texts: Vec<LoggedText>,
    /// The day in Vietnam and the sending.
    pub counted: Vec<(NaiveDate, Counted)>,
    /// Kind, day, when it was made, JSON.
    pub sums: Vec<(&'static str, NaiveDate, DateTime<Utc>, String)>,
    /// How many days were counted.
    pub days_counted: usize,
    pub audit: Vec<AuditEntry>,
    /// If it is not [`NOW`].
    pub now: Option<DateTime<Utc>>,
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

impl CallList for Memory {
    async fn to_phone(&self, after: Option<PageMark>, most: usize) -> Result<NoticePage, StoreError> {
        let from: usize = after.map_or(0, |PageMark(mark)| mark.parse().expect("a mark of this list"));
        self.read(|tables| {
            let ids: Vec<_> = tables.to_phone.iter().skip(from).take(most).cloned().collect();
            let next = (from + ids.len() < tables.to_phone.len()).then(|| PageMark((from + ids.len()).to_string()));
            NoticePage { ids, next }
        })
    }
    async fn take_off(&self, id: &NoticeId) -> Result<(), StoreError> {
        self.read(|tables| tables.to_phone.retain(|listed| listed != id))
    }
}

impl SendingRecords for Memory {
    async fn records(&self, ids: &[NoticeId]) -> Result<Vec<(NoticeId, NoticeRecord)>, StoreError> {
        self.read(|tables| {
            let keyed = tables.notices.iter().map(|(code, record)| {
                let id = NoticeId { receipt_code: code.clone(), key: record.row.key, sending: record.sending };
                (id, record.clone())
            });
            keyed.filter(|(id, _)| ids.contains(id)).collect()
        })
    }
}

impl Apologies for Memory {
    async fn apologies(
        &self,
        appointment: NaiveDate,
        within: Range<DateTime<Utc>>,
        _: Option<PageMark>,
        _: usize,
    ) -> Result<NoticePage, StoreError> {
        let is_of = |record: &NoticeRecord| {
            record.row.key == NoticeKey::Apology(appointment) && within.contains(&record.row.enqueued_at)
        };
        self.read(|tables| {
            let of_day = tables.notices.iter().filter(|(_, record)| is_of(record));
            let ids = of_day.map(|(code, record)| NoticeId::new(code.clone(), record.row.key)).collect();
            NoticePage { ids, next: None }
        })
    }
}

impl Appointments for Memory {
    async fn appointed_on(&self, day: NaiveDate, _: Option<PageToken>) -> Result<Page, StoreError> {
        self.read(|tables| {
            tables.days_counted += 1;
            let of_day = tables.dossiers.iter().filter(|dossier| dossier.appointment_on() == day);
            Page { dossiers: of_day.cloned().collect(), unreadable: 0, next: None }
        })
    }
}

impl InquiryDays for Memory {
    async fn texts_of(&self, day: NaiveDate, _: Option<PageMark>) -> Result<TextPage, StoreError> {
        self.read(|tables| {
            tables.days_counted += 1;
            let of_day = tables.texts.iter().filter(|text| day_in_vietnam(text.received_at) == day);
            TextPage { texts: of_day.cloned().collect(), next: None }
        })
    }
}

impl NoticeDays for Memory {
    async fn counted(&self, day: NaiveDate, _: Option<PageMark>) -> Result<CountedPage, StoreError> {
        self.read(|tables| {
            tables.days_counted += 1;
            let of_day = tables.counted.iter().filter(|(of, _)| *of == day);
            CountedPage { sendings: of_day.map(|(_, sending)| sending.clone()).collect(), next: None }
        })
    }
}

impl SumStore for Memory {
    async fn sums<S: DaySum>(&self, month: Month) -> Result<Vec<KeptSum<S>>, StoreError> {
        self.read(|tables| {
            let of_month = tables.sums.iter().filter(|(kind, day, ..)| *kind == S::KIND && Month::of(*day) == month);
            let read = |(_, day, made_at, sums): &(_, NaiveDate, DateTime<Utc>, String)| KeptSum {
                day: *day,
                made_at: *made_at,
                sums: serde_json::from_str(sums).expect("sums"),
            };
            of_month.map(read).collect()
        })
    }
    async fn keep_sums<S: DaySum>(&self, sum: &KeptSum<S>) -> Result<(), StoreError> {
        let sums = serde_json::to_string(&sum.sums).expect("sums");
        self.read(|tables| {
            tables.sums.retain(|(kind, day, ..)| (*kind, *day) != (S::KIND, sum.day));
            tables.sums.push((S::KIND, sum.day, sum.made_at, sums));
        })
    }
}

impl NoteStore for Memory {
    async fn keep(&self, note: &Note) -> Result<bool, StoreError> {
        self.read(|tables| {
            let is_kept = tables.notes.iter().any(|kept| (&kept.id, kept.deed) == (&note.id, note.deed));
            if !is_kept {
                tables.notes.push(note.clone());
            }
            !is_kept
        })
    }
    async fn replace(&self, note: &Note) -> Result<(), StoreError> {
        self.read(|tables| {
            tables.notes.retain(|kept| (&kept.id, kept.deed) != (&note.id, note.deed));
            tables.notes.push(note.clone());
        })
    }
    async fn about(&self, ids: &[NoticeId], deed: Deed) -> Result<Vec<Note>, StoreError> {
        let is_about = |note: &&Note| note.deed == deed && ids.contains(&note.id);
        self.read(|tables| tables.notes.iter().filter(is_about).cloned().collect())
    }
    async fn notes(&self, code: &ReceiptCode) -> Result<Vec<Note>, StoreError> {
        self.read(|tables| tables.notes.iter().filter(|note| note.id.receipt_code == *code).cloned().collect())
    }
}

/// The desk only enqueues.
impl Outbox for Memory {
    async fn enqueue(&self, id: &Outgoing, how: Enqueue, _: DateTime<Utc>) -> Result<bool, StoreError> {
        let Enqueue::Pending { due_at } = how else { panic!("the desk claims nothing") };
        self.read(|tables| {
            let is_new = tables.enqueued.iter().all(|(known, _)| known != id);
            if is_new {
                tables.enqueued.push((id.clone(), due_at));
            }
            is_new
        })
    }
    async fn rows_among(&self, _: &[NoticeId]) -> Result<HashSet<NoticeId>, StoreError> {
        panic!("the desk plans nothing")
    }
    async fn claim(&self, _: &Outgoing, _: String, _: DateTime<Utc>) -> Result<Claimed, StoreError> {
        panic!("the desk sends nothing")
    }
    async fn complete(&self, _: &Claim, _: &Outcome, _: DateTime<Utc>) -> Result<bool, StoreError> {
        panic!("the desk sends nothing")
    }
    async fn due(&self, _: Priority, _: DateTime<Utc>, _: usize) -> Result<DueRows, StoreError> {
        panic!("the desk sends nothing")
    }
    async fn rows_of(&self, _: &ReceiptCode, _: NoticeKind) -> Result<Vec<NoticeRow>, StoreError> {
        panic!("the desk reads the whole history")
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
        locked(&self.0).now.unwrap_or_else(|| NOW.parse().expect("an instant"))
    }
    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

impl DeskPorts for Memory {
    type Dossiers = Self;
    type Notices = Self;
    type Inquiries = Self;
    type Book = Self;
    type Outbox = Self;
    type Clock = Self;

    fn dossiers(&self) -> &Self {
        self
    }
    fn notices(&self) -> &Self {
        self
    }
    fn inquiries(&self) -> &Self {
        self
    }
    fn book(&self) -> &Self {
        self
    }
    fn outbox(&self) -> &Self {
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
        let config = DeskConfig {
            office: OFFICE.into(),
            closed_steps: ClosedSteps::default(),
            window: "07:00-21:00".parse().expect("a window"),
            evenings: Evenings::AtHalfPastFive,
            notices_kept_days: 180,
            inquiries_kept_days: 395,
        };
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

/// A sending that was reported as not arrived.
pub(crate) fn undelivered(name: &str, text: &str) -> NoticeRecord {
    let NoticeId { key, sending, .. } = NoticeId::parse("0161701234", name).expect("a notice");
    let phone = Phone::parse("0912345678").expect("a mobile number");
    let enqueued_at = NOW.parse().expect("an instant");
    let row = NoticeRow {
        key,
        state: State::Sent,
        phone_at_fault: true,
        arrived: false,
        unreached: Some(phone.clone()),
        enqueued_at,
        due_at: None,
    };
    let report =
        DeliveryReport { delivery: Delivery::Undelivered, at: Some(enqueued_at), reason: Some(Reason::Unreachable) };
    let copy = Some(SentCopy { phone, text: text.to_owned() });
    NoticeRecord { sending, row, attempts: 1, sent_at: Some(enqueued_at), reason: None, report: Some(report), copy }
}
