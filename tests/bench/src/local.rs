//! The jobs of growth on the local stack: the functions as they are built for AWS, on tables made from
//! infra/tables.yaml, with every call counted. Real time passes, most of it in the local stack itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chrono::Utc;
use domain::calendar::tomorrow_in_vietnam;
use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::benchmark::settings;
use crate::counter::{Counter, Passed};
use crate::growth::{Each, Grown, SAMPLE};
use crate::jobs::{Jobs, signed_push};
use crate::sandbox::{Program, Sandbox};

/// Measures a province of `dossiers`, all of them due tomorrow, on tables of its own.
pub fn measure(root: &Path, endpoint: &str, dossiers: usize) -> Result<Grown> {
    let province = Province::of(root, endpoint, dossiers)?;
    let step = dossiers / SAMPLE;

    let mut intake = province.function("intake")?;
    for first in (0..dossiers).step_by(100) {
        let hundred: Vec<Value> =
            (first..first + 100).map(|number| province.snapshot(number, 1, "Thẩm định")).collect();
        push(&mut intake, &json!(hundred))?;
    }
    eprintln!("  {dossiers} dossiers pushed");
    let pushed =
        province.each(|number| push(&mut intake, &json!([province.snapshot(number * step, 2, "Trình ký")])))?;

    let mut lookup = province.function("lookup")?;
    let mut ask = |sender: usize, number: usize| -> Result<()> {
        let text = format!("MCKH {}", code(number));
        let answer = invoke(&mut lookup, &province.jobs.text(&format!("8498{sender:07}"), &text, &sender.to_string()))?;
        ensure!(answer["body"].as_str().is_some_and(|body| body.contains("hiện đang ở bước")), "it answered {answer}");
        Ok(())
    };
    ask(SAMPLE, 0)?; // cold: it fetches the secret
    let inquiry = province.each(|number| ask(number, number * step))?;

    let (planned, sent) = province.evening(dossiers)?;

    let mut notify = province.function("notify")?;
    let (mut passed, mut took) = (Vec::new(), Duration::ZERO);
    for number in 0..SAMPLE {
        let before = province.item(number * step)?;
        push(&mut intake, &json!([province.snapshot(number * step, 3, "Trả kết quả")]))?;
        let change = province.jobs.change(&before, &province.item(number * step)?);
        province.counter.take();
        let began = Instant::now();
        let answer = invoke(&mut notify, &change)?;
        took += began.elapsed();
        ensure!(answer["batchItemFailures"] == json!([]), "it answered {answer}");
        passed.extend(province.counter.take());
    }
    let notice = average(&passed, took, SAMPLE);
    Ok(Grown { dossiers, push: pushed, notice, inquiry, planned, sent })
}

/// Tables on the local stack, and the counter before it.
struct Province {
    root: PathBuf,
    endpoint: String,
    http: Client,
    stack: String,
    tables: Vec<String>,
    counter: Counter,
    jobs: Jobs,
}

impl Province {
    fn of(root: &Path, endpoint: &str, dossiers: usize) -> Result<Self> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(60)).build()?;
        let mut province = Self {
            root: root.to_owned(),
            endpoint: endpoint.to_owned(),
            http,
            stack: format!("growth-{dossiers}"),
            tables: Vec::new(),
            counter: Counter::before(endpoint)?,
            jobs: Jobs::read(root)?,
        };
        province.create_tables()?;
        let secret = json!({"Name": province.stack, "SecretString": province.jobs.contents(0).secret.to_string()});
        province.aws("secretsmanager", "secretsmanager.CreateSecret", &secret)?;
        Ok(province)
    }

    fn create_tables(&mut self) -> Result<()> {
        let template = fs::read_to_string(self.root.join("infra/tables.yaml"))?;
        let form = [
            ("Action", "CreateStack"),
            ("Version", "2010-05-15"),
            ("StackName", &self.stack),
            ("TemplateBody", &template),
            ("Capabilities.member.1", "CAPABILITY_AUTO_EXPAND"),
            ("Parameters.member.1.ParameterKey", "Stage"),
            ("Parameters.member.1.ParameterValue", "local"),
            ("Parameters.member.2.ParameterKey", "Desk"),
            ("Parameters.member.2.ParameterValue", "no"),
        ];
        let answer =
            self.http.post(&self.endpoint).header("authorization", credential("cloudformation")).form(&form).send()?;
        let (status, text) = (answer.status(), answer.text()?);
        ensure!(status.is_success(), "CreateStack of infra/tables.yaml: {status} {text}");
        for _ in 0..60 {
            let found = self.aws("dynamodb", "DynamoDB_20120810.ListTables", &json!({}))?;
            let names = found["TableNames"].as_array().into_iter().flatten().filter_map(Value::as_str);
            self.tables =
                names.filter(|name| name.starts_with(&format!("{}-", self.stack))).map(str::to_owned).collect();
            if self.tables.len() == 4 {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        bail!("the local stack made {:?} of infra/tables.yaml in 30 s", self.tables)
    }

    /// Its logical id in the template.
    fn table(&self, resource: &str) -> &str {
        let start = format!("{}-{resource}", self.stack);
        self.tables.iter().find(|name| name.starts_with(&start)).map_or("", String::as_str)
    }

    /// A process of the function, whose calls are counted.
    fn function(&self, name: &str) -> Result<Sandbox> {
        let mut env = settings(&self.counter.url());
        let own = [
            ("DOSSIERS_TABLE", self.table("Dossiers")),
            ("NOTICES_TABLE", self.table("Notices")),
            ("INQUIRIES_TABLE", self.table("Inquiries")),
            ("CONTROL_TABLE", self.table("Control")),
            ("EVENT_BUS_NAME", "default"),
            ("INTAKE_SECRET", &self.stack),
            ("GATEWAY_SECRET", &self.stack),
            ("SENDING_WINDOW", "00:00-24:00"), // whenever it is measured
        ];
        env.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let command = vec![self.root.join("target/release").join(name).display().to_string()];
        Sandbox::start(&Program { command, env, log: self.root.join(format!(".local/bench/growth-{name}.log")) })
    }

    fn snapshot(&self, number: usize, revision: u64, step: &str) -> Value {
        json!({
            "receipt_code": code(number), "revision": revision, "procedure": "Cấp thẻ hướng dẫn viên du lịch nội địa",
            "phone": format!("091{number:07}"), "received_on": "2026-11-20",
            "appointment_on": tomorrow_in_vietnam(Utc::now()), "step": step, "status": "Đang xử lý", "unit": "Phòng",
        })
    }

    /// A job, measured on a sample.
    fn each(&self, mut job: impl FnMut(usize) -> Result<()>) -> Result<Each> {
        self.counter.take();
        let began = Instant::now();
        (0..SAMPLE).try_for_each(&mut job)?;
        Ok(average(&self.counter.take(), began.elapsed(), SAMPLE))
    }

    /// The 17:30 run and the sender's runs after it: an apology planned, and one sent.
    fn evening(&self, dossiers: usize) -> Result<(Each, Each)> {
        let mut apology = self.function("apology")?;
        self.counter.take();
        let began = Instant::now();
        invoke(&mut apology, &self.jobs.rule())?;
        let planned = average(&self.counter.take(), began.elapsed(), dossiers);

        let mut sender = self.function("sender")?;
        let (mut calls, began) = (Vec::new(), Instant::now());
        while messages(&calls) < dossiers {
            invoke(&mut sender, &self.jobs.rule())?;
            let run = self.counter.take();
            let sent = messages(&calls);
            ensure!(messages(&run) > 0, "{sent} of {dossiers} apologies were sent, and a run of the sender sends none");
            calls.extend(run);
        }
        Ok((planned, average(&calls, began.elapsed(), dossiers)))
    }

    /// A dossier's row.
    fn item(&self, number: usize) -> Result<Value> {
        let request = json!({"TableName": self.table("Dossiers"), "Key": {"receipt_code": {"S": code(number)}}});
        Ok(self.aws("dynamodb", "DynamoDB_20120810.GetItem", &request)?["Item"].take())
    }

    fn aws(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let request = self.http.post(&self.endpoint).header("x-amz-target", target);
        let request =
            request.header("content-type", "application/x-amz-json-1.0").header("authorization", credential(service));
        let answer = request.body(body.to_string()).send()?;
        let (status, text) = (answer.status(), answer.text()?);
        ensure!(status.is_success(), "{target}: {status} {text}");
        serde_json::from_str(&text).with_context(|| text)
    }
}

fn messages(calls: &[Passed]) -> usize {
    calls.iter().filter(|call| call.action == "Publish").count()
}

/// The local stack reads the service's name from it, and checks no signature.
fn credential(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/ap-southeast-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn code(number: usize) -> String {
    format!("016{number:07}")
}

fn invoke(function: &mut Sandbox, event: &Value) -> Result<Value> {
    let (_, answer) = function.invoke(event.to_string().as_bytes())?;
    Ok(serde_json::from_slice(&answer)?)
}

fn push(intake: &mut Sandbox, snapshots: &Value) -> Result<()> {
    let answer = invoke(intake, &signed_push(snapshots)?)?;
    let stored = answer["body"].as_str().map_or(0, |body| body.matches("\"stored\"").count());
    ensure!(Some(stored) == snapshots.as_array().map(Vec::len), "it answered {answer}");
    Ok(())
}

fn average(passed: &[Passed], took: Duration, count: usize) -> Each {
    let all = Each {
        calls: passed.len() as f64,
        write_units: passed.iter().map(|call| call.write_units).sum(),
        read_units: passed.iter().map(|call| call.read_units).sum(),
        milliseconds: took.as_secs_f64() * 1e3,
    };
    all.over(count as f64)
}
