//! `tacebo demo`: a working hospital of invented people, on loopback, with one command.

mod folder;
mod load;
pub(crate) mod people;
mod show;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tacebo_fixtures::{Day, Sample};
use tacebo_identity::Identity;
use tacebo_objects::Objects;
use tacebo_seal::Effort;
use tacebo_server::Options;
use tacebo_store::At;
use tacebo_vault::{BLOBS_FOLDER, CustodyTerms, Institution, Suite, Vault};

use crate::config::Backup;
use crate::demo::folder::Folder;
use crate::demo::people::Kept;
use crate::lang::Lang;
use crate::running::{Doors, Ended, Running, doors, signalled};
use crate::suite::{self, Choice};
use crate::{custody, house, logging, print};

/// Makes a sample hospital in a folder and serves it on loopback; a second start finds its data again.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder for data and keys.
    #[arg(long, default_value = "demo-data", value_name = "DIR")]
    data: PathBuf,
    /// Loopback address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// One JSON line on standard output when ready: addresses, accounts, tokens, patients.
    #[arg(long)]
    json: bool,
    /// Begin anew: removes what an earlier demo left in the folder.
    #[arg(long)]
    fresh: bool,
    /// Makes no backups.
    #[arg(long)]
    no_backups: bool,
    /// The algorithms in which everything is kept. An existing demo keeps its own.
    #[arg(long, value_enum, env = "TACEBO_SUITE")]
    suite: Option<Choice>,
    /// Language of what is printed.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Which log lines are written to standard error.
    #[arg(long, default_value = "warn", value_name = "FILTER")]
    log: String,
}

const NAME: &str = "示例医院";
/// A reserved name: nothing answers there.
const ORIGIN: &str = "log.shili-hospital.example";
const REALM: u32 = 1;

/// Runs until told to stop.
pub(crate) async fn run(args: Args) -> Result<()> {
    logging::start(logging::Format::Text, &args.log)?;
    let lang = Lang::choose(args.lang, crate::lang::locale().as_deref());
    if !args.listen.ip().is_loopback() {
        bail!("the demo listens on loopback only: use `tacebo serve` with TLS for {}", args.listen);
    }
    let stop = signalled()?;
    let folder = Folder::new(args.data.clone());
    if args.fresh || folder.is_half_made() {
        folder.clear()?;
    }
    let (vault, identity, mut kept) = if Vault::is_founded(&args.data) {
        suite::unchanged(&args.data, args.suite, lang.t())?;
        print::aside(lang.t().demo_found_again(NAME, args.data.display().to_string()));
        let vault = house::open(&args.data, custody::open(&folder.custody())?.custodian())?;
        let identity = Identity::new(vault.clone())?;
        (vault, identity, folder.read_accounts()?)
    } else {
        make(&folder, args.suite.map_or(Suite::International, Suite::from), lang).await?
    };
    if people::renew_tokens(&identity, &mut kept).await? {
        folder.write_accounts(&kept)?;
    }
    let listen = [args.listen];
    let running = Running::bind(vault, identity, plain(&listen)).await?;
    let running = if args.no_backups {
        running
    } else {
        // A real house keeps its backups elsewhere.
        let backup = Backup::into_folder(folder.backups())?;
        let blobs = Objects::open(&tacebo_objects::At::Folder(args.data.join(BLOBS_FOLDER)))?;
        running.backed_up(&backup, At::Folder(args.data.clone()), blobs, &args.data)
    };
    let address = running.addresses().into_iter().next().context("no address")?;
    if args.json {
        print::line(show::json(&address, &kept))?;
    } else {
        show::people(&address, &args.data, &kept, lang)?;
    }
    match running.run(CustodyTerms::default(), stop).await? {
        Ended::Told => Ok(()),
        Ended::CustodianLost => bail!("the root keys in {} are gone: nothing can be opened", args.data.display()),
    }
}

/// Clear text on loopback.
pub(crate) fn plain(listen: &[SocketAddr]) -> Doors<'_> {
    Doors { listen, tls: None, public: None, options: Options::default() }
}

/// A house that another command makes for itself, in a folder of its own.
pub(crate) async fn make_in(dir: PathBuf) -> Result<(Vault, Identity, Kept)> {
    make(&Folder::new(dir), Suite::International, Lang::En).await
}

async fn make(folder: &Folder, suite: Suite, lang: Lang) -> Result<(Vault, Identity, Kept)> {
    let t = lang.t();
    print::aside(t.demo_founding(NAME, folder.dir().display().to_string()));
    folder.begin()?;
    // The least effort: this passphrase has 256 random bits, there is nothing to guess.
    let custodian = custody::create(&folder.custody(), Effort::LEAST, suite, 1)?.custodian();
    let institution = Institution { name: NAME.into(), realm: REALM, origin: ORIGIN.into(), suite };
    let vault = house::found(folder.dir(), custodian, &institution).await?;
    let identity = Identity::new(vault.clone())?;
    let sample = Sample::on(today()?);
    let kept = people::make(&identity).await?;
    // Nobody is reached at this address; the sample refers to nothing by it.
    let (router, _) = doors(&vault, &identity, "http://127.0.0.1", Options::default())?;
    let importer = people::importer(&identity).await?;
    load::sample(router, &importer, &sample, &t.demo_loading()).await?;
    people::dismiss_importer(&identity).await?;
    vault.sign_now().await?;
    folder.write_accounts(&kept)?;
    folder.finish()?;
    Ok((vault, identity, kept))
}

/// Today on the hospital's wall.
pub(crate) fn today() -> Result<Day> {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::Offset::constant(8).to_time_zone());
    Day::new(i32::from(now.year()), now.month().unsigned_abs().into(), now.day().unsigned_abs().into())
        .context("the clock shows no day the sample can be made for")
}
