//! Finds the dossier that a text asks for.

use application::ports::{DossierStore, StoreError};
use domain::Dossier;
use domain::inquiry::Reading;
use futures::future::join_all;

/// What the table has for a text.
pub(crate) enum Found<'a> {
    /// The dossier, and the reading that names it.
    Dossier(&'a Reading, Box<Dossier>),
    /// The row exists and cannot be read: a retry does not help.
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

/// The first reading that names a dossier, also one that cannot be read: it is what was meant. All are read at the same
/// time, so a text with three readings is answered as soon as a text with one. If the table does not answer, that is an
/// error, unless a likelier reading was found: the missing dossier may be the right one.
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
                tracing::error!(dossier = %reading.code, why, "a dossier cannot be read: the citizen gets a hint");
                return Ok(Found::Unreadable(reading));
            }
            Err(unavailable) => return Err(unavailable),
        }
    }
    Ok(Found::Nothing)
}

#[cfg(test)]
mod tests {
    use application::ports::Put;
    use domain::ReceiptCode;
    use domain::dossier::revision::Stored;
    use domain::inquiry::asked_for;
    use serde_json::json;

    use super::*;

    /// What a read of a code finds.
    #[derive(Clone, Copy)]
    enum Row {
        Readable,
        Unreadable,
        Unavailable,
        Missing,
    }
    use Row::{Missing, Readable, Unavailable, Unreadable};

    /// The rows of the three codes that `TEXT` may ask for.
    struct Rows([Row; 3]);

    const TEXT: &str = "MCKH 0161720005 779";
    const CODES: [&str; 3] = ["0161720005-779", "0161720005779", "0161720005"];

    impl DossierStore for Rows {
        async fn get(&self, code: &ReceiptCode) -> Result<Option<Dossier>, StoreError> {
            let at = CODES.iter().position(|known| *known == code.as_str()).unwrap();
            let snapshot = json!({
                "receipt_code": code, "revision": 1, "procedure": "p", "received_on": "2026-11-20",
                "appointment_on": "2026-11-25", "step": "s", "status": "s", "unit": "u",
            });
            match self.0[at] {
                Readable => Ok(Some(Dossier::parse(snapshot.as_object().unwrap()).unwrap())),
                Unreadable => Err(StoreError::Unreadable { item: code.to_string(), why: "step is missing".into() }),
                Unavailable => Err(StoreError::Unavailable { table: "dossiers", why: "throttled".into() }),
                Missing => Ok(None),
            }
        }

        async fn put(&self, _: &Dossier, _: &Stored) -> Result<Put, StoreError> {
            unreachable!("a look-up writes no dossier")
        }
    }

    #[tokio::test]
    async fn the_likeliest_row_is_found_also_one_that_cannot_be_read_and_none_behind_an_unavailable_table() {
        let readings = asked_for(TEXT);
        for (rows, expected) in [
            ([Readable, Readable, Readable], "dossier 0"),
            ([Missing, Readable, Readable], "dossier 1"),
            ([Unreadable, Readable, Missing], "unreadable 0"),
            ([Unreadable, Missing, Readable], "unreadable 0"),
            ([Unreadable, Unreadable, Missing], "unreadable 0"),
            ([Missing, Missing, Unreadable], "unreadable 2"),
            ([Missing, Missing, Missing], "nothing"),
            ([Readable, Unavailable, Missing], "dossier 0"),
            ([Unavailable, Readable, Missing], "error"),
            ([Unreadable, Unavailable, Readable], "unreadable 0"),
            ([Unreadable, Unavailable, Missing], "unreadable 0"),
        ] {
            let at = |reading: &Reading| CODES.iter().position(|code| *code == reading.code.as_str()).unwrap();
            let found = match first_found(&Rows(rows), &readings).await {
                Ok(Found::Dossier(reading, dossier)) => {
                    assert_eq!(*dossier.receipt_code(), reading.code);
                    format!("dossier {}", at(reading))
                }
                Ok(Found::Unreadable(reading)) => format!("unreadable {}", at(reading)),
                Ok(Found::Nothing) => "nothing".to_owned(),
                Err(_) => "error".to_owned(),
            };
            assert_eq!(found, expected);
        }
    }
}
