//! With a real receiver on this machine: down, redirecting, answering 500 and so on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use adapters::retry_queue::QueueError;
use adapters::secret::Secret;
use chrono::Utc;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::event::tests::on_the_bus;

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Copy)]
struct Now;

impl Clock for Now {
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }
    async fn sleep_until(&self, _: DateTime<Utc>) {}
}

/// Records the calls, and can be unavailable.
#[derive(Default)]
struct Queue {
    delay: Mutex<BTreeMap<String, i64>>,
    dead_letter: Mutex<Vec<String>>,
    is_down: bool,
}

impl Queue {
    fn answer(&self) -> Result<(), QueueError> {
        if self.is_down { Err(QueueError { why: "down".into() }) } else { Ok(()) }
    }
}

impl RetryQueue for Queue {
    async fn delay(&self, handle: &str, pause: TimeDelta) -> Result<(), QueueError> {
        self.delay.lock().unwrap().insert(handle.to_owned(), pause.num_seconds());
        self.answer()
    }
    async fn dead_letter(&self, body: &str) -> Result<(), QueueError> {
        self.dead_letter.lock().unwrap().push(body.to_owned());
        self.answer()
    }
}

/// A receiver that gives each request the same answer. Returns its port and what it got.
async fn receiver(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (port, requests) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
    let seen = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let seen = seen.clone();
            tokio::spawn(async move {
                let mut read = Vec::new();
                while !read.ends_with(b"}") {
                    connection.read_buf(&mut read).await.unwrap();
                }
                seen.lock().unwrap().push(String::from_utf8(read).unwrap());
                connection.write_all(answer.as_bytes()).await.unwrap();
            });
        }
    });
    (port, requests)
}

fn sender(port: u16, secret: Value) -> CallbackSender<Now, Queue> {
    let url = format!("http://127.0.0.1:{port}/onestop/events");
    CallbackSender {
        clock: Now,
        queue: Queue::default(),
        receiver: Receiver::new(&url, true, Secret::fixed(secret)).unwrap(),
    }
}

fn secret() -> Value {
    json!({"current": KEY, "previous": null})
}

/// A batch with these messages: name, age in seconds, body.
fn batch(messages: &[(&str, i64, &str)]) -> SqsEvent {
    let records: Vec<Value> = messages
        .iter()
        .map(|(name, age, body)| {
            let sent = (Now.now() - TimeDelta::seconds(*age)).timestamp_millis().to_string();
            json!({"messageId": name, "receiptHandle": format!("handle of {name}"), "body": body, "eventSource": "aws:sqs",
                "attributes": {"SentTimestamp": sent, "ApproximateReceiveCount": "3"}})
        })
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn sent() -> String {
    on_the_bus("Notice Sent", json!({"receipt_code": "0161701234", "notice": "result#3", "kind": "result", "parts": 3}))
}

fn again(done: &Done) -> Vec<&str> {
    done.response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

#[tokio::test]
async fn an_accepted_call_back_is_signed_and_deleted() {
    let (port, requests) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let sender = sender(port, secret());
    let done = sender.send_batch(&batch(&[("a", 0, &sent()), ("late", 200_000, &sent())])).await;
    assert_eq!((again(&done), done.tally), (vec![], Tally::default()));
    assert!(sender.queue.delay.lock().unwrap().is_empty() && sender.queue.dead_letter.lock().unwrap().is_empty());

    let requests = requests.lock().unwrap();
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    assert_eq!(line, "POST /onestop/events HTTP/1.1");
    let headers: http::HeaderMap = headers
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["webhook-id"], "7bf73129-1428-4cd3-a780-95db273d1602");
    Webhook::new(KEY).unwrap().verify(body.as_bytes(), &headers).unwrap();
    let expected = json!({"type": "notice.sent", "timestamp": "2026-11-24T05:00:00Z",
        "data": {"receipt_code": "0161701234", "notice": "result#3", "kind": "result", "parts": 3, "rank": 2}});
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), expected);
}

#[tokio::test]
async fn each_answer_but_2xx_is_retried() {
    let nothing_more = "content-length: 0\r\nconnection: close\r\n\r\n";
    for (status, headers, expected) in [
        ("200 OK", "", None),
        ("299 Odd", "", None),
        ("301 Moved", "location: http://169.254.169.254/\r\n", Some(80)),
        ("307 Redirect", "location: https://example.com/?key=secret\r\n", Some(80)),
        ("304 Not Modified", "", Some(80)),
        ("400 Bad", "", Some(80)),
        ("401 No", "", Some(80)),
        ("404 Nothing", "", Some(80)),
        ("429 Slowly", "retry-after: 900\r\n", Some(900)),
        ("429 Slowly", "retry-after: 5\r\n", Some(80)),
        ("500 Broken", "retry-after: 900\r\n", Some(80)),
        ("503 Busy", "retry-after: 86400\r\n", Some(3_600)),
    ] {
        let answer = format!("HTTP/1.1 {status}\r\n{headers}{nothing_more}").leak();
        let (port, requests) = receiver(answer).await;
        let sender = sender(port, secret());
        let done = sender.send_batch(&batch(&[("a", 80, &sent())])).await;
        assert_eq!(again(&done).len(), usize::from(expected.is_some()), "{status}");
        let pause = sender.queue.delay.lock().unwrap().get("handle of a").copied();
        assert_eq!(pause, expected, "{status} {headers}");
        assert_eq!(requests.lock().unwrap().len(), 1, "{status}: one request a try");
    }
}

#[tokio::test]
async fn a_call_back_that_is_not_accepted_is_delayed_and_after_a_day_in_the_dead_letter_queue() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let sender = sender(nobody, secret());
    let (hour, day) = (3_600, 24 * 3_600);
    let batch = batch(&[("new", 0, &sent()), ("old", 20 * hour, &sent()), ("too old", day, &sent())]);
    let done = sender.send_batch(&batch).await;
    assert_eq!(again(&done), ["new", "old"]);
    let expected = BTreeMap::from([("handle of new".to_owned(), 10), ("handle of old".to_owned(), hour)]);
    assert_eq!(*sender.queue.delay.lock().unwrap(), expected);
    assert_eq!(*sender.queue.dead_letter.lock().unwrap(), [sent()], "whole, so that it can be redriven");
    assert_eq!((done.tally.not_accepted, done.tally.not_public), (3, 0));
    assert!((day..day + 60).contains(&done.tally.oldest_s), "{}", done.tally.oldest_s);
}

#[tokio::test]
async fn what_a_receiver_that_is_gone_refuses_is_kept_in_the_dead_letter_queue_at_once() {
    let (port, _) = receiver("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n").await;
    let sender = sender(port, secret());
    let done = sender.send_batch(&batch(&[("a", 0, &sent())])).await;
    assert_eq!((again(&done), done.tally.not_accepted), (vec![], 1));
    assert_eq!(*sender.queue.dead_letter.lock().unwrap(), [sent()]);
}

#[tokio::test]
async fn an_unreadable_message_delays_no_other() {
    let (port, _) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let sender = sender(port, secret());
    let inquiry = on_the_bus("Inquiry Answered", json!({}));
    let done = sender.send_batch(&batch(&[("odd", 0, "hello"), ("a", 0, &sent()), ("other", 0, &inquiry)])).await;
    assert_eq!((again(&done), done.tally), (vec![], Tally::default()));
    assert_eq!(*sender.queue.dead_letter.lock().unwrap(), ["hello", &inquiry]);
}

#[tokio::test]
async fn no_event_is_lost_without_a_key_or_a_queue() {
    let (port, requests) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let keyless = sender(port, json!({"current": null, "previous": KEY}));
    assert_eq!(again(&keyless.send_batch(&batch(&[("a", 0, &sent())])).await), ["a"]);
    assert!(requests.lock().unwrap().is_empty(), "nothing is sent unsigned");

    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let mut cut_off = sender(nobody, secret());
    cut_off.queue.is_down = true;
    let done =
        cut_off.send_batch(&batch(&[("a", 0, &sent()), ("too old", 90_000, &sent()), ("odd", 0, "hello")])).await;
    assert_eq!(again(&done), ["a", "too old", "odd"]);
}

#[test]
fn an_address_that_is_not_public_is_counted() {
    let mut done = Done::default();
    let batch = batch(&[("a", 0, ""), ("b", 0, "")]);
    let not_public = NotAccepted::NoAnswer(adapters::https::Failure::NotPublic);
    assert!(not_public.is_not_public() && !NotAccepted::NoKey.is_not_public());
    done.add(&batch.records[0], Outcome::NotPublic, TimeDelta::seconds(40));
    done.add(&batch.records[1], Outcome::Again, TimeDelta::seconds(20));
    let counts: Vec<_> = done.tally.counts().collect();
    assert_eq!(
        (again(&done), counts),
        (
            vec!["a", "b"],
            vec![("CallbacksNotAccepted", 2.0), ("CallbacksNotPublic", 1.0), ("CallbackAgeSeconds", 40.0)]
        )
    );
}
