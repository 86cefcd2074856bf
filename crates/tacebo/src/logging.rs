//! Structured program log on standard error. It carries no personal data: what people did is in the house's own log.

use std::io;

use anyhow::{Context, Result};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// One JSON object a line, for machines.
    Json,
    /// Words, for people.
    #[default]
    Text,
}

/// Starts the log. `filter` is `info`, `warn`, `tacebo_server=debug,info` …
pub(crate) fn start(format: Format, filter: &str) -> Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("log filter `{filter}` cannot be read"))?;
    let base = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    let done = match format {
        Format::Json => base.json().flatten_event(true).try_init(),
        Format::Text => base.with_ansi(false).try_init(),
    };
    done.map_err(|error| anyhow::anyhow!("the program log cannot start: {error}"))
}
