//! Which ports each job needs.

use super::{Appointments, Clock, DossierStore, EventBus, InquiryLog, Outbox, RateCounter, ReplySender, SmsSender};

/// What the delivery of any message needs.
pub trait OutboxPorts: Sync {
    /// See [`Outbox`].
    type Outbox: Outbox;
    /// See [`EventBus`].
    type Events: EventBus;
    /// See [`Clock`].
    type Clock: Clock;

    /// Table `notices`.
    fn outbox(&self) -> &Self::Outbox;
    /// The bus.
    fn events(&self) -> &Self::Events;
    /// The time.
    fn clock(&self) -> &Self::Clock;
}

/// What planning the apologies needs besides.
pub trait PlanPorts: OutboxPorts {
    /// See [`Appointments`].
    type Appointments: Appointments;

    /// The dossiers by appointment.
    fn appointments(&self) -> &Self::Appointments;
}

/// What a notice's delivery needs besides.
pub trait NoticePorts: OutboxPorts {
    /// See [`DossierStore`].
    type Dossiers: DossierStore;
    /// See [`RateCounter`].
    type RateCounter: RateCounter;
    /// See [`SmsSender`].
    type Sms: SmsSender;

    /// Table `dossiers`.
    fn dossiers(&self) -> &Self::Dossiers;
    /// The rate limiter's counter.
    fn rate_counter(&self) -> &Self::RateCounter;
    /// SNS.
    fn sms(&self) -> &Self::Sms;
}

/// What a reply's delivery needs besides.
pub trait ReplyPorts: OutboxPorts {
    /// See [`InquiryLog`].
    type Inquiries: InquiryLog;
    /// See [`ReplySender`].
    type Gateways: ReplySender;

    /// Table `inquiries`.
    fn inquiries(&self) -> &Self::Inquiries;
    /// 8083's gateways.
    fn gateways(&self) -> &Self::Gateways;
}
