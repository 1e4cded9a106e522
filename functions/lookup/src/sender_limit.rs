//! The per-sender limit: after so many different messages of a phone in a minute, each further one gets a hint and reads
//! no dossier.
//!
//! The count is one conditional write at the same time as the read of the dossier, so it does not delay an ordinary
//! inquiry. It is shared by all sandboxes and exact. A sandbox that has seen a phone reach its limit counts before it
//! reads; another sandbox reads it with its first message, whose dossier is read and not used. A message whose count
//! fails is answered.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Mutex;

use application::locked;
use application::ports::{InquiryLog, SenderCount, StoreError};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::Phone;

use crate::message::{Message, fingerprint};

/// The limit counts by calendar minutes.
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Parameter `PerSenderLimit`, and the phones that this sandbox has seen reach it.
pub struct SenderLimit {
    most: u32,
    full: Mutex<Full>,
}

/// The windows of one minute that have reached the limit.
#[derive(Default)]
struct Full {
    over_at: DateTime<Utc>,
    windows: HashSet<String>,
}

impl SenderLimit {
    /// `most`: different messages of a phone in a minute.
    pub fn new(most: u32) -> Self {
        Self { most, full: Mutex::default() }
    }

    /// What `read` reads, or `None` where the message is over the limit. A message without a sender is not counted.
    pub(crate) async fn unless_over_limit<T>(
        &self,
        log: &impl InquiryLog,
        message: Option<&SenderCount>,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Option<T>, StoreError> {
        let Some(message) = message else { return read.await.map(Some) };
        if self.is_full(message) {
            return if self.admits(log, message).await { read.await.map(Some) } else { Ok(None) };
        }
        let (admitted, read) = tokio::join!(self.admits(log, message), read);
        if admitted { read.map(Some) } else { Ok(None) }
    }

    async fn admits(&self, log: &impl InquiryLog, message: &SenderCount) -> bool {
        match log.count(message, self.most).await {
            Ok(Some(counted)) => {
                if counted >= self.most {
                    self.remember(message);
                }
                true
            }
            Ok(None) => {
                self.remember(message);
                false
            }
            Err(error) => {
                tracing::warn!(%error, "a phone's messages are not counted, and all are answered");
                true
            }
        }
    }

    fn is_full(&self, message: &SenderCount) -> bool {
        let full = locked(&self.full);
        full.over_at == message.over_at && full.windows.contains(&message.window)
    }

    fn remember(&self, message: &SenderCount) {
        let mut full = locked(&self.full);
        if full.over_at != message.over_at {
            *full = Full { over_at: message.over_at, windows: HashSet::new() };
        }
        full.windows.insert(message.window.clone());
    }
}

/// How a message is counted; `inquiry` is its row's key. A phone has one count, however its gateways write its number.
pub(crate) fn counted(message: &Message, inquiry: &str, now: DateTime<Utc>) -> Option<SenderCount> {
    let sender = message.sender.trim();
    if sender.is_empty() {
        return None;
    }
    let phone = Phone::parse(sender).map_or_else(|_| sender.to_owned(), |phone| phone.as_e164().to_owned());
    let over_at = minute(now) + MINUTE;
    Some(SenderCount {
        window: fingerprint(&format!("{phone}\n{}", over_at.timestamp())),
        message: fingerprint(inquiry),
        over_at,
    })
}

/// The start of the minute that contains an instant.
pub(crate) fn minute(instant: DateTime<Utc>) -> DateTime<Utc> {
    instant.duration_trunc(MINUTE).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_counted_by_the_minute_in_any_spelling_and_never_stored() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let window = |sender: &str, time: &str| {
            let counted = counted(&Message::new(None, Some(sender), None), "kannel#1", at(time))?;
            assert!(!format!("{counted:?}").contains("912345678"));
            Some(counted.window)
        };
        let first = window("84912345678", "2026-11-24T10:30:00Z");
        assert!(first.is_some());
        assert_eq!(first, window("0912345678", "2026-11-24T10:30:59.9Z"));
        assert_eq!(first, window(" +84912345678", "2026-11-24T10:30:01Z"));
        assert_ne!(first, window("84912345678", "2026-11-24T10:31:00Z"));
        assert_ne!(first, window("84912345679", "2026-11-24T10:30:00Z"));
        assert_ne!(window("8083", "2026-11-24T10:30:00Z"), window("8084", "2026-11-24T10:30:00Z"));
        assert_eq!(window(" ", "2026-11-24T10:30:00Z"), None);
    }
}
