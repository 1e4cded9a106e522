//! Events of AWS End User Messaging, through an SNS topic: several a message, in any order; `isFinal` marks the last.
//! <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html>

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::NoticeId;
use domain::notice::receipt::{CarrierWords, Delivery, Price, Reason, Receipt, Reported};
use serde::Deserialize;

use super::{Entry, NotAReceipt};

/// The part of an event that is needed. The phone numbers are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    event_type: String,
    #[serde(default)]
    is_final: bool,
    /// Milliseconds since 1970.
    event_timestamp: Option<i64>,
    message_id: Option<String>,
    message_status_description: Option<String>,
    #[serde(default)]
    context: HashMap<String, String>,
    total_message_parts: Option<u32>,
    /// In USD.
    total_message_price: Option<f64>,
}

/// What a final event means. "Depending on the country", DELIVERED and SUCCESSFUL mean the same; in Vietnam mostly that
/// the network took the message.
/// <https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html>
const MEANINGS: [(&str, Delivery, Option<Reason>); 13] = [
    ("TEXT_DELIVERED", Delivery::Delivered, None),
    ("TEXT_SUCCESSFUL", Delivery::Delivered, None),
    ("TEXT_BLOCKED", Delivery::Undelivered, Some(Reason::Blocked)),
    ("TEXT_PROTECT_BLOCKED", Delivery::Undelivered, Some(Reason::Account)),
    ("TEXT_CARRIER_BLOCKED", Delivery::Undelivered, Some(Reason::Sender)),
    ("TEXT_SPAM", Delivery::Undelivered, Some(Reason::Sender)),
    ("TEXT_INVALID", Delivery::Undelivered, Some(Reason::InvalidNumber)),
    ("TEXT_INVALID_MESSAGE", Delivery::Undelivered, Some(Reason::Body)),
    ("TEXT_UNREACHABLE", Delivery::Undelivered, Some(Reason::Unreachable)),
    ("TEXT_CARRIER_UNREACHABLE", Delivery::Undelivered, Some(Reason::Unreachable)),
    ("TEXT_TTL_EXPIRED", Delivery::Undelivered, Some(Reason::Expired)),
    // "not delivered for another reason", and also the end of a message that had no report for 72 hours.
    ("TEXT_UNKNOWN", Delivery::Unknown, Some(Reason::Unknown)),
    ("TEXT_FAILED", Delivery::Undelivered, Some(Reason::Unknown)),
];

/// `now` where the event says no time.
pub(crate) fn parse(event: &str, now: DateTime<Utc>) -> Result<Entry, NotAReceipt> {
    let event: Event = serde_json::from_str(event).map_err(|_| NotAReceipt::Form)?;
    if !event.is_final {
        return if event.event_type.starts_with("TEXT_") { Ok(Entry::NotYet) } else { Err(NotAReceipt::Status) };
    }
    let meaning = MEANINGS.iter().find(|(name, ..)| *name == event.event_type);
    let (_, delivery, reason) = *meaning.ok_or(NotAReceipt::Status)?;
    let receipt = Receipt {
        message: message(&event).ok_or(NotAReceipt::NoMessage)?,
        delivery,
        reason,
        words: CarrierWords::new(event.message_status_description.as_deref().unwrap_or_default()),
        at: event.event_timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or(now),
        price: event.total_message_price.and_then(|amount| Price::new(amount, "USD")),
        parts: event.total_message_parts,
    };
    Ok(receipt.into())
}

/// The notice that the sender named in `Context`, or else the message's id.
fn message(event: &Event) -> Option<Reported> {
    let named = event.context.get("receipt_code").zip(event.context.get("notice"));
    let notice = named.and_then(|(code, notice)| NoticeId::parse(code, notice).ok()).map(Reported::Notice);
    notice.or_else(|| event.message_id.clone().filter(|id| !id.is_empty()).map(Reported::MessageId))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The example of the documentation.
    fn event(changes: Value) -> String {
        let mut event = json!({"eventType": "TEXT_SUCCESSFUL", "eventVersion": "1.0", "eventTimestamp": 1_686_975_103_470_i64,
            "isFinal": true, "originationPhoneNumber": "+12065550152", "destinationPhoneNumber": "+84912345678",
            "isoCountryCode": "VN", "mcc": "452", "mnc": "04", "messageId": "862a8790-60c0-4430-9b2b-658bdexample",
            "messageRequestTimestamp": 1_686_975_103_170_i64, "messageEncoding": "GSM", "messageType": "TRANSACTIONAL",
            "messageStatus": "SUCCESSFUL", "messageStatusDescription": "Message has been accepted by phone carrier",
            "context": {"account": "bar"}, "totalMessageParts": 2, "totalMessagePrice": 0.095_82, "totalCarrierFee": 0.0});
        event.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        event.to_string()
    }

    fn receipt(changes: Value) -> Receipt {
        match parse(&event(changes), DateTime::UNIX_EPOCH) {
            Ok(Entry::Receipt(receipt)) => *receipt,
            Ok(Entry::NotYet) => panic!("it is final"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_documented_event_is_read() {
        let receipt = receipt(json!({}));
        assert_eq!(receipt.message, Reported::MessageId("862a8790-60c0-4430-9b2b-658bdexample".into()));
        assert_eq!((receipt.delivery, receipt.parts), (Delivery::Delivered, Some(2)));
        assert_eq!(receipt.at.timestamp_millis(), 1_686_975_103_470);
    }

    #[test]
    fn the_context_names_the_notice() {
        let context = json!({"context": {"receipt_code": "0161701234", "notice": "result#3#again"}});
        let id = NoticeId::parse("0161701234", "result#3#again").expect("a notice");
        assert_eq!(receipt(context).message, Reported::Notice(id));
        let other = json!({"context": {"receipt_code": "0161701234", "notice": "welcome"}});
        assert!(matches!(receipt(other).message, Reported::MessageId(_)), "another sender's context");
    }

    #[test]
    fn each_final_event_has_its_meaning_and_the_others_are_waited_for() {
        for (name, delivery, reason) in MEANINGS {
            let receipt = receipt(json!({"eventType": name}));
            assert_eq!((receipt.delivery, receipt.reason), (delivery, reason), "{name}");
        }
        for name in ["TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT", "TEXT_SUCCESSFUL"] {
            let answer = parse(&event(json!({"eventType": name, "isFinal": false})), DateTime::UNIX_EPOCH);
            assert!(matches!(answer, Ok(Entry::NotYet)), "{name}");
        }
    }

    #[test]
    fn what_is_no_event_of_a_text_is_refused() {
        let refused = |text: &str| parse(text, DateTime::UNIX_EPOCH).err();
        assert_eq!(refused("0912345678"), Some(NotAReceipt::Form));
        assert_eq!(refused(&event(json!({"eventType": "VOICE_ANSWERED"}))), Some(NotAReceipt::Status));
        assert_eq!(
            refused(&event(json!({"eventType": "VOICE_ANSWERED", "isFinal": false}))),
            Some(NotAReceipt::Status)
        );
        assert_eq!(refused(&event(json!({"messageId": ""}))), Some(NotAReceipt::NoMessage));
    }
}
