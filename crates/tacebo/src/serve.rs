//! `tacebo serve`: the real thing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use tacebo_identity::Identity;
use tacebo_server::{Limits, Options};
use tacebo_vault::{Closing, Custodian, Vault};

use crate::config::{Config, ObjectsPlace, StorePlace};
use crate::lang::{Lang, Messages, locale};
use crate::running::{Doors, Ended, Running, signalled};
use crate::{closed, custody, house, logging, memory, suite};

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
  [blobs]   folder                          large documents, sealed; default blobs/ in the data folder; or
            endpoint = \"https://s3:9000\", bucket, region, prefix, access-key-file, secret-key-file,
            authority (certificates that vouch for it, PEM), patience-s = 30   in an S3 bucket
  [custody] file, passphrase-file           root keys and the passphrase that opens them; or
  [custody.pkcs11] library, token, pin-file, name = \"tacebo\"   root keys in a module; or
  [custody.transit] address, token-file, authority, mount, name, namespace   in OpenBao or HashiCorp Vault
  [custody] ask-every-s = 60                how often its holder is asked whether it is still there
            hold-s = 86400                  how long the keys are used without an answer; then the house closes
  [log]     format = \"json\" | \"text\", filter = \"info\"
            witness = \"/other/disk/checkpoint\"  knows the newest checkpoint: an older copy put back does not start
  [backup]  to = \"/backup/tacebo\"         a folder, or [backup.s3] endpoint, bucket, region, prefix,
                                            access-key-file, secret-key-file, authority
            every-hours = 24, drill-every-days = 30, drill-folder, rate-mib-s, keep-keys-days = 14
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
    let mut stop = std::pin::pin!(signalled()?);
    custody::private_folder(&config.data)?;
    let mut custodian = custody::open(&config.custody)?.custodian();
    let mut listen = config.listen.clone();
    let mut name: Option<String> = None;
    loop {
        let closing = match open(&config, &listen, custodian, t).await {
            Ok((running, closing)) => {
                // The same ports again after the house was closed, also those that the system chose.
                listen = running.sockets();
                let start_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
                for address in running.addresses() {
                    tracing::info!(%address, start_ms, "listening");
                }
                name = Some(running.name());
                if running.run(config.custody_terms, stop.as_mut()).await? == Ended::Told {
                    return Ok(());
                }
                Some(closing)
            }
            // It was open before: what the custodian's loss came with, a network say, may take longer.
            Err(error) if name.is_some() => {
                tracing::error!(error = format!("{error:#}"), "the house cannot be opened yet");
                None
            }
            Err(error) => return Err(error),
        };
        let name = name.as_deref().unwrap_or_default();
        match closed::wait(&config, name, &listen, closing, stop.as_mut()).await? {
            Some(found) => custodian = found,
            None => return Ok(()),
        }
    }
}

/// Opens the house and binds its doors; and what tells when nothing of it is in memory any more.
async fn open(
    config: &Config,
    listen: &[SocketAddr],
    custodian: Arc<dyn Custodian>,
    t: &Messages,
) -> Result<(Running, Closing)> {
    if custodian.turn_unfinished() {
        tracing::info!("an older root key is not destroyed yet: the turn is gone on with");
    }
    let vault = house::open_beside(config, custodian)?;
    suite::is(&vault, &config.data, config.suite, t)?;
    if matches!(config.blobs, ObjectsPlace::Folder(_)) && vault.nodes()?.len() > 1 {
        tracing::warn!(
            "other nodes serve this house too: the folder of large documents must be the same for all of them"
        );
    }
    let closing = vault.closing();
    let identity = Identity::new(vault.clone())?;
    if !identity.is_set_up()? {
        bail!("the institution has no accounts: `tacebo init` did not finish; begin again in an empty folder");
    }
    let doors = Doors {
        listen,
        tls: config.tls(),
        public: config.public_url.as_deref(),
        options: Options {
            limits: Limits { body: config.body_limit, ..Limits::default() },
            metrics_token: config.metrics_token.clone(),
        },
    };
    let running = Running::bind(vault, identity, doors).await.context("cannot listen")?;
    let running = match &config.backup {
        Some(backup) => {
            let at = config.store.at(&config.data, false)?;
            running.backed_up(backup, at, config.blobs.open()?, &config.data)
        }
        None => running,
    };
    Ok((running, closing))
}
