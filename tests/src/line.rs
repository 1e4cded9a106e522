//! A line between a client and the stack that fails as told: what its requests meet before one goes through.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Stack;

/// What one request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// That status, without the stack being asked.
    Status(u16),
    /// No answer for longer than any client waits.
    Silence,
    /// The request reaches the stack, and the line breaks before the answer is back.
    Cut,
}

/// The line, on a port of its own. It is gone when this is dropped.
pub struct Line {
    /// The API's address for a client.
    pub url: String,
    seen: Arc<Mutex<Vec<Headers>>>,
    listening: JoinHandle<()>,
}

/// Names in lower case.
type Headers = BTreeMap<String, String>;

impl Line {
    /// Opens a line on which the first requests meet those faults, one each, and all later ones go through.
    pub async fn to(stack: &Stack, faults: &[Fault]) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let wire = Wire { http: stack.http().clone(), api: stack.api(), seen: seen.clone() };
        let mut faults: VecDeque<Fault> = faults.iter().copied().collect();
        let listening = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (wire, fault) = (wire.clone(), faults.pop_front());
                tokio::spawn(async move { wire.carry(connection, fault).await });
            }
        });
        Ok(Self { url, seen, listening })
    }

    /// That header of every request, in their order.
    pub fn seen(&self, header: &str) -> Vec<String> {
        let seen = self.seen.lock().expect("no request panicked");
        seen.iter().map(|headers| headers.get(header).cloned().unwrap_or_default()).collect()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

#[derive(Clone)]
struct Wire {
    http: Client,
    api: String,
    seen: Arc<Mutex<Vec<Headers>>>,
}

impl Wire {
    async fn carry(&self, mut connection: TcpStream, fault: Option<Fault>) -> Result<()> {
        let (path, headers, body) = request(&mut connection).await?;
        self.seen.lock().expect("no request panicked").push(headers.clone());
        match fault {
            Some(Fault::Status(status)) => answer(&mut connection, status, "{}").await,
            Some(Fault::Silence) => {
                tokio::time::sleep(Duration::from_secs(300)).await;
                Ok(())
            }
            Some(Fault::Cut) => self.pass(&path, &headers, body).await.map(|_| ()),
            None => {
                let (status, text) = self.pass(&path, &headers, body).await?;
                answer(&mut connection, status, &text).await
            }
        }
    }

    async fn pass(&self, path: &str, headers: &Headers, body: Vec<u8>) -> Result<(u16, String)> {
        let mut request = self.http.post(format!("{}{path}", self.api)).body(body);
        for (name, value) in headers.iter().filter(|(name, _)| name.starts_with("webhook-") || *name == "content-type")
        {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

/// Path, headers and body of a request with a content-length.
async fn request(connection: &mut TcpStream) -> Result<(String, Headers, Vec<u8>)> {
    let mut raw = Vec::new();
    let head = loop {
        if let Some(end) = raw.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        anyhow::ensure!(connection.read_buf(&mut raw).await? > 0, "the client hung up");
    };
    let text = String::from_utf8(raw[..head].to_vec())?;
    let (first, rest) = text.split_once("\r\n").context("a request line and headers")?;
    let path = first.split(' ').nth(1).context("a path")?.to_owned();
    let headers: Headers = rest
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length").context("a content-length")?.parse()?;
    let mut body = raw.split_off(head + 4);
    while body.len() < length {
        anyhow::ensure!(connection.read_buf(&mut body).await? > 0, "the client hung up");
    }
    Ok((path, headers, body))
}

async fn answer(connection: &mut TcpStream, status: u16, text: &str) -> Result<()> {
    let head = format!(
        "HTTP/1.1 {status} .\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        text.len()
    );
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(text.as_bytes()).await?;
    Ok(connection.shutdown().await?)
}
