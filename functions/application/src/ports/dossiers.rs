//! Table `dossiers` and its index by appointment.

use std::future::Future;

use chrono::NaiveDate;
use domain::dossier::revision::Stored;
use domain::{Dossier, ReceiptCode};

use super::StoreError;

/// Table `dossiers`.
pub trait DossierStore: Sync {
    /// The dossier as it is now (a consistent read), or None.
    fn get(&self, code: &ReceiptCode) -> impl Future<Output = Result<Option<Dossier>, StoreError>> + Send;

    /// Writes `dossier` where `replaces` is still what is stored; else tells what is.
    fn put(&self, dossier: &Dossier, replaces: &Stored) -> impl Future<Output = Result<Put, StoreError>> + Send;
}

/// How a conditional write of a dossier ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// Written.
    Done,
    /// Not written: this is what is stored.
    Overtaken(Stored),
}

/// The index of `dossiers` by appointment.
pub trait Appointments: Sync {
    /// A page of the dossiers whose appointment is on `day`, in no order that means anything. The index may be some
    /// seconds behind.
    fn appointed_on(
        &self,
        day: NaiveDate,
        page: Option<PageToken>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;
}

/// Dossiers, and where to go on.
#[derive(Debug, Default)]
pub struct Page {
    /// Those that can be read.
    pub dossiers: Vec<Dossier>,
    /// How many cannot.
    pub unreadable: usize,
    /// None on the last page.
    pub next: Option<PageToken>,
}

/// Where the next page begins: the last row's key as the table has it, which is not always a canonical receipt code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub String);
