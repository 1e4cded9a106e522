//! Metrics as CloudWatch's embedded metric format: one JSON line on stdout, no call to AWS.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use chrono::Utc;
use serde_json::{Map, Value, json};

const NAMESPACE: &str = "OneStop";

/// Emits counts and gauges; names end in their unit where it is not a count. Dimension: `stage`.
#[derive(Debug, Clone)]
pub struct Metrics {
    stage: String,
}

impl Metrics {
    /// For that stage.
    pub fn new(stage: String) -> Self {
        Self { stage }
    }

    /// One line for all of `values`.
    pub fn emit<'a>(&self, values: impl IntoIterator<Item = (&'a str, f64)>) {
        if let Some(line) = self.line(values, Utc::now().timestamp_millis()) {
            println!("{line}");
        }
    }

    fn line<'a>(&self, values: impl IntoIterator<Item = (&'a str, f64)>, at: i64) -> Option<Value> {
        let mut line: Map<String, Value> =
            values.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        if line.is_empty() {
            return None;
        }
        let metrics: Vec<Value> = line.keys().map(|name| json!({"Name": name})).collect();
        line.insert("stage".into(), json!(self.stage));
        line.insert(
            "_aws".into(),
            json!({"Timestamp": at, "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": metrics}]}),
        );
        Some(Value::Object(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_cloudwatch_reads() {
        let metrics = Metrics::new("prod".into());
        let line = metrics.line([("NoticesSent", 3.0)], 1_790_000_000_000).unwrap();
        assert_eq!(
            line,
            json!({"NoticesSent": 3.0, "stage": "prod", "_aws": {"Timestamp": 1_790_000_000_000_i64, "CloudWatchMetrics": [
                {"Namespace": "OneStop", "Dimensions": [["stage"]], "Metrics": [{"Name": "NoticesSent"}]}]}})
        );
        assert_eq!(metrics.line([], 0), None);
    }
}
