//! The province's event bus on EventBridge. An unavailable bus never stops a notice.

use std::time::Duration;

use application::ports::EventBus;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::event::{Event, SOURCE};

use crate::aws::LazyClient;

/// PutEvents takes at most ten entries per call.
const MOST_ENTRIES: usize = 10;
/// How long to wait for the bus.
const TIME_OUT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
pub struct EventBridge {
    client: LazyClient<Client>,
    bus: String,
}

impl EventBridge {
    pub fn new(client: LazyClient<Client>, bus: String) -> Self {
        Self { client, bus }
    }

    /// How many of `events` the bus did not accept.
    async fn put(&self, events: &[Event]) -> u32 {
        let entries = events.iter().map(|event| self.entry(event)).collect();
        match tokio::time::timeout(TIME_OUT, self.client.put_events().set_entries(Some(entries)).send()).await {
            Ok(Ok(put)) => {
                let codes = put.entries().iter().filter_map(|entry| entry.error_code()).next().unwrap_or_default();
                let refused = u32::try_from(put.failed_entry_count).unwrap_or(0);
                if refused > 0 {
                    tracing::warn!(events.dropped = refused, code = codes, "the event bus refused some events");
                }
                refused
            }
            Ok(Err(error)) => {
                let error = crate::aws::error_chain(&error);
                tracing::warn!(events.dropped = events.len(), error, "the event bus is unavailable");
                events.len() as u32
            }
            Err(_) => {
                tracing::warn!(events.dropped = events.len(), "the event bus did not answer within a second");
                events.len() as u32
            }
        }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(event.detail_type())
            .detail(serde_json::to_string(event).unwrap_or_default())
            .build()
    }
}

impl EventBus for EventBridge {
    async fn publish(&self, events: &[Event]) -> u32 {
        futures::future::join_all(events.chunks(MOST_ENTRIES).map(|chunk| self.put(chunk))).await.into_iter().sum()
    }
}
