//! The portal at the counter: who has an account for a patient, and what is handed out. Names are masked before they
//! come here.

use askama::Template;
use jiff::Timestamp;

use super::accounts::{AccountState, Once};
use super::reception::CounterRow;
use super::{Choice, Field, Shell};

/// An account of the portal that is in use.
#[derive(Clone)]
pub struct DeskAccount {
    /// Beginning of the name to log in with.
    pub user: String,
    /// How it stands.
    pub state: AccountState,
    /// Last log-in.
    pub last: Option<Timestamp>,
}

/// A parent or guardian.
#[derive(Clone)]
pub struct DeskGuardian {
    /// Id, for [`super::url::guardian_step`].
    pub id: String,
    /// Masked name.
    pub name: String,
    /// Masked telephone.
    pub phone: String,
    /// Last day, where there is one.
    pub until: Option<String>,
    /// Whether the document says that the person still acts for the patient.
    pub active: bool,
    /// The account, if there is one.
    pub account: Option<DeskAccount>,
}

/// What was done before.
#[derive(Clone)]
pub struct DeskPast {
    /// When.
    pub when: Timestamp,
    /// What, in words.
    pub what: String,
    /// Documents seen, in words.
    pub seen: Vec<String>,
    /// By whom.
    pub by: String,
}

/// What was typed about a new guardian.
#[derive(Clone, Default)]
pub struct GuardianForm {
    /// Name.
    pub name: Field,
    /// Telephone.
    pub phone: Field,
    /// Last day (optional).
    pub until: Field,
    /// Who the person is to the patient: one is chosen.
    pub relationship: Vec<Choice>,
    /// What shows it: one is chosen.
    pub proof: Vec<Choice>,
    /// Whether something was not chosen.
    pub missing: bool,
}

/// Accounts of the portal for one patient. Forms post `document`, `checked` = `yes`; [`super::url::guardians`] `name`,
/// `relationship`, `phone`, `until`, `proof` too.
#[derive(Template)]
#[template(path = "reception/portal.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact shown by itself")]
pub struct Desk {
    /// The frame.
    pub shell: Shell,
    /// Whom it concerns, masked.
    pub patient: CounterRow,
    /// The patient's own account.
    pub own: Option<DeskAccount>,
    /// Parents and guardians, those in office first.
    pub guardians: Vec<DeskGuardian>,
    /// Surely under the age at which a person acts in the portal.
    pub child: bool,
    /// Surely of age: nobody acts for the person.
    pub of_age: bool,
    /// Documents by which a person is known.
    pub documents: Vec<Choice>,
    /// Whether the document or the tick was missing.
    pub unchecked: bool,
    /// Whether nothing could be done because things stand otherwise by now.
    pub otherwise: bool,
    /// A new guardian.
    pub form: GuardianForm,
    /// What was done before, the latest first.
    pub past: Vec<DeskPast>,
}

/// What is handed to the person, shown exactly once.
#[derive(Template)]
#[template(path = "reception/portal_sheet.html")]
pub struct Sheet {
    /// The frame.
    pub shell: Shell,
    /// Whose record it opens, masked.
    pub patient: CounterRow,
    /// The guardian's name, where it is a guardian's: as it was typed a moment ago, or masked.
    pub guardian: Option<String>,
    /// Where to log in.
    pub address: String,
    /// Name to log in with.
    pub user: String,
    /// Password and second factor, as far as they are new.
    pub once: Once,
}

super::no_content_in_debug!(DeskAccount, DeskGuardian, DeskPast, GuardianForm, Desk, Sheet);
