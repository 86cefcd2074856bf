//! The words of the rooms below in the words of the pages: codes become what a person reads.

use jiff::Timestamp;
use tacebo_vault::policy;

use crate::pages::lang::Messages;
use crate::pages::{Flash, FlashKind, Outcome, Role};

/// Microseconds since the Unix epoch as a moment.
pub(super) fn moment(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Policy's role on a page.
pub(super) fn role(role: policy::Role) -> Option<Role> {
    use policy::Role as R;
    Some(match role {
        R::Doctor => Role::Doctor,
        R::Nurse => Role::Nurse,
        R::Radiographer => Role::Radiographer,
        R::Receptionist => Role::Receptionist,
        R::PrivacyOfficer => Role::PrivacyOfficer,
        R::SecurityOfficer => Role::SecurityOfficer,
        R::Auditor => Role::Auditor,
        R::SystemAdmin => Role::SystemAdministrator,
        R::SecurityAdmin => Role::SecurityAdministrator,
        R::AuditAdmin => Role::AuditAdministrator,
        R::Patient => Role::Patient,
        R::Client => return None,
    })
}

/// A page's role as policy's.
pub(super) fn policy_role(role: Role) -> policy::Role {
    use policy::Role as R;
    match role {
        Role::Doctor => R::Doctor,
        Role::Nurse => R::Nurse,
        Role::Radiographer => R::Radiographer,
        Role::Receptionist => R::Receptionist,
        Role::PrivacyOfficer => R::PrivacyOfficer,
        Role::SecurityOfficer => R::SecurityOfficer,
        Role::Auditor => R::Auditor,
        Role::SystemAdministrator => R::SystemAdmin,
        Role::SecurityAdministrator => R::SecurityAdmin,
        Role::AuditAdministrator => R::AuditAdmin,
        Role::Patient => R::Patient,
    }
}

/// Roles as the log names them, in words; unknown ones as they are.
pub(super) fn roles(t: &Messages, codes: &str) -> String {
    let words: Vec<String> = codes
        .split(',')
        .filter(|code| !code.is_empty())
        .map(|code| match code.parse::<policy::Role>() {
            Ok(policy::Role::Client) => t.role_client(),
            Ok(known) => role(known).map_or_else(|| code.to_owned(), |role| role.label(t)),
            Err(_) => code.to_owned(),
        })
        .collect();
    words.join(&t.list_comma())
}

/// How an ask ended, as the log writes it.
pub(super) fn outcome(code: &str) -> Outcome {
    match code {
        "done" => Outcome::Permitted,
        "refused" | "not-found" => Outcome::Refused,
        _ => Outcome::Failed,
    }
}

/// What was done.
pub(super) fn action(t: &Messages, code: &str) -> String {
    match code {
        "read" => t.did_read(),
        "search" => t.did_search(),
        "history" => t.did_history(),
        "create" => t.did_create(),
        "update" => t.did_update(),
        "delete" => t.did_delete(),
        "export" => t.did_export(),
        "print" => t.did_print(),
        "declare-break-glass" => t.did_declare_break_glass(),
        "review" => t.did_review(),
        "read-log" => t.did_read_log(),
        "verify-log" => t.did_verify_log(),
        "administer" => t.did_administer(),
        other => other.to_owned(),
    }
}

/// Groups of documents as people think of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Identity,
    Visits,
    Conditions,
    Results,
    Medications,
    Documents,
    Consents,
    Emergency,
    Request,
    Account,
    Log,
    Other,
}

impl Sort {
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "Patient" | "Person" | "RelatedPerson" => Self::Identity,
            "Encounter" | "EpisodeOfCare" | "CareTeam" | "Appointment" | "Procedure" => Self::Visits,
            "Condition" | "AllergyIntolerance" | "Flag" | "FamilyMemberHistory" => Self::Conditions,
            "Observation" | "DiagnosticReport" | "Specimen" | "MolecularSequence" => Self::Results,
            "Immunization" => Self::Medications,
            _ if kind.starts_with("Medication") => Self::Medications,
            "ImagingStudy" | "Media" | "DocumentReference" | "Composition" | "Binary" | "QuestionnaireResponse" => {
                Self::Documents
            }
            "Consent" | "NoticeProof" => Self::Consents,
            "BreakGlass" | "BreakGlassReview" => Self::Emergency,
            "AccessRequest" => Self::Request,
            "UserAccount" | "ClientRegistration" | "PortalAccess" => Self::Account,
            "LogEntry" => Self::Log,
            _ => Self::Other,
        }
    }

    pub(super) fn label(self, t: &Messages) -> String {
        match self {
            Self::Identity => t.kind_identity(),
            Self::Visits => t.kind_visits(),
            Self::Conditions => t.kind_conditions(),
            Self::Results => t.kind_results(),
            Self::Medications => t.kind_medications(),
            Self::Documents => t.kind_documents(),
            Self::Consents => t.kind_consents(),
            Self::Emergency => t.kind_emergency(),
            Self::Request => t.kind_request(),
            Self::Account => t.kind_account(),
            Self::Log => t.kind_log(),
            Self::Other => t.kind_other(),
        }
    }
}

/// The documents of an entry (`Kind/id/_history/1 …`), grouped and counted, without their content.
pub(super) fn items(t: &Messages, items: &str) -> String {
    let mut counted: std::collections::BTreeMap<Sort, u64> = std::collections::BTreeMap::new();
    for item in items.split(' ').filter_map(|item| item.split_once('/')) {
        *counted.entry(Sort::of(item.0)).or_default() += 1;
    }
    let words: Vec<String> = counted
        .into_iter()
        .map(|(sort, n)| if n == 1 { sort.label(t) } else { t.kind_count(sort.label(t), n) })
        .collect();
    words.join(&t.list_comma())
}

/// The sentence of a refusal. The code is the one that may be told, the same for what does not exist.
pub(super) fn sentence(t: &Messages, code: policy::RefusalCode) -> String {
    use policy::RefusalCode as C;
    match code {
        C::NoRelation | C::NotFound | C::NoTicket => t.refused_no_relation(),
        C::NotForRole => t.refused_not_for_role(),
        C::Administrator | C::RoleConflict => t.refused_administrator(),
        _ => t.refused_other(),
    }
}

/// What a redirect said was done.
pub(super) fn flash(t: &Messages, code: &str) -> Option<Flash> {
    let text = match code {
        "emergency-ended" => t.flash_emergency_ended(),
        "emergency-begun" => t.flash_emergency_begun(),
        "registered" => t.flash_registered(),
        "consent" => t.flash_consent(),
        "reviewed" => t.flash_reviewed(),
        "answered" => t.flash_answered(),
        "turned" => t.flash_turned(),
        "terms" => t.flash_terms(),
        "destruction-asked" => t.flash_destruction_asked(),
        "held" => t.flash_held(),
        "new-keys" => t.flash_new_keys(),
        "lifted" => t.flash_lifted(),
        "saved" => t.flash_saved(),
        "locked" => t.flash_locked(),
        "unlocked" => t.flash_unlocked(),
        "password" => t.flash_password(),
        "session" => t.flash_session(),
        "portal-ended" => t.flash_portal_ended(),
        "authority-ended" => t.flash_authority_ended(),
        "limited" => t.flash_limited(),
        "opened" => t.flash_opened(),
        _ => return None,
    };
    Some(Flash { kind: FlashKind::Done, text })
}

/// What was done to an account.
pub(super) fn account_event(t: &Messages, code: &str) -> String {
    match code {
        "account-created" => t.changed_created(),
        "account-changed" => t.changed_changed(),
        "account-locked" => t.changed_locked(),
        "account-unlocked" => t.changed_unlocked(),
        "account-disabled" => t.changed_disabled(),
        "sessions-ended" => t.changed_sessions_ended(),
        "password-reset" => t.changed_password_reset(),
        "password-changed" => t.changed_password(),
        "second-factor-reset" => t.changed_factor_reset(),
        "second-factor-removed" => t.changed_factor_removed(),
        "second-factor-changed" => t.changed_factor(),
        other => other.to_owned(),
    }
}

/// A field of an account.
pub(super) fn account_field(t: &Messages, code: &str) -> String {
    match code {
        "login" => t.account_user(),
        "name" => t.col_name(),
        "roles" => t.col_roles(),
        "practitioner" => t.account_practitioner(),
        "department" => t.col_department(),
        "training" => t.account_training(),
        other => other.to_owned(),
    }
}

/// A person's sex in words.
pub(super) fn sex(t: &Messages, code: &str) -> String {
    match code {
        "male" => t.sex_male(),
        "female" => t.sex_female(),
        "other" => t.sex_other(),
        _ => t.sex_unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Lang;

    #[test]
    fn every_role_of_the_log_has_words_in_both_languages() {
        for lang in [Lang::Zh, Lang::En] {
            for role in policy::Role::ALL {
                let code = role.to_string();
                assert_ne!(roles(lang.t(), &code), code);
            }
            assert_eq!(roles(lang.t(), "of-a-newer-program"), "of-a-newer-program");
        }
    }
}
