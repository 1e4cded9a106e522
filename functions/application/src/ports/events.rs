//! The event bus.

use std::future::Future;

use domain::event::Event;

/// The province's event bus. Runs beside the work: it never fails it.
pub trait EventBus: Sync {
    /// Publishes what happened. What cannot be published is logged and dropped; the count of dropped events.
    fn publish(&self, events: &[Event]) -> impl Future<Output = u32> + Send;
}
