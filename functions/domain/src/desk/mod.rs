//! Bàn làm việc: the rules of the pages for clerks, supervisors and accountants.

mod audit;
mod lasting;
mod numbers;
mod staff;
mod typed;

pub use audit::{Action, AuditEntry};
pub use lasting::{IDLE, LONGEST, Lasting};
pub use numbers::{number_for, sender_for};
pub use staff::{Role, Staff, Task};
pub use typed::typed_codes;
