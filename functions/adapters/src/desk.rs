//! Table `desk`: what only the desk writes. PK `pk`, SK `sk`; every row has `expires_at`.
//!
//! | `pk` | `sk` | the row |
//! |---|---|---|
//! | `audit#<yyyy-mm-dd>` | `<time>#<request>#<code>` | who did what |

use application::ports::{AuditLog, DeskPorts, StoreError};
use domain::calendar::{VIETNAM, day_in_vietnam};
use domain::desk::AuditEntry;

use crate::aws::DynamoDb;
use crate::clock::SystemClock;
use crate::dossiers::DynamoDossiers;
use crate::history::DynamoHistory;
use crate::inquiries::DynamoInquiries;
use crate::item::{Item, expiry, text, time, unavailable};
use crate::settings::{SettingError, Settings};

const TABLE: &str = "desk";

#[derive(Debug, Clone)]
pub struct DynamoAudit {
    client: DynamoDb,
    table: String,
    retention_days: u32,
}

impl DynamoAudit {
    /// `retention_days`: parameter `AuditRetentionDays`.
    pub fn new(client: DynamoDb, table: String, retention_days: u32) -> Self {
        Self { client, table, retention_days }
    }
}

impl AuditLog for DynamoAudit {
    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let day = day_in_vietnam(entry.at);
        let code = entry.receipt_code.as_ref().map_or("", |code| code.as_str());
        let at = entry.at.with_timezone(&VIETNAM).to_rfc3339_opts(chrono::SecondsFormat::Millis, false);
        let mut row = Item::from([
            ("pk".to_owned(), text(format!("audit#{day}"))),
            ("sk".to_owned(), text(format!("{at}#{}#{code}#{}", entry.request, entry.action))),
            ("at".to_owned(), time(entry.at)),
            ("staff".to_owned(), text(&entry.staff)),
            ("name".to_owned(), text(&entry.name)),
            ("action".to_owned(), text(entry.action.as_str())),
            ("expires_at".to_owned(), expiry(day, self.retention_days)),
        ]);
        let code = entry.receipt_code.as_ref().map(|code| ("receipt_code".to_owned(), text(code.as_str())));
        row.extend(code);
        row.extend(entry.what.as_ref().map(|what| ("what".to_owned(), text(what))));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        put.send().await.map_err(unavailable(TABLE)).map(|_| ())
    }
}

/// The desk's ports on AWS.
pub struct DeskTables {
    dossiers: DynamoDossiers,
    notices: DynamoHistory,
    inquiries: DynamoInquiries,
    audit: DynamoAudit,
}

impl DeskTables {
    /// From `DOSSIERS_TABLE`, `NOTICES_TABLE`, `INQUIRIES_TABLE`, `DESK_TABLE`, `AUDIT_RETENTION_DAYS`.
    pub fn new(settings: &Settings, client: DynamoDb) -> Result<Self, SettingError> {
        let retention_days = settings.parsed("AUDIT_RETENTION_DAYS")?;
        Ok(Self {
            dossiers: DynamoDossiers::reader(client.clone(), settings.required("DOSSIERS_TABLE")?),
            notices: DynamoHistory::new(client.clone(), settings.required("NOTICES_TABLE")?),
            inquiries: DynamoInquiries::reader(client.clone(), settings.required("INQUIRIES_TABLE")?),
            audit: DynamoAudit::new(client, settings.required("DESK_TABLE")?, retention_days),
        })
    }
}

impl DeskPorts for DeskTables {
    type Dossiers = DynamoDossiers;
    type Notices = DynamoHistory;
    type Finder = DynamoDossiers;
    type Inquiries = DynamoInquiries;
    type Audit = DynamoAudit;
    type Clock = SystemClock;

    fn dossiers(&self) -> &DynamoDossiers {
        &self.dossiers
    }
    fn notices(&self) -> &DynamoHistory {
        &self.notices
    }
    fn finder(&self) -> &DynamoDossiers {
        &self.dossiers
    }
    fn inquiries(&self) -> &DynamoInquiries {
        &self.inquiries
    }
    fn audit(&self) -> &DynamoAudit {
        &self.audit
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
}
