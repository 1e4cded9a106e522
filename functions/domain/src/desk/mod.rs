//! Bàn làm việc: the rules of the pages for clerks, supervisors and accountants.

mod audit;
mod lasting;
mod staff;

pub use audit::{Action, AuditEntry};
pub use lasting::{IDLE, LONGEST, Lasting};
pub use staff::{Role, Staff, Task};
