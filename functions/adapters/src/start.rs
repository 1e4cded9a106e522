//! The common start of every function.

use crate::aws::{self, AwsConfig, Timeouts};
use crate::metrics::Metrics;
use crate::settings::{SettingError, Settings};
use crate::{logs, redacted};

/// The settings, the metrics and AWS's configuration of a function.
pub struct Start {
    pub settings: Settings,
    pub metrics: Metrics,
    pub config: AwsConfig,
}

/// Turns the logs on, removes personal data from panics, and reads what all functions need from the environment.
pub fn start(timeouts: Timeouts) -> Result<Start, SettingError> {
    logs::to_stdout();
    redacted::panics();
    let settings = Settings::from_env();
    let metrics = Metrics::new(settings.required("STAGE")?);
    let config = aws::config(timeouts)?;
    Ok(Start { settings, metrics, config })
}
