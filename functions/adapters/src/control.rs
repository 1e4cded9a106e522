//! Table `control`: the fleet's two shared rows, the budget of SMS parts and whose turn it is to drain. No personal data.

use application::ports::{Advance, RateCounter, SenderLease, StoreError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use crate::aws::DynamoDb;
use crate::item::{Item, get_number, number, text, unavailable};

const TABLE: &str = "control";
const SMS_RATE: &str = "sms-budget";
const SENDER_LEASE: &str = "drain-turn";

/// The shared rows, on DynamoDB.
#[derive(Debug, Clone)]
pub struct Control {
    client: DynamoDb,
    table: String,
}

impl Control {
    /// On that table.
    pub fn new(client: DynamoDb, table: String) -> Self {
        Self { client, table }
    }

    fn update(&self, name: &str) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("name", text(name))
    }
}

impl RateCounter for Control {
    async fn advance(&self, at_most: i64, to: i64, accepted_at: Option<DateTime<Utc>>) -> Result<Advance, StoreError> {
        let accepted = accepted_at.map(|at| number(at.timestamp_millis()));
        let update = self
            .update(SMS_RATE)
            .update_expression(if accepted.is_some() {
                "SET free_at = :to, accepted_at = :accepted"
            } else {
                "SET free_at = :to"
            })
            .set_expression_attribute_values(accepted.map(|at| Item::from([(":accepted".to_owned(), at)])))
            .return_values(ReturnValue::AllOld)
            .condition_expression("attribute_not_exists(free_at) OR free_at <= :at_most")
            .expression_attribute_values(":to", number(to))
            .expression_attribute_values(":at_most", number(at_most))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(updated) => {
                let accepted_at = updated.attributes.and_then(|row| get_number(&row, "accepted_at"));
                Ok(Advance::Granted(accepted_at.and_then(DateTime::from_timestamp_millis)))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => failed
                    .item
                    .as_ref()
                    .map(|row| Advance::Taken(get_number(row, "free_at").unwrap_or(i64::MAX)))
                    .ok_or_else(|| unavailable(TABLE)(error)),
                _ => Err(unavailable(TABLE)(error)),
            },
        }
    }

    async fn set_back(&self, beyond: i64, to: i64) -> Result<bool, StoreError> {
        let update = self
            .update(SMS_RATE)
            .update_expression("SET free_at = :to")
            .condition_expression("free_at > :beyond OR NOT attribute_type(free_at, :number)")
            .expression_attribute_values(":to", number(to))
            .expression_attribute_values(":beyond", number(beyond))
            .expression_attribute_values(":number", text("N"));
        unless_condition_failed(update.send().await)
    }
}

impl SenderLease for Control {
    async fn take(&self, owner: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let update = self
            .update(SENDER_LEASE)
            .update_expression("SET #owner = :owner, lease_until = :until")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until < :now OR #owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":until", number(until.timestamp_millis()))
            .expression_attribute_values(":now", number(now.timestamp_millis()));
        unless_condition_failed(update.send().await)
    }

    async fn release(&self, owner: &str) -> Result<(), StoreError> {
        let update = self
            .update(SENDER_LEASE)
            .update_expression("REMOVE lease_until")
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner));
        unless_condition_failed(update.send().await).map(|_| ())
    }
}

fn unless_condition_failed<T>(
    result: Result<T, aws_sdk_dynamodb::error::SdkError<UpdateItemError>>,
) -> Result<bool, StoreError> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {
            Ok(false)
        }
        Err(error) => Err(unavailable(TABLE)(error)),
    }
}
