//! Debian's Kannel between a citizen's phone and the deployed stack; fakesmsc prints what the citizen reads.

use std::time::Duration;

use serde_json::json;
use system_tests::kannel::{Kannel, Sms, is_here};
use system_tests::one_stop_software::{code, dossier};
use system_tests::proxy::{Fault, Proxy};
use system_tests::{Citizen, OneStopSoftware, Stack, today};

use crate::stack;

const SYNTAX: &str = "Tin nhắn chưa đúng cú pháp. Để tra cứu hồ sơ, mời ông/bà soạn: MCKH Mã số biên nhận gửi 8083. Ví dụ: MCKH 0161701234";

/// A citizen, a Kannel, and a proxy with these faults between Kannel and the stack.
struct Setup {
    stack: Stack,
    kannel: Kannel,
    proxy: Proxy,
    sender: String,
}

impl Setup {
    async fn of(gateway: &str, faults: &[Fault]) -> Self {
        let stack = stack().await;
        let citizen = Citizen::of(&stack).await.unwrap();
        let proxy = Proxy::start(&stack, faults).await.unwrap();
        let url = proxy.url.replacen("http://", &format!("http://{}@", citizen.credentials()), 1);
        Self { kannel: Kannel::start(&url, gateway).await.unwrap(), sender: citizen.msisdn, stack, proxy }
    }

    async fn text(&self, text: &str, parts: usize) -> Sms {
        self.kannel.text(&self.sender, text, parts).await.unwrap()
    }

    /// The dossier of that code, new in the stack.
    async fn dossier(&self) -> String {
        let snapshot = dossier(json!({}));
        OneStopSoftware::of(&self.stack).await.unwrap().store(&snapshot).await.unwrap();
        code(&snapshot).to_owned()
    }

    /// The rows of this citizen's texts.
    async fn rows(&self) -> usize {
        let rows = self.stack.query("InquiriesTable", "day", &today().to_string(), Some("by_day")).await.unwrap();
        rows.iter().filter(|row| row["sender"] == self.sender.as_str()).count()
    }
}

fn accented(text: impl Into<String>, parts: usize) -> Sms {
    Sms { sender: "8083".into(), text: text.into(), parts, ucs2: true }
}

#[tokio::test]
async fn a_citizen_reads_accented_answers_in_ucs2_and_hints_for_other_texts() {
    if !is_here() {
        return;
    }
    let setup = Setup::of("kannel", &[]).await;
    let code = setup.dossier().await;
    let answer = format!("Hồ sơ của quý Ông/Bà ({code}) hiện đang ở bước Thẩm định hồ sơ, trạng thái hồ sơ: Đúng hạn.");
    assert_eq!(setup.text(&format!("MCKH {code}"), 2).await, accented(answer.as_str(), 2));
    assert_eq!(setup.text(&format!("mckh{code}."), 2).await, accented(answer, 2), "as people type");
    assert_eq!(setup.text("alo ho so cua toi dau", 2).await, accented(SYNTAX, 2), "a junk keyword");
    let unknown = "Không tìm thấy hồ sơ có mã số biên nhận 9999999999. Mời ông/bà kiểm tra mã số trên Giấy biên nhận và nhắn lại.";
    assert_eq!(setup.text("MCKH 9999999999", 2).await, accented(unknown, 2));
    assert_eq!(
        (setup.rows().await, setup.proxy.requests()),
        (4, 4),
        "each text was brought once: an error text is a 200"
    );
}

#[tokio::test]
async fn where_phones_show_no_accents_the_answer_is_one_plain_part() {
    if !is_here() {
        return;
    }
    let setup = Setup::of("kannel-plain", &[]).await;
    let code = setup.dossier().await;
    let text = format!("Ho so cua quy Ong/Ba ({code}) hien dang o buoc Tham dinh ho so, trang thai ho so: Dung han.");
    let expected = Sms { sender: "8083".into(), text, parts: 1, ucs2: false };
    assert_eq!(setup.text(&format!("MCKH {code}"), 1).await, expected);
}

#[tokio::test]
async fn a_lookup_so_slow_that_kannel_asks_again_has_one_row_and_one_reply() {
    if !is_here() {
        return;
    }
    // kannel.conf: http-timeout = 8.
    let setup = Setup::of("kannel", &[Fault::Delay(Duration::from_secs(11))]).await;
    let code = setup.dossier().await;
    let sms = setup.text(&format!("MCKH {code}"), 2).await;
    assert!(sms.text.contains(&code) && sms.parts == 2, "{sms:?}");
    assert_eq!((setup.proxy.requests(), setup.rows().await), (2, 1));
}

#[tokio::test]
async fn a_function_that_fails_twice_answers_at_the_third_try() {
    if !is_here() {
        return;
    }
    let setup = Setup::of("kannel", &[Fault::Status(503), Fault::Status(503)]).await;
    let code = setup.dossier().await;
    let sms = setup.text(&format!("MCKH {code}"), 2).await;
    assert!(sms.text.contains(&code) && sms.parts == 2, "{sms:?}");
    assert_eq!((setup.proxy.requests(), setup.rows().await), (3, 1));
}
