//! Hồ sơ: one snapshot of a dossier, as the one-stop software pushes it and as the table keeps it.

mod contact;
pub mod deadline;
mod receipt_code;
pub mod revision;
pub(crate) mod steps;

pub use contact::Contact;
pub use receipt_code::{NotAReceiptCode, ReceiptCode};
pub use steps::ClosedSteps;

use std::fmt;

use chrono::{Datelike, NaiveDate};

use serde::Serialize;
use serde_json::{Map, Value};

use contact::WrittenContact;

use crate::text::tidy;

/// A dossier at one revision, always valid. Its serialized form is the row of the table, with the contract's field
/// names.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Dossier {
    receipt_code: ReceiptCode,
    revision: u64,
    procedure: String,
    phone: Option<WrittenContact>,
    received_on: NaiveDate,
    appointment_on: NaiveDate,
    step: String,
    status: String,
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    office: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    same_day: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_on: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_since: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
}

/// Only what may be in a log line.
impl fmt::Debug for Dossier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dossier")
            .field("receipt_code", &self.receipt_code)
            .field("revision", &self.revision)
            .field("phone", &self.phone)
            .field("appointment_on", &self.appointment_on)
            .field("result_on", &self.result_on)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a snapshot, and in which field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidField {
    /// The contract's field name.
    pub field: &'static str,
    /// What is wrong with it: the rest of a sentence that begins with the field's name.
    pub reason: String,
}

impl Dossier {
    /// The names of the fields, in a snapshot and in the table.
    pub const FIELDS: [&str; 14] = [
        "receipt_code",
        "revision",
        "procedure",
        "phone",
        "received_on",
        "appointment_on",
        "step",
        "status",
        "unit",
        "office",
        "same_day",
        "result_on",
        "waiting_since",
        "silent",
    ];

    /// Mã số biên nhận.
    pub fn receipt_code(&self) -> &ReceiptCode {
        &self.receipt_code
    }

    /// Raised by the one-stop software with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Tên thủ tục.
    pub fn procedure(&self) -> &str {
        &self.procedure
    }

    /// Where notices are sent; None if the citizen left no number.
    pub fn contact(&self) -> Option<&Contact> {
        self.phone.as_ref().map(WrittenContact::contact)
    }

    /// The number as the one-stop software wrote it, for a person who phones.
    pub fn written_phone(&self) -> Option<&str> {
        self.phone.as_ref().map(WrittenContact::written)
    }

    /// Ngày nhận.
    pub fn received_on(&self) -> NaiveDate {
        self.received_on
    }

    /// Ngày hẹn trả.
    pub fn appointment_on(&self) -> NaiveDate {
        self.appointment_on
    }

    /// Tên bước giải quyết hiện tại.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// Trạng thái.
    pub fn status(&self) -> &str {
        &self.status
    }

    /// The unit that has the dossier: bộ phận/phòng.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// The office that the texts name, if it is not the stack's.
    pub fn office(&self) -> Option<&str> {
        self.office.as_deref()
    }

    /// The day it reached "Trả kết quả". None while it is open.
    pub fn result_on(&self) -> Option<NaiveDate> {
        self.result_on
    }

    /// The revision at which it began to wait for papers at the desk; set by intake. None while it does not wait.
    pub fn waiting_since(&self) -> Option<u64> {
        self.waiting_since
    }

    /// Whether this snapshot requires no result or supplement notice (a first load of dossiers long under way).
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// Parses a snapshot's JSON object. Unknown fields are ignored. An unknown step or status is data, not an error.
    pub fn parse(snapshot: &Map<String, Value>) -> Result<Self, InvalidField> {
        let fields = Fields(snapshot);
        let dossier = Self {
            receipt_code: fields.receipt_code("receipt_code")?,
            revision: fields.revision("revision")?,
            procedure: fields.text("procedure")?,
            phone: fields.optional_text("phone")?.map(WrittenContact::parse),
            received_on: fields.date("received_on")?,
            appointment_on: fields.date("appointment_on")?,
            step: fields.text("step")?,
            status: fields.possibly_empty_text("status")?,
            unit: fields.possibly_empty_text("unit")?,
            office: fields.optional_text("office")?,
            same_day: fields.flag("same_day")?,
            result_on: fields.optional_date("result_on")?,
            waiting_since: snapshot.get("waiting_since").and_then(Value::as_u64),
            silent: fields.flag("silent")?.unwrap_or(false),
        };
        dossier.in_order_of_time()
    }

    fn in_order_of_time(self) -> Result<Self, InvalidField> {
        if self.appointment_on < self.received_on {
            return Err(invalid("appointment_on", "is before received_on"));
        }
        if self.result_on.is_some_and(|day| day < self.received_on) {
            return Err(invalid("result_on", "is before received_on"));
        }
        Ok(self)
    }

    /// "Hệ thống dịch vụ SMS không áp dụng đối với các TTHC có thời hạn giải quyết trong ngày"
    ///
    /// This is a property of the procedure, so the flag has priority over the dates. Without the flag only the current
    /// dates count: a dossier that had its appointment on the day of receipt and gets another appointment takes notices
    /// from then on.
    pub fn is_same_day(&self) -> bool {
        self.same_day.unwrap_or(self.appointment_on == self.received_on)
    }

    /// Whether any notice can be sent for it.
    pub fn takes_notices(&self) -> bool {
        !self.is_same_day() && matches!(self.contact(), Some(Contact::Mobile(_)))
    }

    /// Status "Chờ bổ sung" *and* back at the one-stop desk.
    pub fn waits_for_papers_at_the_desk(&self) -> bool {
        steps::is_waiting_for_papers(&self.status) && steps::is_one_stop_desk(&self.unit)
    }

    /// At "Trả kết quả" or a closing step.
    pub fn is_done(&self, closed: &ClosedSteps) -> bool {
        closed.is_done(&self.step)
    }
}

/// The longest text field, in characters: a procedure's official name has up to about 300.
const MAX_TEXT: usize = 500;
/// The longest step, status, unit or office: they are part of SMS texts.
const MAX_NAME: usize = 200;

fn invalid(field: &'static str, reason: impl Into<String>) -> InvalidField {
    InvalidField { field, reason: reason.into() }
}

struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn required(&self, field: &'static str) -> Result<&Value, InvalidField> {
        self.0.get(field).filter(|value| !value.is_null()).ok_or_else(|| invalid(field, "is missing"))
    }

    fn string(field: &'static str, value: &Value) -> Result<String, InvalidField> {
        let text = value.as_str().ok_or_else(|| invalid(field, "must be a string"))?;
        if text.chars().any(|letter| letter.is_control() && !letter.is_whitespace()) {
            return Err(invalid(field, "holds control characters"));
        }
        let longest = if field == "procedure" { MAX_TEXT } else { MAX_NAME };
        let text = tidy(text);
        if text.chars().count() > longest {
            return Err(invalid(field, format!("has more than {longest} characters")));
        }
        Ok(text)
    }

    fn possibly_empty_text(&self, field: &'static str) -> Result<String, InvalidField> {
        Self::string(field, self.required(field)?)
    }

    fn text(&self, field: &'static str) -> Result<String, InvalidField> {
        let text = self.possibly_empty_text(field)?;
        if text.is_empty() { Err(invalid(field, "is empty")) } else { Ok(text) }
    }

    /// Absent, null and empty all mean "none": one-stop software exports each of them.
    fn optional_text(&self, field: &'static str) -> Result<Option<String>, InvalidField> {
        match self.required(field) {
            Ok(value) => Ok(Some(Self::string(field, value)?).filter(|text| !text.is_empty())),
            Err(_) => Ok(None),
        }
    }

    fn receipt_code(&self, field: &'static str) -> Result<ReceiptCode, InvalidField> {
        let text = self.required(field)?.as_str().ok_or_else(|| invalid(field, "must be a string"))?;
        ReceiptCode::parse(text).map_err(|error| invalid(field, error.to_string()))
    }

    /// JSON numbers from other languages may have the form `3.0`; DynamoDB keeps 38 digits. 2⁵³ is enough for both.
    fn revision(&self, field: &'static str) -> Result<u64, InvalidField> {
        const MOST: u64 = 1 << 53;
        let value = self.required(field)?;
        let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=MOST as f64).contains(number));
        value
            .as_u64()
            .or(whole.map(|number| number as u64))
            .filter(|revision| *revision <= MOST)
            .ok_or_else(|| invalid(field, "must be a whole number from 0 to 2^53"))
    }

    fn flag(&self, field: &'static str) -> Result<Option<bool>, InvalidField> {
        match self.required(field) {
            Ok(value) => value.as_bool().map(Some).ok_or_else(|| invalid(field, "must be true or false")),
            Err(_) => Ok(None),
        }
    }

    fn date(&self, field: &'static str) -> Result<NaiveDate, InvalidField> {
        let wrong = || invalid(field, "must be a date, yyyy-mm-dd");
        let text = self.required(field)?.as_str().ok_or_else(wrong)?;
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| wrong())?;
        // chrono also accepts spaces, signs, and months of one digit, which the contract does not allow.
        match day.year() {
            _ if day.to_string() != text => Err(wrong()),
            1990..=2199 => Ok(day),
            _ => Err(invalid(field, "must be a day from 1990 to 2199")),
        }
    }

    fn optional_date(&self, field: &'static str) -> Result<Option<NaiveDate>, InvalidField> {
        if self.required(field).is_ok() { self.date(field).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    /// The contract's own example, with some fields replaced.
    pub(crate) fn dossier(changes: Value) -> Dossier {
        parse(changes).expect("a valid snapshot")
    }

    fn parse(changes: Value) -> Result<Dossier, InvalidField> {
        let mut snapshot = json!({
            "receipt_code": "0161701234", "revision": 3, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
            "phone": "0912345678", "received_on": "2026-11-20", "appointment_on": "2026-11-25",
            "step": "Trả kết quả", "status": "Đã giải quyết", "unit": "Bộ phận Một cửa",
        });
        let fields = snapshot.as_object_mut().expect("an object");
        for (field, value) in changes.as_object().expect("an object of changes") {
            match value.as_str() {
                Some("(absent)") => fields.remove(field),
                _ => fields.insert(field.clone(), value.clone()),
            };
        }
        Dossier::parse(fields)
    }

    #[test]
    fn the_contracts_example_is_a_dossier() {
        let example = dossier(json!({}));
        assert_eq!(example.receipt_code.as_str(), "0161701234");
        assert_eq!(example.revision, 3);
        assert!(example.takes_notices());
    }

    #[test]
    fn a_wrong_field_is_named_with_the_reason() {
        for (changes, error) in [
            (json!({"receipt_code": "(absent)"}), "receipt_code is missing"),
            (
                json!({"receipt_code": "01617\n01234"}),
                "receipt_code may hold only letters A-Z, digits, '.', '/' and '-'",
            ),
            (json!({"revision": "3"}), "revision must be a whole number from 0 to 2^53"),
            (json!({"revision": 3.5}), "revision must be a whole number from 0 to 2^53"),
            (json!({"revision": -1}), "revision must be a whole number from 0 to 2^53"),
            (json!({"procedure": ""}), "procedure is empty"),
            (json!({"phone": 912345678}), "phone must be a string"),
            (json!({"received_on": "20/11/2026"}), "received_on must be a date, yyyy-mm-dd"),
            (json!({"received_on": "2026-02-30"}), "received_on must be a date, yyyy-mm-dd"),
            (json!({"appointment_on": "2026-1-5"}), "appointment_on must be a date, yyyy-mm-dd"),
            (json!({"appointment_on": "2026- 1-05"}), "appointment_on must be a date, yyyy-mm-dd"),
            (json!({"received_on": "0206-11-20"}), "received_on must be a day from 1990 to 2199"),
            (json!({"appointment_on": "2026-11-19"}), "appointment_on is before received_on"),
            (json!({"step": "x".repeat(10_000)}), "step has more than 200 characters"),
            (json!({"step": "Trả\u{1b}[2J"}), "step holds control characters"),
            (json!({"step": null}), "step is missing"),
            (json!({"step": "\u{200b}\u{feff}"}), "step is empty"),
            (json!({"receipt_code": "0161701234."}), "receipt_code must begin and end with a letter or a digit"),
            (json!({"unit": ["Bộ phận Một cửa"]}), "unit must be a string"),
            (json!({"same_day": "no"}), "same_day must be true or false"),
            (json!({"result_on": "2026-11-01"}), "result_on is before received_on"),
        ] {
            assert_eq!(parse(changes.clone()).unwrap_err().to_string(), error, "{changes}");
        }
    }

    #[test]
    fn an_unknown_step_or_status_is_data() {
        let odd = dossier(json!({"step": "  Bước\tlạ ", "status": "", "unknown_field": {"a": 1}, "revision": 3.0}));
        assert_eq!((odd.step.as_str(), odd.status.as_str(), odd.revision), ("Bước lạ", "", 3));
        let copied = dossier(
            json!({"step": "Ðã trả\u{200b} kết quả", "unit": "\u{feff}", "phone": "\u{202a}0912345678\u{202c}"}),
        );
        assert_eq!((copied.step.as_str(), copied.unit.as_str()), ("Đã trả kết quả", ""));
        assert_eq!(serde_json::to_value(&copied).unwrap()["phone"], "0912345678", "kept as it is shown");
    }

    #[test]
    fn the_bounds_themselves_are_good() {
        let (step, procedure) = ("ộ".repeat(200), "ộ".repeat(500));
        let longest = dossier(json!({"step": step, "procedure": procedure, "result_on": "2026-11-20"}));
        assert_eq!((longest.step, longest.procedure), (step, procedure));
        assert_eq!(longest.result_on, Some(longest.received_on), "done on the day it was received");
        let error = parse(json!({"procedure": "x".repeat(501)})).unwrap_err();
        assert_eq!(error.to_string(), "procedure has more than 500 characters");
    }

    #[test]
    fn same_day_is_what_the_snapshot_says_else_what_the_dates_say() {
        assert!(dossier(json!({"appointment_on": "2026-11-20"})).is_same_day());
        assert!(!dossier(json!({"appointment_on": "2026-11-20", "same_day": false})).is_same_day());
        assert!(dossier(json!({"same_day": true})).is_same_day());
        assert!(!dossier(json!({})).is_same_day());
    }

    #[test]
    fn a_dossier_re_appointed_from_its_day_of_receipt_takes_notices_unless_its_procedure_is_a_same_day_one() {
        for (same_day, today, another_day) in
            [(json!(null), false, true), (json!(true), false, false), (json!(false), true, true)]
        {
            let appointed = |day: &str| {
                dossier(json!({"received_on": "2026-11-20", "appointment_on": day, "same_day": same_day}))
                    .takes_notices()
            };
            assert_eq!((appointed("2026-11-20"), appointed("2026-11-27")), (today, another_day), "{same_day}");
        }
    }

    /// A new field does not compile until it is named here.
    macro_rules! all_fields {
        ($($field:ident),*) => {{
            let Dossier { $($field: _),* } = dossier(json!({}));
            [$(stringify!($field)),*]
        }};
    }

    #[test]
    fn the_names_of_all_fields_are_known() {
        let fields = all_fields!(
            receipt_code,
            revision,
            procedure,
            phone,
            received_on,
            appointment_on,
            step,
            status,
            unit,
            office,
            same_day,
            result_on,
            waiting_since,
            silent
        );
        assert_eq!(Dossier::FIELDS, fields);
    }

    #[test]
    fn neither_a_phone_nor_a_text_is_in_the_debug_output() {
        let shown = format!("{:?}", dossier(json!({"phone": "0912 345 678", "procedure": "Cấp thẻ"})));
        assert!(!shown.contains("345") && !shown.contains("Cấp thẻ"), "{shown}");
        let unusable = format!("{:?}", dossier(json!({"phone": "02583822229"})));
        assert!(unusable.contains("FixedLine") && !unusable.contains("2583"), "{unusable}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for changes in [
            json!({}),
            json!({"silent": true, "office": "Sở Du lịch", "same_day": false, "result_on": "2026-11-21", "waiting_since": 2, "phone": null}),
        ] {
            let dossier = dossier(changes);
            let written = serde_json::to_value(&dossier).unwrap();
            assert_eq!(Dossier::parse(written.as_object().unwrap()), Ok(dossier));
        }
    }
}
