//! Accounts, client systems and tokens of the demo. What is kept of them for the next start names nobody.

use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use tacebo_fixtures::Account;
use tacebo_identity::{ClientChange, ClientState, FactorOffer, Identity, NewAccount, NewClient, Secret, TokenHolder};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Asker, Door};

use crate::clock::now_us;

const DAY_US: i64 = 86_400_000_000;
const TOKEN_US: i64 = 60 * DAY_US;
/// The client system that loads the sample and is then dismissed.
const IMPORTER: &str = "sample-import";

/// How the account of a parent or guardian is listed; its role is the patient's.
pub(crate) const GUARDIAN: &str = "guardian";

/// What the next start needs to know.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    pub people: Vec<KeptAccount>,
    pub clients: Vec<KeptAccount>,
}

/// A demo account with its secrets: they open nothing but invented data.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptAccount {
    pub id: String,
    pub login: String,
    pub role: String,
    /// Empty for client systems.
    pub password: String,
    /// Base32; empty for client systems.
    pub totp_secret: String,
    pub token: String,
    pub token_expires_us: i64,
}

impl KeptAccount {
    /// The six digits of this moment.
    pub(crate) fn code(&self, now_us: i64) -> Result<String> {
        let offer = FactorOffer { secret: Secret::new(self.totp_secret.as_str()), uri: Secret::new("") };
        Ok(offer.code_at(now_us)?)
    }

    fn holder(&self) -> TokenHolder {
        if self.totp_secret.is_empty() {
            TokenHolder::Client(self.id.clone())
        } else {
            TokenHolder::Account(self.id.clone())
        }
    }
}

/// Makes the accounts of the sample and registers its client systems.
pub(crate) async fn make(identity: &Identity) -> Result<Kept> {
    let (systems, people): (Vec<Account>, Vec<Account>) =
        tacebo_fixtures::accounts().into_iter().partition(|account| account.role == Role::Client.code());
    let new = people.iter().map(new_account).collect::<Result<Vec<_>>>()?;
    let handed = identity.bootstrap(&new).await.context("the demo's accounts could not be made")?;
    let mut kept = Kept { people: Vec::new(), clients: Vec::new() };
    for (account, handed) in people.iter().zip(handed) {
        kept.people.push(KeptAccount {
            id: handed.account.id,
            login: handed.account.login,
            role: if account.related.is_some() { GUARDIAN.to_owned() } else { account.role.clone() },
            password: handed.password.map(|secret| secret.expose().to_owned()).unwrap_or_default(),
            totp_secret: handed.factor.map(|factor| factor.secret.expose().to_owned()).unwrap_or_default(),
            token: String::new(),
            token_expires_us: 0,
        });
    }
    for system in systems {
        register(identity, &system.login, &system.name).await?;
        kept.clients.push(KeptAccount {
            id: system.login.clone(),
            login: system.login,
            role: system.role,
            password: String::new(),
            totp_secret: String::new(),
            token: String::new(),
            token_expires_us: 0,
        });
    }
    renew_tokens(identity, &mut kept).await?;
    Ok(kept)
}

/// Issues a token to everybody whose own is missing or near its end; true when any was.
pub(crate) async fn renew_tokens(identity: &Identity, kept: &mut Kept) -> Result<bool> {
    let mut renewed = false;
    for account in kept.people.iter_mut().chain(&mut kept.clients) {
        if account.token_expires_us > now_us() + DAY_US && identity.token(&account.token)?.is_some() {
            continue;
        }
        let issued = identity.issue_token(&house(), &account.holder(), TOKEN_US, "demo", None).await?;
        issued.token.expose().clone_into(&mut account.token);
        account.token_expires_us = issued.expires_us;
        renewed = true;
    }
    Ok(renewed)
}

/// Registers the client system that loads the sample; its token.
pub(crate) async fn importer(identity: &Identity) -> Result<String> {
    register(identity, IMPORTER, "样例数据导入").await?;
    let holder = TokenHolder::Client(IMPORTER.into());
    let issued = identity.issue_token(&house(), &holder, DAY_US, "sample", None).await?;
    Ok(issued.token.expose().to_owned())
}

/// Ends it: its work is done.
pub(crate) async fn dismiss_importer(identity: &Identity) -> Result<()> {
    let change = ClientChange { state: Some(ClientState::Disabled), ..ClientChange::default() };
    // The receipt stays in the log; nobody is shown anything here.
    let _ = identity.update_client(&house(), IMPORTER, &change).await?;
    Ok(())
}

async fn register(identity: &Identity, id: &str, name: &str) -> Result<()> {
    let new = NewClient {
        id: id.to_owned(),
        name: name.to_owned(),
        purposes: BTreeSet::from([Purpose::Treat]),
        // An integration platform carries everything, genetic reports too.
        grants: ["TREAT.read", "TREAT.write", "genetic"].map(str::to_owned).into(),
    };
    // Its secret is not needed: the demo hands out tokens.
    let _ = identity.register_client(&house(), &new).await?;
    Ok(())
}

fn house() -> Asker {
    Identity::house(Door::Cli)
}

fn new_account(account: &Account) -> Result<NewAccount> {
    let role: Role = account.role.parse().map_err(|_| anyhow!("the sample has an unknown role {}", account.role))?;
    let new = match (&account.patient, &account.related) {
        (Some(patient), _) => NewAccount::patient(&account.login, &account.name, patient),
        (None, Some(related)) => {
            NewAccount::guardian(&account.login, &account.name, &format!("RelatedPerson/{related}"))
        }
        (None, None) => NewAccount {
            practitioner: account.practitioner.as_ref().map(|id| format!("Practitioner/{id}")),
            department: account.department.as_ref().map(|id| format!("Organization/{id}")),
            ..NewAccount::staff(&account.login, &account.name, &account.title, [role])
        },
    };
    Ok(NewAccount { must_change: false, ..new })
}
