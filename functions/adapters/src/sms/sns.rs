//! SMS by SNS: one Publish to a phone number, and the meaning of its errors.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html>. SNS has no idempotency token for a phone
//! number, so the SDK's own retry is off.

use super::{not_refused, timeouts};
use crate::aws::{self, AwsConfig, LazyClient, Service};
use application::ports::{SendError, Sms, SmsSender};
use aws_config::retry::RetryConfig;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::notice::receipt::CarrierWords;

#[derive(Debug, Clone)]
pub struct Sns {
    client: LazyClient<Client>,
    sender_id: Option<MessageAttributeValue>,
    transactional: MessageAttributeValue,
}

impl Sns {
    /// `sender_id`: parameter `SmsSenderId`, as registered for Vietnam; None on a sandbox account.
    pub fn new(config: &AwsConfig, sender_id: Option<&str>) -> Self {
        let config = config.clone();
        Self {
            client: aws::lazy_client(move || client(&config)),
            sender_id: sender_id.and_then(string),
            transactional: string("Transactional").expect("type and value are set"),
        }
    }
}

/// No retry: the outbox decides what is sent again.
fn client(config: &AwsConfig) -> Client {
    let config = aws_sdk_sns::config::Builder::from(&config.of(Service::Sns))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build();
    Client::from_conf(config)
}

fn string(value: &str) -> Option<MessageAttributeValue> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()
}

impl SmsSender for Sns {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        let mut publish = self
            .client
            .publish()
            .phone_number(sms.phone.as_e164())
            .message(sms.text)
            .message_attributes("AWS.SNS.SMS.SMSType", self.transactional.clone());
        if let Some(sender_id) = &self.sender_id {
            publish = publish.message_attributes("AWS.SNS.SMS.SenderID", sender_id.clone());
        }
        match publish.send().await {
            Ok(published) => Ok(published.message_id.unwrap_or_default()),
            Err(error) => Err(meaning(&error)),
        }
    }
}

/// What an error code of SNS means for a notice. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
#[derive(Clone, Copy)]
enum Meaning {
    NotSent,
    Refused,
    Unauthorised,
}

const MEANINGS: [(&str, Meaning); 22] = [
    ("Throttling", Meaning::NotSent),
    ("Throttled", Meaning::NotSent),
    ("ThrottledException", Meaning::NotSent),
    ("ThrottlingException", Meaning::NotSent),
    ("TooManyRequestsException", Meaning::NotSent),
    ("RequestLimitExceeded", Meaning::NotSent),
    ("InvalidParameter", Meaning::Refused),
    ("InvalidParameterException", Meaning::Refused),
    ("InvalidParameterValue", Meaning::Refused),
    ("ParameterValueInvalid", Meaning::Refused),
    ("ValidationError", Meaning::Refused),
    ("ValidationException", Meaning::Refused),
    ("AuthorizationError", Meaning::Unauthorised),
    ("AuthorizationErrorException", Meaning::Unauthorised),
    ("AccessDenied", Meaning::Unauthorised),
    ("AccessDeniedException", Meaning::Unauthorised),
    ("InvalidClientTokenId", Meaning::Unauthorised),
    ("UnrecognizedClientException", Meaning::Unauthorised),
    ("SignatureDoesNotMatch", Meaning::Unauthorised),
    ("ExpiredToken", Meaning::Unauthorised),
    ("MissingAuthenticationToken", Meaning::Unauthorised),
    ("OptInRequired", Meaning::Unauthorised),
];

fn meaning(error: &SdkError<PublishError>) -> SendError {
    not_refused(error).unwrap_or_else(|refusal| {
        let code = refusal.err().code().unwrap_or("no code");
        by_code(code, refusal.err().message().unwrap_or_default(), refusal.raw().status().as_u16())
    })
}

fn by_code(code: &str, message: &str, status: u16) -> SendError {
    let words = format!("{code}: {}", CarrierWords::new(message));
    let known = MEANINGS.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning);
    match known {
        // A wrong sender ID is wrong for every message: a fault of the configuration, not of this notice.
        Some(Meaning::Refused) if message.contains("SenderID") || message.contains("MessageAttributes") => {
            SendError::Unauthorised(words)
        }
        Some(Meaning::Refused) if message.contains("PhoneNumber") => SendError::WrongNumber(words),
        Some(Meaning::Refused) => SendError::Refused(words),
        Some(Meaning::Unauthorised) => SendError::Unauthorised(words),
        Some(Meaning::NotSent) => SendError::NotSent(words),
        None if status >= 500 => SendError::Unknown(words),
        None => SendError::NotSent(words),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;
    use crate::connections;
    use domain::{NoticeId, Phone};

    /// SNS at that address, with a client that keeps an idle connection for 150 ms.
    fn sns(endpoint: &str) -> Sns {
        Sns::new(&AwsConfig::for_tests(endpoint, Duration::from_millis(150)), None)
    }

    async fn send(sns: &Sns) -> Result<String, SendError> {
        let id = NoticeId::parse("0161701234", "result#3").expect("a notice");
        let phone = Phone::parse("0912345678").expect("a number");
        sns.send(&Sms { id: &id, phone: &phone, text: "TB", expires_at: None }).await
    }

    /// An SNS that accepts everything. Also returns the count of connections made to it.
    async fn accepting() -> (String, Arc<AtomicU32>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let connections = Arc::new(AtomicU32::new(0));
        let made = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                made.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let body =
                        "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>";
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    let mut request = [0; 4096];
                    while socket.read(&mut request).await.is_ok_and(|read| read > 0) {
                        let _ = socket.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        (address, connections)
    }

    #[tokio::test]
    async fn a_connection_that_was_idle_for_long_carries_no_publish() {
        assert!(connections::IDLE < Duration::from_secs(60), "well under a minute");
        let (address, connections) = accepting().await;
        let sns = sns(&address);
        for _ in 0..3 {
            assert_eq!(send(&sns).await, Ok("m".into()));
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1, "kept while it is used");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(send(&sns).await, Ok("m".into()));
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_connection_opened_ahead_carries_the_first_call() {
        let (address, connections) = accepting().await;
        let config = AwsConfig::for_tests(&address, connections::IDLE);
        config.open_connections(&[(Service::Sns, 1)]);
        while connections.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(send(&Sns::new(&config, None)).await, Ok("m".into()));
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn what_was_never_connected_was_not_sent_and_what_was_may_have_been() {
        let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let refused = format!("http://{}", closed.local_addr().expect("an address"));
        drop(closed);
        let plain = accepting().await.0.replace("http:", "https:");
        // A server whose queue of connections is full accepts none: the connect time-out passes.
        let full = TcpSocket::new_v4().expect("a socket");
        full.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let full = full.listen(0).expect("a listener");
        let waits = full.local_addr().expect("an address");
        let _queue: Vec<_> = (0..4).map(|_| tokio::spawn(TcpStream::connect(waits))).collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let waits = format!("http://{waits}");
        // A name that does not resolve, a port without a listener, a connection that is not accepted, no TLS.
        for endpoint in ["http://sns.invalid", &refused, &waits, &plain] {
            let answer = send(&sns(endpoint)).await;
            assert!(matches!(answer, Err(SendError::NotSent(_))), "{endpoint}: {answer:?}");
        }
        let hangs_up = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", hangs_up.local_addr().expect("an address"));
        tokio::spawn(async move {
            let (mut socket, _) = hangs_up.accept().await.expect("a connection");
            let _ = socket.read(&mut [0; 64]).await;
        });
        let answer = send(&sns(&address)).await;
        assert!(matches!(answer, Err(SendError::Unknown(_))), "{answer:?}");
    }

    #[test]
    fn a_failure_of_sns_is_retried_given_up_or_stops_the_run() {
        for (code, message, status, expected) in [
            ("Throttling", "Rate exceeded", 400, SendError::NotSent("Throttling: Rate exceeded".into())),
            (
                "InvalidParameter",
                "Invalid parameter: PhoneNumber Reason: +84912345678 is not valid",
                400,
                SendError::WrongNumber(
                    "InvalidParameter: Invalid parameter: PhoneNumber Reason: +*********** is not valid".into(),
                ),
            ),
            (
                "InvalidParameter",
                "Invalid parameter: MessageAttributes[AWS.SNS.SMS.SenderID]",
                400,
                SendError::Unauthorised(
                    "InvalidParameter: Invalid parameter: MessageAttributes[AWS.SNS.SMS.SenderID]".into(),
                ),
            ),
            (
                "AuthorizationError",
                "not allowed",
                403,
                SendError::Unauthorised("AuthorizationError: not allowed".into()),
            ),
            (
                "InvalidParameter",
                "Invalid parameter: Message Reason: Empty message",
                400,
                SendError::Refused("InvalidParameter: Invalid parameter: Message Reason: Empty message".into()),
            ),
            ("InternalError", "", 500, SendError::Unknown("InternalError: ".into())),
            ("SomethingNew", "x", 400, SendError::NotSent("SomethingNew: x".into())),
            ("SomethingNew", "x", 503, SendError::Unknown("SomethingNew: x".into())),
        ] {
            assert_eq!(by_code(code, message, status), expected);
        }
    }
}
