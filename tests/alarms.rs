//! Alarms that can speak: each watches a metric that some function emits, and the one for silence breaks on silence.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn alarms() -> String {
    fs::read_to_string(root().join("infra/alarms.yaml")).expect("infra/alarms.yaml")
}

/// Every source file of the functions, as one text.
fn sources() -> String {
    let mut folders = vec![root().join("functions")];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        let (more, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
        folders.extend(more);
        let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
        all.extend(files.map(|file| fs::read_to_string(file).expect("a source file")));
    }
    all
}

/// The text of one resource.
fn alarm(name: &str) -> String {
    let alarms = alarms();
    let (_, rest) = alarms.split_once(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("no alarm {name}"));
    rest.split("\n\n").next().unwrap_or_default().to_owned()
}

#[test]
fn every_alarm_on_a_metric_of_ours_watches_one_that_a_function_emits() {
    let (alarms, sources) = (alarms(), sources());
    let ours: Vec<&str> = alarms
        .split("Namespace: OneStop")
        .skip(1)
        .filter_map(|after| after.split("MetricName: ").nth(1)?.split(['\n', ' ', '}', ',']).next())
        .collect();
    assert!(ours.len() >= 8, "{ours:?}");
    for metric in ours {
        assert!(sources.contains(&format!("\"{metric}\"")), "no function emits {metric}");
    }
}

#[test]
fn an_evening_without_a_run_is_told_and_an_evening_with_one_is_not() {
    let alarm = alarm("ApologyDidNotRun");
    for line in
        ["MetricName: ApologyRuns", "Period: 86400", "Threshold: 1", "LessThanThreshold", "TreatMissingData: breaching"]
    {
        assert!(alarm.contains(line), "{line}");
    }
}
