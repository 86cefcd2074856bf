//! `tacebo store`: the shape at rest, and how it is brought up to what this program knows.

use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;
use tacebo_store::{Applied, At, Pending, PostgresHost, Store};

use crate::clock::now_us;
use crate::config::Config;
use crate::lang::{Lang, Messages, locale};
use crate::print;

/// The tables of the store: which version they have, and how they are brought up to date.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    /// Configuration file (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long, global = true)]
    json: bool,
    /// Language of the answer.
    #[arg(long, value_enum, global = true)]
    lang: Option<Lang>,
}

#[derive(Debug, Clone, Copy, clap::Subcommand)]
enum Command {
    /// Says which version the tables have and this program knows, and the statements that are missing. Changes nothing.
    Status,
    /// Applies what is missing, all of it or nothing. `serve` does so by itself, except for steps that other programs over
    /// the same database cannot go on beside.
    Migrate {
        /// Applies it in a transaction and takes it back: says whether it would go through. Over a database, its tables are
        /// locked for that moment.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs it.
pub(crate) fn run(args: &Args) -> Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let t = Lang::choose(args.lang, locale().as_deref()).t();
    let at = config.store.at(&config.data, false)?;
    let (pending, applied) = match args.command {
        Command::Status => (Store::pending(&at)?, None),
        Command::Migrate { dry_run } => {
            let applied = if dry_run { Applied::AsTrial } else { Applied::ForGood };
            (Store::bring_up(&at, now_us(), applied)?, Some(applied))
        }
    };
    if args.json {
        return say_json(&at, &pending, applied);
    }
    say(&at, &pending, applied, t)
}

fn say_json(at: &At, pending: &Pending, applied: Option<Applied>) -> Result<()> {
    let steps: Vec<_> = pending
        .steps
        .iter()
        .map(|step| json!({"number": step.number, "stops": step.stops, "statements": step.sql}))
        .collect();
    let done = match applied {
        None => "nothing",
        Some(Applied::AsTrial) => "tried",
        Some(Applied::ForGood) => "applied",
    };
    print::line(json!({
        "at": place(at),
        "found": pending.found,
        "known": pending.known,
        "stops": pending.stops(),
        "missing": steps,
        "done": done,
    }))
}

fn say(at: &At, pending: &Pending, applied: Option<Applied>, t: &Messages) -> Result<()> {
    print::line(t.store_at(place(at)))?;
    if pending.found == 0 {
        return print::line(t.store_none(pending.known.to_string()));
    }
    print::line(t.store_versions(pending.found.to_string(), pending.known.to_string()))?;
    if pending.steps.is_empty() {
        return print::line(t.store_up_to_date());
    }
    for step in &pending.steps {
        print::line(t.store_step(step.number.to_string()))?;
        print::line(step.sql.trim_end())?;
    }
    print::line(match applied {
        Some(Applied::AsTrial) => t.store_tried(),
        Some(Applied::ForGood) => t.store_applied(pending.known.to_string()),
        None if pending.stops() => t.store_stop_first(),
        None => t.store_at_start(),
    })
}

/// Where the store is, for people.
fn place(at: &At) -> String {
    match at {
        At::Folder(dir) => dir.display().to_string(),
        At::Postgres(at) => {
            let host = |host: &PostgresHost| match host {
                PostgresHost::Tcp(name, port) => format!("{name}:{port}"),
                PostgresHost::Unix(folder, port) => format!("{}:{port}", folder.display()),
            };
            let hosts: Vec<_> = at.hosts.iter().map(host).collect();
            format!("{} ({})", at.database, hosts.join(", "))
        }
    }
}
