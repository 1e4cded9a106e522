//! `make bench`: runs the benchmark and writes its table into docs/performance.md. infra/local/bench.py builds and
//! installs everything before.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use bench::benchmark::{Candidate, Job, World};
use bench::report::{Sizes, goals, megabytes, table};
use bench::tls::Authority;
use bench::{document, growth, local, plot};

/// The duration of an AWS call.
const ROUND_TRIP: Duration = Duration::from_millis(2);
/// Dossiers of the evening that is planned.
const SLOW_ROUND_TRIP: Duration = Duration::from_millis(5);
const PROVINCE: usize = 100_000;

fn main() -> Result<()> {
    let root = std::env::current_dir()?;
    let only = std::env::var("ONLY").ok().filter(|names| !names.is_empty()); // make hands on what is unset as empty
    if only.as_deref() == Some("growth") {
        return grow(&root);
    }
    let folder = root.join(".local/bench");
    fs::create_dir_all(&folder)?;
    let number = |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (rounds, warm) = (number("ROUNDS", 20), number("WARM", 150));
    let sizes: Sizes =
        fs::read(folder.join("sizes.json")).map(|text| serde_json::from_slice(&text)).unwrap_or(Ok(Sizes::new()))?;

    let authority = Authority::new(&root, &folder)?;
    let world = World::measured(&root, &authority, ROUND_TRIP)?;
    let mut candidates = candidates(&root, &folder, &authority)?;
    if let Some(only) = &only {
        candidates.retain(|one| only.split(' ').any(|name| one.name == name));
    }
    eprintln!("{} programs, {rounds} rounds of a start, a first invocation and {warm} more", candidates.len());
    world.run(&mut candidates, rounds, warm)?;

    let table = table(&candidates, &sizes);
    if only.is_some() {
        println!("\n{table}"); // a look at some of them is not written down
        return Ok(());
    }
    let text = format!(
        "{}, {rounds} rounds, {} warm invocations each, AWS answers in {} ms.\n\n{table}\n\n{}\n\n{}\n",
        document::machine(),
        rounds * warm,
        ROUND_TRIP.as_millis(),
        goals(&candidates, &sizes),
        evening(&root, &authority, &folder)?,
    );
    println!("\n{text}");
    document::replace(&root, "bench", &text)?;
    grow(&root)
}

/// The jobs in provinces of growing size, as a table and a picture: in memory, and on the local stack that bench.py
/// started.
fn grow(root: &Path) -> Result<()> {
    let in_memory: Vec<_> = [1_000, 10_000, 100_000, 1_000_000].into_iter().map(growth::measure).collect();
    let endpoint =
        std::env::var("ONESTOP_ENDPOINT").context("ONESTOP_ENDPOINT: make bench starts a local stack and sets it")?;
    let on_the_stack = [1_000, 10_000]
        .into_iter()
        .map(|dossiers| local::measure(root, &endpoint, dossiers))
        .collect::<Result<Vec<_>>>()?;
    fs::write(root.join("docs/growth.svg"), plot::growth(&in_memory, &on_the_stack))?;
    let table = growth::table(&in_memory, &on_the_stack);
    println!("{table}");
    document::replace(root, "growth", &table)
}

/// In the order of their rounds. Python and Node fill the caches, so a program that runs after them starts more slowly:
/// the empty function and those that are compared with it run after programs of their own kind.
fn candidates(root: &Path, folder: &Path, authority: &Authority) -> Result<Vec<Candidate>> {
    let rust_from = |binary, name, job| -> Result<_> {
        Ok(Candidate::new(name, job, vec![laid_out(root, folder, binary)?.display().to_string()], &[], folder))
    };
    let rust = |name, job| rust_from(name, name, job);
    let python = |name, job, module: &str| {
        let command = [
            &format!("{}/.local/peers/python/bin/python", root.display()),
            "-m",
            "awslambdaric",
            &format!("{module}.handler"),
        ];
        let peers = root.join("tests/bench/peers/python").display().to_string();
        let env = [
            ("LAMBDA_TASK_ROOT", peers.clone()),
            ("PYTHONPATH", peers),
            ("POWERTOOLS_LOG_LEVEL", "INFO".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("AWS_CA_BUNDLE", authority.bundle.display().to_string()),
        ];
        Candidate::new(name, job, command.map(ToOwned::to_owned).to_vec(), &env, folder)
    };
    let node = |name, job, module: &str| {
        let built = root.join(".local/peers/node/built");
        let command = ["node".to_owned(), built.join("runtime.mjs").display().to_string()];
        let handler = built.join(format!("{module}.mjs")).display().to_string();
        Candidate::new(name, job, command.to_vec(), &[("_HANDLER", handler)], folder)
    };
    Ok(vec![
        rust("baseline-lookup", Job::Lookup)?,
        rust("baseline-empty", Job::Empty)?,
        rust("lookup", Job::Lookup)?,
        rust("notify", Job::Notify)?,
        rust("intake", Job::Intake)?,
        rust_from("intake", "intake-read", Job::Notices)?,
        rust("apology", Job::Apology)?,
        rust("sender", Job::Sender)?,
        rust("desk", Job::Desk)?,
        rust("baseline-notify", Job::Notify)?,
        python("python-lookup", Job::Lookup, "lookup"),
        python("python-notify", Job::Notify, "notify"),
        node("node-lookup", Job::Lookup, "lookup"),
        node("node-notify", Job::Notify, "notify"),
    ])
}

/// A copy of a built program: how a file was written determines its fragments in the page cache, and so how fast the
/// program starts. All are written in the same way, at once, as from a zip.
fn laid_out(root: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let (built, copy) = (root.join("target/release").join(name), folder.join(name));
    fs::write(&copy, fs::read(&built).with_context(|| built.display().to_string())?)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    Ok(copy)
}

/// The whole province's evening, with the real function.
fn evening(root: &Path, authority: &Authority, folder: &Path) -> Result<String> {
    let command = laid_out(root, folder, "apology")?.display().to_string();
    let log = folder.join("evening.log");
    let plan = |due| -> Result<_> {
        World::new(root, authority, SLOW_ROUND_TRIP, due)?.evening(&command, &log).context("the evening")
    };
    let ((_, none), (took, all)) = (plan(0)?, plan(PROVINCE)?);
    Ok(format!(
        "An evening of {PROVINCE} apologies at {} ms a call, planned by the real function: {:.1} s at 700 rows a second (goal: 150 s), \
         {} MB at the most, {} MB more than an evening of none (goal: 128 MB).",
        SLOW_ROUND_TRIP.as_millis(),
        took.as_secs_f64(),
        megabytes(all),
        megabytes(all.saturating_sub(none)),
    ))
}
