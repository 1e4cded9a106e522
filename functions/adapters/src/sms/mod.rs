//! SMS through the carrier that parameter `SmsSender` names: one file each, with one table of what its errors mean.

pub mod aws_sms;
pub mod esms;
pub mod kannel;
pub mod sns;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use application::ports::{SendError, Sms, SmsSender};
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sns::config::http::HttpResponse;
use aws_sdk_sns::error::SdkError;
use aws_smithy_runtime_api::client::result::ServiceError;

use crate::aws::{self, AwsConfig, Service, Timeouts};
use crate::https::never_connected;
use crate::secret::Secret;
use crate::settings::{SettingError, Settings};

/// The carrier of notices.
pub enum Carrier {
    Sns(sns::Sns),
    AwsSms(aws_sms::AwsSms),
    Kannel(kannel::Kannel),
    Esms(esms::Esms),
}

impl Carrier {
    /// From `SMS_SENDER` and what that carrier needs.
    pub fn from_settings(settings: &Settings, config: &AwsConfig) -> Result<Self, SettingError> {
        let name = "SMS_SENDER";
        let sender_id = settings.sender_id()?;
        let secret = || {
            let id = settings.required("SMS_SECRET")?;
            Ok::<_, SettingError>(Arc::new(Secret::new(aws::secrets_manager(config), id)))
        };
        match settings.required(name)?.as_str() {
            "sns" => Ok(Self::Sns(sns::Sns::new(config, sender_id.as_deref()))),
            "aws-sms" => {
                let sender_id = sender_id.ok_or(SettingError::Missing("SMS_SENDER_ID"))?;
                let configuration_set = settings.required("SMS_CONFIGURATION_SET")?;
                Ok(Self::AwsSms(aws_sms::AwsSms::new(config, sender_id, configuration_set)))
            }
            "kannel" => Ok(Self::Kannel(kannel::Kannel::new(secret()?, Timeouts::Background))),
            "esms" => Ok(Self::Esms(esms::Esms::new(secret()?, Timeouts::Background))),
            _ => Err(SettingError::Wrong { name, why: "expected sns, aws-sms, kannel or esms".into() }),
        }
    }
}

/// The service of AWS that the carrier is, if it is one.
pub fn service(settings: &Settings) -> Option<Service> {
    match settings.optional("SMS_SENDER")?.as_str() {
        "sns" => Some(Service::Sns),
        "aws-sms" => Some(Service::SmsVoice),
        _ => None,
    }
}

impl SmsSender for Carrier {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        match self {
            Self::Sns(sns) => sns.send(sms).await,
            Self::AwsSms(aws_sms) => aws_sms.send(sms).await,
            Self::Kannel(kannel) => kannel.send(sms).await,
            Self::Esms(esms) => esms.send(sms).await,
        }
    }
}

/// Of a client that sends: one attempt, which fits into the end of every run.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(2)).operation_timeout(Duration::from_secs(10)).build()
}

/// What an error of the SDK means that is no refusal by the service; otherwise the refusal.
fn not_refused<E: Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> Result<SendError, &ServiceError<E, HttpResponse>> {
    match error {
        SdkError::ServiceError(refusal) => Err(refusal),
        SdkError::ConstructionFailure(_) => Ok(SendError::NotSent(aws::error_chain(error))),
        SdkError::DispatchFailure(failure)
            if failure.as_connector_error().is_some_and(|error| never_connected(error)) =>
        {
            Ok(SendError::NotSent(aws::error_chain(error)))
        }
        _ => Ok(SendError::Unknown(aws::error_chain(error))),
    }
}
