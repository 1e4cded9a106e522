//! One record of the stream: a dossier before and after a change.

use aws_lambda_events::event::dynamodb::EventRecord;
use chrono::{DateTime, Utc};
use domain::Dossier;
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::{Map, Value};

/// A dossier that was put or changed.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// Before; None if it is new, or if the previous row could not be read.
    pub old: Option<Dossier>,
    /// There was a previous row that could not be read.
    pub old_is_unreadable: bool,
    pub new: Dossier,
    /// When, to the second; None if the record does not say.
    pub happened_at: Option<DateTime<Utc>>,
}

/// A record for which a retry does not help: Lambda moves it to the dead-letter bucket.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAChange {
    #[error("the record is not a record of a DynamoDB stream")]
    Record,
    #[error("the dossier cannot be read: {0}")]
    Dossier(String),
}

impl Change {
    /// None for a removal.
    pub fn parse(record: &Value) -> Result<Option<Self>, NotAChange> {
        // The error's text may quote the record, including a phone number.
        let record = EventRecord::deserialize(record).map_err(|_| NotAChange::Record)?;
        if record.event_name == "REMOVE" {
            return Ok(None);
        }
        let happened_at = record.change.approximate_creation_date_time;
        let is_new = record.change.old_image.is_empty();
        let old = dossier(record.change.old_image).ok();
        Ok(Some(Self {
            old_is_unreadable: !is_new && old.is_none(),
            old,
            new: dossier(record.change.new_image).map_err(NotAChange::Dossier)?,
            happened_at: (happened_at > DateTime::UNIX_EPOCH).then_some(happened_at),
        }))
    }
}

fn dossier(image: Item) -> Result<Dossier, String> {
    let snapshot: Map<String, Value> = serde_dynamo::from_item(image).map_err(|_| "it is no map of attributes")?;
    let dossier = Dossier::parse(&snapshot).map_err(|error| error.to_string())?;
    if snapshot["receipt_code"] != dossier.receipt_code().as_str() {
        return Err(format!("its receipt_code must be written {}", dossier.receipt_code()));
    }
    Ok(dossier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn image(revision: u64, step: &str) -> Value {
        json!({
            "receipt_code": {"S": "0161701234"}, "revision": {"N": revision.to_string()}, "procedure": {"S": "Cấp thẻ"},
            "phone": {"NULL": true}, "received_on": {"S": "2026-11-20"}, "appointment_on": {"S": "2026-11-25"},
            "step": {"S": step}, "status": {"S": ""}, "unit": {"S": "Phòng"}, "silent": {"BOOL": true}, "expires_at": {"N": "1"},
        })
    }

    fn record(name: &str, old: Option<Value>, new: Option<Value>) -> Value {
        let mut change = json!({"ApproximateCreationDateTime": 1_790_000_000, "Keys": {"receipt_code": {"S": "0161701234"}},
            "SequenceNumber": "100", "SizeBytes": 10, "StreamViewType": "NEW_AND_OLD_IMAGES"});
        for (field, image) in [("OldImage", old), ("NewImage", new)] {
            if let Some(image) = image {
                change[field] = image;
            }
        }
        json!({"eventID": "1", "eventName": name, "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "ap-southeast-1", "dynamodb": change, "eventSourceARN": "arn"})
    }

    #[test]
    fn a_change_has_a_before_and_an_after() {
        let change = Change::parse(&record("MODIFY", Some(image(1, "Tiếp nhận")), Some(image(2, "Trả kết quả"))))
            .unwrap()
            .unwrap();
        assert_eq!((change.old.unwrap().revision(), change.new.revision()), (1, 2));
        assert!(change.new.is_silent());
        assert_eq!(change.happened_at.unwrap().timestamp(), 1_790_000_000);
        assert_eq!(Change::parse(&record("INSERT", None, Some(image(1, "Tiếp nhận")))).unwrap().unwrap().old, None);
    }

    #[test]
    fn a_removal_is_no_change() {
        assert_eq!(Change::parse(&record("REMOVE", Some(image(1, "Tiếp nhận")), None)), Ok(None));
    }

    #[test]
    fn the_error_of_an_invalid_record_quotes_nothing() {
        assert_eq!(Change::parse(&json!({"eventName": "0912345678"})), Err(NotAChange::Record));
        let mut bad = image(2, "Trả kết quả");
        bad["received_on"] = json!({"S": "0912345678"});
        let error = Change::parse(&record("INSERT", None, Some(bad))).unwrap_err();
        assert_eq!(error.to_string(), "the dossier cannot be read: received_on must be a date, yyyy-mm-dd");
    }
}
