//! The province's clock: Asia/Ho_Chi_Minh, +07:00 the whole year since 1975.
//!
//! No time zone database is needed, and none is linked.

use chrono::{DateTime, Days, FixedOffset, NaiveDate, Utc};

pub const VIETNAM: FixedOffset = FixedOffset::east_opt(7 * 3600).expect("+07:00 is an offset");

/// The day in Vietnam at `instant`.
pub fn day_in_vietnam(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&VIETNAM).date_naive()
}

/// "Ngày hôm sau": the day after the current day in Vietnam at `instant`.
pub fn tomorrow_in_vietnam(instant: DateTime<Utc>) -> NaiveDate {
    day_in_vietnam(instant) + Days::new(1)
}

/// Midnight at the start of `day` in Vietnam.
pub fn start_of(day: NaiveDate) -> DateTime<Utc> {
    at(day, 0, 0)
}

/// `hour`:`minute` on `day` in Vietnam. Panics if there is no such time of day.
pub fn at(day: NaiveDate, hour: u32, minute: u32) -> DateTime<Utc> {
    let local = day.and_hms_opt(hour, minute, 0).expect("a time of day");
    local.and_local_timezone(VIETNAM).single().expect("a fixed offset has no gaps").to_utc()
}

/// dd/mm/yyyy, the printed form of {Ngày hẹn trả}.
pub fn dd_mm_yyyy(day: NaiveDate) -> String {
    day.format("%d/%m/%Y").to_string()
}

/// hh:mm dd/mm/yyyy in Vietnam, for pages.
pub fn clock_in_vietnam(instant: DateTime<Utc>) -> String {
    instant.with_timezone(&VIETNAM).format("%H:%M %d/%m/%Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tomorrow_is_tomorrow_in_vietnam_not_in_utc() {
        let half_past_five_pm: DateTime<Utc> = "2026-11-24T10:30:00Z".parse().unwrap();
        assert_eq!(tomorrow_in_vietnam(half_past_five_pm).to_string(), "2026-11-25");
        let eleven_pm_in_utc: DateTime<Utc> = "2026-11-24T23:00:00Z".parse().unwrap();
        assert_eq!(tomorrow_in_vietnam(eleven_pm_in_utc).to_string(), "2026-11-26");
    }

    #[test]
    fn the_printed_date_is_day_month_year() {
        assert_eq!(dd_mm_yyyy("2026-02-05".parse().unwrap()), "05/02/2026");
    }
}
