//! `RedeliverFunction`: an EventBridge rule, every minute.

use adapters::aws::{self, Timeouts};
use adapters::logs;
use adapters::metrics::Metrics;
use adapters::redacted;
use adapters::settings::Settings;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    logs::to_stdout();
    redacted::panics();
    let settings = Settings::from_env();
    let metrics = &Metrics::new(settings.required("STAGE")?);
    let config = aws::config(Timeouts::Background)?;
    let dynamodb = &aws::dynamodb(&config);
    let delivery = &adapters::delivery::from_settings(&settings, &config, dynamodb)?;
    let (replies, _) = &adapters::delivery::replies_from_settings(&settings, &config, dynamodb, Timeouts::Background)?;

    run(service_fn(async |event: LambdaEvent<Value>| {
        let request = &event.context.request_id;
        // First of all, so that a run that fails is no silence.
        metrics.emit_zeros();
        let drained = redeliver::redeliver(delivery, replies, request, event.context.deadline().into()).await;
        adapters::delivery::report(metrics, request, drained.notices);
        adapters::delivery::report_replies(metrics, request, drained.replies);
        drained.failed.map_or(Ok(()), |error| Err(Error::from(error)))
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
