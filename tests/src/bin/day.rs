//! A working day of the one-stop shop, simulated on the local stack: `make run`.
//!
//! `tests/day/ho-so.csv` is the day as one-stop software exports it: one line per change, with its time. Each change is
//! pushed by `POST /dossiers`; the stack does the rest, and the SMS to the citizens are printed. What became of each SMS
//! comes from the phone network, which the process of the page with the phones plays (src/phones/).
//!
//! `day --only 0161712000,0161720005` plays only the changes of these dossiers.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use chrono::{Days, NaiveDate};
use domain::dossier::Contact;
use domain::notice::decision::{needs_apology, notice_for_change};
use domain::text::sms::Sms;
use domain::{ClosedSteps, Dossier, Phone, ReceiptCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use system_tests::{Citizen, OneStopSoftware, Stack, eventually, half_past_five, notice_kind, today};

const DAY: &str = include_str!("../../day/ho-so.csv");

/// Why a day may not come to its end.
const FAULT: &str = ": is a fault switched on at the page?";

/// One line of the export: a dossier's state from that time on. Days count from today.
#[derive(Debug, Deserialize)]
struct Change {
    time: String,
    receipt_code: String,
    procedure: String,
    phone: String,
    received: i64,
    appointment: i64,
    step: String,
    status: String,
    unit: String,
    office: String,
    remark: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let changes = asked_for(&std::env::args().skip(1).collect::<Vec<_>>())?;
    let stack = Stack::connect().await?;
    let mut day = Day::new(stack).await?;
    day.play(&changes).await?;
    day.close().await
}

/// The changes of the day, or those of the dossiers that are asked for.
fn asked_for(arguments: &[String]) -> Result<Vec<Change>> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let only: Option<Vec<&str>> = match arguments[..] {
        [] => None,
        ["--only", codes] => Some(codes.split(',').collect()),
        _ => bail!("usage: day [--only CODE,CODE…]"),
    };
    let mut changes: Vec<Change> = csv::Reader::from_reader(DAY.as_bytes()).deserialize().collect::<Result<_, _>>()?;
    changes.retain(|change| only.as_ref().is_none_or(|only| only.contains(&change.receipt_code.as_str())));
    Ok(changes)
}

struct Day {
    stack: Stack,
    software: OneStopSoftware,
    screen: Screen,
    /// Codes are new in every run, so that a day can be repeated on the same stack.
    run: u32,
    revisions: BTreeMap<String, u64>,
    dossiers: BTreeMap<ReceiptCode, Dossier>,
    seen: BTreeMap<String, usize>,
    phones: BTreeSet<String>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    changes: usize,
    sms: BTreeMap<&'static str, (usize, u32)>,
    inquiries: usize,
}

impl Day {
    async fn new(stack: Stack) -> Result<Self> {
        let software = OneStopSoftware::of(&stack).await?;
        Ok(Self {
            stack,
            software,
            screen: Screen { colour: std::io::stdout().is_terminal() },
            run: fastrand::u32(..1_000),
            revisions: BTreeMap::new(),
            dossiers: BTreeMap::new(),
            seen: BTreeMap::new(),
            phones: BTreeSet::new(),
            counts: Counts::default(),
        })
    }

    async fn play(&mut self, changes: &[Change]) -> Result<()> {
        self.screen.title(&format!("Một ngày ở Bộ phận Một cửa, {}", domain::calendar::dd_mm_yyyy(today())));
        self.screen.say("The one-stop software pushes each change (→), the citizens' phones ring (✉).\n");
        let mut evening_over = false;
        for at_once in changes.chunk_by(|a, b| a.time == b.time) {
            let time = at_once[0].time.as_str();
            if time > "17:30" && !evening_over {
                self.evening().await?;
                evening_over = true;
            }
            self.push(time, at_once).await?;
        }
        if !evening_over {
            self.evening().await?;
        }
        self.inquiries(changes).await
    }

    /// Pushes the changes of one minute as one array, and shows the results.
    async fn push(&mut self, time: &str, changes: &[Change]) -> Result<()> {
        let snapshots: Vec<Value> = changes.iter().map(|change| self.snapshot(change)).collect();
        let answer = self.software.push(&json!(snapshots)).await?;
        ensure!(answer.status == 200, "the push of {time} was answered {answer:?}");
        let required = self.required(&snapshots)?;
        for (change, (report, snapshot)) in
            changes.iter().zip(answer.body["dossiers"].as_array().context("outcomes")?.iter().zip(&snapshots))
        {
            let code = snapshot["receipt_code"].as_str().unwrap_or_default();
            let outcome = report["outcome"].as_str().unwrap_or_default();
            let line = format!("{code}  {} · {} · {}", change.step, change.status, change.unit);
            self.screen.change(time, &line, outcome, &change.remark);
            ensure!(outcome == "stored", "{code} was answered {report}");
            if let Some(warning) = report["warning"].as_str() {
                self.screen.note(warning);
            }
        }
        self.counts.changes += changes.len();
        self.wait_for(required).await
    }

    /// A snapshot in the contract's form.
    fn snapshot(&mut self, change: &Change) -> Value {
        let code = self.code(&change.receipt_code);
        let revision = self.revisions.entry(code.clone()).and_modify(|revision| *revision += 1).or_insert(1);
        if let Ok(phone) = Phone::parse(&change.phone) {
            self.phones.insert(phone.as_e164().to_owned());
        }
        json!({
            "receipt_code": code, "revision": *revision, "procedure": change.procedure,
            "phone": if change.phone.is_empty() { Value::Null } else { json!(change.phone) },
            "received_on": days_from_today(change.received), "appointment_on": days_from_today(change.appointment),
            "step": change.step, "status": change.status, "unit": change.unit, "office": change.office,
        })
    }

    /// The run's own code for a code of the file: `0161701234` → `016170123-042` …
    fn code(&self, code: &str) -> String {
        format!("{code}-{:03}", self.run)
    }

    /// How many notices the rules require for these snapshots.
    fn required(&mut self, snapshots: &[Value]) -> Result<usize> {
        let mut required = 0;
        for snapshot in snapshots {
            let new = parse(snapshot.as_object().context("a snapshot")?)?;
            let old = self.dossiers.insert(new.receipt_code().clone(), new.clone());
            required += usize::from(notice_for_change(old.as_ref(), &new, &ClosedSteps::default()).is_some());
        }
        Ok(required)
    }

    /// Waits for that many new SMS and prints them.
    async fn wait_for(&mut self, messages: usize) -> Result<()> {
        let mut shown = 0;
        let until = tokio::time::Instant::now() + Duration::from_secs(75);
        loop {
            for phone in self.phones.clone() {
                let inbox = self.stack.inbox(&phone).await?;
                let seen = self.seen.entry(phone.clone()).or_default();
                let of_this_run = inbox.iter().filter(|text| text.contains(&format!("-{:03}", self.run)));
                for text in of_this_run.skip(*seen) {
                    let sms = Sms::new(text);
                    let kind = notice_kind(text).unwrap_or("another");
                    let count = self.counts.sms.entry(kind).or_default();
                    *count = (count.0 + 1, count.1 + sms.parts);
                    *seen += 1;
                    shown += 1;
                    self.screen.sms(&phone, kind, sms.parts, text);
                }
            }
            if shown >= messages {
                return Ok(());
            }
            ensure!(
                tokio::time::Instant::now() < until,
                "{messages} SMS were required, but only {shown} came within 75 seconds{FAULT}"
            );
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    async fn evening(&mut self) -> Result<()> {
        self.screen.title("17:30 · the rule starts the apologies for tomorrow's dossiers without a result");
        let tomorrow = today() + Days::new(1);
        let required =
            self.dossiers.values().filter(|dossier| needs_apology(dossier, tomorrow, &ClosedSteps::default())).count();
        self.stack.evening(half_past_five(today())).await?;
        self.wait_for(required).await
    }

    async fn inquiries(&mut self, changes: &[Change]) -> Result<()> {
        self.screen.title("Texts to 8083");
        let mut citizen = Citizen::of(&self.stack).await?;
        let on_time = changes.iter().find(|change| change.appointment > 1).context("a dossier on time")?;
        let late = changes.iter().find(|change| change.appointment < 0 && change.remark.contains("trễ"));
        let late = late.context("a late dossier")?;
        for (asks, text) in [
            (on_time, format!("MCKH {}", self.code(&on_time.receipt_code))),
            (late, format!("mckh_{}.", self.code(&late.receipt_code))),
            (on_time, "MCKH 0000000000".to_owned()),
            (late, "Hồ sơ của tôi đến đâu rồi?".to_owned()),
        ] {
            let phone = Phone::parse(&asks.phone).map_err(|error| anyhow!("{} {error}", asks.receipt_code))?;
            citizen.msisdn = phone.as_e164().trim_start_matches('+').to_owned();
            let reply = citizen.texts(&text).await?;
            ensure!(reply.status == 200, "8083 answered {reply:?}");
            self.counts.inquiries += 1;
            self.screen.inquiry(&text, &reply.text);
        }
        Ok(())
    }

    /// What SNS reports of each message. The local AWS writes no delivery log: the phone network of the page does. One
    /// message does not arrive, all others do.
    async fn receipts(&self) -> Result<()> {
        self.screen.title("What became of each notice");
        let rows = eventually(&format!("every notice has a receipt{FAULT}"), || async {
            let rows = self.notices().await?;
            Ok(rows.values().all(|row| row.contains_key("delivery")).then_some(rows))
        })
        .await;
        for ((code, notice), row) in &rows {
            let delivery = row["delivery"].as_str().unwrap_or_default();
            let reason = row.get("delivery_reason").and_then(Value::as_str).unwrap_or_default();
            println!(
                "  {code:<16} {notice:<20} {:<8} {delivery:<12} {reason}",
                row["state"].as_str().unwrap_or_default()
            );
        }
        Ok(())
    }

    /// The outbox rows of this day's dossiers, by receipt code and notice. Without second sendings: that of the message that
    /// did not arrive is cancelled up to a minute later, because its number is the same.
    async fn notices(&self) -> Result<BTreeMap<(String, String), Map<String, Value>>> {
        let mut notices = BTreeMap::new();
        for code in self.revisions.keys() {
            let first = self.stack.outbox(code).await?.into_iter().filter(|(notice, _)| !notice.ends_with("#again"));
            for (notice, row) in first {
                notices.insert((code.clone(), notice), row);
            }
        }
        Ok(notices)
    }

    async fn close(&self) -> Result<()> {
        self.receipts().await?;
        let counts = &self.counts;
        self.screen.title("The day in figures");
        println!("  {:<28}{:>6}", "dossiers", self.revisions.len());
        println!("  {:<28}{:>6}", "changes pushed", counts.changes);
        for (kind, (messages, parts)) in &counts.sms {
            println!("  {:<28}{messages:>6}   {parts} parts", format!("SMS: {kind}"));
        }
        println!("  {:<28}{:>6}", "texts to 8083", counts.inquiries);
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        for row in self.notices().await?.values() {
            *states.entry(row["state"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let outbox: Vec<String> = states.iter().map(|(state, rows)| format!("{rows} {state}")).collect();
        println!("  {:<28}{:>6}", "outbox rows", outbox.join(", "));
        println!("  no notice, and why");
        for dossier in self.dossiers.values() {
            if let Some(why) = why_no_notices(dossier) {
                println!("    {:<26}{why}", dossier.receipt_code().as_str());
            }
        }
        let sent: usize = counts.sms.values().map(|(messages, _)| messages).sum();
        ensure!(
            states == BTreeMap::from([("sent".to_owned(), sent)]),
            "the outbox has {states:?}, the phones got {sent}"
        );
        self.next_steps();
        Ok(())
    }

    fn next_steps(&self) {
        self.screen.title("The stack is up. Try next, each a line to paste:");
        let code = self.revisions.keys().next().map(String::as_str).unwrap_or_default();
        let page = std::env::var("ONESTOP_PHONES").unwrap_or_else(|_| "make run".into());
        for (line, what) in [
            (page, "the page with the citizens' phones, in your browser"),
            ("make push STEP='Trả kết quả' PHONE=0912345678".to_owned(), "push a dossier, signed"),
            ("make inbox PHONE=0912345678".to_owned(), "the SMS that phone got"),
            (format!("make text TEXT='MCKH {code}'"), "text 8083"),
            (format!("make outbox CODE={code}"), "the notices of that dossier, and when they were sent"),
            ("make evening".to_owned(), "the 17:30 run, now"),
            ("make outputs".to_owned(), "the stack's outputs, for curl and the like"),
            ("make down".to_owned(), "end it"),
        ] {
            println!("  {line:<48} {what}");
        }
    }
}

fn parse(snapshot: &Map<String, Value>) -> Result<Dossier> {
    Dossier::parse(snapshot).with_context(|| format!("tests/day/ho-so.csv: {snapshot:?}"))
}

/// Why a dossier takes no notices at all.
fn why_no_notices(dossier: &Dossier) -> Option<String> {
    match dossier.contact() {
        _ if dossier.is_same_day() => Some("a same-day procedure".into()),
        None => Some("the citizen left no phone".into()),
        Some(Contact::Unusable(error)) => Some(format!("the phone {error}")),
        Some(Contact::Mobile(_)) => None,
    }
}

fn days_from_today(days: i64) -> NaiveDate {
    if days < 0 { today() - Days::new(days.unsigned_abs()) } else { today() + Days::new(days.unsigned_abs()) }
}

/// What a person sees.
struct Screen {
    colour: bool,
}

impl Screen {
    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn title(&self, text: &str) {
        println!("\n{}", self.paint("1", text));
    }

    fn say(&self, text: &str) {
        println!("{text}");
    }

    fn note(&self, text: &str) {
        println!("       {}", self.paint("33", &format!("! {text}")));
    }

    fn change(&self, time: &str, line: &str, outcome: &str, remark: &str) {
        let remark = if remark.is_empty() { String::new() } else { self.paint("2", &format!("  ({remark})")) };
        println!("{time} → {line}  {}{remark}", self.paint("2", outcome));
    }

    fn sms(&self, phone: &str, kind: &str, parts: u32, text: &str) {
        println!("       {} {phone} · {kind} · {parts} parts", self.paint("32", "✉"));
        for line in wrapped(text, 96) {
            println!("         {}", self.paint("32", &line));
        }
    }

    fn inquiry(&self, text: &str, reply: &str) {
        println!("       {} {text}", self.paint("36", "8083 ←"));
        for line in wrapped(reply, 96) {
            println!("              {}", self.paint("36", &line));
        }
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + word.chars().count() < width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
