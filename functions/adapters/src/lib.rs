//! The domain's ports on AWS. Only this crate knows the SDK; it knows no Lambda event.
//!
//! | Port | Here |
//! |---|---|
//! | [`DossierStore`](domain::ports::DossierStore) | [`dossiers`], table `dossiers` |
//! | [`Outbox`](domain::ports::Outbox) | [`outbox`], table `notices` |
//! | [`InquiryLog`](domain::ports::InquiryLog) | [`inquiries`], table `inquiries` |
//! | [`RateCounter`](domain::ports::RateCounter), [`SenderLease`](domain::ports::SenderLease) | [`control`], table `control` |
//! | [`SmsSender`](domain::ports::SmsSender) | [`sms`], SNS |
//! | [`ReplySender`](domain::ports::ReplySender) | [`vcom`], over [`https`] |
//! | [`EventBus`](domain::ports::EventBus) | [`events`], EventBridge |

pub mod aws;
pub mod clock;
mod connections;
pub mod control;
pub mod delivery;
pub mod dossiers;
pub mod events;
pub mod https;
pub mod inquiries;
mod item;
pub mod logs;
pub mod metrics;
pub mod outbox;
pub mod redacted;
pub mod secret;
pub mod settings;
pub mod sms;
pub mod vcom;
