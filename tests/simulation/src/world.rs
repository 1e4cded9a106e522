//! The tables, the phone network and the clock, in memory.
//!
//! Conditions are checked and applied in one step, as in DynamoDB; the indexes lag.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use application::locked;
use application::ports::{Advance, Claimed, Due, DueRows, Enqueue, Hold, Logged, Put, Recorded, SenderCount};
use chrono::{DateTime, TimeDelta, Utc};
use domain::dossier::revision::{Stored, UnreadableRow};
use domain::event::Event;
use domain::inquiry::Inquiry;
use domain::notice::lifecycle::{Acceptance, Claim, LEASE, Outcome, State};
use domain::notice::receipt::{Delivery, Reason, Receipt};
use domain::notice::{DeliveryReport, NoticeRecord, NoticeRow};
use domain::notice::{NoticeKind, Priority};
use domain::{Dossier, InquiryId, NoticeId, NoticeKey, Outgoing, Phone, ReceiptCode};

use crate::meter::Meter;

/// The longest delay of an index.
pub const INDEX_LAG: TimeDelta = TimeDelta::milliseconds(700);

/// An outbox row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub state: State,
    /// When it may be claimed.
    pub due_at: DateTime<Utc>,
    pub attempts: u32,
    pub owner: Option<String>,
    /// The reason of its state.
    pub reason: Option<String>,
    /// Whether it was cancelled or refused because of its phone number.
    pub phone_at_fault: bool,
    /// When it was enqueued.
    pub enqueued_at: DateTime<Utc>,
    /// What the carrier accepted.
    pub accepted: Option<Acceptance>,
    /// What the carrier reported, and why it did not arrive.
    pub delivery: Option<(Delivery, Option<Reason>)>,
    /// When the carrier wrote that.
    pub delivery_at: Option<DateTime<Utc>>,
}

impl Row {
    /// See [`NoticeRow::phone_at_fault`].
    fn was_the_numbers_fault(&self) -> bool {
        match (self.state, self.delivery) {
            (State::Sent, delivery) => delivery.is_some_and(|(delivery, _)| delivery == Delivery::Undelivered),
            _ => self.phone_at_fault,
        }
    }

    /// See [`NoticeRow::unreached`].
    fn unreached(&self) -> Option<Phone> {
        let (delivery, reason) = self.delivery?;
        let concerns_the_number = delivery == Delivery::Undelivered && reason.is_none_or(Reason::concerns_the_number);
        let sent_to = self.accepted.as_ref()?.copy.as_ref()?.phone.clone();
        concerns_the_number.then_some(sent_to)
    }

    fn record(&self, id: &NoticeId) -> NoticeRecord {
        let row = NoticeRow {
            key: id.key,
            state: self.state,
            phone_at_fault: self.was_the_numbers_fault(),
            arrived: self.delivery.is_some_and(|(delivery, _)| delivery == Delivery::Delivered),
            unreached: self.unreached(),
            enqueued_at: self.enqueued_at,
            due_at: (!self.state.is_final()).then_some(self.due_at),
        };
        let report = |(delivery, reason)| DeliveryReport { delivery, at: self.delivery_at, reason };
        NoticeRecord {
            sending: id.sending,
            row,
            attempts: self.attempts,
            sent_at: self.accepted.as_ref().map(|accepted| accepted.sent_at),
            reason: self.reason.clone(),
            report: self.delivery.map(report),
            copy: self.accepted.as_ref().and_then(|accepted| accepted.copy.clone()),
        }
    }
}

/// What a report of `delivery` may be written beside.
fn may_be_reported(state: State, delivery: Delivery) -> bool {
    matches!(state, State::Sending | State::Sent) || state == State::Pending && delivery == Delivery::Delivered
}

/// A message the network accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub at: DateTime<Utc>,
    pub message_id: String,
    /// What it was sent for.
    pub notice: NoticeId,
    /// In E.164.
    pub phone: String,
    pub text: String,
}

/// A call for a reply that 8083's gateway accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replied {
    pub at: DateTime<Utc>,
    pub inquiry: InquiryId,
    pub text: String,
    /// Whether the gateway sent it to the phone; it does not send a repeated one.
    pub delivered: bool,
}

/// A write to table `dossiers`, as its stream shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub old: Option<Dossier>,
    /// After; None for a removal.
    pub new: Option<Dossier>,
    pub at: DateTime<Utc>,
}

/// A value, and the older value that an index may still show.
#[derive(Debug, Clone)]
struct Indexed<T> {
    now: T,
    before: Option<T>,
    since: DateTime<Utc>,
}

impl<T: Clone> Indexed<T> {
    fn seen_at(&self, now: DateTime<Utc>) -> Option<&T> {
        if now - self.since >= INDEX_LAG { Some(&self.now) } else { self.before.as_ref() }
    }

    fn write(&mut self, value: T, now: DateTime<Utc>) {
        let old = std::mem::replace(&mut self.now, value);
        self.before = Some(old);
        self.since = now;
    }
}

#[derive(Default)]
struct Tables {
    dossiers: BTreeMap<ReceiptCode, Indexed<Dossier>>,
    /// Rows that are not a valid dossier.
    unreadable: BTreeMap<ReceiptCode, UnreadableRow>,
    stream: Vec<Written>,
    messages: BTreeMap<Outgoing, Indexed<Row>>,
    open: HashMap<Priority, BTreeMap<(DateTime<Utc>, Outgoing), ()>>,
    inquiries: BTreeMap<InquiryId, Inquiry>,
    replies: Vec<Replied>,
    sender_counts: BTreeMap<String, BTreeSet<String>>,
    free_at: Option<i64>,
    hold: Option<Hold>,
    /// The message id of each request id, and how many requests were repeated.
    requests: HashMap<String, String>,
    repeats: usize,
    accepted_at: Option<DateTime<Utc>>,
    accepted: Vec<Accepted>,
    events: Vec<Event>,
}

/// Everything outside the functions.
pub struct World {
    tables: Mutex<Tables>,
    /// The cost of everything.
    pub meter: Meter,
    began: (tokio::time::Instant, DateTime<Utc>),
}

impl World {
    /// An empty world at that moment. Time is tokio's: it is paused in tests, and sleeping moves it on.
    pub fn at(began: DateTime<Utc>) -> Self {
        Self { tables: Mutex::default(), meter: Meter::default(), began: (tokio::time::Instant::now(), began) }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.began.1 + self.began.0.elapsed()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        locked(&self.tables)
    }

    /// Writes a dossier without any condition, as a test or another system does.
    pub fn write(&self, dossier: Dossier) {
        let (now, mut tables) = (self.now(), self.tables());
        tables.unreadable.remove(dossier.receipt_code());
        let old = tables.dossiers.get(dossier.receipt_code()).map(|kept| kept.now.clone());
        tables.stream.push(Written { old, new: Some(dossier.clone()), at: now });
        match tables.dossiers.get_mut(dossier.receipt_code()) {
            Some(kept) => kept.write(dossier, now),
            None => {
                tables
                    .dossiers
                    .insert(dossier.receipt_code().clone(), Indexed { now: dossier, before: None, since: now });
            }
        }
    }

    /// Writes a row that is not a valid dossier, as an edit by hand does; `revision` if it has a number.
    pub fn write_unreadable(&self, code: &ReceiptCode, revision: Option<u64>) {
        let mut tables = self.tables();
        tables.dossiers.remove(code);
        let why = "received_on must be a date, yyyy-mm-dd".to_owned();
        let revision = revision.map(|revision| revision.to_string());
        tables.unreadable.insert(code.clone(), UnreadableRow { revision, why });
    }

    /// Changes only the state of a row, as a person in the console can: the index still shows the row.
    pub fn edit_state(&self, id: &NoticeId, state: State) {
        let (now, mut tables) = (self.now(), self.tables());
        let kept = tables.messages.get_mut(&Outgoing::from(id.clone())).expect("a row");
        let edited = Row { state, ..kept.now.clone() };
        kept.write(edited, now);
    }

    /// Sets the rate limiter's counter, as an edit by hand does.
    pub fn edit_counter(&self, free_at: i64) {
        self.tables().free_at = Some(free_at);
    }

    /// Puts a dossier as a restored table has it: the new table's stream has no record of it.
    pub fn restore(&self, dossier: Dossier) {
        let (now, mut tables) = (self.now(), self.tables());
        tables.dossiers.insert(dossier.receipt_code().clone(), Indexed { now: dossier, before: None, since: now });
    }

    /// Removes a dossier.
    pub fn remove(&self, code: &ReceiptCode) {
        let (now, mut tables) = (self.now(), self.tables());
        if let Some(kept) = tables.dossiers.remove(code) {
            tables.stream.push(Written { old: Some(kept.now), new: None, at: now });
        }
    }

    pub fn stored(&self, code: &ReceiptCode) -> Option<Dossier> {
        self.get(code)
    }

    /// The hashes of phones and of their messages, which the per-sender limit counts.
    pub fn sender_counts(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.tables().sender_counts.clone()
    }

    /// A dossier that must exist.
    pub fn dossier(&self, code: &ReceiptCode) -> Dossier {
        self.get(code).expect("the dossier is there")
    }

    /// The stream from a place on.
    pub fn stream_from(&self, place: usize) -> Vec<Written> {
        self.tables().stream.get(place..).unwrap_or_default().to_vec()
    }

    /// The outbox's notices.
    pub fn outbox(&self) -> BTreeMap<NoticeId, Row> {
        self.rows(|id| if let Outgoing::Notice(id) = id { Some(id.clone()) } else { None })
    }

    /// The outbox's replies.
    pub fn replies(&self) -> BTreeMap<InquiryId, Row> {
        self.rows(|id| if let Outgoing::Reply(id) = id { Some(id.clone()) } else { None })
    }

    fn rows<K: Ord>(&self, of: impl Fn(&Outgoing) -> Option<K>) -> BTreeMap<K, Row> {
        self.tables().messages.iter().filter_map(|(id, row)| Some((of(id)?, row.now.clone()))).collect()
    }

    /// The calls that 8083's gateway accepted.
    pub fn replied(&self) -> Vec<Replied> {
        self.tables().replies.clone()
    }

    /// The inquiries to 8083, by id.
    pub fn inquiries(&self) -> BTreeMap<InquiryId, Inquiry> {
        self.tables().inquiries.clone()
    }

    /// How many messages are not finished.
    pub fn unfinished(&self) -> usize {
        self.tables().open.values().map(BTreeMap::len).sum()
    }

    /// The SMS that the network accepted.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.tables().accepted.clone()
    }

    /// The published events.
    pub fn events(&self) -> Vec<Event> {
        self.tables().events.clone()
    }

    pub(crate) fn get(&self, code: &ReceiptCode) -> Option<Dossier> {
        self.tables().dossiers.get(code).map(|kept| kept.now.clone())
    }

    /// The row that is not a valid dossier, or None.
    pub(crate) fn unreadable(&self, code: &ReceiptCode) -> Option<UnreadableRow> {
        self.tables().unreadable.get(code).cloned()
    }

    pub(crate) fn put(&self, dossier: &Dossier, replaces: &Stored) -> Put {
        let code = &dossier.receipt_code();
        let found = match self.unreadable(code) {
            Some(row) => Stored::Unreadable(row),
            None => Stored::from(self.get(code)),
        };
        let same = match (&found, replaces) {
            (Stored::Nothing, Stored::Nothing) => true,
            (Stored::Dossier(found), Stored::Dossier(seen)) => found.revision() == seen.revision(),
            (Stored::Unreadable(found), Stored::Unreadable(seen)) => found.revision == seen.revision,
            _ => false,
        };
        if !same {
            return Put::Overtaken(found);
        }
        self.write(dossier.clone());
        Put::Done
    }

    /// A page of the index by appointment.
    pub(crate) fn appointed_on(
        &self,
        day: chrono::NaiveDate,
        after: Option<&ReceiptCode>,
        most: usize,
    ) -> (Vec<Dossier>, Option<ReceiptCode>) {
        use std::ops::Bound::{Excluded, Unbounded};
        let (now, tables) = (self.now(), self.tables());
        let from = after.map_or(Unbounded, Excluded);
        let mut page: Vec<Dossier> = tables
            .dossiers
            .range::<ReceiptCode, _>((from, Unbounded))
            .filter_map(|(_, kept)| kept.seen_at(now))
            .filter(|dossier| dossier.appointment_on() == day)
            .take(most + 1)
            .cloned()
            .collect();
        let more = page.len() > most;
        page.truncate(most);
        let next = if more { page.last().map(|last| last.receipt_code().clone()) } else { None };
        (page, next)
    }

    pub(crate) fn enqueue(&self, id: &Outgoing, how: Enqueue, enqueued_at: DateTime<Utc>) -> bool {
        let (now, mut tables) = (self.now(), self.tables());
        let (state, due_at, attempts, owner) = match how {
            Enqueue::Pending { due_at } => (State::Pending, due_at, 0, None),
            Enqueue::Claimed(claim) => (State::Sending, claim.lease_until, claim.attempts, Some(claim.owner)),
        };
        if let Some(row) = tables.messages.get(id) {
            return owner.is_some() && row.now.owner == owner && row.now.state == State::Sending;
        }
        let row = Row {
            state,
            due_at,
            attempts,
            owner,
            reason: None,
            phone_at_fault: false,
            enqueued_at,
            accepted: None,
            delivery: None,
            delivery_at: None,
        };
        tables.messages.insert(id.clone(), Indexed { now: row, before: None, since: now });
        tables.open.entry(id.priority()).or_default().insert((due_at, id.clone()), ());
        true
    }

    /// An eventually consistent read: it returns older rows.
    pub(crate) fn rows_among(&self, ids: &[NoticeId]) -> HashSet<NoticeId> {
        let (now, tables) = (self.now(), self.tables());
        let shown = |id: &&NoticeId| {
            tables.messages.get(&Outgoing::from((*id).clone())).is_some_and(|row| row.seen_at(now).is_some())
        };
        ids.iter().filter(shown).cloned().collect()
    }

    pub(crate) fn claim(&self, id: &Outgoing, owner: String, now: DateTime<Utc>) -> Claimed {
        let (written, mut tables) = (self.now(), self.tables());
        let Some(kept) = tables.messages.get_mut(id) else { return Claimed::Taken };
        let row = kept.now.clone();
        if row.owner.as_ref() == Some(&owner) && row.state == State::Sending {
            let (lease_until, attempts) = (row.due_at, row.attempts);
            return Claimed::Granted(Claim { id: id.clone(), owner, lease_until, attempts });
        }
        if row.state.is_final() {
            let shown = tables.open.entry(id.priority()).or_default().remove(&(row.due_at, id.clone()));
            return shown.map_or(Claimed::Taken, |()| Claimed::Contradictory(row.state.to_string()));
        }
        if row.due_at > now {
            return Claimed::Taken;
        }
        let claim = Claim { id: id.clone(), owner, lease_until: now + LEASE, attempts: row.attempts + 1 };
        let taken = Row {
            state: State::Sending,
            due_at: claim.lease_until,
            attempts: claim.attempts,
            owner: Some(claim.owner.clone()),
            ..row.clone()
        };
        kept.write(taken, written);
        let open = tables.open.entry(id.priority()).or_default();
        open.remove(&(row.due_at, id.clone()));
        open.insert((claim.lease_until, id.clone()), ());
        Claimed::Granted(claim)
    }

    pub(crate) fn complete(&self, claim: &Claim, outcome: &Outcome) -> bool {
        let (now, mut tables) = (self.now(), self.tables());
        let Some(kept) = tables.messages.get_mut(&claim.id) else { return false };
        let row = kept.now.clone();
        let state = outcome.state();
        if row.owner.as_ref() != Some(&claim.owner) || row.state != State::Sending {
            return state.is_final() && row.owner.as_ref() == Some(&claim.owner) && row.state == state;
        }
        let mut completed = Row { state, phone_at_fault: outcome.phone_at_fault(), ..row.clone() };
        match outcome {
            Outcome::NotSent { due_at, counted, reason } => {
                completed.due_at = *due_at;
                completed.attempts = claim.attempts - u32::from(!counted);
                completed.reason = Some(reason.clone());
                completed.owner = None;
            }
            Outcome::Failed(reason) | Outcome::WrongNumber(reason) => completed.reason = Some(reason.clone()),
            Outcome::Cancelled(reason) | Outcome::NoMobile(reason) => completed.reason = Some((*reason).to_owned()),
            Outcome::Sent(acceptance) => completed.accepted = Some(acceptance.clone()),
            Outcome::Expired => {}
        }
        kept.write(completed.clone(), now);
        let open = tables.open.entry(claim.id.priority()).or_default();
        open.remove(&(row.due_at, claim.id.clone()));
        if !state.is_final() {
            open.insert((completed.due_at, claim.id.clone()), ());
        }
        true
    }

    /// The index over unfinished rows, which lags.
    pub(crate) fn due(&self, priority: Priority, by: DateTime<Utc>, limit: usize) -> DueRows {
        let (now, tables) = (self.now(), self.tables());
        let Some(open) = tables.open.get(&priority) else { return DueRows::default() };
        let due = open
            .keys()
            .take_while(|(due_at, _)| *due_at <= by)
            .filter(|(_, id)| tables.messages.get(id).is_some_and(|row| row.seen_at(now).is_some()))
            .take(limit)
            .map(|(due_at, id)| Due { id: id.clone(), due_at: *due_at })
            .collect();
        DueRows { due, unreadable: 0 }
    }

    /// The rows of one dossier and kind, as they are now.
    pub(crate) fn rows_of(&self, code: &ReceiptCode, kind: NoticeKind) -> Vec<NoticeRow> {
        let of_kind = self.history(code).into_iter().filter(|record| record.row.key.kind() == kind);
        NoticeRow::one_a_notice(of_kind.map(|record| (record.sending, record.row)))
    }

    /// Every row of one dossier, as it is now.
    pub(crate) fn history(&self, code: &ReceiptCode) -> Vec<NoticeRecord> {
        let tables = self.tables();
        let first = NoticeId::new(code.clone(), NoticeKey::Result(0));
        let of_code = tables.messages.range(Outgoing::from(first)..).map_while(|(other, row)| match other {
            Outgoing::Notice(id) if id.receipt_code == *code => Some((id, &row.now)),
            _ => None,
        });
        of_code.map(|(id, row)| row.record(id)).collect()
    }

    /// Logged once per id; a repeated delivery gets the first reply.
    pub(crate) fn log(&self, inquiry: &Inquiry) -> Logged {
        let mut tables = self.tables();
        let Some(first) = tables.inquiries.get(&inquiry.id) else {
            tables.inquiries.insert(inquiry.id.clone(), inquiry.clone());
            return Logged::New;
        };
        if (&first.text, &first.sender) != (&inquiry.text, &inquiry.sender) {
            return Logged::Conflicting;
        }
        Logged::Repeated(Box::new(first.clone()))
    }

    pub(crate) fn inquiry(&self, id: &InquiryId) -> Option<Inquiry> {
        self.tables().inquiries.get(id).cloned()
    }

    /// A gateway sends one reply per inquiry, and answers that it already has any other.
    pub(crate) fn take_reply(&self, inquiry: &Inquiry) -> String {
        let at = self.now();
        let mut tables = self.tables();
        let delivered = !tables.replies.iter().any(|taken| taken.inquiry == inquiry.id);
        tables.replies.push(Replied { at, inquiry: inquiry.id.clone(), text: inquiry.reply.clone(), delivered });
        format!("reply-{}", inquiry.id.message())
    }

    pub(crate) fn count(&self, message: &SenderCount, most: u32) -> Option<u32> {
        let mut tables = self.tables();
        let messages = tables.sender_counts.entry(message.window.clone()).or_default();
        if !messages.contains(&message.message) && messages.len() >= most as usize {
            return None;
        }
        messages.insert(message.message.clone());
        Some(messages.len() as u32)
    }

    pub(crate) fn uncount(&self, message: &SenderCount) {
        self.tables().sender_counts.entry(message.window.clone()).or_default().remove(&message.message);
    }

    pub(crate) fn advance(&self, at_most: i64, to: i64, accepted_at: Option<DateTime<Utc>>) -> Advance {
        let mut tables = self.tables();
        match (&tables.hold, tables.free_at) {
            (Some(hold), _) => Advance::Held(hold.clone()),
            (None, Some(free_at)) if free_at > at_most => Advance::Taken(free_at),
            _ => {
                tables.free_at = Some(to);
                let before = tables.accepted_at;
                tables.accepted_at = accepted_at.or(before);
                Advance::Granted(before)
            }
        }
    }

    pub(crate) fn set_back(&self, beyond: i64, to: i64) -> bool {
        let mut tables = self.tables();
        let moves = tables.free_at.is_some_and(|free_at| free_at > beyond);
        if moves {
            tables.free_at = Some(to);
        }
        moves
    }

    pub(crate) fn start_hold(&self, until: DateTime<Utc>, reason: &str) {
        self.tables().hold = Some(Hold { until, reason: reason.to_owned(), probed: false });
    }

    pub(crate) fn prolong_hold(&self, seen: &Hold, until: DateTime<Utc>) -> bool {
        let mut tables = self.tables();
        let unchanged = tables.hold.as_ref() == Some(seen) && !seen.probed;
        if unchanged {
            tables.hold = Some(Hold { until, ..seen.clone() });
        }
        unchanged
    }

    pub(crate) fn probed(&self, seen: &Hold) {
        if let Some(hold) = self.tables().hold.as_mut().filter(|hold| hold.until == seen.until) {
            hold.probed = true;
        }
    }

    pub(crate) fn end_hold(&self, seen: &Hold) {
        let mut tables = self.tables();
        if tables.hold.as_ref().is_some_and(|hold| hold.until == seen.until) {
            tables.hold = None;
        }
    }

    /// Whether nothing may be sent.
    pub fn is_on_hold(&self) -> bool {
        self.tables().hold.is_some()
    }

    /// `request`: the id by which the carrier recognises a repeated request. It accepts one message for an id, and answers
    /// a repeated request as the first.
    pub(crate) fn accept(&self, notice: &NoticeId, phone: &str, text: &str, request: Option<String>) -> String {
        let at = self.now();
        let mut tables = self.tables();
        if let Some(before) = request.as_ref().and_then(|request| tables.requests.get(request)).cloned() {
            tables.repeats += 1;
            return before;
        }
        let message_id = format!("message-{}", tables.accepted.len() + 1);
        tables.requests.extend(request.map(|request| (request, message_id.clone())));
        let (phone, text) = (phone.to_owned(), text.to_owned());
        tables.accepted.push(Accepted { at, message_id: message_id.clone(), notice: notice.clone(), phone, text });
        message_id
    }

    /// How many requests the carrier recognised as repeated.
    pub fn repeats(&self) -> usize {
        self.tables().repeats
    }

    /// The index by message, which lags.
    pub(crate) fn find_message(&self, message_id: &str) -> Option<NoticeId> {
        let (now, tables) = (self.now(), self.tables());
        tables.messages.iter().find_map(|(id, row)| match id {
            Outgoing::Notice(id) if row.seen_at(now)?.accepted.as_ref()?.message_id == message_id => Some(id.clone()),
            _ => None,
        })
    }

    pub(crate) fn record(&self, id: &NoticeId, receipt: &Receipt) -> Recorded {
        let (now, mut tables) = (self.now(), self.tables());
        let Some(kept) = tables.messages.get_mut(&Outgoing::from(id.clone())) else { return Recorded::NoRow };
        let reported = (receipt.delivery, receipt.reason);
        match kept.now.delivery {
            Some(before) if before == reported => Recorded::Before { at: kept.now.delivery_at.unwrap_or(receipt.at) },
            Some((before, _)) if before >= receipt.delivery => Recorded::Ignored,
            _ if !may_be_reported(kept.now.state, receipt.delivery) => Recorded::Ignored,
            _ => {
                kept.write(Row { delivery: Some(reported), delivery_at: Some(receipt.at), ..kept.now.clone() }, now);
                Recorded::New
            }
        }
    }

    pub(crate) fn announce(&self, events: &[Event]) {
        self.tables().events.extend_from_slice(events);
    }
}
