//! Cán bộ: who may do what at the desk, and see which dossiers.

use std::fmt;

use crate::Dossier;
use crate::text::fold;

/// A group of people with the same tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Cán bộ một cửa: answers citizens at the counter and by phone.
    Clerk,
    /// Phụ trách: what a clerk does, and looks dossiers up by phone, sees numbers in full and reads the month.
    Supervisor,
    /// Kế toán: checks what 8083 and the carrier cost. Sees no dossier.
    Accountant,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Clerk, Self::Supervisor, Self::Accountant];

    /// The name of its group at the identity provider.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Supervisor => "supervisor",
            Self::Accountant => "accountant",
        }
    }

    /// The role of that group; None for a group that is not the desk's.
    pub fn named(group: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == group)
    }

    pub fn in_vietnamese(self) -> &'static str {
        match self {
            Self::Clerk => "cán bộ một cửa",
            Self::Supervisor => "phụ trách",
            Self::Accountant => "kế toán",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What somebody can do at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Look a dossier up by its code.
    LookUp,
    /// Look dossiers up by a phone number.
    ByPhone,
    /// See phone numbers with all their digits.
    WholeNumber,
    /// The list of citizens to phone, and its ticks.
    ToPhone,
    /// Send a notice again.
    SendAgain,
    /// The evening's apologies as letters.
    Letters,
    /// The month of 8083 and the operator's file.
    Inquiries,
    /// The sums of the month.
    Month,
}

/// One of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The identity provider's name for the person (`sub`), which never changes.
    pub id: String,
    /// What the person is called.
    pub name: String,
    /// At least one.
    pub roles: Vec<Role>,
    /// The only office whose dossiers the person sees; None: those of all offices.
    pub office: Option<String>,
}

impl Staff {
    pub fn may(&self, task: Task) -> bool {
        self.roles.iter().any(|role| match role {
            Role::Clerk => matches!(task, Task::LookUp | Task::ToPhone | Task::SendAgain | Task::Letters),
            Role::Supervisor => true,
            Role::Accountant => matches!(task, Task::Inquiries | Task::Month),
        })
    }

    /// Whether the person may see this dossier. `office`: the stack's, which a dossier without one belongs to.
    pub fn sees(&self, dossier: &Dossier, office: &str) -> bool {
        self.sees_office(dossier.office().unwrap_or(office))
    }

    /// Whether the person may see the dossiers of `office`.
    pub fn sees_office(&self, office: &str) -> bool {
        self.office.as_deref().is_none_or(|own| fold(own) == fold(office))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dossier::tests::dossier;
    use serde_json::json;

    fn staff(roles: &[Role], office: Option<&str>) -> Staff {
        Staff { id: "1".into(), name: "Lan".into(), roles: roles.to_vec(), office: office.map(str::to_owned) }
    }

    #[test]
    fn a_clerk_sees_dossiers_and_an_accountant_sums() {
        let (clerk, accountant) = (staff(&[Role::Clerk], None), staff(&[Role::Accountant], None));
        for (task, of_a_clerk, of_an_accountant) in [
            (Task::LookUp, true, false),
            (Task::ByPhone, false, false),
            (Task::WholeNumber, false, false),
            (Task::ToPhone, true, false),
            (Task::SendAgain, true, false),
            (Task::Letters, true, false),
            (Task::Inquiries, false, true),
            (Task::Month, false, true),
        ] {
            assert_eq!((clerk.may(task), accountant.may(task)), (of_a_clerk, of_an_accountant), "{task:?}");
            assert!(staff(&[Role::Supervisor], None).may(task) && !staff(&[], None).may(task), "{task:?}");
            let both = staff(&[Role::Clerk, Role::Accountant], None);
            assert_eq!(both.may(task), of_a_clerk || of_an_accountant, "{task:?}");
        }
    }

    #[test]
    fn a_clerk_of_an_office_sees_its_dossiers_only() {
        let (own, other) = (dossier(json!({"office": "Sở  Du LỊCH"})), dossier(json!({"office": "Sở Y tế"})));
        let without = dossier(json!({"office": null}));
        let clerk = staff(&[Role::Clerk], Some("Sở Du lịch"));
        assert!(clerk.sees(&own, "Sở Y tế") && !clerk.sees(&other, "Sở Du lịch"));
        assert!(
            clerk.sees(&without, "Sở Du lịch") && !clerk.sees(&without, "Sở Y tế"),
            "it belongs to the stack's office"
        );
        let of_all = staff(&[Role::Clerk], None);
        assert!([own, other, without].iter().all(|dossier| of_all.sees(dossier, "Sở Du lịch")));
    }

    #[test]
    fn a_group_that_is_not_the_desks_is_no_role() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.as_str()), Some(role));
        }
        assert_eq!((Role::named("Clerk"), Role::named("admin"), Role::named("")), (None, None, None));
    }
}
