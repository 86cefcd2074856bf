//! One switch for each department, in force on the next click.

use std::collections::HashMap;

use http::StatusCode;
use tacebo_governance::{Choice, Governance};
use tacebo_vault::{Everything, Find, Scope};

use super::Portal;
use crate::doors::clinical::text;
use crate::doors::notices::past;
use crate::doors::session::Halt;
use crate::http::Reply;
use crate::pages::message::MessageKind;
use crate::pages::portal::{Choices, DepartmentChoice};
use crate::pages::{Nav, url};

pub(super) async fn page(portal: &Portal) -> Result<Reply, Halt> {
    let departments = portal.app.governance().directory().departments().await?;
    let visits = Find::new(&["Encounter"], Scope::Patient(portal.patient.clone()), &Everything);
    let asker = portal.ask();
    let found = portal.app.vault().ask(&asker, |look| {
        let choices = Governance::choices(look, &portal.patient, departments)?;
        let notices = Governance::notices_of(look, &portal.patient)?;
        Ok::<_, Halt>((choices, look.search(&visits)?, notices))
    });
    let found = found.await?;
    let library = portal.app.governance().library();
    let shell = portal.shell_with(Nav::Choices, &found).await;
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(choices, visits, notices)| {
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
            let past = notices.iter().map(|proof| past(proof, library, &shell)).collect();
            Choices { shell, departments, past }
        }),
    ))
}

pub(super) async fn choose(portal: &Portal) -> Result<Reply, Halt> {
    let form = portal.incoming.form();
    let (choice, word) = match form.get("limit") {
        "on" => (Choice::Limit, "limited"),
        "off" => (Choice::Allow, "opened"),
        _ => return Ok(portal.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await),
    };
    let department = form.get("department");
    let known = portal.app.governance().directory().departments().await?;
    if !known.iter().any(|one| one.reference == department) {
        return Ok(portal.say(StatusCode::BAD_REQUEST, MessageKind::BadRequest).await);
    }
    let asker = portal.ask();
    let done = portal.app.governance().choose(&asker, &portal.patient, department, choice).await?;
    Ok(Reply::see_other(&format!("{}?done={word}", url::CHOICES)).receipts(done.receipts()))
}
