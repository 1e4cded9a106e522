//! A phone number that SNS refuses, or an account that may not send at all? SNS answers both with `InvalidParameter`: also
//! in a region without SMS, and in the sandbox. So a number is taken to be wrong only where other numbers are accepted.

use crate::Phone;

/// So many different numbers refused, with none accepted between, are the account's fault.
const ACCOUNT_AT_FAULT: usize = 3;
/// Where nothing was accepted yet and few numbers were refused, a notice is tried so often before its number is at fault.
const TRIES: u32 = 3;

/// What one sandbox saw of SNS, over many invocations.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    in_a_row: Vec<Phone>,
    accepts: bool,
}

/// Who is at fault where a number is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The number: the notice has failed.
    Number,
    /// The account or its settings: nothing more is sent, and no notice fails.
    Account,
    /// It is not known yet: the notice is tried again soon.
    NotKnown,
}

impl Refusals {
    /// SNS accepted a message.
    pub fn accepted(&mut self) {
        *self = Self { in_a_row: Vec::new(), accepts: true };
    }

    /// SNS refused a message to `phone` for good, at that attempt of its notice.
    pub fn refused(&mut self, phone: &Phone, attempt: u32) -> Fault {
        if !self.in_a_row.contains(phone) && self.in_a_row.len() < ACCOUNT_AT_FAULT {
            self.in_a_row.push(phone.clone());
        }
        match self.in_a_row.len() {
            ACCOUNT_AT_FAULT => Fault::Account,
            _ if self.accepts || attempt >= TRIES => Fault::Number,
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

    #[test]
    fn a_number_is_at_fault_where_others_are_accepted() {
        let mut refusals = Refusals::default();
        refusals.accepted();
        assert_eq!([1, 1, 2].map(|number| refusals.refused(&phone(number), 1)), [Fault::Number; 3]);
        refusals.accepted();
        assert_eq!(refusals.refused(&phone(3), 1), Fault::Number, "an accepted one between");
    }

    #[test]
    fn three_different_numbers_in_a_row_are_the_accounts_fault_until_one_is_accepted() {
        let mut refusals = Refusals::default();
        refusals.accepted();
        let faults = [1, 2, 2, 3, 4, 1].map(|number| refusals.refused(&phone(number), 9));
        assert_eq!(faults[..3], [Fault::Number; 3]);
        assert_eq!(faults[3..], [Fault::Account; 3]);
        refusals.accepted();
        assert_eq!(refusals.refused(&phone(1), 9), Fault::Number);
    }

    #[test]
    fn before_anything_was_accepted_a_number_has_three_tries() {
        let mut refusals = Refusals::default();
        let faults = [1, 2, 3].map(|attempt| refusals.refused(&phone(1), attempt));
        assert_eq!(faults, [Fault::NotKnown, Fault::NotKnown, Fault::Number]);
    }
}
