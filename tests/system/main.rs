//! The system's guarantees, tested from outside: HTTP in; SMS, outbox rows and bus events out. The stack itself
//! triggers the stream and the minute rule. `make test` deploys the stack.
//!
//! All tests share it: each has receipt codes, phones and appointment days of its own.

#![allow(clippy::unwrap_used, reason = "in a test it says: this must be")]

mod apology;
mod bad_input;
mod callbacks;
mod clients;
mod dead_letter_bucket;
mod desk;
mod desk_tables;
mod events;
mod first_load;

mod inquiry;
mod intake;
mod kannel;
mod kannel_sends;
mod least_privilege;
mod nothing_personal;
mod notice_2017;
mod ports_conform;
mod probe;
mod receipts;
mod result_and_supplement;
mod retention;
mod rules_of_the_stack;
mod scale;

mod vcom;
mod what_was_sent;

use serde_json::Value;
use system_tests::{Stack, eventually};

/// The stack, or an error that says what to do.
async fn stack() -> Stack {
    Stack::connect().await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Waits for the n-th SMS of a phone and returns them all.
async fn inbox(stack: &Stack, phone: &str, messages: usize) -> Vec<String> {
    eventually(&format!("{messages} SMS"), || async {
        let inbox = stack.inbox(phone).await?;
        Ok((inbox.len() >= messages).then_some(inbox))
    })
    .await
}

/// Waits until a notice is in that state, and returns its row.
async fn row(stack: &Stack, code: &str, notice: &str, state: &str) -> serde_json::Map<String, Value> {
    eventually(&format!("{notice} of {code} is {state}"), || async {
        Ok(stack.outbox(code).await?.remove(notice).filter(|row| row["state"] == state))
    })
    .await
}
