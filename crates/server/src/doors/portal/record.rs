//! The person's own record in short.

use http::StatusCode;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Everything, Find, Scope};

use super::enter;
use crate::app::App;
use crate::doors::clinical;
use crate::http::{Incoming, Reply};
use crate::pages::Nav;
use crate::pages::portal::MyRecord;

/// Visits shown at most.
const VISITS: usize = 60;

pub(super) async fn page(app: App, incoming: Incoming) -> Reply {
    let (inside, patient) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    let find = Find::new(&[], Scope::Patient(patient.clone()), &Everything);
    let record = match inside.app.vault().search(&inside.asker(Purpose::PatientRequest), &find).await {
        Ok(record) => record,
        Err(refused) => return inside.refused(&refused).await,
    };
    let names = clinical::names(&inside.app, &record.value().documents).await;
    let shell = inside.shell_with(Some(Nav::MyRecord), &record).await;
    Reply::page(
        StatusCode::OK,
        record.map(|record| {
            let chart = clinical::chart(patient.as_str(), &record.documents, &names, &shell);
            let visits = chart.visits.into_iter().take(VISITS).collect();
            MyRecord { shell, problems: chart.problems, medications: chart.medications, labs: chart.labs, visits }
        }),
    )
}
