//! The page of the local stack (`make run`): every citizen's phone, the way of each message, and the faults that a person
//! can switch on. It is served on loopback only.
//!
//! The same process is the way of the functions' calls to the local AWS (their `AWS_ENDPOINT_URL`), so that it can make
//! AWS fail for them and sees what they write; and it plays the phone network: a second after SNS has accepted a message,
//! it writes SNS's entry about the message into the delivery log.
//!
//! While no page is open, no table is read: only the functions' own calls pass through. With pages open, however many, the
//! tables are read once after a change and twice a second at the most, so the page does not slow down the day.

mod actions;
mod aws_calls;
mod changes;
mod events;
mod faults;
mod files;
mod guard;
mod network;
mod nothing;
mod refusal;
mod state;

use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::Mutex as AsyncMutex;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{DeliveryLog, Stack};
use changes::Changes;
use events::Events;
use faults::Faults;
use network::{Accepted, Network};

/// Serves the page, and the functions' calls, on that port of loopback. `ONESTOP_ENDPOINT` names the local AWS.
pub async fn serve(port: u16) -> Result<()> {
    let endpoint = std::env::var("ONESTOP_ENDPOINT").context("ONESTOP_ENDPOINT names the local AWS")?;
    let (phones, accepted) = Phones::new(port, endpoint);
    tokio::spawn(network::report(phones.clone(), accepted));
    tokio::spawn(events::look(phones.clone()));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    // The head and the body of an answer are two packets: without this, the second would wait for the client's
    // acknowledgement of the first.
    let listener = listener.tap_io(|connection| _ = connection.set_nodelay(true));
    println!("the phones are on http://127.0.0.1:{port}");
    Ok(axum::serve(listener, router(phones)).await?)
}

fn router(phones: Arc<Phones>) -> Router {
    Router::new()
        .route("/events", get(events::open))
        .route("/text", post(actions::text))
        .route("/push", post(actions::push))
        .route("/evening", post(actions::evening))
        .route("/faults", post(actions::faults))
        .route("/day", post(actions::day))
        .route("/health", get(async || "ok"))
        .fallback(files::serve)
        .layer(from_fn_with_state(phones.clone(), guard::guard))
        .with_state(phones)
}

/// What all requests share.
struct Phones {
    port: u16,
    /// The local AWS.
    endpoint: String,
    client: aws_calls::Client,
    /// Found when it is first needed: this process is started before the stack is deployed.
    deployed: AsyncMutex<Option<Arc<Deployed>>>,
    settings: Mutex<Settings>,
    started_at: DateTime<Utc>,
    changes: Changes,
    network: Network,
    events: Events,
}

/// The deployed stack, with the log into which the phone network's reports go.
struct Deployed {
    stack: Stack,
    log: DeliveryLog,
}

/// What a person or `make run` has set.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    faults: Faults,
    /// Since when the outbox is throttled.
    throttled_since: Option<DateTime<Utc>>,
    day: Day,
}

/// Whether `make run` plays the day now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Day {
    Playing,
    #[default]
    Over,
}

impl Phones {
    fn new(port: u16, endpoint: String) -> (Arc<Self>, UnboundedReceiver<Accepted>) {
        let (accepted, reports) = unbounded_channel();
        let phones = Self {
            port,
            endpoint,
            client: aws_calls::client(),
            deployed: AsyncMutex::default(),
            settings: Mutex::default(),
            started_at: Utc::now(),
            changes: Changes::default(),
            network: Network::new(accepted),
            events: Events::default(),
        };
        (Arc::new(phones), reports)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().expect("no panic holds it")
    }

    async fn deployed(&self) -> Result<Arc<Deployed>> {
        let mut deployed = self.deployed.lock().await;
        if let Some(deployed) = deployed.as_ref() {
            return Ok(deployed.clone());
        }
        let stack = Stack::connect().await?;
        self.changes.begin_with(&stack.images("DossiersTable").await?);
        let log = DeliveryLog::of(&stack).await?;
        Ok(deployed.insert(Arc::new(Deployed { stack, log })).clone())
    }

    /// Looks for the stack again: it was deployed anew.
    async fn forget_deployed(&self) {
        *self.deployed.lock().await = None;
    }
}
