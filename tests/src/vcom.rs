//! V-COM: delivers texts to 8083 and accepts replies, as its two pages describe. It listens at the address in
//! GatewaySecret.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use adapters::vcom::checksum;
use anyhow::{Context, Result};
use chrono::Utc;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::Stack;
use crate::http::read_request;

/// How V-COM handles a call for a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// As documented.
    Normal,
    /// With an HTTP error status, before it processes the call.
    Status(u16),
    /// It accepts the reply and does not answer.
    NoAnswer,
}

#[derive(Clone)]
pub struct Vcom {
    stack: Stack,
    client_id: String,
    key: String,
    recorded: Arc<Mutex<Recorded>>,
}

/// The delivered messages and the replies sent, by request id.
#[derive(Default)]
struct Recorded {
    behaviours: BTreeMap<String, Vec<Behaviour>>,
    calls: BTreeMap<String, usize>,
    sent: BTreeMap<String, Vec<Value>>,
}

impl Vcom {
    /// Listens at the address of the member `vcom` of the stack's secret. One per stack, because the port is fixed.
    pub async fn open(stack: &Stack) -> Result<Self> {
        let secret = stack.secret("GatewaySecret").await?;
        let part =
            |name: &str| secret["vcom"][name].as_str().map(str::to_owned).with_context(|| format!("vcom.{name}"));
        let url: reqwest::Url = part("send_mt")?.parse()?;
        let address = (url.host_str().context("a host")?.to_owned(), url.port().context("a port")?);
        let listener = TcpListener::bind(&address).await.with_context(|| format!("V-COM's port {address:?}"))?;
        let vcom = Self {
            stack: stack.clone(),
            client_id: part("client_id")?,
            key: part("secure_key")?,
            recorded: Arc::default(),
        };
        let serving = vcom.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().take(connection));
            }
        });
        Ok(vcom)
    }

    /// The next calls for this reply are handled like that, in this order; then all as documented.
    pub fn behaves(&self, request_id: &str, behaviours: &[Behaviour]) {
        self.recorded().behaviours.insert(request_id.to_owned(), behaviours.to_vec());
    }

    /// How often a reply was received.
    pub fn calls(&self, request_id: &str) -> usize {
        self.recorded().calls.get(request_id).copied().unwrap_or(0)
    }

    /// The replies sent to the phone for a request.
    pub fn sent(&self, request_id: &str) -> Vec<Value> {
        self.recorded().sent.get(request_id).cloned().unwrap_or_default()
    }

    /// A message as V-COM delivers it, with changes.
    pub fn message(&self, request_id: &str, phone: &str, text: &str, changes: Value) -> Value {
        let time = Utc::now().timestamp().to_string();
        let mut message = json!({"type": "new", "client_id": self.client_id, "request_id": request_id,
            "service_id": "8083", "command_code": "mckh", "message": text, "telco": "VT", "phone": phone,
            "time": time.parse::<i64>().expect("a number"),
            "checksum": checksum([&self.client_id, request_id, phone, &self.key, &time])});
        message.as_object_mut().expect("an object").extend(changes.as_object().cloned().unwrap_or_default());
        message
    }

    /// Delivers a message to the gateway of that name. Returns HTTP status and answer.
    pub async fn bring(&self, gateway: &str, message: &Value) -> Result<(u16, Value)> {
        let url = format!("{}/mo/{gateway}", self.stack.api());
        let post = self.stack.http().post(url).header("content-type", "application/json").body(message.to_string());
        let answer = post.send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn take(self, mut connection: TcpStream) -> Result<()> {
        loop {
            let call: Value = serde_json::from_slice(&read_request(&mut connection).await?.body)?;
            let id = call["request_id"].as_str().context("a request id")?.to_owned();
            let (status, answer) = match self.behaviour(&id) {
                Behaviour::Status(status) => (status, json!({})),
                Behaviour::Normal => (200, self.send(&id, call)),
                Behaviour::NoAnswer => {
                    self.send(&id, call);
                    std::future::pending().await
                }
            };
            let headers = [("content-type", "application/json")];
            crate::http::answer(&mut connection, status, &headers, answer.to_string().as_bytes()).await?;
        }
    }

    fn behaviour(&self, id: &str) -> Behaviour {
        let mut recorded = self.recorded();
        *recorded.calls.entry(id.to_owned()).or_default() += 1;
        recorded
            .behaviours
            .get_mut(id)
            .filter(|behaviours| !behaviours.is_empty())
            .map_or(Behaviour::Normal, |behaviours| behaviours.remove(0))
    }

    /// "We will base on pair of request_id and mt_code to be unique."
    fn send(&self, id: &str, call: Value) -> Value {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let (mt_code, time) = (text("mt_code"), call["time"].to_string());
        let signed = checksum([&self.client_id, id, mt_code.as_str(), &self.key, &time]);
        if call["checksum"] != signed.as_str() || mt_code.is_empty() || call["command_code"] != "mckh" {
            return json!({"errors": {"code": 106, "status": "error", "message": "Parameter is invalid, wrong checksum"}});
        }
        let mut recorded = self.recorded();
        let sent = recorded.sent.entry(id.to_owned()).or_default();
        if sent.iter().any(|earlier| earlier["mt_code"] == mt_code.as_str()) {
            return json!({"errors": {"code": 104, "status": "error", "message": "MT is duplicated"}});
        }
        sent.push(call);
        json!({"data": {"code": 200, "status": "success", "message": "Thanks"}})
    }

    fn recorded(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.recorded.lock().expect("no panic holds it")
    }
}
