//! The functions as they are deployed, and every AWS call they make, counted on the network: exactly these, no more.
//!
//! `make test` builds the binaries before. The simulation's meter, which the bill and the growth are computed with, is
//! compared with the same counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::aws::{Aws, Call, by_action};
use bench::jobs::Jobs;
use bench::sandbox::{Program, Sandbox};
use serde_json::Value;

/// A function's process, the AWS it calls, and its calls before its first event.
struct Running {
    sandbox: Sandbox,
    aws: Aws,
    ahead: Vec<Call>,
}

impl Running {
    fn start(function: &str, jobs: &Jobs, due: usize) -> Self {
        let aws = Aws::start(jobs.contents(due), Duration::from_millis(1), None).expect("a port of loopback");
        let binary = root().join("target/debug").join(function);
        assert!(binary.exists(), "{} is not built: cargo build --workspace --bins", binary.display());
        let log = std::env::temp_dir().join(format!("onestop-counted-{function}-{}.log", std::process::id()));
        let program =
            Program { command: vec![binary.display().to_string()], env: bench::benchmark::settings(&aws.url()), log };
        let sandbox = Sandbox::start(&program).expect("it starts");
        let ahead = aws.take_calls();
        let only_its_secret = ahead.iter().all(|call| call.action == "GetSecretValue");
        assert!(only_its_secret, "{function} calls {ahead:?} before its first event");
        Self { sandbox, aws, ahead }
    }

    fn invoke(&mut self, event: &Value) -> Vec<Call> {
        self.sandbox.invoke(event.to_string().as_bytes()).expect("an answer");
        let ahead = std::mem::take(&mut self.ahead);
        ahead.into_iter().chain(self.aws.take_calls()).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn jobs() -> Jobs {
    Jobs::read(&root()).expect("events/")
}

/// Asserts that the calls are exactly these.
fn exactly<const N: usize>(calls: &[Call], expected: [(&str, usize); N]) {
    assert_eq!(by_action(calls), BTreeMap::from(expected));
}

/// The calls of one action to one table.
fn to_table<'a>(calls: &'a [Call], action: &str, table: &str) -> Vec<&'a Call> {
    calls.iter().filter(|call| call.action == action && call.body["TableName"] == table).collect()
}

#[test]
fn a_lookup_reads_once_and_writes_once_and_the_count_and_the_event_are_beside() {
    let jobs = jobs();
    let mut lookup = Running::start("lookup", &jobs, 0);
    let cold = lookup.invoke(&jobs.lookup());
    exactly(&cold, [("GetSecretValue", 1), ("GetItem", 1), ("UpdateItem", 1), ("PutItem", 1), ("PutEvents", 1)]);
    let warm = lookup.invoke(&jobs.lookup());
    exactly(&warm, [("GetItem", 1), ("UpdateItem", 1), ("PutItem", 1), ("PutEvents", 1)]);
    assert_eq!(to_table(&warm, "GetItem", "dossiers").len(), 1);
    assert_eq!(to_table(&warm, "PutItem", "inquiries").len(), 1);
    assert_eq!(to_table(&warm, "UpdateItem", "inquiries").len(), 1, "the count of the phone's messages");
}

#[test]
fn a_notice_takes_two_writes_and_one_publish_besides_the_reservation_and_the_event() {
    let jobs = jobs();
    let mut notify = Running::start("notify", &jobs, 0);
    let calls = notify.invoke(&jobs.notify(1));
    exactly(&calls, [("PutItem", 1), ("UpdateItem", 2), ("Publish", 1), ("PutEvents", 1)]);
    assert_eq!(to_table(&calls, "UpdateItem", "notices").len(), 1);
    assert_eq!(to_table(&calls, "UpdateItem", "control").len(), 1, "a reservation of the rate limiter");
}

#[test]
fn a_batch_of_a_hundred_takes_two_writes_and_one_publish_each_and_ten_calls_of_the_bus() {
    let jobs = jobs();
    let mut notify = Running::start("notify", &jobs, 0);
    let calls = notify.invoke(&jobs.notify(100));
    let counts = by_action(&calls);
    assert_eq!((counts["PutItem"], counts["Publish"], counts["PutEvents"]), (100, 100, 10));
    assert_eq!(to_table(&calls, "UpdateItem", "notices").len(), 100);
    assert!(to_table(&calls, "UpdateItem", "control").len() <= 10, "one reservation is for many notices");
}

#[test]
fn a_push_takes_one_write_a_new_dossier() {
    let jobs = jobs();
    let mut intake = Running::start("intake", &jobs, 0);
    exactly(&intake.invoke(&jobs.intake(1).expect("signed")), [("GetSecretValue", 1), ("PutItem", 1)]);
    exactly(&intake.invoke(&jobs.intake(100).expect("signed")), [("PutItem", 100)]);
}

#[test]
fn to_read_what_was_sent_takes_one_query_and_one_get_item() {
    let jobs = jobs();
    let mut intake = Running::start("intake", &jobs, 0);
    let event = jobs.notices().expect("signed");
    exactly(&intake.invoke(&event), [("GetSecretValue", 1), ("GetItem", 1), ("Query", 1)]);
    let warm = intake.invoke(&event);
    exactly(&warm, [("GetItem", 1), ("Query", 1)]);
    assert_eq!((to_table(&warm, "GetItem", "dossiers").len(), to_table(&warm, "Query", "notices").len()), (1, 1));
}

#[test]
fn the_desks_page_of_a_dossier_takes_get_item_and_query_only_and_an_entry_of_the_audit() {
    let jobs = jobs();
    let mut desk = Running::start("desk", &jobs, 0);
    let page = [("GetItem", 2), ("Query", 3), ("PutItem", 1)];
    let cold = desk.invoke(&jobs.desk());
    assert_eq!(cold.iter().filter(|call| call.action == "GetSecretValue").count(), 1);
    let warm = desk.invoke(&jobs.desk());
    exactly(&warm, page);
    for (action, table) in
        [("GetItem", "desk"), ("GetItem", "dossiers"), ("Query", "notices"), ("Query", "inquiries"), ("Query", "desk")]
    {
        assert_eq!(to_table(&warm, action, table).len(), 1, "{action} {table}");
    }
    assert_eq!(to_table(&warm, "PutItem", "desk").len(), 1, "who looked");
}

#[test]
fn an_evening_takes_one_write_a_dossier_and_a_hundredth_of_a_read() {
    let jobs = jobs();
    let mut apology = Running::start("apology", &jobs, 1_100);
    let calls = apology.invoke(&jobs.rule());
    // Two pages.
    exactly(&calls, [("Query", 2), ("BatchGetItem", 11), ("PutItem", 1_100), ("PutEvents", 1)]);
}

#[test]
fn a_minute_in_which_nothing_is_due_takes_three_queries() {
    let jobs = jobs();
    let mut sender = Running::start("sender", &jobs, 0);
    // Replies of 8083, results and supplements, apologies.
    exactly(&sender.invoke(&jobs.rule()), [("Query", 3)]);
}

/// The meter counts one kilobyte for each row: rows as the adapters write them are smaller, dossiers and inquiries too.
#[test]
fn every_row_is_one_write_unit() {
    let jobs = jobs();
    let mut calls = Running::start("notify", &jobs, 0).invoke(&jobs.notify(1));
    calls.extend(Running::start("lookup", &jobs, 0).invoke(&jobs.lookup()));
    calls.extend(Running::start("intake", &jobs, 0).invoke(&jobs.intake(1).expect("signed")));
    let written: Vec<_> =
        calls.iter().filter(|call| matches!(call.action.as_str(), "PutItem" | "UpdateItem")).collect();
    assert_eq!(written.len(), 3 + 2 + 1);
    for call in written {
        // JSON is longer than what DynamoDB counts: it has types, quotes, expressions.
        let bytes = call.body.to_string().len();
        assert!(bytes <= 2_048, "{} of {}: {bytes} bytes", call.action, call.body["TableName"]);
        let item: usize =
            call.body["Item"].as_object().into_iter().flatten().map(|(name, value)| name.len() + length(value)).sum();
        assert!(item <= 1_024, "{item} bytes in {}", call.body["TableName"]);
    }
}

/// An attribute's size as DynamoDB counts it, or a little more.
fn length(attribute: &Value) -> usize {
    attribute.as_object().into_iter().flat_map(|typed| typed.values()).map(|value| value.to_string().len()).sum()
}
