//! The application's ports on AWS. Only this crate knows the SDK; it knows no Lambda event.
//!
//! | Port | Here |
//! |---|---|
//! | [`DossierFinder`](application::ports::DossierFinder) | [`dossiers`], its index `by_phone` |
//! | [`CallList`](application::ports::CallList), [`Apologies`](application::ports::Apologies), [`NoticeDays`](application::ports::NoticeDays) | table `notices`, its indexes `to_phone` and `by_day` |
//! | [`InquiryHistory`](application::ports::InquiryHistory), [`InquiryDays`](application::ports::InquiryDays) | [`inquiries`], its indexes `by_code` and `by_day` |
//! | [`DossierStore`](application::ports::DossierStore) | [`dossiers`], table `dossiers` |
//! | [`Appointments`](application::ports::Appointments) | [`dossiers`], its index `by_appointment` |
//! | [`Outbox`](application::ports::Outbox) | [`outbox`], table `notices` |
//! | [`DeliveryStore`](application::ports::DeliveryStore) | [`deliveries`], table `notices` |
//! | [`NoticeHistory`](application::ports::NoticeHistory), [`SendingRecords`](application::ports::SendingRecords) | [`history`], table `notices` |
//! | [`InquiryLog`](application::ports::InquiryLog) | [`inquiries`], table `inquiries` |
//! | [`RateCounter`](application::ports::RateCounter), [`SendingHold`](application::ports::SendingHold) | [`control`], table `control` |
//! | [`SmsSender`](application::ports::SmsSender) | [`sms`]: SNS, End User Messaging, Kannel, eSMS |
//! | [`ReplySender`](application::ports::ReplySender) | [`vcom`], over [`https`] |
//! | [`EventBus`](application::ports::EventBus) | [`events`], EventBridge |
//! | [`AuditLog`](application::ports::AuditLog), [`NoteStore`](application::ports::NoteStore), [`SumStore`](application::ports::SumStore) | [`desk`], table `desk` |
//! | [`SessionStore`](application::ports::SessionStore) | [`sessions`], table `desk` |

pub mod aws;
mod batch;
pub mod clock;
mod conditional;
mod connections;
pub mod control;
pub mod deliveries;
pub mod desk;
pub mod dossiers;
pub mod events;
pub mod history;
pub mod https;
pub mod inquiries;
mod item;
pub mod logs;
pub mod metrics;
mod notice_indexes;
pub mod outbox;
pub mod port_bundles;
mod public_addresses;
pub mod redacted;
pub mod report;
pub mod retry_queue;
pub mod secret;
pub mod sessions;
pub mod settings;
pub mod sms;
pub mod start;
pub mod vcom;
