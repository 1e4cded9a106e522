//! DynamoDB items: reading and writing attributes, and the client's errors as `StoreError`.

use std::collections::HashMap;
use std::error::Error;

use application::ports::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::calendar::{VIETNAM, start_of};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// RFC 3339 in Vietnam's time, to the millisecond, for people who read the table.
pub(crate) fn time(instant: DateTime<Utc>) -> AttributeValue {
    text(instant.with_timezone(&VIETNAM).to_rfc3339_opts(chrono::SecondsFormat::Millis, false))
}

/// The TTL attribute: `days` after `day`, in seconds since 1970.
pub(crate) fn expiry(day: NaiveDate, days: u32) -> AttributeValue {
    number(start_of(day + Days::new(days.into())).timestamp())
}

pub(crate) fn get_text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn get_time(item: &Item, name: &str) -> Option<DateTime<Utc>> {
    get_text(item, name)?.parse().ok()
}

pub(crate) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// For `map_err` on every call to one table.
pub(crate) fn unavailable<E: Error>(table: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Unavailable { table, why: crate::aws::error_chain(&error) }
}
