//! Decides whether a refused phone number is wrong or the account may not send at all. SNS answers both with
//! `InvalidParameter`, also in a region without SMS and in the SMS sandbox. So a number is taken to be wrong only if
//! other numbers are accepted: by this sandbox, or by another one, which the rate limiter's counter row shows.

use chrono::{DateTime, TimeDelta, Utc};

use domain::Phone;

/// This many different refused numbers, with none accepted between, show that the account is at fault.
const ACCOUNT_AT_FAULT: usize = 3;
/// If another number was accepted so recently, the refused number is at fault.
const RECENT: TimeDelta = TimeDelta::minutes(1);
/// If the cause stays unknown, the number is taken to be at fault at this attempt, so that every notice ends.
const TRIES: u32 = 3;
/// How long a refused notice waits while the cause is unknown.
pub(super) const PAUSE: TimeDelta = TimeDelta::minutes(10);

/// The results of SNS that one sandbox has seen, over many invocations.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    in_a_row: Vec<Phone>,
    since: Option<DateTime<Utc>>,
    accepted_at: Option<DateTime<Utc>>,
}

/// What is at fault when a number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The number: the notice failed.
    Number,
    /// The account or its settings: nothing more is sent, and no notice fails.
    Account,
    /// It is not known yet: the notice is tried again after [`PAUSE`].
    NotKnown,
}

impl Refusals {
    pub fn accepted(&mut self, now: DateTime<Utc>) {
        *self = Self { accepted_at: Some(now), ..Self::default() };
    }

    /// Records that SNS permanently refused a message to `phone`, at that attempt of its notice. `fleet` is when any
    /// sandbox last reported an accepted message.
    pub fn refused(&mut self, phone: &Phone, attempt: u32, fleet: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Fault {
        let accepted_at = self.accepted_at.max(fleet);
        if self.since.is_some_and(|since| accepted_at > Some(since)) {
            (self.in_a_row, self.since) = (Vec::new(), None);
        }
        self.since.get_or_insert(now);
        if !self.in_a_row.contains(phone) && self.in_a_row.len() < ACCOUNT_AT_FAULT {
            self.in_a_row.push(phone.clone());
        }
        // A second refusal comes one pause after the first: a message accepted in that time shows that the account
        // works. Throttled attempts count as well: then the first refusal may already be final.
        let is_well = attempt > 1 && accepted_at >= Some(now - PAUSE);
        match self.in_a_row.len() {
            ACCOUNT_AT_FAULT => Fault::Account,
            _ if is_well || attempt >= TRIES || self.accepted_at >= Some(now - RECENT) => Fault::Number,
            _ => Fault::NotKnown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(number: u32) -> Phone {
        Phone::parse(&format!("0912{number:06}")).expect("a mobile number")
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_number_is_at_fault_at_once_where_another_was_accepted_just_now() {
        let mut refusals = Refusals::default();
        refusals.accepted(at(0));
        assert_eq!([1, 1, 2].map(|number| refusals.refused(&phone(number), 1, None, at(1))), [Fault::Number; 3]);
        refusals.accepted(at(2));
        assert_eq!(refusals.refused(&phone(3), 1, None, at(3)), Fault::Number, "an accepted one between");
        assert_eq!(refusals.refused(&phone(3), 1, None, at(4)), Fault::NotKnown, "it was long ago");
    }

    #[test]
    fn three_different_numbers_in_a_row_are_the_accounts_fault_until_one_is_accepted_anywhere() {
        let mut refusals = Refusals::default();
        let faults = [1, 2, 2, 3, 4, 1].map(|number| refusals.refused(&phone(number), 1, None, at(9)));
        assert_eq!(faults[..3], [Fault::NotKnown; 3]);
        assert_eq!(faults[3..], [Fault::Account; 3]);
        assert_eq!(refusals.refused(&phone(1), 1, Some(at(10)), at(11)), Fault::NotKnown, "another sandbox sends");
        assert_eq!(refusals.refused(&phone(1), 2, Some(at(10)), at(12)), Fault::Number);
    }

    #[test]
    fn a_number_fails_when_others_were_accepted_between_its_refusals_or_at_its_third() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.refused(&phone(1), 1, Some(at(-1)), at(0)), Fault::NotKnown, "it may have broken since");
        assert_eq!(refusals.refused(&phone(1), 2, Some(at(-1)), at(10)), Fault::NotKnown, "nothing since");
        assert_eq!(refusals.refused(&phone(1), 3, Some(at(-1)), at(20)), Fault::Number);
        assert_eq!(refusals.refused(&phone(1), 2, Some(at(25)), at(30)), Fault::Number);
    }
}
