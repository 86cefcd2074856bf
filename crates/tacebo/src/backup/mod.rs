//! `tacebo backup`: an archive of the records, made beside the running program and without any key; or a check of one.

mod bring;
mod drill;
mod keep;
mod moment;
pub(crate) mod restore;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use tacebo_archive::{ArchiveError, Chain, Plan, Ran, verify};
use tacebo_ledger::LogVerifier;
use tacebo_objects::Objects;
use tacebo_store::ArchiveSource;
use tacebo_vault::{BackupRun, VKEY_FILE};

use crate::config::{Archived, Backup, Config, ObjectsPlace};
use crate::lang::{Lang, Messages};
use crate::{clock, print};

pub(crate) use keep::Keeper;

/// Archives the records, incrementally and still sealed, while the program serves; no key is needed. With `--verify` checks
/// an archive instead: exit code 0 whole, 1 a fault, whose place is named, 2 could not check.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); environment variables `TACEBO_…` override it. Its `[backup]` says where to.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A folder for the archive, instead of the place that the configuration names.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// MiB written in a second at most.
    #[arg(long, value_name = "MIB")]
    rate: Option<u64>,
    /// Checks every object, the whole log and its signatures, and changes nothing.
    #[arg(long)]
    verify: bool,
    /// The log's public key, as a file, for `--verify`. Default: the one in the data folder, else the archive's own word.
    #[arg(long, value_name = "FILE", requires = "verify")]
    vkey: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Language of the answer.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// Exit status of an archive that could not be checked.
const UNCHECKED: u8 = 2;

/// Runs it; the number is the exit status.
pub(crate) fn run(args: &Args) -> Result<u8> {
    let t = Lang::choose(args.lang, crate::lang::locale().as_deref()).t();
    let Archived { store, data, blobs, backup: configured } =
        Config::archived(args.config.as_deref(), std::env::vars())?;
    let backup = match &args.to {
        Some(dir) => {
            let here = Backup::into_folder(dir.clone())?;
            configured.map_or(here.clone(), |configured| Backup { place: here.place, ..configured })
        }
        None => configured.context("no place for backups: name one with --to, or in [backup] of the configuration")?,
    };
    if args.verify {
        return checked(args, &backup.place, data, t);
    }
    let data = data.context("no data folder: name it in the configuration or as TACEBO_DATA")?;
    let objects = backup.place.open()?;
    let vkey = std::fs::read_to_string(data.join(VKEY_FILE))
        .with_context(|| format!("{} cannot be read: is this a data folder?", data.join(VKEY_FILE).display()))?;
    let plan = Plan {
        rate: args.rate.filter(|rate| *rate > 0).map(|rate| rate << 20).or(backup.rate),
        keep_keys_days: backup.keep_keys_days,
    };
    let stop = stopped()?;
    let bar = bar(&t.backup_carrying(), args.json);
    let source = ArchiveSource::open(&store.at(&data, false)?)?;
    let source = match &blobs {
        Some(blobs) => source.with_objects(blobs.open()?),
        None => source,
    };
    let made = make(&source, &objects, &vkey, plan, &stop, &mut |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let ran = made?;
    if args.json {
        print::line(said(&ran))?;
    } else {
        let run = &ran.manifest;
        let carried = run.carried;
        print::line(t.backup_done(run.run.to_string(), bytes(run.bytes()), backup.place.to_string()))?;
        print::line(t.backup_carried(
            carried.versions.to_string(),
            (carried.again + carried.gone).to_string(),
            carried.entries.to_string(),
        ))?;
        print::line(t.backup_manifest(&ran.sha256))?;
    }
    Ok(0)
}

/// One run into an archive.
pub(crate) fn make(
    source: &ArchiveSource,
    objects: &Objects,
    vkey: &str,
    plan: Plan,
    stop: &AtomicBool,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Ran> {
    let part = source.parts()?.into_iter().next().context("there is no institution to back up")?;
    if source.is_half_restored(part)? {
        return Err(anyhow!("a restore into these records was not finished: run `tacebo restore` again"));
    }
    let stop = || stop.load(Ordering::Relaxed);
    let run = tacebo_archive::Backup { source, part, objects, vkey, plan, now_us: &clock::now_us, stop: &stop };
    Ok(run.run(tell)?)
}

/// What the house keeps of a run.
pub(crate) fn kept(ran: &Ran) -> BackupRun {
    let run = &ran.manifest;
    BackupRun {
        run: run.run,
        begun_us: run.begun_us,
        ended_us: run.ended_us,
        bytes: run.bytes(),
        versions: run.carried.versions + run.carried.again,
        entries: run.carried.entries,
        log_size: run.log_size,
        manifest: ran.sha256.clone(),
    }
}

fn said(ran: &Ran) -> serde_json::Value {
    let run = &ran.manifest;
    json!({
        "run": run.run,
        "manifest": ran.sha256,
        "bytes": run.bytes(),
        "objects": run.objects.len(),
        "versions": run.carried.versions,
        "again": run.carried.again,
        "gone": run.carried.gone,
        "entries": run.carried.entries,
        "log_size": run.log_size,
        "milliseconds": run.ended_us.saturating_sub(run.begun_us) / 1000,
    })
}

fn checked(args: &Args, place: &ObjectsPlace, data: Option<PathBuf>, t: &Messages) -> Result<u8> {
    let own = data.map(|data| data.join(VKEY_FILE)).filter(|file| args.vkey.is_none() && file.is_file());
    let bar = bar(&t.backup_checking(), args.json);
    let found = (|| -> Result<_> {
        let key = match args.vkey.as_ref().or(own.as_ref()) {
            Some(file) => {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
                Some(text.trim().parse::<LogVerifier>().context("the log's public key cannot be used")?)
            }
            None => None,
        };
        let objects = place.open()?;
        Ok(Chain::read(&objects).and_then(|chain| {
            verify(&chain, key.as_ref(), &mut |done, of| {
                bar.set_length(of);
                bar.set_position(done);
            })
        }))
    })();
    bar.finish_and_clear();
    match found.and_then(|found| match found {
        Err(fault) if !fault.is_fault() => Err(fault.into()),
        found => Ok(found),
    }) {
        Ok(Ok(whole)) => {
            if args.json {
                print::line(json!({
                    "result": "clean", "runs": whole.runs, "bytes": whole.bytes, "versions": whole.versions,
                    "entries": whole.entries, "checkpoints": whole.checkpoints, "with_keys": whole.with_keys,
                }))?;
            } else {
                print::line(t.backup_whole(whole.runs.to_string(), bytes(whole.bytes)))?;
                print::line(t.backup_whole_holds(
                    whole.versions.to_string(),
                    whole.entries.to_string(),
                    whole.checkpoints.to_string(),
                ))?;
            }
            Ok(0)
        }
        Ok(Err(fault)) => {
            if args.json {
                print::line(json!({"result": "fault", "fault": fault.to_string()}))?;
            } else {
                print::line(t.backup_broken(fault.to_string()))?;
            }
            Ok(1)
        }
        Err(error) => {
            if args.json {
                print::line(json!({"result": "unchecked", "why": format!("{error:#}")}))?;
            }
            print::aside(t.backup_unchecked(format!("{error:#}")));
            Ok(UNCHECKED)
        }
    }
}

/// Raised at the first SIGTERM or SIGINT: a run that is stopped is none, and what it wrote is taken up by the next.
fn stopped() -> Result<Arc<AtomicBool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut term, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            tokio::select! { _ = term.recv() => {}, _ = interrupt.recv() => {} }
        });
        raised.store(true, Ordering::Relaxed);
    })?;
    Ok(stop)
}

fn bar(words: &str, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta}") {
        bar.set_style(style);
    }
    bar.set_message(words.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A size for people.
fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// What the archive says of a missing one is no fault of the records.
pub(crate) fn newest(objects: &Objects) -> Result<Option<Ran>, ArchiveError> {
    Ok(Chain::read(objects)?.last().cloned())
}
