//! Metrics in CloudWatch's embedded metric format: one JSON line on stdout, no call to AWS.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//!
//! Lambda treats a line without level and time as INFO and drops it if the function's log level is higher; the metrics
//! in it are then lost (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>). So
//! each line has the level FATAL, which is never dropped. CloudWatch ignores members that the format does not define.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "OneStop";

/// The metrics that get a zero from `SenderFunction` every minute. CloudWatch's alarms use the last *real* data points:
/// without zeros, a missing count is not a data point, and counts with long pauses between them look consecutive.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>. Only metrics with an
/// alarm over several periods are here, and those whose absence an alarm's expression compares with another metric: a
/// metric that is written every hour costs 0.30 USD a month.
pub const EVERY_MINUTE: [&str; 7] = [
    "ApologyRuns",
    "OldestDueSeconds",
    "RepliesDeferred",
    "InquiriesUnanswered",
    "NoticesDelivered",
    "NoticesUndelivered",
    "ReceiptsRecorded",
];

/// Metric names and values.
pub type Counts = Vec<(&'static str, f64)>;

/// Writes counts and gauges. Names end in their unit, except counts. Dimension: `stage`.
#[derive(Debug, Clone)]
pub struct Metrics {
    stage: String,
}

impl Metrics {
    pub fn new(stage: String) -> Self {
        Self { stage }
    }

    /// One line for all of `values`.
    pub fn emit<'a>(&self, values: impl IntoIterator<Item = (&'a str, f64)>) {
        if let Some(line) = self.line(values, Utc::now()) {
            println!("{line}");
        }
    }

    /// Writes the zeros of [`EVERY_MINUTE`].
    pub fn emit_zeros(&self) {
        self.emit(EVERY_MINUTE.map(|name| (name, 0.0)));
    }

    fn line<'a>(&self, values: impl IntoIterator<Item = (&'a str, f64)>, at: DateTime<Utc>) -> Option<Value> {
        let mut line: Map<String, Value> =
            values.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        if line.is_empty() {
            return None;
        }
        let metrics: Vec<Value> = line.keys().map(|name| json!({"Name": name})).collect();
        line.insert("stage".into(), json!(self.stage));
        line.insert("level".into(), json!("FATAL"));
        line.insert("timestamp".into(), json!(at.to_rfc3339_opts(SecondsFormat::Millis, true)));
        line.insert(
            "_aws".into(),
            json!({"Timestamp": at.timestamp_millis(), "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": metrics}]}),
        );
        Some(Value::Object(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::tests::{LEVELS, lambda_keeps};

    fn at() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_790_000_000_000).unwrap()
    }

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let metrics = Metrics::new("prod".into());
        let line = metrics.line([("NoticesSent", 3.0)], at()).unwrap();
        assert_eq!(
            line,
            json!({"NoticesSent": 3.0, "stage": "prod", "level": "FATAL", "timestamp": "2026-09-21T14:13:20.000Z",
                "_aws": {"Timestamp": 1_790_000_000_000_i64, "CloudWatchMetrics": [
                {"Namespace": "OneStop", "Dimensions": [["stage"]], "Metrics": [{"Name": "NoticesSent"}]}]}})
        );
        assert_eq!(metrics.line([], at()), None);
    }

    #[test]
    fn no_log_level_drops_a_metric() {
        let line = Metrics::new("prod".into()).line([("NoticesSent", 3.0)], at()).unwrap().to_string();
        for level in LEVELS {
            assert!(lambda_keeps(&line, level), "{level}");
        }
        let without = |member: &str| {
            let mut line: Map<String, Value> = serde_json::from_str(&line).unwrap();
            line.remove(member);
            Value::Object(line).to_string()
        };
        for member in ["level", "timestamp"] {
            assert!(!lambda_keeps(&without(member), "WARN"), "Lambda takes a line without {member} for INFO");
        }
    }
}
