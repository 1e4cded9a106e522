//! What goes wrong between a gateway and the stack: a few bytes of a network, told what to do with each request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use tokio::net::{TcpListener, TcpStream};

use crate::Stack;
use crate::http::{answer, read_request};

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
pub enum Trouble {
    /// It reaches the stack, and the answer comes so much later.
    Late(Duration),
    /// It reaches nobody: 503.
    Unavailable,
}

/// The network. The first requests meet the troubles, one each; the others pass.
#[derive(Clone)]
pub struct Proxy {
    stack: Stack,
    port: u16,
    troubles: Arc<Mutex<VecDeque<Trouble>>>,
    seen: Arc<Mutex<usize>>,
}

impl Proxy {
    /// Before that stack.
    pub async fn before(stack: &Stack, troubles: impl IntoIterator<Item = Trouble>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let troubles = Arc::new(Mutex::new(troubles.into_iter().collect()));
        let proxy = Self { stack: stack.clone(), port: listener.local_addr()?.port(), troubles, seen: Arc::default() };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(connection));
            }
        });
        Ok(proxy)
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Requests so far.
    pub fn seen(&self) -> usize {
        *self.seen.lock().expect("no panic holds it")
    }

    async fn serve(self, mut connection: TcpStream) -> Result<()> {
        loop {
            let request = read_request(&mut connection).await?;
            *self.seen.lock().expect("no panic holds it") += 1;
            let trouble = self.troubles.lock().expect("no panic holds it").pop_front();
            if let Some(Trouble::Unavailable) = trouble {
                answer(&mut connection, 503, &[("content-type", "text/plain")], b"try again").await?;
                continue;
            }
            let url = format!("{}{}", self.stack.endpoint(), request.target);
            let mut passed = self.stack.http().request(request.method.parse()?, url).body(request.body);
            for (name, value) in request.headers.iter().filter(|(name, _)| name == "authorization") {
                passed = passed.header(name, value);
            }
            let answered = passed.send().await?;
            let status = answered.status().as_u16();
            let headers = answered.headers().clone();
            let body = answered.bytes().await?;
            if let Some(Trouble::Late(by)) = trouble {
                tokio::time::sleep(by).await;
            }
            let headers: Vec<_> = ["content-type", "x-kannel-coding"]
                .into_iter()
                .filter_map(|name| Some((name, headers.get(name)?.to_str().ok()?)))
                .collect();
            answer(&mut connection, status, &headers, &body).await?;
        }
    }
}
