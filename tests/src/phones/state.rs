//! What a page shows, made from the tables, the phones' messages, and what this process saw.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::dossier::Contact;
use domain::notice::NoticeRow;
use domain::notice::lifecycle::State;
use domain::text::sms::Sms;
use domain::{ClosedSteps, Dossier, NoticeId, Phone};
use serde_json::{Map, Value, json};

use super::changes::LastChange;
use super::nothing;
use crate::notice_kind;
use crate::stack::Received;

type Row = Map<String, Value>;

/// A page shows the newest.
const MOST_PHONES: usize = 60;
const MOST_DOSSIERS: usize = 500;

/// What there is at one moment.
pub(super) struct Seen {
    /// The rows of the tables.
    pub dossiers: Vec<Row>,
    pub notices: Vec<Row>,
    pub inquiries: Vec<Row>,
    /// Every message that SNS accepted; each phone's in their order.
    pub inbox: Vec<Received>,
    /// Each dossier's last change, by receipt code.
    pub changes: HashMap<String, LastChange>,
    /// When SNS accepted a message, by message id.
    pub accepted_at: HashMap<String, DateTime<Utc>>,
    /// A dossier whose last change was not seen changed before this.
    pub watched_since: DateTime<Utc>,
    pub now: DateTime<Utc>,
}

pub(super) fn of(seen: &Seen) -> Value {
    let notices: Vec<&Row> = seen.notices.iter().filter(|row| text(row, "notice") != "reply").collect();
    let mut dossiers: Vec<Shown> = seen.dossiers.iter().map(|row| shown(seen, row, &notices)).collect();
    dossiers.sort_by_key(|dossier| std::cmp::Reverse(dossier.changed_at));
    let phones = phones(seen, &notices, &dossiers);
    dossiers.truncate(MOST_DOSSIERS);
    json!({
        "phones": phones,
        "steps": names("step", &dossiers), "statuses": names("status", &dossiers), "units": names("unit", &dossiers),
        "outbox": outbox(&notices),
        "dossiers": dossiers.into_iter().map(|dossier| dossier.json).collect::<Vec<_>>(),
    })
}

/// How many rows are in each state.
fn outbox(notices: &[&Row]) -> Value {
    let count = |state: State| notices.iter().filter(|row| text(row, "state") == state.as_str()).count();
    State::ALL.into_iter().map(|state| (state.as_str().to_owned(), json!(count(state)))).collect::<Row>().into()
}

// ---------------------------------------------------------------------- dossiers

struct Shown {
    code: String,
    /// Its mobile number, in E.164.
    mobile: Option<String>,
    changed_at: DateTime<Utc>,
    json: Value,
}

fn shown(seen: &Seen, row: &Row, notices: &[&Row]) -> Shown {
    let code = text(row, "receipt_code");
    let mut own: Vec<&Row> = notices.iter().filter(|notice| text(notice, "receipt_code") == code).copied().collect();
    own.sort_by_key(|notice| time(notice, "enqueued_at"));
    let dossier = Dossier::parse(row).ok();
    let mobile = dossier.as_ref().and_then(|dossier| match dossier.contact()? {
        Contact::Mobile(phone) => Some(phone.as_e164().to_owned()),
        Contact::Unusable(_) => None,
    });
    let written = Some(text(row, "phone")).filter(|phone| !phone.is_empty()).map(str::to_owned);
    let last = seen.changes.get(code);
    let unseen = || own.iter().filter_map(|notice| time(notice, "enqueued_at")).max().unwrap_or(seen.watched_since);
    let changed_at = last.map_or_else(unseen, |last| last.at);
    let nothing = dossier.and_then(|dossier| why_nothing(seen, last, &dossier, &own));
    let mut json: Row = ["revision", "procedure", "received_on", "appointment_on", "step", "status", "unit", "office"]
        .map(|name| (name.to_owned(), row.get(name).cloned().unwrap_or(Value::Null)))
        .into_iter()
        .collect();
    json.extend([
        ("receipt_code".to_owned(), json!(code)),
        ("phone".to_owned(), json!(mobile.as_deref().map(national).or(written))),
        ("changed_at".to_owned(), json!(iso(changed_at))),
        ("notices".to_owned(), own.iter().map(|notice| notice_json(notice)).collect()),
        ("nothing".to_owned(), nothing.unwrap_or(Value::Null)),
    ]);
    Shown { code: code.to_owned(), mobile, changed_at, json: json.into() }
}

fn why_nothing(seen: &Seen, last: Option<&LastChange>, dossier: &Dossier, notices: &[&Row]) -> Option<Value> {
    let rows: Vec<NoticeRow> = notices.iter().filter_map(|row| notice_row(row)).collect();
    let old = last.and_then(|last| last.old.as_ref());
    nothing::why(old, dossier, &rows, seen.now, &ClosedSteps::default())
}

/// The row as the rules need it.
fn notice_row(row: &Row) -> Option<NoticeRow> {
    let state: State = text(row, "state").parse().ok()?;
    let delivery = text(row, "delivery");
    let was_refused = row.get("phone_at_fault") == Some(&Value::Bool(true));
    Some(NoticeRow {
        key: NoticeId::parse(text(row, "receipt_code"), text(row, "notice")).ok()?.key,
        state,
        phone_at_fault: if state == State::Sent { delivery == "undelivered" } else { was_refused },
        arrived: delivery == "delivered",
        unreached: None,
        enqueued_at: time(row, "enqueued_at")?,
        due_at: row.get("due_at").and_then(Value::as_i64).and_then(DateTime::from_timestamp_millis),
    })
}

fn notice_json(row: &Row) -> Value {
    // A row that was sent keeps the reason of an earlier attempt.
    let is_sent = text(row, "state") == State::Sent.as_str();
    let reason = if is_sent { row.get("delivery_reason") } else { row.get("reason") };
    json!({
        "notice": text(row, "notice"), "kind": text(row, "kind"), "state": text(row, "state"),
        "enqueued_at": time(row, "enqueued_at").map(iso), "sent_at": time(row, "sent_at").map(iso),
        "delivery": row.get("delivery"), "delivery_at": time(row, "delivery_at").map(iso),
        "reason": reason, "attempts": row.get("attempts").and_then(Value::as_u64).unwrap_or_default(),
    })
}

// ---------------------------------------------------------------------- phones

#[derive(Default)]
struct Handset<'a> {
    codes: Vec<&'a str>,
    messages: Vec<Message>,
    changed_at: Option<DateTime<Utc>>,
}

struct Message {
    at: Option<DateTime<Utc>>,
    json: Value,
}

/// The phones of dossiers, and all that got or sent a message; the one that changed last is the first.
fn phones(seen: &Seen, notices: &[&Row], dossiers: &[Shown]) -> Vec<Value> {
    let mut phones: HashMap<String, Handset<'_>> = HashMap::new();
    for dossier in dossiers {
        if let Some(mobile) = &dossier.mobile {
            let handset = phones.entry(mobile.clone()).or_default();
            handset.codes.push(&dossier.code);
            handset.changed_at = handset.changed_at.max(Some(dossier.changed_at));
        }
    }
    for (phone, message) in notices_received(seen, notices).chain(inquiries(seen)) {
        let handset = phones.entry(phone).or_default();
        handset.changed_at = handset.changed_at.max(message.at);
        handset.messages.push(message);
    }
    let mut phones: Vec<_> = phones.into_iter().collect();
    phones.sort_by(|(a, one), (b, other)| other.changed_at.cmp(&one.changed_at).then_with(|| a.cmp(b)));
    phones.truncate(MOST_PHONES);
    phones.into_iter().map(|(phone, handset)| handset.json(&phone)).collect()
}

impl Handset<'_> {
    fn json(mut self, phone: &str) -> Value {
        // A message whose time is not known yet has just been accepted.
        self.messages.sort_by_key(|message| message.at.unwrap_or(DateTime::<Utc>::MAX_UTC));
        let messages: Vec<Value> = self.messages.into_iter().map(|message| message.json).collect();
        json!({"phone": national(phone), "codes": self.codes, "messages": messages})
    }
}

/// What SNS accepted, with the row of the outbox that it belongs to.
fn notices_received<'a>(seen: &'a Seen, notices: &[&'a Row]) -> impl Iterator<Item = (String, Message)> + 'a {
    let rows: HashMap<&str, &Row> = notices.iter().map(|row| (text(row, "message_id"), *row)).collect();
    seen.inbox.iter().map(move |sms| {
        let row = rows.get(sms.id.as_str()).copied();
        let get = |name: &str| row.and_then(|row| row.get(name)).cloned().unwrap_or(Value::Null);
        let at = row.and_then(|row| time(row, "sent_at")).or_else(|| seen.accepted_at.get(&sms.id).copied());
        let kind = row.map(|row| text(row, "kind")).or_else(|| notice_kind(&sms.text)).unwrap_or("reply");
        let json = json!({
            "id": sms.id, "at": at.map(iso), "from": "office", "kind": kind, "text": sms.text,
            "parts": Sms::new(&sms.text).parts, "code": get("receipt_code"),
            "delivery": get("delivery"), "reason": get("delivery_reason"),
        });
        (sms.phone.clone(), Message { at, json })
    })
}

/// The texts to 8083 and their replies.
fn inquiries(seen: &Seen) -> impl Iterator<Item = (String, Message)> {
    seen.inquiries.iter().flat_map(|row| {
        let phone = Phone::parse(text(row, "sender")).map(|phone| phone.as_e164().to_owned());
        let (asked, reply) = (inquiry(row, "citizen", "inquiry", "text"), inquiry(row, "office", "reply", "reply"));
        phone.map(|phone| [(phone.clone(), asked), (phone, reply)]).into_iter().flatten()
    })
}

fn inquiry(row: &Row, from: &str, kind: &str, name: &str) -> Message {
    let (at, words) = (time(row, "received_at"), text(row, name));
    let json = json!({
        "id": format!("{} {kind}", text(row, "inquiry")), "at": at.map(iso), "from": from, "kind": kind, "text": words,
        "parts": Sms::new(words).parts, "code": row.get("receipt_code"), "delivery": null, "reason": null,
    });
    Message { at, json }
}

/// +84912345678 → 0912345678
fn national(e164: &str) -> String {
    e164.strip_prefix("+84").map_or_else(|| e164.to_owned(), |digits| format!("0{digits}"))
}

// ---------------------------------------------------------------------- names

/// The columns of the played day: steps, statuses, units, as a province's software names them.
static DAY: LazyLock<Vec<HashMap<String, String>>> = LazyLock::new(|| {
    let day = include_str!("../../day/ho-so.csv");
    csv::Reader::from_reader(day.as_bytes()).deserialize().collect::<Result<_, _>>().expect("tests/day/ho-so.csv")
});

/// The names of the played day, and those that dossiers have besides.
fn names(field: &str, dossiers: &[Shown]) -> Vec<String> {
    let of_the_day = DAY.iter().filter_map(|line| line.get(field).map(String::as_str));
    let of_dossiers = dossiers.iter().filter_map(|dossier| dossier.json[field].as_str());
    let mut names: Vec<String> = Vec::new();
    for name in of_the_day.chain(of_dossiers) {
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

// ---------------------------------------------------------------------- values of rows

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn time(row: &Row, name: &str) -> Option<DateTime<Utc>> {
    text(row, name).parse().ok()
}

fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value) -> Row {
        value.as_object().unwrap().clone()
    }

    fn merged(mut base: Value, changes: Value) -> Row {
        base.as_object_mut().unwrap().extend(row(changes));
        row(base)
    }

    fn dossier(changes: Value) -> Row {
        let base = json!({
            "receipt_code": "0161701234", "revision": 2, "procedure": "Cấp thẻ", "phone": "+84 912 345 678",
            "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định hồ sơ", "status": "Đang xử lý",
            "unit": "Phòng Quản lý lữ hành",
        });
        merged(base, changes)
    }

    fn notice(changes: Value) -> Row {
        let base = json!({
            "receipt_code": "0161701234", "notice": "result#2", "kind": "result", "state": "sent", "message_id": "m-1",
            "enqueued_at": "2026-11-24T10:00:00.000+07:00", "sent_at": "2026-11-24T10:00:01.000+07:00", "attempts": 1,
        });
        merged(base, changes)
    }

    fn sms(id: &str, text: &str) -> Received {
        Received { id: id.into(), phone: "+84912345678".into(), text: text.into() }
    }

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-24T{time}Z").parse().unwrap()
    }

    fn seen() -> Seen {
        Seen {
            dossiers: vec![dossier(json!({}))],
            notices: Vec::new(),
            inquiries: Vec::new(),
            inbox: Vec::new(),
            changes: HashMap::from([("0161701234".into(), LastChange { at: at("02:59:00"), old: None })]),
            accepted_at: HashMap::new(),
            watched_since: at("00:00:00"),
            now: at("03:10:00"),
        }
    }

    const RESULT: &str = "TB: Hồ sơ của quý ông/bà (MS: 0161701234) đã được giải quyết xong.";

    #[test]
    fn a_dossier_shows_its_phone_its_change_and_why_it_owes_nothing() {
        let state = of(&seen());
        let shown = &state["dossiers"][0];
        assert_eq!(shown["phone"], "0912345678");
        assert_eq!(shown["changed_at"], "2026-11-24T02:59:00.000Z");
        assert_eq!(shown["nothing"]["why"], "not_a_notice_step");
        assert_eq!(shown["office"], Value::Null);
        assert_eq!(state["phones"], json!([{"phone": "0912345678", "codes": ["0161701234"], "messages": []}]));
    }

    #[test]
    fn a_number_that_is_no_mobile_is_shown_as_written_and_has_no_phone() {
        let fixed_line = dossier(json!({"phone": "0258 3822 229"}));
        let state = of(&Seen { dossiers: vec![fixed_line], ..seen() });
        assert_eq!(state["dossiers"][0]["phone"], "0258 3822 229");
        assert_eq!(state["phones"], json!([]));
    }

    #[test]
    fn a_message_has_its_rows_kind_time_and_delivery() {
        let undelivered = json!({"delivery": "undelivered", "delivery_reason": "opted_out",
            "delivery_at": "2026-11-24T10:00:02.000+07:00", "reason": "Throttling: Rate exceeded"});
        let state = of(&Seen { notices: vec![notice(undelivered)], inbox: vec![sms("m-1", RESULT)], ..seen() });
        let expected = json!({"id": "m-1", "at": "2026-11-24T03:00:01.000Z", "from": "office", "kind": "result",
            "text": RESULT, "parts": 1, "code": "0161701234", "delivery": "undelivered", "reason": "opted_out"});
        assert_eq!(state["phones"][0]["messages"], json!([expected]));
        let notice = &state["dossiers"][0]["notices"][0];
        assert_eq!(notice["reason"], "opted_out", "not the reason of an earlier attempt");
        assert_eq!(notice["delivery_at"], "2026-11-24T03:00:02.000Z");
        assert_eq!(state["outbox"]["sent"], 1);
        assert_eq!(state["outbox"]["failed"], 0);
    }

    #[test]
    fn a_message_that_the_outbox_does_not_know_yet_has_the_time_of_its_acceptance() {
        let accepted_at = HashMap::from([("m-1".into(), at("03:00:00"))]);
        let state = of(&Seen { inbox: vec![sms("m-1", RESULT), sms("m-2", "Khác")], accepted_at, ..seen() });
        let messages = &state["phones"][0]["messages"];
        assert_eq!((&messages[0]["at"], &messages[0]["kind"]), (&json!("2026-11-24T03:00:00.000Z"), &json!("result")));
        assert_eq!((&messages[1]["at"], &messages[1]["kind"]), (&Value::Null, &json!("reply")));
    }

    #[test]
    fn a_notice_that_waits_says_why_and_how_often_it_was_tried() {
        let waiting = notice(json!({"state": "pending", "reason": "Throttling: Rate exceeded", "sent_at": null}));
        let state = of(&Seen { notices: vec![waiting], ..seen() });
        let notice = &state["dossiers"][0]["notices"][0];
        assert_eq!((&notice["reason"], &notice["attempts"]), (&json!("Throttling: Rate exceeded"), &json!(1)));
        assert_eq!(state["outbox"]["pending"], 1);
    }

    #[test]
    fn a_text_to_8083_is_on_its_phone_with_its_reply_and_counts_as_no_notice() {
        let inquiry = row(json!({"inquiry": "kannel#7", "sender": "84912345678", "text": "MCKH 0161701234",
            "reply": "Hồ sơ …", "received_at": "2026-11-24T10:05:00.000+07:00", "receipt_code": "0161701234"}));
        let count = row(json!({"inquiry": "flood:1", "messages": ["hash"]}));
        let reply =
            notice(json!({"receipt_code": "kannel#7", "notice": "reply", "kind": "reply", "message_id": "r-1"}));
        let state = of(&Seen { inquiries: vec![inquiry, count], notices: vec![reply], ..seen() });
        let messages = state["phones"][0]["messages"].as_array().unwrap();
        let said: Vec<_> = messages.iter().map(|message| (&message["from"], &message["kind"])).collect();
        assert_eq!(said, [(&json!("citizen"), &json!("inquiry")), (&json!("office"), &json!("reply"))]);
        assert_eq!(state["outbox"]["sent"], 0);
    }

    #[test]
    fn the_phone_that_changed_last_is_the_first_and_sixty_are_shown() {
        let of_number = |number: u32| {
            let code = format!("{number:010}");
            dossier(json!({"receipt_code": code, "phone": format!("09120000{number:02}")}))
        };
        let changes = (0..70).map(|n| {
            (format!("{n:010}"), LastChange { at: at(&format!("01:{:02}:{:02}", n / 60, n % 60)), old: None })
        });
        let state = of(&Seen { dossiers: (0..70).map(of_number).collect(), changes: changes.collect(), ..seen() });
        let phones = state["phones"].as_array().unwrap();
        assert_eq!((phones.len(), &phones[0]["phone"]), (60, &json!("0912000069")));
        assert_eq!(state["dossiers"][0]["receipt_code"], "0000000069");
    }

    #[test]
    fn the_lists_of_the_form_are_the_days_names_and_the_dossiers_own() {
        let state = of(&Seen { dossiers: vec![dossier(json!({"step": "Bước lạ"}))], ..seen() });
        let steps: Vec<_> = state["steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(steps.first(), Some(&"Tiếp nhận hồ sơ"));
        assert!(steps.contains(&"Trả kết quả") && steps.last() == Some(&"Bước lạ"), "{steps:?}");
        assert!(state["statuses"].as_array().unwrap().contains(&json!("Chờ bổ sung")));
        assert!(state["units"].as_array().unwrap().contains(&json!("Bộ phận Một cửa Sở Du lịch")));
    }

    #[test]
    fn what_is_not_plain_text_stays_as_it_was_sent() {
        let hostile = "<script>alert(1)</script> 😀";
        let state = of(&Seen { inbox: vec![sms("m-1", hostile)], ..seen() });
        assert_eq!(state["phones"][0]["messages"][0]["text"], hostile);
    }
}
