//! The logs: lines to stdout, in the format and at the level that Lambda's logging controls set.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
//!
//! INFO is the most detailed level that is compiled in (`max_level_info` in Cargo.toml): the SDK's DEBUG lines contain
//! requests with phone numbers, and so cannot be turned on. This also makes the program smaller and its start faster,
//! as does a filter by level alone, without the runtime's own filter, which needs regular expressions
//! (docs/performance.md).
//!
//! A JSON line contains its level and its time: Lambda filters the lines again, and treats a line without one of them
//! as INFO. At level WARN our errors would be lost.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::Settings;

/// Turns the logs on. To be called once, at the start.
pub fn to_stdout() {
    let settings = Settings::from_env();
    let level = level(settings.optional("AWS_LAMBDA_LOG_LEVEL").as_deref());
    match settings.optional("AWS_LAMBDA_LOG_FORMAT").as_deref() {
        Some("JSON") => in_json(level, std::io::stdout).init(),
        // Lambda reads no level from a text line, and adds the time itself.
        _ => tracing_subscriber::fmt().with_max_level(level).with_target(false).without_time().init(),
    }
}

fn in_json<W: for<'a> MakeWriter<'a> + Send + Sync + 'static>(
    level: LevelFilter,
    to: W,
) -> impl Subscriber + Send + Sync {
    tracing_subscriber::fmt().with_max_level(level).with_target(false).json().with_writer(to).finish()
}

/// Lambda's names are those of `tracing`, except FATAL, which is above all our levels.
fn level(wanted: Option<&str>) -> LevelFilter {
    match wanted {
        Some("FATAL") => LevelFilter::OFF,
        Some(wanted) => wanted.parse().unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use chrono::DateTime;
    use serde_json::Value;

    pub(crate) const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

    /// Lambda's filter as its documentation describes it: a line without a valid level, or without a valid time, is
    /// INFO.
    pub(crate) fn lambda_keeps(line: &str, wanted: &str) -> bool {
        let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let has_time = line["timestamp"].as_str().is_some_and(|at| DateTime::parse_from_rfc3339(at).is_ok());
        let own = line["level"].as_str().filter(|_| has_time).and_then(rank);
        own.or(rank("INFO")) >= rank(wanted)
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_said_at_a_level_reaches_the_log_of_a_function_at_that_level() {
        for (wanted, expected) in [
            (None, vec!["INFO", "WARN", "ERROR"]),
            (Some("DEBUG"), vec!["INFO", "WARN", "ERROR"]),
            (Some("WARN"), vec!["WARN", "ERROR"]),
            (Some("ERROR"), vec!["ERROR"]),
            (Some("FATAL"), vec![]),
        ] {
            let lines = Lines::default();
            let writer = lines.clone();
            tracing::subscriber::with_default(in_json(level(wanted), move || writer.clone()), || {
                tracing::debug!("not compiled in");
                tracing::info!("one");
                tracing::warn!("two");
                tracing::error!("three");
            });
            let said = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
            let kept: Vec<String> = said
                .lines()
                .filter(|line| lambda_keeps(line, wanted.unwrap_or("INFO")))
                .map(|line| serde_json::from_str::<Value>(line).unwrap()["level"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(kept, expected, "{wanted:?}: {said}");
        }
    }

    #[test]
    fn the_level_is_what_lambda_sets_and_never_more_than_info() {
        let levels = [(None, "info"), (Some("WARN"), "warn"), (Some("FATAL"), "off"), (Some("loud"), "info")];
        for (wanted, expected) in levels {
            assert_eq!(level(wanted).to_string(), expected, "{wanted:?}");
        }
        assert_eq!(tracing::level_filters::STATIC_MAX_LEVEL, LevelFilter::INFO, "the SDK's DEBUG lines hold requests");
    }
}
