//! Báo phát: what a carrier reports about a message that it had accepted (a delivery receipt), and what follows from it.
//!
//! `sent` says that the carrier accepted the message. A carrier can drop it later: a number that has opted out, a spent
//! limit, a phone that is switched off.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::NoticeId;

/// What became of a message; the outbox's attribute `delivery`. It only moves forward, in this order: a report that
/// contradicts an earlier one replaces it only if it comes later in this order: the more definite report is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// The carrier does not know, and will not know later.
    Unknown,
    /// It did not arrive.
    Undelivered,
    /// The phone received it; in Vietnam often only the network did (docs/on-call.md).
    Delivered,
}

impl Delivery {
    pub const ALL: [Self; 3] = [Self::Unknown, Self::Undelivered, Self::Delivered];

    /// Its name in the outbox.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Undelivered => "undelivered",
            Self::Delivered => "delivered",
        }
    }

    /// What may be in the outbox before this is written there.
    pub fn earlier(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |other| *other < self)
    }
}

/// Why a message did not arrive; the outbox's attribute `delivery_reason`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The account's limit or balance is spent.
    SpendLimit,
    /// The message costs more than the account allows for one.
    MaxPrice,
    /// The carrier does not accept the text.
    Body,
    /// The carrier does not accept the sender name, or took the message for spam.
    Sender,
    /// The account is locked or not set up.
    Account,
    /// There is no such number.
    InvalidNumber,
    /// The citizen does not want messages of this sender.
    OptedOut,
    /// The phone or its network blocks messages to it.
    Blocked,
    /// The phone or its network could not be reached.
    Unreachable,
    /// It could not be delivered in the time given.
    Expired,
    /// The carrier says no more.
    Unknown,
}

/// What helps if a message did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// It is our own fault: the account, its settings or the text must be corrected.
    Configuration,
    /// Another number, from the citizen or the one-stop shop.
    Number,
    /// To send it again later: the cause passes.
    Retry,
    /// It is not known.
    Unknown,
}

impl Reason {
    pub const ALL: [Self; 11] = [
        Self::SpendLimit,
        Self::MaxPrice,
        Self::Body,
        Self::Sender,
        Self::Account,
        Self::InvalidNumber,
        Self::OptedOut,
        Self::Blocked,
        Self::Unreachable,
        Self::Expired,
        Self::Unknown,
    ];

    /// Its name in the outbox and in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SpendLimit => "spend_limit",
            Self::MaxPrice => "max_price",
            Self::Body => "body",
            Self::Sender => "sender",
            Self::Account => "account",
            Self::InvalidNumber => "invalid_number",
            Self::OptedOut => "opted_out",
            Self::Blocked => "blocked",
            Self::Unreachable => "unreachable",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }

    /// The reason of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether the next message would meet the same, to whomever it goes.
    pub fn concerns_every_message(self) -> bool {
        matches!(self, Self::SpendLimit | Self::MaxPrice | Self::Account)
    }

    /// Whether another number is what may help.
    pub fn concerns_the_number(self) -> bool {
        matches!(self.remedy(), Remedy::Number | Remedy::Unknown)
    }

    pub fn remedy(self) -> Remedy {
        match self {
            Self::SpendLimit | Self::MaxPrice | Self::Body | Self::Sender | Self::Account => Remedy::Configuration,
            Self::InvalidNumber | Self::OptedOut | Self::Blocked => Remedy::Number,
            Self::Unreachable | Self::Expired => Remedy::Retry,
            Self::Unknown => Remedy::Unknown,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A carrier's report about one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Receipt {
    pub message: Reported,
    pub delivery: Delivery,
    /// Why it did not arrive; None if it did.
    pub reason: Option<Reason>,
    /// What the carrier says about it.
    pub words: CarrierWords,
    /// When the carrier wrote the report.
    pub at: DateTime<Utc>,
    pub price: Option<Price>,
    /// SMS segments that the carrier counted.
    pub parts: Option<u32>,
}

impl Receipt {
    /// What must be done about it.
    pub fn remedy(&self) -> Option<Remedy> {
        (self.delivery == Delivery::Undelivered).then(|| self.reason.map_or(Remedy::Unknown, Reason::remedy))
    }
}

/// How a report names its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// By the id that the carrier gave when it accepted the message. Other senders may share the account.
    MessageId(String),
    /// By the notice that we named when we sent it.
    Notice(NoticeId),
}

/// The price of a message, as the carrier reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    amount: f64,
    currency: &'static str,
}

/// Above any price of one message in any currency; DynamoDB refuses numbers of more than 38 digits.
const MOST_PRICE: f64 = 1e9;

impl Price {
    /// None if the amount is not a price.
    pub fn new(amount: f64, currency: &'static str) -> Option<Self> {
        (0.0..=MOST_PRICE).contains(&amount).then_some(Self { amount, currency })
    }

    pub fn amount(self) -> f64 {
        self.amount
    }

    /// ISO 4217.
    pub fn currency(self) -> &'static str {
        self.currency
    }
}

/// A carrier's own words in a receipt or an error, without what could be a phone number: every digit is a star.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarrierWords(String);

/// The longest words that are kept, in characters.
const MOST_WORDS: usize = 200;

impl CarrierWords {
    pub fn new(words: &str) -> Self {
        let kept = words.trim().chars().take(MOST_WORDS);
        Self(kept.map(|letter| if letter.is_numeric() { '*' } else { letter }).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CarrierWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_delivery_only_moves_forward() {
        let before = |delivery: Delivery| delivery.earlier().map(Delivery::as_str).collect::<Vec<_>>();
        assert_eq!(before(Delivery::Unknown), [""; 0]);
        assert_eq!(before(Delivery::Undelivered), ["unknown"]);
        assert_eq!(before(Delivery::Delivered), ["unknown", "undelivered"]);
    }

    #[test]
    fn an_event_has_the_words_of_the_outbox() {
        for delivery in Delivery::ALL {
            assert_eq!(serde_json::to_value(delivery).unwrap(), delivery.as_str());
        }
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(Reason::named(reason.as_str()), Some(reason));
        }
    }

    #[test]
    fn only_what_did_not_arrive_needs_a_remedy() {
        let receipt = |delivery, reason| Receipt {
            message: Reported::MessageId("m-1".into()),
            delivery,
            reason,
            words: CarrierWords::default(),
            at: DateTime::UNIX_EPOCH,
            price: None,
            parts: None,
        };
        assert_eq!(receipt(Delivery::Delivered, None).remedy(), None);
        assert_eq!(receipt(Delivery::Unknown, Some(Reason::Unknown)).remedy(), None);
        assert_eq!(receipt(Delivery::Undelivered, Some(Reason::SpendLimit)).remedy(), Some(Remedy::Configuration));
        assert_eq!(receipt(Delivery::Undelivered, Some(Reason::OptedOut)).remedy(), Some(Remedy::Number));
        assert_eq!(receipt(Delivery::Undelivered, Some(Reason::Unreachable)).remedy(), Some(Remedy::Retry));
        assert_eq!(receipt(Delivery::Undelivered, None).remedy(), Some(Remedy::Unknown));
    }

    #[test]
    fn a_phone_number_in_the_carriers_words_is_starred() {
        for (words, kept) in [
            ("Phone 84912345678 is off", "Phone *********** is off"),
            (" id:7 err:0x0B ", "id:* err:*x*B"),
            ("０９１２", "****"),
        ] {
            assert_eq!(CarrierWords::new(words).as_str(), kept);
        }
    }

    #[test]
    fn a_price_is_a_number_of_money() {
        assert!(Price::new(0.139_89, "USD").is_some() && Price::new(0.0, "VND").is_some());
        assert!([-1.0, 1e300, f64::NAN, f64::INFINITY].iter().all(|amount| Price::new(*amount, "USD").is_none()));
    }

    proptest! {
        #[test]
        fn every_digit_is_masked(words in "\\PC{0,300}") {
            let kept = CarrierWords::new(&words);
            prop_assert!(!kept.as_str().contains(char::is_numeric));
            prop_assert!(kept.as_str().chars().count() <= MOST_WORDS);
        }
    }
}
