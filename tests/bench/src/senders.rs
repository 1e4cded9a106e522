//! The carriers of notices, by the names of parameter SmsSender, compared on the same month. They differ in the price of
//! a part, in how their receipts come, and in whether they have a secret. Everything else costs the same with each.

use std::path::Path;

use anyhow::Result;

use crate::bill::{ACCESS_LINE, Jobs, Line, Month, Used, together};
use crate::prices::{self, Currency, Listed};

/// The prices of a part, each in its sender's currency: listed, or a contract's own.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    pub sns: f64,
    pub aws_sms: f64,
    pub kannel: f64,
    pub esms: f64,
    /// VND a USD.
    pub usd_vnd: f64,
}

/// How receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receipts {
    /// In SNS's delivery log.
    Log,
    /// From a topic.
    Topic,
    /// As requests of our API, which SmsSecret authenticates.
    CallBacks,
}

/// A carrier of notices.
#[derive(Debug, Clone)]
pub struct Sender {
    /// Its name in parameter SmsSender.
    pub name: &'static str,
    /// A part, in USD.
    pub part_usd: f64,
    /// A part, in the currency of `listed`.
    amount: f64,
    listed: Listed,
    /// The variable with a contract's own price.
    variable: &'static str,
    receipts: Receipts,
    /// Its receipts name the notice. The others name the message, by which the notice is found.
    names_notice: bool,
}

impl Sender {
    /// All senders, in the order of parameter SmsSender.
    pub fn all(parts: &Parts) -> [Self; 4] {
        let sender = |name, variable, listed: Listed, amount, receipts, names_notice| {
            let part_usd = if listed.currency == Currency::Vnd { amount / parts.usd_vnd } else { amount };
            Self { name, part_usd, amount, listed, variable, receipts, names_notice }
        };
        // What End User Messaging costs is not listed: as much as SNS, also by a contract's price.
        let aws_sms = Listed { amount: parts.sns, ..prices::AWS_SMS_PART };
        [
            sender("sns", "SNS_USD", prices::SNS_PART, parts.sns, Receipts::Log, false),
            sender("aws-sms", "AWS_SMS_USD", aws_sms, parts.aws_sms, Receipts::Topic, true),
            sender("kannel", "KANNEL_VND", prices::KANNEL_PART, parts.kannel, Receipts::CallBacks, true),
            sender("esms", "ESMS_VND", prices::ESMS_PART, parts.esms, Receipts::CallBacks, false),
        ]
    }

    /// What a receipt uses, in an invocation of its own.
    pub(crate) fn receipt(&self, jobs: &Jobs) -> Used {
        let recorded = if self.names_notice { &jobs.named_receipt } else { &jobs.receipt };
        let way = match self.receipts {
            Receipts::Log => Used { log_bytes: DELIVERY_ENTRY, ..Used::default() },
            Receipts::Topic => Used::default(),
            Receipts::CallBacks => Used { api_requests: 1, log_bytes: ACCESS_LINE, ..Used::default() },
        };
        together(recorded.clone(), way)
    }

    /// Secrets that only this sender needs.
    pub(crate) fn secrets(&self) -> f64 {
        if self.receipts == Receipts::CallBacks { 1.0 } else { 0.0 }
    }

    /// Its price a part, as it is written.
    pub fn part(&self) -> String {
        let assumed = if self.listed.assumed && is_listed(self.amount, &self.listed) { ", assumed" } else { "" };
        match self.listed.currency {
            Currency::Usd => format!("{} USD{assumed}", self.amount),
            Currency::Vnd => format!("{} VND = {:.4} USD{assumed}", self.amount, self.part_usd),
        }
    }
}

/// An entry of SNS's delivery log, in bytes, a little more than AWS's example.
const DELIVERY_ENTRY: u64 = 600;

/// The same month with each sender, in Markdown.
pub fn table(month: &Month, senders: &[Sender], kept: &Jobs, stripped: &Jobs, root: &Path) -> Result<String> {
    let mut rows = vec![
        "| sender | a part | parts, accents kept | USD of SMS | USD in all | parts, stripped | USD of SMS | USD in all | receipts, in both |".to_owned(),
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for sender in senders {
        let ((sms, all), (stripped_sms, stripped_all)) =
            (sums(&month.lines(kept, sender, root)?), sums(&month.lines(stripped, sender, root)?));
        rows.push(format!(
            "| {} | {} | {:.0} | {sms:.0} | {all:.0} | {:.0} | {stripped_sms:.0} | {stripped_all:.0} | {:.2} |",
            sender.name,
            sender.part(),
            month.parts(kept),
            month.parts(stripped),
            month.messages() * sender.receipt(kept).usd(),
        ));
    }
    Ok(rows.join("\n"))
}

/// USD of SMS, and of everything.
fn sums(lines: &[Line]) -> (f64, f64) {
    let sms: f64 = lines.iter().map(|(.., sms)| sms).sum();
    (sms, sms + lines.iter().map(|(_, _, usd, _)| usd).sum::<f64>())
}

/// Where the prices of a part come from, in Markdown.
pub fn prices_table(senders: &[Sender], usd_vnd: f64) -> String {
    let source = |amount, listed: &Listed| {
        if is_listed(amount, listed) { listed.source } else { "given, not listed" }
    };
    let head = ["| an SMS part to Vietnam by | price | your own | rests on |", "|---|---:|---|---|"];
    let mut rows = head.map(str::to_owned).to_vec();
    rows.extend(senders.iter().map(|sender| {
        let rests_on = source(sender.amount, &sender.listed);
        format!("| {} | {} | `{}` | {rests_on} |", sender.name, sender.part(), sender.variable)
    }));
    rows.push(format!("| a USD | {usd_vnd} VND | `USD_VND` | {} |", source(usd_vnd, &prices::USD_VND)));
    rows.join("\n")
}

/// A contract's own price is another one.
fn is_listed(amount: f64, listed: &Listed) -> bool {
    (amount - listed.amount).abs() < f64::EPSILON
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bill::count;
    use domain::text::sms::Accents;

    const PARTS: Parts = Parts { sns: 0.1, aws_sms: 0.2, kannel: 500.0, esms: 1_000.0, usd_vnd: 25_000.0 };
    const MONTH: Month = Month { dossiers: 1_000.0, inquiries: 0.0, changes: 5.0, supplements: 10.0, apologies: 10.0 };

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn a_month_has_the_same_parts_with_each_sender_and_each_has_its_price() {
        let jobs = count(Accents::Keep);
        let parts = 1_000.0 * 3.0 + 100.0 * 3.0 + 100.0 * 4.0;
        assert_eq!((MONTH.parts(&jobs), MONTH.messages()), (parts, 1_200.0));
        for (sender, part) in Sender::all(&PARTS).iter().zip([0.1, 0.2, 0.02, 0.04]) {
            let (sms, all) = sums(&MONTH.lines(&jobs, sender, &root()).expect("infra/alarms.yaml"));
            assert!((sms - parts * part).abs() < 1e-6, "{}: {sms}", sender.name);
            assert!(all - sms < 20.0, "{}: the rest is {}", sender.name, all - sms);
        }
    }

    /// Millionths of a dollar.
    #[test]
    fn a_receipt_takes_one_write_and_a_query_where_it_names_only_the_message() {
        let jobs = count(Accents::Keep);
        for (sender, (queries, most)) in Sender::all(&PARTS).iter().zip([(1, 9.5), (0, 9.0), (0, 13.5), (1, 13.5)]) {
            let receipt = sender.receipt(&jobs);
            let calls = ["Query", "UpdateItem", "PutEvents"].map(|action| receipt.spent.calls_of(action));
            assert_eq!(calls, [queries, 1, 1], "{}", sender.name);
            let micro_usd = receipt.usd() * 1e6;
            assert!(micro_usd > 0.5 * most && micro_usd <= most, "{}: {micro_usd:.2}", sender.name);
        }
    }

    #[test]
    fn a_price_of_a_contract_is_not_called_listed() {
        let listed = Parts { sns: prices::SNS_PART.amount, ..PARTS };
        let table = prices_table(&Sender::all(&listed), prices::USD_VND.amount);
        let rows: Vec<bool> = table.lines().skip(2).map(|row| row.ends_with("given, not listed |")).collect();
        assert_eq!(rows, [false, true, true, true, false]);
    }
}
