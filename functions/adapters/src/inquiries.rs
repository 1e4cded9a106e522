//! Table `inquiries`: one row per message to 8083 with its reply and the sender's number, and one row per phone and
//! minute with the hashes of its messages, which is kept for an hour. The index `by_day` shows only the former: the
//! latter have no day.

use application::ports::{
    InquiryDays, InquiryHistory, InquiryLog, Logged, LoggedText, PageMark, SenderCount, StoreError, TextPage,
};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{NaiveDate, TimeDelta};
use domain::calendar::day_in_vietnam;
use domain::event::InquiryOutcome;
use domain::inquiry::{Inquiry, ReplyCall};
use domain::{InquiryId, ReceiptCode};

use crate::aws::DynamoDb;
use crate::conditional::{Conditional, conditional};
use crate::item::{Item, expiry, get_text, get_time, number, text, time, unavailable};

const TABLE: &str = "inquiries";
const BY_CODE: &str = "by_code";
const BY_DAY: &str = "by_day";
/// How long a minute's count is kept after the minute: TTL deletes it within days, and its key is never used again.
const COUNT_KEPT: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Clone)]
pub struct DynamoInquiries {
    client: DynamoDb,
    table: String,
    retention_days: u32,
}

impl DynamoInquiries {
    /// For a function that only reads.
    pub fn reader(client: DynamoDb, table: String) -> Self {
        Self { client, table, retention_days: 0 }
    }

    /// `retention_days`: parameter `InquiryRetentionDays`.
    pub fn new(client: DynamoDb, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days }
    }

    fn update(&self, message: &SenderCount) -> UpdateItemFluentBuilder {
        // A gateway's name contains no colon, so this is not the key of an inquiry.
        let key = text(format!("sender:{}", message.window));
        let messages = AttributeValue::Ss(vec![message.message.clone()]);
        self.client
            .update_item()
            .table_name(&self.table)
            .key("inquiry", key)
            .expression_attribute_values(":messages", messages)
    }
}

impl InquiryLog for DynamoInquiries {
    /// One conditional write logs the inquiry or, if the row exists, returns the first reply.
    async fn log(&self, inquiry: &Inquiry) -> Result<Logged, StoreError> {
        let day = day_in_vietnam(inquiry.received_at);
        let mut row = Item::from([
            ("inquiry".to_owned(), text(inquiry.id.as_str())),
            ("gateway".to_owned(), text(inquiry.id.gateway())),
            ("sender".to_owned(), text(&inquiry.sender)),
            ("text".to_owned(), text(&inquiry.text)),
            ("reply".to_owned(), text(&inquiry.reply)),
            ("outcome".to_owned(), text(inquiry.outcome.as_str())),
            ("charged".to_owned(), AttributeValue::Bool(inquiry.charged)),
            ("day".to_owned(), text(day.to_string())),
            ("received_at".to_owned(), time(inquiry.received_at)),
            ("expires_at".to_owned(), expiry(day, self.retention_days)),
        ]);
        if let Some(code) = &inquiry.receipt_code {
            row.insert("receipt_code".to_owned(), text(code.as_str()));
        }
        if let Some(call) = &inquiry.call {
            row.insert("short_code".to_owned(), text(&call.short_code));
            row.insert("command".to_owned(), text(&call.command));
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(inquiry)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional(TABLE, put.send().await)? {
            Conditional::Written(_) => Ok(Logged::New),
            Conditional::Refused(row) => already(&row.unwrap_or_default(), inquiry),
        }
    }

    async fn get(&self, id: &InquiryId) -> Result<Option<Inquiry>, StoreError> {
        let get =
            self.client.get_item().table_name(&self.table).key("inquiry", text(id.as_str())).consistent_read(true);
        get.send().await.map_err(unavailable(TABLE))?.item.as_ref().map(read).transpose()
    }

    /// One conditional write. The row has a set of hashes instead of a number, so that neither the gateway's repetition
    /// nor the client's retry counts twice. The set never has more than `most` members.
    async fn count(&self, message: &SenderCount, most: u32) -> Result<Option<u32>, StoreError> {
        let update = self
            .update(message)
            .update_expression("ADD messages :messages SET expires_at = :expires_at")
            .condition_expression(
                "attribute_not_exists(messages) OR contains(messages, :message) OR size(messages) < :most",
            )
            .expression_attribute_values(":message", text(&message.message))
            .expression_attribute_values(":most", number(most))
            .expression_attribute_values(":expires_at", number((message.over_at + COUNT_KEPT).timestamp()))
            .return_values(ReturnValue::UpdatedNew);
        let Conditional::Written(updated) = conditional(TABLE, update.send().await)? else { return Ok(None) };
        let messages = updated.attributes().and_then(|row| row.get("messages")?.as_ss().ok());
        Ok(Some(messages.map_or(1, Vec::len).try_into().unwrap_or(u32::MAX)))
    }

    async fn uncount(&self, message: &SenderCount) -> Result<(), StoreError> {
        let delete = self.update(message).update_expression("DELETE messages :messages");
        // An update of a row that TTL has deleted would create it again, without an expiry.
        conditional(TABLE, delete.condition_expression("attribute_exists(inquiry)").send().await).map(|_| ())
    }
}

impl InquiryHistory for DynamoInquiries {
    async fn about(&self, code: &ReceiptCode, most: usize) -> Result<Vec<Inquiry>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_CODE)
            .key_condition_expression("receipt_code = :code")
            .expression_attribute_values(":code", text(code.as_str()))
            .scan_index_forward(false)
            .limit(most.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(found.items.unwrap_or_default().iter().filter_map(|row| read(row).ok()).collect())
    }
}

impl InquiryDays for DynamoInquiries {
    async fn texts_of(&self, day: NaiveDate, after: Option<PageMark>) -> Result<TextPage, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_DAY)
            .key_condition_expression("#day = :day")
            .projection_expression("#day, received_at, inquiry, sender, charged")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", text(day.to_string()))
            .set_exclusive_start_key(after.and_then(|mark| start(&mark, day)))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        let next = found.last_evaluated_key.as_ref().and_then(mark);
        Ok(TextPage { texts: found.items.unwrap_or_default().iter().filter_map(logged_text).collect(), next })
    }
}

fn logged_text(row: &Item) -> Option<LoggedText> {
    Some(LoggedText {
        id: get_text(row, "inquiry")?.parse().ok()?,
        sender: get_text(row, "sender").unwrap_or_default().to_owned(),
        charged: is_charged(row),
        received_at: get_time(row, "received_at")?,
    })
}

/// `<received_at>|<inquiry>`: a time contains no bar.
fn mark(last: &Item) -> Option<PageMark> {
    Some(PageMark(format!("{}|{}", get_text(last, "received_at")?, get_text(last, "inquiry")?)))
}

fn start(PageMark(mark): &PageMark, day: NaiveDate) -> Option<Item> {
    let (received_at, inquiry) = mark.split_once('|')?;
    let key = [("day", day.to_string()), ("received_at", received_at.to_owned()), ("inquiry", inquiry.to_owned())];
    Some(key.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect())
}

/// Rows of the first release have no such attribute: all were charged.
fn is_charged(row: &Item) -> bool {
    row.get("charged").and_then(|charged| charged.as_bool().ok()).copied().unwrap_or(true)
}

/// What is stored: the same message, or another one with the same id.
fn already(row: &Item, inquiry: &Inquiry) -> Result<Logged, StoreError> {
    let first = read(row)?;
    if (&first.text, &first.sender) != (&inquiry.text, &inquiry.sender) {
        return Ok(Logged::Conflicting);
    }
    Ok(Logged::Repeated(Box::new(first)))
}

fn read(row: &Item) -> Result<Inquiry, StoreError> {
    let stored = |name| get_text(row, name).unwrap_or_default();
    let unreadable =
        |why: &str| StoreError::Unreadable { item: format!("inquiry {}", stored("inquiry")), why: why.into() };
    let call =
        |short_code: &str| ReplyCall { short_code: short_code.to_owned(), command: stored("command").to_owned() };
    Ok(Inquiry {
        id: stored("inquiry").parse().map_err(|_| unreadable("it has no gateway"))?,
        sender: stored("sender").to_owned(),
        text: stored("text").to_owned(),
        receipt_code: get_text(row, "receipt_code").and_then(|code| ReceiptCode::parse(code).ok()),
        reply: get_text(row, "reply").ok_or_else(|| unreadable("it has no reply"))?.to_owned(),
        outcome: InquiryOutcome::named(stored("outcome")).ok_or_else(|| unreadable("its outcome is unknown"))?,
        charged: is_charged(row),
        call: get_text(row, "short_code").map(call),
        received_at: stored("received_at").parse().map_err(|_| unreadable("it has no received_at"))?,
    })
}
