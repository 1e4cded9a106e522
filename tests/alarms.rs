//! infra/alarms.yaml and infra/callbacks.yaml: each alarm watches a metric that a function writes, and is in the state ALARM when it should be,
//! by CloudWatch's documented rules (`system_tests::cloudwatch`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use adapters::metrics::EVERY_MINUTE;
use domain::notice::retry;
use system_tests::cloudwatch::{Alarm, Comparison, Statistic, Written};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn alarms() -> String {
    let read = |name: &str| fs::read_to_string(root().join(name)).expect("a template");
    ["infra/alarms.yaml", "infra/callbacks.yaml"].map(read).join("\n")
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

/// The text of every alarm.
fn resources() -> Vec<String> {
    let alarms = alarms();
    let found = alarms.split("\n\n").filter(|resource| resource.contains("Type: AWS::CloudWatch::Alarm"));
    found.map(str::to_owned).collect()
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
        assert!(sources.contains(&format!("\"{metric}\"")), "no function writes {metric}");
    }
}

/// How many data points CloudWatch retrieves in addition to those it evaluates is not documented: its example has two
/// for three.
const MORE: [usize; 4] = [0, 2, 5, 24];
const DAY: usize = 24 * 60;
const HALF_PAST_FIVE: usize = 17 * 60 + 30;
const SECOND_PASS: usize = HALF_PAST_FIVE + 5;
const SIX: usize = 18 * 60;

/// `ApologyRuns`: a zero in every minute from `deployed` on, and a run in each of `runs`.
fn apology_runs(deployed: usize, days: usize, runs: impl IntoIterator<Item = usize>) -> Written {
    let mut written: Written = (deployed..days * DAY).map(|minute| (minute, vec![0.0])).collect();
    for run in runs.into_iter().filter(|run| *run >= deployed) {
        written.entry(run).or_default().push(1.0);
    }
    written
}

/// The runs of `days` evenings, by the minute in which each ended.
fn evenings(days: usize, ended: impl Fn(usize) -> Vec<usize>) -> Vec<usize> {
    (0..days).flat_map(|day| ended(day).into_iter().map(move |minute| day * DAY + minute)).collect()
}

#[test]
fn the_model_gives_what_the_tables_of_the_documentation_give() {
    let alarm = |datapoints_to_alarm, missing_breaches| Alarm {
        statistic: Statistic::Sum,
        period: 5,
        evaluation_periods: 3,
        datapoints_to_alarm,
        threshold: 1.0,
        comparison: Comparison::GreaterOrEqual,
        missing_breaches,
        by_the_clock: false,
    };
    for (datapoints_to_alarm, points, breaching, not_breaching) in [
        (3, "0-X-X", false, false),
        (3, "0----", false, false),
        (3, "-----", true, false),
        (3, "0XX-X", true, true),
        (3, "----X", true, false),
        (3, "X----", true, false),
        (2, "0-X-X", true, true),
        (2, "00X0X", true, true),
        (2, "0-X--", true, false),
        (2, "----0", true, false),
        (2, "----X", true, false),
    ] {
        let range: Vec<Option<f64>> =
            points.chars().map(|point| (point != '-').then_some(if point == 'X' { 1.0 } else { 0.0 })).collect();
        let states = [true, false].map(|missing| alarm(datapoints_to_alarm, missing).is_red(&range));
        assert_eq!(states, [breaching, not_breaching], "{datapoints_to_alarm} of 3, {points}");
    }
}

/// The minutes in which a day's runs ended.
type Evening = fn(usize) -> Vec<usize>;

#[test]
fn an_evening_with_a_run_raises_no_alarm() {
    let alarm = Alarm::read(&alarm("ApologyDidNotRun"));
    let cases: [(&str, Evening); 5] = [
        ("both passes", |_| vec![HALF_PAST_FIVE, SECOND_PASS]),
        ("both, for a quarter of an hour on some days", |day| {
            if day % 2 == 0 { vec![HALF_PAST_FIVE, SECOND_PASS] } else { vec![HALF_PAST_FIVE + 15, SECOND_PASS + 15] }
        }),
        ("the first alone", |_| vec![HALF_PAST_FIVE]),
        ("the second alone", |_| vec![SECOND_PASS]),
        ("now the one, now the other", |day| vec![if day % 2 == 0 { SECOND_PASS } else { HALF_PAST_FIVE + 20 }]),
    ];
    for (case, ended) in cases {
        let written = apology_runs(0, 6, evenings(6, ended));
        for more in MORE {
            assert_eq!(alarm.red_minutes(&written, 0, 6 * DAY, more), [0; 0], "{case}, {more} more");
        }
    }
}

#[test]
fn an_evening_without_a_run_raises_the_alarm_at_six_and_a_manual_run_ends_it() {
    let alarm = Alarm::read(&alarm("ApologyDidNotRun"));
    let both = |day| if day == 3 { vec![] } else { vec![HALF_PAST_FIVE, SECOND_PASS] };
    let missed = 3 * DAY + SIX;
    for more in MORE {
        let left_alone = apology_runs(0, 6, evenings(6, both));
        let red = alarm.red_minutes(&left_alone, 0, 6 * DAY, more);
        assert_eq!((red.first(), red.last()), (Some(&missed), Some(&(4 * DAY + SIX - 1))), "{more} more");
        let by_hand = 3 * DAY + 19 * 60 + 10;
        let made_up_for = apology_runs(0, 6, evenings(6, both).into_iter().chain([by_hand]));
        let red = alarm.red_minutes(&made_up_for, 0, 6 * DAY, more);
        assert_eq!((red.first(), red.last()), (Some(&missed), Some(&(3 * DAY + 20 * 60 - 1))), "{more} more");
    }
}

/// Deployed at any half hour of a day. A missed first evening raises the alarm when the stack is a day old: before that
/// CloudWatch cannot know since when the zeros are written.
#[test]
fn a_new_stack_raises_no_alarm_before_it_is_a_day_old() {
    let alarm = Alarm::read(&alarm("ApologyDidNotRun"));
    for deployed in (0..DAY).step_by(30) {
        let healthy = apology_runs(deployed, 4, evenings(4, |_| vec![HALF_PAST_FIVE, SECOND_PASS]));
        let broken = apology_runs(deployed, 4, []);
        for more in MORE {
            assert_eq!(alarm.red_minutes(&healthy, 0, 4 * DAY, more), [0; 0], "deployed at minute {deployed}");
            let raised = alarm.red_minutes(&broken, 0, 4 * DAY, more)[0] - deployed;
            assert!((DAY - 60..=DAY + 60).contains(&raised), "deployed at minute {deployed}, raised after {raised}");
        }
    }
}

/// Why the zeros and the whole clock hours are needed.
#[test]
fn without_the_zeros_or_with_a_sliding_day_the_alarm_would_come_late_or_wrongly() {
    let alarm = Alarm::read(&alarm("ApologyDidNotRun"));
    let missed_from_day_3 = |day| if day < 3 { vec![HALF_PAST_FIVE, SECOND_PASS] } else { vec![] };
    let mut no_zeros = apology_runs(0, 9, evenings(9, missed_from_day_3));
    no_zeros.retain(|_, values| values.contains(&1.0));
    assert_eq!(alarm.red_minutes(&no_zeros, 0, 9 * DAY, 2), [0; 0], "silence is no data");

    let one_day = Alarm {
        period: DAY,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        missing_breaches: true,
        by_the_clock: false,
        ..alarm.clone()
    };
    let raised = one_day.red_minutes(&no_zeros, 3 * DAY, 9 * DAY, 2)[0];
    assert!(
        raised > 5 * DAY,
        "an alarm on missing data alone: red in minute {raised}, the evening of day 3 was missed"
    );

    let longer_on_day_3 = evenings(5, |day| vec![SECOND_PASS + if day == 3 { 15 } else { 0 }]);
    let sliding = Alarm { by_the_clock: false, ..alarm };
    assert!(!sliding.red_minutes(&apology_runs(0, 5, longer_on_day_3), 0, 5 * DAY, 2).is_empty());
}

/// An hour without any zero is a missing data point, and how CloudWatch replaces it depends on how many data points it
/// retrieves.
#[test]
fn a_minute_rule_that_stops_raises_an_alarm_and_hides_a_missed_evening_for_a_day_at_most() {
    let stopped = Alarm::read(&alarm("MetricsStopped"));
    let did_not_run = Alarm::read(&alarm("ApologyDidNotRun"));
    let stood_still = 3 * DAY + 3 * 60..3 * DAY + 6 * 60;
    let mut written = apology_runs(0, 5, evenings(3, |_| vec![HALF_PAST_FIVE, SECOND_PASS]));
    written.retain(|minute, _| !stood_still.contains(minute));
    for more in [0, 2, 5] {
        let red = stopped.red_minutes(&written, 30, 5 * DAY, more);
        let after = red[0] - stood_still.start;
        assert!(
            (15..=45).contains(&after) && *red.last().unwrap() < stood_still.end + 15,
            "raised after {after} minutes"
        );
        let raised = did_not_run.red_minutes(&written, 0, 5 * DAY, more)[0];
        assert!((3 * DAY + SIX..=stood_still.end + DAY).contains(&raised), "{raised}");
    }
    let mut with_gaps = apology_runs(0, 2, []);
    with_gaps.retain(|minute, _| minute % 10 != 0);
    assert_eq!(stopped.red_minutes(&with_gaps, 30, 2 * DAY, 2), [0; 0], "a minute that is left out is nothing");
}

#[test]
fn an_alarm_over_several_periods_watches_a_metric_that_is_written_every_minute() {
    let mut watched = BTreeSet::new();
    for resource in resources().into_iter().filter(|resource| resource.contains("Namespace: OneStop\n")) {
        if Alarm::read(&resource).evaluation_periods > 1 {
            let metric = resource.split("MetricName: ").nth(1).and_then(|rest| rest.lines().next());
            watched.insert(metric.expect("a metric").to_owned());
        }
    }
    // An expression has a value only where all its metrics have one.
    for (name, id, metric) in [
        ("UndeliveredShare", "delivered", "NoticesDelivered"),
        ("UndeliveredShare", "undelivered", "NoticesUndelivered"),
        ("ReceiptsStopped", "receipts", "ReceiptsRecorded"),
    ] {
        let alarm = alarm(name);
        let source = alarm.lines().find(|line| line.contains(&format!("Id: {id},"))).expect("a metric");
        assert!(source.contains(&format!("MetricName: {metric},")), "{source}");
        watched.insert(metric.to_owned());
    }
    assert_eq!(watched, EVERY_MINUTE.map(str::to_owned).into());
}

#[test]
fn replies_put_off_now_and_then_raise_no_alarm_and_a_quarter_of_an_hour_of_them_does() {
    let alarm = Alarm::read(&alarm("RepliesDeferred"));
    let mut now_and_then = apology_runs(0, 1, []);
    let mut lasting = now_and_then.clone();
    for minute in [600, 612, 624, 636] {
        now_and_then.entry(minute).or_default().push(3.0);
    }
    for minute in 600..620 {
        lasting.entry(minute).or_default().push(3.0);
    }
    for more in MORE {
        assert_eq!(alarm.red_minutes(&now_and_then, 60, DAY, more), [0; 0]);
        let red = alarm.red_minutes(&lasting, 60, DAY, more);
        assert!((611..=616).contains(&red[0]) && *red.last().unwrap() < 635, "{red:?}");
    }
}

/// The message itself stays in the queue for 14 days.
#[test]
fn a_failed_run_raises_an_alarm_and_so_does_the_next_one() {
    let resource = alarm("RunsFailed");
    assert!(resource.contains("MetricName: NumberOfMessagesSent\n"));
    let alarm = Alarm::read(&resource);
    // SQS writes zeros while a queue is active, six hours after its last message.
    let mut arrivals: Written = (600..600 + 360).map(|minute| (minute, vec![0.0])).collect();
    arrivals.insert(600, vec![1.0]);
    arrivals.insert(900, vec![1.0]);
    for more in MORE {
        let red = alarm.red_minutes(&arrivals, 60, DAY, more);
        // SQS may report a quarter of an hour late: half an hour of periods is evaluated.
        let (first, second): (Vec<usize>, Vec<usize>) = red.iter().partition(|minute| **minute < 900);
        assert!(first[0] == 601 && (625..=640).contains(first.last().unwrap()), "{more} more: {first:?}");
        assert!(second[0] == 901 && (925..=940).contains(second.last().unwrap()), "{more} more: {second:?}");
    }
}

/// The name of a resource, and its description without line breaks.
fn described(resource: &str) -> (String, String) {
    let name = resource.lines().find_map(|line| line.strip_prefix("  ")?.strip_suffix(':')).expect("a name");
    let (_, text) = resource.split_once("AlarmDescription: ").expect("a description");
    let text = text.split("\n      Namespace:").next().and_then(|text| text.split("\n      Metrics:").next());
    (name.trim().to_owned(), text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
}

#[test]
fn every_alarm_says_what_happened_and_links_its_section_of_the_runbook() {
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).expect("docs/runbook.md");
    let resources = resources();
    assert!(resources.len() >= 20, "{}", resources.len());
    for (name, text) in resources.iter().map(|resource| described(resource)) {
        assert!(text.matches(". ").count() >= 2 && text.len() < 1_024, "{name}: {text}");
        assert!(text.ends_with(&format!(" See docs/runbook.md#{}", name.to_lowercase())), "{name}: {text}");
        let section = runbook.split("\n## ").find(|section| section.starts_with(&format!("{name}\n")));
        let section = section.unwrap_or_else(|| panic!("docs/runbook.md has no section {name}"));
        for part in
            ["What it means for citizens", "Why it is raised", "What to do", "How to know it is over", "Try it locally"]
        {
            assert!(section.contains(&format!("**{part}")), "{name} has no part {part:?}");
        }
    }
}

#[test]
fn a_carrier_that_is_down_raises_an_alarm_even_with_one_notice() {
    let alarm = Alarm::read(&alarm("SmsNotAccepted"));
    let (mut down, mut throttled, mut second) = (Written::new(), Written::new(), 600 * 60);
    for attempts in 1..=6 {
        down.entry(second / 60).or_default().push(1.0);
        second += usize::try_from(retry::pause(attempts, 1.0).num_seconds()).expect("a pause");
    }
    throttled.insert(600, vec![4.0]);
    for more in MORE {
        let red = alarm.red_minutes(&down, 60, DAY, more);
        assert!(red.first().is_some_and(|minute| (602..=606).contains(minute)), "{red:?}");
        assert_eq!(alarm.red_minutes(&throttled, 60, DAY, more), [0; 0], "a moment of throttling");
    }
}
