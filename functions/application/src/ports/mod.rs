//! What this crate needs from outside, as traits. The adapters implement them on AWS, the simulation in memory.
//! `simulation::promises` tests both implementations against what is promised here.

mod bundles;
mod clock;
mod desk;
mod dossiers;
mod events;
mod history;
mod inquiries;
mod outbox;
mod rate_counter;
mod receipts;
mod sessions;
mod sms;
mod store_error;

pub use bundles::{NoticePorts, OutboxPorts, PlanPorts, ReceiptPorts, ReplyPorts};
pub use clock::Clock;
pub use desk::{
    Apologies, AuditLog, CallList, CountedPage, DeskPorts, DossierFinder, InquiryDays, InquiryHistory, KeptSum,
    LoggedText, NoteStore, NoticeDays, NoticePage, PageMark, SendingRecords, SumStore, TextPage,
};
pub use dossiers::{Appointments, DossierStore, Page, PageToken, Put};
pub use events::EventBus;
pub use history::NoticeHistory;
pub use inquiries::{InquiryLog, Logged, SenderCount};
pub use outbox::{Claimed, Due, DueRows, Enqueue, Outbox};
pub use rate_counter::{Advance, Hold, RateCounter, SendingHold};
pub use receipts::{DeliveryStore, Recorded};
pub use sessions::{LogIn, LoginPorts, OpenSession, SessionStore};
pub use sms::{ReplySender, SendError, Sms, SmsSender};
pub use store_error::StoreError;
