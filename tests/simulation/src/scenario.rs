//! Made-up dossiers and settings for the proofs.

use std::sync::Arc;
use std::time::Duration;

use application::rate_limiter::PartsPerSecond;
use application::sending::NoticeConfig;
use domain::notice::sending_window::SendingWindow;
use domain::text::messages;
use domain::text::sms::Accents;
use domain::{ClosedSteps, Dossier};
use serde_json::{Value, json};

use crate::aws::Stack;
use crate::fault::Faults;
use crate::world::World;

/// A dossier in progress, due on 25 November 2026, with changes.
pub fn dossier(code: &str, phone: &str, changes: Value) -> Dossier {
    let mut snapshot = json!({
        "receipt_code": code, "revision": 1, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa", "phone": phone,
        "received_on": "2026-11-20", "appointment_on": "2026-11-25", "step": "Thẩm định", "status": "Đang xử lý", "unit": "Phòng",
    });
    let fields = snapshot.as_object_mut().expect("an object");
    fields.extend(changes.as_object().expect("changes").clone());
    Dossier::parse(fields).expect("a dossier")
}

/// An open window and `rate` parts per second.
pub fn notice_config(rate: u32) -> NoticeConfig {
    NoticeConfig {
        closed_steps: ClosedSteps::default(),
        office: messages::DEFAULT_OFFICE.into(),
        accents: Accents::Keep,
        window: SendingWindow::ALWAYS,
        rate: PartsPerSecond::new(rate).expect("a rate"),
    }
}

/// A citizen's mobile number.
pub fn phone(number: usize) -> String {
    format!("+8491{number:07}")
}

/// 17:30 on 24 November 2026, with that many dossiers due tomorrow, and every index up to date.
pub async fn evening_of(due: usize, faults: Faults, rate: u32) -> Stack {
    let began = "2026-11-24T10:29:00Z".parse().expect("a time");
    let stack = Stack::new(Arc::new(World::at(began)), Arc::new(faults), notice_config(rate));
    for number in 0..due {
        stack.world.write(dossier(&format!("016{number:07}"), &phone(number), json!({})));
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    stack
}
