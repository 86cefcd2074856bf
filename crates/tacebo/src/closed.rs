//! The house is closed: its custodian did not answer for as long as its keys may be used. Nothing of it is left in memory;
//! the doors say so, and the custodian is asked until it is back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tacebo_seal::{SealError, Trouble};
use tacebo_server::http::{Listener, closed, serve};
use tacebo_vault::{Closing, Custodian};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use crate::config::Config;
use crate::custody;
use crate::running::raised;

/// What still runs when the doors are shut is cut after 20 s; a house that is in memory after this long does not go by
/// itself.
const FORGETTING: Duration = Duration::from_secs(30);

/// Waits until the custodian is back, and gives it; `None` when told to stop. `closing` tells when a house that was open is
/// forgotten.
///
/// # Errors
/// Something of the house stays in memory: then the program must end, which wipes it. Or the custodian refuses the PIN or
/// token: it is not tried again, so that nothing is locked by guessing.
pub(crate) async fn wait(
    config: &Config,
    name: &str,
    listen: &[SocketAddr],
    closing: Option<Closing>,
    mut stop: impl Future<Output = ()> + Unpin,
) -> Result<Option<Arc<dyn Custodian>>> {
    if let Some(closing) = closing
        && !closing.ended(FORGETTING).await
    {
        bail!("the house is closed and something of it is still in use: the program ends to wipe it from memory");
    }
    tracing::error!("the house is closed: nothing can be opened until the custodian of the root keys answers");
    let (end, ends) = watch::channel(false);
    let mut serving = JoinSet::new();
    for address in listen {
        let listener = Listener::bind(*address, config.tls()).await.context("cannot listen")?;
        serving.spawn(serve(listener, closed(name), raised(ends.clone())));
    }
    let found = tokio::select! {
        () = &mut stop => None,
        found = found(config) => Some(found?),
    };
    let _ = end.send(true);
    while serving.join_next().await.is_some() {}
    Ok(found)
}

/// Asks until the custodian opens.
async fn found(config: &Config) -> Result<Arc<dyn Custodian>> {
    loop {
        tokio::time::sleep(config.custody_terms.every).await;
        let at = config.custody.clone();
        match spawn_blocking(move || custody::open(&at)).await.context("a custodian was interrupted")? {
            Ok(keys) => {
                tracing::info!("the custodian of the root keys is back: the house opens");
                return Ok(keys.custodian());
            }
            Err(error) if is_denied(&error) => return Err(error),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "the house stays closed"),
        }
    }
}

fn is_denied(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SealError::Custodian { trouble: Trouble::Denied(_), .. }))
}
