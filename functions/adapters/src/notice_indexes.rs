//! Table `notices`, its indexes for the desk. `to_phone` is sparse: the sendings that did not arrive. `by_day` has every
//! notice under the day in Vietnam at which it was enqueued. Their keys are written with what is written anyway.

use std::ops::Range;

use application::ports::{Apologies, CallList, CountedPage, NoticeDays, NoticePage, PageMark, StoreError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use chrono::{DateTime, Days, FixedOffset, NaiveDate, TimeDelta, Utc};
use domain::calendar::day_in_vietnam;
use domain::desk::sums::Counted;
use domain::notice::receipt::{Delivery, Reason};
use domain::{NoticeId, NoticeKey};

use crate::conditional::conditional;
use crate::history::DynamoHistory;
use crate::item::{Item, get_number, get_text, text, time, unavailable};
use crate::outbox::{notice_id, notice_key};

const TABLE: &str = "notices";
const TO_PHONE: &str = "to_phone";
const BY_DAY: &str = "by_day";
/// The value of the attribute `to_phone`.
pub(crate) const LISTED: &str = "yes";

impl CallList for DynamoHistory {
    async fn to_phone(&self, after: Option<PageMark>, most: usize) -> Result<NoticePage, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(TO_PHONE)
            .key_condition_expression("to_phone = :listed")
            .expression_attribute_values(":listed", text(LISTED))
            .set_exclusive_start_key(after.and_then(|mark| start(&mark, TO_PHONE, LISTED)))
            .limit(most.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(page(&found))
    }

    async fn take_off(&self, id: &NoticeId) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(notice_key(id)))
            .update_expression("REMOVE to_phone")
            // An update of a row that TTL has deleted would create it again.
            .condition_expression("attribute_exists(receipt_code)");
        conditional(TABLE, update.send().await).map(|_| ())
    }
}

impl Apologies for DynamoHistory {
    async fn apologies(
        &self,
        appointment: NaiveDate,
        within: Range<DateTime<Utc>>,
        after: Option<PageMark>,
        most: usize,
    ) -> Result<NoticePage, StoreError> {
        let last = day_in_vietnam(within.end - TimeDelta::milliseconds(1));
        let (mut day, mut after) = goes_on(after, day_in_vietnam(within.start), last);
        let mut ids = Vec::new();
        while day <= last {
            let page = self.apologies_of(day, appointment, &within, after.take(), most).await?;
            ids.extend(page.ids);
            if page.next.is_some() {
                return Ok(NoticePage { ids, next: page.next });
            }
            day = day + Days::new(1);
        }
        Ok(NoticePage { ids, next: None })
    }
}

impl DynamoHistory {
    /// Those that were enqueued on `day`.
    async fn apologies_of(
        &self,
        day: NaiveDate,
        appointment: NaiveDate,
        within: &Range<DateTime<Utc>>,
        after: Option<PageMark>,
        most: usize,
    ) -> Result<NoticePage, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_DAY)
            .key_condition_expression("#day = :day AND enqueued_at BETWEEN :from AND :until")
            .filter_expression("notice = :apology")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", text(day.to_string()))
            .expression_attribute_values(":from", time(within.start))
            .expression_attribute_values(":until", time(within.end - TimeDelta::milliseconds(1)))
            .expression_attribute_values(":apology", text(NoticeKey::Apology(appointment).to_string()))
            .set_exclusive_start_key(after.and_then(|mark| start(&mark, "day", &day.to_string())))
            .limit(most.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(page(&found))
    }
}

impl NoticeDays for DynamoHistory {
    async fn counted(&self, day: NaiveDate, after: Option<PageMark>) -> Result<CountedPage, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_DAY)
            .key_condition_expression("#day = :day")
            .expression_attribute_names("#day", "day")
            .expression_attribute_values(":day", text(day.to_string()))
            .set_exclusive_start_key(after.and_then(|mark| start(&mark, "day", &day.to_string())))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        let sendings = found.items().iter().filter_map(counted).collect();
        Ok(CountedPage { sendings, next: found.last_evaluated_key.as_ref().and_then(mark) })
    }
}

/// The carrier's own count of parts is the one that it charges.
fn counted(row: &Item) -> Option<Counted> {
    let delivery = get_text(row, "delivery");
    let price = get_number(row, "price").zip(get_text(row, "price_currency").map(str::to_owned));
    Some(Counted {
        state: get_text(row, "state")?.parse().ok()?,
        delivery: Delivery::ALL.into_iter().find(|known| delivery == Some(known.as_str())),
        reason: get_text(row, "delivery_reason").and_then(Reason::named),
        parts: get_number(row, "delivery_parts").or_else(|| get_number(row, "parts")).unwrap_or(0),
        price,
    })
}

fn page(found: &QueryOutput) -> NoticePage {
    let ids = found.items().iter().filter_map(|row| notice_id(row).ok()).collect();
    NoticePage { ids, next: found.last_evaluated_key.as_ref().and_then(mark) }
}

/// `<enqueued_at>|<receipt code>|<notice>`: none of them contains a bar.
fn mark(last: &Item) -> Option<PageMark> {
    let [at, code, notice] = ["enqueued_at", "receipt_code", "notice"].map(|name| get_text(last, name));
    Some(PageMark(format!("{}|{}|{}", at?, code?, notice?)))
}

/// The day to go on with, and the mark if it is of one of these days: a mark comes from an address, where anybody can write
/// another, and must not lead through years.
fn goes_on(after: Option<PageMark>, first: NaiveDate, last: NaiveDate) -> (NaiveDate, Option<PageMark>) {
    match after.as_ref().and_then(day_of) {
        Some(day) if (first..=last).contains(&day) => (day, after),
        _ => (first, None),
    }
}

/// The day in Vietnam of the row that the mark names.
fn day_of(PageMark(mark): &PageMark) -> Option<NaiveDate> {
    let at: DateTime<FixedOffset> = mark.split('|').next()?.parse().ok()?;
    Some(day_in_vietnam(at.to_utc()))
}

/// The key of the last row of the page before, in the index whose key `name` has that value.
fn start(PageMark(mark): &PageMark, name: &str, value: &str) -> Option<Item> {
    let mut parts = mark.split('|');
    let mut item = Item::from([(name.to_owned(), text(value))]);
    for name in ["enqueued_at", "receipt_code", "notice"] {
        item.insert(name.to_owned(), text(parts.next()?));
    }
    parts.next().is_none().then_some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_another_time_leads_to_the_first_page() {
        let [first, last] = ["2026-11-25", "2026-11-26"].map(|day| day.parse().unwrap());
        let mark = |at: &str| Some(PageMark(format!("{at}|0161701234|apology#2026-11-26")));
        for own in ["2026-11-25T17:30:00.000+07:00", "2026-11-26T08:00:00.000+07:00"] {
            assert_eq!(goes_on(mark(own), first, last), (own[..10].parse().unwrap(), mark(own)));
        }
        for other in ["0001-01-01T00:00:00Z", "2026-11-27T08:00:00+07:00", "yesterday", ""] {
            assert_eq!(goes_on(mark(other), first, last), (first, None), "{other}");
        }
        assert_eq!(goes_on(None, first, last), (first, None));
    }

    #[test]
    fn a_mark_leads_back_to_the_row() {
        let written = "2026-11-26T10:30:00.000+07:00|0161701234|result#3";
        let item = start(&PageMark(written.to_owned()), TO_PHONE, LISTED).unwrap();
        assert_eq!((item.len(), mark(&item)), (4, Some(PageMark(written.to_owned()))));
        for broken in ["", "a|b", "a|b|c|d"] {
            assert!(start(&PageMark(broken.to_owned()), TO_PHONE, LISTED).is_none(), "{broken}");
        }
    }
}
