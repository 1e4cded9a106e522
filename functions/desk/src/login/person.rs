//! Who logged in, as the provider's claims say.

use domain::desk::{Role, Staff};
use serde_json::Value;

use super::token::Claims;

/// The names of claims that differ between providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Parameter `DeskGroupsClaim`: the groups, a list or one text.
    pub groups: String,
    /// Parameter `DeskOfficeClaim`: the office whose dossiers a person sees.
    pub office: String,
}

/// What a person can be called, the best first.
const NAMES: [&str; 5] = ["name", "preferred_username", "cognito:username", "email", "sub"];

/// The longest name and office that are kept, in characters.
const LONGEST: usize = 100;

/// A person who cannot be let in: what the provider says of them cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoPerson {
    #[error("the token has no id of a person")]
    NoId,
    /// Neither absent nor one text. To leave it out would open the dossiers of all offices. With the person, for the audit.
    #[error("the claim with the person's office is not one text")]
    UnclearOffice(Box<Staff>),
}

pub(super) fn staff(claims: &Claims, names: &ClaimNames) -> Result<Staff, NoPerson> {
    let text = |name| claims.get(name).and_then(text);
    let id = text("sub").ok_or(NoPerson::NoId)?;
    let name = NAMES.iter().find_map(|name| text(name)).ok_or(NoPerson::NoId)?;
    let staff = Staff { id, name, roles: roles(claims.get(&names.groups)), office: None };
    let one = match claims.get(&names.office) {
        None | Some(Value::Null) => return Ok(staff),
        Some(Value::Array(list)) if list.len() == 1 => &list[0],
        Some(claim) => claim,
    };
    match self::text(one) {
        Some(office) => Ok(Staff { office: Some(office), ..staff }),
        None => Err(NoPerson::UnclearOffice(Box::new(staff))),
    }
}

/// Groups that are not the desk's are left out.
fn roles(groups: Option<&Value>) -> Vec<Role> {
    let named: Vec<&str> = match groups {
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(group)) => vec![group],
        _ => Vec::new(),
    };
    Role::ALL.into_iter().filter(|role| named.contains(&role.as_str())).collect()
}

fn text(claim: &Value) -> Option<String> {
    let tidy = domain::text::tidy(claim.as_str()?);
    let short: String = tidy.chars().take(LONGEST).collect();
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(claims: Value) -> Result<Staff, NoPerson> {
        let names = ClaimNames { groups: "cognito:groups".into(), office: "custom:office".into() };
        staff(claims.as_object().unwrap(), &names)
    }

    #[test]
    fn a_person_has_the_roles_of_the_groups_that_are_the_desks() {
        for (groups, roles) in [
            (json!(["clerk"]), vec![Role::Clerk]),
            (json!(["accountant", "admins", "clerk", "clerk"]), vec![Role::Clerk, Role::Accountant]),
            (json!("supervisor"), vec![Role::Supervisor]),
            (json!(["Clerk", "clerks", 7]), vec![]),
            (json!("clerk supervisor"), vec![]),
            (json!({"clerk": true}), vec![]),
            (json!(null), vec![]),
        ] {
            assert_eq!(of(json!({"sub": "1", "cognito:groups": groups})).unwrap().roles, roles, "{groups}");
        }
    }

    #[test]
    fn a_person_is_called_by_the_best_name_there_is() {
        let called = |claims| of(claims).unwrap().name;
        assert_eq!(
            called(json!({"sub": "1", "name": "  Nguyễn  Thị Lan ", "email": "lan@tinh.example"})),
            "Nguyễn Thị Lan"
        );
        assert_eq!(called(json!({"sub": "1", "name": "", "cognito:username": "canbo"})), "canbo");
        assert_eq!(called(json!({"sub": "1"})), "1");
        assert_eq!(called(json!({"sub": "1", "name": "x".repeat(200)})).len(), LONGEST);
        assert_eq!(of(json!({"name": "Lan"})), Err(NoPerson::NoId));
    }

    #[test]
    fn a_person_without_an_office_is_of_all_offices_and_with_an_unclear_one_of_none() {
        let office = |office: Value| of(json!({"sub": "1", "custom:office": office})).map(|staff| staff.office);
        assert_eq!(of(json!({"sub": "1"})).unwrap().office, None);
        assert_eq!(office(json!(null)), Ok(None));
        for one in [json!("Sở  Du lịch"), json!(["Sở Du lịch"])] {
            assert_eq!(office(one), Ok(Some("Sở Du lịch".to_owned())));
        }
        for unclear in [
            json!(""),
            json!(" "),
            json!([]),
            json!([""]),
            json!(["Sở Y tế", "Sở Du lịch"]),
            json!(7),
            json!({}),
            json!([["x"]]),
        ] {
            assert!(matches!(office(unclear.clone()), Err(NoPerson::UnclearOffice(_))), "{unclear}");
        }
    }
}
