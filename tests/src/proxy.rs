//! A reverse proxy before the stack that injects faults: each of the first requests gets one fault, all others pass.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use anyhow::Result;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Stack;
use crate::http::{Request, answer, read_request};

/// The fault of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status; the request does not reach the stack.
    Status(u16),
    /// The request reaches the stack, and its answer is delayed by this time.
    Delay(Duration),
    /// The request does not reach the stack, and there is no answer for longer than any client waits.
    NoAnswer,
    /// The request reaches the stack, and the connection breaks before the answer.
    Disconnect,
}

/// Request headers that the proxy passes on.
const PASSED_ON: [&str; 5] = ["authorization", "content-type", "webhook-id", "webhook-timestamp", "webhook-signature"];
/// Response headers that the proxy passes back.
const PASSED_BACK: [&str; 2] = ["content-type", "x-kannel-coding"];

/// Listens on a free port of loopback until it is dropped.
pub struct Proxy {
    /// The API's address through the proxy.
    pub url: String,
    state: Arc<State>,
    listening: JoinHandle<()>,
}

struct State {
    stack: Stack,
    faults: Mutex<VecDeque<Fault>>,
    /// Every request's headers, in the order of arrival.
    seen: Mutex<Vec<Vec<(String, String)>>>,
}

impl Proxy {
    pub async fn start(stack: &Stack, faults: &[Fault]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = stack.api().replacen(stack.endpoint(), &format!("http://{}", listener.local_addr()?), 1);
        let faults = Mutex::new(faults.iter().copied().collect());
        let state = Arc::new(State { stack: stack.clone(), faults, seen: Mutex::default() });
        let serving = state.clone();
        let listening = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = serving.clone();
                tokio::spawn(async move { state.serve(connection).await });
            }
        });
        Ok(Self { url, state, listening })
    }

    /// How many requests arrived, those with a fault included.
    pub fn requests(&self) -> usize {
        self.state.seen().len()
    }

    /// That header of every request, in the order of arrival; empty where a request has none.
    pub fn header(&self, name: &str) -> Vec<String> {
        let of = |headers: &Vec<(String, String)>| headers.iter().find(|(each, _)| each == name).cloned();
        self.state.seen().iter().map(|headers| of(headers).unwrap_or_default().1).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl State {
    fn seen(&self) -> MutexGuard<'_, Vec<Vec<(String, String)>>> {
        self.seen.lock().expect("no panic holds it")
    }

    /// One request a connection: a client that finds its connection closed must not send again by itself.
    async fn serve(&self, mut connection: TcpStream) -> Result<()> {
        let request = read_request(&mut connection).await?;
        self.seen().push(request.headers.clone());
        let fault = self.faults.lock().expect("no panic holds it").pop_front();
        match fault {
            Some(Fault::Status(status)) => {
                respond(&mut connection, status, &[("content-type", "application/json; charset=utf-8")], b"{}").await
            }
            Some(Fault::NoAnswer) => {
                tokio::time::sleep(Duration::from_secs(300)).await;
                Ok(())
            }
            Some(Fault::Disconnect) => self.pass(request).await.map(|_| ()),
            Some(Fault::Delay(_)) | None => {
                let answered = self.pass(request).await?;
                let (status, headers) = (answered.status().as_u16(), answered.headers().clone());
                let body = answered.bytes().await?;
                if let Some(Fault::Delay(by)) = fault {
                    tokio::time::sleep(by).await;
                }
                let headers: Vec<_> = PASSED_BACK
                    .into_iter()
                    .filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?)))
                    .collect();
                respond(&mut connection, status, &headers, &body).await
            }
        }
    }

    async fn pass(&self, request: Request) -> Result<reqwest::Response> {
        let url = format!("{}{}", self.stack.endpoint(), request.target);
        let mut passed = self.stack.http().request(request.method.parse()?, url).body(request.body);
        for (name, value) in request.headers.iter().filter(|(name, _)| PASSED_ON.contains(&name.as_str())) {
            passed = passed.header(name, value);
        }
        Ok(passed.send().await?)
    }
}

async fn respond(connection: &mut TcpStream, status: u16, headers: &[(&str, &str)], body: &[u8]) -> Result<()> {
    let headers = [headers, &[("connection", "close")]].concat();
    answer(connection, status, &headers, body).await?;
    Ok(connection.shutdown().await?)
}
