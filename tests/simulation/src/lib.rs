//! A simulation in memory and in virtual time, with fault injection.
//!
//! The functions under test are the real ones; only what is behind the ports is simulated. [`world`] keeps
//! DynamoDB's promises (conditions, indexes that lag), [`fault`] breaks any call of it, [`aws`] calls the functions
//! again as Lambda would until nothing is left to do.

pub mod aws;

pub mod endpoints;
pub mod fault;
pub mod meter;
pub mod ports;
pub mod promises;
pub mod proof;
pub mod scenario;
pub mod world;
