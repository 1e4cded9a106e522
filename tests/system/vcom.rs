//! Texts that V-COM delivers, and the replies it accepts.

use serde_json::{Map, Value, json};
use system_tests::one_stop_software::{code, dossier};
use system_tests::vcom::{Behaviour, Vcom};
use system_tests::{Citizen, OneStopSoftware, Stack, eventually};

use crate::stack;

fn request_id() -> String {
    fastrand::u64(1_000_000_000..).to_string()
}

/// Waits until a reply is in that state, and returns its row.
async fn reply_row(stack: &Stack, id: &str, state: &str) -> Map<String, Value> {
    eventually(&format!("the reply to {id} is {state}"), || async {
        let row = stack.item("NoticesTable", &[("receipt_code", &format!("vcom#{id}")), ("notice", "reply")]).await?;
        Ok(row.filter(|row| row["state"] == state))
    })
    .await
}

/// One test, since V-COM listens on one port: the parts come one after the other.
#[tokio::test]
async fn vcom_gets_a_code_at_once_and_one_reply_whatever_becomes_of_its_call() {
    let stack = stack().await;
    let (software, vcom) = (OneStopSoftware::of(&stack).await.unwrap(), Vcom::open(&stack).await.unwrap());
    let phone = Citizen::of(&stack).await.unwrap().msisdn;
    let snapshot = dossier(json!({}));
    software.store(&snapshot).await.unwrap();
    let text = format!("MCKH {}", code(&snapshot));
    let bring =
        async |id: &str, text: &str| vcom.bring("vcom", &vcom.message(id, &phone, text, json!({}))).await.unwrap();
    let success = json!({"data": {"code": 200, "status": "success", "message": ""}});
    let duplicate = json!({"errors": {"code": 104, "status": "error", "message": "Request ID existed"}});

    // Accepted and replied to before the answer; the second delivery is a duplicate.
    let id = request_id();
    assert_eq!(bring(&id, &text).await, (200, success.clone()));
    let sent = vcom.sent(&id);
    let expected = format!(
        "Hồ sơ của quý Ông/Bà ({}) hiện đang ở bước Thẩm định hồ sơ, trạng thái hồ sơ: Đúng hạn.",
        code(&snapshot)
    );
    assert_eq!((sent.len(), &sent[0]["message"], &sent[0]["is_charged"]), (1, &json!(expected), &json!(1)));
    assert_eq!((&sent[0]["service_id"], &sent[0]["command_code"]), (&json!("8083"), &json!("mckh")));
    for kind in ["new", "recovery"] {
        let again = vcom.message(&id, &phone, &text, json!({"type": kind}));
        assert_eq!(vcom.bring("vcom", &again).await.unwrap(), (200, duplicate.clone()));
    }
    assert_eq!(vcom.calls(&id), 1);
    let row = reply_row(&stack, &id, "sent").await;
    assert_eq!((&row["kind"], &row["parts"], &row["attempts"]), (&json!("reply"), &json!(2), &json!(1)));
    assert!(row.get("phone").is_none() && row.get("text").is_none(), "the inquiry's row has both: {row:?}");

    // Not charged if there is no answer.
    let hint = request_id();
    assert_eq!(bring(&hint, "xin chào").await, (200, success.clone()));
    assert_eq!(vcom.sent(&hint)[0]["is_charged"], json!(0));

    // Unavailable, then silent: the minute rule sends it again, and V-COM recognises it.
    let (down, silent) = (request_id(), request_id());
    vcom.behaves(&down, &[Behaviour::Status(503), Behaviour::Status(500)]);
    vcom.behaves(&silent, &[Behaviour::NoAnswer]);
    for id in [&down, &silent] {
        assert_eq!(bring(id, &text).await, (200, success.clone()), "the message is taken all the same");
    }
    stack.invoke("SenderFunction", &json!({})).await.unwrap();
    for (id, calls) in [(&down, 3), (&silent, 2)] {
        reply_row(&stack, id, "sent").await;
        assert_eq!((vcom.sent(id).len(), vcom.calls(id)), (1, calls), "one reply");
    }

    // A wrong checksum and another address are refused; so is another text with a used id.
    let wrong = vcom.message(&request_id(), &phone, &text, json!({"phone": "84999999999"}));
    let code_of = |(status, answer): (u16, Value)| (status, answer["errors"]["code"].clone());
    assert_eq!(code_of(vcom.bring("vcom", &wrong).await.unwrap()), (200, json!(106)));
    assert_eq!(code_of(vcom.bring("vcom-elsewhere", &wrong).await.unwrap()), (200, json!(108)));
    assert_eq!(code_of(bring(&id, "MCKH 1").await), (200, json!(106)));
}
