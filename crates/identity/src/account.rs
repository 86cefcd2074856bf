//! Accounts: who may log in, as what.

use std::collections::BTreeSet;
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tacebo_vault::RecordKind;
use tacebo_vault::policy::{Assurance, PersonKind, Role, Who, roles_conflict};

use crate::bearer::Bearer;
use crate::secret::{Fingerprint, sealed};
use crate::shelf::Holder;
use crate::throttle::Guard;
use crate::{Changed, FactorOffer, IdentityError, Secret, factor, login_name};

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountState {
    /// It may.
    Active,
    /// Not until an administrator unlocks it.
    Locked,
    /// Its person has left. It stays, because the log speaks of it.
    Disabled,
}

/// One account, without its secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Id, never reused.
    pub id: String,
    /// Number in the log: random, 63 bits.
    pub number: u64,
    /// Login name, normalised.
    pub login: String,
    /// Sort of account.
    pub kind: PersonKind,
    /// The person's name.
    pub name: String,
    /// How the person's post is shown to others ("主治医师").
    pub display: String,
    /// Roles held.
    pub roles: BTreeSet<Role>,
    /// Named grants, such as `genetic`.
    pub grants: BTreeSet<String>,
    /// `Practitioner/…` of a member of staff.
    pub practitioner: Option<String>,
    /// Patient id, where this person is also a patient here.
    pub patient: Option<String>,
    /// `RelatedPerson/…` that this person is: a parent or guardian of a patient.
    pub related: BTreeSet<String>,
    /// `Organization/…` of the department.
    pub department: Option<String>,
    /// `CareTeam/…` and other groups.
    pub teams: BTreeSet<String>,
    /// Last day on which the privacy training is valid, as the administrator entered it: shown, and no rule of access.
    #[serde(with = "crate::day")]
    pub training_until: Option<Date>,
    /// State.
    pub state: AccountState,
    /// Somebody else knows the password: change it first.
    pub must_change_password: bool,
    /// Somebody else knows the second factor: change it first.
    pub must_change_factor: bool,
    /// Created, microseconds since the Unix epoch.
    pub created_us: i64,
    /// Last changed by an administrator or its owner, microseconds since the Unix epoch; sent back with a change, so
    /// that nobody overwrites what he has not seen.
    pub changed_us: i64,
    /// Last full log-in, microseconds since the Unix epoch.
    pub last_login_us: Option<i64>,
}

impl Account {
    /// Whether it is of the portal: of a patient, a parent or guardian.
    pub fn is_portal(&self) -> bool {
        self.kind == PersonKind::Patient
    }

    /// Without whose it is, where it is of the portal: who administers accounts need not know who is a patient.
    pub(crate) fn faceless(mut self) -> Self {
        if self.is_portal() {
            self.name.clear();
            self.patient = None;
            self.related.clear();
        }
        self
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("roles", &self.roles)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// One line of the account list. Of an account of the portal it does not tell whose it is.
#[derive(Debug, Clone)]
pub struct AccountEntry {
    /// The account.
    pub account: Account,
    /// Failed log-ins since the last full one.
    pub failures: u32,
    /// End of the lock that failures set, microseconds since the Unix epoch; `i64::MAX` at the hard stop.
    pub locked_until_us: Option<i64>,
    /// Whether a second factor is enrolled (ACC-05).
    pub has_factor: bool,
    /// Open sessions and tokens.
    pub open: usize,
    /// What was done to it, the latest first.
    pub changes: Vec<Changed>,
}

/// An account to create.
#[derive(Clone)]
pub struct NewAccount {
    /// Login name in any spelling.
    pub login: String,
    /// Staff or patient.
    pub kind: PersonKind,
    /// The person's name.
    pub name: String,
    /// How the post is shown to others.
    pub display: String,
    /// Roles.
    pub roles: BTreeSet<Role>,
    /// Named grants.
    pub grants: BTreeSet<String>,
    /// `Practitioner/…`.
    pub practitioner: Option<String>,
    /// Patient id; a portal account needs one, or somebody to act for.
    pub patient: Option<String>,
    /// `RelatedPerson/…` that the person is.
    pub related: BTreeSet<String>,
    /// `Organization/…`.
    pub department: Option<String>,
    /// `CareTeam/…`.
    pub teams: BTreeSet<String>,
    /// Last day on which the privacy training is valid.
    pub training_until: Option<Date>,
    /// Password; made up when none is given.
    pub password: Option<Secret>,
    /// TOTP secret in base32; made up when none is given.
    pub factor: Option<Secret>,
    /// Whether password and factor must be changed at the first log-in: always, but in a demo.
    pub must_change: bool,
}

impl NewAccount {
    /// An account of staff with the usual fields empty.
    pub fn staff(login: &str, name: &str, display: &str, roles: impl IntoIterator<Item = Role>) -> Self {
        Self {
            login: login.to_owned(),
            kind: PersonKind::Staff,
            name: name.to_owned(),
            display: display.to_owned(),
            roles: roles.into_iter().collect(),
            grants: BTreeSet::new(),
            practitioner: None,
            patient: None,
            related: BTreeSet::new(),
            department: None,
            teams: BTreeSet::new(),
            training_until: None,
            password: None,
            factor: None,
            must_change: true,
        }
    }

    /// A portal account of a patient.
    pub fn patient(login: &str, name: &str, patient: &str) -> Self {
        let patient = Some(patient.to_owned());
        Self { kind: PersonKind::Patient, patient, ..Self::staff(login, name, "患者", [Role::Patient]) }
    }

    /// A portal account of a parent or guardian: `related` is the `RelatedPerson/…` in the patient's record that this
    /// person is. What the account may see follows from that document, for as long as it says so.
    pub fn guardian(login: &str, name: &str, related: &str) -> Self {
        let related = BTreeSet::from([related.to_owned()]);
        Self { kind: PersonKind::Patient, related, ..Self::staff(login, name, "监护人", [Role::Patient]) }
    }
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("kind", &self.kind).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct AccountChange {
    /// New login name.
    pub login: Option<String>,
    /// New name.
    pub name: Option<String>,
    /// New post.
    pub display: Option<String>,
    /// New roles; ends all sessions and tokens.
    pub roles: Option<BTreeSet<Role>>,
    /// New grants; ends all sessions and tokens.
    pub grants: Option<BTreeSet<String>>,
    /// New `Practitioner/…`; ends all sessions and tokens.
    pub practitioner: Option<Option<String>>,
    /// New patient id; ends all sessions and tokens.
    pub patient: Option<Option<String>>,
    /// New department; in force on the next request.
    pub department: Option<Option<String>>,
    /// New teams; in force on the next request.
    pub teams: Option<BTreeSet<String>>,
    /// New last day of the privacy training.
    pub training_until: Option<Option<Date>>,
}

impl fmt::Debug for AccountChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountChange").finish_non_exhaustive()
    }
}

/// What is handed to a person, once: nobody can read it again.
#[derive(Clone)]
pub struct Handed {
    /// The account.
    pub account: Account,
    /// Its new password, where one was set.
    pub password: Option<Secret>,
    /// Its new second factor, where one was set.
    pub factor: Option<FactorOffer>,
}

impl fmt::Debug for Handed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handed").field("account", &self.account).finish_non_exhaustive()
    }
}

/// An account with its secrets, as the vault seals it. Its sessions and tokens are in the same record, so that a
/// change of rights ends them in the same commit.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredAccount {
    pub account: Account,
    /// PHC string.
    #[serde(with = "sealed")]
    pub password: Option<Secret>,
    /// Base32.
    #[serde(with = "sealed")]
    pub factor: Option<Secret>,
    /// Last TOTP step used; each is good once.
    pub last_step: u64,
    pub guard: Guard,
    pub open: Vec<Bearer>,
    /// What was done to it, the latest first.
    #[serde(default)]
    pub changes: Vec<Changed>,
    /// First steps of log-ins that were used up, with their end.
    #[serde(default)]
    pub spent: Vec<(Fingerprint, i64)>,
}

impl Holder for StoredAccount {
    const KIND: RecordKind = RecordKind::Account;

    fn own_terms(&self) -> Vec<(String, String)> {
        let mut terms = vec![("login".to_owned(), self.account.login.clone())];
        if let Some(practitioner) = &self.account.practitioner {
            terms.push(("practitioner".into(), practitioner.clone()));
        }
        if self.account.is_portal() {
            terms.extend(self.account.patient.iter().map(|patient| ("patient".to_owned(), patient.clone())));
            terms.extend(self.account.related.iter().map(|related| ("related".to_owned(), related.clone())));
        }
        terms
    }

    fn labelled(&self) -> &'static str {
        if self.account.is_portal() { "PortalAccount" } else { Self::KIND.as_str() }
    }

    fn open(&self) -> &[Bearer] {
        &self.open
    }

    fn open_mut(&mut self) -> &mut Vec<Bearer> {
        &mut self.open
    }

    fn guard_mut(&mut self) -> Option<&mut Guard> {
        Some(&mut self.guard)
    }

    fn guard(&self) -> Guard {
        self.guard.clone()
    }

    fn is_active(&self) -> bool {
        self.account.state == AccountState::Active
    }

    fn who(&self) -> Who {
        let account = &self.account;
        Who {
            account: account.id.clone(),
            number: account.number,
            kind: account.kind,
            display: account.display.clone(),
            roles: account.roles.clone(),
            grants: account.grants.clone(),
            practitioner: account.practitioner.clone(),
            patient: account.patient.clone(),
            related: account.related.clone(),
            department: account.department.clone(),
            teams: account.teams.clone(),
            assurance: Assurance::Two,
        }
    }

    fn at_once(settings: &crate::Settings) -> usize {
        settings.open_at_once
    }
}

impl StoredAccount {
    /// A new account with its secrets, opened by nobody yet.
    pub(crate) fn new(account: Account, password: Option<Secret>, factor: Option<Secret>) -> Self {
        let (guard, open, changes) = (Guard::default(), Vec::new(), Vec::new());
        Self { account, password, factor, last_step: 0, guard, open, changes, spent: Vec::new() }
    }

    /// Puts a one-time password in force, by its hash. What was open ends.
    pub(crate) fn give_password(&mut self, hash: Secret) {
        self.password = Some(hash);
        self.account.must_change_password = true;
        self.guard = Guard::default();
        self.open.clear();
    }

    /// Puts a second factor in force that must be changed. What was open ends.
    pub(crate) fn give_factor(&mut self, secret: Secret) {
        self.factor = Some(secret);
        self.last_step = 0;
        self.account.must_change_factor = true;
        self.open.clear();
    }

    /// The step of a code that fits now and was not used yet; else the word for the log.
    pub(crate) fn fresh_step(
        &self,
        secret: &Secret,
        code: &str,
        now_us: i64,
    ) -> Result<Result<u64, &'static str>, IdentityError> {
        Ok(match factor::step(secret, code, now_us)? {
            Some(step) if step > self.last_step => Ok(step),
            Some(_) => Err("code-used-twice"),
            None => Err("code"),
        })
    }

    /// A mark of the secrets in force; a first step made under others does not count.
    pub(crate) fn credentials(&self) -> Fingerprint {
        let text = |secret: &Option<Secret>| secret.clone().unwrap_or_else(|| Secret::new(""));
        let both =
            zeroize::Zeroizing::new(format!("{} {}", text(&self.password).expose(), text(&self.factor).expose()));
        Fingerprint::of(&both)
    }

    /// The line for the account list.
    pub(crate) fn entry(&self, guard: &Guard, now_us: i64, settings: &crate::Settings) -> AccountEntry {
        AccountEntry {
            account: self.account.clone().faceless(),
            failures: guard.fails(),
            locked_until_us: guard.locked_until(now_us, settings),
            has_factor: self.factor.is_some(),
            open: self.open.iter().filter(|bearer| bearer.expires_us > now_us).count(),
            changes: self.changes.clone(),
        }
    }
}

/// Roles of one account must fit its sort and each other; `acts` says that a portal account has a record to look at.
pub(crate) fn check_roles(kind: PersonKind, roles: &BTreeSet<Role>, acts: bool) -> Result<(), IdentityError> {
    if let Some((one, other)) = roles_conflict(roles) {
        return Err(IdentityError::RolesConflict(one, other));
    }
    let outside = roles.contains(&Role::Patient) || roles.contains(&Role::Client);
    let fits = match kind {
        PersonKind::Staff => !roles.is_empty() && !outside,
        PersonKind::Patient => roles.len() == 1 && roles.contains(&Role::Patient) && acts,
        PersonKind::Client | PersonKind::System => false,
    };
    if fits { Ok(()) } else { Err(IdentityError::RolesUnfit) }
}

impl NewAccount {
    /// The account that this asks for.
    pub(crate) fn build(&self, id: String, number: u64, now_us: i64) -> Result<Account, IdentityError> {
        check_roles(self.kind, &self.roles, self.patient.is_some() || !self.related.is_empty())?;
        Ok(Account {
            id,
            number,
            login: login_name::normalise(&self.login)?,
            kind: self.kind,
            name: self.name.trim().to_owned(),
            display: self.display.trim().to_owned(),
            roles: self.roles.clone(),
            grants: self.grants.clone(),
            practitioner: self.practitioner.clone(),
            patient: self.patient.clone(),
            related: self.related.clone(),
            department: self.department.clone(),
            teams: self.teams.clone(),
            training_until: self.training_until,
            state: AccountState::Active,
            must_change_password: self.must_change,
            must_change_factor: self.must_change,
            created_us: now_us,
            changed_us: now_us,
            last_login_us: None,
        })
    }
}

impl AccountChange {
    /// Applies the change; true when rights changed, which ends sessions and tokens.
    pub(crate) fn apply(&self, account: &mut Account, now_us: i64) -> Result<bool, IdentityError> {
        let before = account.clone();
        if let Some(login) = &self.login {
            account.login = login_name::normalise(login)?;
        }
        if let Some(name) = &self.name {
            name.trim().clone_into(&mut account.name);
        }
        if let Some(display) = &self.display {
            display.trim().clone_into(&mut account.display);
        }
        account.roles.clone_from(self.roles.as_ref().unwrap_or(&before.roles));
        account.grants.clone_from(self.grants.as_ref().unwrap_or(&before.grants));
        account.practitioner.clone_from(self.practitioner.as_ref().unwrap_or(&before.practitioner));
        account.patient.clone_from(self.patient.as_ref().unwrap_or(&before.patient));
        account.department.clone_from(self.department.as_ref().unwrap_or(&before.department));
        account.teams.clone_from(self.teams.as_ref().unwrap_or(&before.teams));
        account.training_until = self.training_until.unwrap_or(before.training_until);
        check_roles(account.kind, &account.roles, account.patient.is_some() || !account.related.is_empty())?;
        account.changed_us = now_us;
        Ok(account.roles != before.roles
            || account.grants != before.grants
            || account.practitioner != before.practitioner
            || account.patient != before.patient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acc_14_no_account_holds_two_of_the_three_administrators() {
        let admins = [Role::SystemAdmin, Role::SecurityAdmin, Role::AuditAdmin];
        for one in admins {
            for other in admins {
                let new = NewAccount::staff("abc", "n", "d", [one, other, Role::Doctor]);
                let built = new.build("id".into(), 1, 0);
                assert_eq!(matches!(built, Err(IdentityError::RolesConflict(..))), one != other);
            }
        }
    }

    #[test]
    fn roles_fit_the_sort_of_account() {
        let staff = |roles: &[Role]| NewAccount::staff("abc", "n", "d", roles.iter().copied()).build("i".into(), 1, 0);
        assert!(staff(&[Role::Doctor]).is_ok());
        for wrong in [&[][..], &[Role::Patient], &[Role::Doctor, Role::Client]] {
            assert!(matches!(staff(wrong), Err(IdentityError::RolesUnfit)), "{wrong:?}");
        }
        assert!(NewAccount::patient("abc", "n", "p1").build("i".into(), 1, 0).is_ok());
        assert!(NewAccount::guardian("abc", "n", "RelatedPerson/r").build("i".into(), 1, 0).is_ok());
        let doctor = NewAccount { roles: [Role::Doctor].into(), ..NewAccount::patient("abc", "n", "p1") };
        assert!(doctor.build("i".into(), 1, 0).is_err());
        let nobody = NewAccount { patient: None, ..NewAccount::patient("abc", "n", "p1") };
        assert!(nobody.build("i".into(), 1, 0).is_err());
        let house = NewAccount { kind: PersonKind::System, ..NewAccount::staff("abc", "n", "d", [Role::Doctor]) };
        assert!(house.build("i".into(), 1, 0).is_err());
    }
}
