//! Reports a run in its log line and in the metrics that alarms watch.

use application::sending::{ReceiptTally, Tally};

use crate::metrics::Metrics;

/// Reports the notices of a run: one log line, and the metrics that alarms watch.
pub fn notices(metrics: &Metrics, run: &str, tally: Tally) {
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
        "sent notices"
    );
    let counts = [
        ("NoticesSent", tally.sent),
        ("SmsParts", tally.parts),
        ("NoticesFailed", tally.failed),
        ("NoticesExpired", tally.expired),
        ("NoticesCancelled", tally.cancelled),
        ("SmsDeferred", tally.deferred),
        ("SmsInDoubt", tally.in_doubt),
        ("SmsNotAccepted", tally.not_accepted),
        ("SmsRefused", tally.refused),
        ("OldestDueSeconds", tally.oldest_due_seconds),
        ("UnclaimableRows", tally.unclaimable),
        ("EventsDropped", tally.events_dropped),
        ("RateCounterAhead", tally.counter_resets),
    ];
    metrics.emit(above_zero(counts));
}

/// The metrics of receipts that alarms watch.
pub fn receipt_counts(tally: ReceiptTally) -> impl Iterator<Item = (&'static str, f64)> {
    let counts = [
        ("ReceiptsRecorded", tally.recorded),
        ("NoticesDelivered", tally.delivered),
        ("NoticesUndelivered", tally.undelivered),
        ("SmsRefused", tally.our_fault),
        ("NoticesSentAgain", tally.again),
        ("ReceiptsUnknown", tally.unknown),
        ("EventsDropped", tally.events_dropped),
    ];
    above_zero(counts)
}

/// Reports the replies of 8083 of a run.
pub fn replies(metrics: &Metrics, run: &str, tally: Tally) {
    if tally == Tally::default() {
        return;
    }
    tracing::info!(
        run,
        replies.sent = tally.sent,
        replies.failed = tally.failed,
        replies.deferred = tally.deferred,
        replies.refused = tally.refused,
        "sent replies of 8083"
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
    above_zero(counts)
}

fn above_zero<const N: usize>(counts: [(&'static str, u32); N]) -> impl Iterator<Item = (&'static str, f64)> {
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.into()))
}
