//! Số điện thoại trên trang: which digits somebody sees.

use super::{Staff, Task};
use crate::Phone;

/// A number as this person may see it on a dossier's page: whole, or with its middle digits masked.
pub fn number_for(staff: &Staff, phone: &Phone) -> String {
    if staff.may(Task::WholeNumber) { phone.in_groups() } else { phone.masked() }
}

/// The sender of a text to 8083, which a gateway may have written in any way.
pub fn sender_for(staff: &Staff, sender: &str) -> String {
    match Phone::parse(sender) {
        Ok(phone) => number_for(staff, &phone),
        Err(_) if staff.may(Task::WholeNumber) => sender.to_owned(),
        Err(_) => masked_sender(sender),
    }
}

/// The sender of a text to 8083 where nobody needs the whole number.
pub fn masked_sender(sender: &str) -> String {
    Phone::parse(sender).map_or_else(|_| "không phải số di động Việt Nam".to_owned(), |phone| phone.masked())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::Role;

    #[test]
    fn a_clerk_sees_a_masked_number_and_a_supervisor_all_of_it() {
        let staff = |role| Staff { id: "1".into(), name: "Lan".into(), roles: vec![role], office: None };
        for (role, number, short) in [
            (Role::Clerk, "09*****678", "không phải số di động Việt Nam"),
            (Role::Accountant, "09*****678", "không phải số di động Việt Nam"),
            (Role::Supervisor, "0912 345 678", "8083"),
        ] {
            assert_eq!(sender_for(&staff(role), "84912345678"), number, "{role}");
            assert_eq!(sender_for(&staff(role), "8083"), short, "{role}");
        }
    }
}
