//! `DeskFunction`: API Gateway, `/desk` and what is under it.

use adapters::aws::{Service, Timeouts};
use adapters::desk::DeskTables;
use adapters::redacted::Redacted;
use adapters::start::{Start, start};
use aws_lambda_events::apigw::ApiGatewayProxyRequest;
use desk::{Admission, Desk, DeskConfig, Door, Reply, Request};
use http::StatusCode;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};

/// Nobody comes in until there is a log-in.
struct Closed;

impl Door for Closed {
    async fn admit(&self, _: &Request) -> Admission {
        Admission::Answer(Reply::problem(StatusCode::SERVICE_UNAVAILABLE, String::new()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, config, .. } = &start(Timeouts::Background)?;
    let ports = DeskTables::new(settings, config)?;
    config.open_connections(&[(Service::DynamoDb, 2)]);
    let config =
        DeskConfig { office: settings.office()?, closed_steps: settings.closed_steps()?, form_action: String::new() };
    let desk = &Desk { door: Closed, ports, config };

    run(service_fn(async |event: LambdaEvent<Redacted<ApiGatewayProxyRequest>>| {
        Ok::<_, Error>(desk.handle(&event.payload.0).await)
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
