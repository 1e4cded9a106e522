//! `DeskFunction`: API Gateway, `/desk` and what is under it.

// The future of an invocation nests some 130 futures of the SDK.
#![recursion_limit = "256"]

use std::sync::Arc;

use adapters::aws::{self, Service, Timeouts};
use adapters::desk::DeskTables;
use adapters::https::Https;
use adapters::redacted::Redacted;
use adapters::secret::Secret;
use adapters::sessions::LoginTables;
use adapters::start::{Start, start};
use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use desk::login::{ClaimNames, Login};
use desk::{Desk, DeskConfig};
use domain::desk::letters::Evenings;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, config, .. } = &start(Timeouts::Background)?;
    let dynamodb = aws::dynamodb(config);
    let ports = DeskTables::new(settings, dynamodb.clone())?;
    let sessions = LoginTables::new(settings, dynamodb.clone())?;
    let secret = Arc::new(Secret::new(aws::secrets_manager(config), settings.required("DESK_SECRET")?));
    let claims =
        ClaimNames { groups: settings.required("DESK_GROUPS_CLAIM")?, office: settings.required("DESK_OFFICE_CLAIM")? };
    let is_local = settings.required("STAGE")? == "local";
    // While the first request is awaited.
    tokio::spawn({
        let secret = secret.clone();
        async move { secret.fetch_ahead().await }
    });
    config.open_connections(&[(Service::DynamoDb, 2)]);
    aws::make_ahead(&dynamodb);
    let door = Login::new(sessions, Https::new(Timeouts::Background), secret, claims, is_local);
    let config = DeskConfig {
        office: settings.office()?,
        closed_steps: settings.closed_steps()?,
        evenings: if is_local { Evenings::AllDay } else { Evenings::AtHalfPastFive },
        window: settings.sending_window()?,
        notices_kept_days: settings.parsed("NOTICE_RETENTION_DAYS")?,
        inquiries_kept_days: settings.parsed("INQUIRY_RETENTION_DAYS")?,
    };
    let desk = &Desk { door, ports, config };

    run(service_fn(async |event: LambdaEvent<Redacted<ApiGatewayProxyRequest>>| {
        Ok::<_, Error>(desk.handle(&event.payload.0).await)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
