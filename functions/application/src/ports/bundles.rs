//! Which ports each job needs.

use super::{
    Appointments, Clock, DeliveryStore, DossierStore, EventBus, InquiryLog, Outbox, RateCounter, ReplySender,
    SendingHold, SmsSender,
};

/// What every sender of messages needs.
pub trait OutboxPorts: Sync {
    type Outbox: Outbox;
    type Events: EventBus;
    type Clock: Clock;

    fn outbox(&self) -> &Self::Outbox;
    fn events(&self) -> &Self::Events;
    fn clock(&self) -> &Self::Clock;
}

/// What the planning of apologies needs in addition.
pub trait PlanPorts: OutboxPorts {
    type Appointments: Appointments;

    fn appointments(&self) -> &Self::Appointments;
}

/// What the sending of notices needs in addition.
pub trait NoticePorts: OutboxPorts {
    type Dossiers: DossierStore;
    type RateCounter: RateCounter;
    type Sms: SmsSender;

    fn dossiers(&self) -> &Self::Dossiers;
    fn rate_counter(&self) -> &Self::RateCounter;
    fn sms(&self) -> &Self::Sms;
}

/// What the carriers' receipts need in addition.
pub trait ReceiptPorts: OutboxPorts {
    type Deliveries: DeliveryStore;
    type Hold: SendingHold;

    fn deliveries(&self) -> &Self::Deliveries;
    fn hold(&self) -> &Self::Hold;
}

/// What the sending of replies needs in addition.
pub trait ReplyPorts: OutboxPorts {
    type Inquiries: InquiryLog;
    type Gateways: ReplySender;

    fn inquiries(&self) -> &Self::Inquiries;
    fn gateways(&self) -> &Self::Gateways;
}
