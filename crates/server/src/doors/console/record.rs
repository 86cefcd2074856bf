//! One patient's record; or the refusal, in the same bytes whether or not there is such a patient.

use http::StatusCode;
use tacebo_vault::policy::{Permit, Purpose, RefusalCode, Role};
use tacebo_vault::{Denial, Document, Everything, Find, Meant, PatientId, Refused, Scope};

use super::doctor::{about, page_number, pager, relation};
use super::reviews::short;
use crate::doors::clinical::{self, Names};
use crate::doors::session::{Halt, Inside, local};
use crate::doors::whose::whose;
use crate::doors::wording;
use crate::http::{Open, Reply};
use crate::pages::doctor::{Record, Why};
use crate::pages::message::{Message, MessageKind, Refusal};
use crate::pages::{Field, FieldError, Relation, Shell, url};

/// Visits of the timeline on a page.
const VISITS: usize = 12;

/// The purpose for this patient: the emergency while the asker's own ticket runs.
pub(super) fn purpose(inside: &Inside, patient: &Meant) -> Purpose {
    if !inside.may_declare() {
        return Purpose::Treat;
    }
    let here = inside.app.vault().is_in_emergency(&inside.asker(Purpose::EmergencyTreat), patient);
    if here.unwrap_or(false) { Purpose::EmergencyTreat } else { Purpose::Treat }
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, Halt> {
    let typed = inside.incoming.param("patient").to_owned();
    let patient = whose(&inside.app, &typed)?;
    let asker = inside.asker(purpose(inside, &patient));
    let find = Find::new(&[], Scope::Meant(patient), &Everything);
    let record = match inside.app.vault().search(&asker, &find).await {
        Ok(record) => record,
        Err(refused) => return Ok(refusal(inside, &typed, &refused, Field::default()).await),
    };
    let names = clinical::names(&inside.app, &record.value().documents).await;
    let shell = inside.shell_with(None, &record).await;
    let permit = record.permit().cloned();
    let page = page_number(inside);
    let address = format!("{}?", url::patient(&typed));
    Ok(Reply::page(
        StatusCode::OK,
        record.map(|record| {
            let id = record.patient.as_ref().map_or("", PatientId::as_str);
            let chart = clinical::chart(id, &record.documents, &names, &shell);
            let total = chart.visits.len();
            let visits = chart.visits.into_iter().skip(page * VISITS).take(VISITS).collect();
            let veiled = u32::try_from(chart.veiled).unwrap_or(u32::MAX);
            let kept_back = if veiled > 0 { vec![shell.t().kept_back_veiled(veiled)] } else { Vec::new() };
            Record {
                why: why(permit.as_ref(), asker.why, &record.documents, &names, &shell),
                patient: chart.head,
                flags: chart.flags,
                limits: chart.limits,
                kept_back,
                problems: chart.problems,
                medications: chart.medications,
                labs: chart.labs,
                visits,
                pager: pager(&address, page, VISITS, total),
                shell,
            }
        }),
    ))
}

/// The sentence "you may see this because …".
fn why(permit: Option<&Permit>, purpose: Purpose, documents: &[Document], names: &Names, shell: &Shell) -> Why {
    let arg = |wanted: &str| {
        permit.and_then(|permit| permit.why().args.into_iter().find(|(name, _)| *name == wanted).map(|(_, arg)| arg))
    };
    let evidence = arg("document");
    let hangs_on = evidence
        .as_deref()
        .and_then(|evidence| documents.iter().find(|one| format!("{}/{}", one.name.kind, one.name.id) == evidence));
    let since = hangs_on.map(|one| clinical::text(&one.body, "/period/start")).unwrap_or_default();
    let words = hangs_on.map(|one| about(one, names, shell)).filter(|words| !words.is_empty());
    let about = words.map(|words| match since.get(..10) {
        Some(day) => format!("{words} {}", shell.t().since_text(day)),
        None => words,
    });
    let relation = relation(permit);
    // A request is no document of the record: it is named by what can be read out to the officer.
    let request = evidence.as_deref().and_then(|evidence| evidence.strip_prefix("AccessRequest/"));
    let about = about.or_else(|| request.map(|id| short("AR", id)));
    let until = match relation {
        Relation::Emergency => permit.and_then(Permit::until),
        _ => arg("until").and_then(|until| until.parse().ok()),
    };
    Why { relation, about, purpose: crate::pages::Purpose::from_code(purpose.code()), until }
}

/// The refusal with its ways on. Nothing in it comes from the record.
async fn refusal(inside: &Inside, typed: &str, refused: &Refused, request: Field) -> Reply {
    let code = match refused.denial() {
        Denial::Forbidden(refusal) => refusal.code(),
        Denial::NotFound | Denial::Gone => RefusalCode::NoRelation,
        _ => return inside.refused(refused).await,
    };
    Reply::refused(StatusCode::FORBIDDEN, Open::page(&refusal_page(inside, typed, code, request).await), refused)
}

async fn refusal_page(inside: &Inside, typed: &str, code: RefusalCode, request: Field) -> Refusal {
    let mut shell = inside.shell(None).await;
    local(&url::patient(typed)).clone_into(&mut shell.path);
    Refusal {
        sentence: wording::sentence(shell.t(), code),
        patient: typed.to_owned(),
        ask: Vec::new(),
        may_request: may_request(inside),
        request,
        may_declare_emergency: inside.may_declare(),
        shell,
    }
}

fn may_request(inside: &Inside) -> bool {
    [Role::Doctor, Role::Nurse, Role::Radiographer].into_iter().any(|role| inside.has(role))
}

/// Least that a request for access has to say, in characters.
const LEAST: usize = 4;
/// Most.
const MOST: usize = 1_000;

/// Asks for ordinary access; the answer does not tell whether the patient exists.
pub(super) async fn request_access(inside: &Inside) -> Result<Reply, Halt> {
    let typed = inside.incoming.param("patient").to_owned();
    let form = inside.incoming.form();
    let words = form.get("text");
    if let Some(error) = length(words) {
        let page = refusal_page(inside, &typed, RefusalCode::NoRelation, Field::of(words).wrong(error)).await;
        return Ok(Reply::open(StatusCode::UNPROCESSABLE_ENTITY, Open::page(&page)));
    }
    let patient = whose(&inside.app, &typed)?;
    let sent = inside.app.governance().request_access(&inside.asker(Purpose::Treat), &patient, words).await?;
    let shell = inside.shell(None).await;
    let page = Message { shell, kind: MessageKind::Noted, detail: None, reference: None, back: url::PATIENTS.into() };
    Ok(Reply::open(StatusCode::OK, Open::page(&page)).receipts(sent.receipts()))
}

/// What is wrong with the length of a reason, if anything.
pub(super) fn length(words: &str) -> Option<FieldError> {
    match words.chars().count() {
        0 => Some(FieldError::Required),
        n if n < LEAST => Some(FieldError::TooShort(4)),
        n if n > MOST => Some(FieldError::TooLong(1_000)),
        _ => None,
    }
}
