//! Who asks.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::codes;

codes! {
    /// What sort of account asks.
    "person kind"
    pub enum PersonKind {
        /// Somebody who works here.
        Staff = "staff",
        /// A patient, or a guardian, through the portal.
        Patient = "patient",
        /// A client system with its own registration.
        Client = "client",
        /// The house itself: jobs, clocks.
        System = "system",
    }
}

codes! {
    /// Role of an account (ACC-01).
    "role"
    pub enum Role {
        /// 医生
        Doctor = "doctor",
        /// 护士
        Nurse = "nurse",
        /// 放射技师
        Radiographer = "radiographer",
        /// 前台
        Receptionist = "receptionist",
        /// 隐私保护负责人
        PrivacyOfficer = "privacy-officer",
        /// 信息安全负责人
        SecurityOfficer = "security-officer",
        /// 审计员
        Auditor = "auditor",
        /// 系统管理员
        SystemAdmin = "system-admin",
        /// 安全管理员
        SecurityAdmin = "security-admin",
        /// 审计管理员
        AuditAdmin = "audit-admin",
        /// 患者
        Patient = "patient",
        /// 客户端系统
        Client = "client",
    }
}

/// How surely we know who asks (NIST SP 800-63B-4 AAL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Assurance {
    /// One factor: enough for nothing that speaks of a person.
    One,
    /// Two factors.
    Two,
    /// Hardware-bound, phishing-resistant.
    Three,
}

/// The person or system that asks, as the session knows it. Rights follow from this and from the
/// facts about the patient; nothing in it comes from the request body.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Account id.
    pub account: String,
    /// The account's number in the log.
    pub number: u64,
    /// Sort of account.
    pub kind: PersonKind,
    /// How the person's post is shown to others ("主治医师").
    pub display: String,
    /// Roles held now.
    pub roles: BTreeSet<Role>,
    /// Named grants: `TREAT.read`, `HOPERAT.write` for client systems, `genetic` for named people.
    pub grants: BTreeSet<String>,
    /// `Practitioner/…` of a member of staff.
    pub practitioner: Option<String>,
    /// Patient id, where this person is also a patient here.
    pub patient: Option<String>,
    /// `RelatedPerson/…` that this person is: whose parent or guardian, their documents say.
    pub related: BTreeSet<String>,
    /// `Organization/…` of the department.
    pub department: Option<String>,
    /// `CareTeam/…` and other groups.
    pub teams: BTreeSet<String>,
    /// How surely we know.
    pub assurance: Assurance,
}

impl Who {
    /// Somebody by two factors, with no role, no grant and no tie yet.
    pub fn new(kind: PersonKind, account: &str, number: u64, display: &str) -> Self {
        Self {
            account: account.to_owned(),
            number,
            kind,
            display: display.to_owned(),
            roles: BTreeSet::new(),
            grants: BTreeSet::new(),
            practitioner: None,
            patient: None,
            related: BTreeSet::new(),
            department: None,
            teams: BTreeSet::new(),
            assurance: Assurance::Two,
        }
    }
}

impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Who")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("roles", &self.roles)
            .field("assurance", &self.assurance)
            .finish_non_exhaustive()
    }
}

/// The three administrators (三员): no two in one hand (ACC-14).
const SEPARATED: [Role; 3] = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];

/// The first two roles that one person may not hold together, if any (ACC-14).
pub fn roles_conflict(roles: &BTreeSet<Role>) -> Option<(Role, Role)> {
    let mut held = SEPARATED.into_iter().filter(|role| roles.contains(role));
    Some((held.next()?, held.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_14_no_two_of_the_three_administrators_in_one_hand() {
        for a in SEPARATED {
            assert_eq!(roles_conflict(&BTreeSet::from([a, Role::Doctor])), None);
            for b in SEPARATED {
                let both = BTreeSet::from([a, b]);
                assert_eq!(roles_conflict(&both).is_some(), a != b, "{both:?}");
            }
        }
    }
}
