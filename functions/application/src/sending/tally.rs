//! The counts of a session.

/// The counts of one run, for its log line and metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Messages that were accepted.
    pub sent: u32,
    /// The SMS segments of the accepted messages.
    pub parts: u32,
    /// Messages that were permanently refused or given up.
    pub failed: u32,
    /// Messages that were no longer true.
    pub cancelled: u32,
    /// Apologies past their appointment day.
    pub expired: u32,
    /// Messages left pending: over the rate, outside the window, or not accepted this time.
    pub deferred: u32,
    /// Calls that the carrier did not accept, although it may accept the message later, or did not answer.
    pub not_accepted: u32,
    /// Messages whose outcome is unknown; they are taken over when the lease expires.
    pub in_doubt: u32,
    /// Messages that the carrier or a gateway did not let us send (no authorisation, or the account is at fault): it was
    /// not called again in this run.
    pub refused: u32,
    /// How long the longest due message had been waiting when the queue was first read, in seconds.
    pub oldest_due_seconds: u32,
    /// Rows of the index that can never be claimed: their state contradicts the index, or they cannot be read.
    pub unclaimable: u32,
    /// Events that the bus did not accept.
    pub events_dropped: u32,
    /// How often the rate limiter's counter was too far in the future and was set back.
    pub counter_resets: u32,
}

/// The progress of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It was already in the outbox.
    AlreadyEnqueued,
    /// Another sender has it, or it is finished, or it is not due.
    Taken,
    /// It can never be claimed.
    Unclaimable,
    /// Unknown: the outbox was unavailable.
    Unavailable,
    /// It stays pending.
    Deferred,
    /// It reached a final state.
    Finished,
    /// The outcome is unknown.
    InDoubt,
}
