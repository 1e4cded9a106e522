//! `ReceiptsFunction`: subscriptions of SNS's delivery logs, the topic of End User Messaging's events, and
//! `/dlr/{carrier}`.

use adapters::aws::{self, Service, Timeouts};
use adapters::redacted::Redacted;
use adapters::report::receipt_counts;
use adapters::secret::Secret;
use adapters::start::{Start, start};
use application::sending::Suspicion;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use receipts::{Done, ReceiptEvent, Recorder};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config: aws } = &start(Timeouts::Background)?;
    let (ports, config) = adapters::port_bundles::receipts_from_settings(settings, aws, &aws::dynamodb(aws))?;
    let secret = settings.optional("SMS_SECRET").map(|id| Secret::new(aws::secrets_manager(aws), id));
    aws.open_connections(&[(Service::DynamoDb, 2)]);
    let recorder = &Recorder { ports, config, suspicion: Suspicion::default(), secret };

    run(service_fn(async |event: LambdaEvent<Redacted<Value>>| {
        let event =
            ReceiptEvent::try_from(event.payload.0).inspect_err(|_| metrics.emit([("ReceiptsRejected", 1.0)]))?;
        let Done { response, tally, rejected, is_refused, failed } = recorder.record(&event).await;
        metrics.emit(receipt_counts(tally));
        metrics.emit((rejected > 0).then_some(("ReceiptsRejected", rejected.into())));
        metrics.emit(is_refused.then_some(("CallBacksRefused", 1.0)));
        failed.map_or(Ok(response), |error| Err(Error::from(error)))
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
