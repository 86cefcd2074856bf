//! The record in short: one's own, or a child's.

use http::StatusCode;
use tacebo_vault::{Everything, Find, Scope};

use super::Portal;
use crate::doors::clinical;
use crate::doors::session::Halt;
use crate::http::Reply;
use crate::pages::Nav;
use crate::pages::portal::MyRecord;

/// Visits shown at most.
const VISITS: usize = 60;

pub(super) async fn page(portal: &Portal) -> Result<Reply, Halt> {
    let find = Find::new(&[], Scope::Patient(portal.patient.clone()), &Everything);
    let record = portal.app.vault().search(&portal.ask(), &find).await?;
    let names = clinical::names(&portal.app, &record.value().documents).await;
    let shell = portal.shell_with(Nav::MyRecord, &record).await;
    Ok(Reply::page(
        StatusCode::OK,
        record.map(|record| {
            let chart = clinical::chart(portal.patient.as_str(), &record.documents, &names, &shell);
            let visits = chart.visits.into_iter().take(VISITS).collect();
            MyRecord { shell, problems: chart.problems, medications: chart.medications, labs: chart.labs, visits }
        }),
    ))
}
