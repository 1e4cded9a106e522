//! `ApologyFunction`: an EventBridge rule, 17:30 Asia/Ho_Chi_Minh, and its second pass at 17:35.

use adapters::aws::Timeouts;
use adapters::redacted::Redacted;
use adapters::start::{Start, start};
use anyhow::ensure;
use apology::{Evening, Scheduled};
use lambda_runtime::{LambdaEvent, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Start { settings, metrics, config } = &start(Timeouts::Background)?;
    let (ports, notice_config) = &adapters::port_bundles::planning_from_settings(settings, config)?;

    run(service_fn(async |event: LambdaEvent<Redacted<Scheduled>>| {
        let Evening { plan, failed } = apology::plan_evening(ports, notice_config, &event.payload.0).await;
        let is_complete = failed.is_none() && plan.unavailable == 0;
        let said =
            if is_complete { "planned the evening's apologies" } else { "planned a part of the evening's apologies" };
        tracing::info!(
            plan.due,
            plan.planned,
            plan.already_planned,
            plan.parts,
            plan.unreadable,
            plan.overrun_minutes,
            "{said}"
        );
        metrics.emit([
            ("ApologyRuns", f64::from(is_complete)),
            ("ApologiesPlanned", plan.planned as f64),
            ("PlanOverrunMinutes", plan.overrun_minutes as f64),
            ("DossiersUnreadable", plan.unreadable as f64),
            ("EventsDropped", f64::from(plan.events_dropped)),
        ]);
        if let Some(error) = failed {
            return Err(error.into());
        }
        ensure!(
            plan.unavailable == 0,
            "{} apologies could not be enqueued: the run is to be repeated",
            plan.unavailable
        );
        Ok(())
    }))
    .await
    .map_err(anyhow::Error::from_boxed)
}
