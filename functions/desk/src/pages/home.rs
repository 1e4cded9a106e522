//! The first page: the form to look up a dossier by its code. It is posted: what people type there by mistake, a phone
//! number for example, must not be in an address.

use application::ports::{DeskPorts, DossierStore, NoticeHistory, StoreError};
use askama::Template;
use domain::ReceiptCode;
use domain::desk::{Action, typed_codes};
use futures::future::try_join_all;

use super::Frame;
use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame<'a>,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) fn home(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        Ok(Reply::page(HomePage { frame: Frame::new(visit) }.render()?))
    }

    /// To the page of the dossier that the typed text means.
    pub(crate) async fn look_up(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let codes = typed_codes(visit.request.field("code").unwrap_or_default());
        if codes.is_empty() {
            return Err(Problem::NoCode);
        }
        // Only a code that is known gets into an address: a phone number or a citizen's identity number looks like one.
        let Some(code) = self.first_known(&codes).await? else {
            self.note(visit, Action::LookedUp, None, Some("unknown".into())).await?;
            return Err(Problem::UnknownCode);
        };
        Ok(Reply::see_other(visit.to_dossier(&code)))
    }

    /// The likeliest of `codes` that is a dossier's, or at least a notice's.
    async fn first_known(&self, codes: &[ReceiptCode]) -> Result<Option<ReceiptCode>, StoreError> {
        let known = try_join_all(codes.iter().map(|code| self.is_known(code))).await?;
        Ok(codes.iter().zip(known).find(|(_, known)| *known).map(|(code, _)| code.clone()))
    }

    async fn is_known(&self, code: &ReceiptCode) -> Result<bool, StoreError> {
        match self.ports.dossiers().get(code).await {
            Ok(Some(_)) | Err(StoreError::Unreadable { .. }) => Ok(true),
            Ok(None) => Ok(!self.ports.notices().history(code).await?.is_empty()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::desk::Role;
    use serde_json::json;

    use crate::testing::{AtTheDesk, Tables, dossier};

    fn desk() -> AtTheDesk {
        AtTheDesk::new(Role::Clerk, Tables { dossiers: vec![dossier(json!({}))], ..Tables::default() })
    }

    #[test]
    fn what_is_typed_leads_to_the_dossier_and_is_in_no_address() {
        for typed in ["0161701234", " 0161 701 234 ", "mã số 0161701234.", "MCKH 0161701234 gửi 8083"] {
            let answer = desk().post("", &[("code", typed)]);
            assert_eq!(
                (answer.status, answer.location.as_deref()),
                (303, Some("desk/dossier?code=0161701234")),
                "{typed}"
            );
        }
        for personal in ["0912345678", "02583822229", "056123456789", "NGUYENVANA1990"] {
            let desk = desk();
            let answer = desk.post("", &[("code", personal)]);
            assert!(answer.status == 404 && answer.location.is_none() && !answer.body.contains(personal), "{personal}");
            assert!(desk.tables().audit.iter().all(|entry| entry.receipt_code.is_none()));
            assert_eq!(desk.audit(), ["looked_up -"]);
        }
        let name = desk().post("", &[("code", "Nguyễn Văn A")]);
        assert!(name.status == 400 && name.location.is_none() && name.body.contains("Giấy biên nhận"));
    }

    #[test]
    fn a_dossier_whose_code_looks_like_a_phone_number_is_found() {
        let dossiers = vec![dossier(json!({"receipt_code": "0912345678"}))];
        let desk = AtTheDesk::new(Role::Clerk, Tables { dossiers, ..Tables::default() });
        assert_eq!(desk.post("", &[("code", "0912345678")]).status, 303);
    }

    #[test]
    fn an_accountant_begins_with_the_accounts() {
        let page = AtTheDesk::new(Role::Accountant, Tables::default()).get("", &[]);
        assert!(page.status == 200 && !page.body.contains("name=\"code\"") && page.body.contains("desk/inquiries"));
    }

    #[test]
    fn every_form_has_the_sessions_token() {
        let page = desk().get("", &[]);
        assert_eq!(page.body.matches("<form").count(), page.body.matches(r#"name="token" value="t0ken""#).count());
    }

    #[test]
    fn an_unknown_page_is_404() {
        for path in ["/x", "/dossier/x", "/../admin"] {
            assert_eq!(desk().ask(json!({"path": path})).status, 404, "{path}");
        }
        assert_eq!(desk().ask(json!({"path": "/dossier", "method": "DELETE"})).status, 404);
    }
}
