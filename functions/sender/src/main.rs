//! `SenderFunction`: an EventBridge rule every minute, and the event "Apologies Planned".

// The futures of an invocation are nested 130 deep.
#![recursion_limit = "256"]

use adapters::aws::{self, Timeouts};
use adapters::redacted::Redacted;
use adapters::start::{Start, start};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use sender::Started;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Background)?;
    let dynamodb = &aws::dynamodb(config);
    let notices = &adapters::port_bundles::notices_from_settings(settings, config, dynamodb)?;
    let (replies, _) =
        &adapters::port_bundles::replies_from_settings(settings, config, dynamodb, Timeouts::Background)?;

    run(service_fn(async |event: LambdaEvent<Redacted<Started>>| {
        let request = &event.context.request_id;
        // Before anything else, so that alarms have a data point also if the run fails.
        metrics.emit_zeros();
        let deadline = event.context.deadline().into();
        let sent = sender::send_due(notices, replies, &event.payload.0, request, deadline).await;
        adapters::report::notices(metrics, request, sent.notices);
        adapters::report::replies(metrics, request, sent.replies);
        sent.failed.map_or(Ok(()), |error| Err(Error::from(error)))
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
