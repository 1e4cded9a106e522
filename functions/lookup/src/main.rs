//! `LookupFunction`: API Gateway, `GET|POST /mo/{gateway}`.

// The future of an invocation nests some 130 futures of the SDK.
#![recursion_limit = "256"]

use adapters::aws::{self, Service, Timeouts};
use adapters::dossiers::DynamoDossiers;
use adapters::port_bundles::replies_from_settings;
use adapters::redacted::Redacted;
use adapters::settings::{SettingError, Settings};
use adapters::start::{Start, start};
use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use lookup::{Lookup, SenderLimit};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Gateway)?;
    let dossiers = settings.required("DOSSIERS_TABLE")?;
    let closed_steps = settings.closed_steps()?;
    // `no` is the default.
    let charge_unanswered = settings.optional(CHARGE_UNANSWERED).is_some() && settings.yes_or_no(CHARGE_UNANSWERED)?;
    let sender_limit = SenderLimit::new(per_sender_limit(settings)?);

    let dynamodb = aws::dynamodb(config);
    let (ports, secret) = replies_from_settings(settings, config, &dynamodb, Timeouts::Gateway)?;
    // For a short cold start, the secret is fetched, connections are opened and clients are made before the first text
    // arrives, or while the secret is being fetched. The per-sender count and the read of the dossier run at the same
    // time, so there are two connections to DynamoDB.
    tokio::spawn({
        let secret = secret.clone();
        async move { secret.fetch_ahead().await }
    });
    config.open_connections(&[(Service::DynamoDb, 2), (Service::EventBridge, 1)]);
    aws::make_ahead(&dynamodb);
    let lookup = &Lookup {
        dossiers: DynamoDossiers::reader(dynamodb, dossiers),
        ports,
        secret,
        closed_steps,
        charge_unanswered,
        sender_limit,
    };

    run(service_fn(async |event: LambdaEvent<Redacted<ApiGatewayProxyRequest>>| {
        let (response, counts) = lookup.handle(&event.payload.0, &event.context.request_id).await;
        metrics.emit(counts);
        Ok::<_, Error>(response)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}

const CHARGE_UNANSWERED: &str = "CHARGE_UNANSWERED";

/// `PER_SENDER_LIMIT`: different messages of one phone a minute.
///
/// "Không giới hạn số lần nhắn tin tra cứu": the limit is against automatic senders, and a person must never reach it. We
/// estimate that a person who types codes sends 6 messages a minute, and an office that pastes them from a list 15. A
/// phone can send 30, one every two seconds. The default is twice that.
fn per_sender_limit(settings: &Settings) -> Result<u32, SettingError> {
    const NAME: &str = "PER_SENDER_LIMIT";
    match settings.optional(NAME) {
        None => Ok(60),
        Some(_) => match settings.parsed(NAME)? {
            most @ 1..=1_000 => Ok(most),
            _ => Err(SettingError::Wrong { name: NAME, why: "expected 1 to 1000".into() }),
        },
    }
}
