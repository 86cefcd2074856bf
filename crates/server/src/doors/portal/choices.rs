//! One switch for each department, in force on the next click.

use std::collections::HashMap;

use http::StatusCode;
use tacebo_governance::{Choice, Governance};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Everything, Find, PatientId, Refused, Scope};

use super::enter;
use crate::app::App;
use crate::doors::clinical::text;
use crate::doors::session::Inside;
use crate::http::{Incoming, Reply};
use crate::pages::message::MessageKind;
use crate::pages::portal::{Choices, DepartmentChoice};
use crate::pages::{Nav, url};

pub(super) async fn page(app: App, incoming: Incoming) -> Reply {
    let (inside, patient) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    match show(&inside, &patient).await {
        Ok(reply) => reply,
        Err(refused) => inside.refused(&refused).await,
    }
}

async fn show(inside: &Inside, patient: &PatientId) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::PatientRequest);
    let departments = inside.app.governance().directory().departments().await?;
    let visits = Find::new(&["Encounter"], Scope::Patient(patient.clone()), &Everything);
    let found = inside.app.vault().ask(&asker, |look| {
        let choices = Governance::choices(look, patient, departments)?;
        Ok::<_, Refused>((choices, look.search(&visits)?))
    });
    let found = found.await?;
    let shell = inside.shell_with(Some(Nav::Choices), &found).await;
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(choices, visits)| {
            let mut counted: HashMap<&str, u64> = HashMap::new();
            for visit in &visits.documents {
                *counted.entry(text(&visit.body, "/serviceProvider/reference")).or_default() += 1;
            }
            let mut departments: Vec<DepartmentChoice> = choices
                .into_iter()
                .map(|choice| DepartmentChoice {
                    visits: counted.get(choice.department.reference.as_str()).copied().unwrap_or(0),
                    code: choice.department.reference,
                    name: choice.department.name,
                    limited: choice.limited,
                    since: None,
                })
                .collect();
            // Those the person knows come first.
            departments.sort_by(|a, b| b.limited.cmp(&a.limited).then_with(|| b.visits.cmp(&a.visits)));
            Choices { shell, departments }
        }),
    ))
}

pub(super) async fn choose(app: App, incoming: Incoming) -> Reply {
    let (inside, patient) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    match take(&inside, &patient).await {
        Ok(reply) => reply,
        Err(refused) => inside.refused(&refused).await,
    }
}

async fn take(inside: &Inside, patient: &PatientId) -> Result<Reply, Refused> {
    let form = inside.incoming.form();
    let (choice, word) = match form.get("limit") {
        "on" => (Choice::Limit, "limited"),
        "off" => (Choice::Allow, "opened"),
        _ => return Ok(inside.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await),
    };
    let department = form.get("department");
    let known = inside.app.governance().directory().departments().await?;
    if !known.iter().any(|one| one.reference == department) {
        return Ok(inside.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await);
    }
    let asker = inside.asker(Purpose::PatientRequest);
    let done = inside.app.governance().choose(&asker, patient, department, choice).await?;
    Ok(Reply::see_other(&format!("{}?done={word}", url::CHOICES)).receipts(done.receipts()))
}
