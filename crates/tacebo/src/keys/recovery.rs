//! `tacebo keys recovery`: the root key in shares, for the day when its file or passphrase is lost.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tacebo_seal::{Share, SharePlan};
use tacebo_vault::{PassphraseFile, VKEY_FILE, Vault};

use crate::config::{Config, Custody, FileAt};
use crate::custody::{self, EFFORT, Keys, passphrase_made, private_folder, write_private};
use crate::lang::Messages;
use crate::{house, print};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Splits the root key in use into shares: files to print and hand to different people. The program may be running.
    Make {
        /// How many shares.
        #[arg(long, default_value_t = 5)]
        shares: u8,
        /// How many of them bring the key back.
        #[arg(long, default_value_t = 3)]
        need: u8,
        /// Folder for the files; print them and remove it.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Makes the root key file again from shares, under the passphrase of the configuration (made, if there is none).
    Restore {
        /// Files with shares, typed in from paper.
        #[arg(required = true, value_name = "FILE")]
        shares: Vec<PathBuf>,
    },
}

pub(super) fn run(config: &Config, args: &Args, t: &Messages) -> Result<()> {
    match &args.command {
        Command::Make { shares, need, out } => make(config, SharePlan::new(*shares, *need)?, out, t),
        Command::Restore { shares } => restore(config, shares, t),
    }
}

fn make(config: &Config, plan: SharePlan, out: &Path, t: &Messages) -> Result<()> {
    let Keys::File(file) = custody::open(&config.custody)? else {
        bail!(
            "a root key in a module or key service cannot be taken out, so it cannot be split either: \
             make a backup of the token with the module's own tools, or a snapshot of the service, as its maker describes"
        );
    };
    let shares = file.split(&institution(&config.data)?, plan)?;
    private_folder(out)?;
    for share in &shares {
        let path = out.join(format!("root-{}-share-{}-of-{}.txt", share.epoch(), share.number(), share.shares()));
        if path.exists() {
            bail!("{} is there already: give an empty folder", path.display());
        }
        let head = t.share_head(
            share.institution(),
            share.need().to_string(),
            share.shares().to_string(),
            share.epoch().to_string(),
        );
        write_private(&path, format!("{head}\n\n{share}").as_bytes())?;
        print::line(path.display())?;
    }
    print::line(t.shares_made(plan_words(&shares)))
}

fn plan_words(shares: &[Share]) -> String {
    shares.first().map_or(0, Share::need).to_string()
}

fn restore(config: &Config, files: &[PathBuf], t: &Messages) -> Result<()> {
    let Custody::File(at) = &config.custody else {
        bail!(
            "shares bring back a root key file; the configuration names another custodian: restore the module's own backup"
        );
    };
    if at.file.exists() {
        bail!("there is a root key file in {} already: nothing was changed", at.file.display());
    }
    let mut shares = Vec::with_capacity(files.len());
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        shares.push(text.parse::<Share>().with_context(|| file.display().to_string())?);
    }
    let epoch = restored(at, &shares)?;
    print::line(t.shares_restored(epoch.to_string(), at.file.display().to_string()))?;
    if Vault::is_founded(&config.data) {
        let keys = custody::open(&config.custody)?.custodian();
        drop(house::open_of(config, keys).context("the root key is back, and the data do not open with it")?);
        print::line(t.shares_open_the_house())?;
    }
    Ok(())
}

fn restored(at: &FileAt, shares: &[Share]) -> Result<u32> {
    let passphrase = passphrase_made(at)?;
    let file = PassphraseFile::restore(&at.file, &passphrase, EFFORT, shares)?;
    Ok(tacebo_vault::Custodian::epoch(&file))
}

/// The institution as its log is called: the one name that lies open in the data folder.
fn institution(data: &Path) -> Result<String> {
    let path = data.join(VKEY_FILE);
    let vkey = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(vkey.split('+').next().unwrap_or_default().trim().to_owned())
}
