//! The desk on the deployed stack: its table, its sessions, and a stack without it. `tests/browser` logs in and looks at its
//! pages.

use adapters::sessions::DynamoSessions;
use application::ports::{LogIn, OpenSession, SessionStore};
use chrono::{SubsecRound, TimeDelta, Utc};
use domain::desk::{Lasting, Role, Staff};
use serde_json::{Value, json};
use system_tests::Stack;
use system_tests::staff::StaffMember;

use crate::stack;

fn some_digest() -> String {
    format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..))
}

async fn sessions(stack: &Stack) -> DynamoSessions {
    let config = adapters::aws::config(adapters::aws::Timeouts::Background).expect("settings");
    DynamoSessions::new(adapters::aws::dynamodb(&config), stack.output("DeskTable").to_owned())
}

#[tokio::test]
async fn a_log_in_is_taken_once_however_many_ask_for_it() {
    let stack = stack().await;
    let (sessions, state) = (sessions(&stack).await, some_digest());
    let text = str::to_owned;
    let until = Utc::now().trunc_subsecs(3) + TimeDelta::minutes(10);
    let log_in =
        LogIn { browser: text("b"), verifier: text("v"), nonce: text("n"), back: text("dossier?code=1"), until };
    assert_eq!(sessions.take(&state).await.unwrap(), None);
    sessions.begin(&state, &log_in).await.unwrap();
    let taken = futures::future::join_all((0..8).map(|_| sessions.take(&state))).await;
    let taken: Vec<_> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [log_in]);
}

#[tokio::test]
async fn a_session_is_found_until_it_is_ended_and_no_request_opens_it_again() {
    let stack = stack().await;
    let (sessions, id) = (sessions(&stack).await, some_digest());
    let now = Utc::now().trunc_subsecs(3);
    for office in [None, Some("Sở Du lịch".to_owned())] {
        let roles = vec![Role::Clerk, Role::Accountant];
        let staff = Staff { id: "person-1".into(), name: "Nguyễn Thị Lan".into(), roles, office };
        let session = OpenSession { staff, leads_to: "https://login.example".into(), lasting: Lasting::from(now) };
        assert!(!sessions.seen(&id, now).await.unwrap(), "there is none yet");
        sessions.open(&id, &session).await.unwrap();
        let later = now + TimeDelta::minutes(5);
        assert!(sessions.seen(&id, later).await.unwrap());
        let mut found = sessions.find(&id).await.unwrap().unwrap();
        assert_eq!(found.lasting.seen_at, later);
        found.lasting.seen_at = now;
        found.staff.roles.sort();
        assert_eq!(found, session);
        sessions.end(&id).await.unwrap();
        sessions.end(&id).await.unwrap();
        assert!(!sessions.seen(&id, later).await.unwrap());
        assert_eq!(sessions.find(&id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn each_of_the_staff_opens_only_the_pages_of_their_work() {
    let stack = stack().await;
    for (role, phone, dossier) in [("clerk", 403, 404), ("supervisor", 200, 404), ("accountant", 403, 403)] {
        let person = StaffMember::logged_in(&stack, role).await.unwrap();
        assert_eq!(person.get("").await.unwrap().0, 200, "{role}");
        assert_eq!(person.get("/phone").await.unwrap().0, phone, "{role}");
        assert_eq!(person.get("/dossier?code=NONE-1").await.unwrap().0, dossier, "{role}");
    }
}

/// `Desk=no`: no function, no table, no index, no user pool, no path.
#[tokio::test]
async fn a_stack_without_the_desk_has_nothing_of_it() {
    let (with, without) = (stack().await, Stack::of_kannel().await.unwrap());
    assert!(with.desk().is_some() && without.desk().is_none());
    for (table, indexes) in [
        ("DossiersTable", vec!["by_appointment"]),
        ("NoticesTable", vec!["by_message", "open"]),
        ("InquiriesTable", vec!["by_day"]),
    ] {
        let described = json!({"TableName": without.output(table)});
        let described = without.aws("dynamodb", "DescribeTable", described).await.unwrap();
        let found = described["Table"]["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<_> = found.iter().filter_map(|index| index["IndexName"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, indexes, "{table}");
    }
    let tables = without.aws("dynamodb", "ListTables", json!({})).await.unwrap();
    let names = |tables: &Value| {
        tables["TableNames"].as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(!names(&tables).iter().any(|name| name.starts_with("onestop-kannel") && name.contains("Desk")));
    for path in ["/desk", "/desk/dossier", "/desk/login"] {
        let answer = without.http().get(without.api() + path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.text().await.unwrap().contains("there is nothing here"));
    }
}
