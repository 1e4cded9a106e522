//! Which of the codes a text may ask for is a dossier's.

use domain::Dossier;
use domain::inquiry::Reading;
use domain::ports::{DossierStore, StoreError};
use futures::future::join_all;

/// What the table has for a text.
pub(crate) enum Found<'a> {
    /// The dossier, and the reading that names it.
    Dossier(&'a Reading, Box<Dossier>),
    /// It stands there and cannot be read: trying again does not help.
    Unreadable(&'a Reading),
    /// None of the codes is a dossier's, or there was no code.
    Nothing,
}

impl<'a> Found<'a> {
    /// The reading that names a dossier.
    pub fn reading(&self) -> Option<&'a Reading> {
        match self {
            Self::Dossier(reading, _) | Self::Unreadable(reading) => Some(reading),
            Self::Nothing => None,
        }
    }
}

/// The first reading that names a dossier. They are read at the same time, so that a text with three readings is
/// answered as soon as one with a single reading. A read that failed counts only where no reading before it is found.
pub(crate) async fn first_found<'a>(
    dossiers: &impl DossierStore,
    readings: &'a [Reading],
) -> Result<Found<'a>, StoreError> {
    let reads = join_all(readings.iter().map(|reading| dossiers.get(&reading.code))).await;
    for (reading, read) in readings.iter().zip(reads) {
        match read {
            Ok(None) => {}
            Ok(Some(dossier)) => return Ok(Found::Dossier(reading, Box::new(dossier))),
            Err(StoreError::Unreadable { why, .. }) => {
                tracing::error!(dossier = %reading.code, why, "a dossier cannot be read: who asked for it gets a hint");
                return Ok(Found::Unreadable(reading));
            }
            Err(unavailable) => return Err(unavailable),
        }
    }
    Ok(Found::Nothing)
}
