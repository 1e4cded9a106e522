//! Table `dossiers` and its index by appointment.

use std::future::Future;

use chrono::NaiveDate;
use domain::dossier::revision::Stored;
use domain::{Dossier, ReceiptCode};

use super::StoreError;

/// Table `dossiers`.
pub trait DossierStore: Sync {
    /// The current dossier (a consistent read), or None.
    fn get(&self, code: &ReceiptCode) -> impl Future<Output = Result<Option<Dossier>, StoreError>> + Send;

    /// Writes `dossier` if `replaces` is still what is stored. Otherwise returns what is stored.
    fn put(&self, dossier: &Dossier, replaces: &Stored) -> impl Future<Output = Result<Put, StoreError>> + Send;
}

/// The result of a conditional write of a dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    Done,
    /// Not written: this is what is stored.
    Overtaken(Stored),
}

/// The index of `dossiers` by appointment.
pub trait Appointments: Sync {
    /// A page of the dossiers whose appointment is on `day`, in no particular order. The index may lag by some seconds.
    fn appointed_on(
        &self,
        day: NaiveDate,
        page: Option<PageToken>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// One page of dossiers.
#[derive(Debug, Default)]
pub struct Page {
    /// The dossiers that can be read.
    pub dossiers: Vec<Dossier>,
    /// How many rows cannot be read.
    pub unreadable: usize,
    /// None on the last page.
    pub next: Option<PageToken>,
}

/// Where the next page begins: the last row's key as the table has it, which is not always a canonical receipt code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub String);
