//! Accounts behind the numbers and ids of the log: operational look-ups, which disclose no patient data.

use serde::Deserialize;
use tacebo_identity::Account;
use tacebo_vault::RecordKind;

use crate::app::App;

/// The part of an account's record that names it.
#[derive(Deserialize)]
struct Named {
    account: Account,
}

/// The account with this id.
pub(crate) fn named(app: &App, id: &str) -> Option<Account> {
    match app.vault().record::<Named>(RecordKind::Account, id) {
        Ok(found) => found.map(|record| record.value.account),
        Err(error) => {
            tracing::error!(%error, "an account cannot be looked up");
            None
        }
    }
}

/// The account with this login name.
pub(crate) fn by_login(app: &App, login: &str) -> Option<Account> {
    let login = tacebo_identity::normalise(login).ok()?;
    match app.vault().records_by::<Named>(RecordKind::Account, "login", &login) {
        Ok(found) => found.into_iter().map(|record| record.value.account).find(|account| account.login == login),
        Err(error) => {
            tracing::error!(%error, "an account cannot be looked up");
            None
        }
    }
}

/// How an actor of the log is shown: the name of a member of staff, the id of a client system; a
/// patient's own look names nobody.
pub(crate) fn actor(app: &App, id: &str) -> String {
    match named(app, id) {
        Some(account) if account.kind == tacebo_vault::policy::PersonKind::Staff => account.name,
        Some(account) => account.display,
        None => id.to_owned(),
    }
}
