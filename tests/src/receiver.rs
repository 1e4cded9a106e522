//! The one-stop software as the receiver of call-backs. It listens at the CallbackUrl of the stack.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use anyhow::{Context, Result};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::Stack;
use crate::http::{Request, answer, read_request};

/// How it handles a call-back.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// With that status and header.
    Answer(u16, Option<(&'static str, String)>),
    /// It reads the request and never answers.
    NoAnswer,
}

/// A request that it got.
#[derive(Debug, Clone)]
pub struct Call {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub at: Instant,
}

impl Call {
    /// The `webhook-id`.
    pub fn id(&self) -> &str {
        self.headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default()
    }

    /// The body; null if it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl TryFrom<Request> for Call {
    type Error = anyhow::Error;

    fn try_from(request: Request) -> Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in request.headers {
            headers.insert(name.parse::<HeaderName>()?, HeaderValue::from_str(&value)?);
        }
        Ok(Self { headers, body: request.body, at: Instant::now() })
    }
}

#[derive(Clone, Default)]
pub struct Receiver(Arc<Mutex<Recorded>>);

/// By what the events are about: a receipt code, or an appointment day.
#[derive(Default)]
struct Recorded {
    behaviours: BTreeMap<String, Vec<Behaviour>>,
    calls: BTreeMap<String, Vec<Call>>,
}

impl Receiver {
    /// Listens at the address that the stack's function has. One at a time, because the port is fixed.
    pub async fn open(stack: &Stack) -> Result<Self> {
        let settings = stack.configuration("CallbackFunction").await?["Environment"]["Variables"].clone();
        let url: reqwest::Url = settings["CALLBACK_URL"].as_str().context("CALLBACK_URL")?.parse()?;
        let address = (url.host_str().context("a host")?.to_owned(), url.port().context("a port")?);
        let listener = TcpListener::bind(&address).await.with_context(|| format!("the receiver's port {address:?}"))?;
        let receiver = Self::default();
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().take(connection));
            }
        });
        Ok(receiver)
    }

    /// The next call-backs about that are handled like that, in this order; then all are accepted.
    pub fn behaves(&self, about: &str, behaviours: Vec<Behaviour>) {
        self.recorded().behaviours.insert(about.to_owned(), behaviours);
    }

    /// The call-backs about that, in the order in which they came.
    pub fn calls(&self, about: &str) -> Vec<Call> {
        self.recorded().calls.get(about).cloned().unwrap_or_default()
    }

    async fn take(self, mut connection: TcpStream) -> Result<()> {
        loop {
            let call = Call::try_from(read_request(&mut connection).await?)?;
            match self.record(call) {
                Behaviour::Answer(status, header) => {
                    let headers: Vec<_> = header.iter().map(|(name, value)| (*name, value.as_str())).collect();
                    answer(&mut connection, status, &headers, b"").await?;
                }
                Behaviour::NoAnswer => std::future::pending().await,
            }
        }
    }

    fn record(&self, call: Call) -> Behaviour {
        let data = &call.json()["data"];
        let about = data["receipt_code"].as_str().or(data["appointment_on"].as_str()).unwrap_or_default().to_owned();
        let mut recorded = self.recorded();
        let next = recorded.behaviours.get_mut(&about).filter(|behaviours| !behaviours.is_empty());
        let behaviour = next.map_or(Behaviour::Answer(200, None), |behaviours| behaviours.remove(0));
        recorded.calls.entry(about).or_default().push(call);
        behaviour
    }

    fn recorded(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.0.lock().expect("no panic holds it")
    }
}
