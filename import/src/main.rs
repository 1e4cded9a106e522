//! `make import FILE=dossiers.csv`. What it prints is for the clerk and the operator's engineer.
//!
//! `import FILE [--check] [--tell]`, with ONESTOP_URL and ONESTOP_SECRET in the environment. `--check` sends nothing;
//! `--tell` sends citizens the notices that the rows require. Exit status: 0 if every row was accepted, 1 if some were
//! refused, 2 if it had to stop: run it again.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use domain::dossier::Contact;
use import::progress::Progress;
use import::push::Outcome;
use import::{ApiClient, Columns, Loaded, Table, judge, reasons, report, table};

/// The most lines of each kind on the screen; the file has all of them.
const SHOWN: usize = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("✗ {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<bool> {
    let (mut files, mut check, mut silent) = (Vec::new(), false, true);
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            "--tell" => silent = false,
            _ => files.push(argument),
        }
    }
    let [file] = &files[..] else { bail!("cách dùng: make import FILE=dossiers.csv [CHECK=1]") };
    let api_client = if check { None } else { Some(api_client()?) };
    let list = Path::new(file);
    let table = table::read(&std::fs::read(list).with_context(|| format!("không đọc được {file}"))?)?;
    let columns = Columns::of(&table.header)?;
    introduce(file, &table, &columns);
    let (loaded, mut refused) = judge(&table, &columns, silent);
    let outcome = match &api_client {
        Some(api_client) => api_client.push(&loaded, &Progress::of(loaded.len())).await,
        None => Outcome::default(),
    };
    warn(&table, &loaded);
    refused.extend(outcome.refused.iter().cloned());
    refused.sort_by_key(|(place, _)| *place);
    sum_up(&loaded, &outcome, refused.len(), check);
    if !refused.is_empty() {
        let path = report::write(list, &report::csv(&table, &columns, &refused)?)?;
        show(refused.iter().map(|(place, refusal)| report::line(&table, &columns, *place, refusal)));
        println!("Các dòng đó nằm trong {0}: sửa rồi nhập lại chính tệp đó (make import FILE={0})", path.display());
    }
    match outcome.stopped {
        Some(why) => bail!(
            "đã dừng, {} hồ sơ chưa gửi: {why}\nNhập lại chính tệp này khi đã xử lý xong; gửi trùng không sao cả",
            outcome.unsent
        ),
        None => Ok(refused.is_empty()),
    }
}

fn api_client() -> Result<ApiClient> {
    let setting = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    match (setting("ONESTOP_URL"), setting("ONESTOP_SECRET")) {
        (Some(url), Some(key)) => ApiClient::new(&url, &key),
        _ => bail!("thiếu ONESTOP_URL hoặc ONESTOP_SECRET"),
    }
}

fn introduce(file: &str, table: &Table, columns: &Columns) {
    let separator =
        if table.separator == b'\t' { "tab".into() } else { format!("“{}”", char::from(table.separator)) };
    println!("{file}: {} dòng, phân cách bằng {separator}", table.rows.len());
    for (place, field) in columns.understood() {
        println!("  {:<28} → {}", table.header[*place].trim(), field.name);
    }
    if !columns.ignored.is_empty() {
        println!("  bỏ qua các cột: {}", columns.ignored.join(", "));
    }
}

/// Dossiers that are stored but get no notices.
fn warn(table: &Table, loaded: &[Loaded]) {
    let odd: Vec<_> = loaded
        .iter()
        .filter_map(|row| {
            let Contact::Unusable(why) = row.dossier.contact()? else { return None };
            let (number, code) = (table.rows[row.place].number, &row.dossier.receipt_code());
            Some(format!("dòng {number}, {code}: {}", reasons::no_mobile(*why)))
        })
        .collect();
    if !odd.is_empty() {
        println!("! {} hồ sơ được nhận nhưng sẽ không có tin nhắn vì số điện thoại:", odd.len());
        show(odd.into_iter());
    }
}

fn sum_up(loaded: &[Loaded], outcome: &Outcome, refused: usize, check: bool) {
    if check {
        println!("Chỉ kiểm tra, chưa gửi gì: {} hồ sơ nhận được, {refused} dòng không nhận", loaded.len());
    } else {
        let Outcome { stored, stale, .. } = outcome;
        println!("Đã lưu {stored} hồ sơ, bỏ qua {stale} (hệ thống đã có bản mới hơn), không nhận {refused} dòng");
    }
}

fn show(lines: impl ExactSizeIterator<Item = String>) {
    let all = lines.len();
    lines.take(SHOWN).for_each(|line| println!("  {line}"));
    if all > SHOWN {
        println!("  … và {} dòng nữa", all - SHOWN);
    }
}
