//! Tin nhắn thông báo: the three kinds, and the key of each in the outbox.

pub mod decision;
pub mod ended;
pub mod lifecycle;
pub mod nothing;
mod outgoing;
pub mod receipt;
mod record;
pub mod retry;
mod row;
pub mod sending_window;

pub use outgoing::Outgoing;
pub use record::{DeliveryReport, NoticeRecord};
pub use row::NoticeRow;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::ReceiptCode;
use crate::calendar::start_of;

/// "Có ba loại tin nhắn thông báo".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// "Thông báo khi có kết quả giải quyết TTHC".
    Result,
    /// "Thông báo khi hồ sơ của khách hàng cần bổ sung giấy tờ".
    Supplement,
    /// "Tin nhắn xin lỗi khách hàng khi hồ sơ đến hạn giải quyết nhưng chưa có kết quả".
    Apology,
}

impl NoticeKind {
    /// The name in keys, events and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Supplement => "supplement",
            Self::Apology => "apology",
        }
    }

    /// Results and supplements are sent before apologies.
    pub fn priority(self) -> Priority {
        if self == Self::Apology { Priority::Apology } else { Priority::Change }
    }
}

/// The order in which messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Replies of 8083: the citizen has paid for them and waits.
    Reply,
    /// Results and supplements: the citizen can act on them.
    Change,
    Apology,
}

impl Priority {
    /// Those that share the rate of SMS parts, the most urgent first.
    pub const NOTICES: [Self; 2] = [Self::Change, Self::Apology];
}

impl fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What identifies a notice: the revision that required it, or the appointment day of the apology.
///
/// Written `result#3`, `supplement#3`, `apology#2026-11-25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKey {
    /// The dossier reached "Trả kết quả" with this revision.
    Result(u64),
    /// With this revision it was waiting for papers at the desk.
    Supplement(u64),
    /// One apology per appointment day.
    Apology(NaiveDate),
}

impl NoticeKey {
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::Result(_) => NoticeKind::Result,
            Self::Supplement(_) => NoticeKind::Supplement,
            Self::Apology(_) => NoticeKind::Apology,
        }
    }

    /// When it is no longer true, whatever happens to the dossier: an apology at the end of its appointment day.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Result(_) | Self::Supplement(_) => None,
            Self::Apology(day) => Some(start_of(*day + Days::new(1))),
        }
    }

    /// Whether this notice, required by a later revision, replaces `other`.
    pub fn supersedes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Result(later), Self::Result(earlier)) => later > earlier,
            (Self::Supplement(later), Self::Supplement(earlier)) => later > earlier,
            _ => false,
        }
    }
}

impl fmt::Display for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result(revision) | Self::Supplement(revision) => write!(f, "{}#{revision}", self.kind()),
            Self::Apology(day) => write!(f, "{}#{day}", self.kind()),
        }
    }
}

/// A text that is not the key of a notice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no notice: expected result#<revision>, supplement#<revision> or apology#<yyyy-mm-dd>")]
pub struct NotANotice(String);

impl FromStr for NoticeKey {
    type Err = NotANotice;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let key = match text.split_once('#') {
            Some(("result", revision)) => revision.parse().ok().map(Self::Result),
            Some(("supplement", revision)) => revision.parse().ok().map(Self::Supplement),
            Some(("apology", day)) => day.parse().ok().map(Self::Apology),
            _ => None,
        };
        key.ok_or_else(|| NotANotice(text.to_owned()))
    }
}

/// One sending of one notice of one dossier: the outbox's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId {
    pub receipt_code: ReceiptCode,
    pub key: NoticeKey,
    pub sending: Sending,
}

/// Which sending of a notice: the first, the one after a receipt said that the first did not arrive, or one that somebody
/// at the desk asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sending {
    #[default]
    First,
    Again,
    /// By hand: the first or the second of that day in Vietnam.
    ByHand {
        day: NaiveDate,
        count: u8,
    },
}

impl Sending {
    /// The name of this sending of a notice, in rows.
    pub(crate) fn name(self, key: &NoticeKey) -> String {
        match self {
            Self::First => key.to_string(),
            Self::Again => format!("{key}{AGAIN}"),
            Self::ByHand { day, count } => format!("{key}{BY_HAND}{day}#{count}"),
        }
    }

    /// Splits a row's name into the key and the sending.
    fn split(name: &str) -> Option<(&str, Self)> {
        if let Some(key) = name.strip_suffix(AGAIN) {
            return Some((key, Self::Again));
        }
        let Some((key, by_hand)) = name.split_once(BY_HAND) else { return Some((name, Self::First)) };
        let (day, count) = by_hand.split_once('#')?;
        let sending = Self::ByHand { day: day.parse().ok()?, count: count.parse().ok()? };
        // chrono also reads other forms of a day.
        (format!("{key}{BY_HAND}{by_hand}") == sending.name(&key.parse().ok()?)).then_some((key, sending))
    }
}

impl NoticeId {
    pub fn new(receipt_code: ReceiptCode, key: NoticeKey) -> Self {
        Self { receipt_code, key, sending: Sending::First }
    }

    /// The second and last sending of the same notice.
    pub fn again(&self) -> Self {
        Self { sending: Sending::Again, ..self.clone() }
    }

    /// The `count`th sending that somebody asks for on `day`.
    pub fn by_hand(&self, day: NaiveDate, count: u8) -> Self {
        Self { sending: Sending::ByHand { day, count }, ..self.clone() }
    }

    /// Reads the two keys of a row.
    pub fn parse(receipt_code: &str, name: &str) -> Result<Self, NotANotice> {
        let not_a_notice = || NotANotice(name.to_owned());
        let receipt_code = ReceiptCode::parse(receipt_code).map_err(|_| not_a_notice())?;
        let (key, sending) = Sending::split(name).ok_or_else(not_a_notice)?;
        let key = key.parse().map_err(|_: NotANotice| not_a_notice())?;
        Ok(Self { receipt_code, key, sending })
    }

    /// The row's second key: the notice's key, and for another sending which it is. Written `result#3`,
    /// `result#3#again`, `result#3#hand#2026-11-26#1`.
    pub fn name(&self) -> String {
        self.sending.name(&self.key)
    }
}

const AGAIN: &str = "#again";
const BY_HAND: &str = "#hand#";

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.receipt_code, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_have_the_documented_form() {
        for text in ["result#3", "supplement#12", "apology#2026-11-25"] {
            assert_eq!(text.parse::<NoticeKey>().unwrap().to_string(), text);
        }
        for text in ["", "result", "result#", "result#x", "apology#25/11/2026", "sorry#1"] {
            assert!(text.parse::<NoticeKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_sending_by_hand_comes_after_the_others() {
        let day = "2026-11-26".parse().unwrap();
        let mut sendings =
            [Sending::ByHand { day, count: 2 }, Sending::Again, Sending::ByHand { day, count: 1 }, Sending::First];
        sendings.sort();
        let by_hand = [1, 2].map(|count| Sending::ByHand { day, count });
        assert_eq!(sendings, [Sending::First, Sending::Again, by_hand[0], by_hand[1]]);
    }

    #[test]
    fn a_notice_names_its_dossier_and_itself() {
        let code = ReceiptCode::parse("0161701234").unwrap();
        let id = NoticeId::new(code, NoticeKey::Supplement(4));
        assert_eq!(id.to_string(), "0161701234 supplement#4");
        assert_eq!(id.again().to_string(), "0161701234 supplement#4#again");
    }

    #[test]
    fn a_sending_is_read_from_the_keys_of_its_row() {
        for name in [
            "result#3",
            "result#3#again",
            "supplement#12#again",
            "apology#2026-11-25",
            "apology#2026-11-25#again",
            "result#3#hand#2026-11-26#1",
            "apology#2026-11-25#hand#2026-11-24#2",
        ] {
            assert_eq!(NoticeId::parse("0161701234", name).map(|id| id.name()).as_deref(), Ok(name));
        }
        for (code, name) in [
            ("0161701234", "result#3#again#again"),
            ("0161701234", "#again"),
            ("-", "result#3"),
            ("0161701234", "result#3#hand#"),
            ("0161701234", "result#3#hand#2026-11-26"),
            ("0161701234", "result#3#hand#2026-11-26#x"),
            ("0161701234", "result#3#hand#2026-11-6#1"),
            ("0161701234", "result#3#hand#2026-11-26#01"),
        ] {
            assert!(NoticeId::parse(code, name).is_err(), "{code} {name}");
        }
        assert!("result#3#again".parse::<NoticeKey>().is_err(), "a second sending is no notice of its own");
    }

    #[test]
    fn an_apology_expires_with_its_appointment_day_in_vietnam() {
        let expires_at = |key: &str| key.parse::<NoticeKey>().unwrap().expires_at().map(|at| at.to_rfc3339());
        assert_eq!(expires_at("apology#2026-11-25").as_deref(), Some("2026-11-25T17:00:00+00:00"));
        assert_eq!((expires_at("result#3"), expires_at("supplement#3")), (None, None));
    }

    #[test]
    fn results_and_supplements_go_before_apologies() {
        use NoticeKind::{Apology, Result, Supplement};
        let mut kinds = [Apology, Supplement, Result];
        kinds.sort_by_key(|kind| kind.priority());
        assert_eq!(kinds, [Supplement, Result, Apology]);
    }

    #[test]
    fn only_a_later_one_of_the_same_kind_takes_a_notices_place() {
        for kind in [NoticeKey::Result, NoticeKey::Supplement] {
            assert!(kind(10).supersedes(&kind(9)));
            assert!(!kind(9).supersedes(&kind(9)) && !kind(9).supersedes(&kind(10)));
        }
    }

    proptest! {
        #[test]
        fn a_later_revision_supersedes_by_number_not_by_letter(a in 0u64..2000, b in 0u64..2000) {
            prop_assert_eq!(NoticeKey::Result(a).supersedes(&NoticeKey::Result(b)), a > b);
            prop_assert!(!NoticeKey::Result(a).supersedes(&NoticeKey::Supplement(b)));
        }
    }
}
