//! The table that `make prove` prints: what went wrong, how many schedules were tried, what was sent, what was lost.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;

/// One line of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// What went wrong.
    pub fault: String,
    /// Runs of the system, each with the fault in another place.
    pub schedules: usize,
    /// SMS the network accepted, and replies that 8083 gave.
    pub sent: usize,
    /// Those sent beyond the required ones.
    pub duplicates: usize,
    /// Required ones that were never sent.
    pub lost: usize,
}

impl Line {
    /// Of that fault, nothing tried yet.
    pub fn of(fault: impl Into<String>) -> Self {
        Self { fault: fault.into(), ..Self::default() }
    }

    /// One more schedule.
    pub fn add(&mut self, sent: usize, duplicates: usize, lost: usize) {
        self.schedules += 1;
        self.sent += sent;
        self.duplicates += duplicates;
        self.lost += lost;
    }

    /// Puts the line into the table.
    pub fn record(&self) {
        put(&self.to_string());
    }
}

/// A figure beside the table: what took how long, how much.
pub fn figure(what: &str, value: impl fmt::Display) {
    put(&format!("{what}\t{value}"));
}

/// Says it, and appends it to the file that `PROOF_TABLE` names, where it does.
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
