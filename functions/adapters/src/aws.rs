//! The SDK's configuration, made once before the first event: region, credentials and endpoints come from the
//! environment, as Lambda sets it (and as the local stack does, with `AWS_ENDPOINT_URL`).

use std::error::Error;
use std::fmt::Write;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use futures::future::join_all;

use crate::connections::{self, Connections};
use crate::settings::{SettingError, Settings};

/// How long a caller can wait for an answer of AWS.
#[derive(Debug, Clone, Copy)]
pub enum Timeouts {
    /// A citizen's gateway waits: 8083 answers within 4 seconds, whatever happens.
    Gateway,
    /// A stream, a rule or the one-stop software waits.
    Background,
}

/// What every client of a function is made from.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    sdk: SdkConfig,
    connections: Connections,
}

/// The configuration. The behaviour version is dated, so that an update of the SDK changes nothing unasked.
///
/// Not the SDK's own loader: it looks for profiles, metadata services and STS, which a function has no use for, and links
/// them.
pub fn config(limits: Timeouts) -> Result<AwsConfig, SettingError> {
    let (connect, attempt, operation, attempts) = match limits {
        Timeouts::Gateway => (500, 900, 1_600, 2),
        Timeouts::Background => (2_000, 4_000, 12_000, 4),
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(connect))
        .operation_attempt_timeout(Duration::from_millis(attempt))
        .operation_timeout(Duration::from_millis(operation))
        .build();
    let environment = Settings::from_env();
    let connections = Connections::new(Duration::from_millis(connect), connections::IDLE)?;
    let mut sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(environment.required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .http_client(connections.http_client())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    sdk.set_endpoint_url(environment.optional("AWS_ENDPOINT_URL"));
    Ok(AwsConfig { sdk: sdk.build(), connections })
}

/// A service of AWS that a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Tables.
    DynamoDb,
    /// The bus.
    EventBridge,
    /// SMS.
    Sns,
    /// SMS by End User Messaging.
    SmsVoice,
    /// Secrets.
    SecretsManager,
    /// Queues.
    Sqs,
}

impl Service {
    /// The variable that names its endpoint alone.
    fn variable(self) -> &'static str {
        match self {
            Self::DynamoDb => "AWS_ENDPOINT_URL_DYNAMODB",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::Sns => "AWS_ENDPOINT_URL_SNS",
            Self::SmsVoice => "AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2",
            Self::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            Self::Sqs => "AWS_ENDPOINT_URL_SQS",
        }
    }

    /// Its host's first label. <https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html>
    fn host(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::EventBridge => "events",
            Self::Sns => "sns",
            Self::SmsVoice => "sms-voice",
            Self::SecretsManager => "secretsmanager",
            Self::Sqs => "sqs",
        }
    }
}

impl AwsConfig {
    /// Opens connections in the background while the first event is awaited: that many to each service, one service after
    /// the other, so that the handshakes of the last do not slow down those of the first. A service that does not answer
    /// delays the next by 2 s at most. No call waits for it: without an open connection, a call makes its own.
    pub fn open_connections(&self, services: &[(Service, usize)]) {
        let (config, services) = (self.clone(), services.to_owned());
        tokio::spawn(async move {
            after_next().await;
            for (service, count) in services {
                let endpoint = config.endpoint(service);
                join_all((0..count).map(|_| config.connections.open(&endpoint))).await;
            }
        });
    }

    fn endpoint(&self, service: Service) -> String {
        let own = Settings::from_env().optional(service.variable());
        let all = || self.sdk.endpoint_url().map(str::to_owned);
        let region = self.sdk.region().map_or("", Region::as_ref);
        own.or_else(all).unwrap_or_else(|| format!("https://{}.{region}.amazonaws.com", service.host()))
    }

    /// The configuration for one service, whose endpoint a variable may name by itself, as for every SDK of AWS. So one
    /// service can be made to fail and the others not.
    /// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
    pub(crate) fn of(&self, service: Service) -> SdkConfig {
        at(&self.sdk, Settings::from_env().optional(service.variable()))
    }
}

/// Lets the runtime ask for the first event before anything else is done.
pub(crate) async fn after_next() {
    for _ in 0..YIELDS {
        tokio::task::yield_now().await;
    }
}

/// The runtime's client needs some turns of the executor until its request is written.
const YIELDS: usize = 8;

/// A client that is made at its first call, once for all who hold it. Each parses AWS's partitions and a certificate store
/// for itself, most of what it adds to a start; made so, that is done while another service answers, or not at all.
pub type LazyClient<C> = Arc<LazyLock<C, Box<dyn FnOnce() -> C + Send>>>;

/// Makes `client` from now on, while the first event is awaited and the connections are opened.
pub fn make_ahead<C: Send + Sync + 'static>(client: &LazyClient<C>) {
    let client = client.clone();
    tokio::spawn(async move {
        after_next().await;
        LazyLock::force(&client);
    });
}

pub(crate) fn lazy_client<C>(make: impl FnOnce() -> C + Send + 'static) -> LazyClient<C> {
    Arc::new(LazyLock::new(Box::new(make)))
}

/// DynamoDB, for those who only hand it on.
pub type DynamoDb = LazyClient<aws_sdk_dynamodb::Client>;

pub fn dynamodb(config: &AwsConfig) -> DynamoDb {
    let config = config.clone();
    lazy_client(move || aws_sdk_dynamodb::Client::new(&config.of(Service::DynamoDb)))
}

pub fn secrets_manager(config: &AwsConfig) -> LazyClient<aws_sdk_secretsmanager::Client> {
    let config = config.clone();
    lazy_client(move || aws_sdk_secretsmanager::Client::new(&config.of(Service::SecretsManager)))
}

pub fn eventbridge(config: &AwsConfig) -> LazyClient<aws_sdk_eventbridge::Client> {
    let config = config.clone();
    lazy_client(move || aws_sdk_eventbridge::Client::new(&config.of(Service::EventBridge)))
}

/// A client of SQS.
pub fn sqs(config: &AwsConfig) -> LazyClient<aws_sdk_sqs::Client> {
    let config = config.clone();
    lazy_client(move || aws_sdk_sqs::Client::new(&config.of(Service::Sqs)))
}

fn at(config: &SdkConfig, endpoint: Option<String>) -> SdkConfig {
    match endpoint {
        Some(endpoint) => config.clone().into_builder().endpoint_url(endpoint).build(),
        None => config.clone(),
    }
}

/// An error and its causes in one line: only their own sentences, no request or response, for those hold phone numbers.
pub(crate) fn error_chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(words, ": {error}");
        cause = error.source();
    }
    words
}

#[cfg(test)]
impl AwsConfig {
    /// Every service at one address, by connections that are not used again after `idle`.
    pub(crate) fn for_tests(endpoint: &str, idle: Duration) -> Self {
        let connections = Connections::new(Duration::from_secs(2), idle).expect("settings");
        let keys = aws_sdk_dynamodb::config::Credentials::new("a", "b", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("ap-southeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .http_client(connections.http_client())
            .endpoint_url(endpoint)
            .build();
        Self { sdk, connections }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_client_is_made_at_its_first_call_and_once_for_all_who_hold_it() {
        let made = Arc::new(AtomicU32::new(0));
        let counter = made.clone();
        let client = lazy_client(move || counter.fetch_add(1, Ordering::SeqCst) + 1);
        let other = client.clone();
        assert_eq!(made.load(Ordering::SeqCst), 0);
        assert_eq!((**client, **other, made.load(Ordering::SeqCst)), (1, 1, 1));
    }

    #[test]
    fn a_service_may_have_an_endpoint_of_its_own() {
        let config = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        let url = |own: Option<&str>| at(&config, own.map(str::to_owned)).endpoint_url().map(str::to_owned);
        assert_eq!(url(None).as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(url(Some("http://127.0.0.1:2")).as_deref(), Some("http://127.0.0.1:2"));
    }
}
