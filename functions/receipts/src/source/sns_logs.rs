//! SNS's SMS delivery logs, which CloudWatch Logs hands over in batches: one entry a message, its last.
//! <https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html>

use chrono::{DateTime, Utc};
use domain::notice::receipt::{CarrierWords, Delivery, Price, Reason, Receipt, Reported};
use serde::Deserialize;
use serde_json::Value;

use super::{Entry, NotAReceipt, reason_in};

/// The part of an entry that is needed. `destination`, the phone number, is not read.
#[derive(Deserialize)]
struct Logged {
    notification: Notification,
    delivery: Option<Details>,
    status: String,
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "messageId", default)]
    message_id: String,
}

/// Failures lack most of them. What only adds to a receipt may change its form without losing it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Details {
    #[serde(rename = "priceInUSD")]
    price_in_usd: Value,
    provider_response: Option<String>,
    number_of_message_parts: Value,
}

/// `providerResponse` of failures, by a part of it in lower case.
const REASONS: [(&str, Reason); 12] = [
    ("no quota left", Reason::SpendLimit),
    ("max price", Reason::MaxPrice),
    ("body is invalid", Reason::Body),
    ("spam", Reason::Sender),
    ("carrier has blocked", Reason::Sender),
    ("invalid phone number", Reason::InvalidNumber),
    ("opted out", Reason::OptedOut),
    ("blocked list", Reason::Blocked),
    ("phone has blocked", Reason::Blocked),
    ("unreachable", Reason::Unreachable),
    ("unavailable", Reason::Unreachable),
    ("unknown error", Reason::Unknown),
];

/// `at`: when CloudWatch got the entry. The entry's own time has no zone, and is that of the Publish.
pub(crate) fn parse(entry: &str, at: DateTime<Utc>) -> Result<Entry, NotAReceipt> {
    let Logged { notification, delivery, status } = serde_json::from_str(entry).map_err(|_| NotAReceipt::Form)?;
    if notification.message_id.is_empty() {
        return Err(NotAReceipt::NoMessage);
    }
    let delivery = delivery.unwrap_or_default();
    let words = delivery.provider_response.unwrap_or_default();
    let (outcome, reason) = match status.as_str() {
        "SUCCESS" => (Delivery::Delivered, None),
        "FAILURE" => (Delivery::Undelivered, Some(reason_in(&REASONS, &words))),
        _ => return Err(NotAReceipt::Status),
    };
    let receipt = Receipt {
        message: Reported::MessageId(notification.message_id),
        delivery: outcome,
        reason,
        words: CarrierWords::new(&words),
        at,
        price: delivery.price_in_usd.as_f64().and_then(|amount| Price::new(amount, "USD")),
        parts: delivery.number_of_message_parts.as_u64().and_then(|parts| parts.try_into().ok()),
    };
    Ok(receipt.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The two examples of SNS's documentation.
    const SUCCESS: &str = r#"{"notification":{"messageId":"34d9b400-c6dd-5444-820d-fbeb0f1f54cf","timestamp":"2016-06-28 00:40:34.558"},
        "delivery":{"phoneCarrier":"My Phone Carrier","mnc":270,"numberOfMessageParts":1,"destination":"+84912345678",
        "priceInUSD":0.00645,"smsType":"Transactional","mcc":310,"providerResponse":"Message has been accepted by phone carrier",
        "dwellTimeMs":599,"dwellTimeMsUntilDeviceAck":1344},"status":"SUCCESS"}"#;
    const FAILURE: &str = r#"{"notification":{"messageId":"1077257a-92f3-5ca3-bc97-6a915b310625","timestamp":"2016-06-28 00:40:34.559"},
        "delivery":{"mnc":0,"numberOfMessageParts":1,"destination":"+84912345678","priceInUSD":0.00645,"smsType":"Transactional",
        "mcc":0,"providerResponse":"Unknown error attempting to reach phone","dwellTimeMs":1420,"dwellTimeMsUntilDeviceAck":1692},
        "status":"FAILURE"}"#;

    fn receipt(entry: &str) -> Receipt {
        match parse(entry, DateTime::UNIX_EPOCH) {
            Ok(Entry::Receipt(receipt)) => *receipt,
            Ok(Entry::NotYet) => panic!("SNS logs the end only"),
            Err(error) => panic!("{error}"),
        }
    }

    fn failure(words: &str) -> Receipt {
        receipt(&FAILURE.replace("Unknown error attempting to reach phone", words))
    }

    #[test]
    fn the_documented_entries_are_read() {
        let delivered = receipt(SUCCESS);
        assert_eq!(delivered.message, Reported::MessageId("34d9b400-c6dd-5444-820d-fbeb0f1f54cf".into()));
        assert_eq!((delivered.delivery, delivered.reason, delivered.parts), (Delivery::Delivered, None, Some(1)));
        assert_eq!(delivered.price, Price::new(0.006_45, "USD"));
        assert_eq!(delivered.words.as_str(), "Message has been accepted by phone carrier");
        let failed = receipt(FAILURE);
        assert_eq!((failed.delivery, failed.reason), (Delivery::Undelivered, Some(Reason::Unknown)));
    }

    #[test]
    fn every_documented_failure_has_its_reason() {
        for (words, reason) in [
            ("Blocked as spam by phone carrier", Reason::Sender),
            ("Destination is on a blocked list", Reason::Blocked),
            ("Invalid phone number", Reason::InvalidNumber),
            ("Message body is invalid", Reason::Body),
            ("Phone carrier has blocked this message", Reason::Sender),
            ("Phone carrier is currently unreachable/unavailable", Reason::Unreachable),
            ("Phone has blocked SMS", Reason::Blocked),
            ("Phone is on a blocked list", Reason::Blocked),
            ("Phone is currently unreachable/unavailable", Reason::Unreachable),
            ("Phone number is opted out", Reason::OptedOut),
            ("This delivery would exceed max price", Reason::MaxPrice),
            ("No quota left for account", Reason::SpendLimit),
            ("Unknown error attempting to reach phone", Reason::Unknown),
            ("Something new", Reason::Unknown),
        ] {
            assert_eq!(failure(words).reason, Some(reason), "{words}");
        }
        assert_eq!(failure("84912345678 is off").words.as_str(), "*********** is off");
    }

    #[test]
    fn a_failure_may_lack_nearly_everything() {
        let bare = receipt(r#"{"notification":{"messageId":"m-1"},"status":"FAILURE"}"#);
        assert_eq!((bare.reason, bare.price, bare.parts), (Some(Reason::Unknown), None, None));
        let other = receipt(
            r#"{"notification":{"messageId":"m-1"},"delivery":{"priceInUSD":"0.1","numberOfMessageParts":"3"},"status":"SUCCESS"}"#,
        );
        assert_eq!((other.delivery, other.price, other.parts), (Delivery::Delivered, None, None));
    }

    #[test]
    fn what_is_no_entry_is_named_and_not_quoted() {
        for (entry, error) in [
            ("START RequestId 0912345678", NotAReceipt::Form),
            (r#"{"notification":{},"status":"SUCCESS"}"#, NotAReceipt::NoMessage),
            (r#"{"notification":{"messageId":"m-1"},"status":"0912345678"}"#, NotAReceipt::Status),
            (r#"{"notification":{"messageId":"m-1"}}"#, NotAReceipt::Form),
        ] {
            let answer = parse(entry, DateTime::UNIX_EPOCH).err().expect("no receipt");
            assert_eq!(answer, error);
            assert!(!answer.to_string().contains(char::is_numeric));
        }
    }

    proptest! {
        #[test]
        fn no_entry_breaks_it(entry in "\\PC{0,100}", words in "\\PC{0,60}") {
            let _ = parse(&entry, DateTime::UNIX_EPOCH);
            let quoted = serde_json::to_string(&words).expect("a text");
            let kept = parse(&format!(r#"{{"notification":{{"messageId":"m"}},"delivery":{{"providerResponse":{quoted}}},"status":"FAILURE"}}"#), DateTime::UNIX_EPOCH);
            prop_assert!(matches!(kept, Ok(Entry::Receipt(receipt)) if !receipt.words.as_str().contains(char::is_numeric)));
        }
    }
}
