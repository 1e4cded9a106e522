//! The application's ports on the [`World`]. Every call can fail.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use application::ports::{
    Advance, Appointments, Claimed, Clock, DeliveryStore, DossierStore, DueRows, Enqueue, EventBus, Hold, InquiryLog,
    Logged, NoticeHistory, NoticePorts, Outbox, OutboxPorts, Page, PageToken, PlanPorts, Put, RateCounter,
    ReceiptPorts, Recorded, ReplyPorts, ReplySender, SendError, SenderCount, SendingHold, Sms, SmsSender, StoreError,
};
use chrono::{DateTime, NaiveDate, Utc};
use domain::dossier::revision::Stored;
use domain::event::Event;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::{Claim, Outcome};
use domain::notice::receipt::Receipt;
use domain::notice::{NoticeKind, Priority};
use domain::notice::{NoticeRecord, NoticeRow};
use domain::{Dossier, InquiryId, NoticeId, Outgoing, Phone, ReceiptCode};

use crate::fault::{CallResult, Faults, ROUND_TRIP};
use crate::world::World;

/// SNS's answer to a message at a moment; None to accept it.
pub type SnsAnswer = dyn Fn(&Phone, DateTime<Utc>) -> Option<SendError> + Send + Sync;

/// The answer of 8083's gateway to a reply at a moment; None to accept it.
pub type GatewayAnswer = dyn Fn(&Inquiry, DateTime<Utc>) -> Option<SendError> + Send + Sync;

/// One sandbox's view of the world.
#[derive(Clone)]
pub struct SimulatedPorts {
    pub world: Arc<World>,
    pub faults: Arc<Faults>,
    /// SNS's answers; None accepts every message.
    pub sns: Arc<SnsAnswer>,
    /// Whether the carrier recognises a repeated request for the same notice.
    pub carrier_knows_repeats: bool,
    /// The gateway's answers to replies; None accepts every reply.
    pub gateway: Arc<GatewayAnswer>,
    /// How long a refusal takes.
    pub gateway_takes: Duration,
    /// The dossier whose notices DynamoDB refuses to update.
    pub unclaimable: Option<String>,
    /// Whether the event bus is unavailable.
    pub bus_is_down: bool,
    /// Whether the count of messages is unavailable.
    pub counter_is_down: bool,
    /// The difference between this sandbox's clock and the world's.
    pub skew: chrono::TimeDelta,
}

/// Dossiers per page of the index.
const PAGE: usize = 500;

impl SimulatedPorts {
    /// A network that accepts everything.
    pub fn new(world: Arc<World>, faults: Arc<Faults>) -> Self {
        Self {
            world,
            faults,
            sns: Arc::new(|_, _| None),
            carrier_knows_repeats: false,
            gateway: Arc::new(|_, _| None),
            gateway_takes: ROUND_TRIP,
            unclaimable: None,
            bus_is_down: false,
            counter_is_down: false,
            skew: chrono::TimeDelta::zero(),
        }
    }

    async fn table<T>(&self, table: &'static str, effect: impl FnOnce(&World) -> T) -> Result<T, StoreError> {
        match self.faults.call(|| effect(&self.world)).await {
            CallResult::Done(done) => Ok(done),
            CallResult::NotDone => Err(StoreError::Unavailable { table, why: "it failed".into() }),
            CallResult::Lost => Err(StoreError::Unavailable { table, why: "no reply".into() }),
        }
    }
}

impl DossierStore for SimulatedPorts {
    async fn get(&self, code: &ReceiptCode) -> Result<Option<Dossier>, StoreError> {
        let (found, unreadable) = self.table("dossiers", |world| (world.get(code), world.unreadable(code))).await?;
        self.world.meter.get_dossier(found.as_ref());
        match unreadable {
            Some(row) => Err(StoreError::Unreadable { item: format!("dossier {code}"), why: row.why }),
            None => Ok(found),
        }
    }

    async fn put(&self, dossier: &Dossier, replaces: &Stored) -> Result<Put, StoreError> {
        let put = self.table("dossiers", |world| world.put(dossier, replaces)).await?;
        self.world.meter.put_dossier(dossier, replaces.dossier(), put == Put::Done);
        Ok(put)
    }
}

impl Appointments for SimulatedPorts {
    async fn appointed_on(&self, day: NaiveDate, page: Option<PageToken>) -> Result<Page, StoreError> {
        let after = page.and_then(|PageToken(code)| ReceiptCode::parse(&code).ok());
        let (dossiers, next) = self.table("dossiers", |world| world.appointed_on(day, after.as_ref(), PAGE)).await?;
        self.world.meter.query_dossiers(&dossiers);
        Ok(Page { dossiers, unreadable: 0, next: next.map(|last| PageToken(last.into())) })
    }
}

impl Outbox for SimulatedPorts {
    async fn enqueue(&self, id: &Outgoing, how: Enqueue, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let enqueued = self.table("notices", |world| world.enqueue(id, how, now)).await?;
        self.world.meter.enqueue(enqueued);
        Ok(enqueued)
    }

    async fn rows_among(&self, ids: &[NoticeId]) -> Result<HashSet<NoticeId>, StoreError> {
        self.world.meter.rows_among(ids.len() as u64);
        self.table("notices", |world| world.rows_among(ids)).await
    }

    async fn claim(&self, id: &Outgoing, owner: String, now: DateTime<Utc>) -> Result<Claimed, StoreError> {
        if self.unclaimable.as_ref().is_some_and(|code| id.to_string().starts_with(code.as_str())) {
            return Err(StoreError::Unavailable { table: "notices", why: "an attribute has the wrong type".into() });
        }
        let claimed = self.table("notices", |world| world.claim(id, owner, now)).await?;
        self.world.meter.claim(matches!(claimed, Claimed::Granted(_)));
        Ok(claimed)
    }

    async fn complete(&self, claim: &Claim, outcome: &Outcome, _: DateTime<Utc>) -> Result<bool, StoreError> {
        let completed = self.table("notices", |world| world.complete(claim, outcome)).await?;
        self.world.meter.complete(outcome, completed);
        Ok(completed)
    }

    async fn due(&self, priority: Priority, by: DateTime<Utc>, limit: usize) -> Result<DueRows, StoreError> {
        let rows = self.table("notices", |world| world.due(priority, by, limit)).await?;
        self.world.meter.due(rows.due.len() as u64);
        Ok(rows)
    }

    async fn rows_of(&self, code: &ReceiptCode, kind: NoticeKind) -> Result<Vec<NoticeRow>, StoreError> {
        self.world.meter.rows_of();
        self.table("notices", |world| world.rows_of(code, kind)).await
    }
}

impl InquiryLog for SimulatedPorts {
    async fn log(&self, inquiry: &Inquiry) -> Result<Logged, StoreError> {
        let logged = self.table("inquiries", |world| world.log(inquiry)).await?;
        self.world.meter.log(inquiry, logged == Logged::New);
        Ok(logged)
    }

    async fn get(&self, id: &InquiryId) -> Result<Option<Inquiry>, StoreError> {
        self.table("inquiries", |world| world.inquiry(id)).await
    }

    async fn count(&self, message: &SenderCount, most: u32) -> Result<Option<u32>, StoreError> {
        if self.counter_is_down {
            return Err(StoreError::Unavailable { table: "inquiries", why: "throttled".into() });
        }
        let counted = self.table("inquiries", |world| world.count(message, most)).await?;
        self.world.meter.count_message(counted.unwrap_or(most).into());
        Ok(counted)
    }

    async fn uncount(&self, message: &SenderCount) -> Result<(), StoreError> {
        self.world.meter.count_message(1);
        self.table("inquiries", |world| world.uncount(message)).await
    }
}

impl RateCounter for SimulatedPorts {
    async fn advance(&self, at_most: i64, to: i64, accepted_at: Option<DateTime<Utc>>) -> Result<Advance, StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.advance(at_most, to, accepted_at)).await
    }

    async fn set_back(&self, beyond: i64, to: i64) -> Result<bool, StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.set_back(beyond, to)).await
    }
}

impl SendingHold for SimulatedPorts {
    async fn start(&self, until: DateTime<Utc>, reason: &str) -> Result<(), StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.start_hold(until, reason)).await
    }

    async fn prolong(&self, seen: &Hold, until: DateTime<Utc>) -> Result<bool, StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.prolong_hold(seen, until)).await
    }

    async fn probed(&self, seen: &Hold) -> Result<(), StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.probed(seen)).await
    }

    async fn end(&self, seen: &Hold) -> Result<(), StoreError> {
        self.world.meter.control();
        self.table("control", |world| world.end_hold(seen)).await
    }
}

impl DeliveryStore for SimulatedPorts {
    async fn find(&self, message_id: &str) -> Result<Option<NoticeId>, StoreError> {
        self.world.meter.find_message();
        self.table("notices", |world| world.find_message(message_id)).await
    }

    async fn record(&self, id: &NoticeId, receipt: &Receipt) -> Result<Recorded, StoreError> {
        let recorded = self.table("notices", |world| world.record(id, receipt)).await?;
        self.world.meter.record_receipt();
        Ok(recorded)
    }
}

impl NoticeHistory for SimulatedPorts {
    async fn history(&self, code: &ReceiptCode) -> Result<Vec<NoticeRecord>, StoreError> {
        self.world.meter.rows_of();
        self.table("notices", |world| world.history(code)).await
    }
}

impl SmsSender for SimulatedPorts {
    async fn send(&self, sms: &Sms<'_>) -> Result<String, SendError> {
        if let Some(error) = (self.sns)(sms.phone, self.world.now()) {
            tokio::time::sleep(ROUND_TRIP).await;
            return Err(error);
        }
        self.world.meter.send(sms.text);
        // The id that the adapter of such a carrier sends.
        let request = self.carrier_knows_repeats.then(|| adapters::sms::esms::request_id(sms));
        let accept = || self.world.accept(sms.id, sms.phone.as_e164(), sms.text, request);
        match self.faults.call(accept).await {
            CallResult::Done(message_id) => Ok(message_id),
            CallResult::NotDone => Err(SendError::NotSent("throttled".into())),
            CallResult::Lost if self.carrier_knows_repeats => Err(SendError::NotSent("no reply".into())),
            CallResult::Lost => Err(SendError::Unknown("no reply".into())),
        }
    }
}

impl ReplySender for SimulatedPorts {
    async fn reply(&self, inquiry: &Inquiry) -> Result<String, SendError> {
        if let Some(error) = (self.gateway)(inquiry, self.world.now()) {
            tokio::time::sleep(self.gateway_takes).await;
            return Err(error);
        }
        match self.faults.call(|| self.world.take_reply(inquiry)).await {
            CallResult::Done(message_id) => Ok(message_id),
            CallResult::NotDone | CallResult::Lost => Err(SendError::NotSent("no reply".into())),
        }
    }
}

impl EventBus for SimulatedPorts {
    async fn publish(&self, events: &[Event]) -> u32 {
        if self.bus_is_down {
            tokio::time::sleep(Duration::from_secs(1)).await;
            return events.len() as u32;
        }
        self.world.meter.publish_events(events.len() as u64);
        match self.faults.call(|| self.world.announce(events)).await {
            CallResult::Done(()) => 0,
            CallResult::NotDone | CallResult::Lost => events.len() as u32,
        }
    }
}

impl Clock for SimulatedPorts {
    fn now(&self) -> DateTime<Utc> {
        self.world.now() + self.skew
    }

    async fn sleep_until(&self, instant: DateTime<Utc>) {
        if let Ok(pause) = (instant - self.now()).to_std() {
            tokio::time::sleep(pause).await;
        }
    }
}

impl OutboxPorts for SimulatedPorts {
    type Outbox = Self;
    type Events = Self;
    type Clock = Self;

    fn outbox(&self) -> &Self {
        self
    }
    fn events(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
}

impl PlanPorts for SimulatedPorts {
    type Appointments = Self;

    fn appointments(&self) -> &Self {
        self
    }
}

impl NoticePorts for SimulatedPorts {
    type Dossiers = Self;
    type RateCounter = Self;
    type Sms = Self;

    fn dossiers(&self) -> &Self {
        self
    }
    fn rate_counter(&self) -> &Self {
        self
    }
    fn sms(&self) -> &Self {
        self
    }
}

impl ReceiptPorts for SimulatedPorts {
    type Deliveries = Self;
    type Hold = Self;

    fn deliveries(&self) -> &Self {
        self
    }
    fn hold(&self) -> &Self {
        self
    }
}

impl ReplyPorts for SimulatedPorts {
    type Inquiries = Self;
    type Gateways = Self;

    fn inquiries(&self) -> &Self {
        self
    }
    fn gateways(&self) -> &Self {
        self
    }
}
