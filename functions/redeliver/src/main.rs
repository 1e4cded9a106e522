//! `RedeliverFunction`: an EventBridge rule, every minute.

use adapters::metrics::Metrics;
use adapters::settings::Settings;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing::init_default_subscriber();
    let settings = Settings::from_env();
    let metrics = &Metrics::new(settings.required("STAGE")?);
    let delivery = &adapters::delivery::from_settings(&settings).await?;

    run(service_fn(async |event: LambdaEvent<Value>| {
        let request = &event.context.request_id;
        let tally = redeliver::redeliver(delivery, request, event.context.deadline().into()).await?;
        adapters::delivery::report(metrics, request, tally);
        Ok::<(), Error>(())
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
