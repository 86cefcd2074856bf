//! Terms of the house and the words for them: roles, purposes, relations, flags, outcomes.

use super::lang::Messages;

/// What a person is here for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Treats patients.
    Doctor,
    /// Cares for patients.
    Nurse,
    /// Makes images.
    Radiographer,
    /// Works at the counter.
    Receptionist,
    /// Answers for personal information.
    PrivacyOfficer,
    /// Answers for security.
    SecurityOfficer,
    /// Reads the log, changes nothing.
    Auditor,
    /// Runs the machines: no patient data, no log.
    SystemAdministrator,
    /// Gives accounts and roles.
    SecurityAdministrator,
    /// Watches the two others.
    AuditAdministrator,
    /// The person the record is about.
    Patient,
}

impl Role {
    /// Every role an account of the staff can hold, in the order shown.
    pub const STAFF: [Self; 10] = [
        Self::Doctor,
        Self::Nurse,
        Self::Radiographer,
        Self::Receptionist,
        Self::PrivacyOfficer,
        Self::SecurityOfficer,
        Self::Auditor,
        Self::SystemAdministrator,
        Self::SecurityAdministrator,
        Self::AuditAdministrator,
    ];

    /// The code in forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Nurse => "nurse",
            Self::Radiographer => "radiographer",
            Self::Receptionist => "receptionist",
            Self::PrivacyOfficer => "privacy-officer",
            Self::SecurityOfficer => "security-officer",
            Self::Auditor => "auditor",
            Self::SystemAdministrator => "system-administrator",
            Self::SecurityAdministrator => "security-administrator",
            Self::AuditAdministrator => "audit-administrator",
            Self::Patient => "patient",
        }
    }

    /// Reads the code of a form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::STAFF.into_iter().chain([Self::Patient]).find(|r| r.code() == code)
    }

    /// The three that may never meet in one person, nor with any other role.
    pub const fn is_administrator(self) -> bool {
        matches!(self, Self::SystemAdministrator | Self::SecurityAdministrator | Self::AuditAdministrator)
    }

    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Doctor => t.role_doctor(),
            Self::Nurse => t.role_nurse(),
            Self::Radiographer => t.role_radiographer(),
            Self::Receptionist => t.role_receptionist(),
            Self::PrivacyOfficer => t.role_privacy_officer(),
            Self::SecurityOfficer => t.role_security_officer(),
            Self::Auditor => t.role_auditor(),
            Self::SystemAdministrator => t.role_system_administrator(),
            Self::SecurityAdministrator => t.role_security_administrator(),
            Self::AuditAdministrator => t.role_audit_administrator(),
            Self::Patient => t.role_patient(),
        }
    }

    pub(crate) fn hint(self, t: &Messages) -> String {
        match self {
            Self::Doctor => t.role_doctor_hint(),
            Self::Nurse => t.role_nurse_hint(),
            Self::Radiographer => t.role_radiographer_hint(),
            Self::Receptionist => t.role_receptionist_hint(),
            Self::PrivacyOfficer => t.role_privacy_officer_hint(),
            Self::SecurityOfficer => t.role_security_officer_hint(),
            Self::Auditor => t.role_auditor_hint(),
            Self::SystemAdministrator => t.role_system_administrator_hint(),
            Self::SecurityAdministrator => t.role_security_administrator_hint(),
            Self::AuditAdministrator => t.role_audit_administrator_hint(),
            Self::Patient => t.role_patient_hint(),
        }
    }
}

/// What data is used for (HL7 v3 PurposeOfUse where it has a code).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Treatment (TREAT).
    Treatment,
    /// Emergency treatment (ETREAT).
    Emergency,
    /// Running the house: registration, appointments (HOPERAT).
    Operations,
    /// Payment and insurance (HPAYMT).
    Payment,
    /// Research (HRESCH).
    Research,
    /// The patient asked (PATRQT).
    PatientRequest,
    /// Public health (PUBHLTH).
    PublicHealth,
    /// Quality and safety (HQUALIMP).
    Quality,
    /// Supervision: audit, review, compliance (HCOMPL).
    Supervision,
    /// Administration of the system (SYSADMN).
    Administration,
    /// Any other, already in words.
    Other(String),
}

impl Purpose {
    /// Reads a v3 code; unknown codes are shown as they are.
    pub fn from_code(code: &str) -> Self {
        match code {
            "TREAT" => Self::Treatment,
            "ETREAT" | "BTG" => Self::Emergency,
            "HOPERAT" | "PATADMIN" => Self::Operations,
            "HPAYMT" => Self::Payment,
            "HRESCH" => Self::Research,
            "PATRQT" | "FAMRQT" => Self::PatientRequest,
            "PUBHLTH" => Self::PublicHealth,
            "HQUALIMP" => Self::Quality,
            "HCOMPL" | "HOPCOMP" => Self::Supervision,
            "SYSADMN" | "HSYSADMIN" => Self::Administration,
            other => Self::Other(other.to_owned()),
        }
    }

    pub(crate) fn label(&self, t: &Messages) -> String {
        match self {
            Self::Treatment => t.purpose_treatment(),
            Self::Emergency => t.purpose_emergency(),
            Self::Operations => t.purpose_operations(),
            Self::Payment => t.purpose_payment(),
            Self::Research => t.purpose_research(),
            Self::PatientRequest => t.purpose_patient_request(),
            Self::PublicHealth => t.purpose_public_health(),
            Self::Quality => t.purpose_quality(),
            Self::Supervision => t.purpose_supervision(),
            Self::Administration => t.purpose_administration(),
            Self::Other(text) => text.clone(),
        }
    }
}

/// Why a person may see a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// Takes part in an encounter.
    Encounter,
    /// Belongs to the care team.
    CareTeam,
    /// Has an appointment with the patient.
    Appointment,
    /// The patient is with the person's department.
    Department,
    /// An emergency access is running.
    Emergency,
    /// It is the person's own record.
    Own,
    /// Stands in for the patient by law (parent, guardian).
    Guardian,
    /// Access was asked for and granted until a date.
    Granted,
    /// The duty of the role (privacy officer, auditor, counter).
    Duty,
}

impl Relation {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Encounter => t.relation_encounter(),
            Self::CareTeam => t.relation_care_team(),
            Self::Appointment => t.relation_appointment(),
            Self::Department => t.relation_department(),
            Self::Emergency => t.relation_emergency(),
            Self::Own => t.relation_own(),
            Self::Guardian => t.relation_guardian(),
            Self::Granted => t.relation_granted(),
            Self::Duty => t.relation_duty(),
        }
    }

    /// The sentence "You may see this because …".
    pub(crate) fn sentence(self, t: &Messages) -> String {
        match self {
            Self::Encounter => t.why_encounter(),
            Self::CareTeam => t.why_care_team(),
            Self::Appointment => t.why_appointment(),
            Self::Department => t.why_department(),
            Self::Emergency => t.why_emergency(),
            Self::Own => t.why_own(),
            Self::Guardian => t.why_guardian(),
            Self::Granted => t.why_granted(),
            Self::Duty => t.why_duty(),
        }
    }
}

/// A mark on a person or a document that asks for more care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagKind {
    /// Restricted by the house.
    Restricted,
    /// A person of public interest.
    Vip,
    /// Not yet of age.
    Minor,
    /// A colleague as patient.
    Colleague,
    /// Genetic data.
    Genetic,
    /// HIV.
    Hiv,
    /// Mental health.
    Mental,
    /// Sexual and reproductive health.
    Reproductive,
    /// The patient has limited who sees this.
    Limited,
    /// No notice was given yet.
    NoNotice,
}

/// A flag, with a word more where needed.
#[derive(Clone)]
pub struct Flag {
    /// Which.
    pub kind: FlagKind,
    /// A word more.
    pub detail: Option<String>,
}

impl From<FlagKind> for Flag {
    fn from(kind: FlagKind) -> Self {
        Self { kind, detail: None }
    }
}

impl FlagKind {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Restricted => t.flag_restricted(),
            Self::Vip => t.flag_vip(),
            Self::Minor => t.flag_minor(),
            Self::Colleague => t.flag_colleague(),
            Self::Genetic => t.flag_genetic(),
            Self::Hiv => t.flag_hiv(),
            Self::Mental => t.flag_mental(),
            Self::Reproductive => t.flag_reproductive(),
            Self::Limited => t.flag_limited(),
            Self::NoNotice => t.flag_no_notice(),
        }
    }

    pub(crate) fn icon(self) -> &'static str {
        match self {
            Self::Restricted => "lock",
            Self::Vip => "star",
            Self::Minor => "baby",
            Self::Colleague => "user-check",
            Self::Genetic => "dna",
            Self::Hiv | Self::Mental | Self::Reproductive => "eye-off",
            Self::Limited => "hand",
            Self::NoNotice => "file-clock",
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Minor | Self::Colleague | Self::Vip => "plain",
            Self::Limited | Self::NoNotice => "amber",
            _ => "violet",
        }
    }
}

/// How an ask ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Shown or done.
    Permitted,
    /// Not allowed.
    Refused,
    /// Allowed, but it could not be done.
    Failed,
}

impl Outcome {
    /// Reads the code of a form or filter: `permitted`, `refused`, `failed`.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "permitted" => Some(Self::Permitted),
            "refused" => Some(Self::Refused),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }

    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::Permitted => t.outcome_permitted(),
            Self::Refused => t.outcome_refused(),
            Self::Failed => t.outcome_failed(),
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Permitted => "green",
            Self::Refused => "amber",
            Self::Failed => "plain",
        }
    }
}

super::no_content_in_debug!(Flag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_code_reads_back() {
        for role in Role::STAFF {
            assert_eq!(Role::from_code(role.code()), Some(role));
        }
        assert_eq!(Role::from_code("root"), None);
    }

    #[test]
    fn an_unknown_purpose_is_shown_and_never_taken_for_treatment() {
        assert_eq!(Purpose::from_code("XYZ"), Purpose::Other("XYZ".into()));
        assert_eq!(Purpose::from_code("TREAT"), Purpose::Treatment);
    }
}
