//! Who saw it, each look with its proof.

use http::StatusCode;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{LogQuery, PatientId, Refused};

use super::enter;
use crate::app::App;
use crate::doors::console::audit::{download, proved};
use crate::doors::console::privacy::{LOOKS, back_pager};
use crate::doors::looks;
use crate::doors::session::{Halt, Inside};
use crate::http::{Incoming, Reply};
use crate::pages::message::MessageKind;
use crate::pages::portal::{Seen, SeenEntry};
use crate::pages::{Nav, url};

pub(super) async fn list(app: App, incoming: Incoming) -> Reply {
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
    let before = inside.incoming.form().get("page").parse().ok();
    let query = LogQuery { patient: Some(patient.clone()), before_index: before, limit: LOOKS, ..LogQuery::default() };
    let entries = inside.app.vault().log(&asker, &query).await?;
    let people = looks::people(&inside.app, entries.value()).await;
    let shell = inside.shell_with(Some(Nav::Seen), &entries).await;
    Ok(Reply::page(
        StatusCode::OK,
        entries.map(|entries| {
            let own = inside.auth.who.account.as_str();
            let rows: Vec<_> = entries.iter().map(|entry| looks::seen(entry, &people, own, &shell)).collect();
            let bars = looks::by_department(&entries, &people, &shell);
            Seen {
                pager: back_pager(url::SEEN, before, rows.len(), rows.last().map(|row| row.entry)),
                rows,
                bars: Some(bars).filter(|bars| !bars.is_empty()),
                shell,
            }
        }),
    ))
}

/// The number in the address; one that is none is no entry's.
fn index(inside: &Inside) -> u64 {
    inside.incoming.param("index").parse().unwrap_or(u64::MAX >> 1)
}

pub(super) async fn one(app: App, incoming: Incoming) -> Reply {
    let (inside, patient) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    match show_one(&inside, &patient).await {
        Ok(reply) => reply,
        Err(halt) => inside.halted(&halt).await,
    }
}

async fn show_one(inside: &Inside, patient: &PatientId) -> Result<Reply, Halt> {
    let asker = inside.asker(Purpose::PatientRequest);
    let index = index(inside);
    let query =
        LogQuery { patient: Some(patient.clone()), before_index: Some(index + 1), limit: 1, ..LogQuery::default() };
    inside.app.vault().sign_now().await?;
    let found = inside.app.vault().ask(&asker, |look| {
        let file = look.proof(index)?;
        let entry = look.log(&query)?.into_iter().next().filter(|entry| entry.index == index);
        let entry = entry.ok_or_else(|| Halt::say(StatusCode::NOT_FOUND, MessageKind::NotFound))?;
        Ok::<_, Halt>((file, entry))
    });
    let found = found.await?;
    let (file, entry) = found.value();
    let people = looks::people(&inside.app, std::slice::from_ref(entry)).await;
    let shell = inside.shell_with(Some(Nav::Seen), &found).await;
    let proved = proved(file);
    let own = inside.auth.who.account.as_str();
    let view = SeenEntry {
        row: looks::seen(entry, &people, own, &shell),
        held: proved.is_some(),
        size: proved.as_ref().map_or(0, |(_, proved)| proved.checkpoint.size),
        root: proved.map(|(_, proved)| hex::encode(proved.checkpoint.root.0)).unwrap_or_default(),
        public_key: file.vkey.clone(),
        shell,
    };
    Ok(Reply::page(StatusCode::OK, found.map(|_| view)))
}

pub(super) async fn proof(app: App, incoming: Incoming) -> Reply {
    let (inside, _) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    match inside.app.vault().proof(&inside.asker(Purpose::PatientRequest), index(&inside)).await {
        Ok(file) => download(file),
        Err(refused) => inside.refused(&refused).await,
    }
}
