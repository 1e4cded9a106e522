//! Measures speed, size and cost. The processes get their events from our own Lambda Runtime API and call our own AWS
//! endpoint, which answers after a fixed time, so that only their own work differs.

pub mod aws;
pub mod benchmark;
pub mod bill;
pub mod counter;
pub mod document;
pub mod figures;
pub mod growth;
pub mod http;
pub mod jobs;
pub mod local;
pub mod plot;
pub mod prices;
pub mod report;
pub mod runtime_api;
pub mod sandbox;
pub mod senders;
pub mod tls;
