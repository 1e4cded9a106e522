//! Generates from docs/openapi.yaml what the function serves: the same in JSON, and a page for people. So the function
//! parses no YAML, and what is served cannot differ from the document.

mod page;

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

const WRITTEN: &str = "../../docs/openapi.yaml";

fn main() -> anyhow::Result<()> {
    println!("cargo::rerun-if-changed={WRITTEN}");
    let yaml = std::fs::read_to_string(WRITTEN).context(WRITTEN)?;
    let document: Value = serde_saphyr::from_str(&yaml).context(WRITTEN)?;
    let made = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&made).join("openapi.json"), document.to_string())?;
    std::fs::write(Path::new(&made).join("docs.html"), page::of(&document))?;
    Ok(())
}
