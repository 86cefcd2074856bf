//! Who saw it, each look with its proof.

use http::StatusCode;
use tacebo_vault::LogQuery;

use super::Portal;
use crate::doors::console::audit::{download, proved};
use crate::doors::console::privacy::{LOOKS, back_pager};
use crate::doors::looks;
use crate::doors::session::Halt;
use crate::http::Reply;
use crate::pages::message::MessageKind;
use crate::pages::portal::{Seen, SeenEntry};
use crate::pages::{Nav, url};

pub(super) async fn list(portal: &Portal) -> Result<Reply, Halt> {
    let asker = portal.ask();
    let before = portal.incoming.form().get("page").parse().ok();
    let query =
        LogQuery { patient: Some(portal.patient.clone()), before_index: before, limit: LOOKS, ..LogQuery::default() };
    let entries = portal.app.vault().log(&asker, &query).await?;
    let people = looks::people(&portal.app, entries.value()).await;
    let shell = portal.shell_with(Nav::Seen, &entries).await;
    Ok(Reply::page(
        StatusCode::OK,
        entries.map(|entries| {
            let own = portal.auth.who.account.as_str();
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
fn index(portal: &Portal) -> u64 {
    portal.incoming.param("index").parse().unwrap_or(u64::MAX >> 1)
}

pub(super) async fn one(portal: &Portal) -> Result<Reply, Halt> {
    let index = index(portal);
    let query = LogQuery {
        patient: Some(portal.patient.clone()),
        before_index: Some(index + 1),
        limit: 1,
        ..LogQuery::default()
    };
    portal.app.vault().sign_now().await?;
    let asker = portal.ask();
    let found = portal.app.vault().ask(&asker, |look| {
        let file = look.proof(index)?;
        let entry = look.log(&query)?.into_iter().next().filter(|entry| entry.index == index);
        let entry = entry.ok_or_else(|| Halt::say(StatusCode::NOT_FOUND, MessageKind::NotFound))?;
        Ok::<_, Halt>((file, entry))
    });
    let found = found.await?;
    let (file, entry) = found.value();
    let people = looks::people(&portal.app, std::slice::from_ref(entry)).await;
    let shell = portal.shell_with(Nav::Seen, &found).await;
    let proved = proved(file);
    let own = portal.auth.who.account.as_str();
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

pub(super) async fn proof(portal: &Portal) -> Result<Reply, Halt> {
    Ok(download(portal.app.vault().proof(&portal.ask(), index(portal)).await?))
}
