//! Parents and guardians at the counter: recorded with proof, let into the portal for one patient, and ended (L-03).

use http::StatusCode;
use serde_json::{Value, json};
use tacebo_governance::{Authority, Governance, related_person};
use tacebo_identity::{IdentityError, PortalDeed, PortalOf};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{At, DocRef, Document, Look, PatientId, Refused, Write};
use uuid::Uuid;

use super::desk::{
    Errand, Seen, Wrong, choices, chosen, deed, done, is_of_age, look_at, named, no_such_step, show, today,
};
use super::register::is_phone;
use crate::doors::clinical::{self, text};
use crate::doors::session::Inside;
use crate::http::Reply;
use crate::pages::desk::GuardianForm;
use crate::pages::{Field, FieldError, url};

const KIND: &str = "RelatedPerson";

/// A new guardian as typed.
struct Typed {
    form: GuardianForm,
    /// Who it is, where nothing is wrong.
    authority: Option<Authority>,
    proof: Option<String>,
}

impl Typed {
    fn read(inside: &Inside) -> Self {
        let (sent, lists) = (inside.incoming.form(), inside.app.governance().library().portal());
        let name = match Field::of(sent.get("name")) {
            field if field.value.is_empty() => field.wrong(FieldError::Required),
            field if field.value.chars().count() > 60 => field.wrong(FieldError::TooLong(60)),
            field => field,
        };
        let phone = match Field::of(sent.get("phone")) {
            field if field.value.is_empty() => field.wrong(FieldError::Required),
            field if !is_phone(&field.value) => field.wrong(FieldError::NotAPhone),
            field => field,
        };
        let typed = Field::of(sent.get("until"));
        let (until, last) = match typed.value.parse::<jiff::civil::Date>() {
            _ if typed.value.is_empty() => (typed, None),
            Ok(day) if day < today(inside) => {
                let words = inside.lang.t().desk_not_past();
                (typed.wrong(FieldError::Said(words)), None)
            }
            Ok(day) => (typed, Some(day)),
            Err(_) => (typed.wrong(FieldError::NotADate), None),
        };
        let relationship = chosen(&lists.relationships, sent.get("relationship"));
        let proof = chosen(&lists.proofs, sent.get("proof"));
        let form = GuardianForm {
            relationship: choices(&lists.relationships, sent.get("relationship"), inside.lang),
            proof: choices(&lists.proofs, sent.get("proof"), inside.lang),
            missing: relationship.is_none() || proof.is_none(),
            name,
            phone,
            until,
        };
        let is_good = !form.missing && [&form.name, &form.phone, &form.until].iter().all(|field| !field.is_wrong());
        let authority = relationship.filter(|_| is_good).map(|code| {
            let one = lists.relationships.iter().find(|one| one.code == code);
            Authority {
                name: form.name.value.clone(),
                relationship_words: one.map(|one| named(one, inside.lang).to_owned()).unwrap_or_default(),
                relationship: code,
                phone: form.phone.value.clone(),
                until: last,
            }
        });
        Self { form, authority, proof }
    }
}

/// The guardian's document, the account and the proof of both: one commit.
pub(super) async fn record(inside: &Inside) -> Result<Reply, IdentityError> {
    let Typed { form, authority, proof } = Typed::read(inside);
    let id = Uuid::new_v4().to_string();
    let (of, name) = (PortalOf::Related(format!("{KIND}/{id}")), DocRef::new(KIND, id.as_str()));
    let errand = Errand { proof, ..Errand::read(inside, of.clone(), PortalDeed::Open) };
    let body = authority.as_ref().map(|one| related_person(&id, &errand.patient, one, errand.today));
    let (unchecked, asker) = (!errand.check.is_good(), inside.asker(Purpose::PatientAdmin));
    let done = inside.app.identity().portal(&asker, of, PortalDeed::Open, move |look, account| {
        let seen = look_at(look, &errand.patient)?;
        let fits = errand.check.is_good() && !is_of_age(&seen.person, errand.today, &errand.app);
        let (Some(account), Some(body), true) = (account, &body, fits) else { return Ok((seen, false)) };
        look.write(Write::create(name.clone(), body.clone()));
        Governance::record_portal(look, &errand.patient, &errand.access(&account.id))?;
        Ok((seen, true))
    });
    let done = done.await?;
    // The name as it was typed here a moment ago.
    let named = authority.map(|one| one.name);
    Ok(self::done(inside, done, named, Wrong { unchecked, form: Some(form), ..Wrong::default() }).await)
}

/// Whether the document is one of this patient's that still says that the person acts.
fn is_theirs(one: &Document, patient: &PatientId) -> bool {
    text(&one.body, "/patient/reference") == format!("Patient/{}", patient.as_str())
}

/// The guardian that the address names, as far as there is one for this patient.
fn guardian(look: &mut Look<'_>, patient: &PatientId, id: &str) -> Result<(Seen, Option<Document>), Refused> {
    let seen = look_at(look, patient)?;
    let one = look.read(&DocRef::new(KIND, id), At::Current)?;
    Ok((seen, Some(one).filter(|one| is_theirs(one, patient))))
}

fn is_active(one: &Document) -> bool {
    one.body.get("active") != Some(&Value::Bool(false))
}

pub(super) async fn step(inside: &Inside) -> Result<Reply, IdentityError> {
    let deed = match inside.incoming.param("step") {
        "open" => Some(PortalDeed::Open),
        "end-authority" => return Ok(end_authority(inside).await?),
        step => deed(step),
    };
    match deed {
        Some(deed) => account(inside, deed).await,
        None => Ok(no_such_step(inside).await),
    }
}

/// One step on a guardian's account.
async fn account(inside: &Inside, deed: PortalDeed) -> Result<Reply, IdentityError> {
    let id = inside.incoming.param("guardian").to_owned();
    let of = PortalOf::Related(format!("{KIND}/{id}"));
    let errand = Errand::read(inside, of.clone(), deed);
    let (unchecked, asker) = (!errand.check.is_good(), inside.asker(Purpose::PatientAdmin));
    let done = inside.app.identity().portal(&asker, of, deed, move |look, account| {
        let (seen, one) = guardian(look, &errand.patient, &id)?;
        let one = one.filter(|one| errand.deed == PortalDeed::End || is_active(one));
        let fits = errand.check.is_good() && one.is_some();
        let name = one.map(|one| clinical::name_of(&one.body));
        let Some(account) = account.filter(|_| fits) else { return Ok(((seen, name), false)) };
        Governance::record_portal(look, &errand.patient, &errand.access(&account.id))?;
        Ok(((seen, name), true))
    });
    let done = done.await?;
    let name = done.value().0.1.clone();
    let done = done.map(|((seen, _), handed)| (seen, handed));
    Ok(self::done(inside, done, name, Wrong { unchecked, ..Wrong::default() }).await)
}

/// Ends what the document says, on the person's next click. All else of it stays as it is.
async fn end_authority(inside: &Inside) -> Result<Reply, Refused> {
    let (patient, id) = (PatientId::new(inside.incoming.param("patient")), inside.incoming.param("guardian"));
    let asker = inside.asker(Purpose::PatientAdmin);
    let done = inside.app.vault().act(&asker, |look| {
        let (seen, one) = guardian(look, &patient, id)?;
        let ended = one.is_some_and(|one| is_active(&one));
        if ended {
            look.amend(&DocRef::new(KIND, id), &[("active", json!(false))])?;
        }
        Ok::<_, Refused>((seen, ended))
    });
    let done = done.await?;
    if done.value().0.1 {
        let to = format!("{}?done=authority-ended", url::desk(patient.as_str()));
        return Ok(Reply::see_other(&to).receipts(done.receipts()));
    }
    let seen = done.map(|((seen, _), _)| seen);
    Ok(show(inside, StatusCode::CONFLICT, seen, Wrong { otherwise: true, ..Wrong::default() }).await)
}
