//! What a session did with messages.

/// What one run did, for its log line and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were accepted.
    pub sent: u32,
    /// SMS segments of them.
    pub parts: u32,
    /// Messages refused for good, or given up.
    pub failed: u32,
    /// Messages no longer true.
    pub cancelled: u32,
    /// Apologies past their day.
    pub expired: u32,
    /// Messages left pending: over the rate, outside the window, not accepted this time.
    pub deferred: u32,
    /// Outcomes unknown; taken over when the lease runs out.
    pub in_doubt: u32,
    /// Messages that SNS or a gateway would not take from us: it was not asked further in this run.
    pub refused: u32,
    /// How long the longest due message had been waiting when the queue was first read, in seconds.
    pub oldest_due_seconds: u32,
    /// Rows of the index that can never be claimed: their state contradicts it, or they cannot be read.
    pub unclaimable: u32,
    /// Events that the bus did not take.
    pub events_dropped: u32,
    /// How often the rate limiter's counter was set back from the far future.
    pub counter_resets: u32,
}

/// How far one message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The outbox had it already.
    AlreadyEnqueued,
    /// Another sender has it, or it is finished, or not due.
    Taken,
    /// It can never be claimed.
    Unclaimable,
    /// It is not known: the outbox could not be asked.
    OutOfReach,
    /// It stays pending.
    Deferred,
    /// It reached a final state.
    Finished,
    /// The outcome is unknown.
    InDoubt,
}
