//! `tacebo keys change-passphrase`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tacebo_vault::PassphraseFile;
use zeroize::Zeroizing;

use crate::config::{Config, Custody, FileAt};
use crate::custody::{EFFORT, random_text, secret, write_private};
use crate::lang::Messages;
use crate::print;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File with the new passphrase; without it, one of 256 random bits is made.
    #[arg(long, value_name = "FILE")]
    new: Option<PathBuf>,
}

/// The new passphrase lies beside the old one, durably, before the key file is sealed under it: whoever is stopped in
/// between asks again, and whichever of the two opens the file is the one in force.
pub(super) fn run(config: &Config, args: &Args, t: &Messages) -> Result<()> {
    let Custody::File(at) = &config.custody else {
        bail!(
            "there is no passphrase: the root keys are not in a file. A module's PIN or a service's token is changed with its own tools"
        );
    };
    let mut beside = at.passphrase_file.as_os_str().to_owned();
    beside.push(".next");
    let beside = Path::new(&beside);
    let finished = beside.exists() && finish(at, beside)?;
    if !finished || args.new.is_some() {
        let new = match &args.new {
            Some(file) => secret(file, "passphrase")?,
            None => Zeroizing::new(random_text()?),
        };
        let keys = opened(at, &at.passphrase_file)?;
        write_private(beside, format!("{}\n", *new).as_bytes())?;
        keys.change_passphrase(&new, EFFORT)?;
        put_in_force(at, beside)?;
    }
    print::line(t.keys_passphrase_changed(at.passphrase_file.display().to_string()))
}

/// A change that was stopped: whether the key file was under the new passphrase already.
fn finish(at: &FileAt, beside: &Path) -> Result<bool> {
    if opened(at, &at.passphrase_file).is_ok() {
        return Ok(false);
    }
    opened(at, beside)?;
    put_in_force(at, beside)?;
    Ok(true)
}

fn opened(at: &FileAt, passphrase: &Path) -> Result<PassphraseFile> {
    PassphraseFile::open(&at.file, &secret(passphrase, "passphrase")?).with_context(|| {
        format!("the root keys in {} cannot be opened with {}", at.file.display(), passphrase.display())
    })
}

/// A rename keeps the name from ever being without a passphrase.
fn put_in_force(at: &FileAt, beside: &Path) -> Result<()> {
    fs::rename(beside, &at.passphrase_file)
        .with_context(|| format!("{} cannot be replaced", at.passphrase_file.display()))
}
