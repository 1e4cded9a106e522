//! What a function says: lines to stdout, in the format and at the level that Lambda's logging controls set.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
//!
//! INFO is the most that is compiled in (`max_level_info` in Cargo.toml): the SDK's DEBUG lines show requests, and those
//! hold phone numbers; nobody can turn them on. It also makes for a smaller program that starts faster, as does a filter
//! by level alone, without the runtime's own, which brings regular expressions along (docs/performance.md).

use tracing::level_filters::LevelFilter;

use crate::settings::Settings;

/// From now on what is said is seen. To be called once, at the start.
pub fn to_stdout() {
    let settings = Settings::from_env();
    let lines = tracing_subscriber::fmt()
        .with_max_level(level(settings.optional("AWS_LAMBDA_LOG_LEVEL").as_deref()))
        .with_target(false)
        .without_time(); // Lambda says when
    match settings.optional("AWS_LAMBDA_LOG_FORMAT").as_deref() {
        Some("JSON") => lines.json().init(),
        _ => lines.init(),
    }
}

/// Lambda's words are those of `tracing`, except FATAL, above all we say.
fn level(wanted: Option<&str>) -> LevelFilter {
    match wanted {
        Some("FATAL") => LevelFilter::OFF,
        Some(wanted) => wanted.parse().unwrap_or(LevelFilter::INFO),
        None => LevelFilter::INFO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_what_lambda_sets_and_never_more_than_info() {
        let levels = [(None, "info"), (Some("WARN"), "warn"), (Some("FATAL"), "off"), (Some("loud"), "info")];
        for (wanted, expected) in levels {
            assert_eq!(level(wanted).to_string(), expected, "{wanted:?}");
        }
        assert_eq!(tracing::level_filters::STATIC_MAX_LEVEL, LevelFilter::INFO, "the SDK's DEBUG lines hold requests");
    }
}
