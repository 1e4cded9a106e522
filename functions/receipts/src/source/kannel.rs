//! Kannel's delivery report: GET `/dlr/kannel` with `code`, `notice`, `report`, `at`, `words`, as
//! `adapters::sms::kannel` writes them into `dlr-url`. Kannel user guide 1.4.5, "Delivery Reports".

use caller::Request;
use chrono::{DateTime, Utc};
use domain::NoticeId;
use domain::notice::receipt::{CarrierWords, Delivery, Reason, Receipt, Reported};

use super::{Entry, NotAReceipt, reason_in};

/// The bits of `%d`. 34 is "expired" and 66 "unknown": bit 2 with one more.
const DELIVERED: u32 = 1;
const NOT_DELIVERED: u32 = 2;
const REJECTED: u32 = 16;

/// The operator's words by a part of them in lower case: `stat:` of an SMPP receipt, and the status of a refused
/// submit_sm, which Kannel writes as `NACK/0x…`. SMPP 3.4, 5.1.3 and 5.2.28.
const REASONS: [(&str, Reason); 13] = [
    ("expired", Reason::Expired),
    ("stat:rejectd", Reason::Sender),
    ("stat:undeliv", Reason::Unreachable),
    ("0x0000000a", Reason::Sender),
    ("0x0000000b", Reason::InvalidNumber),
    ("0x0000000d", Reason::Account),
    ("0x0000000e", Reason::Account),
    ("0x0000000f", Reason::Account),
    ("0x00000008", Reason::Unreachable),
    ("0x00000014", Reason::Unreachable),
    ("0x00000058", Reason::Unreachable),
    ("0x00000001", Reason::Body),
    ("nack/retries exceeded", Reason::Unreachable),
];

/// Of a message of several parts, as every notice with accents is, Kannel 1.4.5 reports only that the operator refused it,
/// not why. A refused sender name is the commonest cause, and it needs a person; so does a status that is not in the table.
const REFUSED: Reason = Reason::Sender;

pub(crate) fn parse(request: &Request, now: DateTime<Utc>) -> Result<Entry, NotAReceipt> {
    let get = |name| request.parameter(name).unwrap_or_default();
    let id = NoticeId::parse(get("code"), get("notice")).map_err(|_| NotAReceipt::NoMessage)?;
    let report: u32 = get("report").parse().map_err(|_| NotAReceipt::Status)?;
    // An SMPP receipt ends with the beginning of the message.
    let words = get("words").split("text:").next().unwrap_or_default();
    let (delivery, reason) = if report & DELIVERED > 0 {
        (Delivery::Delivered, None)
    } else if report & NOT_DELIVERED > 0 && words.contains("stat:UNKNOWN") {
        (Delivery::Unknown, Some(Reason::Unknown))
    } else if report & (NOT_DELIVERED | REJECTED) > 0 {
        let reason = reason_in(&REASONS, words);
        let is_refused = report & REJECTED > 0 && reason == Reason::Unknown;
        (Delivery::Undelivered, Some(if is_refused { REFUSED } else { reason }))
    } else {
        return Ok(Entry::NotYet);
    };
    let at = get("at").parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let receipt = Receipt {
        message: Reported::Notice(id),
        delivery,
        reason,
        words: CarrierWords::new(words),
        at: at.unwrap_or(now),
        price: None,
        parts: None,
    };
    Ok(receipt.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use caller::testing::get;
    use serde_json::{Value, json};

    fn read(changes: Value) -> Result<Entry, NotAReceipt> {
        let mut query = json!({"code": "0161701234", "notice": "result#3", "report": "1", "at": "1795516200",
            "words": "id:7 sub:001 dlvrd:001 submit date:2611240500 done date:2611240501 stat:DELIVRD err:000 text:TB: Ho so cua quy ong"});
        query.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        parse(&get(query), DateTime::UNIX_EPOCH)
    }

    fn receipt(changes: Value) -> Receipt {
        match read(changes) {
            Ok(Entry::Receipt(receipt)) => *receipt,
            Ok(Entry::NotYet) => panic!("it is final"),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_report_names_its_notice() {
        let receipt = receipt(json!({}));
        assert_eq!(receipt.message, Reported::Notice(NoticeId::parse("0161701234", "result#3").expect("a notice")));
        assert_eq!((receipt.delivery, receipt.at.timestamp()), (Delivery::Delivered, 1_795_516_200));
        assert!(!receipt.words.as_str().contains(char::is_numeric));
        assert!(!receipt.words.as_str().contains("TB"), "no part of the message");
    }

    #[test]
    fn each_report_has_its_meaning() {
        use Reason::{Expired, InvalidNumber, Sender, Unreachable};
        for (report, words, reason) in [
            ("2", "stat:UNDELIV err:001", Unreachable),
            ("34", "stat:EXPIRED err:000", Expired),
            ("2", "stat:REJECTD err:069", Sender),
            ("2", "stat:DELETED err:000", Reason::Unknown),
            ("16", "NACK/0x0000000b/Invalid Destination Address", InvalidNumber),
            ("16", "NACK/0x0000000a/Invalid Source Address", Sender),
            ("16", "NACK/0x00000058/Throttling Error", Unreachable),
            ("16", "NACK/Retries Exceeded", Unreachable),
            ("16", "NACK/", Sender),
            ("16", "NACK/0x00000045/Submit Failed", Sender),
        ] {
            let receipt = receipt(json!({"report": report, "words": words}));
            assert_eq!((receipt.delivery, receipt.reason), (Delivery::Undelivered, Some(reason)), "{words}");
        }
        assert_eq!(receipt(json!({"report": "66", "words": "stat:UNKNOWN"})).delivery, Delivery::Unknown);
        for being_sent in ["4", "8", "0"] {
            assert!(matches!(read(json!({"report": being_sent})), Ok(Entry::NotYet)), "{being_sent}");
        }
    }

    #[test]
    fn what_is_no_report_is_refused() {
        assert_eq!(read(json!({"report": "%d"})).err(), Some(NotAReceipt::Status));
        assert_eq!(read(json!({"notice": "welcome"})).err(), Some(NotAReceipt::NoMessage));
        assert_eq!(read(json!({"code": ["A", "B"]})).err(), Some(NotAReceipt::NoMessage));
    }
}
