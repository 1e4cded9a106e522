//! A function's process, started as Lambda starts it, and the kernel's figures for it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::runtime_api::RuntimeApi;

#[derive(Debug, Clone)]
pub struct Program {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// The whole environment.
    pub env: Vec<(String, String)>,
    /// Where its output goes, as CloudWatch would get it.
    pub log: PathBuf,
}

/// A process that has asked for its first event.
pub struct Sandbox {
    process: Child,
    api: RuntimeApi,
    /// From its start to its first `/next`.
    pub started_in: Duration,
    /// CPU time until then.
    pub start_cpu: Duration,
}

impl Sandbox {
    /// Starts the process and waits until it is ready.
    pub fn start(program: &Program) -> Result<Self> {
        let api = RuntimeApi::start()?;
        let log = File::create(&program.log)?;
        let mut command = Command::new(&program.command[0]);
        command
            .args(&program.command[1..])
            .env_clear()
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let began = Instant::now();
        let process = command.spawn().with_context(|| format!("{} cannot be started", program.command[0]))?;
        let mut sandbox = Self { process, api, started_in: Duration::ZERO, start_cpu: Duration::ZERO };
        let ready = sandbox.api.first_next().with_context(|| program.log.display().to_string())?;
        sandbox.started_in = ready - began;
        sandbox.start_cpu = sandbox.cpu()?;
        Ok(sandbox)
    }

    pub fn invoke(&mut self, event: &[u8]) -> Result<(Duration, Vec<u8>)> {
        self.api.invoke(event)
    }

    /// CPU time of all its threads so far.
    pub fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let schedstat = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += schedstat.split(' ').next().and_then(|first| first.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Its peak memory, in bytes.
    pub fn peak_memory(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Ok(kilobytes.context("the kernel does not report VmHWM")? * 1024)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
