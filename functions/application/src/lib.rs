//! How messages are sent: the layer between the rules (`domain`) and AWS (`adapters`).
//!
//! [`ports`] declares what this crate needs from outside, as traits: the adapters implement them on AWS, the simulation
//! in memory.
//! [`delivery`] enqueues, claims, sends and completes messages. [`rate_limiter`] keeps the fleet's rate of SMS parts.

pub mod delivery;
pub mod ports;
pub mod rate_limiter;
