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

/// None without an id, which every token has.
pub(super) fn staff(claims: &Claims, names: &ClaimNames) -> Option<Staff> {
    let id = text(claims, "sub")?;
    let name = NAMES.iter().find_map(|name| text(claims, name))?;
    Some(Staff { id, name, roles: roles(claims.get(&names.groups)), office: text(claims, &names.office) })
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

fn text(claims: &Claims, name: &str) -> Option<String> {
    let tidy = domain::text::tidy(claims.get(name)?.as_str()?);
    let short: String = tidy.chars().take(LONGEST).collect();
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(claims: Value) -> Option<Staff> {
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
        assert_eq!(of(json!({"name": "Lan"})), None);
    }

    #[test]
    fn a_person_without_an_office_is_of_all_offices() {
        let office = |claims| of(claims).unwrap().office;
        assert_eq!(office(json!({"sub": "1", "custom:office": "Sở Du lịch"})).as_deref(), Some("Sở Du lịch"));
        assert_eq!(office(json!({"sub": "1", "custom:office": " "})), None);
        assert_eq!(office(json!({"sub": "1"})), None);
    }
}
