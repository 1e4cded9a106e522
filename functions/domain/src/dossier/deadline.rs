//! Đúng hạn / Trễ hạn: whether a dossier is on time.

use std::fmt;

use chrono::NaiveDate;

use crate::{ClosedSteps, Dossier};

/// "trạng thái hồ sơ: {Đúng hạn/Trễ hạn}"
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    /// Đúng hạn: on the appointment day at the latest.
    OnTime,
    /// Trễ hạn: after it.
    Late,
}

impl Timeliness {
    /// A done dossier is judged by the day it was done, an open one by `today` (in Vietnam). Both are compared with the
    /// appointment.
    ///
    /// A done dossier whose day was not recorded (written directly to the table) counts as done on its appointment day.
    pub fn of(dossier: &Dossier, today: NaiveDate, closed: &ClosedSteps) -> Self {
        let judged_on =
            if dossier.is_done(closed) { dossier.result_on.unwrap_or(dossier.appointment_on) } else { today };
        if judged_on > dossier.appointment_on { Self::Late } else { Self::OnTime }
    }
}

impl fmt::Display for Timeliness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnTime => "Đúng hạn",
            Self::Late => "Trễ hạn",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::json;

    #[test]
    fn an_open_dossier_is_late_the_day_after_its_appointment_and_a_done_one_keeps_its_day() {
        let (open, done, closed) = (json!("Thẩm định"), json!("Trả kết quả"), json!("Kết thúc"));
        for (step, result_on, today, expected) in [
            (&open, None, "2026-11-24", "Đúng hạn"),
            (&open, None, "2026-11-25", "Đúng hạn"),
            (&open, None, "2026-11-26", "Trễ hạn"),
            (&done, Some("2026-11-25"), "2026-12-31", "Đúng hạn"),
            (&done, Some("2026-11-26"), "2026-12-31", "Trễ hạn"),
            (&closed, Some("2026-11-26"), "2026-11-26", "Trễ hạn"),
            (&closed, None, "2026-12-31", "Đúng hạn"),
        ] {
            let dossier = dossier(json!({"step": step, "result_on": result_on}));
            let judged = Timeliness::of(&dossier, today.parse().unwrap(), &ClosedSteps::default());
            assert_eq!(judged.to_string(), expected, "{step} {result_on:?} {today}");
        }
    }
}
