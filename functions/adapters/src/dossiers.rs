//! Table `dossiers`. An item is a snapshot with the contract's field names, and `expires_at`.

use application::ports::{Appointments, Clock, DossierFinder, DossierStore, Page, PageToken, Put, StoreError};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValuesOnConditionCheckFailure};
use chrono::NaiveDate;
use domain::calendar::day_in_vietnam;
use domain::dossier::Contact;
use domain::dossier::revision::{Stored, UnreadableRow};
use domain::{Dossier, Phone, ReceiptCode};
use serde_json::{Map, Value};

use crate::aws::DynamoDb;
use crate::batch::Batch;
use crate::clock::SystemClock;
use crate::conditional::{Conditional, conditional};
use crate::item::{Item, expiry, get_text, number, text, unavailable};

const TABLE: &str = "dossiers";
/// Dossiers per page: the planner limits its rate page by page.
const PAGE: i32 = 500;
const BY_APPOINTMENT: &str = "by_appointment";
const BY_PHONE: &str = "by_phone";

#[derive(Debug, Clone)]
pub struct DynamoDossiers {
    client: DynamoDb,
    table: String,
    /// The days for which a dossier is kept after its last day; `None` in functions that only read.
    retention_days: Option<u32>,
}

impl DynamoDossiers {
    /// For a function that only reads.
    pub fn reader(client: DynamoDb, table: String) -> Self {
        Self { client, table, retention_days: None }
    }

    /// For the function that writes. `retention_days`: parameter `DossierRetentionDays`.
    pub fn writer(client: DynamoDb, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days: Some(retention_days) }
    }

    fn item(&self, dossier: &Dossier) -> Result<Item, StoreError> {
        let mut item: Item =
            serde_dynamo::to_item(dossier).map_err(|error| unreadable(dossier.receipt_code().as_str(), error))?;
        // The key of the index by phone: the number in one form, however the one-stop software wrote it.
        if let Some(Contact::Mobile(phone)) = dossier.contact() {
            item.insert("mobile".into(), text(phone.as_e164()));
        }
        if let Some(days) = self.retention_days {
            let today = day_in_vietnam(SystemClock.now());
            item.insert("expires_at".into(), expiry(last_day(dossier, today), days));
        }
        Ok(item)
    }
}

impl DossierStore for DynamoDossiers {
    async fn get(&self, code: &ReceiptCode) -> Result<Option<Dossier>, StoreError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("receipt_code", text(code.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        found.item.map(read).transpose()
    }

    /// If the SDK repeats a put after a lost reply, it finds its own row, which the caller treats as a repetition.
    async fn put(&self, dossier: &Dossier, replaces: &Stored) -> Result<Put, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(self.item(dossier)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let seen = |revision: &str| {
            put.clone().condition_expression("revision = :seen").expression_attribute_values(":seen", number(revision))
        };
        let put = match replaces {
            Stored::Nothing => put.condition_expression("attribute_not_exists(receipt_code)"),
            Stored::Dossier(dossier) => seen(&dossier.revision().to_string()),
            Stored::Unreadable(UnreadableRow { revision: Some(revision), .. }) => seen(revision),
            Stored::Unreadable(UnreadableRow { revision: None, .. }) => put
                .condition_expression("NOT attribute_type(revision, :number)")
                .expression_attribute_values(":number", text("N")),
        };
        Ok(match conditional(TABLE, put.send().await)? {
            Conditional::Written(_) => Put::Done,
            Conditional::Refused(found) => Put::Overtaken(stored(found)),
        })
    }
}

impl Appointments for DynamoDossiers {
    async fn appointed_on(&self, day: NaiveDate, page: Option<PageToken>) -> Result<Page, StoreError> {
        let appointment_on = text(day.to_string());
        let start = page.map(|PageToken(code)| {
            Item::from([("receipt_code".to_owned(), text(code)), ("appointment_on".to_owned(), appointment_on.clone())])
        });
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_APPOINTMENT)
            .key_condition_expression("appointment_on = :day")
            .expression_attribute_values(":day", appointment_on)
            .set_exclusive_start_key(start)
            .limit(PAGE)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        let next = found.last_evaluated_key.map(|last| page_token(&last));
        let mut page = Page { next, ..Page::default() };
        for item in found.items.unwrap_or_default() {
            match read(item) {
                Ok(dossier) => page.dossiers.push(dossier),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a dossier of the index is left out");
                    page.unreadable += 1;
                }
            }
        }
        Ok(page)
    }
}

impl DossierFinder for DynamoDossiers {
    async fn with_mobile(&self, phone: &Phone, most: usize) -> Result<Vec<ReceiptCode>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(BY_PHONE)
            .key_condition_expression("mobile = :mobile")
            .expression_attribute_values(":mobile", text(phone.as_e164()))
            .limit(most.try_into().unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        let rows = found.items.unwrap_or_default();
        Ok(rows.iter().filter_map(|row| ReceiptCode::parse(get_text(row, "receipt_code")?).ok()).collect())
    }

    async fn all(&self, codes: &[ReceiptCode]) -> Result<Vec<Dossier>, StoreError> {
        let consistent = KeysAndAttributes::builder().consistent_read(true);
        let batch = Batch { client: &self.client, table: &self.table, label: TABLE, read: consistent };
        let key = |code: &ReceiptCode| Item::from([("receipt_code".to_owned(), text(code.as_str()))]);
        let rows = batch.get(codes.iter().map(key).collect()).await?;
        Ok(rows.into_iter().filter_map(|row| read(row).ok()).collect())
    }
}

/// The day at which a dossier's retention begins: the day it was done. For a dossier that is never finished: its
/// appointment, or the last change that was pushed, whichever is later.
fn last_day(dossier: &Dossier, today: NaiveDate) -> NaiveDate {
    dossier.result_on().unwrap_or(dossier.appointment_on().max(today))
}

fn page_token(last: &Item) -> PageToken {
    PageToken(get_text(last, "receipt_code").unwrap_or_default().to_owned())
}

/// What a conditional write found.
fn stored(item: Option<Item>) -> Stored {
    let Some(item) = item else { return Stored::Nothing };
    let revision = item.get("revision").and_then(|revision| revision.as_n().ok()).cloned();
    match read(item) {
        Ok(dossier) => Stored::Dossier(Box::new(dossier)),
        Err(error) => Stored::Unreadable(UnreadableRow { revision, why: error.to_string() }),
    }
}

/// A dossier from the table, also if another system wrote it. Its key must be canonical: otherwise no lookup would find it.
fn read(item: Item) -> Result<Dossier, StoreError> {
    let code = get_text(&item, "receipt_code").unwrap_or_default().to_owned();
    let snapshot: Map<String, Value> = serde_dynamo::from_item(item).map_err(|error| unreadable(&code, error))?;
    let dossier = Dossier::parse(&snapshot).map_err(|error| unreadable(&code, error))?;
    if dossier.receipt_code().as_str() != code {
        return Err(unreadable(&code, format!("its receipt_code must be written {}", dossier.receipt_code())));
    }
    Ok(dossier)
}

fn unreadable(code: &str, why: impl ToString) -> StoreError {
    StoreError::Unreadable { item: format!("dossier {code}"), why: why.to_string() }
}
