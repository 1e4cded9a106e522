//! A month, as sums are shown: `2026-11`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};

/// A month of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    first: NaiveDate,
}

/// A text that is not a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a month from 1990-01 to 2199-12, yyyy-mm")]
pub struct NotAMonth;

impl Month {
    /// The month that `day` is in.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// Its days up to `last`.
    pub fn days_until(self, last: NaiveDate) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take_while(move |day| Self::of(*day) == self && *day <= last)
    }

    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The month before.
    pub fn before(self) -> Self {
        Self::of(self.first - Days::new(1))
    }

    /// The month after.
    pub fn after(self) -> Self {
        Self::of(self.first + Months::new(1))
    }

    /// `11/2026`
    pub fn in_vietnamese(self) -> String {
        self.first.format("%m/%Y").to_string()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

impl FromStr for Month {
    type Err = NotAMonth;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first: NaiveDate = format!("{text}-01").parse().map_err(|_| NotAMonth)?;
        let month = Self { first };
        let is_one = (1990..=2199).contains(&first.year()) && month.to_string() == text;
        if is_one { Ok(month) } else { Err(NotAMonth) }
    }
}

/// A day as an address or a form has it, of the years that a dossier can have.
pub fn a_day(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|day: &NaiveDate| (1990..=2199).contains(&day.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_has_its_days() {
        let month: Month = "2026-11".parse().unwrap();
        let until = |day: &str| month.days_until(day.parse().unwrap()).count();
        assert_eq!((until("2026-12-31"), until("2026-11-03"), until("2026-10-31")), (30, 3, 0));
        assert_eq!((month.before().to_string(), month.after().to_string()), ("2026-10".into(), "2026-12".into()));
        assert_eq!("2026-12".parse::<Month>().unwrap().after().to_string(), "2027-01");
    }

    #[test]
    fn anything_else_is_no_month_and_no_day() {
        for text in ["", "2026", "2026-13", "2026-1", "26-11", "2026-11-05", "+2026-11", "1989-12", "99999-01"] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text}");
        }
        assert!(a_day("2026-11-26").is_some() && a_day("-262143-01-01").is_none() && a_day("hôm qua").is_none());
    }
}
