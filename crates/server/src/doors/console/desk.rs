//! The portal at the counter: who has an account for a patient, and what is handed out to whom on which document.

use http::StatusCode;
use jiff::civil::Date;
use tacebo_governance::{Governance, Offered, PortalAccess, PortalStep};
use tacebo_identity::{AccountEntry, Handed, IdentityError, PortalDeed, PortalOf};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{At, Disclosed, DocRef, Document, Everything, Find, Look, PatientId, Record, Refused, Scope};

use super::accounts::{once, state};
use super::consent::is_child;
use super::reception::row;
use super::staff;
use crate::app::App;
use crate::doors::clinical::{self, text};
use crate::doors::session::{Halt, Inside};
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::desk::{Desk, DeskAccount, DeskGuardian, DeskPast, GuardianForm, Sheet};
use crate::pages::lang::Messages;
use crate::pages::message::MessageKind;
use crate::pages::{Choice, Lang, Nav, Shell, url};

/// Parents and guardians shown at most.
const GUARDIANS: usize = 50;

/// What the counter is shown of a patient here.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) person: Document,
    pub(super) related: Vec<Document>,
    past: Vec<Record<PortalAccess>>,
}

/// Looks at the patient, who must be one the counter may see, and there.
pub(super) fn look_at(look: &mut Look<'_>, patient: &PatientId) -> Result<Seen, Refused> {
    let person = look.read(&DocRef::new("Patient", patient.as_str()), At::Current)?;
    let find =
        Find { limit: Some(GUARDIANS), ..Find::new(&["RelatedPerson"], Scope::Patient(patient.clone()), &Everything) };
    let related = look.search(&find)?.documents;
    Ok(Seen { person, related, past: Governance::portal_of(look, patient)? })
}

/// How the person at the counter was known: the document chosen, and the tick that it was compared.
pub(super) struct Check {
    document: Option<String>,
}

impl Check {
    pub(super) fn read(inside: &Inside) -> Self {
        let form = inside.incoming.form();
        let offered = &inside.app.governance().library().portal().documents;
        let document = chosen(offered, form.get("document")).filter(|_| form.get("checked") == "yes");
        Self { document }
    }

    pub(super) fn is_good(&self) -> bool {
        self.document.is_some()
    }
}

/// A code that is on the list.
pub(super) fn chosen(offered: &[Offered], code: &str) -> Option<String> {
    offered.iter().find(|one| one.code == code).map(|one| one.code.clone())
}

/// The list to choose from, in the reader's language.
pub(super) fn choices(offered: &[Offered], code: &str, lang: Lang) -> Vec<Choice> {
    let one =
        |one: &Offered| Choice { code: one.code.clone(), label: named(one, lang).to_owned(), chosen: one.code == code };
    offered.iter().map(one).collect()
}

pub(super) fn named(one: &Offered, lang: Lang) -> &str {
    match lang {
        Lang::Zh => &one.name_zh,
        Lang::En => &one.name_en,
    }
}

/// What one step at the counter is about.
pub(super) struct Errand {
    pub(super) patient: PatientId,
    pub(super) of: PortalOf,
    pub(super) deed: PortalDeed,
    pub(super) check: Check,
    /// Code of what shows that this is the parent or guardian.
    pub(super) proof: Option<String>,
    pub(super) today: Date,
    pub(super) app: App,
    /// Account of whoever stands behind the counter.
    pub(super) by: String,
}

impl Errand {
    /// What was sent from the counter: the patient, and how the person was known.
    pub(super) fn read(inside: &Inside, of: PortalOf, deed: PortalDeed) -> Self {
        Self {
            patient: PatientId::new(inside.incoming.param("patient")),
            of,
            deed,
            check: Check::read(inside),
            proof: None,
            today: today(inside),
            app: inside.app.clone(),
            by: inside.auth.who.account.clone(),
        }
    }

    /// The proof that is kept of it.
    pub(super) fn access(&self, account: &str) -> PortalAccess {
        PortalAccess {
            account: account.to_owned(),
            related: match &self.of {
                PortalOf::Related(reference) => Some(reference.clone()),
                PortalOf::Patient(_) => None,
            },
            step: match self.deed {
                PortalDeed::Open => PortalStep::Opened,
                PortalDeed::Password => PortalStep::Password,
                PortalDeed::Factor => PortalStep::Factor,
                PortalDeed::End => PortalStep::Ended,
            },
            document: self.check.document.clone().unwrap_or_default(),
            proof: self.proof.clone(),
            by: self.by.clone(),
            at_us: self.app.vault().now_us(),
        }
    }
}

/// The beginning of a log-in name: enough to tell two sheets apart.
fn masked(user: &str) -> String {
    let head: String = user.chars().take(2).collect();
    format!("{head}******")
}

fn account(entry: &AccountEntry) -> DeskAccount {
    DeskAccount {
        user: masked(&entry.account.login),
        state: state(entry),
        last: entry.account.last_login_us.map(wording::moment),
    }
}

fn in_use(inside: &Inside, of: &PortalOf) -> Result<Option<DeskAccount>, IdentityError> {
    Ok(inside.app.identity().portal_account(of)?.as_ref().map(account))
}

fn guardian(inside: &Inside, one: &Document, shell: &Shell) -> Result<DeskGuardian, IdentityError> {
    let until = text(&one.body, "/period/end").to_owned();
    let today = shell.day(&shell.now);
    let over = one.body.get("active") == Some(&serde_json::Value::Bool(false));
    Ok(DeskGuardian {
        id: one.name.id.clone(),
        name: clinical::name_of(&one.body),
        phone: clinical::phone(&one.body).unwrap_or_default(),
        active: !over && (until.is_empty() || until.get(..10).is_none_or(|day| day >= today.as_str())),
        until: Some(until).filter(|until| !until.is_empty()),
        account: in_use(inside, &PortalOf::Related(format!("RelatedPerson/{}", one.name.id)))?,
    })
}

fn past(inside: &Inside, record: &Record<PortalAccess>) -> DeskPast {
    let (t, value) = (inside.lang.t(), &record.value);
    let lists = inside.app.governance().library().portal();
    let words = |offered: &[Offered], code: &str| {
        let found = offered.iter().find(|one| one.code == code);
        found.map_or_else(|| code.to_owned(), |one| named(one, inside.lang).to_owned())
    };
    let mut seen = vec![words(&lists.documents, &value.document)];
    seen.extend(value.proof.iter().map(|code| words(&lists.proofs, code)));
    DeskPast {
        when: wording::moment(value.at_us),
        what: did(t, value.step),
        seen,
        by: staff::actor(&inside.app, &value.by),
    }
}

fn did(t: &Messages, step: PortalStep) -> String {
    match step {
        PortalStep::Opened => t.desk_did_opened(),
        PortalStep::Password => t.desk_did_password(),
        PortalStep::Factor => t.desk_did_factor(),
        PortalStep::Ended => t.desk_did_ended(),
    }
}

/// What kept a step from being done.
#[derive(Default)]
pub(super) struct Wrong {
    /// The document or the tick was missing.
    pub(super) unchecked: bool,
    /// Things stand otherwise by now.
    pub(super) otherwise: bool,
    /// What was typed about a guardian.
    pub(super) form: Option<GuardianForm>,
}

/// Surely of age, by the year of birth that the counter sees.
pub(super) fn is_of_age(person: &Document, today: Date, app: &App) -> bool {
    let years = app.vault().ages().majority;
    let born = text(&person.body, "/birthDate").get(..4).and_then(|year| year.parse::<i16>().ok());
    born.is_some_and(|born| i64::from(today.year()) - i64::from(born) > i64::from(years))
}

/// Surely too young for an account of their own.
fn is_too_young(person: &Document, today: Date, app: &App) -> bool {
    is_child(person, today, app.vault().ages().guardian_under)
}

pub(super) fn today(inside: &Inside) -> Date {
    let shell = inside.frame();
    shell.now.to_zoned(shell.zone).date()
}

/// The page as things stand now.
pub(super) async fn show(inside: &Inside, status: StatusCode, seen: Disclosed<Seen>, wrong: Wrong) -> Reply {
    let mut shell = inside.shell_with(Some(Nav::Counter), &seen).await;
    url::desk(inside.incoming.param("patient")).clone_into(&mut shell.path);
    let lists = inside.app.governance().library().portal();
    let patient = inside.incoming.param("patient").to_owned();
    let accounts = in_use(inside, &PortalOf::Patient(patient)).and_then(|own| {
        let related = seen.value().related.iter().map(|one| guardian(inside, one, &shell));
        Ok((own, related.collect::<Result<Vec<_>, _>>()?))
    });
    let (own, mut guardians) = match accounts {
        Ok(accounts) => accounts,
        Err(error) => return inside.identity_error(&error).await.receipts(seen.receipts()),
    };
    guardians.sort_by_key(|one| !one.active);
    let form = wrong.form.unwrap_or_else(|| GuardianForm {
        relationship: choices(&lists.relationships, "", inside.lang),
        proof: choices(&lists.proofs, "", inside.lang),
        ..GuardianForm::default()
    });
    let today = today(inside);
    let documents = choices(&lists.documents, inside.incoming.form().get("document"), inside.lang);
    Reply::page(
        status,
        seen.map(|seen| Desk {
            patient: row(&seen.person.body, true, None, &shell),
            own,
            guardians,
            child: is_too_young(&seen.person, today, &inside.app),
            of_age: is_of_age(&seen.person, today, &inside.app),
            documents,
            unchecked: wrong.unchecked,
            otherwise: wrong.otherwise,
            form,
            past: seen.past.iter().map(|one| past(inside, one)).collect(),
            shell,
        }),
    )
}

/// What was handed out, once; or the page again with what was wrong.
pub(super) async fn done(
    inside: &Inside,
    done: Disclosed<(Seen, Option<Handed>)>,
    name: Option<String>,
    wrong: Wrong,
) -> Reply {
    let (patient, handed) = (inside.incoming.param("patient"), done.value().1.clone());
    let Some(handed) = handed else {
        let is_wrong = wrong.unchecked || wrong.form.is_some();
        let status = if is_wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT };
        let wrong = Wrong { otherwise: !is_wrong, ..wrong };
        return show(inside, status, done.map(|(seen, _)| seen), wrong).await;
    };
    let shown = once(&handed);
    if shown.password.is_none() && shown.secret.is_none() {
        let to = format!("{}?done=portal-ended", url::desk(patient));
        return Reply::see_other(&to).receipts(done.receipts());
    }
    let mut shell = inside.shell_with(Some(Nav::Counter), &done).await;
    url::desk(patient).clone_into(&mut shell.path);
    let base = &inside.app.fhir().settings().base;
    let address = format!("{}{}", base.strip_suffix("/fhir").unwrap_or(base), url::LOG_IN);
    Reply::page(
        StatusCode::OK,
        done.map(|(seen, _)| Sheet {
            patient: row(&seen.person.body, true, None, &shell),
            guardian: name,
            address,
            user: handed.account.login.clone(),
            once: shown,
            shell,
        }),
    )
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, Refused> {
    let patient = PatientId::new(inside.incoming.param("patient"));
    let asker = inside.asker(Purpose::PatientAdmin);
    let seen = inside.app.vault().ask(&asker, |look| look_at(look, &patient)).await?;
    Ok(show(inside, StatusCode::OK, seen, Wrong::default()).await)
}

/// The patient is asked about as ever; of a step that there is none of, nothing else is told.
pub(super) async fn no_such_step(inside: &Inside) -> Reply {
    let patient = PatientId::new(inside.incoming.param("patient"));
    let asker = inside.asker(Purpose::PatientAdmin);
    let none = inside.app.vault().ask(&asker, |look| {
        look_at(look, &patient)?;
        Err::<(), Halt>(Halt::say(StatusCode::NOT_FOUND, MessageKind::NotFound))
    });
    match none.await {
        Ok(_) => inside.say(StatusCode::NOT_FOUND, MessageKind::NotFound).await,
        Err(halt) => inside.halted(&halt).await,
    }
}

/// The deed that a step's name means.
pub(super) fn deed(step: &str) -> Option<PortalDeed> {
    match step {
        "reset-password" => Some(PortalDeed::Password),
        "reset-factor" => Some(PortalDeed::Factor),
        "end" => Some(PortalDeed::End),
        _ => None,
    }
}

pub(super) async fn open(inside: &Inside) -> Result<Reply, IdentityError> {
    own(inside, PortalDeed::Open).await
}

pub(super) async fn step(inside: &Inside) -> Result<Reply, IdentityError> {
    match deed(inside.incoming.param("step")) {
        Some(deed) => own(inside, deed).await,
        None => Ok(no_such_step(inside).await),
    }
}

/// One step on the patient's own account.
async fn own(inside: &Inside, deed: PortalDeed) -> Result<Reply, IdentityError> {
    let of = PortalOf::Patient(inside.incoming.param("patient").to_owned());
    let errand = Errand::read(inside, of.clone(), deed);
    let (unchecked, asker) = (!errand.check.is_good(), inside.asker(Purpose::PatientAdmin));
    let done = inside.app.identity().portal(&asker, of, deed, move |look, account| {
        let seen = look_at(look, &errand.patient)?;
        let fits = errand.deed != PortalDeed::Open || !is_too_young(&seen.person, errand.today, &errand.app);
        let Some(account) = account.filter(|_| errand.check.is_good() && fits) else { return Ok((seen, false)) };
        Governance::record_portal(look, &errand.patient, &errand.access(&account.id))?;
        Ok((seen, true))
    });
    Ok(self::done(inside, done.await?, None, Wrong { unchecked, ..Wrong::default() }).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_name_at_the_counter_is_told_by_its_beginning() {
        assert_eq!(masked("m7kq-x2vd"), "m7******");
        assert_eq!(masked(""), "******");
    }
}
