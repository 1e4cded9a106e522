//! How messages are sent: the layer between the rules (`domain`) and AWS (`adapters`).
//!
//! [`ports`] declares what this crate needs from outside, as traits: the adapters implement them on AWS, the simulation
//! in memory.
//! [`sending`] enqueues, claims, sends and completes messages, and records their receipts. [`rate_limiter`] keeps the
//! fleet's rate of SMS parts, [`hold`] stops it while messages do not arrive.

pub mod hold;
mod locked;
pub mod ports;
pub mod rate_limiter;
pub mod sending;

pub use locked::locked;
