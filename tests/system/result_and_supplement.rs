//! Which change requires which notice, from the push to the phone.

use chrono::Days;
use serde_json::json;
use system_tests::one_stop_software::{code, dossier, next, phone};
use system_tests::{OneStopSoftware, today};

use crate::{inbox, row, stack};

fn result_text(code: &str) -> String {
    format!(
        "TB: Hồ sơ của quý ông/bà (MS: {code}) đã được giải quyết xong. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận kết quả"
    )
}

fn supplement_text(code: &str) -> String {
    format!(
        "TB: Hồ sơ của quý ông/bà (MS: {code}) cần bổ sung theo quy định. Mời ông/bà đến Bộ phận Một cửa Sở Văn hóa và Thể thao để nhận thông báo"
    )
}

#[tokio::test]
async fn reaching_tra_ket_qua_causes_one_notice_and_another_after_the_dossier_was_reopened() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let opened = dossier(json!({}));
    let done = next(&opened, json!({"step": "TRẢ KẾT QUẢ ", "status": "Đã giải quyết", "unit": "Bộ phận Một cửa"}));
    let handed_over = next(&done, json!({"step": "Đã trả kết quả"}));
    let reopened = next(&handed_over, json!({"step": "Thẩm định lại"}));
    let done_again = next(&reopened, json!({"step": "Trả kết quả"}));
    for snapshot in [&opened, &done, &handed_over] {
        software.store(snapshot).await.unwrap();
    }
    let first = inbox(&stack, &phone(&opened), 1).await;
    assert_eq!(first, [result_text(code(&opened))]);

    software.store(&reopened).await.unwrap();
    software.store(&done_again).await.unwrap();
    assert_eq!(inbox(&stack, &phone(&opened), 2).await, vec![result_text(code(&opened)); 2]);
    row(&stack, code(&opened), "result#5", "sent").await;
    let outbox = stack.outbox(code(&opened)).await.unwrap();
    assert_eq!(outbox.keys().collect::<Vec<_>>(), ["result#2", "result#5"]);
}

#[tokio::test]
async fn papers_are_asked_for_when_status_and_unit_match_in_either_order() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    for (first, second) in [
        (json!({"status": "Chờ bổ sung"}), json!({"unit": "Bộ phận Một cửa"})),
        (json!({"unit": "Bộ phận Một cửa Sở Du lịch"}), json!({"status": "chờ  bổ sung"})),
    ] {
        let opened = dossier(json!({}));
        let half = next(&opened, first);
        let both = next(&half, second);
        let still = next(&both, json!({"step": "Tiếp nhận"}));
        let left = next(&still, json!({"status": "Đang xử lý"}));
        let again = next(&left, json!({"status": "Chờ bổ sung"}));
        for snapshot in [&opened, &half, &both, &still, &left, &again] {
            software.store(snapshot).await.unwrap();
        }
        assert_eq!(inbox(&stack, &phone(&opened), 2).await, vec![supplement_text(code(&opened)); 2]);
        let outbox = stack.outbox(code(&opened)).await.unwrap();
        assert_eq!(outbox.keys().collect::<Vec<_>>(), ["supplement#3", "supplement#6"]);
    }
}

#[tokio::test]
async fn no_notice_for_same_day_or_silent_dossiers_or_without_a_mobile_number() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    for without_notice in [
        json!({"appointment_on": today() - Days::new(3)}),
        json!({"same_day": true}),
        json!({"phone": null}),
        json!({"phone": "0258 3822 229"}),
        json!({"phone": "không có"}),
        json!({"silent": true}),
    ] {
        let mut done = dossier(without_notice.clone());
        done["step"] = json!("Trả kết quả");
        done["status"] = json!("Chờ bổ sung");
        done["unit"] = json!("Bộ phận Một cửa");
        software.store(&done).await.unwrap();
        // A later change of the same dossier (and so of the same shard) that does require a notice shows that the
        // earlier one was processed.
        let reopened = next(
            &done,
            json!({"step": "Thẩm định", "status": "Đang xử lý", "phone": "0912345678", "same_day": false, "silent": false}),
        );
        let with_notice = next(&reopened, json!({"step": "Trả kết quả", "status": ""}));
        software.store(&reopened).await.unwrap();
        software.store(&with_notice).await.unwrap();
        row(&stack, code(&done), "result#3", "sent").await;
        assert_eq!(stack.outbox(code(&done)).await.unwrap().len(), 1, "{without_notice}");
    }
}

#[tokio::test]
async fn an_older_revision_or_a_repetition_causes_no_notice() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let opened = dossier(json!({"revision": 7}));
    software.store(&opened).await.unwrap();
    let mut old = opened.clone();
    old["revision"] = json!(6);
    old["step"] = json!("Trả kết quả");
    assert_eq!(software.push(&old).await.unwrap().outcomes(), ["stale"]);
    assert_eq!(software.push(&opened).await.unwrap().outcomes(), ["stored"]);
    let done = next(&opened, json!({"step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    assert_eq!(software.push(&done).await.unwrap().outcomes(), ["stored"]);
    assert_eq!(software.push(&opened).await.unwrap().outcomes(), ["stale"]);
    inbox(&stack, &phone(&opened), 1).await;
    let papers = json!({"status": "Chờ bổ sung", "unit": "Bộ phận Một cửa"});
    let contradictory = next(&done, papers.clone());
    software.store(&contradictory).await.unwrap();
    let mut reopened = next(&contradictory, papers);
    reopened["step"] = json!("Tiếp nhận hồ sơ");
    software.store(&reopened).await.unwrap();
    inbox(&stack, &phone(&opened), 2).await;
    let outbox = stack.outbox(code(&opened)).await.unwrap();
    assert_eq!(outbox.keys().collect::<Vec<_>>(), ["result#8", "supplement#10"], "none while the result is there");
}

#[tokio::test]
async fn an_eleven_digit_number_of_2017_reaches_todays_phone() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let last_seven = format!("{:07}", fastrand::u32(..10_000_000));
    let done = dossier(json!({"phone": format!("0168{last_seven}"), "step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    assert_eq!(inbox(&stack, &format!("+8438{last_seven}"), 1).await, [result_text(code(&done))]);
}

#[tokio::test]
async fn a_dossiers_own_office_is_named_in_its_notice() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"office": "Sở Du lịch", "step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    let expected = result_text(code(&done)).replace("Sở Văn hóa và Thể thao", "Sở Du lịch");
    assert_eq!(inbox(&stack, &phone(&done), 1).await, [expected]);
}

#[tokio::test]
async fn a_dossier_written_directly_to_the_table_causes_a_notice_and_its_removal_causes_none() {
    let stack = stack().await;
    let snapshot = dossier(json!({}));
    let item = |revision: u32, step: &str| {
        let text = |field: &str| json!({"S": snapshot[field]});
        json!({"receipt_code": text("receipt_code"), "revision": {"N": revision.to_string()}, "procedure": text("procedure"),
            "phone": text("phone"), "received_on": text("received_on"), "appointment_on": text("appointment_on"),
            "step": {"S": step}, "status": text("status"), "unit": text("unit")})
    };
    stack.put_item("DossiersTable", item(1, "Thẩm định")).await.unwrap();
    stack.put_item("DossiersTable", item(2, "Trả kết quả")).await.unwrap();
    assert_eq!(inbox(&stack, &phone(&snapshot), 1).await, [result_text(code(&snapshot))]);
    let key = json!({"TableName": stack.output("DossiersTable"), "Key": {"receipt_code": {"S": code(&snapshot)}}});
    stack.aws("dynamodb", "DeleteItem", key).await.unwrap();
    stack.put_item("DossiersTable", item(3, "Thẩm định")).await.unwrap();
    stack.put_item("DossiersTable", item(4, "Trả kết quả")).await.unwrap();
    inbox(&stack, &phone(&snapshot), 2).await;
    let outbox = stack.outbox(code(&snapshot)).await.unwrap();
    assert_eq!(outbox.keys().collect::<Vec<_>>(), ["result#2", "result#4"]);
}

#[tokio::test]
async fn the_outbox_keeps_which_text_was_sent_to_whom_and_when() {
    let stack = stack().await;
    let software = OneStopSoftware::of(&stack).await.unwrap();
    let done = dossier(json!({"step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    let row = row(&stack, code(&done), "result#1", "sent").await;
    assert_eq!(row["kind"], "result");
    assert_eq!(row["phone"], phone(&done).as_str());
    assert_eq!(row["text"], result_text(code(&done)).as_str());
    assert_eq!((row["parts"].as_u64(), row["attempts"].as_u64()), (Some(3), Some(1)));
    assert!(!row["message_id"].as_str().unwrap().is_empty());
    assert!(row["sent_at"].as_str().unwrap().ends_with("+07:00"));
    assert!(row["expires_at"].as_i64().unwrap() > chrono::Utc::now().timestamp() + 180 * 86_400);
    assert!(!row.contains_key("open_priority") && !row.contains_key("due_at"), "a finished row is out of the index");
}
