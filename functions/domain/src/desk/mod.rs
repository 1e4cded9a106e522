//! Bàn làm việc: the rules of the pages for clerks, supervisors and accountants.

pub mod again;
mod audit;
pub mod compare;
pub mod csv;
mod lasting;
pub mod letters;
mod month;
mod note;
mod numbers;
mod staff;
pub mod sums;
mod to_phone;
mod typed;

pub use audit::{Action, AuditEntry};
pub use lasting::{IDLE, LONGEST, Lasting};
pub use month::{Month, NotAMonth, a_day};
pub use note::{Deed, LONGEST_WORD, Note, word};
pub use numbers::{masked_sender, number_for, sender_for};
pub use staff::{Role, Staff, Task};
pub use to_phone::{Standing, did_not_arrive, standing};
pub use typed::typed_codes;
