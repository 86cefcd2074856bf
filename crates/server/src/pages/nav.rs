//! Places in the navigation, and who needs which.

use super::{Html, Role, icon, lang::Messages, url};

/// Places in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nav {
    /// The doctor's own patients.
    MyPatients,
    /// Find a patient.
    FindPatient,
    /// The counter: find, next step.
    Counter,
    /// Register a patient.
    Register,
    /// What the privacy officer must do today.
    PrivacyToday,
    /// Emergency accesses to review.
    Reviews,
    /// Who saw whom.
    WhoSaw,
    /// Destruction of personal data.
    Destructions,
    /// The log.
    Log,
    /// Verify the log now.
    Verify,
    /// Accounts and roles.
    Accounts,
    /// The state of the system.
    System,
    /// Backups: the last one, the last restore that was tried.
    Backups,
    /// Root keys: their state and their turning.
    RootKeys,
    /// The person's own account.
    MyAccount,
    /// Portal: what is kept.
    Me,
    /// Portal: who saw it.
    Seen,
    /// Portal: my choices.
    Choices,
    /// Portal: my record.
    MyRecord,
}

impl Nav {
    pub(crate) fn label(self, t: &Messages) -> String {
        match self {
            Self::MyPatients => t.nav_my_patients(),
            Self::FindPatient => t.nav_find_patient(),
            Self::Counter => t.nav_counter(),
            Self::Register => t.nav_register(),
            Self::PrivacyToday => t.nav_privacy_today(),
            Self::Reviews => t.nav_reviews(),
            Self::WhoSaw => t.nav_who_saw(),
            Self::Destructions => t.nav_destructions(),
            Self::Log => t.nav_log(),
            Self::Verify => t.nav_verify(),
            Self::Accounts => t.nav_accounts(),
            Self::System => t.nav_system(),
            Self::Backups => t.nav_backups(),
            Self::RootKeys => t.nav_root_keys(),
            Self::MyAccount => t.nav_my_account(),
            Self::Me => t.nav_me(),
            Self::Seen => t.nav_seen(),
            Self::Choices => t.nav_choices(),
            Self::MyRecord => t.nav_my_record(),
        }
    }

    pub(crate) fn href(self) -> &'static str {
        match self {
            Self::MyPatients => url::PATIENTS,
            Self::FindPatient => url::FIND,
            Self::Counter => url::RECEPTION,
            Self::Register => url::REGISTER,
            Self::PrivacyToday => url::PRIVACY,
            Self::Reviews => url::REVIEWS,
            Self::WhoSaw => url::WHO_SAW,
            Self::Destructions => url::DESTRUCTIONS,
            Self::Log => url::AUDIT,
            Self::Verify => url::VERIFY,
            Self::Accounts => url::ACCOUNTS,
            Self::System => url::SYSTEM,
            Self::Backups => url::BACKUPS,
            Self::RootKeys => url::ROOT_KEYS,
            Self::MyAccount => url::ACCOUNT,
            Self::Me => url::ME,
            Self::Seen => url::SEEN,
            Self::Choices => url::CHOICES,
            Self::MyRecord => url::MY_RECORD,
        }
    }

    pub(crate) fn icon(self) -> Html {
        icon(match self {
            Self::MyPatients | Self::Accounts => "users",
            Self::FindPatient => "user-search",
            Self::Counter => "id-card",
            Self::Register => "user-plus",
            Self::PrivacyToday => "inbox",
            Self::Reviews => "siren",
            Self::WhoSaw | Self::Seen => "eye",
            Self::Destructions => "shield-alert",
            Self::Log => "list-tree",
            Self::Verify => "badge-check",
            Self::System => "server",
            Self::Backups => "database",
            Self::RootKeys => "key-round",
            Self::MyAccount => "settings",
            Self::Me => "house",
            Self::Choices => "hand",
            Self::MyRecord => "heart-pulse",
        })
    }

    /// What a role needs, in the order it is shown.
    pub(crate) fn of_role(role: Role) -> &'static [Self] {
        match role {
            Role::Doctor | Role::Nurse | Role::Radiographer => &[Self::MyPatients, Self::FindPatient],
            Role::Receptionist => &[Self::Counter, Self::Register],
            Role::PrivacyOfficer => &[Self::PrivacyToday, Self::Reviews, Self::WhoSaw, Self::Destructions],
            Role::Auditor | Role::AuditAdministrator => &[Self::Log, Self::Verify],
            Role::SecurityAdministrator => &[Self::Accounts, Self::RootKeys],
            Role::SystemAdministrator => &[Self::System, Self::Backups, Self::RootKeys],
            Role::SecurityOfficer => &[Self::System, Self::Backups, Self::RootKeys, Self::Destructions],
            Role::Patient => &[Self::Me, Self::Seen, Self::Choices, Self::MyRecord],
        }
    }
}
