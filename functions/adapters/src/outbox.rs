//! Table `notices`: the outbox. PK `receipt_code`, SK `notice`; sparse index `open` over the rows not finished.
//!
//! A reply of 8083 has a row as well: its `receipt_code` is the inquiry's id, `<gateway>#<mo id>`, which cannot be a
//! receipt code because of the `#`; its `notice` is `reply`.
//!
//! `due_at` of an unfinished row says when it may be claimed: a pending row when it is due, a sending row when its
//! lease expires. So one condition claims both, and one query finds both. `open_priority`, the index's key, is the
//! priority. One key takes 1,000 writes per second, and a throttled index blocks its table: a function that plans many
//! messages at once must write more slowly than that.

use std::collections::HashSet;
use std::str::FromStr;

use application::ports::{Claimed, Due, DueRows, Enqueue, Outbox, StoreError};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use chrono::{DateTime, Utc};
use domain::calendar::day_in_vietnam;
use domain::notice::NoticeRow;
use domain::notice::lifecycle::{Acceptance, Claim, LEASE, Outcome, State};
use domain::notice::receipt::{Delivery, Reason};
use domain::notice::{NoticeKind, Priority, Sending};
use domain::{InquiryId, NoticeId, Outgoing, Phone, ReceiptCode};

use crate::aws::DynamoDb;
use crate::batch::Batch;
use crate::conditional::{Conditional, conditional};
use crate::item::{Item, expiry, get_number, get_text, number, text, time, unavailable};
use crate::notice_indexes::LISTED;

const TABLE: &str = "notices";
const OPEN: &str = "open";
/// The most pages of one priority that are read if rows cannot be read.
const MOST_PAGES: usize = 50;

#[derive(Debug, Clone)]
pub struct DynamoOutbox {
    client: DynamoDb,
    table: String,
    retention_days: u32,
}

impl DynamoOutbox {
    /// `retention_days`: how long finished rows are kept, parameter `NoticeRetentionDays`.
    pub fn new(client: DynamoDb, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days }
    }

    fn update(&self, id: &Outgoing) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(id)));
        update.expression_attribute_names("#state", "state")
    }

    /// Why a row could not be claimed. A row that is in the index although its state is final or unknown was edited by
    /// hand. A finished one is removed from the index, as if this system had finished it.
    async fn not_claimed(&self, id: &Outgoing, row: &Item, now: DateTime<Utc>) -> Result<Claimed, StoreError> {
        let word = get_text(row, "state").unwrap_or_default().to_owned();
        let state = State::from_str(&word);
        if !row.contains_key("open_priority") || state.as_ref().is_ok_and(|state| !state.is_final()) {
            return Ok(Claimed::Taken);
        }
        if state.is_ok() {
            let update = self
                .update(id)
                .update_expression("SET expires_at = :expires_at REMOVE open_priority, due_at")
                .condition_expression("#state = :state")
                .expression_attribute_values(":state", text(&word))
                .expression_attribute_values(":expires_at", expiry(day_in_vietnam(now), self.retention_days));
            if let Err(error) = update.send().await {
                tracing::warn!(outgoing = %id, error = crate::aws::error_chain(&error), "a finished row stays in the index `open`");
            }
        }
        Ok(Claimed::Contradictory(word))
    }
}

impl Outbox for DynamoOutbox {
    async fn enqueue(&self, id: &Outgoing, how: Enqueue, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut row = key(id);
        let (state, due_at, attempts) = match &how {
            Enqueue::Pending { due_at } => (State::Pending, *due_at, 0),
            Enqueue::Claimed(claim) => (State::Sending, claim.lease_until, claim.attempts),
        };
        row.extend([
            ("state".to_owned(), text(state.as_str())),
            ("kind".to_owned(), text(id.kind())),
            ("due_at".to_owned(), number(due_at.timestamp_millis())),
            ("attempts".to_owned(), number(attempts)),
            ("enqueued_at".to_owned(), time(now)),
            ("open_priority".to_owned(), text(index_key(id.priority()))),
        ]);
        if let Outgoing::Notice(_) = id {
            row.insert("day".to_owned(), text(day_in_vietnam(now).to_string()));
        }
        let owner = match how {
            Enqueue::Pending { .. } => None,
            Enqueue::Claimed(claim) => Some(claim.owner),
        };
        if let Some(owner) = &owner {
            row.insert("owner".to_owned(), text(owner));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(receipt_code)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        Ok(match conditional(TABLE, put.send().await)? {
            Conditional::Written(_) => true,
            // If the SDK repeats a put after a lost reply, it finds its own row.
            Conditional::Refused(row) => owner.is_some() && is_held_by(row.as_ref(), owner.as_deref()),
        })
    }

    async fn rows_among(&self, ids: &[NoticeId]) -> Result<HashSet<NoticeId>, StoreError> {
        let read = KeysAndAttributes::builder().projection_expression("receipt_code, notice");
        let batch = Batch { client: &self.client, table: &self.table, label: TABLE, read };
        let rows = batch.get(ids.iter().map(notice_key).collect()).await?;
        Ok(rows.iter().filter_map(|row| notice_id(row).ok()).collect())
    }

    async fn claim(&self, id: &Outgoing, owner: String, now: DateTime<Utc>) -> Result<Claimed, StoreError> {
        let lease_until = now + LEASE;
        let update = self
            .update(id)
            .update_expression(
                "SET #state = :sending, #owner = :owner, due_at = :lease_until, attempts = if_not_exists(attempts, :zero) + :one",
            )
            .condition_expression("#state IN (:pending, :sending) AND due_at <= :now")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":pending", text(State::Pending.as_str()))
            .expression_attribute_values(":sending", text(State::Sending.as_str()))
            .expression_attribute_values(":owner", text(&owner))
            .expression_attribute_values(":lease_until", number(lease_until.timestamp_millis()))
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":zero", number(0))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let granted = |row: Option<&Item>| {
            let attempts = row.and_then(|row| get_number(row, "attempts")).unwrap_or(1);
            Claimed::Granted(Claim { id: id.clone(), owner: owner.clone(), lease_until, attempts })
        };
        match conditional(TABLE, update.send().await)? {
            Conditional::Written(updated) => Ok(granted(updated.attributes.as_ref())),
            Conditional::Refused(row) if is_held_by(row.as_ref(), Some(&owner)) => Ok(granted(row.as_ref())),
            Conditional::Refused(Some(row)) => self.not_claimed(id, &row, now).await,
            Conditional::Refused(None) => Ok(Claimed::Taken),
        }
    }

    async fn complete(&self, claim: &Claim, outcome: &Outcome, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let state = outcome.state();
        let mut set = attributes(claim, outcome);
        set.push(("state", text(state.as_str())));
        if state.is_final() {
            set.push(("expires_at", expiry(day_in_vietnam(now), self.retention_days)));
        }
        let assignments: Vec<String> =
            set.iter().map(|(name, _)| format!("{} = :{name}", in_expression(name))).collect();
        let removed = if state.is_final() { "open_priority, due_at" } else { "#owner" };
        let mut update = self
            .update(&claim.id)
            .update_expression(format!("SET {} REMOVE {removed}", assignments.join(", ")))
            .condition_expression("#state = :sending AND #owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":sending", text(State::Sending.as_str()))
            .expression_attribute_values(":owner", text(&claim.owner))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in set {
            if name == "text" {
                update = update.expression_attribute_names("#text", "text");
            }
            update = update.expression_attribute_values(format!(":{name}"), value);
        }
        Ok(match conditional(TABLE, update.send().await)? {
            Conditional::Written(_) => true,
            // If the SDK repeats a write after a lost reply, it finds its own row.
            Conditional::Refused(row) => row.is_some_and(|row| {
                state.is_final()
                    && get_text(&row, "owner") == Some(&claim.owner)
                    && get_text(&row, "state") == Some(state.as_str())
            }),
        })
    }

    /// At least `limit` readable rows, if there are so many. Rows that cannot be read are skipped.
    async fn due(&self, priority: Priority, by: DateTime<Utc>, limit: usize) -> Result<DueRows, StoreError> {
        let (mut rows, mut start) = (DueRows::default(), None);
        for _ in 0..MOST_PAGES {
            let found = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(OPEN)
                .key_condition_expression("open_priority = :priority AND due_at <= :by")
                .expression_attribute_values(":priority", text(index_key(priority)))
                .expression_attribute_values(":by", number(by.timestamp_millis()))
                .projection_expression("receipt_code, notice, due_at")
                .limit(if start.is_none() { limit } else { limit.max(100) }.try_into().unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(unavailable(TABLE))?;
            let items = found.items.unwrap_or_default();
            let before = rows.due.len();
            rows.due.extend(items.iter().filter_map(readable));
            rows.unreadable += (items.len() - (rows.due.len() - before)) as u32;
            start = found.last_evaluated_key;
            if start.is_none() || rows.due.len() >= limit || rows.unreadable == 0 {
                break;
            }
        }
        Ok(rows)
    }
    async fn rows_of(&self, code: &ReceiptCode, kind: NoticeKind) -> Result<Vec<NoticeRow>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("receipt_code = :code AND begins_with(notice, :kind)")
            .expression_attribute_values(":code", text(code.as_str()))
            .expression_attribute_values(":kind", text(format!("{kind}#")))
            .projection_expression(
                "receipt_code, notice, #state, phone_at_fault, phone, delivery, delivery_reason, enqueued_at, due_at",
            )
            .expression_attribute_names("#state", "state")
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(NoticeRow::one_a_notice(found.items.unwrap_or_default().iter().filter_map(notice_row)))
    }
}

/// The attributes that the outcome of a claim sets.
fn attributes(claim: &Claim, outcome: &Outcome) -> Vec<(&'static str, AttributeValue)> {
    let mut set = match outcome {
        Outcome::Sent(acceptance) => accepted(acceptance),
        Outcome::NotSent { due_at, counted, reason } => vec![
            ("due_at", number(due_at.timestamp_millis())),
            ("attempts", number(claim.attempts.saturating_sub(u32::from(!counted)))),
            ("reason", text(reason)),
        ],
        Outcome::Failed(reason) | Outcome::WrongNumber(reason) => vec![("reason", text(reason))],
        Outcome::Cancelled(reason) | Outcome::NoMobile(reason) => vec![("reason", text(*reason))],
        Outcome::Expired => Vec::new(),
    };
    if outcome.phone_at_fault() {
        set.push(("phone_at_fault", AttributeValue::Bool(true)));
    }
    // A failed reply to 8083 is the gateway's matter.
    if outcome.state() == State::Failed && matches!(claim.id, Outgoing::Notice(_)) {
        set.push(("to_phone", text(LISTED)));
    }
    set
}

fn accepted(acceptance: &Acceptance) -> Vec<(&'static str, AttributeValue)> {
    let mut set = vec![("parts", number(acceptance.parts)), ("sent_at", time(acceptance.sent_at))];
    // The key of an index cannot be empty.
    if !acceptance.message_id.is_empty() {
        set.push(("message_id", text(&acceptance.message_id)));
    }
    if let Some(copy) = &acceptance.copy {
        set.extend([("phone", text(copy.phone.as_e164())), ("text", text(&copy.text))]);
    }
    set
}

/// The placeholder of an attribute's name in an expression: DynamoDB reserves some words.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>
fn in_expression(name: &str) -> String {
    let is_reserved = matches!(name, "state" | "owner" | "text");
    if is_reserved { format!("#{name}") } else { name.to_owned() }
}

fn concerns_the_number(row: &Item) -> bool {
    get_text(row, "delivery_reason").and_then(Reason::named).is_none_or(Reason::concerns_the_number)
}

/// The number that a message was sent to.
pub(crate) fn phone(row: &Item) -> Option<Phone> {
    Phone::parse(get_text(row, "phone")?).ok()
}

/// A row that cannot be read (edited by hand) is left out.
pub(crate) fn notice_row(row: &Item) -> Option<(Sending, NoticeRow)> {
    let id = notice_id(row).ok()?;
    let state = get_text(row, "state")?.parse().ok()?;
    let was_refused = row.get("phone_at_fault").is_some_and(|yes| yes.as_bool() == Ok(&true));
    let is = |delivery: Delivery| get_text(row, "delivery") == Some(delivery.as_str());
    let row = NoticeRow {
        key: id.key,
        state,
        phone_at_fault: if state == State::Sent { is(Delivery::Undelivered) } else { was_refused },
        arrived: is(Delivery::Delivered),
        unreached: if is(Delivery::Undelivered) && concerns_the_number(row) { phone(row) } else { None },
        enqueued_at: get_text(row, "enqueued_at")?.parse().ok()?,
        due_at: get_number(row, "due_at").and_then(DateTime::from_timestamp_millis),
    };
    Some((id.sending, row))
}

fn key(id: &Outgoing) -> Item {
    match id {
        Outgoing::Notice(id) => notice_key(id),
        Outgoing::Reply(inquiry) => key_of(inquiry.as_str(), Outgoing::REPLY),
    }
}

pub(crate) fn notice_key(id: &NoticeId) -> Item {
    key_of(id.receipt_code.as_str(), &id.name())
}

fn key_of(receipt_code: &str, notice: &str) -> Item {
    Item::from([("receipt_code".to_owned(), text(receipt_code)), ("notice".to_owned(), text(notice))])
}

/// The value of `open_priority`.
fn index_key(priority: Priority) -> &'static str {
    match priority {
        Priority::Change => "0",
        Priority::Apology => "1",
        Priority::Reply => "2",
    }
}

fn is_held_by(row: Option<&Item>, owner: Option<&str>) -> bool {
    row.is_some_and(|row| get_text(row, "state") == Some(State::Sending.as_str()) && get_text(row, "owner") == owner)
}

/// A row that cannot be read must not stop the others from being sent.
fn readable(row: &Item) -> Option<Due> {
    due(row).inspect_err(|error| tracing::error!(%error, "an open message is left out")).ok()
}

fn due(row: &Item) -> Result<Due, StoreError> {
    let due_at = get_number(row, "due_at").and_then(DateTime::from_timestamp_millis);
    Ok(Due { id: id(row)?, due_at: due_at.ok_or_else(|| unreadable(row, "it has no due_at"))? })
}

fn id(row: &Item) -> Result<Outgoing, StoreError> {
    if get_text(row, "notice") == Some(Outgoing::REPLY) {
        return Ok(Outgoing::Reply(parsed::<InquiryId>(row, "receipt_code")?));
    }
    notice_id(row).map(Outgoing::Notice)
}

pub(crate) fn notice_id(row: &Item) -> Result<NoticeId, StoreError> {
    let get = |name| get_text(row, name).unwrap_or_default();
    NoticeId::parse(get("receipt_code"), get("notice")).map_err(|error| unreadable(row, error))
}

fn parsed<T: FromStr<Err: ToString>>(row: &Item, name: &str) -> Result<T, StoreError> {
    get_text(row, name).unwrap_or_default().parse().map_err(|error: T::Err| unreadable(row, error))
}

fn unreadable(row: &Item, why: impl ToString) -> StoreError {
    let get = |name| get_text(row, name).unwrap_or_default();
    StoreError::Unreadable { item: format!("notice {} {}", get("receipt_code"), get("notice")), why: why.to_string() }
}
