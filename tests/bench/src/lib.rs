//! How fast, how small and how cheap. Processes are driven through a Lambda Runtime API of our own and call an AWS
//! endpoint of our own that answers in a fixed time, so that only their own work differs.

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
pub mod tls;
