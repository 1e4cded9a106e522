//! docs/performance.md: a run replaces the results of the last run, between two marks.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Puts `text` between the marks of `part`.
pub fn replace(root: &Path, part: &str, text: &str) -> Result<()> {
    let file = root.join("docs/performance.md");
    let page = fs::read_to_string(&file)?;
    let (begins, ends) = (format!("<!-- {part} -->\n"), format!("<!-- /{part} -->"));
    let (before, rest) = page.split_once(&begins).with_context(|| format!("no mark {begins}"))?;
    let (_, after) = rest.split_once(&ends).with_context(|| format!("no mark {ends}"))?;
    Ok(fs::write(file, format!("{before}{begins}\n{}\n\n{ends}{after}", text.trim()))?)
}

/// The machine and the day, in a few words.
pub fn machine() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("CPU", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    format!("{}, {model}, {cores} cores, load {load} at the end", chrono::Utc::now().format("%-d %B %Y"))
}
