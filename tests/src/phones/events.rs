//! `GET /events`: the whole state to every open page, once after a change and twice a second at the most.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use chrono::{SecondsFormat, Utc};
use futures::stream::{Stream, unfold};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::Phones;
use super::state::{self, Seen};

const AT_MOST_EVERY: Duration = Duration::from_millis(500);
/// Not every change passes through this process: a person may edit a table.
const AT_LEAST_EVERY: Duration = Duration::from_secs(5);

/// The state as JSON; None while no page is open, and until the stack is deployed.
type Shown = Option<Arc<str>>;

pub(super) struct Events {
    shown: watch::Sender<Shown>,
    changed: Notify,
}

impl Default for Events {
    fn default() -> Self {
        Self { shown: watch::Sender::new(None), changed: Notify::new() }
    }
}

impl Events {
    /// Something that the page shows may have changed.
    pub fn changed(&self) {
        self.changed.notify_one();
    }
}

pub(super) async fn open(
    State(phones): State<Arc<Phones>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let shown = phones.events.shown.subscribe();
    phones.events.changed();
    let states = unfold((shown, true), async |(mut shown, first)| {
        let state = next(&mut shown, first).await?;
        Some((Ok(Event::default().data(state)), (shown, false)))
    });
    Sse::new(states).keep_alive(KeepAlive::default())
}

/// The first state is sent at once if it is known, because another page is open.
async fn next(shown: &mut watch::Receiver<Shown>, first: bool) -> Shown {
    if !first {
        shown.changed().await.ok()?;
    }
    loop {
        if let Some(state) = shown.borrow_and_update().clone() {
            return Some(state);
        }
        shown.changed().await.ok()?;
    }
}

/// Looks for changes as long as a page is open: one loop for all pages.
pub(super) async fn look(phones: Arc<Phones>) {
    let (mut version, mut last) = (0_u64, Value::Null);
    let events = &phones.events;
    loop {
        if events.shown.receiver_count() == 0 {
            events.shown.send_replace(None);
            events.changed.notified().await;
            continue;
        }
        match state_of(&phones).await {
            Ok(state) if state == last && events.shown.borrow().is_some() => {}
            Ok(state) => {
                version += 1;
                events.shown.send_replace(Some(with_version(&state, version)));
                last = state;
            }
            Err(error) => eprintln!("the state of the stack cannot be read: {error:#}"),
        }
        tokio::time::sleep(AT_MOST_EVERY).await;
        let _ = tokio::time::timeout(AT_LEAST_EVERY, events.changed.notified()).await;
    }
}

fn with_version(state: &Value, version: u64) -> Arc<str> {
    let mut state = state.clone();
    state["version"] = json!(version);
    state["now"] = json!(Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true));
    state.to_string().into()
}

async fn state_of(phones: &Phones) -> Result<Value> {
    let deployed = phones.deployed().await?;
    let stack = &deployed.stack;
    let (dossiers, notices, inquiries, inbox) = tokio::try_join!(
        stack.scan("DossiersTable"),
        stack.scan("NoticesTable"),
        stack.scan("InquiriesTable"),
        stack.all_sms(),
    )?;
    let settings = *phones.settings();
    let seen = Seen {
        dossiers,
        notices,
        inquiries,
        inbox,
        changes: phones.changes.last(),
        accepted_at: phones.network.accepted_at(),
        watched_since: phones.started_at,
        now: Utc::now(),
    };
    let mut state = state::of(&seen);
    state["faults"] = json!(settings.faults);
    state["day"] = json!(settings.day);
    state["desk"] = json!(stack.desk());
    Ok(state)
}
