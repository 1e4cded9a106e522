//! `IntakeFunction`: API Gateway, `POST /dossiers` and `GET /dossiers/{receipt_code}/notices`.

use std::sync::Arc;

use adapters::aws::{self, Service, Timeouts};
use adapters::clock::SystemClock;
use adapters::dossiers::DynamoDossiers;
use adapters::history::DynamoHistory;
use adapters::redacted::Redacted;
use adapters::secret::Secret;
use adapters::start::{Start, start};
use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use intake::Intake;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Background)?;
    let dossiers = settings.required("DOSSIERS_TABLE")?;
    let notices = settings.required("NOTICES_TABLE")?;
    let secret = settings.required("INTAKE_SECRET")?;
    let retention_days = settings.parsed("DOSSIER_RETENTION_DAYS")?;
    let closed_steps = settings.closed_steps()?;

    let secret = Arc::new(Secret::new(aws::secrets_manager(config), secret));
    tokio::spawn({
        let secret = secret.clone();
        async move { secret.fetch_ahead().await }
    });
    config.open_connections(&[(Service::DynamoDb, 1)]);
    let dynamodb = aws::dynamodb(config);
    let intake = &Intake {
        dossiers: DynamoDossiers::writer(dynamodb.clone(), dossiers, retention_days),
        notices: DynamoHistory::new(dynamodb, notices),
        secret,
        clock: SystemClock,
        closed_steps,
    };

    run(service_fn(async |event: LambdaEvent<Redacted<ApiGatewayProxyRequest>>| {
        let (response, counts) = intake.handle(&event.payload.0).await;
        metrics.emit(counts);
        Ok::<_, Error>(response)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
