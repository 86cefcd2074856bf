//! `tacebo init`: founds an institution with three separate administrators and nobody above them.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tacebo_identity::{Handed, Identity, NewAccount};
use tacebo_vault::policy::Role;
use tacebo_vault::{Institution, Suite, Vault};

use crate::config::{Config, Custody};
use crate::lang::{Lang, locale};
use crate::suite::{self, Choice};
use crate::{custody, house, print};

/// Founds an institution: root keys, log, and three administrators (system, security, audit) with passwords and second
/// factors that are shown once and must be changed at the first log-in.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Configuration file (TOML); environment variables `TACEBO_…` override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name of the institution, as people see it.
    #[arg(long)]
    name: String,
    /// Name of its log: a schemeless URL that it controls, such as `log.hospital.example`. It never changes.
    #[arg(long)]
    origin: String,
    /// Number of the institution. Every key is bound to it; it never changes.
    #[arg(long, default_value_t = 1)]
    realm: u32,
    /// The algorithms in which everything is kept; they never change. Default: `suite` of the configuration, else
    /// `international`.
    #[arg(long, value_enum)]
    suite: Option<Choice>,
    /// Login name of the system administrator (系统管理员).
    #[arg(long, default_value = "system.admin", value_name = "LOGIN")]
    system_admin: String,
    /// Login name of the security administrator (安全管理员).
    #[arg(long, default_value = "security.admin", value_name = "LOGIN")]
    security_admin: String,
    /// Login name of the audit administrator (审计管理员).
    #[arg(long, default_value = "audit.admin", value_name = "LOGIN")]
    audit_admin: String,
    /// One JSON object on standard output.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(crate) async fn run(args: &Args) -> Result<()> {
    let config = Config::load(args.config.as_deref(), std::env::vars())?;
    let logins = [&args.system_admin, &args.security_admin, &args.audit_admin];
    if logins.iter().enumerate().any(|(i, login)| logins.iter().skip(i + 1).any(|other| other == login)) {
        bail!("the three administrators are three people: give three login names");
    }
    let t = Lang::choose(None, locale().as_deref()).t();
    let chosen = args.suite.or(config.suite);
    if Vault::is_founded(&config.data) {
        suite::unchanged(&config.data, chosen, t)?;
        bail!(
            "there is an institution in {} already; if its founding was cut short and nobody got its first passwords, remove the folder and found it anew",
            config.data.display()
        );
    }
    let suite = chosen.map_or(Suite::International, Suite::from);
    print::aside(t.suite_chosen(suite::words(suite, t), suite.name()));
    let keys = if custody::exists(&config.custody)? {
        custody::open(&config.custody)?
    } else {
        if let Custody::File(at) = &config.custody {
            print::aside(format_args!(
                "root keys: {}\npassphrase: {}\nKeep copies of both apart from each other and from the data.",
                at.file.display(),
                at.passphrase_file.display()
            ));
        }
        custody::create(&config.custody, custody::EFFORT, suite, 1)?
    };
    custody::private_folder(&config.data)?;
    let institution = Institution { name: args.name.clone(), realm: args.realm, origin: args.origin.clone(), suite };
    let vault = house::found_of(&config, keys.custodian(), &institution).await?;
    let identity = Identity::new(vault.clone())?;
    let people = [
        NewAccount::staff(&args.system_admin, "系统管理员", "系统管理员", [Role::SystemAdmin]),
        NewAccount::staff(&args.security_admin, "安全管理员", "安全管理员", [Role::SecurityAdmin]),
        NewAccount::staff(&args.audit_admin, "审计管理员", "审计管理员", [Role::AuditAdmin]),
    ];
    let handed = identity.bootstrap(&people).await.context("the administrators could not be made")?;
    vault.sign_now().await?;
    let vkey = vault.log_vkey()?;
    let checkpoint = vault.checkpoint()?.unwrap_or_default();
    say(args, suite, &handed, &vkey, &checkpoint)?;
    drop((identity, vault));
    Ok(())
}

fn say(args: &Args, suite: Suite, handed: &[Handed], vkey: &str, checkpoint: &str) -> Result<()> {
    let people = handed.iter().map(|one| {
        let role = one.account.roles.iter().next().map_or("", |role| role.code());
        let password = one.password.as_ref().map_or("", |secret| secret.expose());
        let factor = one.factor.as_ref().map_or("", |factor| factor.uri.expose());
        (role, one.account.login.as_str(), password, factor)
    });
    if args.json {
        let people: Vec<_> = people
            .map(|(role, login, password, totp)| json!({"role": role, "login": login, "password": password, "totp": totp}))
            .collect();
        return print::line(
            json!({"administrators": people, "suite": suite.name(), "vkey": vkey, "checkpoint": checkpoint}),
        );
    }
    for (role, login, password, totp) in people {
        print::line(format_args!("{role}\n  login     {login}\n  password  {password}\n  totp      {totp}"))?;
    }
    print::line(
        "\nShown once. Hand each to its own person; password and second factor are changed at the first log-in.",
    )?;
    print::line(format_args!("\nPublic key of the log, for whoever will verify it:\n{vkey}\n\n{checkpoint}"))
}
