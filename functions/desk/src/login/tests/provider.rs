//! An identity provider, a store and a clock for tests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use adapters::https::{Answer, Failure};
use application::locked;
use application::ports::{AuditLog, Clock, LogIn, LoginPorts, OpenSession, SessionStore, StoreError};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::desk::AuditEntry;
use http::Uri;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Map, Value, json};

use crate::login::web::Web;

pub const ISSUER: &str = "https://id.example/pool";
pub const KEY: &str = "key-1";
/// Name and value of a key that signs and checks, which the provider published by mistake.
pub const PUBLISHED: &str = "key-3";

/// A provider with one key. What it answers to the exchange of a code is set by the test.
pub struct FakeProvider {
    pub key: rcgen::KeyPair,
    pub token: Mutex<Option<String>>,
    pub is_out: AtomicBool,
    pub keys_read: AtomicU32,
    /// The fields and the header of the last exchange.
    pub exchanged: Mutex<(HashMap<String, String>, String)>,
}

impl FakeProvider {
    pub fn new() -> Self {
        Self {
            key: rcgen::KeyPair::generate().unwrap(),
            token: Mutex::default(),
            is_out: AtomicBool::new(false),
            keys_read: AtomicU32::new(0),
            exchanged: Mutex::default(),
        }
    }

    /// A token that this provider signs.
    pub fn sign(&self, claims: &Value) -> String {
        signed(&self.key, KEY, claims)
    }

    fn keys(&self) -> Value {
        let point = self.key.public_key_raw();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        json!({"keys": [
            {"kty": "future", "kid": "key-0"},
            {"kty": "oct", "alg": "HS256", "kid": PUBLISHED, "k": URL_SAFE_NO_PAD.encode(PUBLISHED)},
            {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY, "x": part(1..33), "y": part(33..65)},
        ]})
    }
}

pub fn signed(key: &rcgen::KeyPair, id: &str, claims: &Value) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, claims, &EncodingKey::from_ec_der(&key.serialize_der())).unwrap()
}

impl Web for &FakeProvider {
    async fn get(&self, url: &Uri) -> Result<(u16, String), Failure> {
        if self.is_out.load(Ordering::SeqCst) {
            return Err(Failure::NotConnected("refused".into()));
        }
        let answer = match url.path() {
            "/pool/.well-known/openid-configuration" => json!({
                "issuer": ISSUER, "jwks_uri": "https://id.example/keys", "token_endpoint": "https://id.example/token",
                "authorization_endpoint": "https://login.example/authorize?tenant=1",
                "end_session_endpoint": "https://login.example/logout",
            }),
            "/keys" => {
                self.keys_read.fetch_add(1, Ordering::SeqCst);
                self.keys()
            }
            other => panic!("the provider has no {other}"),
        };
        Ok((200, answer.to_string()))
    }

    async fn post_form(&self, url: &Uri, fields: &[(&str, &str)], authorization: &str) -> Result<Answer, Failure> {
        assert_eq!(url.path(), "/token");
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        *locked(&self.exchanged) = (fields, authorization.to_owned());
        Ok(match locked(&self.token).clone() {
            Some(token) => (200, json!({"id_token": token, "access_token": "a", "token_type": "Bearer"})),
            None => (400, json!({"error": "invalid_grant"})),
        })
    }
}

/// The tables and the clock of a test.
#[derive(Default)]
pub struct Tables {
    pub log_ins: Mutex<HashMap<String, LogIn>>,
    pub sessions: Mutex<HashMap<String, OpenSession>>,
    pub audit: Mutex<Vec<AuditEntry>>,
    pub is_out: AtomicBool,
    pub minutes: AtomicI64,
}

impl Tables {
    fn up(&self) -> Result<(), StoreError> {
        if self.is_out.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { table: "desk", why: "it is a test".into() });
        }
        Ok(())
    }
}

impl LoginPorts for &Tables {
    type Sessions = Self;
    type Audit = Self;
    type Clock = Self;

    fn sessions(&self) -> &Self {
        self
    }
    fn audit(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}

impl SessionStore for &Tables {
    async fn begin(&self, state: &str, log_in: &LogIn) -> Result<(), StoreError> {
        self.up()?;
        locked(&self.log_ins).insert(state.to_owned(), log_in.clone());
        Ok(())
    }

    async fn take(&self, state: &str) -> Result<Option<LogIn>, StoreError> {
        self.up()?;
        Ok(locked(&self.log_ins).remove(state))
    }

    async fn open(&self, id: &str, session: &OpenSession) -> Result<(), StoreError> {
        self.up()?;
        locked(&self.sessions).insert(id.to_owned(), session.clone());
        Ok(())
    }

    async fn find(&self, id: &str) -> Result<Option<OpenSession>, StoreError> {
        self.up()?;
        Ok(locked(&self.sessions).get(id).cloned())
    }

    async fn seen(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        self.up()?;
        let mut sessions = locked(&self.sessions);
        let session = sessions.get_mut(id);
        Ok(session.map(|session| session.lasting.seen_at = at).is_some())
    }

    async fn end(&self, id: &str) -> Result<(), StoreError> {
        self.up()?;
        locked(&self.sessions).remove(id);
        Ok(())
    }
}

impl AuditLog for &Tables {
    async fn note(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.up()?;
        locked(&self.audit).push(entry.clone());
        Ok(())
    }
}

impl Clock for &Tables {
    fn now(&self) -> DateTime<Utc> {
        Utc::now() + TimeDelta::minutes(self.minutes.load(Ordering::SeqCst))
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

/// What the provider says of a clerk, for a log-in with that nonce; `changes` replace claims, and null removes one.
pub fn claims(nonce: &str, changes: &Value) -> Value {
    let now = Utc::now().timestamp();
    let mut claims: Map<String, Value> = serde_json::from_value(json!({
        "iss": ISSUER, "aud": "desk", "sub": "person-1", "iat": now, "exp": now + 300, "nonce": nonce, "token_use": "id",
        "name": "Nguyễn Thị Lan", "cognito:groups": ["clerk"], "custom:office": "Sở Du lịch",
    }))
    .unwrap();
    for (name, value) in changes.as_object().into_iter().flatten() {
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.clone(), value.clone());
        }
    }
    Value::Object(claims)
}
