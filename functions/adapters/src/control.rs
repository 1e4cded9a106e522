//! Table `control`: one row, the rate limiter's counter and the hold that stops all senders. No personal data.

use application::ports::{Advance, Hold, RateCounter, SendingHold, StoreError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};

use crate::aws::DynamoDb;
use crate::conditional::{Conditional, conditional};
use crate::item::{Item, get_number, get_text, number, text};

const TABLE: &str = "control";
/// The row of the rate limiter.
const SMS_RATE: &str = "sms-rate";

#[derive(Debug, Clone)]
pub struct Control {
    client: DynamoDb,
    table: String,
}

impl Control {
    pub fn new(client: DynamoDb, table: String) -> Self {
        Self { client, table }
    }

    fn update(&self) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("name", text(SMS_RATE))
    }
}

impl RateCounter for Control {
    async fn advance(&self, at_most: i64, to: i64, accepted_at: Option<DateTime<Utc>>) -> Result<Advance, StoreError> {
        let accepted = accepted_at.map(|at| number(at.timestamp_millis()));
        let update = self
            .update()
            .update_expression(if accepted.is_some() {
                "SET free_at = :to, accepted_at = :accepted"
            } else {
                "SET free_at = :to"
            })
            .set_expression_attribute_values(accepted.map(|at| Item::from([(":accepted".to_owned(), at)])))
            .return_values(ReturnValue::AllOld)
            .condition_expression(
                "(attribute_not_exists(free_at) OR free_at <= :at_most) AND attribute_not_exists(held_until)",
            )
            .expression_attribute_values(":to", number(to))
            .expression_attribute_values(":at_most", number(at_most))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional(TABLE, update.send().await)? {
            Conditional::Written(updated) => {
                let accepted_at = updated.attributes.and_then(|row| get_number(&row, "accepted_at"));
                Ok(Advance::Granted(accepted_at.and_then(DateTime::from_timestamp_millis)))
            }
            Conditional::Refused(Some(row)) => Ok(match hold(&row) {
                Some(hold) => Advance::Held(hold),
                None => Advance::Taken(get_number(&row, "free_at").unwrap_or(i64::MAX)),
            }),
            Conditional::Refused(None) => {
                Err(StoreError::Unavailable { table: TABLE, why: "a refused write did not return the row".into() })
            }
        }
    }

    async fn set_back(&self, beyond: i64, to: i64) -> Result<bool, StoreError> {
        let update = self
            .update()
            .update_expression("SET free_at = :to")
            .condition_expression("free_at > :beyond OR NOT attribute_type(free_at, :number)")
            .expression_attribute_values(":to", number(to))
            .expression_attribute_values(":beyond", number(beyond))
            .expression_attribute_values(":number", text("N"));
        Ok(conditional(TABLE, update.send().await)?.is_written())
    }
}

/// The hold of the row. One that a person edited to something else than a number is over.
fn hold(row: &Item) -> Option<Hold> {
    let until = row.get("held_until")?;
    let until = until.as_n().ok().and_then(|until| DateTime::from_timestamp_millis(until.parse().ok()?));
    Some(Hold {
        until: until.unwrap_or(DateTime::UNIX_EPOCH),
        reason: get_text(row, "held_reason").unwrap_or_default().to_owned(),
        probed: until.is_none() || row.contains_key("held_probed"),
    })
}

fn moment(instant: DateTime<Utc>) -> AttributeValue {
    number(instant.timestamp_millis())
}

impl SendingHold for Control {
    async fn start(&self, until: DateTime<Utc>, reason: &str) -> Result<(), StoreError> {
        let update = self
            .update()
            .update_expression("SET held_until = :until, held_reason = :reason REMOVE held_probed")
            .expression_attribute_values(":until", moment(until))
            .expression_attribute_values(":reason", text(reason));
        conditional(TABLE, update.send().await).map(drop)
    }

    async fn prolong(&self, seen: &Hold, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let update = self
            .update()
            .update_expression("SET held_until = :until")
            .condition_expression("held_until = :seen AND attribute_not_exists(held_probed)")
            .expression_attribute_values(":until", moment(until))
            .expression_attribute_values(":seen", moment(seen.until));
        Ok(conditional(TABLE, update.send().await)?.is_written())
    }

    async fn probed(&self, seen: &Hold) -> Result<(), StoreError> {
        let update = self
            .update()
            .update_expression("SET held_probed = :yes")
            .condition_expression("held_until = :seen")
            .expression_attribute_values(":seen", moment(seen.until))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        conditional(TABLE, update.send().await).map(drop)
    }

    async fn end(&self, seen: &Hold) -> Result<(), StoreError> {
        let update = self
            .update()
            .update_expression("REMOVE held_until, held_reason, held_probed")
            .condition_expression("held_until = :seen OR NOT attribute_type(held_until, :number)")
            .expression_attribute_values(":seen", moment(seen.until))
            .expression_attribute_values(":number", text("N"));
        conditional(TABLE, update.send().await).map(drop)
    }
}
