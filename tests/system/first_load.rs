//! `make import`: a province's list of dossiers, as a spreadsheet in Vietnam writes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use system_tests::one_stop_software::{dossier, next};
use system_tests::proxy::{Fault, Proxy};
use system_tests::{OneStopSoftware, Stack};

use crate::{inbox, stack};

const HEADER: &str = "Mã số biên nhận;TÊN THỦ TỤC;SĐT;Ngày nhận;Ngày hẹn trả;Bước;Trạng thái;Bộ phận;Ghi chú";

#[tokio::test]
async fn three_thousand_rows_are_loaded_silently_and_those_refused_can_be_corrected_and_loaded_again() {
    let stack = stack().await;
    let list = List::new("ho-so.csv");
    let rows: Vec<String> = (0..3_000).map(|at| list.row(at)).collect();
    list.write(&rows);
    let proxy = Proxy::start(&stack, &[Fault::Status(503), Fault::Disconnect]).await.unwrap();
    let first = list.import(&proxy.url, &stack).await;
    assert_eq!(first.code, 1, "{first:?}");
    assert!(
        first.out.contains("Đã lưu 2970 hồ sơ, bỏ qua 0 (hệ thống đã có bản mới hơn), không nhận 30 dòng"),
        "{first:?}"
    );
    assert!(first.out.contains("  2970/2970 hồ sơ\n"), "{first:?}");
    let ids = proxy.header("webhook-id");
    let calls: BTreeSet<_> = ids.iter().collect();
    assert!(calls.len() == 30 && ids.len() >= 32, "two calls were tried again under their ids: {}", ids.len());
    let refused = list.refused();
    assert_eq!(refused.lines().count(), 31, "a header and thirty rows");
    assert!(
        refused.starts_with(&format!("\u{feff}Dòng;Cột sai;Lý do;{HEADER}\r\n2;Ngày hẹn trả;sớm hơn ngày nhận hồ sơ;")),
        "{refused}"
    );
    let stored = list.stored(&stack, 4).await.unwrap();
    assert_eq!((stored["step"].as_str(), stored["revision"].as_u64()), (Some("Trả kết quả"), Some(0)));
    assert_eq!((stored["received_on"].as_str(), stored["silent"].as_bool()), (Some("2026-11-20"), Some(true)));

    // The software's change replaces the list's row, and its citizen gets the SMS.
    let change =
        json!({"receipt_code": list.code(5), "revision": 0, "phone": list.phone(5), "received_on": "2026-11-20"});
    OneStopSoftware::of(&stack)
        .await
        .unwrap()
        .store(&next(&dossier(change), json!({"step": "Trả kết quả"})))
        .await
        .unwrap();
    let again = list.import(&stack.api(), &stack).await;
    assert!(
        again.out.contains("Đã lưu 2969 hồ sơ, bỏ qua 1 (hệ thống đã có bản mới hơn), không nhận 30 dòng"),
        "{again:?}"
    );
    assert_eq!(list.files(), ["ho-so.csv", "ho-so.refused.csv"], "the same report is not written twice");
    let received = inbox(&stack, &format!("+84{}", &list.phone(5)[1..]), 1).await;
    assert!(received[0].contains("đã được giải quyết xong"), "{received:?}");
    assert_eq!(
        stack.inbox(&format!("+84{}", &list.phone(4)[1..])).await.unwrap(),
        Vec::<String>::new(),
        "a first load sends no SMS"
    );

    // A stored row is corrected in the list, refused rows in their own file.
    let mut corrected = rows;
    corrected[4] = corrected[4].replace("Trả kết quả", "Trình ký");
    list.write(&corrected[..100]);
    assert!(list.import(&stack.api(), &stack).await.out.contains("Đã lưu 98 hồ sơ, bỏ qua 1"));
    assert_eq!(list.stored(&stack, 4).await.unwrap()["step"], "Trình ký");
    let corrections = List { name: "ho-so.refused.csv".into(), ..list };
    std::fs::write(corrections.path(), refused.replace("15/11/2026", "15/12/2091")).unwrap();
    let last = corrections.import(&stack.api(), &stack).await;
    assert!(last.code == 0 && last.out.contains("Đã lưu 30 hồ sơ, bỏ qua 0"), "{last:?}");
    assert_eq!(corrections.stored(&stack, 0).await.unwrap()["appointment_on"], "2091-12-15");
}

#[tokio::test]
async fn a_check_sends_nothing_and_reports_the_same() {
    let list = List::new("ho-so.csv");
    let rows: Vec<String> = (0..200).map(|at| list.row(at)).collect();
    list.write(&rows);
    let checked = list.run(&["--check"], "", "").await;
    assert!(
        checked.code == 1 && checked.out.contains("Chỉ kiểm tra, chưa gửi gì: 198 hồ sơ nhận được, 2 dòng không nhận"),
        "{checked:?}"
    );
    assert!(checked.out.contains("  dòng 102, Ngày hẹn trả: sớm hơn ngày nhận hồ sơ\n"), "{checked:?}");
    assert_eq!(list.refused().lines().count(), 3);
}

#[tokio::test]
async fn a_load_that_cannot_begin_says_what_to_do_and_changes_nothing() {
    let stack = stack().await;
    let list = List::new("ho-so.csv");
    list.write(&[list.row(1)]);
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let refused = list.run(&[], &stack.api(), key).await;
    assert!(
        refused.code == 2 && refused.err.contains("✗ đã dừng, 1 hồ sơ chưa gửi: 401: chữ ký không đúng"),
        "{refused:?}"
    );
    assert_eq!(list.stored(&stack, 1).await, None);
    assert_eq!(list.run(&[], "", "").await.err, "✗ thiếu ONESTOP_URL hoặc ONESTOP_SECRET\n");
    std::fs::write(list.path(), b"M\xe3 s\xf4;SDT\r\n").unwrap();
    assert!(list.import(&stack.api(), &stack).await.err.contains("CSV UTF-8 (Comma delimited)"));
    std::fs::write(list.path(), "Mã số biên nhận;SĐT\r\n").unwrap();
    assert!(list.import(&stack.api(), &stack).await.err.starts_with("✗ thiếu cột “Tên thủ tục” (procedure), "));
    assert_eq!(list.files(), ["ho-so.csv"]);
}

/// A list in a folder of its own, with receipt codes and phones of its own.
struct List {
    folder: Folder,
    name: String,
    number: u32,
}

/// Deleted after the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl List {
    fn new(name: &str) -> Self {
        let number = fastrand::u32(..1_000_000);
        let folder = Folder(std::env::temp_dir().join(format!("first-load-{number:06}")));
        std::fs::create_dir(&folder.0).unwrap();
        Self { folder, name: name.into(), number }
    }

    fn code(&self, at: usize) -> String {
        format!("H32.{:06}/{at:04}", self.number)
    }

    fn phone(&self, at: usize) -> String {
        format!("098{:03}{at:04}", self.number % 1_000)
    }

    /// Every hundredth appointment is before its day of receipt; the others are far in the future, after the evenings
    /// of all tests.
    fn row(&self, at: usize) -> String {
        let appointment = if at.is_multiple_of(100) { "15/11/2026" } else { "25/12/2091 17:00" };
        let step = if at % 10 == 4 { "Trả kết quả" } else { "Thẩm định hồ sơ" };
        let (code, phone) = (self.code(at), self.phone(at));
        format!(
            "{code};\"Cấp thẻ; đổi \"\"thẻ\"\"\";{phone};20/11/2026;{appointment};{step};;Phòng Quản lý lữ hành;ghi chú"
        )
    }

    fn write(&self, rows: &[String]) {
        std::fs::write(self.path(), format!("\u{feff}{HEADER}\r\n{}\r\n", rows.join("\r\n"))).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.0.join(&self.name)
    }

    fn refused(&self) -> String {
        std::fs::read_to_string(self.folder.0.join("ho-so.refused.csv")).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.folder.0).unwrap();
        let mut files: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        files
    }

    async fn stored(&self, stack: &Stack, at: usize) -> Option<serde_json::Map<String, Value>> {
        stack.item("DossiersTable", &[("receipt_code", &self.code(at))]).await.unwrap()
    }

    async fn import(&self, url: &str, stack: &Stack) -> Ran {
        self.run(&[], url, OneStopSoftware::of(stack).await.unwrap().key()).await
    }

    async fn run(&self, options: &[&str], url: &str, key: &str) -> Ran {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/import");
        let mut command = tokio::process::Command::new(&program);
        command.arg(self.path()).args(options).env("ONESTOP_URL", url).env("ONESTOP_SECRET", key).env("no_proxy", "*");
        let ended = command.stdin(Stdio::null()).output().await;
        let Output { status, stdout, stderr } =
            ended.unwrap_or_else(|error| panic!("{}: {error}; make test builds it", program.display()));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }
}
