//! eSMS's call-back: GET `/dlr/esms/{key}` with the result of a request. <https://developers.esms.vn>, "Callback URL".

use caller::Request;
use chrono::{DateTime, Utc};
use domain::notice::receipt::{CarrierWords, Delivery, Price, Reason, Receipt, Reported};

use super::{Entry, NotAReceipt};

/// `SendStatus`: refused, and finished. With the others the message is being sent.
const REFUSED: &str = "4";
const FINISHED: &str = "5";
const BEING_SENT: [&str; 4] = ["1", "2", "3", "7"];

/// eSMS reports no time and no reason.
pub(crate) fn parse(request: &Request, now: DateTime<Utc>) -> Result<Entry, NotAReceipt> {
    let get = |name| request.parameter(name).unwrap_or_default();
    let id = Some(get("RequestId")).filter(|id| !id.is_empty()).ok_or(NotAReceipt::NoMessage)?;
    let count = |name| get(name).parse::<u32>().unwrap_or_default();
    let (delivery, reason) = match get("SendStatus") {
        FINISHED if count("SendFailed") > 0 => (Delivery::Undelivered, Some(Reason::Unknown)),
        FINISHED if count("SendSuccess") > 0 => (Delivery::Delivered, None),
        FINISHED => (Delivery::Unknown, Some(Reason::Unknown)),
        REFUSED => (Delivery::Undelivered, Some(Reason::Sender)),
        status if BEING_SENT.contains(&status) => return Ok(Entry::NotYet),
        _ => return Err(NotAReceipt::Status),
    };
    let receipt = Receipt {
        message: Reported::MessageId(id.to_owned()),
        delivery,
        reason,
        words: CarrierWords::new(get("error_info")),
        at: now,
        price: get("TotalPrice").parse().ok().and_then(|amount| Price::new(amount, "VND")),
        parts: None,
    };
    Ok(receipt.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caller::testing::get;
    use serde_json::{Value, json};

    /// The example of the documentation, with a request id.
    fn read(changes: Value) -> Result<Entry, NotAReceipt> {
        let mut query = json!({"SMSID": "dc712784", "SendFailed": "0", "SendStatus": "5", "SendSuccess": "1",
            "TotalPrice": "850.0000", "TotalReceiver": "1", "TotalSent": "1", "RequestId": "5f3a", "TypeId": "2",
            "telcoid": "1", "phonenumber": "0901888484", "switchsmsid": ""});
        query.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        parse(&get(query), DateTime::UNIX_EPOCH)
    }

    fn outcome(changes: Value) -> (Delivery, Option<Reason>) {
        match read(changes) {
            Ok(Entry::Receipt(receipt)) => (receipt.delivery, receipt.reason),
            Ok(Entry::NotYet) => panic!("it is final"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn the_documented_call_back_is_read() {
        let Ok(Entry::Receipt(receipt)) = read(json!({})) else { panic!("a receipt") };
        assert_eq!(receipt.message, Reported::MessageId("5f3a".into()));
        assert_eq!((receipt.delivery, receipt.price), (Delivery::Delivered, Price::new(850.0, "VND")));
    }

    #[test]
    fn a_finished_request_is_judged_by_its_counts() {
        let failed = json!({"SendSuccess": "0", "SendFailed": "1"});
        assert_eq!(outcome(failed), (Delivery::Undelivered, Some(Reason::Unknown)));
        let both = json!({"SendSuccess": "1", "SendFailed": "1"});
        assert_eq!(outcome(both), (Delivery::Undelivered, Some(Reason::Unknown)));
        let neither = json!({"SendSuccess": "0", "SendFailed": "0"});
        assert_eq!(outcome(neither), (Delivery::Unknown, Some(Reason::Unknown)));
        assert_eq!(outcome(json!({"SendStatus": "4"})), (Delivery::Undelivered, Some(Reason::Sender)));
    }

    #[test]
    fn a_message_that_is_being_sent_has_no_receipt_and_nor_has_what_is_no_call_back() {
        for status in BEING_SENT {
            assert!(matches!(read(json!({"SendStatus": status})), Ok(Entry::NotYet)), "{status}");
        }
        assert_eq!(read(json!({"SendStatus": "x"})).err(), Some(NotAReceipt::Status));
        assert_eq!(read(json!({"RequestId": ""})).err(), Some(NotAReceipt::NoMessage));
    }
}
