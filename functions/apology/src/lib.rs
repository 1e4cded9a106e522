//! "Vào thời điểm 17 giờ 30 hàng ngày": finds tomorrow's dossiers that have no result, and enqueues an apology for
//! each. The event "Apologies Planned" at the end starts the sender.
//!
//! Planning is idempotent: a second pass, a retry or a run after a crash enqueues nothing twice.

use std::collections::HashSet;

use application::ports::{Appointments, Clock, Enqueue, EventBus, Outbox, PlanPorts, StoreError};
use application::sending::{NoticeConfig, SENDING_RUN};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::{day_in_vietnam, tomorrow_in_vietnam};
use domain::event::Event;
use domain::notice::decision::needs_apology;
use domain::text::messages;
use domain::text::sms::Sms;
use domain::{Dossier, NoticeId, NoticeKey};
use futures::StreamExt;
use serde::Deserialize;

/// The part of the rule's event that is needed.
#[derive(Debug, Deserialize)]
pub struct Scheduled {
    /// The scheduled time, in UTC: a late retry still means the same tomorrow.
    pub time: DateTime<Utc>,
}

/// Rows that are put concurrently.
const AT_ONCE: usize = 64;
/// Rows that are put per second: they all have one key of the index `open`, which takes 1,000 writes per second, and
/// the sender writes there at the same time.
const ROWS_A_SECOND: usize = 700;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// Dossiers with that appointment.
    pub due: u64,
    /// Apologies enqueued by this run.
    pub planned: u64,
    /// Apologies enqueued before (the second pass).
    pub already_planned: u64,
    /// SMS segments of those enqueued by this run.
    pub parts: u64,
    /// SMS segments of all apologies for that day, sent or not.
    pub parts_in_all: u64,
    /// Rows of the index that cannot be read.
    pub unreadable: u64,
    /// Rows that could not be put; the run must be repeated.
    pub unavailable: u64,
    /// How long after the window's close the last apology would be sent, in minutes.
    pub overrun_minutes: i64,
    /// Events that the bus did not accept. The sender then starts with the next minute.
    pub events_dropped: u32,
}

/// The result of an evening's run.
#[derive(Debug, Default)]
pub struct Evening {
    /// What was planned, also if the run failed half-way.
    pub plan: Plan,
    /// Why the run ended early; it must be repeated.
    pub failed: Option<StoreError>,
}

/// Plans the apologies of one evening and announces the counts.
pub async fn plan_evening<P: PlanPorts>(ports: &P, config: &NoticeConfig, event: &Scheduled) -> Evening {
    let tomorrow = tomorrow_in_vietnam(event.time);
    let now = ports.clock().now();
    if tomorrow < day_in_vietnam(now) {
        tracing::warn!(appointment_on = %tomorrow, "no apologies are planned for a past day");
        return Evening::default();
    }
    let mut planning = Planning { ports, config, tomorrow, next_page_at: now, plan: Plan::default() };
    let failed = planning.all_pages().await.err();
    let mut plan = planning.plan;
    plan.overrun_minutes = overrun_minutes(config, plan.parts_in_all, ports.clock().now());
    let planned = Event::ApologiesPlanned {
        appointment_on: tomorrow,
        due: plan.due,
        planned: plan.planned,
        already_planned: plan.already_planned,
        parts: plan.parts,
    };
    plan.events_dropped = ports.events().publish(&[planned]).await;
    Evening { plan, failed }
}

struct Planning<'a, P> {
    ports: &'a P,
    config: &'a NoticeConfig,
    tomorrow: NaiveDate,
    /// The next page is not put before this time, so that the index is not throttled.
    next_page_at: DateTime<Utc>,
    plan: Plan,
}

/// An apology that a dossier needs, and its SMS segments.
struct Needed {
    id: NoticeId,
    parts: u64,
}

impl<P: PlanPorts> Planning<'_, P> {
    async fn all_pages(&mut self) -> Result<(), StoreError> {
        let mut page = None;
        loop {
            let found = self.ports.appointments().appointed_on(self.tomorrow, page).await?;
            self.plan.due += found.dossiers.len() as u64;
            self.plan.unreadable += found.unreadable as u64;
            self.page(&found.dossiers).await;
            page = match found.next {
                Some(next) => Some(next),
                None => return Ok(()),
            };
        }
    }

    /// Enqueues a page's apologies. Those that were enqueued before are read, a hundred rows per call, and not put
    /// again: the second pass costs almost nothing, and a run that crashed is resumed where it was, even with a slow
    /// table.
    async fn page(&mut self, dossiers: &[Dossier]) {
        let closed_steps = &self.config.closed_steps;
        let needed = dossiers.iter().filter(|dossier| needs_apology(dossier, self.tomorrow, closed_steps));
        let needed: Vec<Needed> = needed.map(|dossier| self.needed(dossier)).collect();
        self.plan.parts_in_all += needed.iter().map(|needed| needed.parts).sum::<u64>();
        let ids: Vec<NoticeId> = needed.iter().map(|needed| needed.id.clone()).collect();
        let rows = self.ports.outbox().rows_among(&ids).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "it is not known which apologies are in the outbox: each is put");
            HashSet::new()
        });
        self.plan.already_planned += rows.len() as u64;
        let new: Vec<&Needed> = needed.iter().filter(|needed| !rows.contains(&needed.id)).collect();
        self.keep_the_pace(new.len()).await;
        self.enqueue(new).await;
    }

    async fn enqueue(&mut self, needed: Vec<&Needed>) {
        let (ports, window) = (self.ports, &self.config.window);
        let mut puts = futures::stream::iter(needed)
            .map(async |needed| {
                let now = ports.clock().now();
                let when_open = Enqueue::Pending { due_at: window.next_open(now) };
                (needed, ports.outbox().enqueue(&needed.id.clone().into(), when_open, now).await)
            })
            .buffer_unordered(AT_ONCE);
        while let Some((needed, put)) = puts.next().await {
            match put {
                Ok(false) => self.plan.already_planned += 1,
                Ok(true) => {
                    self.plan.planned += 1;
                    self.plan.parts += needed.parts;
                }
                Err(error) => {
                    self.plan.unavailable += 1;
                    tracing::error!(receipt_code = %needed.id.receipt_code, %error, "an apology could not be enqueued");
                }
            }
        }
    }

    /// Waits until so many more rows may be put. Every put counts, also if the row exists: it uses the same capacity.
    /// Time lost by a slow table or a slow read is not made up for.
    async fn keep_the_pace(&mut self, rows: usize) {
        let clock = self.ports.clock();
        clock.sleep_until(self.next_page_at).await;
        self.next_page_at = clock.now() + TimeDelta::milliseconds((rows * 1_000 / ROWS_A_SECOND) as i64);
    }

    fn needed(&self, dossier: &Dossier) -> Needed {
        let key = NoticeKey::Apology(self.tomorrow);
        let text = self.config.accents.apply(messages::notice(&key, dossier, &self.config.office));
        let parts = u64::from(Sms::new(&text).parts);
        Needed { id: NoticeId::new(dossier.receipt_code().clone(), key), parts }
    }
}

/// How long after the sending window's close the last of `parts` would be sent, at the rate of all senders, in minutes.
///
/// Messages are sent for [`SENDING_RUN`] of each minute, and results use a part of the rate at the same time: a
/// twentieth is added for them. A second pass counts again what was sent since the first: a warning a few minutes too
/// early is better than one too late.
fn overrun_minutes(config: &NoticeConfig, parts: u64, now: DateTime<Utc>) -> i64 {
    let sending = config.rate.time_for(parts + parts / 20);
    let takes = sending * 60 / SENDING_RUN.num_seconds() as i32;
    let last = config.window.next_open(now) + takes;
    config.window.next_close(now).map_or(0, |closes| (last - closes).num_minutes().max(0))
}
