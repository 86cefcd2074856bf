//! What is begun with keys and not finished is finished by the running program itself: right away, after a start, and
//! again after a while when a custodian or the disk stood in the way.

use std::time::{Duration, Instant};

use tacebo_identity::{Identity, IdentityError};
use tacebo_vault::{Door, VaultFault};

use crate::app::App;

/// Waits between two attempts.
const AGAIN: Duration = Duration::from_mins(1);
/// Between two looks for objects that nothing names.
const SWEEP: Duration = Duration::from_hours(24);

/// Why something is not finished yet.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The vault, a custodian or the store.
    #[error(transparent)]
    Vault(#[from] VaultFault),
    /// An account could not be changed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

impl App {
    /// Carries out every destruction that is approved: accounts of the portal first, then keys and data in one commit.
    ///
    /// # Errors
    /// What stood in the way; ask again.
    pub async fn carry_out_destructions(&self) -> Result<(), KeeperError> {
        let _one = self.keeping().lock().await;
        let (vault, identity, house) = (self.vault(), self.identity(), Identity::house(Door::Job));
        let terms = self.governance().library().shred_terms();
        for id in vault.shreddings_due()? {
            let accounts = match vault.shred_whom(&id)? {
                Some(whom) => identity.part_from(&house, &whom.patient, &whom.related).await?,
                None => Vec::new(),
            };
            vault.carry_out(&house, &id, &accounts, &terms).await?;
            identity.forget(&accounts);
        }
        Ok(())
    }

    /// The same, and then the root key of before is destroyed, where a destruction waits for that or a turn was stopped.
    ///
    /// # Errors
    /// What stood in the way; ask again.
    pub async fn settle_keys(&self) -> Result<(), KeeperError> {
        self.carry_out_destructions().await?;
        Ok(self.vault().settle_roots(&Identity::house(Door::Job)).await?)
    }

    /// Goes on with a new epoch of terms, if one is under way.
    ///
    /// # Errors
    /// What stood in the way; ask again.
    pub async fn settle_terms(&self) -> Result<(), KeeperError> {
        Ok(self.vault().make_terms_anew(&Identity::house(Door::Job)).await?)
    }
}

/// Looks after the objects of large documents: those of what was destroyed go as soon as they can be reached, those that
/// nothing names once a day.
async fn keep_blobs(app: &App) {
    let mut swept: Option<Instant> = None;
    loop {
        tokio::time::sleep(AGAIN).await;
        if let Err(error) = app.vault().settle_blobs().await {
            tracing::error!(%error, "objects of what was destroyed could not be removed; trying again");
        }
        if swept.is_none_or(|then| then.elapsed() >= SWEEP) {
            match app.vault().sweep_blobs().await {
                Ok(found) => {
                    swept = Some(Instant::now());
                    tracing::debug!(orphans = found.orphans, kept = found.kept, "objects were looked through");
                }
                Err(error) => tracing::error!(%error, "objects could not be looked through; trying again"),
            }
        }
    }
}

/// Does so until `stop` resolves.
pub async fn keep_keys(app: App, stop: impl Future<Output = ()>) {
    let keys = async {
        loop {
            if let Err(error) = app.settle_keys().await {
                tracing::error!(%error, "what was begun with keys could not be finished; trying again");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    // Beside it: a large house has terms to make for a long while.
    let terms = async {
        loop {
            if let Err(error) = app.settle_terms().await {
                tracing::error!(%error, "terms could not be made anew to the end; trying again");
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    // What is stopped in between goes on at the next start.
    tokio::select! {
        () = stop => {}
        () = keys => {}
        () = terms => {}
        () = keep_blobs(&app) => {}
    }
}
