//! The part of HTTP/1.1 that the proxy, the simulated V-COM and the receiver of call-backs need.

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request as it came.
pub(crate) struct Request {
    /// Method and target.
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Reads one request, with a body of content-length.
pub(crate) async fn read_request(connection: &mut TcpStream) -> Result<Request> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        ensure!(connection.read_buf(&mut read).await? > 0, "the connection was closed");
    };
    let mut body = read.split_off(end + 4);
    let head = String::from_utf8(read)?;
    let mut lines = head.trim_end().lines();
    let mut words = lines.next().context("a request line")?.split(' ').map(str::to_owned);
    let (method, target) = (words.next().context("a method")?, words.next().context("a target")?);
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Ok(0), |(_, length)| length.parse::<usize>())?;
    while body.len() < length {
        ensure!(connection.read_buf(&mut body).await? > 0, "the connection was closed");
    }
    Ok(Request { method, target, headers, body })
}

/// Sends an answer, and leaves the connection open.
pub(crate) async fn answer(
    connection: &mut TcpStream,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<()> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} .\r\n{headers}content-length: {}\r\n\r\n", body.len());
    connection.write_all(&[head.as_bytes(), body].concat()).await?;
    Ok(())
}
