//! CloudWatch's alarms, evaluated by the rules of its documentation: the local AWS does not evaluate them.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html>

use std::collections::BTreeMap;

/// A metric: its values in each minute, beginning at a midnight in Vietnam.
pub type Written = BTreeMap<usize, Vec<f64>>;

/// The settings of an alarm that its state depends on.
#[derive(Debug, Clone)]
pub struct Alarm {
    pub statistic: Statistic,
    /// Minutes a data point covers.
    pub period: usize,
    /// Data points an evaluation needs (N).
    pub evaluation_periods: usize,
    /// Of those, how many must breach (M).
    pub datapoints_to_alarm: usize,
    pub threshold: f64,
    /// How a value breaches it.
    pub comparison: Comparison,
    /// TreatMissingData: whether a missing data point breaches.
    pub missing_breaches: bool,
    /// WallClockWindow: whole clock periods. Otherwise the window moves with every minute.
    pub by_the_clock: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    Sum,
    Maximum,
    SampleCount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    Greater,
    GreaterOrEqual,
}

impl Alarm {
    /// Reads a resource of infra/alarms.yaml.
    pub fn read(resource: &str) -> Self {
        let setting = |name: &str| {
            let line = resource.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
            line.unwrap_or_else(|| panic!("no {name}: {resource}")).trim()
        };
        let number = |name: &str| setting(name).parse::<usize>().expect("a number");
        let has = |name: &str| resource.contains(&format!("{name}: "));
        let evaluation_periods = number("EvaluationPeriods");
        Self {
            statistic: match setting("Statistic") {
                "Sum" => Statistic::Sum,
                "Maximum" => Statistic::Maximum,
                "SampleCount" => Statistic::SampleCount,
                other => panic!("{other}"),
            },
            period: number("Period") / 60,
            evaluation_periods,
            datapoints_to_alarm: if has("DatapointsToAlarm") {
                number("DatapointsToAlarm")
            } else {
                evaluation_periods
            },
            threshold: setting("Threshold").parse().expect("a number"),
            comparison: match setting("ComparisonOperator") {
                "LessThanThreshold" => Comparison::Less,
                "GreaterThanThreshold" => Comparison::Greater,
                "GreaterThanOrEqualToThreshold" => Comparison::GreaterOrEqual,
                other => panic!("{other}"),
            },
            missing_breaches: match setting("TreatMissingData") {
                "breaching" => true,
                "notBreaching" => false,
                other => panic!("{other}"),
            },
            by_the_clock: has("WallClockWindow"),
        }
    }

    /// The state for the data points of the evaluation range, the newest last; None for a missing one.
    ///
    /// "If some data points in the evaluation range are missing, but the number of existing data points retrieved is equal to or more
    /// than the alarm's Evaluation Periods, CloudWatch evaluates the alarm state based on the most recent existing data points that were
    /// successfully retrieved. In this case, the value you set for how to treat missing data is not needed and is ignored." Otherwise
    /// it "uses missing data points only as few times as possible".
    pub fn is_red(&self, range: &[Option<f64>]) -> bool {
        let existing: Vec<f64> = range.iter().rev().flatten().copied().take(self.evaluation_periods).collect();
        let filled = self.evaluation_periods - existing.len();
        let breaching = existing.iter().filter(|value| self.breaches(**value)).count();
        breaching + if self.missing_breaches { filled } else { 0 } >= self.datapoints_to_alarm
    }

    /// The minutes of `from..to` in the state ALARM. CloudWatch retrieves "a higher number of data points than
    /// specified by Evaluation Periods" and does not say how many: `more` is that difference.
    pub fn red_minutes(&self, written: &Written, from: usize, to: usize, more: usize) -> Vec<usize> {
        let step = if self.by_the_clock { self.period } else { 1 };
        let mut red = Vec::new();
        for end in (from - from % step..to).step_by(step) {
            if self.is_red(&self.range(written, end, more)) {
                red.extend((end..end + step).filter(|minute| (from..to).contains(minute)));
            }
        }
        red
    }

    /// The data points up to the one that ends before minute `end`.
    fn range(&self, written: &Written, end: usize, more: usize) -> Vec<Option<f64>> {
        let ends = (0..self.evaluation_periods + more).rev().map(|back| end.checked_sub(back * self.period));
        ends.map(|end| self.data_point(written, end?)).collect()
    }

    /// Over the period that ends before minute `end`.
    fn data_point(&self, written: &Written, end: usize) -> Option<f64> {
        let values: Vec<f64> =
            written.range(end.checked_sub(self.period)?..end).flat_map(|(_, values)| values).copied().collect();
        (!values.is_empty()).then(|| match self.statistic {
            Statistic::Sum => values.iter().sum(),
            Statistic::Maximum => values.iter().copied().fold(f64::MIN, f64::max),
            Statistic::SampleCount => values.len() as f64,
        })
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.threshold,
            Comparison::Greater => value > self.threshold,
            Comparison::GreaterOrEqual => value >= self.threshold,
        }
    }
}
