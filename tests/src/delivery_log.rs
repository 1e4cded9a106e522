//! SNS's delivery log, which the local AWS does not write: entries in SNS's form, in a log group with a subscription of
//! ReceiptsFunction, as infra/delivery-logging.yaml makes them on AWS.

use anyhow::Result;
use serde_json::{Value, json};

use crate::Stack;

/// What SNS says of a message that the network took.
pub const ACCEPTED: &str = "Message has been accepted by phone carrier";

/// An entry of the log. `words`: the network's; [`ACCEPTED`] is a success, anything else a failure.
/// <https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html>
pub fn entry(message_id: &str, to: &str, words: &str) -> Value {
    json!({"notification": {"messageId": message_id, "timestamp": "2026-11-24 05:00:00.558"},
        "delivery": {"destination": to, "priceInUSD": 0.41967, "smsType": "Transactional", "providerResponse": words,
            "numberOfMessageParts": 3, "dwellTimeMs": 599},
        "status": if words == ACCEPTED { "SUCCESS" } else { "FAILURE" }})
}

/// A log group of its own, subscribed by the stack's ReceiptsFunction.
pub struct DeliveryLog {
    stack: Stack,
    group: String,
}

impl DeliveryLog {
    pub async fn of(stack: &Stack) -> Result<Self> {
        let group = format!("sns/ap-southeast-1/000000000000/DirectPublishToPhoneNumber-{:08x}", fastrand::u32(..));
        stack.aws("logs", "CreateLogGroup", json!({"logGroupName": group})).await?;
        stack.aws("logs", "CreateLogStream", json!({"logGroupName": group, "logStreamName": "1"})).await?;
        let receipts = stack.configuration("ReceiptsFunction").await?["FunctionArn"].clone();
        let filter =
            json!({"logGroupName": group, "filterName": "onestop", "filterPattern": "", "destinationArn": receipts});
        stack.aws("logs", "PutSubscriptionFilter", filter).await?;
        Ok(Self { stack: stack.clone(), group })
    }

    /// Writes entries, as SNS does seconds after a message.
    pub async fn write(&self, entries: &[Value]) -> Result<()> {
        let now = chrono::Utc::now().timestamp_millis();
        let events: Vec<Value> =
            entries.iter().map(|entry| json!({"timestamp": now, "message": entry.to_string()})).collect();
        let put = json!({"logGroupName": self.group, "logStreamName": "1", "logEvents": events});
        self.stack.aws("logs", "PutLogEvents", put).await.map(drop)
    }
}
