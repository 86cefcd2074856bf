//! `tacebo restore`: the records come back from an archive, on either engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use jiff::tz::TimeZone;
use serde_json::json;
use tacebo_archive::{ArchiveError, Chain, Manifest};
use tacebo_ledger::LogVerifier;
use tacebo_vault::Vault;

use super::bring::{Bring, Step};
use super::{bar, moment, stopped};
use crate::config::{Config, ObjectsPlace};
use crate::lang::{Lang, locale};
use crate::{clock, custody, print};

/// Brings the records back from an archive into an empty data folder or database, on the same engine or the other one. Killed
/// in between, it is asked again and begins anew; nothing that is half restored is served.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration of the place to restore into (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The archive: its folder, or a TOML file whose `[backup]` names it. Default: `[backup]` of the configuration.
    #[arg(long, value_name = "PLACE")]
    from: Option<PathBuf>,
    /// Which backup. Default: the newest.
    #[arg(long, value_name = "NUMBER")]
    run: Option<u64>,
    /// Brings the documents of care back to what they were at this moment, by new versions: 2026-11-23T08:30:00+08:00, or without
    /// an offset for the time here. Accounts, consents and destructions stay as they are now.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// An archive with keys of now, where the documents come from an older one: what was destroyed since stays so.
    #[arg(long, value_name = "PLACE")]
    keys_from: Option<PathBuf>,
    /// A checkpoint kept elsewhere (repeatable): the restored log must continue it.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// Restores although more of the log was seen than this backup holds. The reason is written into the log.
    #[arg(long, value_name = "REASON")]
    below_witness: Option<String>,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Language of the answer.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// Runs it.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let began = Instant::now();
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let t = Lang::choose(args.lang, locale().as_deref()).t();
    let place = match (&args.from, &config.backup) {
        (Some(from), _) => place(from)?,
        (None, Some(backup)) => backup.place.clone(),
        (None, None) => bail!("no archive: name one with --from, or in [backup] of the configuration"),
    };
    let chain = Chain::read(&place.open()?)?;
    let newest = chain.last().ok_or(ArchiveError::None)?.manifest.clone();
    let run = args.run.unwrap_or(newest.run);
    let chosen = chain.run(run)?.manifest.clone();
    let here = TimeZone::system();
    let to_us = args.to.as_deref().map(|text| point(text, &here, &chain, &chosen)).transpose()?;
    let keys = args.keys_from.as_deref().map(|from| Ok::<_, anyhow::Error>(Chain::read(&self::place(from)?.open()?)?));
    let keys = keys.transpose()?;

    // What was seen of the log: by checkpoints in other hands, by the witness file, by later backups.
    let key: LogVerifier = chosen.vkey.parse().context("the archive names no public key of the log")?;
    let mut notes = Vec::new();
    for file in args.checkpoint.iter().chain(&config.witness) {
        match fs::read_to_string(file) {
            Ok(note) => notes.push(note),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && Some(file) == config.witness.as_ref() => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        }
    }
    let mut seen = newest.log_size.max(keys.as_ref().and_then(Chain::last).map_or(0, |ran| ran.manifest.log_size));
    for note in &notes {
        let opened = key.open(note.as_bytes()).context("a checkpoint is none of this log")?;
        seen = seen.max(opened.size);
    }
    let below = match (&args.below_witness, seen > chosen.log_size) {
        (_, false) => None,
        (Some(reason), true) => Some((seen, reason.clone())),
        (None, true) => bail!(
            "this backup holds {} entries of the log and {seen} were seen: find the newer backup; if there is none, decide with --below-witness \"why\", which is written into the log",
            chosen.log_size
        ),
    };

    let custodian = custody::open(&config.custody)?.custodian();
    custody::private_folder(&config.data)?;
    let stop = stopped()?;
    let bar = bar(&t.restore_filling(), args.json);
    let mut tell = |step| {
        let (words, done, of) = match step {
            Step::Fill(done, of) => (t.restore_filling(), done, of),
            Step::Log(done, of) => (t.restore_log(), done, of),
            Step::Terms(done, of) => (t.restore_terms(), done, of),
            Step::Point(done, of) => (t.restore_point(), done, of),
        };
        bar.set_message(words);
        bar.set_length(of);
        bar.set_position(done);
    };
    let at = config.store.at(&config.data, true)?;
    let blobs = config.blobs.open()?;
    let bring = Bring {
        chain: &chain,
        run,
        keys: keys.as_ref(),
        at: &at,
        blobs: &blobs,
        dir: &config.data,
        custodian,
        notes: &notes,
        below: below.clone(),
        to_us,
        on_fatal: clock::die(),
        stop: &stop,
    };
    let brought = bring.back(&mut tell).await;
    bar.finish_and_clear();
    let brought = brought?;
    if below.is_some()
        && let Some(file) = &config.witness
    {
        set_aside(file)?;
    }
    settle(&brought.vault, config.witness.as_deref()).await?;
    let seconds = began.elapsed().as_secs_f64();
    if args.json {
        let point = brought.point.map(|point| {
            json!({
                "to": moment::shown(point.to_us, &TimeZone::UTC), "changed": point.changed, "made": point.made,
                "gone": point.gone, "left": point.left,
            })
        });
        return print::line(json!({
            "run": run,
            "manifest": brought.restored.ran.sha256,
            "versions": brought.restored.tally.versions,
            "sum": brought.restored.tally.hex(),
            "entries": brought.entries,
            "compared": brought.compared.versions,
            "point": point,
            "seconds": seconds,
        }));
    }
    print::line(t.restore_done(run.to_string(), format!("{seconds:.0}")))?;
    print::line(t.restore_holds(brought.restored.tally.versions.to_string(), brought.entries.to_string()))?;
    let Some(point) = brought.point else { return Ok(()) };
    print::line(t.restore_back(
        moment::shown(point.to_us, &here),
        point.changed.to_string(),
        point.made.to_string(),
        point.gone.to_string(),
        point.left.to_string(),
    ))
}

/// The point in time, if the backup knows what was then.
fn point(text: &str, here: &TimeZone, chain: &Chain, chosen: &Manifest) -> Result<i64> {
    let to_us = moment::parse(text, here)?;
    let shown = |at_us| moment::shown(at_us, here);
    if to_us > clock::now_us() {
        bail!("{} is still to come", shown(to_us));
    }
    if to_us > chosen.reaches_us() {
        let (run, reaches) = (chosen.run, shown(chosen.reaches_us()));
        bail!(
            "backup {run} reaches to {reaches} only and does not know what was at {}: a newer one is needed",
            shown(to_us)
        );
    }
    match chain.begins_us()? {
        Some(begins_us) if to_us < begins_us => {
            bail!("the archive begins at {}: there was nothing at {} yet", shown(begins_us), shown(to_us))
        }
        _ => Ok(to_us),
    }
}

/// An archive by its folder, or by a file that names it.
fn place(from: &Path) -> Result<ObjectsPlace> {
    if from.extension().is_some_and(|ending| ending == "toml") {
        let named = Config::archived(Some(from), std::iter::empty())?;
        return Ok(named.backup.with_context(|| format!("{} has no [backup]", from.display()))?.place);
    }
    if !from.is_dir() {
        bail!("{} is no folder with an archive", from.display());
    }
    Ok(ObjectsPlace::Folder(from.to_owned()))
}

/// What was seen stays as evidence; the file begins anew.
fn set_aside(witness: &Path) -> Result<()> {
    if !witness.exists() {
        return Ok(());
    }
    let mut aside = witness.to_owned();
    aside.as_mut_os_string().push(format!(".before-{}", clock::now_us() / 1_000_000));
    fs::rename(witness, &aside).with_context(|| format!("{} cannot be set aside", witness.display()))
}

/// The restored log is signed, and its witness told.
async fn settle(vault: &Vault, witness: Option<&Path>) -> Result<()> {
    if let Some(file) = witness {
        vault.witness_in(file)?;
    }
    Ok(vault.sign_now().await?)
}
