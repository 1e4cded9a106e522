//! SMS by AWS End User Messaging: one SendTextMessage, and the meaning of its errors.
//!
//! <https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html>. It has no token by which
//! it would recognise a repeated request, so the SDK's own retry is off. `Context` names the notice, and its events
//! repeat it.

use application::ports::{SendError, Sms, SmsSender};
use aws_config::retry::RetryConfig;
use aws_sdk_pinpointsmsvoicev2::Client;
use aws_sdk_pinpointsmsvoicev2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_pinpointsmsvoicev2::operation::send_text_message::SendTextMessageError;
use aws_sdk_pinpointsmsvoicev2::types::MessageType;
use chrono::{DateTime, Utc};
use domain::notice::receipt::CarrierWords;

use super::{not_refused, timeouts};
use crate::aws::{self, AwsConfig, LazyClient, Service};

pub struct AwsSms {
    client: LazyClient<Client>,
    sender_id: String,
    configuration_set: String,
}

impl AwsSms {
    /// `configuration_set`: template.yaml makes it; it names the topic of the events and the protection.
    pub fn new(config: &AwsConfig, sender_id: String, configuration_set: String) -> Self {
        let config = config.clone();
        Self { client: aws::lazy_client(move || client(&config)), sender_id, configuration_set }
    }
}

/// No retry: the outbox decides what is sent again.
fn client(config: &AwsConfig) -> Client {
    let config = aws_sdk_pinpointsmsvoicev2::config::Builder::from(&config.of(Service::SmsVoice))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build();
    Client::from_conf(config)
}

impl SmsSender for AwsSms {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        let send = self
            .client
            .send_text_message()
            .destination_phone_number(sms.phone.as_e164())
            .origination_identity(&self.sender_id)
            .message_body(sms.text)
            .message_type(MessageType::Transactional)
            .configuration_set_name(&self.configuration_set)
            .set_time_to_live(sms.expires_at.map(|at| time_to_live(at, Utc::now())))
            .context("receipt_code", sms.id.receipt_code.as_str())
            .context("notice", sms.id.name());
        match send.send().await {
            Ok(sent) => Ok(sent.message_id.unwrap_or_default()),
            Err(error) => Err(meaning(&error)),
        }
    }
}

/// In seconds, within what the service accepts.
fn time_to_live(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> i32 {
    (expires_at - now).num_seconds().clamp(5, 259_200) as i32
}

/// What a refusal means for a notice, by its code and reason; None for any reason. What is not here, and is no fault of
/// the server, is our configuration.
#[derive(Clone, Copy)]
enum Meaning {
    NotSent,
    WrongNumber,
    Refused,
}

const MEANINGS: [(&str, Option<&str>, Meaning); 4] = [
    ("ThrottlingException", None, Meaning::NotSent),
    ("ConflictException", Some("DESTINATION_PHONE_NUMBER_OPTED_OUT"), Meaning::WrongNumber),
    ("ConflictException", Some("DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE"), Meaning::WrongNumber),
    // Of one message, or of all: how many are refused decides.
    ("ValidationException", None, Meaning::Refused),
];

fn meaning(error: &SdkError<SendTextMessageError>) -> SendError {
    not_refused(error).unwrap_or_else(|refusal| {
        let (refused, status) = (refusal.err(), refusal.raw().status().as_u16());
        let said = refused.message().unwrap_or_default();
        by_reason(refused.code().unwrap_or("no code"), reason(refused), &fields(refused), said, status)
    })
}

fn by_reason(code: &str, reason: &str, fields: &[&str], said: &str, status: u16) -> SendError {
    let words = format!("{code} {reason}: {}", CarrierWords::new(said));
    let is_known =
        |known: &&(&str, Option<&str>, Meaning)| known.0 == code && known.1.is_none_or(|known| known == reason);
    match MEANINGS.iter().find(is_known).map(|(.., meaning)| *meaning) {
        Some(Meaning::Refused) if fields.contains(&"DestinationPhoneNumber") => SendError::WrongNumber(words),
        Some(Meaning::Refused) if !fields.is_empty() && !fields.contains(&"MessageBody") => {
            SendError::Unauthorised(words)
        }
        Some(Meaning::Refused) => SendError::Refused(words),
        Some(Meaning::WrongNumber) => SendError::WrongNumber(words),
        Some(Meaning::NotSent) => SendError::NotSent(words),
        None if status >= 500 => SendError::Unknown(words),
        None => SendError::Unauthorised(words),
    }
}

fn reason(error: &SendTextMessageError) -> &str {
    match error {
        SendTextMessageError::ConflictException(error) => error.reason.as_ref().map(|reason| reason.as_str()),
        SendTextMessageError::ServiceQuotaExceededException(error) => {
            error.reason.as_ref().map(|reason| reason.as_str())
        }
        SendTextMessageError::ValidationException(error) => error.reason.as_ref().map(|reason| reason.as_str()),
        SendTextMessageError::AccessDeniedException(error) => error.reason.as_ref().map(|reason| reason.as_str()),
        _ => None,
    }
    .unwrap_or_default()
}

fn fields(error: &SendTextMessageError) -> Vec<&str> {
    match error {
        SendTextMessageError::ValidationException(error) => error.fields().iter().map(|field| field.name()).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use chrono::TimeDelta;
    use domain::{NoticeId, Phone};
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A stub of the API, since no local part knows it: answers one request with `status` and `body`. Returns the
    /// outcome, and the operation and the body of the request.
    async fn sent(status: u16, kind: &str, body: Value) -> (Result<String, SendError>, String, Value) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-errortype: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let stub = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.expect("a connection");
            let mut request = String::new();
            let mut octets = [0; 8192];
            loop {
                let read = socket.read(&mut octets).await.expect("a request");
                request += &String::from_utf8_lossy(&octets[..read]);
                if let Some((head, body)) = request.split_once("\r\n\r\n") {
                    let length = head
                        .lines()
                        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                    if length == Some(body.len()) {
                        break;
                    }
                }
            }
            socket.write_all(answer.as_bytes()).await.expect("an answer");
            request
        });
        let config = AwsConfig::for_tests(&endpoint, Duration::from_secs(5));
        let id = NoticeId::parse("0161701234", "apology#2026-11-25").expect("a notice");
        let phone = Phone::parse("0912345678").expect("a number");
        let expires_at = Some(Utc::now() + TimeDelta::days(30));
        let sms = Sms { id: &id, phone: &phone, text: "TB: Hồ sơ", expires_at };
        let outcome = AwsSms::new(&config, "SoDuLich".into(), "onestop-notices".into()).send(&sms).await;
        let request = stub.await.expect("it ends");
        let (head, body) = request.split_once("\r\n\r\n").expect("a request");
        let target =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("x-amz-target: ").map(str::to_owned));
        (outcome, target.unwrap_or_default(), serde_json::from_str(body).expect("JSON"))
    }

    #[tokio::test]
    async fn a_notice_is_sent_with_its_name_and_its_end() {
        let (outcome, target, body) = sent(200, "", json!({"MessageId": "m-1"})).await;
        assert_eq!((outcome, target.as_str()), (Ok("m-1".into()), "pinpointsmsvoicev2.sendtextmessage"));
        assert_eq!(
            body,
            json!({"DestinationPhoneNumber": "+84912345678", "OriginationIdentity": "SoDuLich", "MessageBody": "TB: Hồ sơ",
                "MessageType": "TRANSACTIONAL", "ConfigurationSetName": "onestop-notices", "TimeToLive": 259_200,
                "Context": {"receipt_code": "0161701234", "notice": "apology#2026-11-25"}})
        );
    }

    #[tokio::test]
    async fn a_typed_refusal_is_read_from_the_answer() {
        let opted_out =
            json!({"Message": "+84912345678 has opted out", "Reason": "DESTINATION_PHONE_NUMBER_OPTED_OUT"});
        let (outcome, ..) = sent(400, "ConflictException", opted_out).await;
        assert_eq!(
            outcome,
            Err(SendError::WrongNumber(
                "ConflictException DESTINATION_PHONE_NUMBER_OPTED_OUT: +*********** has opted out".into()
            ))
        );
        let spent = json!({"Message": "no", "Reason": "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"});
        let (outcome, ..) = sent(400, "ServiceQuotaExceededException", spent).await;
        assert!(matches!(outcome, Err(SendError::Unauthorised(_))), "{outcome:?}");
        let invalid = json!({"Message": "no", "Reason": "FIELD_VALIDATION_FAILED",
            "Fields": [{"Name": "DestinationPhoneNumber", "Message": "no"}]});
        let (outcome, ..) = sent(400, "ValidationException", invalid).await;
        assert!(matches!(outcome, Err(SendError::WrongNumber(_))), "{outcome:?}");
        let (outcome, ..) = sent(500, "InternalServerException", json!({"Message": "x"})).await;
        assert!(matches!(outcome, Err(SendError::Unknown(_))), "{outcome:?}");
    }

    #[test]
    fn an_apology_is_valid_until_the_end_of_its_day_and_nothing_beyond_three_days() {
        let now = DateTime::UNIX_EPOCH;
        for (after, seconds) in [(3_600, 3_600), (0, 5), (-9, 5), (1_000_000, 259_200)] {
            assert_eq!(time_to_live(now + TimeDelta::seconds(after), now), seconds);
        }
    }

    #[test]
    fn each_refusal_has_its_meaning() {
        for (code, reason, fields, status, wanted) in [
            ("ThrottlingException", "", &[][..], 400, "not sent"),
            ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", &[][..], 400, "phone number"),
            ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED", &[][..], 400, "not authorised"),
            ("ServiceQuotaExceededException", "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT", &[][..], 400, "not authorised"),
            ("AccessDeniedException", "ACCOUNT_DISABLED", &[][..], 400, "not authorised"),
            ("ValidationException", "SENDER_ID_NOT_REGISTERED", &[][..], 400, "for good"),
            ("ValidationException", "OTHER", &[][..], 400, "for good"),
            ("ValidationException", "FIELD_VALIDATION_FAILED", &["DestinationPhoneNumber"][..], 400, "phone number"),
            ("ValidationException", "FIELD_VALIDATION_FAILED", &["MessageBody"][..], 400, "for good"),
            ("ValidationException", "FIELD_VALIDATION_FAILED", &["TimeToLive"][..], 400, "not authorised"),
            ("ResourceNotFoundException", "", &[][..], 400, "not authorised"),
            ("InternalServerException", "", &[][..], 500, "unknown"),
        ] {
            let error = by_reason(code, reason, fields, "to +84912345678", status).to_string();
            assert!(error.contains(wanted) && !error.contains("912345678"), "{error}");
        }
    }
}
