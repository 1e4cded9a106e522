//! An event of the bus, and the call-back that it becomes.

use http::HeaderValue;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The events that are sent, by `detail-type`: the call-back's `type`, and the rank of what became of a notice. The rule
/// in infra/callbacks.yaml has the same list.
///
/// What became of a notice moves to a higher rank: a receiver that keeps the highest is right in whatever order the
/// events arrive. A time alone is not enough: a receipt may be published before the run that sent the notice ends. Of
/// two events of rank 1, which only a notice has that somebody put back by hand, the later is right.
const KINDS: [(&str, &str, Option<u8>); 7] = [
    ("Notice Failed", "notice.failed", Some(1)),
    ("Notice Cancelled", "notice.cancelled", Some(1)),
    ("Notice Expired", "notice.expired", Some(1)),
    ("Notice Sent", "notice.sent", Some(2)),
    ("Notice Undelivered", "notice.undelivered", Some(3)),
    ("Notice Delivered", "notice.delivered", Some(4)),
    ("Apologies Planned", "apologies.planned", None),
];

/// What EventBridge puts into the queue.
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/events-structure.html>
#[derive(Deserialize)]
struct BusEvent {
    id: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    time: String,
    detail: Map<String, Value>,
}

/// A request to the receiver.
pub(crate) struct CallBack {
    /// The event's id: the same whenever it is sent again.
    pub id: String,
    /// Its `type`.
    pub kind: &'static str,
    pub body: String,
}

impl CallBack {
    /// The call-back of a message of the queue; None if the message is no event that is sent.
    pub fn of(message: &str) -> Option<Self> {
        let BusEvent { id, detail_type, time, detail: mut data } = serde_json::from_str(message).ok()?;
        let (_, kind, rank) = KINDS.into_iter().find(|(name, ..)| *name == detail_type)?;
        HeaderValue::from_str(&id).ok()?;
        if let Some(rank) = rank {
            data.insert("rank".to_owned(), json!(rank));
        }
        let body = json!({"type": kind, "timestamp": time, "data": data}).to_string();
        Some(Self { id, kind, body })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use domain::event::{Event, MessageRef};
    use domain::notice::receipt::Delivery;

    const TEMPLATE: &str = include_str!("../../../infra/callbacks.yaml");

    pub(crate) fn on_the_bus(detail_type: &str, detail: Value) -> String {
        json!({"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": detail_type,
            "source": "onestop", "account": "000000000000", "time": "2026-11-24T05:00:00Z", "region": "ap-southeast-1",
            "resources": [], "detail": detail})
        .to_string()
    }

    fn notice() -> MessageRef {
        MessageRef::Notice { receipt_code: "0161701234".into(), notice: "result#3".into(), kind: "result" }
    }

    /// Every event of a notice, in an order in which they can happen.
    fn events() -> Vec<Event> {
        let reported = |delivery| Event::NoticeReported { message: notice(), delivery, reason: None };
        vec![
            Event::MessageFailed { message: notice(), reason: "refused".into(), attempts: 1 },
            Event::MessageCancelled { message: notice(), reason: "no longer true" },
            Event::MessageExpired { message: notice(), reason: "past" },
            Event::MessageSent { message: notice(), parts: 3, attempts: 1 },
            reported(Delivery::Undelivered),
            reported(Delivery::Delivered),
        ]
    }

    #[test]
    fn each_event_of_a_notice_is_sent_with_its_rank() {
        let mut ranks = Vec::new();
        for event in events() {
            let detail = serde_json::to_value(&event).unwrap();
            let call = CallBack::of(&on_the_bus(event.detail_type(), detail.clone())).unwrap();
            let body: Value = serde_json::from_str(&call.body).unwrap();
            assert_eq!(call.id, "7bf73129-1428-4cd3-a780-95db273d1602");
            assert_eq!(body["type"], event.detail_type().to_lowercase().replace(' ', "."));
            assert_eq!(body["timestamp"], "2026-11-24T05:00:00Z");
            let mut data = body["data"].clone();
            ranks.push(data.as_object_mut().unwrap().remove("rank").unwrap());
            assert_eq!(data, detail, "the event's own detail, and nothing more");
        }
        assert_eq!(json!(ranks), json!([1, 1, 1, 2, 3, 4]));
    }

    /// A receiver that keeps the highest rank ends in the same state, whatever arrives first, twice or late.
    #[test]
    fn the_highest_rank_is_the_state_in_every_order() {
        let rank = |event: &Event| {
            let call = CallBack::of(&on_the_bus(event.detail_type(), serde_json::to_value(event).unwrap())).unwrap();
            serde_json::from_str::<Value>(&call.body).unwrap()["data"]["rank"].as_u64().unwrap()
        };
        let [_, _, _, sent, undelivered, delivered] = events().try_into().unwrap();
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        for (happened, state) in [
            (vec![&sent, &undelivered, &delivered], "Notice Delivered"),
            (vec![&sent, &undelivered, &sent], "Notice Undelivered"),
        ] {
            for order in orders {
                let mut kept: Option<&Event> = None;
                for event in order.map(|at| happened[at]) {
                    if kept.is_none_or(|kept| rank(event) > rank(kept)) {
                        kept = Some(event);
                    }
                }
                assert_eq!(kept.unwrap().detail_type(), state, "{order:?}");
            }
        }
    }

    #[test]
    fn a_plan_has_no_rank() {
        let call = CallBack::of(&on_the_bus("Apologies Planned", json!({"planned": 3}))).unwrap();
        let expected =
            json!({"type": "apologies.planned", "timestamp": "2026-11-24T05:00:00Z", "data": {"planned": 3}});
        assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), expected);
    }

    #[test]
    fn what_is_no_event_of_ours_is_no_call_back() {
        let odd_id = on_the_bus("Notice Sent", json!({})).replace("7bf73129", "7bf\\n73129");
        for message in [
            "",
            "hello",
            "{}",
            "[]",
            &on_the_bus("Inquiry Answered", json!({})),
            &on_the_bus("Notice Sent", json!("x")),
            &odd_id,
        ] {
            assert!(CallBack::of(message).is_none(), "{message}");
        }
    }

    #[test]
    fn the_rule_of_the_template_passes_on_exactly_these_events() {
        let (_, list) = TEMPLATE.split_once("detail-type: [").expect("the rule's pattern");
        let listed: Vec<&str> = list.split_once(']').expect("its end").0.split(',').map(str::trim).collect();
        assert_eq!(listed, KINDS.map(|(name, ..)| name));
        assert!(TEMPLATE.contains(&format!("source: [{}]", domain::event::SOURCE)));
    }
}
