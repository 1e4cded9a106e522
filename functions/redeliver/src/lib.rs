//! Every minute: takes what is due and sends it, one drain at a time in the whole fleet.

use chrono::{DateTime, TimeDelta, Utc};
use domain::delivery::{Delivery, Tally};
use domain::ports::{Clock, Ports, StoreError};

/// Most of the minute until the next run.
const RUN: TimeDelta = TimeDelta::seconds(54);
/// Left at the end for a message under way: SNS's time-out and its mark.
const MARGIN: TimeDelta = TimeDelta::seconds(14);

/// Drains what is due until nothing more comes due or the minute is over. `request` is unique to the invocation.
pub async fn redeliver<P: Ports>(
    delivery: &Delivery<P>,
    request: &str,
    deadline: DateTime<Utc>,
) -> Result<Tally, StoreError> {
    let now = delivery.ports().clock().now();
    let run = delivery.run(request, (now + RUN).min(deadline - MARGIN));
    if !run.drain_in_turn(TimeDelta::zero()).await? {
        tracing::info!("another drain is under way");
    }
    Ok(run.finish().await)
}
