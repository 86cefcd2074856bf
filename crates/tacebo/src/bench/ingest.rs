//! Transactions in: a hospital's worth of patients through the FHIR door.

use std::path::Path;

use anyhow::Result;
use tacebo_fixtures::Sample;

use crate::bench::bare::{self, Rows};
use crate::bench::client::drive;
use crate::bench::figures::{Figures, real};
use crate::bench::population::Population;
use crate::bench::{Bench, Load};

pub(crate) async fn run(bench: Bench, data: &Path, folder: &Path, load: Load, figures: &mut Figures) -> Result<()> {
    let population = Population::new(&Sample::on(crate::demo::today()?))?;
    let before = bare::mark(data)?;
    let done = drive(&bench.address, &bench.token, load, move || population.next()).await?;
    bench.close().await?;
    let rate = done.per_second();
    figures.number("resources in", rate, "resources/s");
    figures.latencies("transaction", &done.times);
    if let Some(micros) = done.micros_each() {
        figures.number("processor time", micros, "us/resource");
    }

    let rows = Rows::since(data, &before)?;
    figures.number("rows: documents", real(rows.documents()), "");
    figures.number("rows: terms", real(rows.terms()), "");
    figures.number("rows: log", real(rows.leaves()), "");
    figures.number("bytes a resource", real(rows.bytes()) / real(rows.documents().max(1)), "B");
    // The floor twice: a durable transaction for each bundle, and one for as many bundles as there are clients, as a
    // group commit may gather. The ratio is to the faster.
    let bundles = (rows.documents() * done.times.count()).div_ceil(done.worth.max(1)).max(1);
    let mut best: f64 = 0.0;
    for (name, group) in [("bare SQLite, a bundle a commit", 1), ("bare SQLite, grouped", load.clients)] {
        let bare = rows.write(folder, bundles.div_ceil(group))?;
        figures.number(name, bare, "resources/s");
        best = best.max(bare);
    }
    figures.number("ratio to bare SQLite", rate / best, "");
    Ok(())
}
