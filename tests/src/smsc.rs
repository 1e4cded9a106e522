//! An operator's SMS centre for Kannel's SMPP connection: it accepts messages and reports on them as a test tells it to.

use std::collections::VecDeque;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use futures::{SinkExt, StreamExt};
use rusmpp::encode::Length;
use rusmpp::pdus::{BindTransceiverResp, DeliverSm, SubmitSm, SubmitSmResp};
use rusmpp::tlvs::MessageDeliveryRequestTlvValue as Tlv;
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::types::{COctetString, OctetString};
use rusmpp::values::{EsmClass, InterfaceVersion, MessageState, Npi, Ton};
use rusmpp::{Command, CommandStatus, Pdu};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Accepted, and reported with this state of SMPP: `DELIVRD`, `UNDELIV`, `EXPIRED`, `REJECTD`.
    Reported(&'static str),
    /// The same, and the report comes twice.
    ReportedTwice(&'static str),
    /// Accepted, and never reported.
    NotReported,
    /// Not accepted: there is no such number.
    Refused,
}

/// A message that it accepted, all parts joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// As Kannel writes it: digits only.
    pub to: String,
    pub from: String,
    /// Octets of all parts together.
    pub octets: usize,
    pub parts: usize,
}

/// A running SMS centre.
pub struct Smsc {
    pub port: u16,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    fates: VecDeque<Fate>,
    submitted: Vec<Submitted>,
    messages: u32,
}

impl Smsc {
    /// The fates of the next messages, in their order; later ones are delivered.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Ok(Self { port, state })
    }

    pub fn will(&self, fates: impl IntoIterator<Item = Fate>) {
        self.state.lock().expect("no panic holds it").fates.extend(fates);
    }

    pub fn submitted(&self) -> Vec<Submitted> {
        self.state.lock().expect("no panic holds it").submitted.clone()
    }
}

async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> Result<()> {
    let mut link = Framed::new(stream, CommandCodec::new());
    let mut sequence = 1_000_000;
    while let Some(command) = link.next().await {
        let command = command?;
        let number = command.sequence_number();
        match command.pdu().cloned() {
            Some(Pdu::BindTransceiver(_)) => {
                let answer = BindTransceiverResp::builder()
                    .system_id(COctetString::from_str("TESTSMSC")?)
                    .sc_interface_version(Some(InterfaceVersion::Smpp3_4))
                    .build();
                link.send(Command::new(CommandStatus::EsmeRok, number, answer)).await?;
            }
            Some(Pdu::SubmitSm(message)) => {
                let (id, fate) = take(&state, &message);
                if fate == Fate::Refused {
                    let answer = SubmitSmResp::builder().message_id(COctetString::from_str("")?).build();
                    link.send(Command::new(CommandStatus::EsmeRinvdstadr, number, answer)).await?;
                    continue;
                }
                let answer = SubmitSmResp::builder().message_id(COctetString::from_str(&id)?).build();
                link.send(Command::new(CommandStatus::EsmeRok, number, answer)).await?;
                let reports = match fate {
                    Fate::Reported(state) => vec![state],
                    Fate::ReportedTwice(state) => vec![state, state],
                    Fate::NotReported | Fate::Refused => Vec::new(),
                };
                for state in reports {
                    sequence += 1;
                    link.send(Command::new(CommandStatus::EsmeRok, sequence, report(&message, &id, state)?)).await?;
                }
            }
            Some(Pdu::EnquireLink) => {
                link.send(Command::new(CommandStatus::EsmeRok, number, Pdu::EnquireLinkResp)).await?
            }
            Some(Pdu::Unbind) => {
                link.send(Command::new(CommandStatus::EsmeRok, number, Pdu::UnbindResp)).await?;
                return Ok(());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The id of a part, and the fate of its message. Only the first part of a long message asks for a report.
fn take(state: &Mutex<State>, part: &SubmitSm) -> (String, Fate) {
    let mut state = state.lock().expect("no panic holds it");
    state.messages += 1;
    let id = format!("{:08}", state.messages);
    let octets = part.short_message().length();
    let (to, from) = (part.destination_addr.as_str().to_owned(), part.source_addr.as_str().to_owned());
    let is_first = u8::from(part.registered_delivery) & 1 == 1;
    match state.submitted.last_mut().filter(|last| !is_first && last.to == to) {
        Some(last) => {
            last.octets += octets;
            last.parts += 1;
            (id, Fate::NotReported)
        }
        None => {
            state.submitted.push(Submitted { to, from, octets, parts: 1 });
            let fate = state.fates.pop_front().unwrap_or(Fate::Reported("DELIVRD"));
            (id, fate)
        }
    }
}

/// SMPP 3.4, appendix B: a delivery receipt.
fn report(message: &SubmitSm, id: &str, state: &str) -> Result<DeliverSm> {
    let delivered = if state == "DELIVRD" { "001" } else { "000" };
    let text = format!(
        "id:{id} sub:001 dlvrd:{delivered} submit date:2611240500 done date:2611240501 stat:{state} err:000 text:"
    );
    Ok(DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr_npi(Npi::Isdn)
        .source_addr(message.destination_addr.clone())
        .destination_addr(message.source_addr.clone())
        .esm_class(EsmClass::from(0x04_u8))
        .short_message(OctetString::from_string(text)?)
        .push_tlv(Tlv::ReceiptedMessageId(COctetString::from_str(id)?))
        .push_tlv(Tlv::MessageState(match state {
            "DELIVRD" => MessageState::Delivered,
            "EXPIRED" => MessageState::Expired,
            "REJECTD" => MessageState::Rejected,
            _ => MessageState::Undeliverable,
        }))
        .build())
}
