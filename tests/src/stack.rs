//! The deployed stack: its outputs, its tables, its functions, and the phone network that the local AWS simulates.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
use reqwest::Client;
use serde_json::{Map, Value, json};

/// The region of the local AWS.
pub(crate) const REGION: &str = "ap-southeast-1";

/// A stack that `make run` or `make test` deployed.
#[derive(Debug, Clone)]
pub struct Stack {
    http: Client,
    endpoint: String,
    outputs: BTreeMap<String, String>,
}

/// An SMS that the network accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// SNS's message id.
    pub id: String,
    /// In E.164.
    pub phone: String,
    pub text: String,
}

/// Lambda's own limit: an evening of 10,000 is sent for minutes after the plan.
const LONGEST_RUN: Duration = Duration::from_secs(900);

impl Stack {
    /// Finds the stack by `ONESTOP_ENDPOINT` and `ONESTOP_STACK`.
    pub async fn connect() -> Result<Self> {
        Self::named(&std::env::var("ONESTOP_STACK").unwrap_or_else(|_| "onestop".into())).await
    }

    /// The stack that `make test` deploys with SmsSender=kannel.
    pub async fn of_kannel() -> Result<Self> {
        Self::named("onestop-kannel").await
    }

    async fn named(name: &str) -> Result<Self> {
        let endpoint = std::env::var("ONESTOP_ENDPOINT").unwrap_or_else(|_| "http://127.0.0.1:4566".into());
        let http = Client::builder().timeout(Duration::from_secs(60)).no_proxy().build()?;
        let outputs = outputs(&http, &endpoint, name).await.with_context(|| {
            format!(
                "no stack `{name}` answers at {endpoint}: `make test` deploys one of its own, `make run` one that stays"
            )
        })?;
        Ok(Self { http, endpoint, outputs })
    }

    /// An output of the template.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("template.yaml has no output {name}"))
    }

    /// The local AWS.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The client of all calls.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// The API's address. The local AWS serves `https://<id>.execute-api…/<stage>` under its own address.
    pub fn api(&self) -> String {
        let url = self.output("ApiUrl");
        let (id, stage) = url
            .strip_prefix("https://")
            .and_then(|rest| Some((rest.split_once('.')?.0, rest.rsplit_once('/')?.1)))
            .unwrap_or_else(|| panic!("ApiUrl {url} is not https://<id>.execute-api…/<stage>"));
        format!("{}/_aws/execute-api/{id}/{stage}", self.endpoint)
    }

    /// The address of the staff's pages, if the stack has them.
    pub fn desk(&self) -> Option<String> {
        self.outputs.contains_key("DeskFunction").then(|| format!("{}/desk", self.api()))
    }

    /// One call of a JSON service. The local AWS reads the service from the credential and checks no signature.
    pub async fn aws(&self, service: &str, action: &str, body: Value) -> Result<Value> {
        let target = match service {
            "dynamodb" => "DynamoDB_20120810",
            "secretsmanager" => "secretsmanager",
            "events" => "AWSEvents",
            "sqs" => "AmazonSQS",
            "logs" => "Logs_20140328",
            other => bail!("no JSON protocol known for {other}"),
        };
        let answer = self
            .http
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("{target}.{action}"))
            .header("authorization", authorization(service))
            .body(body.to_string())
            .send()
            .await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{service} {action}: {status} {text}");
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// One call of a service that speaks XML: STS, IAM.
    pub async fn query_api(&self, service: &str, query: &[(&str, &str)]) -> Result<String> {
        let request = self.http.get(&self.endpoint).query(query).header("authorization", authorization(service));
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{service} {query:?}: {status} {text}");
        Ok(text)
    }

    /// Invokes a function by the name of its output and returns its answer.
    pub async fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let url = format!("{}/2015-03-31/functions/{}/invocations", self.endpoint, self.output(function));
        let request = self.http.post(url).timeout(LONGEST_RUN).header("authorization", authorization("lambda"));
        let answer = request.body(event.to_string()).send().await?;
        let failed = answer.headers().contains_key("x-amz-function-error");
        let text = answer.text().await?;
        ensure!(!failed, "{function} failed: {text}");
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    /// A deployed function's configuration.
    pub async fn configuration(&self, function: &str) -> Result<Value> {
        let url = format!("{}/2015-03-31/functions/{}/configuration", self.endpoint, self.output(function));
        Ok(self.http.get(url).header("authorization", authorization("lambda")).send().await?.json().await?)
    }

    /// The 17:30 run of the evening at `time`, as the rule sends it.
    pub async fn evening(&self, time: DateTime<Utc>) -> Result<Value> {
        self.invoke("ApologyFunction", &json!({
            "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "Scheduled Event", "source": "aws.events",
            "account": "000000000000", "time": time.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "region": "ap-southeast-1",
            "resources": ["arn:aws:events:ap-southeast-1:000000000000:rule/evening"], "detail": {},
        })).await
    }

    /// An item of a table (by the name of its output), as plain JSON; None if there is none.
    pub async fn item(&self, table: &str, key: &[(&str, &str)]) -> Result<Option<Map<String, Value>>> {
        let key: Map<String, Value> = key.iter().map(|(name, value)| ((*name).into(), json!({"S": value}))).collect();
        let request = json!({"TableName": self.output(table), "Key": key, "ConsistentRead": true});
        Ok(self.aws("dynamodb", "GetItem", request).await?.get("Item").map(plain))
    }

    /// A dossier's rows in the outbox, by notice.
    pub async fn outbox(&self, code: &str) -> Result<BTreeMap<String, Map<String, Value>>> {
        let rows = self.query("NoticesTable", "receipt_code", code, None).await?;
        Ok(rows.into_iter().map(|row| (row["notice"].as_str().unwrap_or_default().to_owned(), row)).collect())
    }

    /// The items under one partition key.
    pub async fn query(
        &self,
        table: &str,
        key: &str,
        value: &str,
        index: Option<&str>,
    ) -> Result<Vec<Map<String, Value>>> {
        let mut request = json!({"TableName": self.output(table), "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": key}, "ExpressionAttributeValues": {":value": {"S": value}}});
        if let Some(index) = index {
            request["IndexName"] = json!(index);
        }
        let found = self.aws("dynamodb", "Query", request).await?;
        Ok(found["Items"].as_array().map(|items| items.iter().map(plain).collect()).unwrap_or_default())
    }

    /// Every item of a table, as plain JSON.
    pub async fn scan(&self, table: &str) -> Result<Vec<Map<String, Value>>> {
        Ok(self.images(table).await?.iter().map(plain).collect())
    }

    /// Every item of a table, page by page, in DynamoDB's own JSON.
    pub async fn images(&self, table: &str) -> Result<Vec<Value>> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let mut request = json!({"TableName": self.output(table)});
            if let Some(start) = start {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.aws("dynamodb", "Scan", request).await?;
            items.extend(page["Items"].as_array().into_iter().flatten().cloned());
            start = match page.get("LastEvaluatedKey") {
                Some(last) if last.is_object() => Some(last.clone()),
                _ => return Ok(items),
            };
        }
    }

    /// Puts an item directly into a table, in DynamoDB's own JSON.
    pub async fn put_item(&self, table: &str, item: Value) -> Result<()> {
        self.aws("dynamodb", "PutItem", json!({"TableName": self.output(table), "Item": item})).await.map(|_| ())
    }

    /// Puts an object into a bucket, by its output's name.
    pub async fn put_object(&self, bucket: &str, key: &str, body: String) -> Result<()> {
        let url = format!("{}/{}/{key}", self.endpoint, self.output(bucket));
        let answer = self.http.put(url).header("authorization", authorization("s3")).body(body).send().await?;
        ensure!(answer.status().is_success(), "S3 answered {}", answer.status());
        Ok(())
    }

    /// The JSON of a secret, by its output's name.
    pub async fn secret(&self, output: &str) -> Result<Value> {
        let found = self.aws("secretsmanager", "GetSecretValue", json!({"SecretId": self.output(output)})).await?;
        Ok(serde_json::from_str(found["SecretString"].as_str().context("a secret string")?)?)
    }

    /// The SMS to a phone, oldest first.
    pub async fn inbox(&self, phone: &str) -> Result<Vec<String>> {
        let url = format!("{}/_ministack/sns/sms-messages", self.endpoint);
        let answer: Value = self.http.get(url).query(&[("phoneNumber", phone)]).send().await?.json().await?;
        let messages = answer["sms_messages"][phone].as_array().cloned().unwrap_or_default();
        Ok(messages.iter().filter_map(|message| message["Message"].as_str().map(str::to_owned)).collect())
    }

    /// Every SMS that the network accepted.
    pub async fn all_sms(&self) -> Result<Vec<Received>> {
        let url = format!("{}/_ministack/sns/sms-messages", self.endpoint);
        let answer: Value = self.http.get(url).send().await?.json().await?;
        let by_phone = answer["sms_messages"].as_object().cloned().unwrap_or_default();
        Ok(by_phone
            .into_iter()
            .flat_map(|(phone, messages)| {
                let messages = messages.as_array().cloned().unwrap_or_default();
                messages.into_iter().map(move |message| Received {
                    id: message["MessageId"].as_str().unwrap_or_default().to_owned(),
                    phone: phone.clone(),
                    text: message["Message"].as_str().unwrap_or_default().to_owned(),
                })
            })
            .collect())
    }

    /// Every line of every log group.
    pub async fn every_log(&self) -> Result<Vec<String>> {
        let groups = self.aws("logs", "DescribeLogGroups", json!({})).await?;
        let mut lines = Vec::new();
        for group in groups["logGroups"].as_array().context("log groups")? {
            let (mut request, name) = (json!({"logGroupName": group["logGroupName"]}), &group["logGroupName"]);
            // SNS's own delivery log has the phone numbers (docs/security.md).
            if name.as_str().is_some_and(|name| name.starts_with("sns/")) {
                continue;
            }
            loop {
                let page = self.aws("logs", "FilterLogEvents", request.clone()).await?;
                let events = page["events"].as_array().into_iter().flatten();
                lines.extend(events.map(|event| format!("{name} {}", event["message"].as_str().unwrap_or_default())));
                match page.get("nextToken") {
                    Some(token) if token.is_string() => request["nextToken"] = token.clone(),
                    _ => break,
                }
            }
        }
        Ok(lines)
    }

    /// The log of the local AWS, without the lines of the SMS network, which print every message.
    pub fn server_log(&self) -> Result<Vec<String>> {
        let path = std::env::var("ONESTOP_LOG").context("ONESTOP_LOG names the local AWS's log")?;
        let log = std::fs::read_to_string(&path).with_context(|| path)?;
        Ok(log.lines().filter(|line| !line.contains("[sns] SNS SMS to")).map(str::to_owned).collect())
    }

    /// The bodies in the queue of failed runs; they are not removed.
    pub async fn failed_runs(&self) -> Result<Vec<String>> {
        let peek =
            json!({"QueueUrl": self.output("FailedRunsQueue"), "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let received = self.aws("sqs", "ReceiveMessage", peek).await?;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        Ok(messages.iter().filter_map(|message| message["Body"].as_str().map(str::to_owned)).collect())
    }

    /// A queue behind a rule on the province's bus: the events that another system of the province would receive.
    pub async fn subscribe(&self, pattern: Value) -> Result<Subscription> {
        let name = format!("test-{:016x}", fastrand::u64(..));
        let queue = self.aws("sqs", "CreateQueue", json!({"QueueName": name})).await?;
        let url = queue["QueueUrl"].as_str().context("a queue URL")?.to_owned();
        let attributes =
            self.aws("sqs", "GetQueueAttributes", json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]})).await?;
        let bus = self.output("EventBusName");
        self.aws("events", "PutRule", json!({"Name": name, "EventBusName": bus, "EventPattern": pattern.to_string()}))
            .await?;
        let targets = json!([{"Id": "queue", "Arn": attributes["Attributes"]["QueueArn"]}]);
        self.aws("events", "PutTargets", json!({"Rule": name, "EventBusName": bus, "Targets": targets})).await?;
        Ok(Subscription { stack: self.clone(), url })
    }
}

/// A subscriber of the bus.
pub struct Subscription {
    stack: Stack,
    url: String,
}

impl Subscription {
    /// The next events, if there are any: (detail-type, detail).
    pub async fn receive(&self) -> Result<Vec<(String, Value)>> {
        let request = json!({"QueueUrl": self.url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1});
        let received = self.stack.aws("sqs", "ReceiveMessage", request).await?;
        let mut events = Vec::new();
        for message in received["Messages"].as_array().cloned().unwrap_or_default() {
            let event: Value = serde_json::from_str(message["Body"].as_str().unwrap_or_default())?;
            events.push((event["detail-type"].as_str().unwrap_or_default().to_owned(), event["detail"].clone()));
            let handle = json!({"QueueUrl": self.url, "ReceiptHandle": message["ReceiptHandle"]});
            self.stack.aws("sqs", "DeleteMessage", handle).await?;
        }
        Ok(events)
    }
}

/// Repeats until there is an answer; panics with `what` after 90 seconds.
pub async fn eventually<T, F: Future<Output = Result<Option<T>>>>(what: &str, ask: impl Fn() -> F) -> T {
    let until = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        let answer = ask().await;
        match answer {
            Ok(Some(answer)) => return answer,
            other if tokio::time::Instant::now() > until => {
                panic!(
                    "{what}: not within 90 seconds; the last answer was {}",
                    match other {
                        Err(error) => format!("{error:#}"),
                        Ok(_) => "nothing".into(),
                    }
                )
            }
            _ => tokio::time::sleep(Duration::from_millis(150)).await,
        }
    }
}

async fn outputs(http: &Client, endpoint: &str, name: &str) -> Result<BTreeMap<String, String>> {
    let query = [("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", name)];
    let request = http.get(endpoint).query(&query).header("authorization", authorization("cloudformation"));
    let xml = request.send().await?.text().await?;
    let outputs: BTreeMap<_, _> = xml
        .split("<member>")
        .filter_map(|member| Some((between(member, "OutputKey")?, between(member, "OutputValue")?)))
        .collect();
    ensure!(!outputs.is_empty(), "CloudFormation knows no outputs of it");
    Ok(outputs)
}

/// The text of the first element with that name.
pub(crate) fn between(xml: &str, tag: &str) -> Option<String> {
    between_texts(xml, &format!("<{tag}>"), &format!("</{tag}>"))
}

/// What is first between the two.
pub(crate) fn between_texts(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.to_owned())
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/ap-southeast-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// DynamoDB's JSON as plain JSON.
pub(crate) fn plain(item: &Value) -> Map<String, Value> {
    fn value(typed: &Value) -> Value {
        match typed.as_object().and_then(|typed| typed.iter().next()) {
            Some((kind, text)) if kind == "N" => {
                text.as_str().and_then(|number| serde_json::from_str(number).ok()).unwrap_or(Value::Null)
            }
            Some((kind, _)) if kind == "NULL" => Value::Null,
            Some((_, other)) => other.clone(),
            None => Value::Null,
        }
    }
    item.as_object()
        .map(|item| item.iter().map(|(name, typed)| (name.clone(), value(typed))).collect())
        .unwrap_or_default()
}
