//! A notice's row in the outbox, as the other notices of its dossier need it.

use chrono::{DateTime, Utc};

use super::lifecycle::State;
use super::{NoticeKey, Sending};
use crate::Phone;

/// The part of a notice's row that other notices of its dossier need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRow {
    pub key: NoticeKey,
    pub state: State,
    /// It was cancelled or refused for its phone number, or a receipt says that it did not arrive: carriers often say no
    /// reason. See [`Outcome::phone_at_fault`](super::lifecycle::Outcome::phone_at_fault).
    pub phone_at_fault: bool,
    /// A receipt says that it arrived.
    pub arrived: bool,
    /// The number at which it did not arrive, if the carrier's reason is that number, or is not known.
    pub unreached: Option<Phone>,
    pub enqueued_at: DateTime<Utc>,
    /// When it may be claimed; None if it is finished.
    pub due_at: Option<DateTime<Utc>>,
}

impl NoticeRow {
    /// The rows of a dossier's notices, one a notice: where there is a later sending, the last one says what became of the
    /// notice, unless it was not sent because it was not needed any more.
    pub fn one_a_notice(sendings: impl IntoIterator<Item = (Sending, Self)>) -> Vec<Self> {
        let (mut rows, mut later): (Vec<_>, Vec<_>) =
            sendings.into_iter().partition(|(sending, _)| *sending == Sending::First);
        later.sort_by_key(|(sending, _)| *sending);
        for (_, later) in later {
            let first = rows.iter_mut().map(|(_, row)| row).find(|row| row.key == later.key);
            if let Some(first) = first.filter(|_| !matches!(later.state, State::Cancelled | State::Expired)) {
                *first = Self {
                    arrived: first.arrived || later.arrived,
                    unreached: first.unreached.take(),
                    enqueued_at: first.enqueued_at,
                    ..later
                };
            }
        }
        rows.into_iter().map(|(_, row)| row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(state: State, phone_at_fault: bool, arrived: bool) -> NoticeRow {
        let (key, enqueued_at) = (NoticeKey::Result(3), DateTime::UNIX_EPOCH);
        NoticeRow { key, state, phone_at_fault, arrived, unreached: None, enqueued_at, due_at: None }
    }

    fn both(first: NoticeRow, second: NoticeRow) -> NoticeRow {
        let rows = NoticeRow::one_a_notice([(Sending::Again, second), (Sending::First, first)]);
        rows.into_iter().next().expect("a row")
    }

    #[test]
    fn the_second_sending_says_what_became_of_the_notice() {
        let undelivered = || row(State::Sent, true, false);
        assert_eq!(
            both(undelivered(), row(State::Pending, false, false)).state,
            State::Pending,
            "it is still to be sent"
        );
        assert_eq!(both(undelivered(), row(State::Failed, true, false)).state, State::Failed);
        let arrived = both(undelivered(), row(State::Sent, false, true));
        assert!(arrived.arrived && !arrived.phone_at_fault);
        let late = both(row(State::Sent, false, true), row(State::Cancelled, false, false));
        assert!(late.arrived && late.state == State::Sent, "the first one arrived after all");
        assert!(both(undelivered(), row(State::Expired, false, false)).phone_at_fault);
    }

    #[test]
    fn the_last_of_several_sendings_says_it() {
        let by_hand = |count| Sending::ByHand { day: "2026-11-26".parse().unwrap(), count };
        let rows = NoticeRow::one_a_notice([
            (by_hand(2), row(State::Pending, false, false)),
            (Sending::First, row(State::Sent, true, false)),
            (by_hand(1), row(State::Failed, true, false)),
            (Sending::Again, row(State::Cancelled, false, false)),
        ]);
        assert_eq!(rows.into_iter().map(|row| row.state).collect::<Vec<_>>(), [State::Pending]);
    }
}
