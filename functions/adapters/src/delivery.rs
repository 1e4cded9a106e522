//! What the functions that send share: the domain's ports in bundles on AWS, made once before the first event.

use std::sync::Arc;

use application::delivery::{NoticeConfig, NoticeSender, Tally};
use application::ports::{NoticePorts, OutboxPorts, PlanPorts, ReplyPorts};

use crate::aws::{self, AwsConfig, DynamoDb, Timeouts};
use crate::clock::SystemClock;
use crate::control::Control;
use crate::dossiers::DynamoDossiers;
use crate::events::EventBridge;
use crate::inquiries::DynamoInquiries;
use crate::metrics::Metrics;
use crate::outbox::DynamoOutbox;
use crate::secret::Secret;
use crate::settings::{SettingError, Settings};
use crate::sms::Sns;
use crate::vcom::Vcom;

/// A notice's ports on AWS.
pub struct AwsPorts {
    dossiers: DynamoDossiers,
    outbox: DynamoOutbox,
    counter: Control,
    sms: Sns,
    events: EventBridge,
    clock: SystemClock,
}

impl OutboxPorts for AwsPorts {
    type Outbox = DynamoOutbox;
    type Events = EventBridge;
    type Clock = SystemClock;

    fn outbox(&self) -> &DynamoOutbox {
        &self.outbox
    }
    fn events(&self) -> &EventBridge {
        &self.events
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}

impl NoticePorts for AwsPorts {
    type Dossiers = DynamoDossiers;
    type RateCounter = Control;
    type Sms = Sns;

    fn dossiers(&self) -> &DynamoDossiers {
        &self.dossiers
    }
    fn rate_counter(&self) -> &Control {
        &self.counter
    }
    fn sms(&self) -> &Sns {
        &self.sms
    }
}

/// A reply's ports on AWS.
pub struct AwsReplyPorts {
    inquiries: DynamoInquiries,
    outbox: DynamoOutbox,
    gateways: Vcom,
    events: EventBridge,
    clock: SystemClock,
}

impl OutboxPorts for AwsReplyPorts {
    type Outbox = DynamoOutbox;
    type Events = EventBridge;
    type Clock = SystemClock;

    fn outbox(&self) -> &DynamoOutbox {
        &self.outbox
    }
    fn events(&self) -> &EventBridge {
        &self.events
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}

impl ReplyPorts for AwsReplyPorts {
    type Inquiries = DynamoInquiries;
    type Gateways = Vcom;

    fn inquiries(&self) -> &DynamoInquiries {
        &self.inquiries
    }
    fn gateways(&self) -> &Vcom {
        &self.gateways
    }
}

/// What planning needs, on AWS: no SMS, and of the dossiers only the index by appointment.
pub struct AwsPlanPorts {
    appointments: DynamoDossiers,
    outbox: DynamoOutbox,
    events: EventBridge,
    clock: SystemClock,
}

impl OutboxPorts for AwsPlanPorts {
    type Outbox = DynamoOutbox;
    type Events = EventBridge;
    type Clock = SystemClock;

    fn outbox(&self) -> &DynamoOutbox {
        &self.outbox
    }
    fn events(&self) -> &EventBridge {
        &self.events
    }
    fn clock(&self) -> &SystemClock {
        &self.clock
    }
}

impl PlanPorts for AwsPlanPorts {
    type Appointments = DynamoDossiers;

    fn appointments(&self) -> &DynamoDossiers {
        &self.appointments
    }
}

/// Reads the settings of the function that plans apologies and brings them together with its clients.
pub fn planning_from_settings(
    settings: &Settings,
    config: &AwsConfig,
) -> Result<(AwsPlanPorts, NoticeConfig), SettingError> {
    let notice_config = settings.notice_config()?;
    let dossiers = settings.required("DOSSIERS_TABLE")?;
    let notices = settings.required("NOTICES_TABLE")?;
    let bus = settings.required("EVENT_BUS_NAME")?;
    let retention_days = settings.parsed("NOTICE_RETENTION_DAYS")?;

    let dynamodb = aws::dynamodb(config);
    let ports = AwsPlanPorts {
        appointments: DynamoDossiers::reader(dynamodb.clone(), dossiers),
        outbox: DynamoOutbox::new(dynamodb, notices, retention_days),
        events: EventBridge::new(aws::eventbridge(config), bus),
        clock: SystemClock,
    };
    Ok((ports, notice_config))
}

/// Reads the settings of a function that sends notices and brings them together with its clients.
pub fn from_settings(
    settings: &Settings,
    config: &AwsConfig,
    dynamodb: &DynamoDb,
) -> Result<NoticeSender<AwsPorts>, SettingError> {
    let notice_config = settings.notice_config()?;
    let dossiers = settings.required("DOSSIERS_TABLE")?;
    let notices = settings.required("NOTICES_TABLE")?;
    let control = settings.required("CONTROL_TABLE")?;
    let bus = settings.required("EVENT_BUS_NAME")?;
    let retention_days = settings.parsed("NOTICE_RETENTION_DAYS")?;
    let sender_id = settings.sender_id()?;

    let ports = AwsPorts {
        dossiers: DynamoDossiers::reader(dynamodb.clone(), dossiers),
        outbox: DynamoOutbox::new(dynamodb.clone(), notices, retention_days),
        counter: Control::new(dynamodb.clone(), control),
        sms: Sns::new(config, sender_id.as_deref()),
        events: EventBridge::new(aws::eventbridge(config), bus),
        clock: SystemClock,
    };
    Ok(NoticeSender::new(ports, notice_config))
}

/// Reads the settings of a function that sends replies and brings them together with its clients. The secret is GatewaySecret.
pub fn replies_from_settings(
    settings: &Settings,
    config: &AwsConfig,
    dynamodb: &DynamoDb,
    timeouts: Timeouts,
) -> Result<(AwsReplyPorts, Arc<Secret>), SettingError> {
    let inquiries = settings.required("INQUIRIES_TABLE")?;
    let notices = settings.required("NOTICES_TABLE")?;
    let bus = settings.required("EVENT_BUS_NAME")?;
    let secret = settings.required("GATEWAY_SECRET")?;
    let inquiries_kept = settings.parsed("INQUIRY_RETENTION_DAYS")?;
    let notices_kept = settings.parsed("NOTICE_RETENTION_DAYS")?;

    let secret = Arc::new(Secret::new(aws::secrets_manager(config), secret));
    let ports = AwsReplyPorts {
        inquiries: DynamoInquiries::new(dynamodb.clone(), inquiries, inquiries_kept),
        outbox: DynamoOutbox::new(dynamodb.clone(), notices, notices_kept),
        gateways: Vcom::new(secret.clone(), timeouts),
        events: EventBridge::new(aws::eventbridge(config), bus),
        clock: SystemClock,
    };
    Ok((ports, secret))
}

/// Tells what a run did with notices: one log line, and the metrics alarms watch.
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
        ("UnclaimableRows", tally.unclaimable),
        ("EventsDropped", tally.events_dropped),
        ("RateCounterAhead", tally.counter_resets),
    ];
    metrics.emit(counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into())));
}

/// Tells what a run did with replies of 8083.
pub fn report_replies(metrics: &Metrics, run: &str, tally: Tally) {
    if tally == Tally::default() {
        return;
    }
    tracing::info!(
        run,
        replies.sent = tally.sent,
        replies.failed = tally.failed,
        replies.deferred = tally.deferred,
        replies.refused = tally.refused,
        "delivered replies of 8083"
    );
    metrics.emit(reply_counts(tally));
}

/// The metrics of replies that alarms watch.
pub fn reply_counts(tally: Tally) -> impl Iterator<Item = (&'static str, f64)> {
    let counts = [
        ("RepliesSent", tally.sent),
        ("RepliesFailed", tally.failed),
        ("RepliesDeferred", tally.deferred),
        ("RepliesRefused", tally.refused),
        ("UnclaimableRows", tally.unclaimable),
        ("EventsDropped", tally.events_dropped),
    ];
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into()))
}
