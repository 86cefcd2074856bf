//! New data keys for one person: everything about the person is sealed anew in one commit, and the older keys are gone.
//!
//! The record of who saw the person keeps its key: its entries are bound into the log's tree as they were sealed.

use std::sync::Arc;

use tacebo_policy::Action;
use tacebo_seal::SubjectNo;
use tacebo_store::{Change, CommitError};

use super::ask::Whom;
use super::plan::Plan;
use super::{SHRED_KIND, ShredError};
use crate::asker::Asker;
use crate::disclosed::{Disclosed, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::keys::Drawer;
use crate::meant::Meant;
use crate::root::{KEYS_CLAIM, OVERTAKEN};
use crate::vault::{Inner, Vault};

impl Vault {
    /// Gives a person new data keys: documents and records, with their history, are sealed under them, and the older keys are
    /// destroyed. Tells how many versions were sealed anew. It runs to its end even when the caller goes away.
    ///
    /// # Errors
    /// [`ShredError`], recorded; nothing was changed.
    pub async fn renew_keys(&self, asker: &Asker, whom: &Meant) -> Result<Disclosed<u64>, ShredError> {
        let (vault, asker, whom) = (self.clone(), asker.clone(), whom.clone());
        let task = tokio::spawn(async move { vault.renew(&asker, &whom).await });
        task.await.map_err(|_| VaultFault::Decode("a renewal of keys was interrupted"))?
    }

    async fn renew(&self, asker: &Asker, whom: &Meant) -> Result<Disclosed<u64>, ShredError> {
        let inner = &*self.0;
        let _turning = inner.turning.lock().await;
        let Some(_claim) = self.claim(KEYS_CLAIM)? else { return Err(VaultFault::Elsewhere.into()) };
        let whole = Arc::clone(&inner.gate).write_owned().await;
        inner.follow()?;
        let whom = inner.whom(asker, Action::Create, SHRED_KIND, whom).await?;
        let drawers = Drawer::ALL.into_iter().filter(|drawer| *drawer != Drawer::Audit);
        let renewed = drawers.map(|drawer| (whom.subject, drawer.category())).collect();
        let plan = Plan { renewed, ..Plan::default() };
        for _ in 0..OVERTAKEN {
            if let Some(renewed) = inner.renewed(asker, &whom, &plan).await? {
                drop(whole);
                inner.after_rekeying().await;
                return Ok(renewed);
            }
        }
        Err(VaultFault::from(CommitError::Overtaken).into())
    }
}

impl Inner {
    /// One try; none when another node was faster with something about the person or a key beside theirs.
    async fn renewed(&self, asker: &Asker, whom: &Whom, plan: &Plan) -> Result<Option<Disclosed<u64>>, VaultFault> {
        let inner = self;
        let seen = inner.follow()?;
        let mut change = Change::new(inner.part);
        let renewal = inner.rekey(&mut change, plan)?;
        let (count, digests) = renewal.told().remove(&whom.subject).unwrap_or_default();
        let mut draft = Draft::new(asker, Action::Create, Outcome::Done, Class::House).by(&whom.leave);
        draft.put(field::DIGESTS, digests);
        draft.put(field::DETAIL, format!("new data keys: {count} versions sealed anew"));
        let draft = draft.of(Some(whom.subject), Some(whom.patient.as_str()));
        change.entries.push(inner.seal_entry(&draft, None)?);
        let touched: Vec<SubjectNo> = vec![whom.subject];
        let committed = inner.commit_rekeyed(change, plan, renewal, touched, seen).await?;
        Ok(committed.map(|receipts| Disclosed::new(count, std::slice::from_ref(&whom.leave), receipts)))
    }
}
