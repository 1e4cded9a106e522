//! What template.yaml declares and the stack has: rules, limits, settings.

use adapters::metrics::EVERY_MINUTE;
use chrono::{Days, Utc};
use domain::notice::lifecycle::LEASE;
use serde_json::{Value, json};
use system_tests::one_stop_software::{code, dossier, phone};
use system_tests::{OneStopSoftware, eventually, today};

use crate::{inbox, row, stack};

#[tokio::test]
async fn the_rules_fire_at_half_past_five_in_vietnam_and_every_minute() {
    let stack = stack().await;
    let rules = stack.aws("events", "ListRules", json!({})).await.unwrap();
    let mut schedules = Vec::new();
    for rule in rules["Rules"].as_array().unwrap() {
        let targets = stack.aws("events", "ListTargetsByRule", json!({"Rule": rule["Name"]})).await.unwrap();
        let target = targets["Targets"][0]["Arn"].as_str().unwrap_or_default().to_owned();
        for function in ["ApologyFunction", "SenderFunction"] {
            if target.ends_with(stack.output(function)) && rule["State"] == "ENABLED" {
                schedules.push(format!("{} {function}", rule["ScheduleExpression"].as_str().unwrap_or_default()));
            }
        }
    }
    for expected in
        ["cron(30 10 * * ? *) ApologyFunction", "cron(35 10 * * ? *) ApologyFunction", "rate(1 minute) SenderFunction"]
    {
        assert!(schedules.iter().any(|schedule| schedule == expected), "{expected}: {schedules:?}");
    }
}

#[tokio::test]
async fn the_event_of_a_plan_starts_the_sender() {
    let stack = stack().await;
    let rules = stack.aws("events", "ListRules", json!({"EventBusName": stack.output("EventBusName")})).await.unwrap();
    let pattern = json!({"source": ["onestop"], "detail-type": ["Apologies Planned"]});
    let is_ours = |rule: &&Value| {
        serde_json::from_str(rule["EventPattern"].as_str().unwrap_or_default()).ok() == Some(pattern.clone())
    };
    let rule = rules["Rules"].as_array().unwrap().iter().find(is_ours).unwrap_or_else(|| panic!("{rules}"));
    let of_the_bus = json!({"Rule": rule["Name"], "EventBusName": stack.output("EventBusName")});
    let targets = stack.aws("events", "ListTargetsByRule", of_the_bus).await.unwrap();
    assert!(targets["Targets"][0]["Arn"].as_str().unwrap().ends_with(stack.output("SenderFunction")), "{targets}");
    assert_eq!((&rule["State"], domain::event::SOURCE), (&json!("ENABLED"), "onestop"));
}

#[tokio::test]
async fn a_rule_that_the_stack_fires_itself_starts_the_apology() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    // The rule is triggered now, so its "tomorrow" is the real one.
    let open = dossier(json!({"appointment_on": today() + Days::new(1)}));
    software.store(&open).await.unwrap();
    let name = format!("evening-{:08x}", fastrand::u32(..));
    let function = stack.configuration("ApologyFunction").await.unwrap()["FunctionArn"].clone();
    stack.aws("events", "PutRule", json!({"Name": name, "ScheduleExpression": "rate(1 minute)"})).await.unwrap();
    let target = json!({"Rule": name, "Targets": [{"Id": "apology", "Arn": function}]});
    stack.aws("events", "PutTargets", target).await.unwrap();
    let received = inbox(&stack, &phone(&open), 1).await;
    stack.aws("events", "RemoveTargets", json!({"Rule": name, "Ids": ["apology"]})).await.unwrap();
    stack.aws("events", "DeleteRule", json!({"Name": name})).await.unwrap();
    assert!(received[0].contains("chưa có kết quả vào ngày"), "{received:?}");
    row(&stack, code(&open), &format!("apology#{}", today() + Days::new(1)), "sent").await;
}

#[tokio::test]
async fn a_lease_outlasts_every_function_and_five_minutes_between_clocks() {
    let stack = stack().await;
    for function in ["NotifyFunction", "ApologyFunction", "SenderFunction"] {
        let time_out = stack.configuration(function).await.unwrap()["Timeout"].as_i64().unwrap();
        assert!(LEASE.num_seconds() >= time_out + 300, "{function}: {time_out} s");
    }
}

#[tokio::test]
async fn no_function_has_a_setting_it_does_not_need_nor_a_secret_in_its_environment() {
    let stack = stack().await;
    let intake = stack.secret("IntakeSecret").await.unwrap();
    let gateway = stack.secret("GatewaySecret").await.unwrap();
    let desk = stack.secret("DeskSecret").await.unwrap();
    let secrets = [&intake["current"], &gateway["kannel"]["password"], &desk["client_secret"]]
        .map(|secret| secret.as_str().unwrap().to_owned());
    for (function, foreign) in [
        ("IntakeFunction", "GATEWAY_SECRET"),
        ("LookupFunction", "INTAKE_SECRET"),
        ("NotifyFunction", "INTAKE_SECRET"),
        ("ApologyFunction", "INQUIRIES_TABLE"),
        ("ApologyFunction", "GATEWAY_SECRET"),
        ("SenderFunction", "INTAKE_SECRET"),
        ("LookupFunction", "CONTROL_TABLE"),
        ("DeskFunction", "INTAKE_SECRET"),
        ("DeskFunction", "GATEWAY_SECRET"),
        ("DeskFunction", "CONTROL_TABLE"),
    ] {
        let environment = stack.configuration(function).await.unwrap()["Environment"]["Variables"].clone();
        assert_eq!(environment.get(foreign), None, "{function}");
        let dump = environment.to_string();
        assert!(secrets.iter().all(|secret| !dump.contains(secret)), "{function}");
    }
}

#[tokio::test]
async fn a_notice_leaves_within_seconds_on_an_idle_stack() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    let pushed = Utc::now();
    software.store(&done).await.unwrap();
    let row: serde_json::Map<String, Value> = row(&stack, code(&done), "result#1", "sent").await;
    let sent_at: chrono::DateTime<chrono::FixedOffset> = row["sent_at"].as_str().unwrap().parse().unwrap();
    // Not a tight limit: a notice that missed its first attempt would wait for the second next run of the minute rule.
    assert!((sent_at.to_utc() - pushed).num_seconds() < 60, "pushed {pushed}, sent {sent_at}");
    assert_eq!(row["attempts"], 1);
}

#[tokio::test]
async fn every_run_of_the_sender_writes_the_zeros_that_alarms_need() {
    let stack = stack().await;
    let line = eventually("a line with the zeros", || async {
        let lines = stack.every_log().await?;
        Ok(lines.into_iter().find(|line| line.contains("\"ApologyRuns\":0.0")))
    })
    .await;
    for metric in EVERY_MINUTE {
        assert!(line.contains(&format!("\"{metric}\":0.0")), "{metric}: {line}");
    }
}

#[test]
fn a_missing_setting_stops_the_start_and_is_named() {
    let target = cargo_metadata::MetadataCommand::new().no_deps().exec().expect("cargo metadata").target_directory;
    for (function, settings, missing) in [
        ("intake", vec![("STAGE", "local")], "DOSSIERS_TABLE"),
        ("lookup", vec![("STAGE", "local"), ("DOSSIERS_TABLE", "d")], "INQUIRIES_TABLE"),
        ("notify", vec![("STAGE", "local")], "SENDING_WINDOW"),
        ("apology", vec![], "STAGE"),
        ("receipts", vec![("STAGE", "local")], "NOTICES_TABLE"),
        ("callback", vec![("STAGE", "local")], "CALLBACK_URL"),
        ("desk", vec![("STAGE", "local")], "NOTICES_TABLE"),
        (
            "sender",
            vec![("STAGE", "local"), ("SENDING_WINDOW", "07:00-21:00"), ("SMS_ACCENTS", "keep")],
            "SMS_PARTS_PER_SECOND",
        ),
    ] {
        let binary = target.join("debug").join(function);
        let lambda = ("AWS_REGION", "ap-southeast-1"); // Lambda's own; template.yaml cannot set it
        let started = std::process::Command::new(&binary).env_clear().env(lambda.0, lambda.1).envs(settings).output();
        let started = started.unwrap_or_else(|error| panic!("{binary}: {error}; make test builds it"));
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(
            !started.status.success() && said.contains(&format!("setting {missing} is missing")),
            "{function}: {said}"
        );
    }
}
