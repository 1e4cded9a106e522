//! Everything the three notifying functions share: the domain's [`Delivery`] on AWS, made once before the first event.

use domain::delivery::{Delivery, Tally};
use domain::ports::Ports;

use crate::aws::{self, Patience};
use crate::clock::SystemClock;
use crate::control::Control;
use crate::dossiers::DynamoDossiers;
use crate::events::EventBridge;
use crate::ledger::DynamoLedger;
use crate::metrics::Metrics;
use crate::settings::{SettingError, Settings};
use crate::sms::Sns;

/// The ports on AWS.
pub struct AwsPorts {
    dossiers: DynamoDossiers,
    ledger: DynamoLedger,
    control: Control,
    sms: Sns,
    events: EventBridge,
    clock: SystemClock,
}

impl Ports for AwsPorts {
    type Dossiers = DynamoDossiers;
    type Ledger = DynamoLedger;
    type Budget = Control;
    type Turn = Control;
    type Sms = Sns;
    type Events = EventBridge;
    type Clock = SystemClock;

    fn dossiers(&self) -> &DynamoDossiers {
        &self.dossiers
    }
    fn ledger(&self) -> &DynamoLedger {
        &self.ledger
    }
    fn budget(&self) -> &Control {
        &self.control
    }
    fn turn(&self) -> &Control {
        &self.control
    }
    fn sms(&self) -> &Sns {
        &self.sms
    }
    fn events(&self) -> &EventBridge {
        &self.events
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}

/// Reads the settings and makes the clients.
pub async fn from_settings(settings: &Settings) -> Result<Delivery<AwsPorts>, SettingError> {
    let terms = settings.terms()?;
    let dossiers = settings.required("DOSSIERS_TABLE")?;
    let notices = settings.required("NOTICES_TABLE")?;
    let control = settings.required("CONTROL_TABLE")?;
    let bus = settings.required("EVENT_BUS_NAME")?;
    let retention_days = settings.parsed("NOTICE_RETENTION_DAYS")?;
    let sender_id = settings.optional("SMS_SENDER_ID");

    let config = aws::config(Patience::Background).await;
    let dynamodb = aws::dynamodb(&config);
    let ports = AwsPorts {
        dossiers: DynamoDossiers::reader(dynamodb.clone(), dossiers),
        ledger: DynamoLedger::new(dynamodb.clone(), notices, retention_days),
        control: Control::new(dynamodb, control),
        sms: Sns::new(&config, sender_id.as_deref()),
        events: EventBridge::new(aws::eventbridge(&config), bus),
        clock: SystemClock,
    };
    Ok(Delivery::new(ports, terms))
}

/// Tells what a run did: one log line, and the metrics alarms watch.
pub fn report(metrics: &Metrics, run: &str, tally: Tally) {
    if tally == Tally::default() {
        return;
    }
    tracing::info!(
        run,
        notices.sent = tally.sent,
        notices.failed = tally.failed,
        notices.cancelled = tally.cancelled,
        notices.expired = tally.expired,
        notices.deferred = tally.deferred,
        notices.in_doubt = tally.in_doubt,
        sms.parts = tally.parts,
        sms.refused = tally.refused,
        "delivered notices"
    );
    let counts = [
        ("NoticesSent", tally.sent),
        ("SmsParts", tally.parts),
        ("NoticesFailed", tally.failed),
        ("NoticesExpired", tally.expired),
        ("NoticesCancelled", tally.cancelled),
        ("SmsDeferred", tally.deferred),
        ("SmsInDoubt", tally.in_doubt),
        ("SmsRefused", tally.refused),
        ("OldestDueSeconds", tally.oldest_due_seconds),
    ];
    metrics.emit(counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into())));
}
