//! Every minute: takes what is due and sends it, one drain at a time in the whole fleet.

use chrono::{DateTime, TimeDelta, Utc};
use domain::delivery::{Delivery, Replies, Tally};
use domain::ports::{Clock, NoticePorts, ReplyPorts, StoreError};

/// Most of the minute until the next run.
const RUN: TimeDelta = TimeDelta::seconds(54);
/// Left at the end for a message under way: SNS's time-out and its mark.
const MARGIN: TimeDelta = TimeDelta::seconds(14);

/// Drains what is due until nothing more comes due or the minute is over: notices in their turn, and beside them the
/// replies of 8083, so that neither waits for the other. `request` is unique to the invocation.
pub async fn redeliver<P: NoticePorts, R: ReplyPorts>(
    delivery: &Delivery<P>,
    ports: &R,
    request: &str,
    deadline: DateTime<Utc>,
) -> Result<Drained, StoreError> {
    let until = (delivery.ports().clock().now() + RUN).min(deadline - MARGIN);
    let (notices, replies) = (delivery.run(request, until), Replies::run(ports, request, until));
    let (in_turn, drained) = tokio::join!(notices.drain_in_turn(TimeDelta::zero()), replies.drain());
    let (notices, replies) = tokio::join!(notices.finish(), replies.finish());
    drained?;
    if !in_turn? {
        tracing::info!("another drain is under way");
    }
    Ok(Drained { notices, replies })
}

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// With notices.
    pub notices: Tally,
    /// With replies of 8083.
    pub replies: Tally,
}
