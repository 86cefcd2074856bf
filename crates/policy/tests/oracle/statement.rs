//! The rules of the house as plain conditions, written apart from the policies.

use tacebo_policy::{Action, Mask, MaskSet, PersonKind, Purpose, Role};

use super::cases::{Case, Relation, State};

/// What the statement says about a case.
pub(crate) struct Told {
    pub(crate) allowed: bool,
    pub(crate) masks: MaskSet,
    /// Break-glass: tell the patient, review, no export.
    pub(crate) emergency: bool,
    /// Which sentences matched, as bits.
    pub(crate) matched: u64,
}

fn masks(list: &[Mask]) -> MaskSet {
    list.iter().copied().collect()
}

pub(crate) fn statement(case: &Case) -> Told {
    use Action as A;
    use Purpose as P;
    let Case { asker, purpose, action, relation, state, .. } = *case;
    let (kind, label) = case.what;

    let is_staff = asker.kind == PersonKind::Staff;
    let is_client = asker.kind == PersonKind::Client;
    let is_portal = asker.kind == PersonKind::Patient;
    let is = |role| is_staff && asker.roles.contains(&role);
    let looks = matches!(action, A::Read | A::Search | A::History);
    let writes = matches!(action, A::Create | A::Update);
    let log_access = looks || action == A::ReadLog;

    let clinical = matches!(kind, "Observation" | "ImagingStudy" | "MolecularSequence");
    let identity = matches!(kind, "Patient" | "RelatedPerson" | "PortalAccess");
    let appointment = kind == "Appointment";
    let consent = matches!(kind, "Consent" | "NoticeProof");
    let review = matches!(kind, "BreakGlass" | "AccessRequest");
    let shared = kind == "Organization";
    let log = kind == "LogEntry";
    let record = clinical || identity || appointment || consent || matches!(kind, "Coverage" | "Nonsense");
    let care_kinds = clinical || identity || appointment || consent;
    let genetic = label == "genetic" || matches!(kind, "MolecularSequence" | "Nonsense");
    let sensitive = matches!(label, "HIV" | "V") || kind == "Nonsense";
    let coded_sensitive = label == "HIV" || kind == "Nonsense";

    let own = matches!(state, State::Own | State::Limited16Own);
    let ward = matches!(state, State::WardUnder14 | State::Ward16);
    let vip = matches!(state, State::Vip | State::Colleague | State::VipLimited);
    let health = matches!(kind, "Observation" | "ImagingStudy") && !genetic;
    let limited = match state {
        State::Limited | State::VipLimited | State::Limited16Own => true,
        State::LimitedHealth => health,
        _ => false,
    };
    let treats = relation >= Relation::Team;
    let cares = relation >= Relation::Department;
    let ticket = case.ticket && purpose == P::EmergencyTreat;
    let can_declare = is(Role::Doctor) || is(Role::Nurse);

    let all = MaskSet::all();
    let faceless =
        masks(&[Mask::Name, Mask::Identifier, Mask::Phone, Mask::Address, Mask::BirthDate, Mask::Contact, Mask::Photo]);
    let technical = masks(&[Mask::Identifier, Mask::Phone, Mask::Address, Mask::BirthDate, Mask::Contact, Mask::Photo]);
    let named: MaskSet = all.iter().filter(|mask| *mask != Mask::Name).collect();
    let bedside = masks(&[Mask::Phone, Mask::Address, Mask::Contact, Mask::FreeText, Mask::Narrative, Mask::Photo]);

    let needs = |purpose: P, action: A| {
        let manner = match action {
            A::Read | A::Search | A::History => "read",
            A::Create | A::Update | A::Delete => "write",
            A::Export => "export",
            other => other.code(),
        };
        asker.grants.contains(&format!("{purpose}.{manner}").as_str())
    };
    let exchange = looks || writes || matches!(action, A::Delete | A::Export);
    let admin_acts = looks || writes || matches!(action, A::Delete | A::Administer);
    let oversees = is(Role::Auditor) || is(Role::AuditAdmin);
    let system_purpose = matches!(purpose, P::Compliance | P::SystemAdmin);
    let three = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];

    // Who may, and what is hidden from them.
    let may: &[(bool, MaskSet)] = &[
        // Everybody looks at what is about nobody.
        (shared && looks, MaskSet::NONE),
        // Those who treat.
        (
            is(Role::Doctor) && purpose == P::Treat && care_kinds && treats && (looks || action == A::Print),
            MaskSet::NONE,
        ),
        (is(Role::Doctor) && purpose == P::Treat && (clinical || appointment) && treats && writes, MaskSet::NONE),
        (is(Role::Nurse) && purpose == P::Treat && care_kinds && cares && looks, MaskSet::NONE),
        (is(Role::Nurse) && purpose == P::Treat && (clinical || appointment) && cares && writes, MaskSet::NONE),
        (
            is(Role::Radiographer) && purpose == P::Treat && kind == "ImagingStudy" && cares && (looks || writes),
            MaskSet::NONE,
        ),
        (is(Role::Radiographer) && purpose == P::Treat && (identity || appointment) && cares && looks, bedside),
        // Emergencies.
        (
            can_declare
                && purpose == P::EmergencyTreat
                && action == A::DeclareBreakGlass
                && (identity || clinical || review),
            MaskSet::NONE,
        ),
        (can_declare && ticket && care_kinds && looks, MaskSet::NONE),
        (can_declare && ticket && (clinical || appointment) && writes, MaskSet::NONE),
        // Whoever is refused may ask.
        (
            (is(Role::Doctor) || is(Role::Nurse) || is(Role::Radiographer))
                && purpose == P::Treat
                && kind == "AccessRequest"
                && writes,
            MaskSet::NONE,
        ),
        // Reception.
        (is(Role::Receptionist) && purpose == P::PatientAdmin && identity && (looks || writes), all),
        (is(Role::Receptionist) && purpose == P::PatientAdmin && appointment && (looks || writes), all),
        (is(Role::Receptionist) && purpose == P::PatientAdmin && consent && (looks || writes), all),
        (
            is(Role::Receptionist)
                && purpose == P::PatientAdmin
                && kind == "UserAccount"
                && label == "portal"
                && writes,
            MaskSet::NONE,
        ),
        // Oversight.
        (
            is(Role::PrivacyOfficer) && purpose == P::Compliance && review && (looks || action == A::Review),
            MaskSet::NONE,
        ),
        (is(Role::PrivacyOfficer) && purpose == P::Compliance && log && log_access, MaskSet::NONE),
        (is(Role::PrivacyOfficer) && purpose == P::Compliance && (identity || consent) && looks, named),
        (
            is(Role::SecurityOfficer)
                && system_purpose
                && kind == "Incident"
                && (looks || writes || action == A::Review),
            MaskSet::NONE,
        ),
        (oversees && purpose == P::Compliance && log && log_access, faceless),
        (
            (oversees || is(Role::SecurityOfficer) || is(Role::PrivacyOfficer))
                && system_purpose
                && log
                && action == A::VerifyLog,
            faceless,
        ),
        // Administration.
        (
            is(Role::SystemAdmin) && purpose == P::SystemAdmin && (kind == "Configuration" || shared) && admin_acts,
            MaskSet::NONE,
        ),
        (is(Role::SecurityOfficer) && purpose == P::SystemAdmin && kind == "Configuration" && looks, MaskSet::NONE),
        (is(Role::SystemAdmin) && purpose == P::SystemAdmin && kind == "UserAccount" && looks, technical),
        (
            is(Role::SecurityAdmin)
                && purpose == P::SystemAdmin
                && kind == "UserAccount"
                && label != "portal"
                && admin_acts,
            MaskSet::NONE,
        ),
        (
            is(Role::SecurityAdmin)
                && purpose == P::SystemAdmin
                && kind == "UserAccount"
                && label == "portal"
                && (looks || action == A::Administer),
            faceless,
        ),
        // Backups.
        (
            (is(Role::SystemAdmin) || is(Role::SecurityOfficer))
                && purpose == P::SystemAdmin
                && kind == "Backup"
                && (looks || action == A::Administer),
            MaskSet::NONE,
        ),
        // Root keys.
        (
            is(Role::SecurityAdmin)
                && purpose == P::SystemAdmin
                && kind == "RootKey"
                && (looks || action == A::Administer),
            MaskSet::NONE,
        ),
        (
            (is(Role::SystemAdmin) || is(Role::SecurityOfficer))
                && purpose == P::SystemAdmin
                && kind == "RootKey"
                && looks,
            MaskSet::NONE,
        ),
        // Destruction.
        (
            is(Role::PrivacyOfficer)
                && purpose == P::Compliance
                && kind == "Shredding"
                && (looks || matches!(action, A::Create | A::Review)),
            MaskSet::NONE,
        ),
        (
            is(Role::SecurityOfficer)
                && purpose == P::Compliance
                && kind == "Shredding"
                && (looks || action == A::Review),
            MaskSet::NONE,
        ),
        // Patients and guardians.
        (
            is_portal
                && purpose == P::PatientRequest
                && own
                && record
                && (looks || matches!(action, A::Print | A::Export)),
            MaskSet::NONE,
        ),
        (
            is_portal && purpose == P::PatientRequest && own && log && (log_access || action == A::VerifyLog),
            MaskSet::NONE,
        ),
        (is_portal && purpose == P::PatientRequest && own && consent && (writes || action == A::Delete), MaskSet::NONE),
        (is_portal && purpose == P::FamilyRequest && ward && record && (looks || action == A::Print), MaskSet::NONE),
        (
            is_portal && purpose == P::FamilyRequest && ward && log && (log_access || action == A::VerifyLog),
            MaskSet::NONE,
        ),
        (
            is_portal
                && purpose == P::FamilyRequest
                && state == State::WardUnder14
                && consent
                && (writes || action == A::Delete),
            MaskSet::NONE,
        ),
        // Systems.
        (is_client && exchange && needs(purpose, action) && (record || shared), MaskSet::NONE),
        (asker.kind == PersonKind::System && action != A::DeclareBreakGlass && needs(purpose, action), MaskSet::NONE),
    ];

    // Situations in which closeness and wishes are not asked for.
    let beyond = ticket
        || (purpose == P::PatientAdmin && (identity || appointment || consent))
        || purpose == P::Compliance
        || action == A::DeclareBreakGlass;

    // What takes away.
    let held = three.iter().filter(|role| is(**role)).count();
    let never: &[bool] = &[
        (is_staff || is_portal) && !case.two_factors && !(shared && looks),
        held >= 2,
        held >= 1 && record,
        is_staff && own,
        is_portal && label == "withheld",
        is_portal && !own && state == State::Ward16 && sensitive,
        record && genetic && !is_portal && !asker.grants.contains(&"genetic"),
        (is_staff || is_client) && limited && record && !beyond && !(is_client && (writes || action == A::Delete)),
        is_staff && vip && record && !treats && !beyond,
        is_staff && sensitive && record && !treats && !beyond,
        purpose == P::EmergencyTreat && matches!(action, A::Export | A::Print),
    ];

    let emergency = can_declare && ticket && ((care_kinds && looks) || ((clinical || appointment) && writes));
    let matching = || may.iter().filter(|(may, _)| *may);
    let allowed = matching().next().is_some() && !never.contains(&true);
    let mut hidden = matching().map(|(_, masks)| *masks).fold(all, MaskSet::intersect);
    let careful = matches!(
        purpose,
        P::Payment | P::Operations | P::PatientAdmin | P::Compliance | P::SystemAdmin | P::FamilyRequest
    );
    if record && coded_sensitive && careful {
        hidden = hidden.union(masks(&[Mask::Clinical, Mask::FreeText, Mask::Narrative]));
    }
    if record && matches!(purpose, P::Research | P::PublicHealth) {
        hidden = hidden.union(faceless).union(masks(&[Mask::FreeText, Mask::Narrative]));
    }
    let bits = may.iter().map(|(may, _)| *may).chain(never.iter().copied());
    let matched = bits.enumerate().fold(0, |bits, (at, set)| bits | u64::from(set) << at);
    Told { allowed, masks: hidden, emergency, matched }
}
