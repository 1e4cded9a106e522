//! The table in Markdown, and each goal with the measured value.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::benchmark::Candidate;
use crate::figures::{percentile, ratio};

/// Sizes of zips in bytes, by candidate.
pub type Sizes = BTreeMap<String, u64>;

/// One row per candidate.
pub fn table(candidates: &[Candidate], sizes: &Sizes) -> String {
    let mut lines = vec![
        "| | start, ms | of it CPU | first, ms | warm p50, ms | p99, ms | CPU each, ms | memory, MB | zip, MB | AWS calls when warm |".to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|".to_owned(),
    ];
    lines.extend(candidates.iter().map(|candidate| row(candidate, sizes)));
    lines.join("\n")
}

fn row(of: &Candidate, sizes: &Sizes) -> String {
    let calls: Vec<String> = of.calls.iter().map(|(action, count)| format!("{count} {action}")).collect();
    let size = sizes.get(of.name).map_or("".to_owned(), |bytes| megabytes(*bytes));
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {size} | {} |",
        of.name,
        ms(percentile(&of.starts, 0.5)),
        ms(percentile(&of.start_cpu, 0.5)),
        ms(percentile(&of.firsts, 0.5)),
        ms(percentile(&of.warm, 0.5)),
        ms(percentile(&of.warm, 0.99)),
        ms(percentile(&of.cpu, 0.5)),
        megabytes(of.memory),
        calls.join(", "),
    )
}

/// Milliseconds with three significant digits.
pub fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        100.0.. => format!("{ms:.0}"),
        10.0.. => format!("{ms:.1}"),
        _ => format!("{ms:.2}"),
    }
}

/// Megabytes of a million bytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// A goal and its result.
struct Goal {
    what: String,
    wanted: String,
    measured: String,
    met: bool,
}

/// Every goal, one row each.
pub fn goals(candidates: &[Candidate], sizes: &Sizes) -> String {
    let find = |name: &str| candidates.iter().find(|candidate| candidate.name == name);
    let mut goals = Vec::new();
    let (Some(empty), Some(lookup), Some(baseline)) = (find("baseline-empty"), find("lookup"), find("baseline-lookup"))
    else {
        return String::new();
    };
    for ours in candidates.iter().filter(|one| one.is_ours()) {
        let what = |when| format!("{}: start{when}, against the empty function", ours.name);
        // The desk links the pages and what checks a token.
        let limit = if ours.name == "desk" { 1.3 } else { 1.15 };
        goals.push(at_most(what(""), limit, ratio(&ours.starts, &empty.starts)));
        let after_peers = ratio(&ours.starts_after_peers, &empty.starts_after_peers);
        goals.push(at_most(what(" with Python and Node just before"), limit, after_peers));
    }
    let (ours, baselines) = (cold(lookup), cold(baseline));
    goals.push(at_most(
        "lookup: start and first, TLS and all, against the baseline".into(),
        0.65,
        ratio(&ours, &baselines),
    ));
    let tail = |of: &Candidate| percentile(&of.warm, 0.99).as_secs_f64();
    goals.push(at_most("lookup: warm p99, against the baseline".into(), 1.2, tail(lookup) / tail(baseline)));
    if let Some(read) = find("intake-read") {
        goals.push(at_most("intake-read: warm p99, against lookup".into(), 1.2, tail(read) / tail(lookup)));
    }
    let ours = || candidates.iter().filter(|one| one.is_ours());
    let heaviest = ours().map(|one| one.memory).max().unwrap_or_default();
    goals.push(most_megabytes("peak memory, the largest of the functions", 20.0, heaviest));
    let largest = ours().filter_map(|one| sizes.get(one.name)).max().copied().unwrap_or_default();
    goals.push(most_megabytes("zipped, the largest of the functions", 4.0, largest));
    for (peer, start, against) in [
        ("python-lookup", 20.0, "lookup"),
        ("python-notify", 20.0, "notify"),
        ("node-lookup", 10.0, "lookup"),
        ("node-notify", 10.0, "notify"),
    ] {
        if let (Some(theirs), Some(ours)) = (find(peer), find(against)) {
            goals.push(at_least(
                format!("{peer}: start, against {against}"),
                start,
                ratio(&theirs.starts, &ours.starts),
            ));
            goals.push(at_least(
                format!("{peer}: memory, against {against}"),
                3.0,
                theirs.memory as f64 / ours.memory.max(1) as f64,
            ));
        }
    }
    let rows = goals.iter().map(|goal| {
        let mark = if goal.met { "yes" } else { "**no**" };
        format!("| {} | {} | {} | {mark} |", goal.what, goal.wanted, goal.measured)
    });
    let head = ["| goal | wanted | measured | met |".to_owned(), "|---|---:|---:|---|".to_owned()];
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

/// How long a citizen waits on a cold start, in each round: a start and the first invocation.
fn cold(of: &Candidate) -> Vec<Duration> {
    let starts =
        of.starts.chunks((of.starts.len() / of.firsts.len().max(1)).max(1)).map(|round| percentile(round, 0.5));
    starts.zip(&of.firsts).map(|(start, first)| start + *first).collect()
}

fn at_most(what: String, most: f64, measured: f64) -> Goal {
    Goal { what, wanted: format!("≤ {most} ×"), measured: format!("{measured:.2} ×"), met: measured <= most }
}

fn at_least(what: String, least: f64, measured: f64) -> Goal {
    Goal { what, wanted: format!("≥ {least:.0} ×"), measured: format!("{measured:.1} ×"), met: measured >= least }
}

fn most_megabytes(what: &str, most: f64, bytes: u64) -> Goal {
    let measured = format!("{} MB", megabytes(bytes));
    Goal { what: what.to_owned(), wanted: format!("≤ {most:.0} MB"), measured, met: bytes as f64 <= most * 1e6 }
}
