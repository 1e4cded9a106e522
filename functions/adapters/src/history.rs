//! Table `notices`, read for staff: everything that was sent about one dossier.

use application::ports::{NoticeHistory, SendingRecords, StoreError};
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::notice::lifecycle::SentCopy;
use domain::notice::receipt::{Delivery, Reason};
use domain::notice::{DeliveryReport, NoticeRecord};
use domain::{NoticeId, ReceiptCode};

use crate::aws::DynamoDb;
use crate::batch::Batch;
use crate::item::{Item, get_number, get_text, get_time, text, unavailable};
use crate::outbox::{notice_id, notice_key, notice_row, phone};

const TABLE: &str = "notices";

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
        let read = KeysAndAttributes::builder().consistent_read(true);
        let batch = Batch { client: &self.client, table: &self.table, label: TABLE, read };
        let rows = batch.get(ids.iter().map(notice_key).collect()).await?;
        Ok(rows.iter().filter_map(|row| Some((notice_id(row).ok()?, notice_record(row)?))).collect())
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
