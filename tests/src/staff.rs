//! One of the staff at the desk. The session is put into the desk's table, as a log-in would: `tests/browser` logs in.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::RequestBuilder;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Stack;
use crate::stack::between_texts;

/// A person with a session.
pub struct StaffMember {
    stack: Stack,
    /// What the browser has of the session.
    id: String,
}

/// Status and text.
pub type Page = (u16, String);

impl StaffMember {
    /// Somebody in that group, of all offices.
    pub async fn logged_in(stack: &Stack, role: &str) -> Result<Self> {
        // 32 bytes in base64url.
        let id: String = (0..42).map(|_| fastrand::alphanumeric()).chain(['A']).collect();
        let time = |at: DateTime<Utc>| json!({"S": at.to_rfc3339()});
        let (now, until) = (Utc::now(), Utc::now() + TimeDelta::hours(8));
        let session = json!({
            "pk": {"S": key(&id)}, "sk": {"S": "session"}, "staff": {"S": format!("test-{role}")}, "name": {"S": "Hoàng Thử"},
            "roles": {"SS": [role]}, "leads_to": {"S": ""}, "opened_at": time(now), "seen_at": time(now),
            "expires_at": {"N": until.timestamp().to_string()},
        });
        stack.put_item("DeskTable", session).await?;
        Ok(Self { stack: stack.clone(), id })
    }

    /// A page behind `/desk`.
    pub async fn get(&self, page: &str) -> Result<Page> {
        self.ask(self.stack.http().get(self.address(page)?)).await
    }

    /// A form of a page, with the session's token.
    pub async fn post(&self, page: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let (_, html) = self.get("").await?;
        let token = between_texts(&html, "name=\"token\" value=\"", "\"").context("a page has the session's token")?;
        let fields = [&[("token", token.as_str())], fields].concat();
        self.ask(self.stack.http().post(self.address(page)?).form(&fields)).await
    }

    fn address(&self, page: &str) -> Result<String> {
        Ok(self.stack.desk().context("the stack has a desk")? + page)
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Page> {
        let answer = request.header("cookie", format!("desk={}", self.id)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

fn key(id: &str) -> String {
    let digest = Sha256::digest(id);
    format!("session#{}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
