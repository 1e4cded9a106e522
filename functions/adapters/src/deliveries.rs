//! What the carriers reported of a notice: attributes of its row in table `notices`. The index `by_message` finds a row by
//! the carrier's message id.

use application::ports::{DeliveryStore, Recorded, StoreError};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use domain::NoticeId;
use domain::notice::lifecycle::State;
use domain::notice::receipt::{Delivery, Receipt};

use crate::aws::DynamoDb;
use crate::conditional::{Conditional, conditional};
use crate::item::{Item, get_text, get_time, number, text, time, unavailable};
use crate::notice_indexes::LISTED;
use crate::outbox::{notice_id, notice_key};

const TABLE: &str = "notices";
const BY_MESSAGE: &str = "by_message";

#[derive(Debug, Clone)]
pub struct DynamoDeliveries {
    client: DynamoDb,
    table: String,
}

impl DynamoDeliveries {
    pub fn new(client: DynamoDb, table: String) -> Self {
        Self { client, table }
    }
}

impl DeliveryStore for DynamoDeliveries {
    async fn find(&self, message_id: &str) -> Result<Option<NoticeId>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_MESSAGE)
            .key_condition_expression("message_id = :id")
            .expression_attribute_values(":id", text(message_id))
            .limit(1)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        // A reply of 8083 has a message id as well; its gateway reports nothing here.
        Ok(found.items.unwrap_or_default().first().and_then(|row| notice_id(row).ok()))
    }

    async fn record(&self, id: &NoticeId, receipt: &Receipt) -> Result<Recorded, StoreError> {
        let set = attributes(receipt);
        let assignments: Vec<String> = set.iter().map(|(name, _)| format!("{name} = :{name}")).collect();
        let removed = removed(receipt);
        let (condition, compared) = condition(receipt.delivery);
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(notice_key(id)))
            .update_expression(format!("SET {}{removed}", assignments.join(", ")))
            .condition_expression(condition)
            .expression_attribute_names("#state", "state")
            .set_expression_attribute_values(Some(compared))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in set {
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        Ok(match conditional(TABLE, update.send().await)? {
            Conditional::Written(_) => Recorded::New,
            Conditional::Refused(Some(row)) if is_the_same(&row, receipt) => {
                Recorded::Before { at: get_time(&row, "delivery_at").unwrap_or(receipt.at) }
            }
            Conditional::Refused(Some(_)) => Recorded::Ignored,
            Conditional::Refused(None) => Recorded::NoRow,
        })
    }
}

/// The condition under which `delivery` is written, and its values. A message that waits for its next try may have been
/// accepted all the same, if the carrier's answer was lost: if it arrived, it need not be sent again.
fn condition(delivery: Delivery) -> (String, Item) {
    let waiting = (delivery == Delivery::Delivered).then_some(State::Pending);
    let states = [State::Sending, State::Sent].into_iter().chain(waiting).map(State::as_str);
    let (states, earlier) = (states.collect::<Vec<_>>(), delivery.earlier().map(Delivery::as_str).collect::<Vec<_>>());
    let names = |of: &[&str]| of.iter().map(|name| format!(":is_{name}")).collect::<Vec<_>>().join(", ");
    let or_earlier = if earlier.is_empty() { String::new() } else { format!(" OR delivery IN ({})", names(&earlier)) };
    let values = states.iter().chain(&earlier).map(|name| (format!(":is_{name}"), text(*name)));
    let condition = format!("#state IN ({}) AND (attribute_not_exists(delivery){or_earlier})", names(&states));
    (condition, values.collect())
}

/// A later report may have no reason where an earlier one had. A citizen whose message arrived need not be phoned.
fn removed(receipt: &Receipt) -> String {
    let reason = receipt.reason.is_none().then_some("delivery_reason");
    let listed = (receipt.delivery == Delivery::Delivered).then_some("to_phone");
    let removed: Vec<_> = reason.into_iter().chain(listed).collect();
    if removed.is_empty() { String::new() } else { format!(" REMOVE {}", removed.join(", ")) }
}

fn attributes(receipt: &Receipt) -> Vec<(&'static str, AttributeValue)> {
    let mut set = vec![
        ("delivery", text(receipt.delivery.as_str())),
        ("delivery_at", time(receipt.at)),
        ("delivery_words", text(receipt.words.as_str())),
    ];
    set.extend(receipt.reason.map(|reason| ("delivery_reason", text(reason.as_str()))));
    if receipt.delivery != Delivery::Delivered {
        set.push(("to_phone", text(LISTED)));
    }
    set.extend(receipt.parts.map(|parts| ("delivery_parts", number(parts))));
    if let Some(price) = receipt.price {
        set.extend([("price", number(price.amount())), ("price_currency", text(price.currency()))]);
    }
    set
}

fn is_the_same(row: &Item, receipt: &Receipt) -> bool {
    get_text(row, "delivery") == Some(receipt.delivery.as_str())
        && get_text(row, "delivery_reason") == receipt.reason.map(|reason| reason.as_str())
}
