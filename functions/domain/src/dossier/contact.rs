//! The phone number of a dossier: as the one-stop software wrote it, and how it was parsed.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::Phone;
use crate::phone::NotAMobile;

/// Whether the number can receive an SMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    Mobile(Phone),
    /// It cannot. The dossier is stored all the same, and the one-stop software gets a warning.
    Unusable(NotAMobile),
}

/// A number as the one-stop software wrote it, which is what the table keeps, and its parsed value.
#[derive(Clone)]
pub(super) struct WrittenContact {
    written: String,
    contact: Contact,
}

impl WrittenContact {
    pub fn parse(written: String) -> Self {
        let contact = Phone::parse(&written).map_or_else(Contact::Unusable, Contact::Mobile);
        Self { written, contact }
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    pub fn contact(&self) -> &Contact {
        &self.contact
    }
}

/// Only what was written is part of a snapshot's content.
impl PartialEq for WrittenContact {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for WrittenContact {}

impl Serialize for WrittenContact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

impl fmt::Debug for WrittenContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.contact.fmt(f)
    }
}
