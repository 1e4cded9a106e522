//! Each function has the rights for its own work and no others: tested on the deployed stack, with each function's
//! role.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use system_tests::role::Verdict;

use crate::probe::PermissionProbe;
use crate::stack;

/// The rights of **i**ntake, **n**otify, **a**pology, **s**ender, **l**ookup, **r**eceipts, **d**esk. No function has a right that is not listed.
const RIGHTS: &[(&str, &str, &str)] = &[
    ("dynamodb:PutItem", "dossiers", "i······"),
    ("dynamodb:GetItem", "dossiers", "in·sl·d"),
    ("dynamodb:Query", "dossiers/index/by_appointment", "··a···d"),
    ("dynamodb:PutItem", "notices", "·na·lrd"),
    ("dynamodb:UpdateItem", "notices", "·n·slrd"),
    ("dynamodb:Query", "notices", "in·s··d"),
    ("dynamodb:Query", "notices/index/open", "···s···"),
    ("dynamodb:Query", "notices/index/by_message", "·····r·"),
    ("dynamodb:BatchGetItem", "notices", "··a···d"),
    ("dynamodb:UpdateItem", "control", "·n·s·r·"),
    ("dynamodb:PutItem", "inquiries", "····l··"),
    ("dynamodb:UpdateItem", "inquiries", "····l··"),
    ("dynamodb:GetItem", "inquiries", "···s···"),
    ("secretsmanager:GetSecretValue", "intake", "i······"),
    ("secretsmanager:GetSecretValue", "gateways", "···sl··"),
    ("secretsmanager:GetSecretValue", "sms", "·····r·"),
    ("dynamodb:BatchGetItem", "dossiers", "······d"),
    ("dynamodb:Query", "dossiers/index/by_phone", "······d"),
    ("dynamodb:Query", "notices/index/by_day", "······d"),
    ("dynamodb:Query", "notices/index/to_phone", "······d"),
    ("dynamodb:Query", "inquiries/index/by_day", "······d"),
    ("dynamodb:Query", "inquiries/index/by_code", "······d"),
    ("dynamodb:GetItem", "desk", "······d"),
    ("dynamodb:BatchGetItem", "desk", "······d"),
    ("dynamodb:PutItem", "desk", "······d"),
    ("dynamodb:UpdateItem", "desk", "······d"),
    ("dynamodb:Query", "desk", "······d"),
    ("dynamodb:DeleteItem", "desk", "······d"),
    ("secretsmanager:GetSecretValue", "desk", "······d"),
    ("sns:Publish", "a phone", "·n·s···"),
    ("events:PutEvents", "the province's bus", "·naslr·"),
    ("s3:PutObject", "failed records", "·n·····"),
    ("s3:ListBucket", "failed records", "·n·····"),
    ("sqs:SendMessage", "failed runs", "··as···"),
    ("sqs:SendMessage", "failed receipts", "·····r·"),
    ("logs:CreateLogStream", "the stack's log", "inaslrd"),
];

/// Calls that are tried although no function has a right to them.
const WRONGS: &[(&str, &str)] = &[
    ("secretsmanager:GetSecretValue", "another's"),
    ("secretsmanager:PutSecretValue", "intake"),
    ("secretsmanager:PutSecretValue", "gateways"),
    ("secretsmanager:PutSecretValue", "sms"),
    ("secretsmanager:PutSecretValue", "desk"),
    ("sns:Publish", "a topic"),
    ("events:PutEvents", "another bus"),
    ("s3:GetObject", "failed records"),
    ("s3:DeleteObject", "failed records"),
    ("sqs:ReceiveMessage", "failed runs"),
    ("sqs:ReceiveMessage", "failed receipts"),
    ("logs:CreateLogStream", "another log"),
    ("logs:FilterLogEvents", "the stack's log"),
    ("lambda:Invoke", "sender"),
];

/// Every action is tried on every table and every index.
const TABLES: [&str; 5] = ["dossiers", "notices", "inquiries", "control", "desk"];
const INDEXES: [&str; 8] = [
    "dossiers/index/by_appointment",
    "dossiers/index/by_phone",
    "notices/index/open",
    "notices/index/by_message",
    "notices/index/by_day",
    "notices/index/to_phone",
    "inquiries/index/by_day",
    "inquiries/index/by_code",
];
const ON_TABLES: [&str; 8] = [
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
];
const ON_INDEXES: [&str; 2] = ["dynamodb:Query", "dynamodb:Scan"];

#[tokio::test]
async fn each_function_does_its_own_work_and_is_refused_anothers() {
    let probe = PermissionProbe::of(&stack().await).await;
    let mut wrong = Vec::new();
    for (action, on) in everything() {
        let may =
            RIGHTS.iter().find(|right| (right.0, right.1) == (action, on)).map_or("·······", |right| right.2);
        for ((function, role), letter) in probe.roles.iter().zip(may.chars()) {
            let verdict = role.tries(&probe.call(action, on)).await.unwrap();
            match &verdict {
                Verdict::Allowed(answer) => assert!(came_through(answer), "{function} {action} on {on}: {answer}"),
                Verdict::Refused => {}
            }
            if (verdict == Verdict::Refused) != (letter == '·') {
                wrong.push(format!("{function} {action} on {on}: {verdict:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "not as RIGHTS has it:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn no_policy_is_wider_than_the_table_of_rights() {
    let probe = PermissionProbe::of(&stack().await).await;
    let known: BTreeSet<&str> = RIGHTS.iter().map(|right| right.0).collect();
    for (function, role) in &probe.roles {
        let statements = role.statements().await.unwrap();
        for statement in &statements {
            let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
            assert!(actions.iter().all(|action| !action.contains('*')), "{function}: {statement}");
            if statement["Effect"] == "Deny" {
                continue;
            }
            let is_known = |action: &String| known.contains(action.as_str()) || is_called_by_sns(statement);
            assert!(actions.iter().all(is_known), "{function}: {statement}");
            for resource in resources {
                let is_named = match resource.rsplit_once(':') {
                    // A phone has no ARN. Topics are denied.
                    None if is_called_by_sns(statement) => true,
                    None => resource == "*" && actions == ["sns:Publish"] && denies_topics(&statements),
                    // The random suffix that Secrets Manager adds to every name.
                    Some((_, name)) if actions == ["secretsmanager:GetSecretValue"] => {
                        name.trim_end_matches("-??????").chars().all(is_of_a_name) && name.ends_with("-??????")
                    }
                    // The objects of the one bucket.
                    Some((_, name)) if actions == ["s3:PutObject"] => {
                        name.strip_suffix("/*").is_some_and(|bucket| bucket.chars().all(is_of_a_name))
                    }
                    Some((_, name)) => name.chars().all(is_of_a_name),
                };
                assert!(is_named, "{function}: {statement}");
            }
        }
    }
}

/// The local IAM cannot distinguish streams, so the rights to streams are read from the policy and not tried.
#[tokio::test]
async fn what_sam_attaches_reaches_no_other_log_and_no_other_stream() {
    let probe = PermissionProbe::of(&stack().await).await;
    for (function, role) in &probe.roles {
        let reads_stream = *function == "NotifyFunction";
        let mut expected = BTreeSet::from(["AWSLambdaBasicExecutionRole", "AWSXrayWriteOnlyAccess"]);
        expected.extend(reads_stream.then_some("AWSLambdaDynamoDBExecutionRole"));
        let attached = role.attached().await.unwrap();
        assert_eq!(attached.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{function}");

        let statements = role.statements().await.unwrap();
        let confined = |action: &str, to: &str| {
            let denies = |statement: &&Value| {
                statement["Effect"] == "Deny" && texts(&statement["Action"]).contains(&action.into())
            };
            statements.iter().filter(denies).any(|statement| texts(&statement["NotResource"]) == [to])
        };
        let logs = "arn:aws:logs:ap-southeast-1:000000000000:log-group:/onestop/onestop/*";
        for action in ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"] {
            assert!(confined(action, logs), "{function} {action}");
        }
        for action in ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"] {
            assert_eq!(confined(action, &probe.stream), reads_stream, "{function} {action}");
        }
    }
}

fn everything() -> BTreeSet<(&'static str, &'static str)> {
    let each = |places: &'static [&str], actions: &'static [&str]| {
        places.iter().flat_map(|place| actions.iter().map(|action| (*action, *place)))
    };
    let rights = RIGHTS.iter().map(|right| (right.0, right.1));
    each(&TABLES, &ON_TABLES).chain(each(&INDEXES, &ON_INDEXES)).chain(rights).chain(WRONGS.iter().copied()).collect()
}

/// The service processed the call: done, or refused because the call is deliberately wrong, so that nothing changes.
fn came_through(answer: &str) -> bool {
    answer.starts_with("200 ")
        || ["ConditionalCheckFailed", "NoSuchKey", "ResourceAlreadyExists"].iter().any(|code| answer.contains(code))
}

/// SNS sends SMS through End User Messaging, and may check the caller's right there.
fn is_called_by_sns(statement: &Value) -> bool {
    statement["Action"] == "sms-voice:SendTextMessage"
        && statement["Condition"] == json!({"ForAnyValue:StringEquals": {"aws:CalledVia": "sns.amazonaws.com"}})
}

fn denies_topics(statements: &[Value]) -> bool {
    statements.iter().any(|statement| {
        statement["Effect"] == "Deny"
            && statement["Action"] == "sns:Publish"
            && statement["Resource"] == "arn:aws:sns:*:*:*"
    })
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "/-_.".contains(letter)
}

fn texts(one_or_more: &Value) -> Vec<String> {
    let list = one_or_more.as_array().cloned().unwrap_or_else(|| vec![one_or_more.clone()]);
    list.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
