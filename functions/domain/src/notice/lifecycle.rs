//! The states of a message: a notice, or a reply of 8083. The outbox makes no transition that is not in the diagram.
//!
//! ```text
//! pending ──claim──▶ sending ──▶ sent
//!    ▲                  │  ╲
//!    ╰────retry later ───╯   ╲─▶ failed | cancelled | expired
//!                       ╰─take over─▶ sending      (the lease ran out: outcome unknown, sent again)
//! ```
//!
//! Only a [`Claim`] can complete a message, and only the outbox grants a claim.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Outgoing, Phone};

/// How long a claim is valid: longer than any function's time-out (15 minutes) plus a clock difference of five minutes.
pub const LEASE: TimeDelta = TimeDelta::minutes(20);
/// Publish only while this much of the lease is left: a clock difference of five minutes, and the carrier's time-out.
pub const LEASE_MARGIN: TimeDelta = TimeDelta::minutes(6);

/// The state of a message; the outbox's attribute `state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Enqueued; sent when it is due.
    Pending,
    /// A sender holds a lease on it and may be publishing it.
    Sending,
    /// The carrier accepted it. Final.
    Sent,
    /// Permanently refused, or attempts used up. Final; the reason is kept and an alarm reports it.
    Failed,
    /// No longer true. Final.
    Cancelled,
    /// An apology after its appointment day. Final.
    Expired,
}

impl State {
    pub const ALL: [Self; 6] = [Self::Pending, Self::Sending, Self::Sent, Self::Failed, Self::Cancelled, Self::Expired];

    /// No transition leaves it: any other state can be claimed.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Sending)
    }

    /// Its name in the outbox.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not the name of a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state of a notice")]
pub struct NotAState(String);

impl FromStr for State {
    type Err = NotAState;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| NotAState(text.to_owned()))
    }
}

/// The right to send one message and to write its outcome, until the lease expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub id: Outgoing,
    /// The owner: unique to this claim.
    pub owner: String,
    pub lease_until: DateTime<Utc>,
    /// The number of claims so far, this one included.
    pub attempts: u32,
}

impl Claim {
    /// Whether enough of the lease is left to publish.
    pub fn covers(&self, now: DateTime<Utc>) -> bool {
        now + LEASE_MARGIN <= self.lease_until
    }
}

/// The result of a claim. A claim without a result (a crash, an unknown outcome) is taken over when its lease expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the carrier, or by 8083's gateway.
    Sent(Acceptance),
    /// Definitely not sent; due again at `due_at`.
    NotSent {
        due_at: DateTime<Utc>,
        /// Whether the attempt counts: not if it was our own fault.
        counted: bool,
        /// Kept for a person who reads the row.
        reason: String,
    },
    /// Permanently refused, or attempts used up.
    Failed(String),
    /// The phone number was permanently refused.
    WrongNumber(String),
    /// No longer true.
    Cancelled(&'static str),
    /// The dossier has no mobile number any more.
    NoMobile(&'static str),
    /// An apology after its appointment day.
    Expired,
}

impl Outcome {
    /// The state of the message afterwards.
    pub fn state(&self) -> State {
        match self {
            Self::Sent(_) => State::Sent,
            Self::NotSent { .. } => State::Pending,
            Self::Failed(_) | Self::WrongNumber(_) => State::Failed,
            Self::Cancelled(_) | Self::NoMobile(_) => State::Cancelled,
            Self::Expired => State::Expired,
        }
    }

    /// Whether the citizen was not informed because of the phone number: the first usable number requires the notice
    /// again.
    pub fn phone_at_fault(&self) -> bool {
        matches!(self, Self::WrongNumber(_) | Self::NoMobile(_))
    }
}

/// What the outbox keeps of an accepted message.
#[derive(Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The message's id at the carrier or at the gateway.
    pub message_id: String,
    /// SMS segments.
    pub parts: u32,
    pub sent_at: DateTime<Utc>,
    /// None for a reply: the inquiry's row has both.
    pub copy: Option<SentCopy>,
}

/// What an office may be asked for later: the text that was sent, and the number.
#[derive(Clone, PartialEq, Eq)]
pub struct SentCopy {
    pub phone: Phone,
    pub text: String,
}

impl fmt::Debug for Acceptance {
    /// Shows neither the number nor the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acceptance")
            .field("message_id", &self.message_id)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acceptance() -> Acceptance {
        let phone = Phone::parse("0912345678").expect("a mobile number");
        let copy = Some(SentCopy { phone, text: "TB: Hồ sơ …".to_owned() });
        Acceptance { message_id: "m-1".into(), parts: 3, sent_at: DateTime::UNIX_EPOCH, copy }
    }

    /// Every transition: a claim leads to `sending`, and the outcome of a claim leads away from it.
    fn transitions() -> Vec<(State, &'static str, State)> {
        let outcomes = [
            ("retry later", Outcome::NotSent { due_at: DateTime::UNIX_EPOCH, counted: true, reason: String::new() }),
            ("send", Outcome::Sent(acceptance())),
            ("fail", Outcome::Failed(String::new())),
            ("fail", Outcome::WrongNumber(String::new())),
            ("cancel", Outcome::Cancelled("")),
            ("cancel", Outcome::NoMobile("")),
            ("expire", Outcome::Expired),
        ];
        let claims = State::ALL.into_iter().filter(|from| !from.is_final());
        let claims = claims.map(|from| (from, "claim", State::Sending));
        let completed = outcomes.map(|(transition, outcome)| (State::Sending, transition, outcome.state()));
        claims.chain(completed).collect()
    }

    #[test]
    fn only_the_transitions_of_the_diagram_are_valid() {
        let mut valid: Vec<String> =
            transitions().into_iter().map(|(from, transition, to)| format!("{from} -{transition}-> {to}")).collect();
        valid.dedup();
        assert_eq!(
            valid,
            [
                "pending -claim-> sending",
                "sending -claim-> sending",
                "sending -retry later-> pending",
                "sending -send-> sent",
                "sending -fail-> failed",
                "sending -cancel-> cancelled",
                "sending -expire-> expired",
            ]
        );
    }

    #[test]
    fn a_final_state_has_no_transition() {
        for state in State::ALL {
            assert_eq!(state.is_final(), transitions().iter().all(|(from, ..)| *from != state), "{state}");
            assert_eq!(state.as_str().parse(), Ok(state));
        }
    }

    #[test]
    fn an_acceptance_shows_neither_the_number_nor_the_text() {
        assert_eq!(format!("{:?}", acceptance()), r#"Acceptance { message_id: "m-1", parts: 3, .. }"#);
    }

    #[test]
    fn nothing_is_published_on_the_last_minutes_of_a_lease() {
        let now: DateTime<Utc> = "2026-11-24T10:30:00Z".parse().unwrap();
        let claim = Claim {
            id: crate::InquiryId::new("vcom", "1").expect("an id").into(),
            owner: "me".into(),
            lease_until: now + LEASE,
            attempts: 1,
        };
        assert!(claim.covers(now));
        assert!(claim.covers(now + LEASE - LEASE_MARGIN));
        assert!(!claim.covers(now + LEASE - LEASE_MARGIN + TimeDelta::seconds(1)));
    }
}
