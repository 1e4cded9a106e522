//! The world in memory, in virtual time, with every fault we can make.
//!
//! The functions under test are the real ones; only what lies behind the ports is played here. [`world`] keeps
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
