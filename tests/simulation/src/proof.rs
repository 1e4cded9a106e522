//! The table that `make prove` prints: the fault, how many schedules were tried, what was sent, what was lost.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;

use crate::aws::Stack;

/// One line of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// The fault.
    pub fault: String,
    /// Runs of the system, each with the fault at another place.
    pub schedules: usize,
    /// SMS that the network accepted, and replies that 8083 sent.
    pub sent: usize,
    /// Messages sent more often than required.
    pub duplicates: usize,
    /// Required messages that were never sent.
    pub lost: usize,
}

impl Line {
    /// A line for that fault, without any schedule yet.
    pub fn of(fault: impl Into<String>) -> Self {
        Self { fault: fault.into(), ..Self::default() }
    }

    /// Adds the result of one schedule.
    pub fn add(&mut self, sent: usize, duplicates: usize, lost: usize) {
        self.schedules += 1;
        self.sent += sent;
        self.duplicates += duplicates;
        self.lost += lost;
    }

    /// Adds the line to the table.
    pub fn record(&self) {
        put(&self.to_string());
    }
}

/// Adds a line to the table, and checks that every required notice was sent once.
pub fn proved(fault: &str, stack: &Stack, required: usize) {
    let sent = stack.world.accepted().len();
    let mut line = Line::of(fault);
    line.add(sent, sent.saturating_sub(required), required.saturating_sub(sent));
    line.record();
    assert_eq!((line.duplicates, line.lost), (0, 0), "{fault}");
}

/// A single figure after the table: a duration or a count.
pub fn figure(what: &str, value: impl fmt::Display) {
    put(&format!("{what}\t{value}"));
}

/// Prints it, and appends it to the file that `PROOF_TABLE` names, if it is set.
fn put(line: &str) {
    println!("{line}");
    if let Some(table) = std::env::var_os("PROOF_TABLE") {
        let file = OpenOptions::new().create(true).append(true).open(table);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the file of PROOF_TABLE can be written");
    }
}

impl fmt::Display for Line {
    /// Tab-separated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, schedules, sent, duplicates, lost } = self;
        write!(f, "{fault}\t{schedules}\t{sent}\t{duplicates}\t{lost}")
    }
}
