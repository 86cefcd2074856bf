//! Root keys: how they stand, and a new one while everything goes on.

use http::StatusCode;
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Denial, Refused, TurnStep};

use super::system::custodian;
use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::roots::{Roots, Step};
use crate::pages::{Nav, url};

pub(super) async fn page(inside: &Inside) -> Result<Reply, Refused> {
    let state = inside.app.vault().root_state(&inside.asker(Purpose::SystemAdmin)).await?;
    let shell = inside.shell_with(Some(Nav::RootKeys), &state).await;
    let terms = inside.app.vault().term_state()?;
    // Whether the button is shown; who presses it is decided then.
    let may_turn = inside.auth.who.roles.contains(&Role::SecurityAdmin);
    Ok(Reply::page(
        StatusCode::OK,
        state.map(|state| Roots {
            epoch: state.epoch,
            since: state.since_us.map(wording::moment),
            custodian: custodian(state.worth, shell.t()),
            left: state.left.iter().map(|root| root.epoch).collect(),
            step: match state.step {
                TurnStep::Rest => Step::Rest,
                TurnStep::Made => Step::Made,
                TurnStep::Wrapped => Step::Wrapped,
                TurnStep::Gone => Step::Gone,
            },
            busy: state.busy,
            trouble: state.trouble,
            term_epoch: terms.epoch,
            term_since: terms.since_us.map(wording::moment),
            term_percent: terms.progress.map(|(done, of)| (100 * done).checked_div(of).unwrap_or(100)),
            may_turn,
            shell,
        }),
    ))
}

pub(super) async fn turn(inside: &Inside) -> Result<Reply, Refused> {
    let turned = inside.app.vault().turn_root(&inside.asker(Purpose::SystemAdmin)).await;
    match turned.map_err(Refused::from) {
        Ok(_) => Ok(Reply::see_other(&format!("{}?done=turned", url::ROOT_KEYS))),
        // The custodian or the disk: the page says why, and the program tries again by itself.
        Err(refused) if matches!(refused.denial(), Denial::Unavailable(_)) => Ok(Reply::see_other(url::ROOT_KEYS)),
        Err(refused) => Err(refused),
    }
}

pub(super) async fn terms(inside: &Inside) -> Result<Reply, Refused> {
    inside.app.vault().begin_term_epoch(&inside.asker(Purpose::SystemAdmin)).await?;
    let app = inside.app.clone();
    tokio::spawn(async move {
        if let Err(error) = app.settle_terms().await {
            tracing::error!(%error, "terms could not be made anew to the end; trying again");
        }
    });
    Ok(Reply::see_other(&format!("{}?done=terms", url::ROOT_KEYS)))
}
