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
