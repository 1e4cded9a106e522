//! No debug output of a public type shows a phone number or a text that was sent or received.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use application::ports::{Counted, Logged, Put, SendError};
use chrono::DateTime;
use domain::dossier::revision::{Stored, Verdict};
use domain::event::InquiryOutcome;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::notice::lifecycle::{Acceptance, Outcome, SentCopy};
use domain::text::sms::Sms;
use domain::{Dossier, InquiryId, Phone};
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
        id: InquiryId::new("kannel", "7f"),
        sender: E164.into(),
        text: TEXT.into(),
        receipt_code: None,
        reply: TEXT.into(),
        outcome: InquiryOutcome::Answered,
        charged: true,
        call: Some(ReplyCall { short_code: "8083".into(), command: "mckh".into() }),
        received_at: DateTime::UNIX_EPOCH,
    }
}

fn acceptance() -> Acceptance {
    let copy = Some(SentCopy { phone: E164.into(), text: TEXT.into() });
    Acceptance { message_id: "m".into(), parts: 1, sent_at: DateTime::UNIX_EPOCH, copy }
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
        &Counted { window: "hash".into(), message: "hash".into(), over_at: DateTime::UNIX_EPOCH },
        &SendError::Refused("no".into()),
        &Sms::new(TEXT),
    ]
    .map(|value| format!("{value:?} {value:#?}"))
    .into();
    for shown in shown {
        assert!(!shown.contains("345678") && !shown.contains("345 678") && !shown.contains("my number"), "{shown}");
    }
}

/// A type with such a field writes its own `Debug`, or has none: a derived one shows every field.
#[test]
fn no_public_type_with_a_field_of_personal_data_derives_debug() {
    const PERSONAL: [&str; 6] = [
        "phone: String",
        "text: String",
        "sender: String",
        "reply: String",
        "written: String",
        "phone: Option<String>",
    ];
    let mut types = 0;
    for file in ["domain", "application", "lookup"].iter().flat_map(|name| sources(name)) {
        let source = fs::read_to_string(&file).expect("a source file");
        let library = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (start, _) in library.match_indices("\npub struct ") {
            let body = &library[start..library[start..].find("\n}").map_or(library.len(), |end| start + end)];
            let before = library[..start].rsplit("\n\n").next().unwrap_or_default();
            types += 1;
            let personal = PERSONAL.iter().find(|field| body.contains(&format!(" {field}")));
            let derives = before.lines().any(|line| line.starts_with("#[derive(") && line.contains("Debug"));
            assert!(personal.is_none() || !derives, "{}: {personal:?} in{body}", file.display());
        }
    }
    assert!(types > 30, "{types}: the sources were found");
}

fn sources(of: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions").join(of).join("src")];
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
