//! "Vào thời điểm 17 giờ 30 hàng ngày": finds tomorrow's dossiers that have no result, owes each an apology, and
//! begins to send.
//!
//! Planning is idempotent: a second pass, a retry or a run that was killed half-way owes nothing twice.

use std::collections::HashSet;

use application::delivery::{NoticeSender, NoticeSession, Progress, SENDING_RUN, Tally};
use application::ports::{Clock, DossierStore, NoticePorts, Outbox, StoreError};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::{day_in_vietnam, tomorrow_in_vietnam};
use domain::event::Event;
use domain::notice::decision::needs_apology;
use domain::text::messages;
use domain::text::sms::Sms;
use domain::{Dossier, NoticeId, NoticeKey};
use futures::StreamExt;
use serde::Deserialize;

/// The rule's event, as far as it matters. `time` is the scheduled time: a late retry still means the same tomorrow.
#[derive(Debug, Deserialize)]
pub struct Scheduled {
    /// In UTC.
    pub time: DateTime<Utc>,
}

/// Rows put at once.
const AT_ONCE: usize = 64;
/// What is planned is sent for so long by this function; `redeliver` goes on with the rest.
const RUN: TimeDelta = TimeDelta::seconds(50);
/// Left at the end for a message under way: SNS's time-out and its mark.
const MARGIN: TimeDelta = TimeDelta::seconds(14);
/// A drain that is just ending is waited for.
const PATIENCE: TimeDelta = TimeDelta::seconds(4);

/// An evening's plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// Dossiers with that appointment.
    pub due: u64,
    /// Apologies newly owed.
    pub planned: u64,
    /// Apologies owed before (the second pass).
    pub already_planned: u64,
    /// SMS segments of the newly owed.
    pub parts: u64,
    /// SMS segments of all that are owed for that day, sent or not.
    pub parts_in_all: u64,
    /// Dossiers of the index that cannot be read.
    pub unreadable: u64,
    /// Rows that could not be put; the run is to be repeated.
    pub out_of_reach: u64,
    /// How long after the window's close the last of them would go, in minutes.
    pub overrun_minutes: i64,
}

/// What an evening's run did.
#[derive(Debug, Default)]
pub struct Evening {
    /// What was planned.
    pub plan: Plan,
    /// What was sent.
    pub sent: Tally,
    /// Why it ended early: the run is to be repeated.
    pub failed: Option<StoreError>,
}

/// Plans, announces the counts, and sends until the run is over. `request` is unique to the invocation.
///
/// What was done is told also where the run failed half-way.
pub async fn apologise<P: NoticePorts>(
    delivery: &NoticeSender<P>,
    event: &Scheduled,
    request: &str,
    deadline: DateTime<Utc>,
) -> Evening {
    let tomorrow = tomorrow_in_vietnam(event.time);
    let started = delivery.ports().clock().now();
    if tomorrow < day_in_vietnam(started) {
        tracing::warn!(appointment_on = %tomorrow, "an evening of the past is not apologised for");
        return Evening::default();
    }
    let planning = delivery.run(request, started + RUN);
    let mut plan = Plan::default();
    let planned = plan_all(delivery, &planning, tomorrow, &mut plan).await;
    plan.overrun_minutes = overrun_minutes(delivery, plan.parts_in_all);
    planning.announce(Event::ApologiesPlanned {
        appointment_on: tomorrow,
        due: plan.due,
        planned: plan.planned,
        already_planned: plan.already_planned,
        parts: plan.parts,
    });
    // Its tally counts as deferred what the plan counts as planned.
    let events_dropped = planning.finish().await.events_dropped;
    if let Err(error) = planned {
        return Evening { plan, sent: Tally { events_dropped, ..Tally::default() }, failed: Some(error) };
    }
    let sending = delivery.run(request, (delivery.ports().clock().now() + RUN).min(deadline - MARGIN));
    let drained = sending.drain_alone(PATIENCE).await;
    let mut sent = sending.finish().await;
    sent.events_dropped += events_dropped;
    Evening { plan, sent, failed: drained.err() }
}

async fn plan_all<P: NoticePorts>(
    delivery: &NoticeSender<P>,
    run: &NoticeSession<'_, P>,
    tomorrow: NaiveDate,
    plan: &mut Plan,
) -> Result<(), StoreError> {
    let mut page = None;
    loop {
        let found = delivery.ports().dossiers().appointed_on(tomorrow, page).await?;
        plan.due += found.dossiers.len() as u64;
        plan.unreadable += found.unreadable as u64;
        plan_page(delivery, run, tomorrow, &found.dossiers, plan).await;
        page = match found.next {
            Some(next) => Some(next),
            None => return Ok(()),
        };
    }
}

/// Owes a page's apologies. What was owed before is read, a hundred rows a call, and not put again: the second pass
/// costs next to nothing, and a run that was killed is resumed where it was, however slow the table is.
async fn plan_page<P: NoticePorts>(
    delivery: &NoticeSender<P>,
    run: &NoticeSession<'_, P>,
    tomorrow: NaiveDate,
    dossiers: &[Dossier],
    plan: &mut Plan,
) {
    let closed_steps = &delivery.notice_config().closed_steps;
    let owed: Vec<_> = dossiers
        .iter()
        .filter(|dossier| needs_apology(dossier, tomorrow, closed_steps))
        .map(|dossier| (dossier, id(dossier, tomorrow), u64::from(parts(delivery, dossier, tomorrow))))
        .collect();
    plan.parts_in_all += owed.iter().map(|(_, _, parts)| parts).sum::<u64>();
    let ids: Vec<NoticeId> = owed.iter().map(|(_, id, _)| id.clone()).collect();
    let rows = delivery.ports().outbox().rows_among(&ids).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "it is not known which apologies are owed already: each is put");
        HashSet::new()
    });
    plan.already_planned += rows.len() as u64;
    let mut outcomes = futures::stream::iter(owed.iter().filter(|(_, id, _)| !rows.contains(id)))
        .map(async |(dossier, id, parts)| (dossier, parts, run.enqueue_when_open(id).await))
        .buffer_unordered(AT_ONCE);
    while let Some((dossier, parts, owed)) = outcomes.next().await {
        match owed {
            Ok(Progress::NotOurs) => plan.already_planned += 1,
            Ok(_) => {
                plan.planned += 1;
                plan.parts += parts;
            }
            Err(error) => {
                plan.out_of_reach += 1;
                tracing::error!(receipt_code = %dossier.receipt_code, %error, "an apology could not be owed");
            }
        }
    }
}

fn id(dossier: &Dossier, tomorrow: NaiveDate) -> NoticeId {
    NoticeId { receipt_code: dossier.receipt_code.clone(), key: NoticeKey::Apology(tomorrow) }
}

fn parts<P: NoticePorts>(delivery: &NoticeSender<P>, dossier: &Dossier, tomorrow: NaiveDate) -> u32 {
    let notice_config = delivery.notice_config();
    let text = messages::notice(&NoticeKey::Apology(tomorrow), dossier, &notice_config.office);
    Sms::new(&notice_config.accents.apply(text)).parts
}

/// How long after the sending window's close the last of `parts` would go, at the fleet's rate, in minutes.
///
/// What waits is sent for [`SENDING_RUN`] of each minute, and results take their share of the rate meanwhile: a
/// twentieth is reckoned for them. A second pass counts what was sent since the first once more: rather a warning a few
/// minutes too early than one too late.
fn overrun_minutes<P: NoticePorts>(delivery: &NoticeSender<P>, parts: u64) -> i64 {
    let now = delivery.ports().clock().now();
    let notice_config = delivery.notice_config();
    let sending = notice_config.rate.time_for(parts + parts / 20);
    let takes = sending * 60 / SENDING_RUN.num_seconds() as i32;
    let last = notice_config.window.next_open(now) + takes;
    notice_config.window.next_close(now).map_or(0, |closes| (last - closes).num_minutes().max(0))
}
