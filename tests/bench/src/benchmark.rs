//! The programs that are measured, and the rounds: A B C A B C …, so that noise on the machine affects all equally.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::aws::{Aws, by_action};
use crate::jobs::Jobs;
use crate::sandbox::{Program, Sandbox};
use crate::tls::Authority;

/// Starts without an invocation between them: the work of one program changes the caches for the next.
const STARTS_A_ROUND: usize = 5;
/// Starts with Python and Node just before each: fewer, since the peers take long to start.
const STARTS_AFTER_PEERS_A_ROUND: usize = 3;

/// The work of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// Nothing.
    Empty,
    /// One text to 8083.
    Lookup,
    /// One result notice.
    Notify,
    /// A push of one dossier.
    Intake,
    /// What was sent about one dossier.
    Notices,
    /// An evening of a hundred apologies, planned.
    Apology,
    /// A minute in which nothing is due.
    Sender,
    /// The page of one dossier.
    Desk,
}

/// Apologies of the measured evening.
const EVENING: usize = 100;

impl Job {
    fn event(self, jobs: &Jobs) -> Result<Vec<u8>> {
        let event = match self {
            Self::Empty => Value::Null,
            Self::Lookup => jobs.lookup(),
            Self::Notify => jobs.notify(1),
            Self::Intake => jobs.intake(1)?,
            Self::Notices => jobs.notices()?,
            Self::Apology | Self::Sender => jobs.rule(),
            Self::Desk => jobs.desk(),
        };
        Ok(event.to_string().into_bytes())
    }

    /// Whether it did its work, by its answer.
    fn check(self, answer: &[u8]) -> Result<()> {
        let text: Value = serde_json::from_slice(answer)?;
        let body = text["body"].as_str().unwrap_or_default();
        let done = match self {
            Self::Empty | Self::Apology | Self::Sender => true,
            Self::Lookup => body.contains("hiện đang ở bước Trả kết quả"),
            Self::Notify => text["batchItemFailures"] == Value::Array(Vec::new()),
            Self::Intake => body.contains("stored"),
            Self::Notices => body.contains("result#3"),
            Self::Desk => body.contains("đã được giải quyết xong"),
        };
        ensure!(done, "it answered {text}");
        Ok(())
    }
}

/// One program and what was measured of it.
pub struct Candidate {
    /// As the table names it.
    pub name: &'static str,
    /// What it does.
    pub job: Job,
    program: Program,
    /// Every start, until the first `/next`.
    pub starts: Vec<Duration>,
    /// CPU time of each start.
    pub start_cpu: Vec<Duration>,
    /// Starts with Python and Node just before each.
    pub starts_after_peers: Vec<Duration>,
    /// Each round's first invocation.
    pub firsts: Vec<Duration>,
    /// Every later one.
    pub warm: Vec<Duration>,
    /// Each round's median of those.
    pub warm_medians: Vec<Duration>,
    /// CPU time an invocation, each round.
    pub cpu: Vec<Duration>,
    /// The most memory, in bytes.
    pub memory: u64,
    /// AWS calls of one warm invocation.
    pub calls: BTreeMap<String, usize>,
}

impl Candidate {
    /// A program to be started by `command`, with `more` in its environment.
    pub fn new(name: &'static str, job: Job, command: Vec<String>, more: &[(&str, String)], folder: &Path) -> Self {
        let env = more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let program = Program { command, env, log: folder.join(format!("{name}.log")) };
        Self {
            name,
            job,
            program,
            starts: Vec::new(),
            start_cpu: Vec::new(),
            starts_after_peers: Vec::new(),
            firsts: Vec::new(),
            warm: Vec::new(),
            warm_medians: Vec::new(),
            cpu: Vec::new(),
            memory: 0,
            calls: BTreeMap::new(),
        }
    }

    fn sandbox(&self, world: &World) -> Result<Sandbox> {
        let env = [&world.env[..], &self.program.env].concat();
        Sandbox::start(&Program { env, ..self.program.clone() })
    }

    /// One of the functions, and neither a baseline nor a peer.
    pub fn is_ours(&self) -> bool {
        self.job != Job::Empty && !self.name.contains('-')
    }

    fn is_peer(&self) -> bool {
        self.name.starts_with("python-") || self.name.starts_with("node-")
    }

    fn start(&mut self, world: &World) -> Result<()> {
        let sandbox = self.sandbox(world)?;
        self.starts.push(sandbox.started_in);
        self.start_cpu.push(sandbox.start_cpu);
        Ok(())
    }

    fn work(&mut self, world: &World, warm: usize) -> Result<()> {
        let event = self.job.event(&world.jobs)?;
        let mut sandbox = self.sandbox(world)?;

        let (first, answer) = sandbox.invoke(&event)?;
        self.job.check(&answer)?;
        self.firsts.push(first);

        let before = sandbox.cpu()?;
        let mut took = Vec::with_capacity(warm);
        for _ in 0..warm {
            world.aws.take_calls();
            let (time, answer) = sandbox.invoke(&event)?;
            self.job.check(&answer)?;
            took.push(time);
        }
        self.cpu.push((sandbox.cpu()? - before) / warm.max(1) as u32);
        self.warm_medians.push(crate::figures::percentile(&took, 0.5));
        self.warm.extend(took);
        let calls = world.aws.take_calls();
        self.calls = by_action(&calls).into_iter().map(|(action, count)| (action.to_owned(), count)).collect();
        self.memory = self.memory.max(sandbox.peak_memory()?);
        Ok(())
    }
}

/// The simulated AWS, and the environment of every process.
pub struct World {
    jobs: Jobs,
    aws: Aws,
    env: Vec<(String, String)>,
}

impl World {
    /// An AWS that answers over TLS `after` that time, on an evening with so many apologies.
    pub fn new(root: &Path, authority: &Authority, after: Duration, due: usize) -> Result<Self> {
        let jobs = Jobs::read(root)?;
        let aws = Aws::start(jobs.contents(due), after, Some(Arc::clone(&authority.server)))?;
        let env = environment(&aws, authority);
        Ok(Self { jobs, aws, env })
    }

    /// The same with the measured evening.
    pub fn measured(root: &Path, authority: &Authority, after: Duration) -> Result<Self> {
        Self::new(root, authority, after, EVENING)
    }

    /// Runs every candidate once a round: first they only start, then they also work.
    pub fn run(&self, candidates: &mut [Candidate], rounds: usize, warm: usize) -> Result<()> {
        for round in 1..=rounds {
            for _ in 0..STARTS_A_ROUND {
                for candidate in candidates.iter_mut() {
                    candidate.start(self).with_context(|| format!("{}, round {round}", candidate.name))?;
                }
            }
            for _ in 0..STARTS_AFTER_PEERS_A_ROUND {
                self.start_after_peers(candidates)?;
            }
            for candidate in candidates.iter_mut() {
                candidate.work(self, warm).with_context(|| format!("{}, round {round}", candidate.name))?;
            }
            eprintln!("  round {round} of {rounds}");
        }
        Ok(())
    }

    /// The empty function and ours, each with a start of every peer just before it.
    fn start_after_peers(&self, candidates: &mut [Candidate]) -> Result<()> {
        for measured in 0..candidates.len() {
            if !candidates[measured].is_ours() && candidates[measured].job != Job::Empty {
                continue;
            }
            for peer in candidates.iter().filter(|one| one.is_peer() && one.job == Job::Lookup) {
                peer.sandbox(self)?;
            }
            let started_in = candidates[measured].sandbox(self)?.started_in;
            candidates[measured].starts_after_peers.push(started_in);
        }
        Ok(())
    }

    /// One evening, planned: how long it took, and the most memory, in bytes.
    pub fn evening(&self, command: &str, log: &Path) -> Result<(Duration, u64)> {
        let program = Program { command: vec![command.to_owned()], env: self.env.clone(), log: log.to_owned() };
        let mut sandbox = Sandbox::start(&program)?;
        let (took, _) = sandbox.invoke(&Job::Apology.event(&self.jobs)?)?;
        Ok((took, sandbox.peak_memory()?))
    }
}

/// The variables by which each runtime trusts our certificate: the baselines read the machine's authorities, as the SDK does by default.
fn environment(aws: &Aws, authority: &Authority) -> Vec<(String, String)> {
    let trust = [
        ("SSL_CERT_FILE", &authority.bundle),
        ("AWS_CA_BUNDLE", &authority.few),
        ("NODE_EXTRA_CA_CERTS", &authority.own),
    ];
    let trust = trust.map(|(name, file)| (name.to_owned(), file.display().to_string()));
    settings(&aws.url()).into_iter().chain(aws.urls()).chain(trust).collect()
}

/// What Lambda and template.yaml set.
pub fn settings(url: &str) -> Vec<(String, String)> {
    [
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LANG", "en_US.UTF-8"),
        ("AWS_REGION", "ap-southeast-1"),
        ("AWS_DEFAULT_REGION", "ap-southeast-1"),
        ("AWS_ACCESS_KEY_ID", "bench"),
        ("AWS_SECRET_ACCESS_KEY", "bench"),
        ("AWS_SESSION_TOKEN", "bench"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_bench"),
        ("AWS_ENDPOINT_URL", url),
        ("STAGE", "local"),
        ("DOSSIERS_TABLE", "dossiers"),
        ("NOTICES_TABLE", "notices"),
        ("INQUIRIES_TABLE", "inquiries"),
        ("CONTROL_TABLE", "control"),
        ("DESK_TABLE", "desk"),
        ("EVENT_BUS_NAME", "bus"),
        ("GATEWAY_SECRET", "gateways"),
        ("INTAKE_SECRET", "intake"),
        ("DESK_SECRET", "desk"),
        ("DESK_GROUPS_CLAIM", "cognito:groups"),
        ("DESK_OFFICE_CLAIM", "custom:office"),
        ("AUDIT_RETENTION_DAYS", "730"),
        ("DOSSIER_RETENTION_DAYS", "730"),
        ("NOTICE_RETENTION_DAYS", "183"),
        ("INQUIRY_RETENTION_DAYS", "396"),
        ("SENDING_WINDOW", "07:00-21:00"),
        ("SMS_SENDER", "sns"),
        ("SMS_ACCENTS", "keep"),
        // So high that no message waits for the rate limiter.
        ("SMS_PARTS_PER_SECOND", "1000000"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
