//! A running house: listeners, the work it does by itself, and its orderly end.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use tacebo_fhir::service::{Service, Settings};
use tacebo_governance::Governance;
use tacebo_identity::Identity;
use tacebo_objects::Objects;
use tacebo_server::http::{Listener, router, serve};
use tacebo_server::{App, Options, keep_keys};
use tacebo_store::At;
use tacebo_vault::{CustodyTerms, Door, Vault};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::backup::Keeper;
use crate::config::Backup;

/// How often times of last use are written down and ended sessions forgotten.
const TICK: Duration = Duration::from_secs(30);

/// How often it is looked whether the clock has jumped.
const LOOK: Duration = Duration::from_secs(2);

/// How often documents and log are compared.
const COMPARE_EVERY: Duration = Duration::from_hours(24);

/// A house with its sockets bound: connections wait in the kernel until [`Running::run`].
pub(crate) struct Running {
    router: Router,
    app: App,
    vault: Vault,
    identity: Identity,
    listeners: Vec<Listener>,
    keeper: Option<Keeper>,
}

/// Why a house stopped serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Somebody said so.
    Told,
    /// The custodian of the root key did not answer for as long as its keys may be used.
    CustodianLost,
}

/// Where and how a house listens.
pub(crate) struct Doors<'a> {
    /// Addresses.
    pub listen: &'a [SocketAddr],
    /// Certificate chain and key, PEM.
    pub tls: Option<(&'a Path, &'a Path)>,
    /// How others reach it, `https://fhir.hospital.example`; the first address when not given.
    pub public: Option<&'a str>,
    /// Ceilings.
    pub options: Options,
}

/// All doors of a house that others reach at an address.
pub(crate) fn doors(vault: &Vault, identity: &Identity, public: &str, options: Options) -> Result<(Router, App)> {
    let mut settings = Settings::at(format!("{}/fhir", public.trim_end_matches('/')));
    settings.body = options.limits.body;
    let governance = Governance::new(vault.clone(), Identity::house(Door::Job))?;
    let app = App::new(Service::new(vault.clone(), settings), identity.clone(), governance, options);
    Ok((router(app.clone(), tacebo_server::routes()), app))
}

impl Running {
    /// Binds every address. Clear text outside loopback is refused.
    pub(crate) async fn bind(vault: Vault, identity: Identity, given: Doors<'_>) -> Result<Self> {
        let mut listeners = Vec::with_capacity(given.listen.len());
        for address in given.listen {
            listeners.push(Listener::bind(*address, given.tls).await?);
        }
        let first = listeners.first().map(address_of).context("no address to listen on")?;
        let (router, app) = doors(&vault, &identity, given.public.unwrap_or(&first), given.options)?;
        Ok(Self { router, app, vault, identity, listeners, keeper: None })
    }

    /// The same with backups that it makes by itself.
    pub(crate) fn backed_up(self, backup: &Backup, at: At, blobs: Objects, data: &Path) -> Self {
        let drill_folder = backup.drill_folder.clone().unwrap_or_else(|| data.to_owned()).join("restore-test");
        let keeper = Keeper { vault: self.vault.clone(), at, blobs, backup: backup.clone(), drill_folder };
        Self { keeper: Some(keeper), ..self }
    }

    /// The institution's name.
    pub(crate) fn name(&self) -> String {
        self.vault.institution().name.clone()
    }

    /// Where it listens, with the ports that were given.
    pub(crate) fn sockets(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::address).collect()
    }

    /// Base addresses, `http://127.0.0.1:8080`.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.listeners.iter().map(address_of).collect()
    }

    /// Serves until `stop` resolves or the custodian is lost; then stops accepting, lets requests finish, signs the last
    /// checkpoint.
    pub(crate) async fn run(self, custody: CustodyTerms, stop: impl Future<Output = ()>) -> Result<Ended> {
        let Self { router, app, vault, identity, listeners, keeper } = self;
        let node = vault.clone();
        let (end_signing, signing_ends) = watch::channel(false);
        let signing = tokio::spawn(vault.clone().keep_signing(raised(signing_ends)));
        let (end, ends) = watch::channel(false);
        let mut serving = JoinSet::new();
        for listener in listeners {
            serving.spawn(serve(listener, router.clone(), raised(ends.clone())));
        }
        serving.spawn(vault.clone().keep_comparing(Identity::house(Door::Job), COMPARE_EVERY, raised(ends.clone())));
        serving.spawn(keep_keys(app, raised(ends.clone())));
        if let Some(keeper) = keeper {
            serving.spawn(keeper.keep(raised(ends.clone())));
        }
        serving.spawn(tick(vault.clone(), identity.clone(), ends));
        let asking = vault.keep_asking_custodian(Identity::house(Door::Job), custody, stop);
        let ended = if asking.await { Ended::CustodianLost } else { Ended::Told };
        tracing::info!("stopping: no new connections, finishing what is running");
        // Nobody left to tell is as good as told.
        let _ = end.send(true);
        while serving.join_next().await.is_some() {}
        if let Err(error) = identity.flush().await {
            tracing::error!(%error, "times of last use could not be kept");
        }
        let _ = end_signing.send(true);
        signing.await.context("the last checkpoint could not be signed")?;
        if let Err(error) = node.leave() {
            tracing::warn!(%error, "the other nodes wait for the end of this one's term");
        }
        tracing::info!("stopped");
        Ok(ended)
    }
}

fn address_of(listener: &Listener) -> String {
    format!("{}://{}", listener.scheme(), listener.address())
}

async fn tick(vault: Vault, identity: Identity, ends: watch::Receiver<bool>) {
    let mut ended = std::pin::pin!(raised(ends));
    let house = Identity::house(Door::Job);
    let mut watched = Instant::now();
    loop {
        if let Err(error) = vault.watch_clock(&house).await {
            tracing::error!(%error, "that the clock jumped could not be noted");
        }
        tokio::select! {
            () = &mut ended => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        if watched.elapsed() < TICK {
            continue;
        }
        watched = Instant::now();
        if let Err(error) = identity.tick().await {
            tracing::error!(%error, "times of last use could not be kept");
        }
    }
}

/// Resolves when the flag is raised or its owner is gone.
pub(crate) async fn raised(mut flag: watch::Receiver<bool>) {
    let _ = flag.wait_for(|up| *up).await;
}

/// Resolves at the first SIGTERM or SIGINT; a second one ends the process at once.
pub(crate) fn signalled() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate()).context("SIGTERM cannot be caught")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be caught")?;
    Ok(async move {
        tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
        tokio::spawn(async move {
            tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(130);
        });
    })
}
