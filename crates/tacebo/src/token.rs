//! `tacebo token`: a bearer token for a client system, made on the server itself.

use std::path::PathBuf;

use anyhow::{Context, Result};
use tacebo_identity::{Identity, TokenHolder};
use tacebo_vault::Door;

use crate::config::Config;
use crate::{house, print};

const HOUR_US: i64 = 3_600_000_000;

/// Makes a token for a registered client system and prints it, once. The server must not be running.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// `client_id` of the client system.
    #[arg(long)]
    client: String,
    /// Hours until it ends.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u16).range(1..=2160))]
    hours: u16,
}

/// Runs it.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let vault = house::open_beside(&config, crate::custody::open(&config.custody)?.custodian())?;
    let identity = Identity::new(vault.clone())?;
    let holder = TokenHolder::Client(args.client.clone());
    let asker = Identity::house(Door::Cli);
    let issued = identity
        .issue_token(&asker, &holder, i64::from(args.hours) * HOUR_US, "command line", None)
        .await
        .context("no token was made")?;
    print::line(issued.token.expose())?;
    vault.sign_now().await?;
    Ok(())
}
