//! Every minute: takes what is due and sends it, one drain at a time in the whole fleet.

use application::delivery::{NoticeSender, ReplySession, SENDING_RUN, Tally};
use application::ports::{Clock, NoticePorts, ReplyPorts, StoreError};
use chrono::{DateTime, TimeDelta, Utc};

/// Left at the end for a message under way: SNS's time-out and its mark.
const MARGIN: TimeDelta = TimeDelta::seconds(14);

/// Drains what is due until nothing more comes due or the minute is over: notices in their turn, and beside them the
/// replies of 8083, so that neither waits for the other. `request` is unique to the invocation.
///
/// What was done is told also where a drain failed.
pub async fn redeliver<P: NoticePorts, R: ReplyPorts>(
    delivery: &NoticeSender<P>,
    ports: &R,
    request: &str,
    deadline: DateTime<Utc>,
) -> Drained {
    let until = (delivery.ports().clock().now() + SENDING_RUN).min(deadline - MARGIN);
    let (notices, replies) = (delivery.run(request, until), ReplySession::run(ports, request, until));
    let (in_turn, drained) = tokio::join!(notices.drain_alone(TimeDelta::zero()), replies.drain());
    let (notices, replies) = tokio::join!(notices.finish(), replies.finish());
    if let Ok(false) = in_turn {
        tracing::info!("another drain is under way");
    }
    Drained { notices, replies, failed: in_turn.err().or(drained.err()) }
}

/// What a run did.
#[derive(Debug)]
pub struct Drained {
    /// With notices.
    pub notices: Tally,
    /// With replies of 8083.
    pub replies: Tally,
    /// Why it ended early.
    pub failed: Option<StoreError>,
}
