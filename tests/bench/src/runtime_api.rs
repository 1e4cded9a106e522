//! A small Lambda Runtime API: passes one event at a time to one process, and measures the time of each.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};

use crate::http::{Request, Response, Server, answer_all};

/// The longest time-out of template.yaml.
const TIMEOUT: Duration = Duration::from_secs(900);
/// A process that has not asked for work by then failed to start; its log says why.
const START: Duration = Duration::from_secs(30);

/// One process's Runtime API.
pub struct RuntimeApi {
    server: Server,
    events: Sender<(u64, Vec<u8>)>,
    signals: Receiver<Signal>,
    handed: u64,
}

enum Signal {
    Next(Instant),
    Handed(Instant),
    Answered(Instant, Vec<u8>),
    Failed(String),
}

impl RuntimeApi {
    pub fn start() -> io::Result<Self> {
        let (events, waiting) = channel();
        let (signal, signals) = channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let signal = Mutex::new(signal);
        let server = Server::start(move |connection| {
            let (waiting, signal) = (waiting.clone(), signal.lock().expect("no panic holds it").clone());
            let _ = answer_all(connection, |request| answer(request, &waiting, &signal));
        })?;
        Ok(Self { server, events, signals, handed: 0 })
    }

    /// For `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// When the process first asked for work.
    pub fn first_next(&self) -> Result<Instant> {
        match self.signal_within(START)? {
            Signal::Next(at) => Ok(at),
            Signal::Failed(why) => bail!("it failed to start: {why}"),
            _ => bail!("it answered before it was asked"),
        }
    }

    /// Passes an event to the process. Returns the time until the answer, and the answer.
    pub fn invoke(&mut self, event: &[u8]) -> Result<(Duration, Vec<u8>)> {
        self.handed += 1;
        self.events.send((self.handed, event.to_vec()))?;
        let (mut handed, mut answered) = (None, None);
        loop {
            match self.signal()? {
                Signal::Handed(at) => handed = Some(at),
                Signal::Answered(at, body) => answered = Some((at, body)),
                Signal::Failed(why) => bail!("it answered with an error: {why}"),
                // The time until the process is ready for the next event is its own work, but no caller waits for it.
                Signal::Next(_) => {
                    let (at, body) = answered.context("it asked for more before it answered")?;
                    return Ok((at - handed.context("it answered before it was asked")?, body));
                }
            }
        }
    }

    fn signal(&self) -> Result<Signal> {
        self.signal_within(TIMEOUT)
    }

    fn signal_within(&self, time: Duration) -> Result<Signal> {
        self.signals.recv_timeout(time).context("the process did not answer in time")
    }
}

fn answer(request: Request, waiting: &Mutex<Receiver<(u64, Vec<u8>)>>, signal: &Sender<Signal>) -> Option<Response> {
    let now = Instant::now();
    if request.path.ends_with("/invocation/next") {
        signal.send(Signal::Next(now)).ok()?;
        let (number, body) = waiting.lock().ok()?.recv().ok()?;
        signal.send(Signal::Handed(Instant::now())).ok()?;
        return Some(Response { status: 200, headers: next_headers(number), body });
    }
    let report = match request.path.rsplit('/').next() {
        Some("response") => Signal::Answered(now, request.body),
        _ => Signal::Failed(String::from_utf8_lossy(&request.body).into_owned()),
    };
    signal.send(report).ok()?;
    Some(Response { status: 202, headers: vec![("Content-Type", "application/json".into())], body: b"{}".to_vec() })
}

fn next_headers(number: u64) -> Vec<(&'static str, String)> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    vec![
        ("Content-Type", "application/json".into()),
        ("Lambda-Runtime-Aws-Request-Id", format!("8476a536-e9f4-11e8-9739-{number:012}")),
        ("Lambda-Runtime-Deadline-Ms", (now + TIMEOUT).as_millis().to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:ap-southeast-1:123456789012:function:bench".into()),
        (
            "Lambda-Runtime-Trace-Id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".into(),
        ),
    ]
}
