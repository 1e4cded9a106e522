//! Table `notices`, read for staff: everything that was sent about one dossier.

use application::ports::{NoticeHistory, SendingRecords, StoreError};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::notice::lifecycle::SentCopy;
use domain::notice::receipt::{Delivery, Reason};
use domain::notice::{DeliveryReport, NoticeRecord};
use domain::{NoticeId, ReceiptCode};
use futures::future::try_join_all;

use crate::aws::DynamoDb;
use crate::item::{Item, get_number, get_text, get_time, text, unavailable};
use crate::outbox::{notice_id, notice_key, notice_row, phone};

const TABLE: &str = "notices";
/// BatchGetItem takes at most a hundred keys per call.
const MOST_KEYS: usize = 100;

#[derive(Debug, Clone)]
pub struct DynamoHistory {
    pub(crate) client: DynamoDb,
    pub(crate) table: String,
}

impl DynamoHistory {
    pub fn new(client: DynamoDb, table: String) -> Self {
        Self { client, table }
    }
}

impl DynamoHistory {
    /// Asks again for what DynamoDB leaves unprocessed.
    async fn batch(&self, ids: &[NoticeId]) -> Result<Vec<(NoticeId, NoticeRecord)>, StoreError> {
        let mut keys: Vec<Item> = ids.iter().map(notice_key).collect();
        let mut records = Vec::with_capacity(keys.len());
        while !keys.is_empty() {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(unavailable(TABLE))?;
            let found = self.client.batch_get_item().request_items(&self.table, wanted).send().await;
            let found = found.map_err(unavailable(TABLE))?;
            let rows = found.responses.unwrap_or_default().into_values().flatten();
            records.extend(rows.filter_map(|row| Some((notice_id(&row).ok()?, notice_record(&row)?))));
            keys = found.unprocessed_keys.unwrap_or_default().into_values().flat_map(|left| left.keys).collect();
        }
        Ok(records)
    }
}

impl NoticeHistory for DynamoHistory {
    /// One page: a megabyte is a thousand rows, and a dossier has a few.
    async fn history(&self, code: &ReceiptCode) -> Result<Vec<NoticeRecord>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("receipt_code = :code")
            .expression_attribute_values(":code", text(code.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(found.items.unwrap_or_default().iter().filter_map(notice_record).collect())
    }
}

impl SendingRecords for DynamoHistory {
    async fn records(&self, ids: &[NoticeId]) -> Result<Vec<(NoticeId, NoticeRecord)>, StoreError> {
        let calls = ids.chunks(MOST_KEYS).map(|ids| self.batch(ids));
        Ok(try_join_all(calls).await?.into_iter().flatten().collect())
    }
}

fn notice_record(row: &Item) -> Option<NoticeRecord> {
    let (sending, notice_row) = notice_row(row)?;
    Some(NoticeRecord {
        sending,
        row: notice_row,
        attempts: get_number(row, "attempts").unwrap_or(0),
        sent_at: get_time(row, "sent_at"),
        reason: get_text(row, "reason").map(str::to_owned),
        report: report(row),
        copy: copy(row),
    })
}

fn report(row: &Item) -> Option<DeliveryReport> {
    let reported = get_text(row, "delivery")?;
    let delivery = Delivery::ALL.into_iter().find(|delivery| delivery.as_str() == reported)?;
    let reason = get_text(row, "delivery_reason").and_then(Reason::named);
    Some(DeliveryReport { delivery, at: get_time(row, "delivery_at"), reason })
}

fn copy(row: &Item) -> Option<SentCopy> {
    Some(SentCopy { phone: phone(row)?, text: get_text(row, "text")?.to_owned() })
}
