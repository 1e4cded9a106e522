//! The ready clients of `clients/`: one program in five languages, with one test for all. `make clients` runs the test
//! with every runtime installed; `make test` runs it for the runtimes that are installed, and prints which are missing.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::slice::from_ref;
use std::sync::OnceLock;

use serde_json::{Value, json};
use system_tests::one_stop_software::{code, dossier, next};
use system_tests::proxy::{Fault, Proxy};
use system_tests::{OneStopSoftware, Stack};
use tokio::io::AsyncWriteExt;
use unicode_normalization::UnicodeNormalization;

use crate::{row, stack};

/// Seconds that a client waits for an answer.
const TIMEOUT: u32 = 60;

/// A client and the commands that run it.
struct Client {
    language: &'static str,
    /// Succeeds if its runtime is installed.
    probe: &'static [&'static str],
    /// Run once before.
    compile: Option<&'static [&'static str]>,
    compiles: OnceLock<bool>,
    run: &'static [&'static str],
}

static CURL: Client = Client {
    language: "curl and openssl",
    probe: &["bash", "-c", "type awk curl openssl base64 od paste"],
    compile: None,
    compiles: OnceLock::new(),
    run: &["bash", "clients/push.sh"],
};
static PYTHON: Client = Client {
    language: "Python",
    probe: &["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 9))"],
    compile: None,
    compiles: OnceLock::new(),
    run: &["python3", "clients/push.py"],
};
static PHP: Client = Client {
    language: "PHP",
    probe: &["php", "-r", "exit(extension_loaded('curl') ? 0 : 1);"],
    compile: None,
    compiles: OnceLock::new(),
    run: &["php", "clients/push.php"],
};
static JAVA: Client = Client {
    language: "Java",
    probe: &["javac", "--version"],
    compile: Some(&[
        "javac",
        "-encoding",
        "UTF-8",
        "-Xlint:all,-serial",
        "-Werror",
        "-d",
        "target/clients",
        "clients/Push.java",
    ]),
    compiles: OnceLock::new(),
    run: &["java", "-cp", "target/clients", "Push"],
};
static CSHARP: Client = Client {
    language: "C#",
    probe: &["bash", "-c", "type mcs mono"],
    compile: Some(&[
        "mcs",
        "-warnaserror",
        "-out:target/clients/Push.exe",
        "-r:System.Net.Http",
        "-r:System.Runtime.Serialization",
        "clients/Push.cs",
    ]),
    compiles: OnceLock::new(),
    run: &["mono", "target/clients/Push.exe"],
};
static ALL: [&Client; 5] = [&CURL, &PYTHON, &PHP, &JAVA, &CSHARP];

#[tokio::test]
async fn curl_and_openssl_push_as_the_contract_says() {
    pushes_as_the_contract_says(&CURL).await;
}

#[tokio::test]
async fn python_pushes_as_the_contract_says() {
    pushes_as_the_contract_says(&PYTHON).await;
}

#[tokio::test]
async fn php_pushes_as_the_contract_says() {
    pushes_as_the_contract_says(&PHP).await;
}

#[tokio::test]
async fn java_pushes_as_the_contract_says() {
    pushes_as_the_contract_says(&JAVA).await;
}

#[tokio::test]
async fn csharp_pushes_as_the_contract_says() {
    pushes_as_the_contract_says(&CSHARP).await;
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_tried_five_times_and_the_dossiers_are_to_be_kept() {
    let stack = stack().await;
    let dossiers = &[dossier(json!({}))];
    futures::future::join_all(ALL.iter().filter(|client| client.is_there()).map(async |client| {
        let (url, key) = ("http://127.0.0.1:1", key(&stack).await);
        let (pushed, asked) = futures::join!(client.run(url, &key, dossiers), client.asks(url, &key, "0161701234"));
        let tries = [1, 2, 4, 8].map(|pause| format!("… chưa gửi được (không có trả lời), thử lại sau {pause} giây\n"));
        let end = "✗ chưa gửi được (không có trả lời). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả\n";
        let told = (pushed.code, pushed.out.as_str(), pushed.err);
        assert_eq!(told, (3, "", tries.concat() + end), "{}", client.language);
        let end = "✗ chưa hỏi được (không có trả lời). Hỏi lại sau\n";
        assert_eq!((asked.code, asked.out.as_str(), asked.err), (3, "", tries.concat() + end), "{}", client.language);
    }))
    .await;
}

async fn pushes_as_the_contract_says(client: &Client) {
    if !client.is_there() {
        return;
    }
    let stack = stack().await;
    let run = async |url: &str, dossiers: &[Value]| client.run(url, &key(&stack).await, dossiers).await;
    futures::join!(
        every_dossier_gets_its_outcome(&stack, &run),
        a_wrong_secret_is_reported(&stack, client),
        a_call_is_tried_again_under_its_id(&stack, client, &[Fault::Status(503), Fault::Status(503)]),
        a_call_is_tried_again_under_its_id(&stack, client, &[Fault::NoAnswer]),
        a_call_is_tried_again_under_its_id(&stack, client, &[Fault::Disconnect, Fault::Status(429)]),
        a_hundred_go_in_a_call(&stack, &run),
        a_broken_line_stops_before_anything_is_sent(&stack, client),
        a_setting_that_is_missing_or_broken_is_named(&stack, client),
        what_was_sent_is_told(&stack, client),
    );
}

async fn every_dossier_gets_its_outcome(stack: &Stack, run: &impl AsyncFn(&str, &[Value]) -> Ran) {
    let awkward = r#"Cấp giấy phép "nội địa" \ {quốc tế}, 'tại điểm' & <đổi> / 100%"#;
    let good =
        dossier(json!({"procedure": awkward, "step": "Thẩm định hồ sơ".nfd().collect::<String>(), "phone": null}));
    let fixed_line = dossier(json!({"phone": "0258 3822 229", "revision": 20_261_124_103_000_u64, "status": ""}));
    let wrong = dossier(json!({"received_on": "24/11/2026"}));
    let garbled = dossier(json!({"step": "Thẩm\u{7}định"}));
    let ran = run(&stack.api(), &[good.clone(), fixed_line.clone(), wrong.clone(), garbled.clone()]).await;
    let printed = format!(
        "{}, bản 1: đã lưu\n\
         {}, bản 20261124103000: đã lưu; lưu ý: phone is a fixed line, which receives no SMS: stored, but no notice will be sent\n\
         {}, bản 1: KHÔNG NHẬN: received_on must be a date, yyyy-mm-dd. Sửa received_on rồi gửi lại\n\
         {}, bản 1: KHÔNG NHẬN: step holds control characters. Sửa step rồi gửi lại\n",
        code(&good),
        code(&fixed_line),
        code(&wrong),
        code(&garbled),
    );
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (1, printed, ""));
    let stored = stack.item("DossiersTable", &[("receipt_code", code(&good))]).await.unwrap().unwrap();
    assert_eq!((stored["procedure"].as_str(), stored["step"].as_str()), (Some(awkward), Some("Thẩm định hồ sơ")));
    assert_eq!(stored.get("phone").unwrap_or(&Value::Null), &Value::Null);

    let mut older = fixed_line.clone();
    older["revision"] = json!(20_261_124_102_959_u64);
    let mut other = good.clone();
    other["step"] = json!("Trình ký");
    let ran = run(&stack.api(), &[older.clone(), other.clone(), next(&good, json!({}))]).await;
    let printed = format!(
        "{}, bản 20261124102959: bỏ qua, hệ thống đã có bản mới hơn\n\
         {good}, bản 1: KHÔNG NHẬN: revision is stored already with other content: raise it with every change. Tăng revision rồi gửi lại\n\
         {good}, bản 2: đã lưu\n",
        code(&older),
        good = code(&good),
    );
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (1, printed, ""));
}

async fn a_wrong_secret_is_reported(stack: &Stack, client: &Client) {
    let dossier = dossier(json!({}));
    let ran = client.run(&stack.api(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", from_ref(&dossier)).await;
    let printed = "✗ 401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", printed));
    assert_eq!(stack.item("DossiersTable", &[("receipt_code", code(&dossier))]).await.unwrap(), None);
}

async fn a_call_is_tried_again_under_its_id(stack: &Stack, client: &Client, faults: &[Fault]) {
    let proxy = Proxy::start(stack, faults).await.unwrap();
    let dossier = dossier(json!({}));
    // No time-out if the test is about something else, however busy the machine is.
    let time_out = if faults.contains(&Fault::NoAnswer) { 10 } else { TIMEOUT };
    let ran = client.fed(&proxy.url, &key(stack).await, line(&dossier) + "\n", time_out).await;
    let mut said = String::new();
    for (fault, pause) in faults.iter().zip([1, 2, 4]) {
        let why = match fault {
            Fault::Status(status) => status.to_string(),
            Fault::NoAnswer | Fault::Disconnect | Fault::Delay(_) => "không có trả lời".into(),
        };
        said += &format!("… chưa gửi được ({why}), thử lại sau {pause} giây\n");
    }
    assert_eq!((ran.code, ran.out, ran.err), (0, format!("{}, bản 1: đã lưu\n", code(&dossier)), said));
    let ids = proxy.header("webhook-id");
    assert!(ids.len() == faults.len() + 1 && ids[0].len() > 20 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

async fn a_hundred_go_in_a_call(stack: &Stack, run: &impl AsyncFn(&str, &[Value]) -> Ran) {
    let proxy = Proxy::start(stack, &[]).await.unwrap();
    let dossiers: Vec<Value> = (0..101).map(|_| dossier(json!({}))).collect();
    let ran = run(&proxy.url, &dossiers).await;
    let printed: String = dossiers.iter().map(|dossier| format!("{}, bản 1: đã lưu\n", code(dossier))).collect();
    assert_eq!((ran.code, ran.out, ran.err.as_str()), (0, printed, ""));
    let ids = proxy.header("webhook-id");
    assert!(ids.len() == 2 && ids[0] != ids[1], "100 and one, each call under an id of its own: {ids:?}");
}

async fn a_setting_that_is_missing_or_broken_is_named(stack: &Stack, client: &Client) {
    let (url, key) = (stack.api(), key(stack).await);
    for (url, key) in [("", &key[..]), (&url, &key[..key.len() - 1])] {
        let ran = client.run(url, key, &[dossier(json!({}))]).await;
        let printed = "✗ ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ\n";
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", printed));
    }
}

async fn a_broken_line_stops_before_anything_is_sent(stack: &Stack, client: &Client) {
    let good = dossier(json!({}));
    let input = format!("{}\n0161701234\tba\n", line(&good));
    let ran = client.fed(&stack.api(), &key(stack).await, input, TIMEOUT).await;
    let printed = "✗ dòng 2: cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", printed));
    assert_eq!(stack.item("DossiersTable", &[("receipt_code", code(&good))]).await.unwrap(), None);
}

async fn what_was_sent_is_told(stack: &Stack, client: &Client) {
    let (software, url) = (OneStopSoftware::of(stack).await.unwrap(), stack.api());
    let code_with_slash = format!("H50.15/{}", code(&dossier(json!({}))));
    let asks = async || {
        let ran = client.asks(&url, software.key(), &code_with_slash).await;
        (ran.code, ran.out, ran.err)
    };
    let unknown = "✗ 404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận\n";
    assert_eq!(asks().await, (2, String::new(), unknown.to_owned()));

    let opened = dossier(json!({"receipt_code": code_with_slash, "step": r#""Thẩm định" {\"#}));
    software.store(&opened).await.unwrap();
    let nothing = "Bước và trạng thái hiện tại của hồ sơ không thuộc trường hợp nhắn tin.";
    assert_eq!(asks().await, (0, format!("{code_with_slash}, thay đổi mới nhất: {nothing}\n"), String::new()));

    let done = next(&opened, json!({"step": "Trả kết quả"}));
    software.store(&done).await.unwrap();
    row(stack, &code_with_slash, "result#2", "sent").await;
    let answer = software.ask(&format!("{code_with_slash}/notices")).await.unwrap();
    let enqueued_at = answer.body["notices"][0]["enqueued_at"].as_str().unwrap();
    let sent = format!("{code_with_slash}, result#2, {enqueued_at}: Tin nhắn đã gửi đi, nhà mạng chưa báo kết quả.\n");
    assert_eq!(asks().await, (0, sent.clone(), String::new()));
    software.store(&next(&done, json!({"status": "Khác"}))).await.unwrap();
    let again = "Đã có tin nhắn khi hồ sơ đến bước này nên không nhắn lại.";
    let both = format!("{sent}{code_with_slash}, thay đổi mới nhất: {again}\n");
    assert_eq!(asks().await, (0, both, String::new()));

    let ran = client.asks(&url, software.key(), "016 170").await;
    let refusal = "{\"error\":\"receipt_code may hold only letters A-Z, digits, '.', '/' and '-'\"}";
    assert_eq!((ran.code, ran.out.as_str(), ran.err), (2, "", format!("✗ 400: {refusal}\n")));
    let ran = client.asks(&url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &code_with_slash).await;
    let told = "✗ 401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (2, "", told));
}

/// The result of a client's run.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Client {
    /// Whether its runtime is installed. If not, the test prints that; with `make clients` (ONESTOP_CLIENTS=all) it
    /// fails.
    fn is_there(&self) -> bool {
        if self.runs(self.probe) {
            if let Some(compile) = self.compile {
                let compiles = self.compiles.get_or_init(|| {
                    std::fs::create_dir_all(root().join("target/clients")).is_ok() && self.runs(compile)
                });
                assert!(*compiles, "{} does not compile: {compile:?}", self.language);
            }
            return true;
        }
        let missing =
            format!("the client in {} was not run: its runtime is missing. make clients installs it", self.language);
        assert!(std::env::var("ONESTOP_CLIENTS").is_err(), "{missing}");
        // Written around the test harness, which hides the output of a passing test.
        let _ = writeln!(std::io::stderr(), "- {missing}");
        false
    }

    fn runs(&self, command: &[&str]) -> bool {
        let mut command = self.command(command);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// In the root of the project, and in a locale without UTF-8, as on many servers.
    fn command(&self, command: &[&str]) -> Command {
        let mut started = Command::new(command[0]);
        started.args(&command[1..]).current_dir(root()).env("LC_ALL", "C").env("no_proxy", "*").stdin(Stdio::null());
        started
    }

    async fn run(&self, url: &str, key: &str, dossiers: &[Value]) -> Ran {
        self.fed(url, key, dossiers.iter().map(|dossier| line(dossier) + "\n").collect(), TIMEOUT).await
    }

    /// Asks what was sent about a dossier.
    async fn asks(&self, url: &str, key: &str, receipt_code: &str) -> Ran {
        self.started(url, key, &[receipt_code], String::new(), TIMEOUT).await
    }

    async fn fed(&self, url: &str, key: &str, input: String, time_out: u32) -> Ran {
        self.started(url, key, &[], input, time_out).await
    }

    async fn started(&self, url: &str, key: &str, arguments: &[&str], input: String, time_out: u32) -> Ran {
        let mut command = tokio::process::Command::from(self.command(self.run));
        command
            .args(arguments)
            .env("ONESTOP_URL", url)
            .env("ONESTOP_SECRET", key)
            .env("ONESTOP_TIMEOUT", time_out.to_string())
            .kill_on_drop(true);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.run));
        child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap_or_else(|_| panic!("{} writes UTF-8", self.language));
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

async fn key(stack: &Stack) -> String {
    OneStopSoftware::of(stack).await.unwrap().key().to_owned()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The input line of a client.
fn line(dossier: &Value) -> String {
    let fields =
        ["receipt_code", "revision", "procedure", "phone", "received_on", "appointment_on", "step", "status", "unit"];
    let cells = fields.map(|field| match &dossier[field] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    cells.join("\t")
}
