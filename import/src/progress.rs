//! The progress of the push: a bar on a terminal, otherwise one line for every tenth.

use std::cell::Cell;
use std::io::{IsTerminal, Write};

/// Of `total` rows.
pub struct Progress {
    total: usize,
    done: Cell<usize>,
    is_terminal: bool,
}

const WIDTH: usize = 40;

impl Progress {
    pub fn of(total: usize) -> Self {
        Self { total, done: Cell::new(0), is_terminal: std::io::stdout().is_terminal() }
    }

    /// That many more.
    pub fn advance(&self, rows: usize) {
        let (before, now) = (self.done.get(), self.done.get() + rows);
        self.done.set(now);
        let (done, total) = (now, self.total);
        if self.is_terminal {
            let full = WIDTH * now / total.max(1);
            print!(
                "\r  {}{} {done}/{total} hồ sơ{}",
                "█".repeat(full),
                "░".repeat(WIDTH - full),
                if now == total { "\n" } else { "" }
            );
            let _ = std::io::stdout().flush();
        } else if before * 10 / total.max(1) != now * 10 / total.max(1) {
            println!("  {done}/{total} hồ sơ");
        }
    }
}
