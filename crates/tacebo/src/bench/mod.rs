//! `tacebo bench`: what protection costs, over real HTTP with policy, seal and log on, beside the same work with none
//! of it, in one run on one machine. Read the ratios; absolute figures belong to the machine.

mod bare;
mod bare_postgres;
mod client;
mod figures;
mod ingest;
mod population;
mod reading;
mod start;
mod store;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::json;
use tacebo_identity::Identity;
use tacebo_store::{At, PostgresAt};
use tacebo_vault::{CustodyTerms, Vault};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::bench::figures::{Figures, real};
use crate::config::Config;
use crate::demo::{self, people::Kept};
use crate::running::{Ended, Running};
use crate::{logging, print};

/// Measures ingest, read or search, and the same without protection.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// Clients at once.
    #[arg(long, global = true)]
    clients: Option<usize>,
    /// Seconds to measure, after one of warming up.
    #[arg(long, global = true, default_value_t = 10)]
    seconds: u64,
    /// Where the temporary data folder is made: on the disk that is to be measured.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Transaction bundles, beside the same rows written to bare SQLite with the same durability.
    Ingest,
    /// Single resources by id, beside a route that returns the same bytes.
    Read,
    /// Observations of one patient who has over 700, beside a route that returns the same bytes.
    Search,
    /// Sealed commits straight into the store, at 1, 16 and 256 clients and documents a commit, beside the bare engine.
    Store {
        /// A configuration whose `[store]` names an empty PostgreSQL database on this machine. Default: a file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

impl What {
    fn clients(&self) -> usize {
        match self {
            Self::Ingest => 8,
            Self::Read => 64,
            Self::Search | Self::Store { .. } => 1,
        }
    }
}

/// How long and with how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub clients: usize,
    pub warm: Duration,
    pub measure: Duration,
}

/// A served house in a temporary folder.
pub(crate) struct Bench {
    pub vault: Vault,
    pub address: String,
    pub token: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<Ended>>,
}

impl Bench {
    async fn open(dir: PathBuf) -> Result<Self> {
        let (vault, identity, kept) = demo::make_in(dir).await?;
        Self::serve(vault, identity, &kept).await
    }

    async fn serve(vault: Vault, identity: Identity, kept: &Kept) -> Result<Self> {
        let token = kept.clients.first().context("the sample has no client system")?.token.clone();
        let listen = ["127.0.0.1:0".parse()?];
        let running = Running::bind(vault.clone(), identity, demo::plain(&listen)).await?;
        let address = running.addresses().into_iter().next().context("no address")?;
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(running.run(CustodyTerms::default(), async {
            let _ = stopped.await;
        }));
        Ok(Self { vault, address, token, stop, served })
    }

    /// Stops the server and closes the store.
    pub(crate) async fn close(self) -> Result<()> {
        let _ = self.stop.send(());
        self.served.await??;
        drop(self.vault);
        Ok(())
    }
}

/// Runs one measurement.
pub(crate) async fn run(args: Args) -> Result<()> {
    logging::start(logging::Format::Text, "warn")?;
    let folder = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir)?,
        None => tempfile::tempdir()?,
    };
    let load = Load {
        clients: args.clients.unwrap_or(args.what.clients()).max(1),
        warm: Duration::from_secs(1),
        measure: Duration::from_secs(args.seconds.max(1)),
    };
    let mut figures = Figures::default();
    if let What::Store { config } = &args.what {
        let database = config.as_deref().map(database).transpose()?;
        store::run(folder.path(), database.as_ref(), load.measure, &mut figures).await?;
        return said(&args, &figures);
    }
    let data = folder.path().join("house");
    let bench = Bench::open(data.clone()).await?;
    figures.text(
        "what",
        match args.what {
            What::Ingest => "ingest",
            What::Read => "read",
            What::Search => "search",
            What::Store { .. } => "store",
        },
    );
    figures.number("clients", real(load.clients), "");
    match args.what {
        What::Ingest => ingest::run(bench, &data, folder.path(), load, &mut figures).await?,
        What::Read => reading::by_id(bench, load, &mut figures).await?,
        What::Search => reading::search(bench, load, &mut figures).await?,
        What::Store { .. } => {}
    }
    let started = tokio::task::spawn_blocking(move || start::measure(&data)).await??;
    figures.number("start", started.ready.as_secs_f64() * 1e3, "ms");
    figures.number("idle memory", started.resident_mib, "MiB");
    said(&args, &figures)
}

/// The database that a configuration names.
fn database(config: &Path) -> Result<PostgresAt> {
    let named = Config::archived(Some(config), std::env::vars())?;
    match named.store.at(Path::new(""), true)? {
        At::Postgres(at) => Ok(*at),
        At::Folder(_) => bail!("{} names no database under [store]", config.display()),
    }
}

fn said(args: &Args, figures: &Figures) -> Result<()> {
    if args.json { print::line(json!(figures)) } else { print::line(figures) }
}
