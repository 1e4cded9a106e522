//! The domain's ports on AWS. Only this crate knows the SDK; it knows no Lambda event.
//!
//! | Port | Here |
//! |---|---|
//! | [`DossierStore`](domain::ports::DossierStore) | [`dossiers`], table `dossiers` |
//! | [`Ledger`](domain::ports::Ledger) | [`ledger`], table `notices` |
//! | [`InquiryLog`](domain::ports::InquiryLog) | [`inquiries`], table `inquiries` |
//! | [`BudgetCounter`](domain::ports::BudgetCounter), [`DrainTurn`](domain::ports::DrainTurn) | [`control`], table `control` |
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
pub mod ledger;
pub mod logs;
pub mod metrics;
pub mod quiet;
pub mod secret;
pub mod settings;
pub mod sms;
pub mod vcom;
