//! "A retention for every table that holds personal data": each row has its own expiry.

use chrono::{Days, NaiveDate};
use domain::calendar::start_of;
use serde_json::{Map, Value, json};
use system_tests::citizen::new_id;
use system_tests::one_stop_software::{code, dossier, next};
use system_tests::staff::StaffMember;
use system_tests::{Citizen, OneStopSoftware, Stack, eventually, today};

use crate::{row, stack};

/// `expires_at` of a row that is kept for a function's setting of days after `day`.
async fn after(stack: &Stack, day: NaiveDate, function: &str, setting: &str) -> i64 {
    let settings = stack.configuration(function).await.unwrap();
    let days = settings["Environment"]["Variables"][setting].as_str().unwrap().parse().unwrap();
    start_of(day + Days::new(days)).timestamp()
}

fn expiry(row: &Map<String, Value>) -> i64 {
    row.get("expires_at").and_then(Value::as_i64).unwrap_or_else(|| panic!("{row:?} is kept for ever"))
}

/// Read from the template: the local DynamoDB deletes nothing, and does not report the TTL setting.
#[test]
fn every_table_but_the_counters_deletes_by_expires_at() {
    let template = include_str!("../../infra/tables.yaml");
    let tables = template.split("  Type: AWS::DynamoDB::Table").collect::<Vec<_>>();
    let names = tables.iter().filter_map(|before| before.trim_end().lines().last());
    for (name, properties) in names.zip(&tables[1..]) {
        let deletes = properties.contains("TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }");
        assert_eq!(deletes, name.trim() != "Control:", "{name}");
    }
    assert_eq!(tables.len(), 6, "five tables");
}

#[tokio::test]
async fn a_dossier_goes_some_time_after_it_is_done_or_given_up() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let appointment = |day: NaiveDate| json!({"appointment_on": day, "received_on": day - Days::new(9)});
    let done =
        json!({"step": "Kết thúc", "received_on": today() - Days::new(60), "result_on": today() - Days::new(40)});
    for (snapshot, last_day) in [
        (dossier(done), today() - Days::new(40)),
        (dossier(appointment(today() + Days::new(20))), today() + Days::new(20)),
        (dossier(appointment(today() - Days::new(800))), today()),
    ] {
        software.store(&snapshot).await.unwrap();
        let kept = stack.item("DossiersTable", &[("receipt_code", code(&snapshot))]).await.unwrap().unwrap();
        assert_eq!(
            expiry(&kept),
            after(&stack, last_day, "IntakeFunction", "DOSSIER_RETENTION_DAYS").await,
            "{snapshot}"
        );
    }
}

#[tokio::test]
async fn a_re_opened_dossier_is_kept_anew() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let long_ago = today() - Days::new(700);
    let done = dossier(json!({"step": "Kết thúc", "received_on": long_ago, "result_on": long_ago}));
    software.store(&done).await.unwrap();
    let reopened = next(&done, json!({"step": "Thẩm định hồ sơ", "result_on": null}));
    software.store(&reopened).await.unwrap();
    let kept = stack.item("DossiersTable", &[("receipt_code", code(&done))]).await.unwrap().unwrap();
    let appointment = today() + Days::new(5);
    assert_eq!(expiry(&kept), after(&stack, appointment, "IntakeFunction", "DOSSIER_RETENTION_DAYS").await);
}

#[tokio::test]
async fn a_finished_notice_goes_after_its_months() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    let sent = row(&stack, code(&done), "result#1", "sent").await;
    assert_eq!(expiry(&sent), after(&stack, today(), "NotifyFunction", "NOTICE_RETENTION_DAYS").await);
}

#[tokio::test]
async fn an_inquiry_goes_after_its_months_and_a_phones_count_after_its_minute() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let id = new_id();
    citizen.delivered("MCKH 1", &id).await.unwrap();
    let kept = stack.item("InquiriesTable", &[("inquiry", &format!("kannel#{id}"))]).await.unwrap().unwrap();
    assert_eq!(expiry(&kept), after(&stack, today(), "LookupFunction", "INQUIRY_RETENTION_DAYS").await);

    let soon = chrono::Utc::now().timestamp() + 2 * 3_600;
    let rows = stack.scan("InquiriesTable").await.unwrap();
    let counts: Vec<_> = rows.iter().filter(|row| row["inquiry"].as_str().unwrap().starts_with("sender:")).collect();
    assert!(!counts.is_empty() && counts.iter().all(|count| expiry(count) < soon), "{counts:?}");
}

/// The rows of every test that ran before: only unfinished notices and two counters without personal data have no
/// expiry.
#[tokio::test]
async fn no_row_of_any_test_is_kept_for_ever() {
    let stack = stack().await;
    Citizen::of(&stack).await.unwrap().texts("MCKH 1").await.unwrap();
    for inquiry in stack.scan("InquiriesTable").await.unwrap() {
        expiry(&inquiry);
    }
    for notice in stack.scan("NoticesTable").await.unwrap() {
        if !["pending", "sending"].contains(&notice["state"].as_str().unwrap()) {
            expiry(&notice);
        }
    }
    StaffMember::logged_in(&stack, "clerk").await.unwrap().get("/dossier?code=NONE-1").await.unwrap();
    for row in stack.scan("DeskTable").await.unwrap() {
        expiry(&row);
    }
    let settings = stack.configuration("NotifyFunction").await.unwrap();
    let control = json!({"TableName": settings["Environment"]["Variables"]["CONTROL_TABLE"]});
    let known = ["name", "free_at", "accepted_at", "owner", "lease_until"];
    let rows = eventually("the rate limiter's row", || async {
        let found = stack.aws("dynamodb", "Scan", control.clone()).await?;
        Ok(found["Items"].as_array().filter(|rows| !rows.is_empty()).cloned())
    });
    for row in rows.await {
        assert!(row.as_object().unwrap().keys().all(|attribute| known.contains(&attribute.as_str())), "{row}");
    }
}
