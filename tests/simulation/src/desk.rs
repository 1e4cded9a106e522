//! Made-up dossiers and terms for the proofs.

use domain::budget::PartsPerSecond;
use domain::delivery::Terms;
use domain::sending_window::SendingWindow;
use domain::sms::Accents;
use domain::{ClosedSteps, Dossier, texts};
use serde_json::{Value, json};

/// A dossier under way, due on 25 November 2026, with changes.
pub fn dossier(code: &str, phone: &str, changes: Value) -> Dossier {
    let mut snapshot = json!({
        "receipt_code": code, "revision": 1, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa", "phone": phone,
        "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định", "status": "Đang xử lý", "unit": "Phòng",
    });
    let fields = snapshot.as_object_mut().expect("an object");
    fields.extend(changes.as_object().expect("changes").clone());
    Dossier::parse(fields).expect("a dossier")
}

/// An open window and `rate` parts a second.
pub fn terms(rate: u32) -> Terms {
    Terms {
        closed_steps: ClosedSteps::default(),
        office: texts::DEFAULT_OFFICE.into(),
        accents: Accents::Keep,
        window: SendingWindow::ALWAYS,
        rate: PartsPerSecond::new(rate).expect("a rate"),
    }
}
