//! `make cost`: the bill for DOSSIERS and INQUIRIES per month, from counts and list prices, and the same month with each
//! sender. DOCUMENT=yes also writes it into docs/performance.md.

use anyhow::{Context, Result, ensure};
use bench::senders::{self, Parts, Sender};
use bench::{bill, document, prices};
use domain::text::sms::Accents;

fn main() -> Result<()> {
    let root = std::env::current_dir()?;
    let month = bill::Month {
        dossiers: number("DOSSIERS", 60_000.0)?,
        inquiries: number("INQUIRIES", 20_000.0)?,
        changes: number("CHANGES", 5.0)?,
        supplements: number("SUPPLEMENTS", 10.0)?,
        apologies: number("APOLOGIES", 10.0)?,
    };
    let parts = parts()?;
    let senders = Sender::all(&parts);
    let [sns, ..] = &senders;
    let (kept, stripped) = (bill::count(Accents::Keep), bill::count(Accents::Strip));
    let bill = format!(
        "{}\n\n{} changes a dossier; of a hundred, {} need papers and {} are late; sent by {}, {} a part of SMS.\n\n{}\n\n\
         The same month with each sender:\n\n{}",
        bill::jobs_table(&kept, &stripped, sns.part_usd),
        month.changes,
        month.supplements,
        month.apologies,
        sns.name,
        sns.part(),
        bill::month_table(&month.lines(&kept, sns, &root)?, &month.lines(&stripped, sns, &root)?),
        senders::table(&month, &senders, &kept, &stripped, &root)?,
    );
    let prices = format!("{}\n\n{}", bill::prices_table(), senders::prices_table(&senders, parts.usd_vnd));
    println!("{bill}\n\n{prices}");
    if std::env::var("DOCUMENT").is_ok_and(|yes| !yes.is_empty()) {
        document::replace(&root, "bill", &bill)?;
        document::replace(&root, "prices", &prices)?;
    }
    Ok(())
}

/// The prices of a part: a contract's, or the listed ones.
fn parts() -> Result<Parts> {
    let sns = number("SNS_USD", prices::SMS_PART.usd)?;
    let usd_vnd = number("USD_VND", prices::USD_VND.amount)?;
    ensure!(usd_vnd > 0.0, "USD_VND={usd_vnd}: more than 0 VND a USD");
    Ok(Parts {
        sns,
        aws_sms: number("AWS_SMS_USD", sns)?,
        kannel: number("KANNEL_VND", prices::KANNEL_PART.amount)?,
        esms: number("ESMS_VND", prices::ESMS_PART.amount)?,
        usd_vnd,
    })
}

fn number(name: &str, default: f64) -> Result<f64> {
    match std::env::var(name) {
        Err(_) => Ok(default),
        Ok(text) if text.is_empty() => Ok(default),
        Ok(text) => text
            .parse()
            .ok()
            .filter(|number| *number >= 0.0)
            .with_context(|| format!("{name}={text}: a number, 0 or more")),
    }
}
