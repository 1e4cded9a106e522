//! How a message of ours is sent, between the rules (`domain`) and AWS (`adapters`).
//!
//! [`ports`] says what this crate needs of the world, as traits: the adapters implement them on AWS, the simulation in memory.
//! [`delivery`] enqueues, claims, sends and completes messages. [`rate_limiter`] keeps the fleet's rate of SMS parts.

pub mod delivery;
pub mod ports;
pub mod rate_limiter;
