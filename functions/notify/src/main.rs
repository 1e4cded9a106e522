//! `NotifyFunction`: the stream of table `dossiers`.

use adapters::aws::{self, Service, Timeouts};
use adapters::redacted::Redacted;
use adapters::start::{Start, start};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use notify::{Batch, BatchResponse};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Background)?;
    let sender = &adapters::port_bundles::notices_from_settings(settings, config, &aws::dynamodb(config))?;
    let services = [Some(Service::DynamoDb), adapters::sms::service(settings)];
    config.open_connections(&services.into_iter().flatten().map(|service| (service, 1)).collect::<Vec<_>>());

    run(service_fn(async |event: LambdaEvent<Redacted<Batch>>| {
        let request = &event.context.request_id;
        let deadline = event.context.deadline().into();
        let (response, tally, rejected) = notify::notify(sender, &event.payload.0, request, deadline).await;
        adapters::report::notices(metrics, request, tally);
        metrics.emit((rejected > 0).then_some(("StreamRecordsRejected", rejected.into())));
        Ok::<BatchResponse, Error>(response)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
