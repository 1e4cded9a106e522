//! The bundles of ports on AWS, made once before the first event: for planning, for sending notices, for sending
//! replies, for receipts.

use std::sync::Arc;

use application::ports::{NoticePorts, OutboxPorts, PlanPorts, ReceiptPorts, ReplyPorts};
use application::sending::{NoticeConfig, NoticeSender, ReceiptConfig};

use crate::aws::{self, AwsConfig, DynamoDb, Timeouts};
use crate::clock::SystemClock;
use crate::control::Control;
use crate::deliveries::DynamoDeliveries;
use crate::dossiers::DynamoDossiers;
use crate::events::EventBridge;
use crate::inquiries::DynamoInquiries;
use crate::outbox::DynamoOutbox;
use crate::secret::Secret;
use crate::settings::{SettingError, Settings};
use crate::sms::Carrier;
use crate::vcom::Vcom;

/// The outbox, the event bus and the clock, and what else a function needs.
pub struct AwsPorts<T> {
    outbox: DynamoOutbox,
    events: EventBridge,
    more: T,
}

impl<T: Sync> OutboxPorts for AwsPorts<T> {
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
        &SystemClock
    }
}

impl<T> AwsPorts<T> {
    fn new(settings: &Settings, config: &AwsConfig, dynamodb: &DynamoDb, more: T) -> Result<Self, SettingError> {
        let notices = settings.required("NOTICES_TABLE")?;
        let bus = settings.required("EVENT_BUS_NAME")?;
        let retention_days = settings.parsed("NOTICE_RETENTION_DAYS")?;
        Ok(Self {
            outbox: DynamoOutbox::new(dynamodb.clone(), notices, retention_days),
            events: EventBridge::new(aws::eventbridge(config), bus),
            more,
        })
    }
}

/// What planning needs in addition: of the dossiers only the index by appointment.
pub struct ForPlans {
    appointments: DynamoDossiers,
}

impl PlanPorts for AwsPorts<ForPlans> {
    type Appointments = DynamoDossiers;

    fn appointments(&self) -> &DynamoDossiers {
        &self.more.appointments
    }
}

/// What notices need in addition.
pub struct ForNotices {
    dossiers: DynamoDossiers,
    counter: Control,
    sms: Carrier,
}

impl NoticePorts for AwsPorts<ForNotices> {
    type Dossiers = DynamoDossiers;
    type RateCounter = Control;
    type Sms = Carrier;

    fn dossiers(&self) -> &DynamoDossiers {
        &self.more.dossiers
    }
    fn rate_counter(&self) -> &Control {
        &self.more.counter
    }
    fn sms(&self) -> &Carrier {
        &self.more.sms
    }
}

/// What receipts need in addition.
pub struct ForReceipts {
    deliveries: DynamoDeliveries,
    hold: Control,
}

impl ReceiptPorts for AwsPorts<ForReceipts> {
    type Deliveries = DynamoDeliveries;
    type Hold = Control;

    fn deliveries(&self) -> &DynamoDeliveries {
        &self.more.deliveries
    }
    fn hold(&self) -> &Control {
        &self.more.hold
    }
}

/// What replies need in addition.
pub struct ForReplies {
    inquiries: DynamoInquiries,
    gateways: Vcom,
}

impl ReplyPorts for AwsPorts<ForReplies> {
    type Inquiries = DynamoInquiries;
    type Gateways = Vcom;

    fn inquiries(&self) -> &DynamoInquiries {
        &self.more.inquiries
    }
    fn gateways(&self) -> &Vcom {
        &self.more.gateways
    }
}

/// Makes the ports for planning apologies from the settings.
pub fn planning_from_settings(
    settings: &Settings,
    config: &AwsConfig,
) -> Result<(AwsPorts<ForPlans>, NoticeConfig), SettingError> {
    let notice_config = settings.notice_config()?;
    let dynamodb = aws::dynamodb(config);
    let appointments = DynamoDossiers::reader(dynamodb.clone(), settings.required("DOSSIERS_TABLE")?);
    Ok((AwsPorts::new(settings, config, &dynamodb, ForPlans { appointments })?, notice_config))
}

/// Makes the sender of notices from the settings.
pub fn notices_from_settings(
    settings: &Settings,
    config: &AwsConfig,
    dynamodb: &DynamoDb,
) -> Result<NoticeSender<AwsPorts<ForNotices>>, SettingError> {
    let notice_config = settings.notice_config()?;
    let more = ForNotices {
        dossiers: DynamoDossiers::reader(dynamodb.clone(), settings.required("DOSSIERS_TABLE")?),
        counter: Control::new(dynamodb.clone(), settings.required("CONTROL_TABLE")?),
        sms: Carrier::from_settings(settings, config)?,
    };
    Ok(NoticeSender::new(AwsPorts::new(settings, config, dynamodb, more)?, notice_config))
}

/// Makes the ports for replies from the settings, and their secret, GatewaySecret.
pub fn replies_from_settings(
    settings: &Settings,
    config: &AwsConfig,
    dynamodb: &DynamoDb,
    timeouts: Timeouts,
) -> Result<(AwsPorts<ForReplies>, Arc<Secret>), SettingError> {
    let inquiries = settings.required("INQUIRIES_TABLE")?;
    let retention_days = settings.parsed("INQUIRY_RETENTION_DAYS")?;
    let secret = Arc::new(Secret::new(aws::secrets_manager(config), settings.required("GATEWAY_SECRET")?));
    let more = ForReplies {
        inquiries: DynamoInquiries::new(dynamodb.clone(), inquiries, retention_days),
        gateways: Vcom::new(secret.clone(), timeouts),
    };
    Ok((AwsPorts::new(settings, config, dynamodb, more)?, secret))
}

/// Makes the ports for receipts from the settings.
pub fn receipts_from_settings(
    settings: &Settings,
    config: &AwsConfig,
    dynamodb: &DynamoDb,
) -> Result<(AwsPorts<ForReceipts>, ReceiptConfig), SettingError> {
    let more = ForReceipts {
        deliveries: DynamoDeliveries::new(dynamodb.clone(), settings.required("NOTICES_TABLE")?),
        hold: Control::new(dynamodb.clone(), settings.required("CONTROL_TABLE")?),
    };
    Ok((AwsPorts::new(settings, config, dynamodb, more)?, settings.receipt_config()?))
}
