//! Texts to 8083 and their answers.

use chrono::Days;
use serde_json::json;
use system_tests::citizen::new_id;
use system_tests::one_stop_software::{code, dossier, next};
use system_tests::{Citizen, OneStopSoftware, eventually, today};

use crate::stack;

#[tokio::test]
async fn the_answer_names_the_step_and_whether_it_is_on_time() {
    let stack = stack().await;
    let (software, citizen) = (OneStopSoftware::of(&stack).await.unwrap(), Citizen::of(&stack).await.unwrap());
    for (changes, step, timeliness) in [
        (json!({}), "Thẩm định hồ sơ", "Đúng hạn"),
        (json!({"appointment_on": today()}), "Thẩm định hồ sơ", "Đúng hạn"),
        (json!({"appointment_on": today() - Days::new(1)}), "Thẩm định hồ sơ", "Trễ hạn"),
        (
            json!({"step": "Trả kết quả", "appointment_on": today() - Days::new(1), "result_on": today() - Days::new(1)}),
            "Trả kết quả",
            "Đúng hạn",
        ),
        (json!({"step": "Trả kết quả", "appointment_on": today() - Days::new(1)}), "Trả kết quả", "Trễ hạn"),
        (json!({"step": "Kết thúc", "appointment_on": today() - Days::new(1), "silent": true}), "Kết thúc", "Đúng hạn"),
    ] {
        let snapshot = dossier(changes);
        software.store(&snapshot).await.unwrap();
        let reply = citizen.texts(&format!("MCKH {}", code(&snapshot))).await.unwrap();
        let expected = format!(
            "Hồ sơ của quý Ông/Bà ({}) hiện đang ở bước {step}, trạng thái hồ sơ: {timeliness}.",
            code(&snapshot)
        );
        assert_eq!((reply.status, reply.text, reply.coding.as_deref()), (200, expected, Some("2")));
    }
}

#[tokio::test]
async fn what_people_type_is_understood() {
    let stack = stack().await;
    let (software, citizen) = (OneStopSoftware::of(&stack).await.unwrap(), Citizen::of(&stack).await.unwrap());
    let snapshot = dossier(json!({"receipt_code": format!("h30.{}-2026/TT", fastrand::u32(..))}));
    software.store(&snapshot).await.unwrap();
    let canonical = code(&snapshot).to_uppercase();
    for text in [
        "mckh {}",
        "MCKH{}",
        "Mckh_{}",
        "MCKH-{}",
        " mckh:  {} ",
        "“MCKH {}”.",
        "ＭＣＫＨ {}",
        "MCKH\u{a0}{}",
        "MCKH\n{}",
        "MCKH {} gửi 8083",
    ] {
        let reply = citizen.texts(&text.replace("{}", code(&snapshot))).await.unwrap();
        assert_eq!(reply.status, 200);
        assert!(
            reply.text.starts_with(&format!("Hồ sơ của quý Ông/Bà ({canonical}) hiện đang ở bước")),
            "{text}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn bad_syntax_an_unknown_code_or_nothing_at_all_gets_a_hint_never_an_error() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let syntax = "Tin nhắn chưa đúng cú pháp. Để tra cứu hồ sơ, mời ông/bà soạn: MCKH Mã số biên nhận gửi 8083. Ví dụ: MCKH 0161701234";
    for text in ["", "MCKH", "hồ sơ của tôi đâu", "0161701234", "MCKH ???", &"x".repeat(5_000)] {
        let reply = citizen.texts(text).await.unwrap();
        assert_eq!((reply.status, reply.text.as_str()), (200, syntax), "{text:.40}");
    }
    let unknown = citizen.texts("MCKH 9999999999").await.unwrap();
    assert_eq!(unknown.status, 200);
    assert!(unknown.text.contains("9999999999") && unknown.text.contains("Không tìm thấy"), "{}", unknown.text);

    let id = new_id();
    for query in [
        vec![("mo_message", "MCKH 1"), ("mo_message", "MCKH 2"), ("request_id", id.as_str())],
        vec![("request_id", &*id), ("request_id", "x"), ("mo_message", "")],
        vec![],
    ] {
        let reply = citizen.get(&query).await.unwrap();
        assert_eq!((reply.status, reply.text.as_str()), (200, syntax), "{query:?}");
    }
    let broken = format!(
        "{}%FF%FE%80",
        citizen.url(&[("request_id", &new_id()), ("msisdn", "84912345678"), ("mo_message", "")])
    );
    let reply = citizen.raw(&broken, Some(citizen.credentials())).await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (200, syntax), "invalid UTF-8");
}

#[tokio::test]
async fn the_same_message_delivered_again_has_one_row_and_the_first_answer() {
    let stack = stack().await;
    let (software, citizen) = (OneStopSoftware::of(&stack).await.unwrap(), Citizen::of(&stack).await.unwrap());
    let snapshot = dossier(json!({}));
    software.store(&snapshot).await.unwrap();
    let (id, text) = (new_id(), format!("MCKH {}", code(&snapshot)));
    let first = citizen.delivered(&text, &id).await.unwrap();
    software.store(&next(&snapshot, json!({"step": "Trình ký"}))).await.unwrap();
    assert_eq!(citizen.delivered(&text, &id).await.unwrap(), first, "not today's step: what was answered");
    let at_once = [(); 5].map(|()| citizen.delivered(&text, &id));
    for reply in futures_join(at_once).await {
        assert_eq!(reply, first);
    }
    let row = stack.item("InquiriesTable", &[("inquiry", &format!("kannel#{id}"))]).await.unwrap().expect("one row");
    assert_eq!((row["text"].as_str(), row["reply"].as_str()), (Some(text.as_str()), Some(first.text.as_str())));
    assert_eq!(row["receipt_code"], code(&snapshot));
    assert_eq!(row["outcome"], "answered");
    assert!(row["expires_at"].as_i64().unwrap() > chrono::Utc::now().timestamp() + 390 * 86_400);

    let other = citizen.delivered("MCKH 5555555", &id).await.unwrap();
    assert_eq!(other.status, 403, "the same id with another text is refused");
    assert!(citizen.texts(&text).await.unwrap().text.contains("Trình ký"), "a new message gets today's step");
}

#[tokio::test]
async fn without_an_id_the_same_text_within_a_minute_is_one_message() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let text = format!("MCKH {}", fastrand::u32(..));
    let query = [("msisdn", citizen.msisdn.as_str()), ("mo_message", text.as_str())];
    for _ in 0..2 {
        assert_eq!(citizen.get(&query).await.unwrap().status, 200);
    }
    let rows = eventually("the day's inquiries", || async {
        let rows = stack.query("InquiriesTable", "day", &today().to_string(), Some("by_day")).await?;
        let ours: Vec<_> = rows.into_iter().filter(|row| row["text"] == text.as_str()).collect();
        Ok((!ours.is_empty()).then_some(ours))
    })
    .await;
    assert!(rows.len() <= 2, "one, or two where the minute turned in between");
    assert!(!rows[0]["inquiry"].as_str().unwrap().contains(&citizen.msisdn), "no key holds a phone number");
}

#[tokio::test]
async fn other_callers_are_refused() {
    let stack = stack().await;
    let citizen = Citizen::of(&stack).await.unwrap();
    let url = citizen.url(&[("mo_message", "MCKH 1"), ("request_id", &new_id())]);
    let wrong = format!("{}x", citizen.credentials());
    for credentials in [None, Some(""), Some("kannel:"), Some(":"), Some(wrong.as_str())] {
        assert_eq!(citizen.raw(&url, credentials).await.unwrap().status, 401, "{credentials:?}");
    }
    let unknown_gateway = url.replace("/mo/kannel", "/mo/nobody");
    assert_eq!(citizen.raw(&unknown_gateway, Some(citizen.credentials())).await.unwrap().status, 404);
}

async fn futures_join<T, F: Future<Output = anyhow::Result<T>>>(all: impl IntoIterator<Item = F>) -> Vec<T> {
    let mut done = Vec::new();
    for one in futures::future::join_all(all).await {
        done.push(one.unwrap());
    }
    done
}
