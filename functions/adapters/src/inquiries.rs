//! Table `inquiries`: one row a message to 8083, what it was answered, and to whom.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::calendar::day_in_vietnam;
use domain::event::InquiryOutcome;
use domain::ports::{Inquiry, InquiryLog, Logged, StoreError};

use crate::item::{Item, expiry, get_text, text, time, unavailable};

const TABLE: &str = "inquiries";

/// The inquiries, on DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoInquiries {
    client: Client,
    table: String,
    retention_days: u32,
}

impl DynamoInquiries {
    /// Rows are kept for `retention_days`: parameter `InquiryRetentionDays`.
    pub fn new(client: Client, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days }
    }
}

impl InquiryLog for DynamoInquiries {
    /// One conditional write logs it and, where it was there, brings the first reply back.
    async fn log(&self, inquiry: &Inquiry) -> Result<Logged, StoreError> {
        let day = day_in_vietnam(inquiry.received_at);
        let mut row = Item::from([
            ("inquiry".to_owned(), text(&inquiry.id)),
            ("gateway".to_owned(), text(&inquiry.gateway)),
            ("sender".to_owned(), text(&inquiry.sender)),
            ("text".to_owned(), text(&inquiry.text)),
            ("reply".to_owned(), text(&inquiry.reply)),
            ("outcome".to_owned(), text(inquiry.outcome.as_str())),
            ("day".to_owned(), text(day.to_string())),
            ("received_at".to_owned(), time(inquiry.received_at)),
            ("expires_at".to_owned(), expiry(day, self.retention_days)),
        ]);
        if let Some(code) = &inquiry.receipt_code {
            row.insert("receipt_code".to_owned(), text(code.as_str()));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(inquiry)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match put.send().await {
            Ok(_) => Ok(Logged::New),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(already(failed.item.as_ref(), inquiry))
                }
                _ => Err(unavailable(TABLE)(error)),
            },
        }
    }
}

/// What stands there: the same message, or another one under its id.
fn already(row: Option<&Item>, inquiry: &Inquiry) -> Logged {
    let stored = |name| row.and_then(|row| get_text(row, name)).unwrap_or_default();
    if stored("text") != inquiry.text || stored("sender") != inquiry.sender {
        return Logged::Conflicting;
    }
    let outcome = InquiryOutcome::named(stored("outcome")).unwrap_or(inquiry.outcome);
    Logged::Repeated { reply: stored("reply").to_owned(), outcome }
}
