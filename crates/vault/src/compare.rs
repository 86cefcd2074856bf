//! Documents and log compared with each other: every version that the log says was written is there and is the one that
//! was written, and no version is there of which the log says nothing (STO-06).
//!
//! All that a change wrote bears the time of its commit, and so do its entries; no two changes share one. So both are
//! walked once, side by side.

mod gone;
mod group;
mod walk;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tacebo_policy::Action;
use tacebo_store::Change;

use crate::asker::Asker;
use crate::disclosed::{Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::vault::{ENTRY_KIND, Inner, Vault};
pub(crate) use gone::{carried_out, resealed_token};
use walk::Walk;

/// Named value of the house that holds the last comparison.
const KEPT: &str = "comparison/last";
/// The claim under which one node compares.
const CLAIM: &str = "comparison";
/// Between two slices of a comparison by itself, so that people are not kept waiting.
const BREATH: Duration = Duration::from_millis(20);
/// How often it is looked whether one is due.
const LOOK: Duration = Duration::from_mins(1);
/// The longest rest after one that could not be made: after each failure it is twice as long.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// When it began, microseconds since the Unix epoch.
    pub begun_us: i64,
    /// When it ended.
    pub ended_us: i64,
    /// Versions of documents that were looked at.
    pub versions: u64,
    /// Entries of changes that were looked at.
    pub entries: u64,
    /// Objects that no version names, a day old or more: left by a program that was killed, and swept. Not told where the
    /// object storage could not say.
    #[serde(default)]
    pub orphans: Option<u64>,
    /// The first that does not fit; then nothing after it was looked at.
    pub unlike: Option<Unlike>,
}

/// What does not fit. Numbers and kinds only: it is kept in clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unlike {
    /// A version does not open where it lies: it was changed, or moved from elsewhere.
    Unreadable {
        /// Its place in commit order.
        rid: i64,
        /// Its kind.
        kind: String,
    },
    /// An entry tells of a version that is not there and was not destroyed.
    Missing {
        /// The entry.
        entry: u64,
        /// Its kind.
        kind: String,
    },
    /// What this entry says was written, or sealed anew, is not what lies there now.
    Changed {
        /// The entry.
        entry: u64,
    },
    /// No entry tells of a version.
    Unrecorded {
        /// Its place in commit order.
        rid: i64,
        /// Its kind.
        kind: String,
    },
    /// A version passes for the current one and is not, or the other way round.
    Misplaced {
        /// Its place in commit order.
        rid: i64,
        /// Its kind.
        kind: String,
    },
    /// The object of a version is not there.
    BlobMissing {
        /// The version's place in commit order.
        rid: i64,
        /// Its kind.
        kind: String,
    },
    /// The object of a version is not the one that was written: cut, changed, or that of another version.
    BlobChanged {
        /// The version's place in commit order.
        rid: i64,
        /// Its kind.
        kind: String,
    },
    /// An entry does not open.
    Entry {
        /// The entry.
        entry: u64,
    },
}

/// How far a comparison has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Place in commit order of the version looked at last.
    pub done: u64,
    /// Of the last version there was when it began.
    pub of: u64,
}

/// What the house knows of its comparisons, for its pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The one that runs.
    pub running: Option<Progress>,
    /// The last that ended.
    pub last: Option<Comparison>,
}

impl Vault {
    /// Where comparisons stand.
    ///
    /// # Errors
    /// The store failed.
    pub fn compared(&self) -> Result<Compared, VaultFault> {
        Ok(Compared { running: *self.0.comparing.borrow(), last: self.0.last_comparison()? })
    }

    /// Asks for a comparison now; it runs by itself.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn ask_comparison(&self, asker: &Asker) -> Result<Disclosed<()>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::VerifyLog, ENTRY_KIND).await?;
        let mut draft = Draft::new(asker, Action::VerifyLog, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, "comparison of documents asked for");
        let receipts = inner.log(&[draft]).await?;
        // At once, so that whoever asked sees that it is on its way.
        inner.comparing.send_modify(|running| *running = running.or(Some(Progress::default())));
        inner.compare_now.notify_one();
        Ok(Disclosed::new((), &[leave], receipts))
    }

    /// Compares when the last comparison is older than `every`, and when asked, until `stop` resolves. `asker` is the
    /// house itself.
    pub async fn keep_comparing(self, asker: Asker, every: Duration, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let every_us = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
        let mut rest = LOOK;
        loop {
            let now = tokio::select! {
                () = &mut stop => return,
                () = self.0.compare_now.notified() => true,
                () = tokio::time::sleep(rest) => false,
            };
            let last = self.0.last_comparison().ok().flatten();
            let due = last.is_none_or(|last| self.now_us().saturating_sub(last.ended_us) >= every_us);
            if !now && !due {
                continue;
            }
            // Another node is at it.
            let claim = match self.claim(CLAIM) {
                Ok(Some(claim)) => claim,
                Ok(None) => {
                    self.0.comparing.send_replace(None);
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "documents and log could not be compared");
                    continue;
                }
            };
            let last = self.0.last_comparison().ok().flatten();
            if !now && last.is_some_and(|last| self.now_us().saturating_sub(last.ended_us) < every_us) {
                continue;
            }
            let compared = tokio::select! {
                () = &mut stop => return,
                compared = self.compare_as(&asker, BREATH, Some(CLAIM)) => compared,
            };
            drop(claim);
            rest = after(rest, compared.is_ok());
            if let Err(error) = compared {
                let minutes = rest.as_secs() / 60;
                tracing::error!(%error, minutes, "documents and log could not be compared; it is tried again later");
            }
        }
    }

    /// One comparison, with its entry and its result kept. It rests for `breath` between its slices.
    ///
    /// # Errors
    /// The store failed; what it found is no error.
    pub async fn compare(&self, asker: &Asker, breath: Duration) -> Result<Comparison, VaultFault> {
        self.compare_as(asker, breath, None).await
    }

    async fn compare_as(
        &self,
        asker: &Asker,
        breath: Duration,
        claim: Option<&'static str>,
    ) -> Result<Comparison, VaultFault> {
        let begun_us = self.now_us();
        let vault = self.clone();
        let wanted = Arc::new(());
        let still = Arc::downgrade(&wanted);
        let walked = tokio::task::spawn_blocking(move || {
            // Also when it fails or nobody waits any more.
            let _ended = Ended(vault.clone());
            loop {
                let mut walk = Walk::begin(&vault.0)?;
                while still.strong_count() > 0 && walk.slice(&vault.0)? {
                    vault.0.comparing.send_replace(Some(walk.progress()));
                    std::thread::sleep(breath);
                }
                // A destruction meanwhile took away what it was still to see.
                if !walk.was_disturbed(&vault.0)? {
                    return Ok::<_, VaultFault>((walk, vault.orphans()));
                }
            }
        });
        let (walk, orphans) = walked.await.map_err(|_| VaultFault::Decode("a comparison was interrupted"))??;
        drop(wanted);
        let found = Comparison { orphans, ..walk.found(begun_us, self.now_us()) };
        if let Some(unlike) = &found.unlike {
            tracing::error!(?unlike, "documents and log do not fit each other");
        }
        let outcome = if found.unlike.is_some() { Outcome::Failed } else { Outcome::Done };
        let mut draft = Draft::new(asker, Action::VerifyLog, outcome, Class::House);
        let kept = serde_json::to_vec(&found).map_err(|_| VaultFault::Decode("comparison"))?;
        draft.put(field::DETAIL, format!("documents compared: {}", String::from_utf8_lossy(&kept)));
        let mut change = Change::new(self.0.part);
        change.entries.push(self.0.seal_entry(&draft, None)?);
        change.meta.push((KEPT.to_owned(), kept));
        change.claim = claim;
        self.0.store.commit(change).await?;
        Ok(found)
    }
}

/// How long to rest after a comparison that was made, or was not.
fn after(rest: Duration, made: bool) -> Duration {
    if made { LOOK } else { (rest * 2).min(LONGEST_REST) }
}

/// Says that no comparison runs any more.
struct Ended(Vault);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.0.comparing.send_replace(None);
    }
}

impl Inner {
    fn last_comparison(&self) -> Result<Option<Comparison>, VaultFault> {
        let kept = self.store.meta(self.part, KEPT)?;
        kept.map(|kept| serde_json::from_slice(&kept).map_err(|_| VaultFault::Decode("comparison"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_that_keeps_failing_is_tried_less_and_less_often() {
        let mut rests = Vec::new();
        let mut rest = LOOK;
        for _ in 0..8 {
            rest = after(rest, false);
            rests.push(rest.as_secs() / 60);
        }
        assert_eq!(rests, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(after(rest, true), LOOK);
    }
}
