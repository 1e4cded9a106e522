//! `CallbackFunction`: the queue of call-backs.

use adapters::aws::{self, Timeouts};
use adapters::clock::SystemClock;
use adapters::redacted::Redacted;
use adapters::retry_queue::SqsQueue;
use adapters::secret::Secret;
use adapters::start::{Start, start};
use aws_lambda_events::sqs::SqsEvent;
use callback::{CallbackSender, Done, Receiver};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Background)?;
    let is_local = settings.required("STAGE")? == "local";
    let url = settings.required("CALLBACK_URL")?;
    let secret = Secret::new(aws::secrets_manager(config), settings.required("CALLBACK_SECRET")?);
    let (queue, failed) = (settings.required("CALLBACK_QUEUE")?, settings.required("FAILED_CALLBACKS_QUEUE")?);
    let sender = &CallbackSender {
        clock: SystemClock,
        queue: SqsQueue::new(aws::sqs(config), queue, failed),
        receiver: Receiver::new(&url, is_local, secret)?,
    };

    run(service_fn(async |event: LambdaEvent<Redacted<SqsEvent>>| {
        let Done { response, tally } = sender.send_batch(&event.payload.0).await;
        metrics.emit(tally.counts());
        Ok::<_, Error>(response)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
