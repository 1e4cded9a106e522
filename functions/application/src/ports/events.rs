use std::future::Future;

use domain::event::Event;

/// The province's event bus. A failure here never fails the work that the event reports.
pub trait EventBus: Sync {
    /// Publishes events. Events that cannot be published are logged and dropped. Returns the count of dropped events.
    fn publish(&self, events: &[Event]) -> impl Future<Output = u32> + Send;
}
