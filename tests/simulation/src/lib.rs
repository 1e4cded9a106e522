//! A simulation in memory and in virtual time, with fault injection.
//!
//! The functions under test are the real ones; only what is behind the ports is simulated. [`world`] has DynamoDB's
//! guarantees (conditions, indexes that lag), [`fault`] makes any call fail, and [`aws`] calls the functions again, as
//! Lambda does, until everything is processed.

pub mod aws;

pub mod endpoints;
pub mod fault;
pub mod meter;
pub mod ports;
pub mod promises;
pub mod proof;
pub mod scenario;
pub mod world;
