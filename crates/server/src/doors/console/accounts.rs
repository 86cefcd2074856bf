//! The security administrator: accounts and roles.

use std::collections::BTreeSet;

use http::StatusCode;
use jiff::civil::Date;
use tacebo_identity::{AccountChange, AccountEntry, AccountState, Changed, Handed, IdentityError, NewAccount};
use tacebo_vault::Disclosed;
use tacebo_vault::policy::{self, Purpose};

use super::doctor::{page_number, pager};
use super::staff;
use crate::doors::faces::Blank;
use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::{Open, Reply};
use crate::pages::accounts::{
    AccountChange as Change, AccountEdit, AccountRow, AccountState as State, Accounts, Once, RoleChoice,
};
use crate::pages::message::MessageKind;
use crate::pages::{Field, FieldError, Html, Nav, Role, Shell, url};

/// Accounts on a page.
const ROWS: usize = 50;

pub(super) fn state(entry: &AccountEntry) -> State {
    match entry.account.state {
        AccountState::Locked | AccountState::Disabled => State::Locked,
        AccountState::Active if entry.locked_until_us.is_some() => State::Waiting,
        AccountState::Active if entry.account.last_login_us.is_none() => State::New,
        AccountState::Active => State::Active,
    }
}

fn roles(account: &tacebo_identity::Account) -> Vec<Role> {
    account.roles.iter().filter_map(|role| wording::role(*role)).collect()
}

async fn department_name(inside: &Inside, reference: Option<&String>) -> String {
    match reference {
        Some(reference) => {
            let name = inside.app.governance().directory().name(reference).await;
            name.unwrap_or_else(|_| reference.clone())
        }
        None => String::new(),
    }
}

async fn job_number(inside: &Inside, reference: Option<&String>) -> String {
    match reference {
        Some(reference) => {
            let number = inside.app.governance().directory().job_number(reference).await;
            number.unwrap_or_else(|_| reference.clone())
        }
        None => String::new(),
    }
}

pub(super) async fn list(inside: &Inside) -> Result<Reply, IdentityError> {
    let all = inside.app.identity().list(&inside.asker(Purpose::SystemAdmin)).await?;
    let query: String = inside.incoming.form().get("q").chars().take(100).collect();
    let wanted = query.to_lowercase();
    let mut rows = Vec::new();
    for entry in all.value() {
        let department = department_name(inside, entry.account.department.as_ref()).await;
        let account = &entry.account;
        let fits =
            [&account.login, &account.name, &department].iter().any(|text| text.to_lowercase().contains(&wanted));
        if fits {
            rows.push(AccountRow {
                id: account.id.clone(),
                user: account.login.clone(),
                name: if account.is_portal() { inside.lang.t().account_portal() } else { account.name.clone() },
                roles: roles(account),
                department,
                state: state(entry),
                factor: entry.has_factor,
                last: account.last_login_us.map(wording::moment),
            });
        }
    }
    let shell = inside.shell_with(Some(Nav::Accounts), &all).await;
    let (page, total) = (page_number(inside), rows.len());
    let rows = rows.into_iter().skip(page * ROWS).take(ROWS).collect();
    let address = format!("{}?q={}&", url::ACCOUNTS, url::segment(&query));
    let view = Accounts { shell, query, rows, pager: pager(&address, page, ROWS, total) };
    Ok(Reply::page(StatusCode::OK, all.map(|_| view)))
}

/// The form as it was typed.
#[derive(Default)]
struct Typed {
    sent: bool,
    user: Field,
    name: Field,
    department: Field,
    reference: Option<String>,
    practitioner: Field,
    member: Option<String>,
    training_until: Field,
    trained: Option<Date>,
    roles: BTreeSet<policy::Role>,
    clash: bool,
}

impl Typed {
    async fn read(inside: &Inside) -> Self {
        let form = inside.incoming.form();
        let name = match Field::of(form.get("name")) {
            field if field.value.is_empty() => field.wrong(FieldError::Required),
            field if field.value.chars().count() > 60 => field.wrong(FieldError::TooLong(60)),
            field => field,
        };
        let mut department = Field::of(form.get("department"));
        let mut reference = None;
        if !department.value.is_empty() {
            let known = inside.app.governance().directory().departments().await.unwrap_or_default();
            let found = known.into_iter().find(|one| one.name == department.value || one.reference == department.value);
            if let Some(found) = found {
                reference = Some(found.reference);
            } else {
                let words = inside.lang.t().account_department_unknown();
                department = department.wrong(FieldError::Said(words));
            }
        }
        let (practitioner, member) = Self::member(inside, Field::of(form.get("practitioner"))).await;
        let (training_until, trained) = match Field::of(form.get("training_until")) {
            field if field.value.is_empty() => (field, None),
            field => match field.value.parse::<Date>() {
                Ok(day) => (field, Some(day)),
                Err(_) => (field.wrong(FieldError::NotADate), None),
            },
        };
        let roles: BTreeSet<policy::Role> = form
            .all("role")
            .filter_map(Role::from_code)
            .filter(|role| *role != Role::Patient)
            .map(wording::policy_role)
            .collect();
        // An administrator's role stands alone (ACC-14): nothing else beside it.
        let clash = roles.len() > 1 && roles.iter().filter_map(|role| wording::role(*role)).any(Role::is_administrator);
        let user = Field::of(form.get("user"));
        Self {
            sent: true,
            user,
            name,
            department,
            reference,
            practitioner,
            member,
            training_until,
            trained,
            roles,
            clash,
        }
    }

    /// The member of staff meant by a job number or id: encounters, teams and appointments name that person, so
    /// nobody who is not in the register can be named.
    async fn member(inside: &Inside, field: Field) -> (Field, Option<String>) {
        if field.value.is_empty() {
            return (field, None);
        }
        match inside.app.governance().directory().staff_member(&field.value).await {
            Ok(Some(found)) => (field, Some(found.reference)),
            Ok(None) | Err(_) => (field.wrong(FieldError::Said(inside.lang.t().account_practitioner_unknown())), None),
        }
    }

    fn is_good(&self) -> bool {
        !self.roles.is_empty()
            && !self.clash
            && !self.name.is_wrong()
            && !self.department.is_wrong()
            && !self.practitioner.is_wrong()
            && !self.training_until.is_wrong()
            && !self.user.is_wrong()
    }
}

/// What there is of an account already.
struct Kept<'a> {
    entry: &'a AccountEntry,
    own: bool,
    changes: Vec<Change>,
}

/// What was done to the account, in words.
fn changes(inside: &Inside, entry: &AccountEntry) -> Vec<Change> {
    let t = inside.lang.t();
    let one = |one: &Changed| {
        let fields: Vec<String> = one.fields.iter().map(|field| wording::account_field(t, field)).collect();
        let what = wording::account_event(t, &one.what);
        Change {
            at: wording::moment(one.at_us),
            by: staff::actor(&inside.app, &one.by),
            what: if fields.is_empty() { what } else { format!("{what} · {}", fields.join(&t.list_comma())) },
        }
    };
    entry.changes.iter().map(one).collect()
}

fn view(shell: Shell, typed: Typed, kept: Option<&Kept<'_>>, once: Option<Once>) -> AccountEdit {
    let given: Vec<Role> = typed.roles.iter().filter_map(|role| wording::role(*role)).collect();
    let entry = kept.map(|kept| kept.entry);
    let choices = Role::STAFF.iter().map(|role| RoleChoice { role: *role, given: given.contains(role), barred: false });
    AccountEdit {
        id: entry.map(|entry| entry.account.id.clone()),
        user: typed.user,
        name: typed.name,
        department: typed.department,
        practitioner: typed.practitioner,
        training_until: typed.training_until,
        roles: choices.collect(),
        roles_clash: typed.clash,
        roles_missing: typed.sent && typed.roles.is_empty(),
        state: entry.map_or(State::New, state),
        factor: entry.is_some_and(|entry| entry.has_factor),
        sessions: entry.map_or(0, |entry| entry.open as u64),
        last: entry.and_then(|entry| entry.account.last_login_us).map(wording::moment),
        once,
        own: kept.is_some_and(|kept| kept.own),
        portal: entry.is_some_and(|entry| entry.account.is_portal()),
        shown: entry.map(|entry| entry.account.changed_us),
        changes: kept.map(|kept| kept.changes.clone()).unwrap_or_default(),
        shell,
    }
}

pub(super) async fn new_form(inside: &Inside) -> Reply {
    if !inside.has(policy::Role::SecurityAdmin) {
        return inside.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await;
    }
    let shell = inside.shell(Some(Nav::Accounts)).await;
    Reply::open(StatusCode::OK, Open::page(&Blank::account(view(shell, Typed::default(), None, None))))
}

async fn form_again(inside: &Inside, typed: Typed) -> Reply {
    let mut shell = inside.shell(Some(Nav::Accounts)).await;
    url::ACCOUNT_NEW.clone_into(&mut shell.path);
    let view = Blank::account(view(shell, typed, None, None));
    Reply::open(StatusCode::UNPROCESSABLE_ENTITY, Open::page(&view))
}

pub(super) async fn create(inside: &Inside) -> Result<Reply, IdentityError> {
    let mut typed = Typed::read(inside).await;
    if typed.user.value.is_empty() {
        typed.user = typed.user.wrong(FieldError::Required);
    }
    // Policy is asked before the form is judged, unless nothing could come of it.
    if !typed.is_good() {
        return Ok(form_again(inside, typed).await);
    }
    let post = typed.roles.iter().filter_map(|role| wording::role(*role)).map(|role| role.label(inside.lang.t()));
    let post: Vec<String> = post.collect();
    let new = NewAccount {
        department: typed.reference.clone(),
        practitioner: typed.member.clone(),
        training_until: typed.trained,
        ..NewAccount::staff(&typed.user.value, &typed.name.value, &post.join(" "), typed.roles.iter().copied())
    };
    let made = inside.app.identity().create(&inside.asker(Purpose::SystemAdmin), &new).await;
    match made {
        Ok(handed) => return Box::pin(handed_over(inside, handed)).await,
        Err(IdentityError::NameTaken) => typed.user = typed.user.wrong(FieldError::Taken),
        Err(IdentityError::PractitionerTaken) => typed.practitioner = typed.practitioner.wrong(FieldError::Taken),
        Err(IdentityError::NameForm) => {
            let words = inside.lang.t().account_name_form();
            typed.user = typed.user.wrong(FieldError::Said(words));
        }
        Err(IdentityError::RolesConflict(..) | IdentityError::RolesUnfit) => typed.clash = true,
        Err(error) => return Err(error),
    }
    Ok(form_again(inside, typed).await)
}

pub(super) fn once(handed: &Handed) -> Once {
    Once {
        password: handed.password.as_ref().map(|password| password.expose().to_owned()),
        qr: handed.factor.as_ref().and_then(|factor| Html::qr_code(factor.uri.expose())),
        secret: handed.factor.as_ref().map(|factor| factor.secret.expose().to_owned()),
    }
}

/// The account with what was handed out, shown once and never again.
async fn handed_over(inside: &Inside, handed: Disclosed<Handed>) -> Result<Reply, IdentityError> {
    let (id, once) = (handed.value().account.id.clone(), once(handed.value()));
    let found = handed.zip(entry(inside, &id).await?).map(|(_, found)| found);
    Ok(show(inside, StatusCode::OK, &id, found, None, Some(once)).await)
}

type Found = Disclosed<AccountEntry>;

/// The account that the address names.
async fn entry(inside: &Inside, id: &str) -> Result<Found, IdentityError> {
    inside.app.identity().account(&inside.asker(Purpose::SystemAdmin), id).await
}

async fn show(
    inside: &Inside,
    status: StatusCode,
    id: &str,
    found: Found,
    typed: Option<Typed>,
    once: Option<Once>,
) -> Reply {
    let entry = found.value().clone();
    let mut shell = inside.shell_with(Some(Nav::Accounts), &found).await;
    url::account(id).clone_into(&mut shell.path);
    let department = department_name(inside, entry.account.department.as_ref()).await;
    let practitioner = job_number(inside, entry.account.practitioner.as_ref()).await;
    let mut typed = typed.unwrap_or_else(|| Typed {
        name: Field::of(entry.account.name.as_str()),
        department: Field::of(department),
        practitioner: Field::of(practitioner),
        training_until: Field::of(entry.account.training_until.map(|day| day.to_string()).unwrap_or_default()),
        roles: entry.account.roles.clone(),
        ..Typed::default()
    });
    typed.user = Field::of(entry.account.login.as_str());
    let own = entry.account.id == inside.auth.who.account;
    let view = view(shell, typed, Some(&Kept { entry: &entry, own, changes: changes(inside, &entry) }), once);
    Reply::page(status, found.map(|_| view))
}

pub(super) async fn edit_form(inside: &Inside) -> Result<Reply, IdentityError> {
    let id = inside.incoming.param("account");
    Ok(show(inside, StatusCode::OK, id, entry(inside, id).await?, None, None).await)
}

pub(super) async fn update(inside: &Inside) -> Result<Reply, IdentityError> {
    let id = inside.incoming.param("account");
    let mut typed = Typed::read(inside).await;
    if typed.is_good() {
        let change = AccountChange {
            name: Some(typed.name.value.clone()),
            roles: Some(typed.roles.clone()),
            department: Some(typed.reference.clone()),
            practitioner: Some(typed.member.clone()),
            training_until: Some(typed.trained),
            ..AccountChange::default()
        };
        // The account as it was shown: nobody overwrites what he has not seen.
        let shown = inside.incoming.form().get("shown").parse().ok();
        let asker = inside.asker(Purpose::SystemAdmin);
        match inside.app.identity().update(&asker, id, shown, &change).await {
            Ok(done) => {
                return Ok(Reply::see_other(&format!("{}?done=saved", url::account(id))).receipts(done.receipts()));
            }
            Err(IdentityError::PractitionerTaken) => typed.practitioner = typed.practitioner.wrong(FieldError::Taken),
            Err(IdentityError::RolesConflict(..) | IdentityError::RolesUnfit) => typed.clash = true,
            Err(error) => return Err(error),
        }
    }
    let found = entry(inside, id).await?;
    Ok(show(inside, StatusCode::UNPROCESSABLE_ENTITY, id, found, Some(typed), None).await)
}

pub(super) async fn step(inside: &Inside) -> Result<Reply, IdentityError> {
    let asker = inside.asker(Purpose::SystemAdmin);
    let (id, identity) = (inside.incoming.param("account"), inside.app.identity());
    let handed = match inside.incoming.param("step") {
        step @ ("lock" | "unlock") => {
            let (state, word) =
                if step == "lock" { (AccountState::Locked, "locked") } else { (AccountState::Active, "unlocked") };
            let done = identity.set_state(&asker, id, state).await?;
            return Ok(Reply::see_other(&format!("{}?done={word}", url::account(id))).receipts(done.receipts()));
        }
        "reset-password" => identity.reset_password(&asker, id).await,
        "reset-factor" => identity.reset_factor(&asker, id).await,
        _ => return Ok(inside.say(StatusCode::NOT_FOUND, MessageKind::NotFound).await),
    };
    Box::pin(handed_over(inside, handed?)).await
}
