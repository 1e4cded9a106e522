//! Table `desk`: what only the desk writes. PK `pk`, SK `sk`; every row has `expires_at`.
//!
//! | `pk` | `sk` | the row |
//! |---|---|---|
//! | `audit#<yyyy-mm-dd>` | `<time>#<request>#<code>#<action>#<what>` | who did what |
//! | `sums#<kind>#<yyyy-mm>` | `<yyyy-mm-dd>` | a day's sums, as JSON |
//! | `dossier#<code>` | `called#<notice>`, `sent_again#<notice>` | what was done about a notice |

use application::ports::{AuditLog, DeskPorts, KeptSum, NoteStore, StoreError, SumStore};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use chrono::{NaiveDate, SecondsFormat};
use domain::calendar::{VIETNAM, day_in_vietnam};
use domain::desk::sums::DaySum;
use domain::desk::{AuditEntry, Deed, Month, Note};
use domain::{NoticeId, ReceiptCode};
use sha2::{Digest, Sha256};

use crate::aws::DynamoDb;
use crate::batch::Batch;
use crate::clock::SystemClock;
use crate::conditional::conditional;
use crate::dossiers::DynamoDossiers;
use crate::history::DynamoHistory;
use crate::inquiries::DynamoInquiries;
use crate::item::{Item, expiry, get_text, get_time, text, time, unavailable};
use crate::outbox::DynamoOutbox;
use crate::settings::{SettingError, Settings};

const TABLE: &str = "desk";
/// Sums name nobody; accounts are kept for ten years.
const SUMS_KEPT_DAYS: u32 = 3_660;

/// The desk's own table, without its sessions.
#[derive(Debug, Clone)]
pub struct DynamoBook {
    client: DynamoDb,
    table: String,
    retention_days: u32,
}

impl DynamoBook {
    /// `retention_days`: parameter `AuditRetentionDays`.
    pub fn new(client: DynamoDb, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days }
    }

    /// A row that is kept as long as the audit.
    fn row<const N: usize>(&self, pk: String, sk: String, day: NaiveDate, attributes: [(&str, &str); N]) -> Item {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value)));
        let keys = [("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))];
        let expires_at = ("expires_at".to_owned(), expiry(day, self.retention_days));
        keys.into_iter().chain(attributes).chain([expires_at]).collect()
    }

    fn put_note(&self, note: &Note) -> PutItemFluentBuilder {
        let (pk, sk) = note_key(&note.id, note.deed);
        let attributes = [("staff", &*note.staff), ("name", &*note.name), ("word", &*note.word)];
        let mut row = self.row(pk, sk, day_in_vietnam(note.at), attributes);
        row.insert("at".to_owned(), time(note.at));
        self.client.put_item().table_name(&self.table).set_item(Some(row))
    }
}

impl AuditLog for DynamoBook {
    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let day = day_in_vietnam(entry.at);
        let attributes = [("staff", &*entry.staff), ("name", &*entry.name), ("action", entry.action.as_str())];
        let mut row = self.row(format!("audit#{day}"), audit_key(entry), day, attributes);
        row.insert("at".to_owned(), time(entry.at));
        let code = entry.receipt_code.as_ref().map(|code| ("receipt_code".to_owned(), text(code.as_str())));
        row.extend(code);
        row.extend(entry.what.as_ref().map(|what| ("what".to_owned(), text(what))));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        put.send().await.map_err(unavailable(TABLE)).map(|_| ())
    }
}

/// By time, and different for two entries of one request: two notices of a dossier may be ticked at once. Of `what` it has a
/// digest: a sort key has 1,024 bytes at most.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
fn audit_key(entry: &AuditEntry) -> String {
    let at = entry.at.with_timezone(&VIETNAM).to_rfc3339_opts(SecondsFormat::Millis, false);
    let code = entry.receipt_code.as_ref().map_or("", |code| code.as_str());
    let what = Sha256::digest(entry.what.as_deref().unwrap_or_default());
    format!("{at}#{}#{}#{code}#{}", entry.request, entry.action, hex::encode(&what[..8]))
}

impl NoteStore for DynamoBook {
    async fn keep(&self, note: &Note) -> Result<bool, StoreError> {
        let put = self.put_note(note).condition_expression("attribute_not_exists(pk)");
        Ok(conditional(TABLE, put.send().await)?.is_written())
    }

    async fn replace(&self, note: &Note) -> Result<(), StoreError> {
        self.put_note(note).send().await.map_err(unavailable(TABLE)).map(|_| ())
    }

    async fn about(&self, ids: &[NoticeId], deed: Deed) -> Result<Vec<Note>, StoreError> {
        let key = |id| {
            let (pk, sk) = note_key(id, deed);
            Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
        };
        let read = KeysAndAttributes::builder().consistent_read(true);
        let batch = Batch { client: &self.client, table: &self.table, label: TABLE, read };
        let rows = batch.get(ids.iter().map(key).collect()).await?;
        let of_dossier = |row: &Item| ReceiptCode::parse(get_text(row, "pk")?.strip_prefix(DOSSIER)?).ok();
        Ok(rows.iter().filter_map(|row| note(&of_dossier(row)?, row)).collect())
    }

    /// One page: a megabyte is thousands of notes.
    async fn notes(&self, code: &ReceiptCode) -> Result<Vec<Note>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :dossier")
            .expression_attribute_values(":dossier", text(of_dossier(code)))
            .consistent_read(true)
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(found.items.unwrap_or_default().iter().filter_map(|row| note(code, row)).collect())
    }
}

impl SumStore for DynamoBook {
    async fn sums<S: DaySum>(&self, month: Month) -> Result<Vec<KeptSum<S>>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :month")
            .expression_attribute_values(":month", text(of_month::<S>(month)))
            .send()
            .await
            .map_err(unavailable(TABLE))?;
        Ok(found.items.unwrap_or_default().iter().filter_map(kept_sum).collect())
    }

    async fn keep_sums<S: DaySum>(&self, sum: &KeptSum<S>) -> Result<(), StoreError> {
        let item = || format!("sums of {} {}", S::KIND, sum.day);
        let sums = serde_json::to_string(&sum.sums)
            .map_err(|error| StoreError::Unreadable { item: item(), why: error.to_string() })?;
        let (pk, sk) = (of_month::<S>(Month::of(sum.day)), sum.day.to_string());
        let mut row = Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))]);
        row.extend([
            ("made_at".to_owned(), time(sum.made_at)),
            ("sums".to_owned(), text(sums)),
            ("expires_at".to_owned(), expiry(sum.day, SUMS_KEPT_DAYS)),
        ]);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        put.send().await.map_err(unavailable(TABLE)).map(|_| ())
    }
}

fn of_month<S: DaySum>(month: Month) -> String {
    format!("sums#{}#{month}", S::KIND)
}

fn kept_sum<S: DaySum>(row: &Item) -> Option<KeptSum<S>> {
    let sums = serde_json::from_str(get_text(row, "sums")?).ok()?;
    Some(KeptSum { day: get_text(row, "sk")?.parse().ok()?, made_at: get_time(row, "made_at")?, sums })
}

/// Begins the key of a dossier's notes.
const DOSSIER: &str = "dossier#";

fn of_dossier(code: &ReceiptCode) -> String {
    format!("{DOSSIER}{code}")
}

fn note_key(id: &NoticeId, deed: Deed) -> (String, String) {
    (of_dossier(&id.receipt_code), format!("{}#{}", deed.as_str(), id.name()))
}

fn note(code: &ReceiptCode, row: &Item) -> Option<Note> {
    let (deed, notice) = get_text(row, "sk")?.split_once('#')?;
    let stored = |name| get_text(row, name).unwrap_or_default().to_owned();
    Some(Note {
        id: NoticeId::parse(code.as_str(), notice).ok()?,
        deed: Deed::ALL.into_iter().find(|known| known.as_str() == deed)?,
        at: get_time(row, "at")?,
        staff: stored("staff"),
        name: stored("name"),
        word: stored("word"),
    })
}

/// The desk's ports on AWS.
pub struct DeskTables {
    dossiers: DynamoDossiers,
    notices: DynamoHistory,
    inquiries: DynamoInquiries,
    outbox: DynamoOutbox,
    book: DynamoBook,
}

impl DeskTables {
    /// From `DOSSIERS_TABLE`, `NOTICES_TABLE`, `NOTICE_RETENTION_DAYS`, `INQUIRIES_TABLE`, `DESK_TABLE`,
    /// `AUDIT_RETENTION_DAYS`.
    pub fn new(settings: &Settings, client: DynamoDb) -> Result<Self, SettingError> {
        let notices = settings.required("NOTICES_TABLE")?;
        let (kept, audit_kept) = (settings.parsed("NOTICE_RETENTION_DAYS")?, settings.parsed("AUDIT_RETENTION_DAYS")?);
        Ok(Self {
            dossiers: DynamoDossiers::reader(client.clone(), settings.required("DOSSIERS_TABLE")?),
            notices: DynamoHistory::new(client.clone(), notices.clone()),
            inquiries: DynamoInquiries::reader(client.clone(), settings.required("INQUIRIES_TABLE")?),
            outbox: DynamoOutbox::new(client.clone(), notices, kept),
            book: DynamoBook::new(client, settings.required("DESK_TABLE")?, audit_kept),
        })
    }
}

impl DeskPorts for DeskTables {
    type Dossiers = DynamoDossiers;
    type Notices = DynamoHistory;
    type Inquiries = DynamoInquiries;
    type Book = DynamoBook;
    type Outbox = DynamoOutbox;
    type Clock = SystemClock;

    fn dossiers(&self) -> &DynamoDossiers {
        &self.dossiers
    }
    fn notices(&self) -> &DynamoHistory {
        &self.notices
    }
    fn inquiries(&self) -> &DynamoInquiries {
        &self.inquiries
    }
    fn book(&self) -> &DynamoBook {
        &self.book
    }
    fn outbox(&self) -> &DynamoOutbox {
        &self.outbox
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
}

#[cfg(test)]
mod tests {
    use domain::desk::Action;

    use super::*;

    #[test]
    fn no_entry_of_the_audit_is_too_long_for_a_key_and_no_two_of_a_request_are_one() {
        let entry = |what: &str| AuditEntry {
            at: "2026-11-26T03:30:00.123Z".parse().unwrap(),
            staff: "f".repeat(100),
            name: "Trần Thị Lan".into(),
            action: Action::UploadedOperatorFile,
            receipt_code: ReceiptCode::parse(&"9".repeat(ReceiptCode::MAX_LENGTH)).ok(),
            what: Some(what.to_owned()),
            request: "7ee2d5b8-3a4e-4b49-9ad8-0c1f2d3e4f50".into(),
        };
        let long = audit_key(&entry(&vec!["9".repeat(ReceiptCode::MAX_LENGTH); 100].join(" ")));
        assert!(long.len() <= 1_024 && long.starts_with("2026-11-26T10:30:00.123+07:00#"), "{long}");
        assert_ne!(audit_key(&entry("result#1")), audit_key(&entry("result#2")));
    }
}
