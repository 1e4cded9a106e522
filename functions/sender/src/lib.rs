//! The sender: claims the messages of the outbox that are due, and sends them.
//!
//! Two rules start it: one every minute, and one when an evening's apologies are planned. Two runs may overlap, since a
//! claim belongs to one of them and both keep the same rate.

use application::ports::{Clock, NoticePorts, ReplyPorts, StoreError};
use application::sending::{MARGIN, NoticeSender, ReplySession, SENDING_RUN, Tally};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

/// The index `open` may show planned rows some seconds late: a run that a plan has started checks again for this time.
const FOR_THE_INDEX: TimeDelta = TimeDelta::seconds(6);

/// The part of either rule's event that is needed.
#[derive(Debug, Default, Deserialize)]
pub struct Started {
    #[serde(rename = "detail-type", default)]
    detail_type: String,
    #[serde(default)]
    detail: Detail,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    planned: u64,
}

impl Started {
    /// The event of a plan with that many new apologies.
    pub fn by_plan(planned: u64) -> Self {
        Self { detail_type: "Apologies Planned".into(), detail: Detail { planned } }
    }

    /// How long to check again if the index shows nothing.
    fn max_wait(&self) -> TimeDelta {
        let by_plan = self.detail_type == "Apologies Planned" && self.detail.planned > 0;
        if by_plan { FOR_THE_INDEX } else { TimeDelta::zero() }
    }
}

/// Sends what is due until nothing more becomes due or the run is over. Notices and the replies of 8083 are sent side
/// by side, so that neither waits for the other. `request` is unique to the invocation.
///
/// The counts are returned also if a part failed.
pub async fn send_due<P: NoticePorts, R: ReplyPorts>(
    notices: &NoticeSender<P>,
    replies: &R,
    started: &Started,
    request: &str,
    deadline: DateTime<Utc>,
) -> Sent {
    let until = (notices.ports().clock().now() + SENDING_RUN).min(deadline - MARGIN);
    let (notices, replies) = (notices.session(request, until), ReplySession::begin(replies, request, until));
    let (of_notices, of_replies) = tokio::join!(notices.send_due(started.max_wait()), replies.send_due());
    let (notices, replies) = tokio::join!(notices.finish(), replies.finish());
    Sent { notices, replies, failed: of_notices.err().or(of_replies.err()) }
}

/// The result of a run.
#[derive(Debug)]
pub struct Sent {
    pub notices: Tally,
    pub replies: Tally,
    /// Why it ended early.
    pub failed: Option<StoreError>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_plan_of_new_apologies_is_waited_for() {
        let max_wait = |event| serde_json::from_value::<Started>(event).expect("an event").max_wait();
        let planned = |planned| json!({"detail-type": "Apologies Planned", "detail": {"planned": planned, "due": 9}});
        assert_eq!(max_wait(planned(3)), FOR_THE_INDEX);
        assert_eq!(max_wait(planned(0)), TimeDelta::zero());
        assert_eq!(max_wait(json!({"detail-type": "Scheduled Event", "detail": {}})), TimeDelta::zero());
        assert_eq!(max_wait(json!({})), TimeDelta::zero());
    }
}
