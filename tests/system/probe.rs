//! Calls of every action on the deployed resources, each with a short name. An allowed call changes nothing.

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::Stack;
use system_tests::role::{Call, Role};

const FUNCTIONS: [&str; 7] = [
    "IntakeFunction",
    "NotifyFunction",
    "ApologyFunction",
    "SenderFunction",
    "LookupFunction",
    "ReceiptsFunction",
    "DeskFunction",
];

pub struct PermissionProbe {
    stack: Stack,
    /// Each function's, in the order of the table of rights.
    pub roles: Vec<(&'static str, Role)>,
    control: String,
    /// The dossiers' stream.
    pub stream: String,
    failed_runs: String,
    failed_receipts: String,
}

impl PermissionProbe {
    pub async fn of(stack: &Stack) -> Self {
        let mut roles = Vec::new();
        for function in FUNCTIONS {
            roles.push((function, Role::of(stack, function).await.unwrap()));
        }
        let settings = stack.configuration("NotifyFunction").await.unwrap();
        let table = json!({"TableName": stack.output("DossiersTable")});
        let table = stack.aws("dynamodb", "DescribeTable", table).await.unwrap();
        let queues = stack.aws("sqs", "ListQueues", json!({})).await.unwrap();
        let queue = |name: &str| {
            let mut urls = queues["QueueUrls"].as_array().unwrap().iter().filter_map(Value::as_str);
            urls.find(|url| url.contains(name)).unwrap().to_owned()
        };
        Self {
            stack: stack.clone(),
            roles,
            control: settings["Environment"]["Variables"]["CONTROL_TABLE"].as_str().unwrap().to_owned(),
            stream: table["Table"]["LatestStreamArn"].as_str().unwrap().to_owned(),
            failed_runs: queue("FailedRuns"),
            failed_receipts: queue("FailedReceipts"),
        }
    }

    /// `dynamodb:GetItem` on `dossiers`: a call that changes nothing if it is allowed.
    pub fn call(&self, action: &str, on: &str) -> Call {
        let (service, name) = action.split_once(':').unwrap();
        match service {
            "dynamodb" => json_call("dynamodb", format!("DynamoDB_20120810.{name}"), self.on_table(name, on)),
            "secretsmanager" => {
                let secret = json!({"SecretId": format!("onestop/{on}"), "SecretString": "{}"});
                json_call("secretsmanager", format!("secretsmanager.{name}"), secret)
            }
            "events" => {
                let bus = if on == "another bus" { "default" } else { self.stack.output("EventBusName") };
                let entry = json!({"EventBusName": bus, "Source": "test", "DetailType": "Test", "Detail": "{}"});
                json_call("events", format!("AWSEvents.{name}"), json!({"Entries": [entry]}))
            }
            "sqs" => {
                let queue = if on == "failed receipts" { &self.failed_receipts } else { &self.failed_runs };
                let message = json!({"QueueUrl": queue, "MessageBody": "who may write here?"});
                json_call("sqs", format!("AmazonSQS.{name}"), message)
            }
            "logs" => {
                let group = if on == "another log" { "/another/log" } else { "/onestop/onestop/notify" };
                let stream = json!({"logGroupName": group, "logStreamName": "test"});
                json_call("logs", format!("Logs_20140328.{name}"), stream)
            }
            "sns" => {
                let topic = "TopicArn=arn:aws:sns:ap-southeast-1:000000000000:alarms";
                let to = if on == "a topic" { topic } else { "PhoneNumber=%2B84900000000" };
                let body = format!("Action=Publish&Version=2010-03-31&{to}&Message=test");
                let form = ("content-type", "application/x-www-form-urlencoded".to_owned());
                Call { service: "sns", method: Method::POST, path: "/".into(), headers: vec![form], body }
            }
            "s3" => self.on_bucket(name),
            "lambda" => {
                let path = format!("/2015-03-31/functions/{}/invocations", self.stack.output("SenderFunction"));
                Call { service: "lambda", method: Method::POST, path, headers: vec![], body: "{}".into() }
            }
            other => panic!("no call is known for {other}"),
        }
    }

    /// A request for an item that does not exist; a write has a condition that no item meets.
    fn on_table(&self, action: &str, on: &str) -> Value {
        let (table, index) = on.split_once("/index/").unwrap_or((on, ""));
        let missing = json!({"S": "missing"});
        let (name, key) = match table {
            "dossiers" => (self.stack.output("DossiersTable"), json!({"receipt_code": missing})),
            "notices" => (self.stack.output("NoticesTable"), json!({"receipt_code": missing, "notice": missing})),
            "inquiries" => (self.stack.output("InquiriesTable"), json!({"inquiry": missing})),
            "desk" => (self.stack.output("DeskTable"), json!({"pk": missing, "sk": missing})),
            _ => (self.control.as_str(), json!({"name": missing})),
        };
        let hash = match (table, index) {
            (_, "by_appointment") => "appointment_on",
            (_, "open") => "open_priority",
            (_, "by_message") => "message_id",
            (_, "by_day") => "day",
            (_, "by_phone") => "mobile",
            (_, "to_phone") => "to_phone",
            ("desk", _) => "pk",
            (_, "by_code") => "receipt_code",
            ("inquiries", _) => "inquiry",
            ("control", _) => "name",
            _ => "receipt_code",
        };
        let mut request = match action {
            "BatchGetItem" => json!({"RequestItems": {name: {"Keys": [key]}}}),
            "BatchWriteItem" => json!({"RequestItems": {name: [{"DeleteRequest": {"Key": key}}]}}),
            "Query" => json!({"TableName": name, "KeyConditionExpression": "#hash = :missing",
                "ExpressionAttributeNames": {"#hash": hash}, "ExpressionAttributeValues": {":missing": missing}}),
            "Scan" => json!({"TableName": name}),
            "GetItem" => json!({"TableName": name, "Key": key}),
            "PutItem" => json!({"TableName": name, "Item": key, "ConditionExpression": "attribute_exists(never)"}),
            _ => json!({"TableName": name, "Key": key, "ConditionExpression": "attribute_exists(never)"}),
        };
        if !index.is_empty() {
            request["IndexName"] = json!(index);
        }
        request
    }

    fn on_bucket(&self, action: &str) -> Call {
        let bucket = self.stack.output("FailedRecordsBucket");
        let object = format!("/{bucket}/missing");
        let (method, path) = match action {
            "ListBucket" => (Method::GET, format!("/{bucket}?list-type=2")),
            "GetObject" => (Method::GET, object),
            "DeleteObject" => (Method::DELETE, object),
            _ => (Method::PUT, object),
        };
        // Only the key of an object that does not exist.
        let headers = if method == Method::PUT { vec![("if-match", "\"never\"".to_owned())] } else { vec![] };
        Call { service: "s3", method, path, headers, body: String::new() }
    }
}

pub fn json_call(service: &'static str, target: String, body: Value) -> Call {
    let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned()), ("x-amz-target", target)];
    Call { service, method: Method::POST, path: "/".into(), headers, body: body.to_string() }
}
