//! `tacebo keys`: who holds the root key, and everything that is done with it by hand.
//!
//! All but `status` and `recovery make` need the data folder to themselves: stop the program first. Each can be stopped
//! anywhere and asked again; it goes on where it was.

mod passphrase;
mod recovery;
mod settle;
mod status;

use std::path::PathBuf;

use anyhow::Result;

use crate::config::Config;
use crate::lang::{Lang, locale};

/// Root keys: where they are, new ones, and shares for the safe.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    /// Configuration file (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Language of the answer.
    #[arg(long, value_enum, global = true)]
    lang: Option<Lang>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Says who holds the root keys, which there are, and what the holder's word on their destruction is worth.
    Status {
        /// One JSON object on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Makes a new root key, wraps every key under it and destroys the old one. Goes on with a turn that was stopped.
    /// Where the program is running, turn the key on its page of root keys instead.
    Turn,
    /// Seals the root key file under another passphrase. The program must not be running.
    ChangePassphrase(passphrase::Args),
    /// Moves to another custodian: a new root key there, every key wrapped under it, the old custodian's keys destroyed.
    /// The program must not be running.
    Move {
        /// A TOML file whose `[custody]` names the new custodian; afterwards it belongs into the configuration.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// The root key on paper, in shares.
    Recovery(recovery::Args),
}

/// Runs it.
pub(crate) async fn run(args: Args) -> Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let t = Lang::choose(args.lang, locale().as_deref()).t();
    match args.command {
        Command::Status { json } => status::run(&config, json, t),
        Command::Turn => settle::turn(&config, t).await,
        Command::ChangePassphrase(args) => passphrase::run(&config, &args, t),
        Command::Move { to } => settle::shift(&config, &to, t).await,
        Command::Recovery(args) => recovery::run(&config, &args, t),
    }
}
