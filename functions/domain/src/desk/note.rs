//! Ghi chú: what somebody at the desk did about one sending of a notice, and in which words.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::NoticeId;
use crate::text::tidy;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// The citizen was told by phone.
    Called,
    /// The notice was sent again: the note is about the new sending.
    SentAgain,
}

impl Deed {
    pub const ALL: [Self; 2] = [Self::Called, Self::SentAgain];

    /// Its name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::SentAgain => "sent_again",
        }
    }
}

/// A note. It goes into no message.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    pub id: NoticeId,
    pub deed: Deed,
    pub at: DateTime<Utc>,
    /// [`Staff::id`](super::Staff::id).
    pub staff: String,
    /// What the person was called then.
    pub name: String,
    /// Why, or what came of it; may be empty.
    pub word: String,
}

impl fmt::Debug for Note {
    /// Without the words: people write names and numbers into them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Note").field("id", &self.id).field("deed", &self.deed).finish_non_exhaustive()
    }
}

/// The longest word of a note, in characters.
pub const LONGEST_WORD: usize = 200;

/// A note's word as it is kept: one line of at most [`LONGEST_WORD`] characters.
pub fn word(typed: &str) -> String {
    let visible: String = typed.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    tidy(&visible).chars().take(LONGEST_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_line_and_not_long() {
        assert_eq!(word(" đã nghe\r\n máy\u{0} "), "đã nghe máy");
        assert_eq!(word(&"ạ".repeat(500)).chars().count(), LONGEST_WORD);
    }
}
