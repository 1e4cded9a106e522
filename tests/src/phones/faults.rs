//! The faults that a person switches on, and how each meets the functions' calls of AWS.

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::aws_calls::Call;

/// What SNS does with a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Sns {
    #[default]
    None,
    /// It throttles: the message was certainly not sent.
    Refuses,
    /// It does not answer: the sender cannot know whether the message was sent.
    Hangs,
}

/// What DynamoDB does with the outbox. The other tables work, so that a change is still stored: its notice waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Table {
    #[default]
    None,
    Throttles,
}

/// What the phone network does with its reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Receipts {
    #[default]
    None,
    Lost,
}

/// The faults that are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Faults {
    pub sns: Sns,
    pub table: Table,
    pub receipts: Receipts,
}

/// What a person switches; the others stay.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Switched {
    sns: Option<Sns>,
    table: Option<Table>,
    receipts: Option<Receipts>,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Passed,
    Refused,
    Unanswered,
    Throttled,
}

impl Faults {
    pub fn after(self, switched: &Switched) -> Self {
        Self {
            sns: switched.sns.unwrap_or(self.sns),
            table: switched.table.unwrap_or(self.table),
            receipts: switched.receipts.unwrap_or(self.receipts),
        }
    }

    /// `outbox`: the table's name, if the stack is deployed. Every call of a table has its name in the body, wherever the
    /// operation puts it.
    pub fn fate(self, call: &Call, body: &[u8], outbox: Option<&str>) -> Fate {
        let names = |table: &str| {
            let name = format!("\"{table}\"");
            body.windows(name.len()).any(|part| part == name.as_bytes())
        };
        match (call.service.as_str(), self.sns, self.table) {
            ("sns", Sns::Refuses, _) => Fate::Refused,
            ("sns", Sns::Hangs, _) => Fate::Unanswered,
            ("dynamodb", _, Table::Throttles) if outbox.is_some_and(names) => Fate::Throttled,
            _ => Fate::Passed,
        }
    }
}

/// SNS's refusal of a message that is over the account's rate.
/// <https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html>
pub(super) fn refused() -> Response {
    let body = "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
        <Code>Throttling</Code><Message>Rate exceeded</Message></Error>\
        <RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>";
    (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "text/xml")], body).into_response()
}

/// DynamoDB's refusal. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
pub(super) fn throttled() -> Response {
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    });
    (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(faults: Faults, service: &str, body: &str) -> Fate {
        let call = Call { service: service.into(), action: String::new() };
        faults.fate(&call, body.as_bytes(), Some("onestop-Notices"))
    }

    const OUTBOX: &str = r#"{"TableName":"onestop-Notices","Key":{}}"#;
    const MANY: &str = r#"{"RequestItems":{"onestop-Notices":{"Keys":[]}}}"#;
    const DOSSIERS: &str = r#"{"TableName":"onestop-Notices-Dossiers","Key":{}}"#;

    #[test]
    fn without_a_fault_every_call_passes() {
        for (service, body) in [("sns", "Action=Publish"), ("dynamodb", OUTBOX), ("events", "{}")] {
            assert_eq!(fate(Faults::default(), service, body), Fate::Passed, "{service}");
        }
    }

    #[test]
    fn a_fault_meets_the_calls_of_its_service_only() {
        let refuses = Faults { sns: Sns::Refuses, ..Faults::default() };
        let hangs = Faults { sns: Sns::Hangs, ..Faults::default() };
        assert_eq!(fate(refuses, "sns", "Action=Publish"), Fate::Refused);
        assert_eq!(fate(hangs, "sns", "Action=Publish"), Fate::Unanswered);
        for other in ["dynamodb", "events", "secretsmanager"] {
            assert_eq!(fate(refuses, other, OUTBOX), Fate::Passed, "{other}");
            assert_eq!(fate(hangs, other, OUTBOX), Fate::Passed, "{other}");
        }
    }

    #[test]
    fn the_outbox_alone_is_throttled_in_every_operation() {
        let throttles = Faults { table: Table::Throttles, ..Faults::default() };
        assert_eq!(fate(throttles, "dynamodb", OUTBOX), Fate::Throttled);
        assert_eq!(fate(throttles, "dynamodb", MANY), Fate::Throttled);
        assert_eq!(fate(throttles, "dynamodb", DOSSIERS), Fate::Passed);
        assert_eq!(fate(throttles, "sns", "Message=%22onestop-Notices%22"), Fate::Passed);
        let call = Call { service: "dynamodb".into(), action: String::new() };
        assert_eq!(throttles.fate(&call, OUTBOX.as_bytes(), None), Fate::Passed, "not deployed yet");
    }

    #[test]
    fn what_is_not_switched_stays() {
        let both = Faults { sns: Sns::Hangs, receipts: Receipts::Lost, ..Faults::default() };
        let switched: Switched = serde_json::from_str(r#"{"sns":"none"}"#).unwrap();
        assert_eq!(both.after(&switched), Faults { receipts: Receipts::Lost, ..Faults::default() });
        assert!(serde_json::from_str::<Switched>(r#"{"sns":"explodes"}"#).is_err());
        assert!(serde_json::from_str::<Switched>(r#"{"sms":"none"}"#).is_err());
    }
}
