//! The page of the local stack, with the citizens' phones: `phones PORT`. `make run` starts it, `make down` ends it.

use anyhow::{Context, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).context("usage: phones PORT")?;
    system_tests::phones::serve(port).await
}
