//! The cost: counts of the real functions in the simulation, times list prices. SMS are separate from everything else.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use domain::notice::receipt::{CarrierWords, Delivery, Receipt, Reported};
use domain::text::sms::Accents;
use serde_json::json;
use simulation::aws::Stack;
use simulation::fault::Faults;
use simulation::meter::Spent;
use simulation::promises::in_virtual_time;
use simulation::scenario::{dossier, notice_config};
use simulation::world::World;

use crate::prices;
use crate::senders::Sender;

/// What a job uses of everything that has a price.
#[derive(Debug, Clone, Default)]
pub struct Used {
    /// DynamoDB, events, SMS.
    pub spent: Spent,
    /// Lambda invocations.
    pub invocations: u64,
    /// Their time by their memory.
    pub gb_seconds: f64,
    /// API Gateway requests.
    pub api_requests: u64,
    /// Log lines, in bytes.
    pub log_bytes: u64,
}

/// MemorySize of template.yaml, in GB.
const API: f64 = 0.5;
const BACKGROUND: f64 = 0.25;
/// An access log's line, in bytes.
pub(crate) const ACCESS_LINE: u64 = 250;
/// A notice's log lines, in bytes, as `make bench` measured them.
const NOTICE_LINES: u64 = 1_200;
/// A receipt's log lines, in bytes: the local stack's log has 520, and AWS's JSON is longer.
const RECEIPT_LINES: u64 = 700;
/// Our own work in an invocation, in seconds: more than `make bench` measures.
const OWN_WORK: f64 = 0.002;

const A_MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

impl Used {
    /// USD without SMS.
    pub fn usd(&self) -> f64 {
        let dynamodb = self.spent.write_units as f64 * prices::WRITE_UNIT.usd
            + self.spent.half_read_units as f64 / 2.0 * prices::READ_UNIT.usd;
        let lambda = self.invocations as f64 * prices::INVOCATION.usd + self.gb_seconds * prices::GB_SECOND.usd;
        let watched = self.log_bytes as f64 / 1e9 * prices::LOGGED_GB.usd + self.invocations as f64 * prices::TRACE.usd;
        let events = self.spent.events as f64 * prices::EVENT.usd;
        dynamodb + lambda + watched + events + self.api_requests as f64 * prices::API_REQUEST.usd
    }

    /// USD of its SMS at that price a part.
    pub fn sms_usd(&self, part: f64) -> f64 {
        self.spent.parts as f64 * part
    }
}

/// Every job once, counted.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// A new dossier pushed by itself, with its stream record.
    pub first_push: Used,
    /// A change that requires no notice, pushed by itself, with its stream record.
    pub change: Used,
    /// What a result notice uses in addition to its change.
    pub result: Used,
    /// A supplement, likewise.
    pub supplement: Used,
    /// An apology, planned and sent.
    pub apology: Used,
    /// An inquiry.
    pub inquiry: Used,
    /// A minute in which nothing is due.
    pub idle_minute: Used,
    /// An evening with no apology to plan.
    pub idle_evening: Used,
    /// A receipt that names only the message, whose notice is looked up.
    pub receipt: Used,
    /// A receipt that names the notice.
    pub named_receipt: Used,
}

/// Counts every job, with accents kept or stripped.
pub fn count(accents: Accents) -> Jobs {
    let (send, receive) = std::sync::mpsc::channel();
    in_virtual_time(async move {
        let _ = send.send(jobs(accents).await);
    });
    receive.recv().expect("the jobs were done")
}

async fn jobs(accents: Accents) -> Jobs {
    let began = "2026-11-24T10:29:00Z".parse().expect("a time");
    let mut notice_config = notice_config(10);
    notice_config.accents = accents;
    let mut stack = Stack::new(Arc::new(World::at(began)), Arc::new(Faults::none()), notice_config);
    let snapshot = |revision: u64, step: &str, changes: serde_json::Value| {
        let mut all = json!({"revision": revision, "step": step});
        all.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        json!([serde_json::to_value(dossier("0161701234", "0912345678", all)).expect("JSON")])
    };
    let papers = json!({"status": "Chờ bổ sung", "unit": "Bộ phận Một cửa"});

    let first_push = pushed(&mut stack, &snapshot(1, "Tiếp nhận", json!({}))).await;
    let change = pushed(&mut stack, &snapshot(2, "Thẩm định", json!({}))).await;
    let supplement = beyond(pushed(&mut stack, &snapshot(3, "Tiếp nhận", papers)).await, &change);
    pushed(&mut stack, &snapshot(4, "Thẩm định", json!({}))).await;
    let inquiry = used(&stack, API, stack.ask("1", "84912345678", "MCKH 0161701234")).await;
    let inquiry = Used { api_requests: 1, log_bytes: ACCESS_LINE, ..inquiry };

    let idle_minute = used(&stack, BACKGROUND, stack.send_due()).await;
    let no_apologies = "2026-11-20T10:30:00Z".parse().expect("a time");
    let idle_evening = Used { log_bytes: NOTICE_LINES, ..used(&stack, BACKGROUND, stack.plan(no_apologies)).await };
    // Alone in its evening, so that every query of the evening is counted for it: planned at 17:30, sent by the next
    // minute's run.
    let planning = Used { log_bytes: NOTICE_LINES, ..used(&stack, BACKGROUND, stack.plan(stack.world.now())).await };
    let sending = Used { log_bytes: NOTICE_LINES, ..used(&stack, BACKGROUND, stack.send_due()).await };
    let apology = together(beyond(planning, &idle_evening), beyond(sending, &idle_minute));

    let result = beyond(pushed(&mut stack, &snapshot(5, "Trả kết quả", json!({}))).await, &change);
    let sent = stack.world.accepted();
    let receipt = reported(&stack, Reported::MessageId(sent[0].message_id.clone())).await;
    let named_receipt = reported(&stack, Reported::Notice(sent[1].notice.clone())).await;
    Jobs { first_push, change, result, supplement, apology, inquiry, idle_minute, idle_evening, receipt, named_receipt }
}

/// A push and its stream record, one invocation each, a minute after everything before: indexes are up to date, and the
/// rate limiter is free.
async fn pushed(stack: &mut Stack, snapshots: &serde_json::Value) -> Used {
    tokio::time::sleep(A_MINUTE).await;
    let push = used(stack, API, stack.push(snapshots)).await;
    let push = Used { api_requests: 1, log_bytes: ACCESS_LINE, ..push };
    let (before, began) = (stack.world.meter.spent(), stack.world.now());
    stack.deliver_stream().await;
    let (spent, seconds) = (stack.world.meter.spent() - before, (stack.world.now() - began).as_seconds_f64());
    let log_bytes = NOTICE_LINES * spent.messages;
    let gb_seconds = (seconds + OWN_WORK) * BACKGROUND;
    together(push, Used { spent, invocations: 1, gb_seconds, log_bytes, ..Used::default() })
}

/// The first receipt of a message, alone in its event.
async fn reported(stack: &Stack, message: Reported) -> Used {
    let (words, at) = (CarrierWords::default(), stack.world.now());
    let receipts =
        [Receipt { message, delivery: Delivery::Delivered, reason: None, words, at, price: None, parts: None }];
    let used = used(stack, BACKGROUND, stack.receipts(&receipts)).await;
    Used { log_bytes: RECEIPT_LINES, ..used }
}

async fn used<T>(stack: &Stack, memory: f64, run: impl Future<Output = T>) -> Used {
    tokio::time::sleep(A_MINUTE).await;
    let (before, began) = (stack.world.meter.spent(), stack.world.now());
    run.await;
    let seconds = (stack.world.now() - began).as_seconds_f64() + OWN_WORK;
    let spent = stack.world.meter.spent() - before;
    Used { spent, invocations: 1, gb_seconds: seconds * memory, ..Used::default() }
}

pub(crate) fn together(one: Used, other: Used) -> Used {
    Used {
        spent: one.spent + other.spent,
        invocations: one.invocations + other.invocations,
        gb_seconds: one.gb_seconds + other.gb_seconds,
        api_requests: one.api_requests + other.api_requests,
        log_bytes: one.log_bytes + other.log_bytes,
    }
}

/// What `job` uses more than `without`.
fn beyond(job: Used, without: &Used) -> Used {
    Used {
        spent: job.spent - without.spent.clone(),
        invocations: job.invocations - without.invocations,
        gb_seconds: job.gb_seconds - without.gb_seconds,
        api_requests: job.api_requests - without.api_requests,
        log_bytes: job.log_bytes.saturating_sub(without.log_bytes),
    }
}

/// A province's month.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    /// New dossiers.
    pub dossiers: f64,
    /// Texts to 8083.
    pub inquiries: f64,
    /// Changes of a dossier after its first snapshot. The last change is its result.
    pub changes: f64,
    /// Percentage of dossiers that need papers.
    pub supplements: f64,
    /// Percentage of dossiers that are late.
    pub apologies: f64,
}

/// Minutes of thirty days, and evenings with their second passes.
const MINUTES: f64 = 30.0 * 24.0 * 60.0;
const EVENINGS: f64 = 30.0 * 2.0;
/// Metrics that functions write, and secrets of the stack with any sender.
const METRICS: f64 = 21.0;
const SECRETS: f64 = 2.0;
/// The stored size of a dossier and an inquiry, both with their index, in GB; and for how many months.
const DOSSIER_GB: f64 = 1.4e-6;
const NOTICE_GB: f64 = 0.7e-6;
const INQUIRY_GB: f64 = 1.2e-6;
const MONTHS: (f64, f64, f64) = (24.0, 6.0, 13.0);

/// A line of the bill: what, how many, USD without SMS, USD of SMS.
pub type Line = (String, f64, f64, f64);

impl Month {
    fn share(&self, percent: f64) -> f64 {
        self.dossiers * percent / 100.0
    }

    /// Results, supplements, apologies: how many, and what each uses.
    fn notices<'a>(&self, jobs: &'a Jobs) -> [(&'static str, f64, &'a Used); 3] {
        [
            ("result notices", self.dossiers, &jobs.result),
            ("supplement notices", self.share(self.supplements), &jobs.supplement),
            ("apologies", self.share(self.apologies), &jobs.apology),
        ]
    }

    /// Notices, each of which is one message.
    pub fn messages(&self) -> f64 {
        self.dossiers + self.share(self.supplements) + self.share(self.apologies)
    }

    /// Parts of their SMS.
    pub fn parts(&self, jobs: &Jobs) -> f64 {
        self.notices(jobs).map(|(_, count, used)| count * used.spent.parts as f64).iter().sum()
    }

    /// The bill's lines with that sender. `root`: where infra/alarms.yaml says how many alarms there are.
    pub fn lines(&self, jobs: &Jobs, sender: &Sender, root: &Path) -> Result<Vec<Line>> {
        let alarms = std::fs::read_to_string(root.join("infra/alarms.yaml"))?
            .matches("Type: AWS::CloudWatch::Alarm")
            .count() as f64;
        let line = |what: &str, count: f64, used: &Used| {
            (what.to_owned(), count, count * used.usd(), count * used.sms_usd(sender.part_usd))
        };
        let stored = self.dossiers * DOSSIER_GB * MONTHS.0
            + self.messages() * NOTICE_GB * MONTHS.1
            + self.inquiries * INQUIRY_GB * MONTHS.2;
        let secrets = SECRETS + sender.secrets();
        let watching = alarms * prices::ALARM.usd + METRICS * prices::METRIC.usd + secrets * prices::SECRET.usd;
        let mut lines = vec![
            line("new dossiers", self.dossiers, &jobs.first_push),
            line("changes of them", self.dossiers * self.changes, &jobs.change),
        ];
        lines.extend(self.notices(jobs).map(|(what, count, used)| line(what, count, used)));
        lines.extend([
            line("receipts of them", self.messages(), &sender.receipt(jobs)),
            line("inquiries", self.inquiries, &jobs.inquiry),
            line("minutes of sender, idle", MINUTES, &jobs.idle_minute),
            line("evenings, and second passes", EVENINGS, &jobs.idle_evening),
            ("GB stored, once retention is full".to_owned(), stored, stored * prices::STORED_GB.usd, 0.0),
            (format!("{alarms} alarms, {METRICS} metrics, {secrets} secrets"), 1.0, watching, 0.0),
        ]);
        Ok(lines)
    }
}

/// One notice and one inquiry, in Markdown: micro-dollars, and what they consist of.
pub fn jobs_table(kept: &Jobs, stripped: &Jobs, part: f64) -> String {
    let mut lines = vec![
        "| one | calls | write units | read units | µUSD without SMS | SMS parts, accents kept | stripped | USD of SMS, kept | stripped |".to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for (name, kept, stripped) in [
        ("new dossier", &kept.first_push, &stripped.first_push),
        ("change of it", &kept.change, &stripped.change),
        ("result notice", &kept.result, &stripped.result),
        ("supplement notice", &kept.supplement, &stripped.supplement),
        ("apology", &kept.apology, &stripped.apology),
        ("inquiry", &kept.inquiry, &stripped.inquiry),
    ] {
        lines.push(format!(
            "| {name} | {} | {} | {} | {:.1} | {} | {} | {:.2} | {:.2} |",
            kept.spent.all_calls(),
            kept.spent.write_units,
            kept.spent.half_read_units as f64 / 2.0,
            kept.usd() * 1e6,
            kept.spent.parts,
            stripped.spent.parts,
            kept.sms_usd(part),
            stripped.sms_usd(part),
        ));
    }
    lines.join("\n")
}

/// A month's bill, in Markdown.
pub fn month_table(kept: &[Line], stripped: &[Line]) -> String {
    let mut lines = vec![
        "| a month | how many | USD without SMS | USD of SMS, accents kept | stripped |".to_owned(),
        "|---|---:|---:|---:|---:|".to_owned(),
    ];
    let mut sum = (0.0, 0.0, 0.0);
    for ((what, count, usd, sms), (_, _, _, stripped)) in kept.iter().zip(stripped) {
        lines.push(format!("| {what} | {} | {usd:.2} | {sms:.0} | {stripped:.0} |", (count * 10.0).round() / 10.0));
        sum = (sum.0 + usd, sum.1 + sms, sum.2 + stripped);
    }
    lines.push(format!("| **all** | | **{:.2}** | **{:.0}** | **{:.0}** |", sum.0, sum.1, sum.2));
    lines.join("\n")
}

/// The prices, in Markdown.
pub fn prices_table() -> String {
    let rows = prices::ALL.iter().map(|price| {
        let (count, usd) = if price.usd < 0.01 { ("a million × ", price.usd * 1e6) } else { ("", price.usd) };
        format!("| {count}{} | {usd:.4} | {} |", price.unit, price.source)
    });
    let head = ["| unit | USD | rests on |".to_owned(), "|---|---:|---|".to_owned()];
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_notice_is_three_parts_with_accents_and_one_without() {
        let (kept, stripped) = (count(Accents::Keep), count(Accents::Strip));
        let parts = |jobs: &Jobs| [&jobs.result, &jobs.supplement, &jobs.apology].map(|job| job.spent.parts);
        assert_eq!((parts(&kept), parts(&stripped)), ([3, 3, 4], [1, 1, 2]));
        assert_eq!(kept.inquiry.spent.parts, 0, "the operator sends the reply");
    }

    /// Millionths of a dollar: a change that costs more is visible here.
    #[test]
    fn a_notice_and_an_inquiry_cost_so_many_millionths_of_a_dollar() {
        let jobs = count(Accents::Keep);
        for (job, used, most) in [
            ("a new dossier", &jobs.first_push, 17.5),
            ("a change", &jobs.change, 18.0),
            ("a result notice", &jobs.result, 6.5),
            ("an apology", &jobs.apology, 14.0),
            ("an inquiry", &jobs.inquiry, 13.5),
        ] {
            let micro_usd = used.usd() * 1e6;
            assert!(micro_usd > 0.5 * most && micro_usd <= most, "{job}: {micro_usd:.2}");
        }
    }
}
