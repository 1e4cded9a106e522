//! The part of HTTP/1.1 that the benchmark's own clients need: bodies with a length, persistent connections, one thread
//! per connection. A framework's server would use more resources than what is measured.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[derive(Debug)]
pub struct Request {
    pub method: String,
    /// Path and query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

#[derive(Debug, Default)]
pub struct Response {
    pub status: u16,
    /// Headers in addition to Content-Length.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// A listener on a free port of loopback. It stops when this value is dropped.
#[derive(Debug)]
pub struct Server {
    /// Its address.
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    /// Passes every connection to `serve`, on a thread of its own.
    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, over) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let (ended, serve) = (over.clone(), Arc::new(serve));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if ended.load(Ordering::Relaxed) {
                    return;
                }
                let _ = connection.set_nodelay(true);
                let serve = serve.clone();
                thread::spawn(move || serve(connection));
            }
        });
        Ok(Self { address, over })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address); // wakes the listener
    }
}

/// Answers the requests of a connection one after the other, until `serve` returns None.
pub fn answer_all(
    mut stream: impl Read + Write,
    mut answer: impl FnMut(Request) -> Option<Response>,
) -> io::Result<()> {
    let mut received = Vec::new();
    while let Some(request) = read(&mut stream, &mut received)? {
        let Some(response) = answer(request) else { break };
        stream.write_all(&written(&response))?;
        stream.flush()?;
    }
    Ok(())
}

fn written(response: &Response) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {} .\r\nContent-Length: {}\r\n", response.status, response.body.len()).into_bytes();
    for (name, value) in &response.headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&response.body);
    bytes
}

/// The next request; None if the client has closed the connection.
fn read(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<Option<Request>> {
    loop {
        if let Some((request, length)) = parse(received)? {
            received.drain(..length);
            return Ok(Some(request));
        }
        let mut more = [0; 16 * 1024];
        match stream.read(&mut more) {
            Ok(0) => return Ok(None),
            Ok(count) => received.extend_from_slice(&more[..count]),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// A request and its length, if all of it has arrived.
fn parse(received: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let head = match parsed.parse(received).map_err(io::Error::other)? {
        httparse::Status::Partial => return Ok(None),
        httparse::Status::Complete(length) => length,
    };
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect(),
        body: Vec::new(),
    };
    if !request.header("transfer-encoding").is_empty() {
        return Err(io::Error::other("a body without a length is not understood here"));
    }
    let end = head + request.header("content-length").parse().unwrap_or(0);
    if received.len() < end {
        return Ok(None);
    }
    request.body = received[head..end].to_vec();
    Ok(Some((request, end)))
}
