//! No debug output shows a phone number, a text that was sent or received, or a secret. Types that are private to a crate are
//! checked in their source; `lookup::message` and `lookup::sender_limit` also format theirs.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use adapters::redacted::Redacted;
use adapters::secret::Secret;
use application::ports::{Claimed, Enqueue, Logged, Page, Put, SendError, SenderCount};
use chrono::DateTime;
use domain::dossier::revision::{Stored, Verdict};
use domain::event::InquiryOutcome;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::notice::lifecycle::{Acceptance, Claim, Outcome, SentCopy, State};
use domain::notice::{NoticeRecord, NoticeRow, Sending};
use domain::text::sms::Sms;
use domain::{Dossier, InquiryId, NoticeKey, Phone};
use serde_json::json;

const WRITTEN: &str = "0912 345 678";
const E164: &str = "+84912345678";
const TEXT: &str = "MCKH 0161701234, my number is 0912345678";

fn dossier() -> Dossier {
    let snapshot = json!({
        "receipt_code": "0161701234", "revision": 3, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa", "phone": WRITTEN,
        "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Trả kết quả", "status": "", "unit": "",
    });
    Dossier::parse(snapshot.as_object().expect("an object")).expect("a dossier")
}

fn inquiry() -> Inquiry {
    Inquiry {
        id: InquiryId::new("kannel", "7f").expect("an id"),
        sender: E164.into(),
        text: TEXT.into(),
        receipt_code: None,
        reply: TEXT.into(),
        outcome: InquiryOutcome::Answered,
        charged: true,
        call: Some(ReplyCall { short_code: "8083".into(), command: "0912345678".into() }),
        received_at: DateTime::UNIX_EPOCH,
    }
}

fn acceptance() -> Acceptance {
    let copy = Some(SentCopy { phone: Phone::parse(WRITTEN).expect("a mobile number"), text: TEXT.into() });
    Acceptance { message_id: "m".into(), parts: 1, sent_at: DateTime::UNIX_EPOCH, copy }
}

fn record() -> NoticeRecord {
    let row = NoticeRow {
        key: NoticeKey::Result(3),
        state: State::Sent,
        phone_at_fault: false,
        arrived: false,
        unreached: None,
        enqueued_at: DateTime::UNIX_EPOCH,
        due_at: None,
    };
    let (sending, copy) = (Sending::First, acceptance().copy);
    NoticeRecord { sending, row, attempts: 1, sent_at: None, reason: None, report: None, copy }
}

fn claim() -> Claim {
    let id = InquiryId::new("kannel", "7f").expect("an id").into();
    Claim { id, owner: "o".into(), lease_until: DateTime::UNIX_EPOCH, attempts: 1 }
}

#[test]
fn no_value_that_holds_a_phone_number_or_a_text_shows_it() {
    let shown: Vec<String> = [
        &dossier() as &dyn Debug,
        &dossier().contact(),
        &Phone::parse(WRITTEN),
        &Stored::from(Some(dossier())),
        &Verdict::Store(Box::new(dossier())),
        &Put::Overtaken(Stored::from(Some(dossier()))),
        &inquiry(),
        &Logged::Repeated(Box::new(inquiry())),
        &acceptance(),
        &Outcome::Sent(acceptance()),
        &record(),
        &SenderCount { window: "hash".into(), message: "hash".into(), over_at: DateTime::UNIX_EPOCH },
        &SendError::Refused("no".into()),
        &Sms::new(TEXT),
        &inquiry().call,
        &domain::inquiry::asked_for(TEXT),
        &domain::inquiry::asked_for("MCKH 0912345678"),
        &Redacted(TEXT),
        &Secret::fixed(json!({"password": TEXT})),
        &Enqueue::Claimed(claim()),
        &Claimed::Granted(claim()),
        &Page { dossiers: vec![dossier()], unreadable: 0, next: None },
    ]
    .map(|value| format!("{value:?} {value:#?}"))
    .into();
    for shown in shown {
        assert!(!shown.contains("345678") && !shown.contains("345 678") && !shown.contains("my number"), "{shown}");
    }
}

/// The fields that hold a phone number, a text of a message, a row with either, or a secret: name and type.
const PERSONAL_NAMES: [&str; 20] = [
    "phone",
    "text",
    "sender",
    "reply",
    "written",
    "body",
    "query",
    "parameters",
    "headers",
    "records",
    "password",
    "secret",
    "token",
    "key",
    "secure_key",
    "access_key",
    "payload",
    "image",
    "header",
    "cells",
];
const PLAIN_TYPES: [&str; 5] = ["str", "String", "Value", "Vec<u8>", "HeaderMap"];
/// Structs without field names that hold a text, which is no personal data: a key, a setting or masked words.
const HARMLESS: [&str; 10] = [
    "CarrierWords",
    "ClosedSteps",
    "InquiryId",
    "NotANotice",
    "NotAState",
    "NotAWindow",
    "NotAnInquiry",
    "PageMark",
    "PageToken",
    "ReceiptCode",
];

/// A type with such a field implements `Debug` by hand, or not at all: a derived `Debug` shows every field. Private types
/// are included, and the fields of enums' variants.
#[test]
fn no_type_with_a_field_of_personal_data_or_a_secret_derives_debug() {
    let mut types = 0;
    for file in CRATES.iter().flat_map(|name| sources(name)) {
        let source = fs::read_to_string(&file).expect("a source file");
        let library = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (name, definition) in derived_debugs(library) {
            types += 1;
            let personal = definition.lines().find(|line| is_personal(line));
            assert!(personal.is_none(), "{}: {name} shows{}", file.display(), personal.unwrap_or_default());
            assert!(!shows_a_text(definition), "{}: {name} shows its text", file.display());
        }
    }
    assert!(types > 50, "{types}: the sources were found");
}

const CRATES: [&str; 13] = [
    "functions/domain",
    "functions/application",
    "functions/adapters",
    "functions/caller",
    "functions/intake",
    "functions/notify",
    "functions/apology",
    "functions/sender",
    "functions/lookup",
    "functions/receipts",
    "functions/callback",
    "functions/desk",
    "import",
];

/// The structs and enums that derive `Debug`: name and definition.
fn derived_debugs(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let derives = source.match_indices("#[derive(").map(|(at, _)| &source[at..]);
    derives.filter(|rest| rest.split(')').next().is_some_and(|traits| traits.contains("Debug"))).map(|rest| {
        let start = ["struct ", "enum "].iter().filter_map(|kind| rest.find(kind)).min().expect("a type");
        let end = rest[start..].find(['{', ';']).expect("a body") + start;
        let end = if rest[end..].starts_with('{') { end + rest[end..].find("\n}").expect("its end") } else { end };
        (rest[start..].split(['{', '(', ';', '<', '\n']).next().unwrap_or_default().trim(), &rest[start..end])
    })
}

/// Whether a line declares a field with a personal name and a type that shows its content.
fn is_personal(line: &str) -> bool {
    let declaration = line.trim().split("//").next().unwrap_or_default();
    declaration.split(['{', ',', '(']).any(|field| {
        let Some((name, kind)) = field.split_once(':') else { return false };
        let name = name.split_whitespace().last().unwrap_or_default();
        PERSONAL_NAMES.contains(&name) && PLAIN_TYPES.iter().any(|plain| kind.contains(plain))
    })
}

/// Whether a type is a struct without field names that holds a text and is not [`HARMLESS`].
fn shows_a_text(definition: &str) -> bool {
    let Some((name, fields)) = definition.strip_prefix("struct ").and_then(|rest| rest.split_once('(')) else {
        return false;
    };
    !name.contains('{') && !HARMLESS.contains(&name) && PLAIN_TYPES.iter().any(|plain| fields.contains(plain))
}

#[test]
fn a_personal_field_is_recognised_in_structs_and_in_variants() {
    for line in ["    pub phone: Option<String>,", "    text: &'a str,", "    Sent { id: u32, text: String },"] {
        assert!(is_personal(line), "{line}");
    }
    for line in ["    pub phone: Phone,", "    /// text: String", "    key: NoticeKey,", "    message: String,"] {
        assert!(!is_personal(line), "{line}");
    }
    let source = "#[derive(Clone, Debug)]\nenum A {\n    B { text: String },\n}\n#[derive(Clone)]\nstruct C(String);\n";
    let found: Vec<_> = derived_debugs(source).collect();
    assert_eq!(found, [("enum A", "enum A {\n    B { text: String },")]);
    for (definition, shows) in [
        ("struct Number(String)", true),
        ("struct Number(pub Vec<(u32, String)>)", true),
        ("struct ReceiptCode(String)", false),
        ("struct Number(u32)", false),
        ("struct Number {\n    of: Option<(String, u32)>,", false),
        ("enum Number {\n    Written(String),", false),
    ] {
        assert_eq!(shows_a_text(definition), shows, "{definition}");
    }
}

fn sources(of: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files
}
