//! One request of one person, and its entries in the audit.

use application::ports::{AuditLog, Clock, DeskPorts, StoreError};
use domain::ReceiptCode;
use domain::desk::{Action, AuditEntry, Month, a_day};

use crate::route::Route;
use crate::session::{Door, Session};
use crate::{Desk, Request};

/// One request of one person.
pub(crate) struct Visit<'a> {
    pub request: &'a Request,
    /// API Gateway's id of the request.
    pub request_id: String,
    pub session: &'a Session,
    /// The stack's office.
    pub office: &'a str,
}

impl Visit<'_> {
    /// The receipt code that the page or the form is about, as people write it.
    pub fn code(&self) -> Option<ReceiptCode> {
        ReceiptCode::parse(self.request.query("code").or_else(|| self.request.field("code"))?).ok()
    }
}

impl Visit<'_> {
    /// The month or the evening that the page is about.
    fn of_when(&self) -> Option<String> {
        let month = self.request.query("month").or_else(|| self.request.field("month"));
        let month = month.and_then(|month| month.parse::<Month>().ok()).map(|month| month.to_string());
        let evening = || self.request.query("evening").and_then(a_day).map(|day| day.to_string());
        month.or_else(evening)
    }

    /// The relative address of a page. Nothing personal may be in `query`.
    pub fn to(&self, page: &str, query: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        format!("{}/{page}?{query}", self.request.root())
    }

    /// The relative address of a dossier's page.
    pub fn to_dossier(&self, code: &ReceiptCode) -> String {
        self.to("dossier", &[("code", code.as_str())])
    }
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    /// Writes into the audit that this page is shown or this is done.
    pub(crate) async fn note_route(&self, visit: &Visit<'_>, route: Route) -> Result<(), StoreError> {
        let Some(action) = route.action() else { return Ok(()) };
        self.note(visit, action, visit.code(), visit.of_when()).await
    }

    pub(crate) async fn note(
        &self,
        visit: &Visit<'_>,
        action: Action,
        receipt_code: Option<ReceiptCode>,
        what: Option<String>,
    ) -> Result<(), StoreError> {
        let staff = &visit.session.staff;
        let entry = AuditEntry {
            at: self.ports.clock().now(),
            staff: staff.id.clone(),
            name: staff.name.clone(),
            action,
            receipt_code,
            what,
            request: visit.request_id.clone(),
        };
        self.ports.book().note(&entry).await
    }
}
