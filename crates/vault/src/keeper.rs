//! What is begun with keys and not finished is finished by the running program itself: after a start, and again after
//! a while when a custodian or the disk stood in the way.

use std::time::Duration;

use tacebo_policy::Action;

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::root::ROOT_KIND;
use crate::vault::Vault;

/// Waits between two attempts.
const AGAIN: Duration = Duration::from_secs(60);

impl Vault {
    /// Finishes, in the name of the house (`asker`), what was begun with root keys and stopped; until `stop` resolves.
    pub async fn keep_keys(self, asker: Asker, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            if let Err(fault) = self.finish_turn(&asker).await {
                tracing::error!(error = %fault, "what was begun with root keys could not be finished; trying again");
            }
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    /// The rest of a turn that was stopped, if there is one.
    async fn finish_turn(&self, asker: &Asker) -> Result<(), VaultFault> {
        // One that is under way is nobody's to finish.
        if self.0.turning.try_lock().is_err() || !self.0.turn_unfinished()? {
            return Ok(());
        }
        let leave = self.0.leave_for_house(asker, Action::Administer, ROOT_KIND).await?;
        self.turn_kept(asker, &leave, false).await?;
        Ok(())
    }
}
