//! Debian's Kannel itself: bearerbox and smsbox with `infra/local/kannel.conf`, and fakesmsc as the network with the
//! citizen's phone. All on loopback, on ports of their own.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};

use crate::eventually;

const CONFIGURATION: &str = include_str!("../../infra/local/kannel.conf");
const SENDING: &str = include_str!("../../infra/local/kannel-send.conf");

/// A running Kannel.
pub struct Kannel {
    programs: Programs,
    folder: PathBuf,
    smsc_port: u16,
    _boxes: [Child; 2],
}

/// Where the packages are unpacked: `KANNEL`; where their libraries are: `KANNEL_LIBRARIES`. `make test` sets both.
#[derive(Clone)]
struct Programs {
    root: PathBuf,
    libraries: String,
}

/// An SMS that the network delivered to the phone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sms {
    pub sender: String,
    /// The text of all its parts.
    pub text: String,
    /// The number of its parts.
    pub parts: usize,
    /// Whether it was in UCS-2.
    pub ucs2: bool,
}

/// Whether Kannel is installed; if not, a line in the output says that its tests are skipped.
pub fn is_here() -> bool {
    let here = std::env::var_os("KANNEL").is_some();
    if !here {
        eprintln!(
            "SKIPPED: Kannel is not here (make test unpacks it from Debian's packages); nothing was tried with it"
        );
    }
    here
}

impl Kannel {
    /// Starts it with a service whose texts go to `{reply_url}/mo/kannel`, or to another gateway with that protocol.
    pub async fn start(reply_url: &str, gateway: &str) -> Result<Self> {
        let [_, _, smsc] = free_ports()?;
        let service = ("REPLY_URL/mo/kannel", format!("{reply_url}/mo/{gateway}"));
        Self::run(CONFIGURATION, smsc, &[service], |status| status.contains("smsbox:")).await
    }

    /// Starts it with the port `sendsms`, and with an SMPP connection to the SMS centre on `smsc`.
    pub async fn sending(smsc: u16, sendsms: u16, password: &str) -> Result<Self> {
        let account = [("23002", sendsms.to_string()), ("SENDPASSWORD", password.to_owned())];
        Self::run(SENDING, smsc, &account, |status| status.contains("smsbox:") && status.contains("(online")).await
    }

    async fn run(
        configuration: &str,
        smsc: u16,
        more: &[(&str, String)],
        is_ready: impl Fn(&str) -> bool,
    ) -> Result<Self> {
        let programs = Programs {
            root: std::env::var_os("KANNEL").context("KANNEL")?.into(),
            libraries: std::env::var("KANNEL_LIBRARIES").context("KANNEL_LIBRARIES")?,
        };
        let folder = std::env::temp_dir().join(format!("kannel-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&folder)?;
        let [admin, smsbox, _] = free_ports()?;
        let ours = [
            ("RUNDIR", folder.display().to_string()),
            ("23000", admin.to_string()),
            ("23001", smsbox.to_string()),
            ("port = 20000", format!("port = {smsc}")),
        ];
        let filled = ours.iter().chain(more).try_fold(configuration.to_owned(), |text, (written, ours)| {
            ensure!(text.contains(written), "the configuration in infra/local has no {written}");
            Ok(text.replace(written, ours))
        })?;
        let file = folder.join("kannel.conf");
        std::fs::write(&file, filled)?;
        let file = file.display().to_string();

        let bearerbox = programs.run("usr/sbin/bearerbox", &[&file], File::create(folder.join("bearerbox.log"))?)?;
        wait_for(admin, |_| true).await;
        let smsbox = programs.run("usr/sbin/smsbox", &[&file], File::create(folder.join("smsbox.log"))?)?;
        wait_for(admin, is_ready).await;
        Ok(Self { programs, folder, smsc_port: smsc, _boxes: [bearerbox, smsbox] })
    }

    /// A citizen texts 8083 and waits until that many parts of an SMS have arrived, then a moment longer for parts that
    /// must not arrive.
    pub async fn text(&self, sender: &str, text: &str, parts: usize) -> Result<Sms> {
        let log = self.folder.join(format!("fakesmsc-{:08x}.log", fastrand::u32(..)));
        let port = self.smsc_port.to_string();
        let message = format!("{sender} 8083 text {text}");
        let arguments = ["-H", "127.0.0.1", "-r", &port, "-m", "1", &message];
        let _phone = self.programs.run("usr/lib/kannel/test/fakesmsc", &arguments, File::create(&log)?)?;
        eventually(&format!("{parts} parts of the reply to {text}"), || async {
            Ok((received(&std::fs::read_to_string(&log)?)?.parts >= parts).then_some(()))
        })
        .await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        received(&std::fs::read_to_string(&log)?)
    }
}

impl Drop for Kannel {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Programs {
    fn run(&self, program: &str, arguments: &[&str], log: File) -> Result<Child> {
        let program = self.root.join(program);
        Command::new(&program)
            .args(arguments)
            .env("LD_LIBRARY_PATH", &self.libraries)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| program.display().to_string())
    }
}

/// Free ports, for now.
pub fn free_ports() -> Result<[u16; 3]> {
    let listeners =
        [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&listeners) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

/// Waits until bearerbox prints that line.
async fn wait_for(admin: u16, ready: impl Fn(&str) -> bool) {
    let url = format!("http://127.0.0.1:{admin}/status.txt?password=x");
    eventually("Kannel is up", || async {
        let status = match reqwest::get(&url).await {
            Ok(answer) => answer.text().await?,
            Err(_) => return Ok(None),
        };
        Ok(ready(&status).then_some(()))
    })
    .await;
}

/// What fakesmsc printed: `Got message 1: <8083 84912345678 udh %05%00%03%01%02%01 data %00H%1E%D3…>`; without `udh` if
/// there is one part, and with `text` and plain letters if it is not in UCS-2.
fn received(log: &str) -> Result<Sms> {
    let mut sms = Sms::default();
    for line in log.lines().filter_map(|line| line.split_once("Got message ")?.1.split_once(": <")?.1.strip_suffix('>'))
    {
        let unread = || format!("fakesmsc printed {line}");
        let (sender, rest) = line.split_once(' ').with_context(unread)?;
        let (_, rest) = rest.split_once(' ').with_context(unread)?;
        let rest = rest.strip_prefix("udh ").map_or(Some(rest), |rest| Some(rest.split_once(' ')?.1));
        let (kind, payload) = rest.and_then(|rest| rest.split_once(' ')).with_context(unread)?;
        sms.sender = sender.to_owned();
        sms.ucs2 = kind == "data";
        sms.text += &if sms.ucs2 { utf16(&decoded(payload)?)? } else { payload.to_owned() };
        sms.parts += 1;
    }
    Ok(sms)
}

fn decoded(payload: &str) -> Result<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = payload.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let hex = [rest.next().context("two digits")?, rest.next().context("two digits")?];
                u8::from_str_radix(std::str::from_utf8(&hex)?, 16)?
            }
            other => other,
        });
    }
    Ok(octets)
}

fn utf16(octets: &[u8]) -> Result<String> {
    let units: Vec<u16> = octets.chunks(2).map(|two| u16::from_be_bytes([two[0], *two.get(1).unwrap_or(&0)])).collect();
    Ok(String::from_utf16(&units)?)
}
