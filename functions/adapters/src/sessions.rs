//! Table `desk`: log-ins under way and sessions.

use application::ports::{LogIn, LoginPorts, OpenSession, SessionStore, StoreError};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use chrono::{DateTime, Utc};
use domain::desk::{Lasting, Role, Staff};

use crate::aws::DynamoDb;
use crate::clock::SystemClock;
use crate::conditional::conditional;
use crate::desk::DynamoBook;
use crate::item::{Item, get_text, get_time, number, text, time, unavailable};
use crate::settings::{SettingError, Settings};

const TABLE: &str = "desk";
const SESSION: &str = "session";
const LOG_IN: &str = "login";

#[derive(Debug, Clone)]
pub struct DynamoSessions {
    client: DynamoDb,
    table: String,
}

impl DynamoSessions {
    pub fn new(client: DynamoDb, table: String) -> Self {
        Self { client, table }
    }

    async fn put(&self, kind: &str, digest: &str, row: Item, until: DateTime<Utc>) -> Result<(), StoreError> {
        let (pk, sk) = key(kind, digest);
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        let put = put.item("pk", pk).item("sk", sk).item("expires_at", number(until.timestamp()));
        put.send().await.map_err(unavailable(TABLE)).map(|_| ())
    }

    /// Deletes a row and returns it.
    async fn remove(&self, kind: &str, digest: &str) -> Result<Option<Item>, StoreError> {
        let (pk, sk) = key(kind, digest);
        let delete = self.client.delete_item().table_name(&self.table).key("pk", pk).key("sk", sk);
        let deleted = delete.return_values(ReturnValue::AllOld).send().await;
        Ok(deleted.map_err(unavailable(TABLE))?.attributes)
    }
}

/// The log-in's ports on AWS.
pub struct LoginTables {
    sessions: DynamoSessions,
    audit: DynamoBook,
}

impl LoginTables {
    /// From `DESK_TABLE`, `AUDIT_RETENTION_DAYS`.
    pub fn new(settings: &Settings, client: DynamoDb) -> Result<Self, SettingError> {
        let (table, retention_days) = (settings.required("DESK_TABLE")?, settings.parsed("AUDIT_RETENTION_DAYS")?);
        let audit = DynamoBook::new(client.clone(), table.clone(), retention_days);
        Ok(Self { sessions: DynamoSessions::new(client, table), audit })
    }
}

impl LoginPorts for LoginTables {
    type Sessions = DynamoSessions;
    type Audit = DynamoBook;
    type Clock = SystemClock;

    fn sessions(&self) -> &DynamoSessions {
        &self.sessions
    }
    fn audit(&self) -> &DynamoBook {
        &self.audit
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
}

fn key(kind: &str, digest: &str) -> (AttributeValue, AttributeValue) {
    (text(format!("{kind}#{digest}")), text(kind))
}

impl SessionStore for DynamoSessions {
    async fn begin(&self, state: &str, log_in: &LogIn) -> Result<(), StoreError> {
        let row = Item::from([
            ("browser".to_owned(), text(&log_in.browser)),
            ("verifier".to_owned(), text(&log_in.verifier)),
            ("nonce".to_owned(), text(&log_in.nonce)),
            ("back".to_owned(), text(&log_in.back)),
            ("until".to_owned(), time(log_in.until)),
        ]);
        self.put(LOG_IN, state, row, log_in.until).await
    }

    async fn take(&self, state: &str) -> Result<Option<LogIn>, StoreError> {
        Ok(self.remove(LOG_IN, state).await?.as_ref().and_then(log_in))
    }

    async fn open(&self, id: &str, session: &OpenSession) -> Result<(), StoreError> {
        let (staff, lasting) = (&session.staff, session.lasting);
        let roles = staff.roles.iter().map(|role| role.as_str().to_owned()).collect();
        let mut row = Item::from([
            ("staff".to_owned(), text(&staff.id)),
            ("name".to_owned(), text(&staff.name)),
            ("roles".to_owned(), AttributeValue::Ss(roles)),
            ("leads_to".to_owned(), text(&session.leads_to)),
            ("opened_at".to_owned(), time(lasting.opened_at)),
            ("seen_at".to_owned(), time(lasting.seen_at)),
        ]);
        row.extend(staff.office.as_ref().map(|office| ("office".to_owned(), text(office))));
        self.put(SESSION, id, row, lasting.until()).await
    }

    async fn find(&self, id: &str) -> Result<Option<OpenSession>, StoreError> {
        let (pk, sk) = key(SESSION, id);
        let get = self.client.get_item().table_name(&self.table).key("pk", pk).key("sk", sk).consistent_read(true);
        Ok(get.send().await.map_err(unavailable(TABLE))?.item.as_ref().and_then(session))
    }

    /// Without the condition, a request that comes with the log-out would open the session again.
    async fn seen(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let (pk, sk) = key(SESSION, id);
        let update = self.client.update_item().table_name(&self.table).key("pk", pk).key("sk", sk);
        let update = update
            .update_expression("SET seen_at = :at")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":at", time(at));
        Ok(conditional(TABLE, update.send().await)?.is_written())
    }

    async fn end(&self, id: &str) -> Result<(), StoreError> {
        self.remove(SESSION, id).await.map(|_| ())
    }
}

/// A row that cannot be read is none: the person logs in again.
fn log_in(row: &Item) -> Option<LogIn> {
    let stored = |name| get_text(row, name).map(str::to_owned);
    Some(LogIn {
        browser: stored("browser")?,
        verifier: stored("verifier")?,
        nonce: stored("nonce")?,
        back: stored("back")?,
        until: get_time(row, "until")?,
    })
}

fn session(row: &Item) -> Option<OpenSession> {
    let stored = |name| get_text(row, name).map(str::to_owned);
    let roles = row.get("roles")?.as_ss().ok()?;
    Some(OpenSession {
        staff: Staff {
            id: stored("staff")?,
            name: stored("name")?,
            roles: roles.iter().filter_map(|role| Role::named(role)).collect(),
            office: stored("office"),
        },
        leads_to: stored("leads_to")?,
        lasting: Lasting { opened_at: get_time(row, "opened_at")?, seen_at: get_time(row, "seen_at")? },
    })
}
