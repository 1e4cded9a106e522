//! A citizen with a phone, with Kannel as the gateway.

use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;

use crate::Stack;

/// How often a gateway delivers a message again.
const DELIVERIES: u32 = 8;

/// A person who texts 8083.
#[derive(Clone)]
pub struct Citizen {
    stack: Stack,
    credentials: String,
    /// The phone number, as Kannel writes it.
    pub msisdn: String,
}

/// The answer that Kannel got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// The text for the citizen.
    pub text: String,
    /// `X-Kannel-Coding`.
    pub coding: Option<String>,
}

impl Citizen {
    /// A citizen with a new number.
    pub async fn of(stack: &Stack) -> Result<Self> {
        let secret = stack.secret("GatewaySecret").await?;
        let part =
            |name| secret["kannel"][name].as_str().context("GatewaySecret has a member kannel").map(str::to_owned);
        let credentials = format!("{}:{}", part("user")?, part("password")?);
        Ok(Self { stack: stack.clone(), credentials, msisdn: format!("8491{:07}", fastrand::u32(..10_000_000)) })
    }

    /// Texts 8083 and gets the answer.
    pub async fn texts(&self, text: &str) -> Result<Reply> {
        self.delivered(text, &new_id()).await
    }

    /// Kannel delivers a text under that message id.
    pub async fn delivered(&self, text: &str, id: &str) -> Result<Reply> {
        let timestamp = Utc::now().timestamp().to_string();
        self.get(&[
            ("msisdn", &self.msisdn),
            ("short_code", "8083"),
            ("mo_message", text),
            ("request_id", id),
            ("ts", &timestamp),
        ])
        .await
    }

    /// Any query, with the right credentials. As gateways do, again after 503: where other tests need all of the machine, a
    /// function that starts may not answer within its time.
    pub async fn get(&self, query: &[(&str, &str)]) -> Result<Reply> {
        for _ in 0..DELIVERIES {
            let reply = self.raw(&self.url(query), Some(&self.credentials)).await?;
            if reply.status != 503 {
                return Ok(reply);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.raw(&self.url(query), Some(&self.credentials)).await
    }

    /// The address of a delivery.
    pub fn url(&self, query: &[(&str, &str)]) -> String {
        let url = reqwest::Url::parse_with_params(&format!("{}/mo/kannel", self.stack.api()), query);
        url.expect("an address").to_string()
    }

    /// Any request at all.
    pub async fn raw(&self, url: &str, credentials: Option<&str>) -> Result<Reply> {
        let mut request = self.stack.http().get(url);
        if let Some(credentials) = credentials {
            request = request.header("authorization", format!("Basic {}", STANDARD.encode(credentials)));
        }
        let answer = request.send().await?;
        let coding = answer.headers().get("x-kannel-coding").and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Reply { status: answer.status().as_u16(), coding, text: answer.text().await? })
    }

    /// The right credentials, `user:password`.
    pub fn credentials(&self) -> &str {
        &self.credentials
    }
}

/// A message id as Kannel makes them.
pub fn new_id() -> String {
    format!("{:08x}-{:04x}-{:04x}", fastrand::u32(..), fastrand::u16(..), fastrand::u16(..))
}
