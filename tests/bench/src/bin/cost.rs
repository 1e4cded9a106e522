//! `make cost`: the bill for DOSSIERS and INQUIRIES per month, from counts and list prices. DOCUMENT=yes also writes it
//! into docs/performance.md.

use anyhow::{Context, Result};
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
        part: number("SMS_USD", prices::SMS_PART.usd)?,
    };
    let (kept, stripped) = (bill::count(Accents::Keep), bill::count(Accents::Strip));
    let bill = format!(
        "{}\n\n{} changes a dossier; of a hundred, {} need papers and {} are late; {} USD a part of SMS.\n\n{}",
        bill::jobs_table(&kept, &stripped, month.part),
        month.changes,
        month.supplements,
        month.apologies,
        month.part,
        bill::month_table(&month.lines(&kept, &root)?, &month.lines(&stripped, &root)?),
    );
    println!("{bill}\n\n{}", bill::prices_table());
    if std::env::var("DOCUMENT").is_ok_and(|yes| !yes.is_empty()) {
        document::replace(&root, "bill", &bill)?;
        document::replace(&root, "prices", &bill::prices_table())?;
    }
    Ok(())
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
