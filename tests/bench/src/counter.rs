//! A proxy between the functions and the local stack that counts the calls of AWS and DynamoDB's request units.
//!
//! The local stack counts the units of a write, its indexes included, and of a read of one item. Those of a Query and
//! of a BatchGetItem are computed by DynamoDB's rule from the request and the answer, because the local stack counts
//! each as one read; so are those of a write whose condition fails, which it does not count.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::aws::action;
use crate::http::{Request, Response, Server, answer_all};

/// A call that passed through the proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// `GetItem`, `Publish`, …
    pub action: String,
    pub write_units: f64,
    pub read_units: f64,
}

pub struct Counter {
    server: Server,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Counter {
    /// A proxy before the local stack at `endpoint`.
    pub fn before(endpoint: &str) -> Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        let (endpoint, passed) = (endpoint.to_owned(), Arc::new(Mutex::new(Vec::new())));
        let written_down = Arc::clone(&passed);
        let server = Server::start(move |connection| {
            let pass = |request: Request| {
                let (response, call) = pass(&client, &endpoint, &request).ok()?; // the connection ends: the SDK says so
                written_down.lock().expect("no panic holds it").push(call);
                Some(response)
            };
            let _ = answer_all(connection, pass);
        })?;
        Ok(Self { server, passed })
    }

    /// For `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The calls since the last call of this function.
    pub fn take(&self) -> Vec<Passed> {
        std::mem::take(&mut *self.passed.lock().expect("no panic holds it"))
    }
}

/// Passes a request on. A request to DynamoDB also asks for the consumed capacity.
fn pass(client: &Client, endpoint: &str, request: &Request) -> Result<(Response, Passed)> {
    let (action, asked) = (action(request), serde_json::from_slice::<Value>(&request.body).unwrap_or_default());
    let is_dynamodb = request.header("x-amz-target").starts_with("DynamoDB_");
    let body = match is_dynamodb {
        true => counted(&asked).to_string().into_bytes(),
        false => request.body.clone(),
    };
    let mut handed_on = client.post(endpoint).body(body);
    for name in ["content-type", "x-amz-target", "authorization"] {
        handed_on = handed_on.header(name, request.header(name));
    }
    let response = handed_on.send()?;
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").context("no content-type")?.to_str()?.to_owned();
    let body = response.bytes()?.to_vec();
    let answer = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    let (write_units, read_units) = if is_dynamodb { units(&action, &asked, &answer) } else { (0.0, 0.0) };
    let passed = Passed { action, write_units, read_units };
    Ok((Response { status, headers: vec![("Content-Type", kind)], body }, passed))
}

fn counted(asked: &Value) -> Value {
    let mut asked = asked.clone();
    asked["ReturnConsumedCapacity"] = json!("TOTAL");
    asked
}

/// Write and read request units of one call.
fn units(action: &str, asked: &Value, answer: &Value) -> (f64, f64) {
    let counted = answer["ConsumedCapacity"]["CapacityUnits"].as_f64();
    let a_read = |asked: &Value| if asked["ConsistentRead"] == true { 1.0 } else { 0.5 };
    match action {
        "Query" => {
            let bytes = answer["Items"].as_array().into_iter().flatten().map(item_size).sum();
            (0.0, a_read(asked) * blocks(bytes, 4096))
        }
        "BatchGetItem" => {
            let tables = asked["RequestItems"].as_object().into_iter().flat_map(|tables| tables.values());
            let keys = |table: &Value| table["Keys"].as_array().map_or(0, Vec::len) as f64;
            (0.0, tables.map(|table| a_read(table) * keys(table)).sum())
        }
        "GetItem" => (0.0, counted.unwrap_or_default()),
        // A failed condition costs as much as a write of the existing item.
        _ => (counted.unwrap_or_else(|| blocks(item_size(&answer["Item"]), 1024)), 0.0),
    }
}

fn blocks(bytes: usize, block: usize) -> f64 {
    bytes.div_ceil(block).max(1) as f64
}

/// An item's size as DynamoDB counts it: names and values, text as UTF-8.
pub fn item_size(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes
        .map(|(name, typed)| name.len() + typed.as_object().map_or(0, |typed| typed.values().map(value_size).sum()))
        .sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(value_size).sum(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: usize) -> Value {
        json!({"code": {"S": "x".repeat(bytes - 4)}})
    }

    #[test]
    fn writes_and_single_reads_are_the_stack_s_count() {
        let answer = json!({"ConsumedCapacity": {"TableName": "dossiers", "CapacityUnits": 2.0}});
        assert_eq!(units("PutItem", &json!({}), &answer), (2.0, 0.0));
        assert_eq!(units("GetItem", &json!({}), &answer), (0.0, 2.0));
    }

    #[test]
    fn a_failed_condition_costs_a_write_of_the_stored_item() {
        let failed = |old: usize| json!({"__type": "ConditionalCheckFailedException", "Item": item(old)});
        assert_eq!(units("PutItem", &json!({}), &failed(1024)), (1.0, 0.0));
        assert_eq!(units("PutItem", &json!({}), &failed(1025)), (2.0, 0.0));
    }

    #[test]
    fn a_query_costs_by_its_page_and_a_batch_by_its_keys() {
        let page = json!({"Items": [item(4000), item(97)]});
        assert_eq!(units("Query", &json!({}), &page), (0.0, 1.0));
        assert_eq!(units("Query", &json!({"ConsistentRead": true}), &page), (0.0, 2.0));
        assert_eq!(units("Query", &json!({}), &json!({"Items": []})), (0.0, 0.5));
        let batch = json!({"RequestItems": {"notices": {"Keys": [1, 2, 3]}}});
        assert_eq!(units("BatchGetItem", &batch, &json!({})), (0.0, 1.5));
    }
}
