//! Dossiers by a phone number, for supervisors. The number is in the body of a form, never in an address.

use application::ports::{DeskPorts, DossierFinder};
use askama::Template;
use domain::calendar::dd_mm_yyyy;
use domain::desk::Action;
use domain::{Dossier, Phone};

use super::Frame;
use crate::Desk;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::session::Door;
use crate::visit::Visit;

/// The most dossiers of one number that are shown: a copy shop that submits for others has many.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "by_phone.html")]
struct ByPhonePage<'a> {
    frame: Frame<'a>,
    /// None before a number was given.
    found: Option<Vec<Found>>,
    is_cut: bool,
}

struct Found {
    code: String,
    address: String,
    procedure: String,
    step: String,
    received_on: String,
    appointment_on: String,
}

impl<D: Door, P: DeskPorts> Desk<D, P> {
    pub(crate) fn phone_form(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        Ok(Reply::page(ByPhonePage { frame: Frame::new(visit), found: None, is_cut: false }.render()?))
    }

    pub(crate) async fn by_phone(&self, visit: &Visit<'_>) -> Result<Reply, Problem> {
        let phone = Phone::parse(visit.request.field("phone").unwrap_or_default()).map_err(|_| {
            Problem::Wrong(
                "Đây không phải số di động Việt Nam. Ví dụ: 0905 123 456. Số cố định không tra cứu được.".into(),
            )
        })?;
        self.note(visit, Action::SearchedByPhone, None, Some(phone.masked())).await?;
        let codes = self.ports.dossiers().with_mobile(&phone, MOST).await?;
        let mut dossiers = self.ports.dossiers().all(&codes).await?;
        dossiers.retain(|dossier| visit.session.staff.sees(dossier, visit.office));
        dossiers.sort_by_key(|dossier| std::cmp::Reverse(dossier.received_on()));
        let noted = dossiers.iter().map(|dossier| {
            let code = Some(dossier.receipt_code().clone());
            self.note(visit, Action::SearchedByPhone, code, Some(phone.masked()))
        });
        futures::future::try_join_all(noted).await?;
        let found = dossiers.iter().map(|dossier| found(visit, dossier)).collect();
        let is_cut = codes.len() == MOST;
        Ok(Reply::page(ByPhonePage { frame: Frame::new(visit), found: Some(found), is_cut }.render()?))
    }
}

fn found(visit: &Visit<'_>, dossier: &Dossier) -> Found {
    Found {
        code: dossier.receipt_code().to_string(),
        address: visit.to_dossier(dossier.receipt_code()),
        procedure: dossier.procedure().to_owned(),
        step: dossier.step().to_owned(),
        received_on: dd_mm_yyyy(dossier.received_on()),
        appointment_on: dd_mm_yyyy(dossier.appointment_on()),
    }
}

#[cfg(test)]
mod tests {
    use domain::desk::Role;
    use serde_json::json;

    use super::MOST;
    use crate::testing::{AtTheDesk, Tables, dossier};

    fn tables() -> Tables {
        let other = json!({"receipt_code": "0161709999", "office": "Sở Y tế", "phone": "+84 912 345 678"});
        let another_phone = json!({"receipt_code": "0161708888", "phone": "0987654321"});
        Tables { dossiers: vec![dossier(json!({})), dossier(other), dossier(another_phone)], ..Tables::default() }
    }

    #[test]
    fn a_supervisor_finds_the_dossiers_of_a_number_and_each_is_noted() {
        let desk = AtTheDesk::new(Role::Supervisor, tables());
        let page = desk.post("phone", &[("phone", "0912.345.678")]);
        assert!(page.body.contains("0161701234") && page.body.contains("0161709999"));
        assert!(!page.body.contains("0161708888") && !page.body.contains("0912"), "nor is the number shown again");
        assert_eq!(
            desk.audit(),
            ["searched_by_phone -", "searched_by_phone 0161701234", "searched_by_phone 0161709999"]
        );
        assert!(desk.tables().audit.iter().all(|entry| entry.what.as_deref() == Some("09*****678")));
    }

    #[test]
    fn a_supervisor_of_an_office_finds_its_dossiers_only() {
        let page =
            AtTheDesk::of_office(Role::Supervisor, Some("Sở Y tế"), tables()).post("phone", &[("phone", "0912345678")]);
        assert!(page.body.contains("0161709999") && !page.body.contains("0161701234"));
    }

    #[test]
    fn a_number_with_many_dossiers_of_other_offices_is_not_said_to_have_none() {
        let code = |number| json!({"receipt_code": format!("01617{number:05}")});
        let dossiers = (0..MOST).map(|number| dossier(code(number))).collect();
        let desk = AtTheDesk::of_office(Role::Supervisor, Some("Sở Y tế"), Tables { dossiers, ..Tables::default() });
        let page = desk.post("phone", &[("phone", "0912345678")]);
        assert!(
            page.body.contains("chỉ tìm trong một phần") && !page.body.contains("Không có hồ sơ nào để lại số này")
        );
    }

    #[test]
    fn a_clerk_may_not_search_by_phone() {
        let desk = AtTheDesk::new(Role::Clerk, tables());
        assert_eq!(desk.post("phone", &[("phone", "0912345678")]).status, 403);
        assert_eq!(desk.get("phone", &[]).status, 403);
        assert!(!desk.get("", &[]).body.contains("/phone"), "nor is the page in the menu");
    }

    #[test]
    fn what_is_no_mobile_number_is_answered_with_a_sentence() {
        for typed in ["", "12", "02583822229", "abc"] {
            let page = AtTheDesk::new(Role::Supervisor, tables()).post("phone", &[("phone", typed)]);
            assert!(page.status == 400 && page.body.contains("không phải số di động"), "{typed}");
        }
    }
}
