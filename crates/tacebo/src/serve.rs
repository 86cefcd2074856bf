//! `tacebo serve`: the real thing.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tacebo_identity::Identity;
use tacebo_server::{Limits, Options};
use tacebo_vault::Vault;

use crate::config::{Config, StorePlace};
use crate::lang::{Lang, locale};
use crate::running::{Doors, Running, signalled};
use crate::{custody, house, logging, memory, suite};

/// Serves a founded house.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys of the file, each also an environment variable that overrides it (TACEBO_DATA, TACEBO_TLS_KEY …):
  data = \"/var/lib/tacebo\"                  data folder
  suite = \"international\" | \"shangmi\"      the institution's algorithms, chosen at `tacebo init`
  listen = [\"0.0.0.0:8443\"]                 addresses; in clear only on loopback
  public-url = \"https://fhir.h.example\"     how others reach it; default the first address
  metrics-token = \"…\"                     bearer for /metrics; without one only loopback sees them
  [tls]     certificate, key                PEM files
  [store]   engine = \"postgres\"           records in a database instead of the data folder:
            hosts = [\"db1:5432\", …]        all members of its cluster, or the folder of a socket
            database, user = \"tacebo\", password-file, authority (certificates that vouch for the hosts, PEM)
            prepared = \"named\" | \"unnamed\" unnamed behind PgBouncer in transaction mode
            readers = 4, snapshots = 4, statement-timeout-s = 30, lock-timeout-s = 10, patience-s = 60
  [custody] file, passphrase-file           root keys and the passphrase that opens them; or
  [custody.pkcs11] library, token, pin-file, name = \"tacebo\"   root keys in a module; or
  [custody.transit] address, token-file, authority, mount, name, namespace   in OpenBao or HashiCorp Vault
  [log]     format = \"json\" | \"text\", filter = \"info\"
  [limits]  body-mib = 64                   largest request body
            lock-memory = false             whether nothing may be swapped out (LimitMEMLOCK=infinity)")]
pub(crate) struct Args {
    /// Configuration file (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Runs until told to stop.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    logging::start(config.log_format, &config.log_filter)?;
    if config.lock_memory {
        memory::lock()?;
    }
    if config.store == StorePlace::Folder && !Vault::is_founded(&config.data) {
        bail!("there is no institution in {}: run `tacebo init` first", config.data.display());
    }
    let t = Lang::choose(None, locale().as_deref()).t();
    if Vault::is_founded(&config.data) {
        suite::unchanged(&config.data, config.suite, t)?;
    }
    // Before anything is opened, so that a signal during recovery is not lost.
    let stop = signalled()?;
    let custodian = custody::open(&config.custody)?.custodian();
    if custodian.turn_unfinished() {
        tracing::info!("an older root key is not destroyed yet: the turn is gone on with");
    }
    custody::private_folder(&config.data)?;
    let vault = house::open_beside(&config, custodian)?;
    suite::is(&vault, &config.data, config.suite, t)?;
    let identity = Identity::new(vault.clone())?;
    if !identity.is_set_up()? {
        bail!("the institution has no accounts: `tacebo init` did not finish; begin again in an empty folder");
    }
    let doors = Doors {
        listen: &config.listen,
        tls: config.tls.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path())),
        public: config.public_url.as_deref(),
        options: Options {
            limits: Limits { body: config.body_limit, ..Limits::default() },
            metrics_token: config.metrics_token.clone(),
        },
    };
    let running = Running::bind(vault, identity, doors).await.context("cannot listen")?;
    let start_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    for address in running.addresses() {
        tracing::info!(%address, start_ms, "listening");
    }
    running.run(stop).await
}
