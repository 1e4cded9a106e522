//! A secret of Secrets Manager, kept for a few minutes. It is in no log and no `Debug`.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use serde_json::Value;

/// How long a fetched secret is good.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// A mismatch may mean that the secret was rotated; but strangers must not drive fetches.
const REFETCH_AT_MOST_EVERY: Duration = Duration::from_secs(30);

/// The secret cannot be had: fail closed.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Secrets Manager did not give it.
    #[error("secret {id} cannot be fetched: {why}")]
    Unavailable {
        /// Its name or ARN.
        id: String,
        /// The client's own words.
        why: String,
    },
    /// It is not a JSON object.
    #[error("secret {id} must be a JSON object")]
    NotJson {
        /// Its name or ARN.
        id: String,
    },
}

/// A secret's JSON, fetched when it is first needed.
pub struct Secret {
    source: Source,
    fetched: Mutex<Option<(Instant, Arc<Value>)>>,
}

enum Source {
    SecretsManager { client: Client, id: String },
    Fixed,
}

impl Secret {
    /// The secret of that name or ARN.
    pub fn new(client: Client, id: String) -> Self {
        Self { source: Source::SecretsManager { client, id }, fetched: Mutex::default() }
    }

    /// A secret that is known and never fetched: for tests.
    pub fn fixed(value: Value) -> Self {
        Self { source: Source::Fixed, fetched: Mutex::new(Some((Instant::now(), Arc::new(value)))) }
    }

    /// The secret, at most five minutes old.
    pub async fn get(&self) -> Result<Arc<Value>, SecretError> {
        self.at_most(GOOD_FOR).await
    }

    /// The secret after it did not match: fetched again, unless that was done a moment ago.
    pub async fn again(&self) -> Result<Arc<Value>, SecretError> {
        self.at_most(REFETCH_AT_MOST_EVERY).await
    }

    async fn at_most(&self, age: Duration) -> Result<Arc<Value>, SecretError> {
        let Source::SecretsManager { client, id } = &self.source else {
            return Ok(self.kept(Duration::MAX).expect("a fixed secret is there"));
        };
        if let Some(value) = self.kept(age) {
            return Ok(value);
        }
        let fetched = client.get_secret_value().secret_id(id).send().await;
        let fetched =
            fetched.map_err(|error| SecretError::Unavailable { id: id.clone(), why: crate::aws::words(&error) })?;
        let value = serde_json::from_str(fetched.secret_string().unwrap_or_default()).ok().filter(Value::is_object);
        let value = Arc::new(value.ok_or_else(|| SecretError::NotJson { id: id.clone() })?);
        *self.fetched.lock().expect("no panic holds it") = Some((Instant::now(), value.clone()));
        Ok(value)
    }

    fn kept(&self, age: Duration) -> Option<Arc<Value>> {
        let fetched = self.fetched.lock().expect("no panic holds it");
        fetched.as_ref().filter(|(at, _)| at.elapsed() < age).map(|(_, value)| value.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
