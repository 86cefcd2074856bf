//! `tacebo verify`: checks a house's log, one proof file or a certificate, offline and without keys.

mod certificate;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tacebo_ledger::audit::{AuditError, Fault, LogSource, Report, audit};
use tacebo_ledger::{Evidence, LogVerifier, Proved};
use tacebo_server::pages::{fault_words, unlike_words};
use tacebo_store::{At, AuditSource, BrokenObject, Integrity, PartNo, StoreError, Unchecked};
use tacebo_vault::{BLOBS_FOLDER, Unlike, VKEY_FILE};

use crate::config::{Config, ObjectsPlace};
use crate::lang::{Lang, Messages};
use crate::print;

/// Exit status of a clean log.
pub(crate) const CLEAN: u8 = 0;
/// Exit status of a broken one.
pub(crate) const FAULT: u8 = 1;
/// Exit status when nothing can be said.
pub(crate) const UNCHECKED: u8 = 2;

/// Checks a data folder's log, a proof file, or a certificate of destruction.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Data folder. Nothing in it is changed; the server may be running.
    #[arg(required_unless_present_any = ["proof", "certificate", "config"])]
    dir: Option<PathBuf>,
    /// Configuration of a house whose records are in a database, instead of a folder.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "proof"])]
    config: Option<PathBuf>,
    /// A checkpoint kept from before (repeatable): the log must continue it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["proof", "certificate"])]
    checkpoint: Vec<PathBuf>,
    /// The log's public key, as text (`origin+id+key`) or a file holding it. Default: the one in the folder.
    #[arg(long, value_name = "VKEY")]
    vkey: Option<String>,
    /// A proof file, instead of a folder: prints the fields it opens.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    proof: Option<PathBuf>,
    /// A certificate of destruction, instead of a folder: prints what it states.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "proof"])]
    certificate: Option<PathBuf>,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
    /// Language of the answer.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// What was found.
enum Finding {
    Whole { report: Report, twice: bool, key_inside: Option<PathBuf>, unchecked: Option<Unchecked>, objects: LargeOnes },
    Broken(Fault),
    Object(BrokenObject),
    Damaged(String),
}

/// What is known of the objects of large documents.
enum LargeOnes {
    /// So many are as they were written.
    Whole(u64),
    /// So many are named, and where they lie was not said.
    Elsewhere(u64),
}

/// Runs the check; the number is the exit status.
pub(crate) fn run(args: &Args) -> Result<u8> {
    let lang = Lang::choose(args.lang, crate::lang::locale().as_deref());
    if let Some(file) = &args.certificate {
        return certificate::run(file, args, lang.t());
    }
    let outcome = match &args.proof {
        Some(file) => return proof(file, args, lang.t()),
        None => place(args.dir.as_deref(), args.config.as_deref()).and_then(|place| log(&place, args, lang.t())),
    };
    match outcome {
        Ok(Finding::Whole { report, twice, key_inside, unchecked, objects }) => {
            say_whole(&report, twice, key_inside.as_deref(), unchecked, &objects, args, lang.t())?;
            Ok(CLEAN)
        }
        Ok(Finding::Object(BrokenObject { rid, kind, is_there, .. })) => {
            let (code, unlike) = if is_there {
                ("object-changed", Unlike::BlobChanged { rid, kind })
            } else {
                ("object-missing", Unlike::BlobMissing { rid, kind })
            };
            let words = unlike_words(&unlike, lang.pages());
            if args.json {
                print::line(json!({"result": "fault", "fault": {"code": code, "text": words}}))?;
            } else {
                print::line(lang.t().broken_object(&words))?;
            }
            Ok(FAULT)
        }
        Ok(Finding::Broken(fault)) => {
            let words = fault_words(&fault, lang.pages());
            if args.json {
                print::line(json!({"result": "fault", "fault": {"code": fault.code(), "text": words}}))?;
            } else {
                print::line(lang.t().broken())?;
                print::line(lang.t().broken_place(&words))?;
            }
            Ok(FAULT)
        }
        Ok(Finding::Damaged(line)) => {
            if args.json {
                print::line(json!({"result": "fault", "fault": {"code": "file-damaged", "text": line}}))?;
            } else {
                print::line(lang.t().broken_file(&line))?;
            }
            Ok(FAULT)
        }
        Err(error) => {
            if args.json {
                print::line(json!({"result": "unchecked", "why": format!("{error:#}")}))?;
            }
            print::aside(lang.t().unchecked(format!("{error:#}")));
            Ok(UNCHECKED)
        }
    }
}

/// A house at rest.
struct Place {
    /// Its records.
    at: At,
    /// The folder with the log's public key.
    dir: PathBuf,
    /// Its large documents, where it is known where they lie.
    blobs: Option<ObjectsPlace>,
}

fn place(dir: Option<&Path>, config: Option<&Path>) -> Result<Place> {
    if let Some(file) = config {
        let (store, blobs, dir) = Config::place(file, std::env::vars())?;
        return Ok(Place { at: store.at(&dir, false)?, dir, blobs: Some(blobs) });
    }
    let dir = dir.context("name a data folder")?.to_owned();
    let beside = Some(dir.join(BLOBS_FOLDER)).filter(|folder| folder.is_dir());
    Ok(Place { at: At::Folder(dir.clone()), dir, blobs: beside.map(ObjectsPlace::Folder) })
}

/// Compares the objects of large documents with their rows.
fn objects(place: &Place, part: PartNo) -> Result<Result<LargeOnes, BrokenObject>> {
    let count = AuditSource::open(&place.at, part)?.object_count()?;
    let Some(blobs) = place.blobs.as_ref().filter(|_| count > 0) else { return Ok(Ok(LargeOnes::Elsewhere(count))) };
    let objects = blobs.open()?;
    loop {
        let found = AuditSource::open(&place.at, part)?.check_objects(&objects)?;
        let Some(broken) = found.broken else { return Ok(Ok(LargeOnes::Whole(found.whole))) };
        // Unless it was destroyed meanwhile.
        if AuditSource::open(&place.at, part)?.still_names(&broken)? {
            return Ok(Err(broken));
        }
    }
}

fn log(place: &Place, args: &Args, t: &Messages) -> Result<Finding> {
    let Place { at, dir, .. } = place;
    let parts = match AuditSource::parts(at) {
        Ok(parts) => parts,
        Err(StoreError::Sql(error)) if is_damage(&error.to_string()) => {
            return Ok(Finding::Damaged(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    };
    let (text, key_inside) = match &args.vkey {
        Some(given) => (key_text(given)?, None),
        None => (read(&dir.join(VKEY_FILE))?, Some(dir.join(VKEY_FILE))),
    };
    let verifier: LogVerifier = text.trim().parse().context("the log's public key cannot be used")?;
    let mut older = Vec::with_capacity(args.checkpoint.len());
    for path in &args.checkpoint {
        older.push(std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?);
    }
    let older: Vec<&[u8]> = older.iter().map(Vec::as_slice).collect();
    // A folder holds one house; without a state row its part is not listed, and the row's absence is the finding.
    let Some(part) = parts.first() else {
        return Ok(Finding::Broken(Fault::StateMissing));
    };
    let source = AuditSource::open(at, *part)?;
    let bar = bar(t, args.json);
    let checked = audit(&source, &verifier, &older, &mut |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.checked);
    });
    bar.finish_and_clear();
    if !source.is_one_state() {
        return Err(anyhow!("the folder came into use while it was checked; check it again"));
    }
    match checked {
        Ok(report) => Ok(match beside(&source, &verifier) {
            Ok(unchecked) => match objects(place, *part)? {
                Ok(objects) => {
                    Finding::Whole { report, twice: verifier.sm2().is_some(), key_inside, unchecked, objects }
                }
                Err(broken) => Finding::Object(broken),
            },
            Err(line) => Finding::Damaged(line),
        }),
        Err(AuditError::Fault(fault)) => Ok(Finding::Broken(fault)),
        Err(AuditError::Source(StoreError::Sql(error))) if is_damage(&error.to_string()) => {
            Ok(Finding::Damaged(error.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the tree does not cover: the log's name, rows of no log, the engine's own files, if it can be asked about them.
fn beside(source: &AuditSource, verifier: &LogVerifier) -> Result<Option<Unchecked>, String> {
    let named = source.origin().map(|origin| origin.filter(|origin| origin != verifier.origin()));
    match (named, source.stray(), source.integrity()) {
        (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => Err(error.to_string()),
        (Ok(Some(_)), ..) => Err("the state row (part_state) gives the log another name than its key".to_owned()),
        (_, Ok(Some(table)), _) => Err(format!("{table}: a row that belongs to no log")),
        (.., Ok(Integrity::Damaged(lines))) => Err(lines.into_iter().next().unwrap_or_default()),
        (.., Ok(Integrity::Unchecked(why))) => Ok(Some(why)),
        (.., Ok(Integrity::Whole)) => Ok(None),
    }
}

/// SQLite says "malformed" or "not a database" of a file that was written into.
fn is_damage(words: &str) -> bool {
    words.contains("malformed") || words.contains("not a database")
}

fn say_whole(
    report: &Report,
    twice: bool,
    key_inside: Option<&Path>,
    unchecked: Option<Unchecked>,
    objects: &LargeOnes,
    args: &Args,
    t: &Messages,
) -> Result<()> {
    if args.json {
        return print::line(json!({
            "result": "clean",
            "entries": report.size,
            "root": report.root.to_base64(),
            "checkpoints": report.checkpoints,
            "unsigned": report.unsigned_tail,
            "older": report.older,
            "files": unchecked.is_none(),
            "objects": match objects {
                LargeOnes::Whole(count) => Some(*count),
                LargeOnes::Elsewhere(count) => Some(0).filter(|_| *count == 0),
            },
            "signatures": if twice { &["ed25519", "sm2"][..] } else { &["ed25519"] },
        }));
    }
    print::line(t.whole())?;
    print::line(t.whole_size(report.size.to_string()))?;
    print::line(t.whole_signed(report.checkpoints.to_string(), report.unsigned_tail.to_string()))?;
    if twice {
        print::line(t.whole_twice())?;
    }
    if report.older == 0 {
        print::line(t.whole_none())?;
    } else {
        print::line(t.whole_older(report.older.to_string()))?;
    }
    print::line(t.whole_root(report.root.to_base64()))?;
    match objects {
        LargeOnes::Elsewhere(0) => {}
        LargeOnes::Elsewhere(count) => print::line(t.objects_elsewhere(count.to_string()))?,
        LargeOnes::Whole(count) => print::line(t.objects_whole(count.to_string()))?,
    }
    match unchecked {
        Some(Unchecked::NoExtension) => print::line(t.files_no_extension())?,
        Some(Unchecked::NoRight) => print::line(t.files_no_right())?,
        None => {}
    }
    if let Some(file) = key_inside {
        print::line(t.key_inside(read(file)?.trim()))?;
    }
    Ok(())
}

fn proof(file: &Path, args: &Args, t: &Messages) -> Result<u8> {
    let checked = (|| -> Result<Result<Proved, String>> {
        let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let given = args.vkey.as_deref().context("give the log's public key with --vkey")?;
        let verifier: LogVerifier = key_text(given)?.trim().parse().context("the log's public key cannot be used")?;
        Ok(Evidence::verify(&bytes, &verifier).map_err(|error| error.to_string()))
    })();
    match checked {
        Ok(Ok(proved)) => {
            say_proved(&proved, args.json, t)?;
            Ok(CLEAN)
        }
        Ok(Err(why)) => {
            if args.json {
                print::line(json!({"result": "fault", "fault": {"code": "proof", "text": why}}))?;
            } else {
                print::line(t.proof_broken(&why))?;
            }
            Ok(FAULT)
        }
        Err(error) => {
            print::aside(t.unchecked(format!("{error:#}")));
            Ok(UNCHECKED)
        }
    }
}

fn say_proved(proved: &Proved, as_json: bool, t: &Messages) -> Result<()> {
    let minute = i64::try_from(proved.head.time_ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%MZ").to_string());
    let fields = || proved.disclosures.iter().map(|field| (field.name(), String::from_utf8_lossy(field.value())));
    if as_json {
        let fields: serde_json::Map<String, Value> =
            fields().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        return print::line(json!({
            "result": "clean",
            "minute": minute,
            "origin": proved.checkpoint.origin,
            "size": proved.checkpoint.size,
            "fields": fields,
        }));
    }
    print::line(t.proof_holds())?;
    print::line(t.proof_entry(&minute, proved.checkpoint.size.to_string(), &proved.checkpoint.origin))?;
    print::line(t.proof_fields())?;
    let widest = fields().map(|(name, _)| print::width(name)).max().unwrap_or(0);
    for (name, value) in fields() {
        print::line(format_args!("  {}  {value}", print::pad(name, widest)))?;
    }
    Ok(())
}

fn bar(t: &Messages, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(t.checking());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A vkey as it was given, or the content of the file that was named.
fn key_text(given: &str) -> Result<String> {
    if given.contains('+') && given.trim().parse::<LogVerifier>().is_ok() {
        return Ok(given.to_owned());
    }
    read(Path::new(given))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Prints the newest signed checkpoint of a data folder.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckpointArgs {
    /// Data folder. Nothing in it is changed; the server may be running.
    #[arg(required_unless_present = "config")]
    dir: Option<PathBuf>,
    /// Configuration of a house whose records are in a database, instead of a folder.
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    config: Option<PathBuf>,
}

/// `tacebo checkpoint`: the note to keep outside, byte for byte.
pub(crate) fn checkpoint(args: &CheckpointArgs) -> Result<()> {
    let Place { at, .. } = place(args.dir.as_deref(), args.config.as_deref())?;
    let part = AuditSource::parts(&at)?.into_iter().next().context("there is no log here")?;
    let mut newest = None;
    AuditSource::open(&at, part)?.checkpoints(&mut |row| {
        newest = Some(row.note.to_vec());
        ControlFlow::Continue(())
    })?;
    let note = newest.context("nothing was signed yet: start the server, and ask again in a second")?;
    let note = String::from_utf8(note).context("the newest checkpoint is damaged: run `tacebo verify`")?;
    print::line(note.trim_end_matches('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacebo_ledger::{EntryHead, LogKey, MemoryTiles, RowColumns, Salt, Sequencer, TlogProof, commit, disclose};

    const ORIGIN: &str = "log.example/ward";

    /// A proof of one entry that opens its field `actor` and keeps `patient` hidden.
    fn proof_by(key: &LogKey) -> String {
        let (salt, fields) = (Salt::random().unwrap(), [("actor", b"dr-li".as_slice()), ("patient", b"p1")]);
        let time_us = 1_800_000_000_000_000;
        let columns = RowColumns { index: 0, time_us, subject: None, actor: 1, eid: &[1; 16], class: 1, sealed: b"x" };
        let entry = EntryHead::new(&columns, commit(&salt, &fields).unwrap()).encode();
        let mut tiles = MemoryTiles::default();
        let mut log = Sequencer::load(ORIGIN, 0, &tiles).unwrap();
        let staged = log.stage(time_us, &[&entry]).unwrap();
        tiles.put(&staged.tiles());
        log.committed(staged).unwrap();
        let note = key.sign(&log.checkpoint()).unwrap();
        let disclosures = vec![disclose(&salt, &fields, "actor").unwrap()];
        let extra = Evidence { entry, disclosures }.encode().unwrap();
        TlogProof::make(&tiles, 0, &note, &key.verifier().unwrap(), Some(extra)).unwrap().to_string()
    }

    #[test]
    fn a_proof_holds_under_its_own_logs_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("entry.tlog-proof");
        let check = |text: &str, vkey: Option<&str>| {
            std::fs::write(&file, text).unwrap();
            let args = Args {
                certificate: None,
                dir: None,
                config: None,
                checkpoint: Vec::new(),
                vkey: vkey.map(str::to_owned),
                proof: Some(file.clone()),
                json: false,
                lang: Some(Lang::En),
            };
            run(&args).unwrap()
        };
        let key = LogKey::generate(ORIGIN).unwrap();
        let vkey = key.verifier().unwrap().to_string();
        let proof = proof_by(&key);
        assert_eq!(check(&proof, Some(&vkey)), CLEAN);
        let kept = folder.path().join("log.vkey");
        std::fs::write(&kept, format!("{vkey}\n")).unwrap();
        assert_eq!(check(&proof, kept.to_str()), CLEAN);
        let other = LogKey::generate(ORIGIN).unwrap().verifier().unwrap().to_string();
        assert_eq!(check(&proof, Some(&other)), FAULT);
        assert_eq!(check("not a proof", Some(&vkey)), FAULT);
        assert_eq!(check(&proof, Some("no key")), UNCHECKED);
        assert_eq!(check(&proof, None), UNCHECKED);
    }
}
