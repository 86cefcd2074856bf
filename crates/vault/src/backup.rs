//! What the house knows of its backups and of the restores that were tried: kept in clear, it names numbers only. The work
//! itself is done by the program (`crates/tacebo/src/backup`), which asks here what is wanted.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tacebo_policy::Action;
use tacebo_store::Change;
use tokio::sync::{Notify, watch};

use crate::asker::Asker;
use crate::disclosed::{Disclosed, Refused, VaultFault};
use crate::entry::{Class, Draft, Outcome, field};
use crate::nodes::Claim;
use crate::vault::{Inner, Vault};

/// Named value of the house that holds the last of each.
const KEPT: &str = "backup/last";
/// The kind under which backups are decided.
const BACKUP_KIND: &str = "Backup";
/// One node is at a backup, or tries a restore, at a time.
const BACKUP_CLAIM: &str = "backup";

/// What is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupPlan {
    /// Hours between two backups.
    pub every_hours: u32,
    /// Hours after which a backup counts as missed.
    pub missed_hours: u32,
    /// Days between two restores that are tried.
    pub drill_every_days: u32,
    /// Days after which a tried restore is too old.
    pub drill_late_days: u32,
    /// Minutes that a restore may take.
    pub target_minutes: u32,
    /// Hours of work that may be lost.
    pub target_loss_hours: u32,
}

/// A backup that was finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupRun {
    /// Its number in the archive.
    pub run: u64,
    /// When it began, microseconds since the Unix epoch.
    pub begun_us: i64,
    /// When it ended.
    pub ended_us: i64,
    /// Bytes written.
    pub bytes: u64,
    /// Versions carried, those sealed anew among them.
    pub versions: u64,
    /// Entries of the log carried.
    pub entries: u64,
    /// Entries of the log that are in the archive now.
    pub log_size: u64,
    /// SHA-256 of its manifest, hex.
    pub manifest: String,
}

/// A restore that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// When it began, microseconds since the Unix epoch.
    pub begun_us: i64,
    /// When it ended: what is between is how long a restore takes.
    pub ended_us: i64,
    /// Which backup was restored.
    pub run: u64,
    /// Versions of documents compared.
    pub versions: u64,
    /// Entries of the log compared.
    pub entries: u64,
    /// Age of the newest record in the backup when the restore began: what would have been lost, microseconds.
    pub loss_us: i64,
    /// Why it failed, if it did.
    pub trouble: Option<String>,
}

/// An attempt that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupTrouble {
    /// When, microseconds since the Unix epoch.
    pub at_us: i64,
    /// Why.
    pub why: String,
}

/// What is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Kept {
    last: Option<BackupRun>,
    trouble: Option<BackupTrouble>,
    drill: Option<Drill>,
}

/// What the program is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupWork {
    /// A backup: done, of how much.
    Backup(u64, u64),
    /// A restore that is tried.
    Drill(u64, u64),
}

/// How the backups of a house stand; speaks of nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backups {
    /// What is planned; none where the house has no backup.
    pub plan: Option<BackupPlan>,
    /// What runs.
    pub running: Option<BackupWork>,
    /// The last that was finished.
    pub last: Option<BackupRun>,
    /// The last attempt that came to nothing, if nothing came after it.
    pub trouble: Option<BackupTrouble>,
    /// The last restore that was tried.
    pub drill: Option<Drill>,
    /// Now, microseconds since the Unix epoch.
    pub now_us: i64,
}

const HOUR_US: i64 = 3_600_000_000;

impl Backups {
    /// Whether a backup is missing: none within the hours of the plan, or no plan at all.
    pub fn is_missed(&self) -> bool {
        let fresh = |plan: &BackupPlan, last: &BackupRun| {
            self.now_us.saturating_sub(last.ended_us) <= i64::from(plan.missed_hours) * HOUR_US
        };
        match (&self.plan, &self.last) {
            (Some(plan), Some(last)) => !fresh(plan, last),
            _ => true,
        }
    }

    /// Whether the last restore that was tried is too old, failed, or took longer or lost more than it may.
    pub fn is_drill_late(&self) -> bool {
        match (&self.plan, &self.drill) {
            (Some(plan), Some(drill)) => {
                let age = self.now_us.saturating_sub(drill.ended_us);
                age > i64::from(plan.drill_late_days) * 24 * HOUR_US
                    || drill.trouble.is_some()
                    || !self.is_in_time()
                    || !self.is_loss_small()
            }
            _ => true,
        }
    }

    /// Whether the last restore took no longer than it may.
    pub fn is_in_time(&self) -> bool {
        let took = |drill: &Drill| drill.ended_us.saturating_sub(drill.begun_us);
        let within = |plan: &BackupPlan, drill| took(drill) <= i64::from(plan.target_minutes) * HOUR_US / 60;
        self.plan.as_ref().zip(self.drill.as_ref()).is_some_and(|(plan, drill)| within(plan, drill))
    }

    /// Whether the last restore lost no more than it may.
    pub fn is_loss_small(&self) -> bool {
        let within = |plan: &BackupPlan, drill: &Drill| drill.loss_us <= i64::from(plan.target_loss_hours) * HOUR_US;
        self.plan.as_ref().zip(self.drill.as_ref()).is_some_and(|(plan, drill)| within(plan, drill))
    }

    /// Whether a backup is due by the plan.
    pub fn is_due(&self) -> bool {
        let Some(plan) = &self.plan else { return false };
        // What failed is tried again after a while, not at once and not only after hours.
        let tried = self.trouble.as_ref().map(|trouble| trouble.at_us + HOUR_US / 4);
        let next = self.last.as_ref().map(|last| last.ended_us + i64::from(plan.every_hours) * HOUR_US);
        self.now_us >= next.unwrap_or(i64::MIN).max(tried.unwrap_or(i64::MIN))
    }

    /// Whether a restore is to be tried by the plan.
    pub fn is_drill_due(&self) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| self.last.is_some()) else { return false };
        let days = |drill: &Drill| if drill.trouble.is_some() { 1 } else { plan.drill_every_days };
        self.drill.as_ref().is_none_or(|drill| self.now_us >= drill.ended_us + i64::from(days(drill)) * 24 * HOUR_US)
    }
}

/// Where the program and the pages meet.
#[derive(Default)]
pub(crate) struct Desk {
    plan: OnceLock<BackupPlan>,
    running: watch::Sender<Option<BackupWork>>,
    backup: Notify,
    drill: Notify,
}

impl Desk {
    /// The keys of now are not those of the last backup any more.
    pub(crate) fn keys_changed(&self) {
        self.backup.notify_one();
    }
}

impl Vault {
    /// How the backups stand, for the house's own work and for pages that somebody is let onto.
    ///
    /// # Errors
    /// The store failed.
    pub fn backups(&self) -> Result<Backups, VaultFault> {
        let (inner, Kept { last, trouble, drill }) = (&*self.0, self.0.backups_kept()?);
        let (plan, running) = (inner.desk.plan.get().copied(), *inner.desk.running.borrow());
        Ok(Backups { plan, running, last, trouble, drill, now_us: self.now_us() })
    }

    /// The same for somebody.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn backup_state(&self, asker: &Asker) -> Result<Disclosed<Backups>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Read, BACKUP_KIND).await?;
        let state = self.backups()?;
        let draft = Draft::new(asker, Action::Read, Outcome::Done, Class::House).by(&leave);
        let receipts = inner.log(&[draft]).await?;
        Ok(Disclosed::new(state, &[leave], receipts))
    }

    /// Asks for a backup now, or for a restore to be tried now (`drill`); the program does it by itself.
    ///
    /// # Errors
    /// [`Refused`], recorded.
    pub async fn ask_backup(&self, asker: &Asker, drill: bool) -> Result<Disclosed<()>, Refused> {
        let inner = &*self.0;
        let leave = inner.leave_for_house(asker, Action::Administer, BACKUP_KIND).await?;
        let mut draft = Draft::new(asker, Action::Administer, Outcome::Done, Class::House).by(&leave);
        draft.put(field::DETAIL, if drill { "restore test asked for" } else { "backup asked for" });
        let receipts = inner.log(&[draft]).await?;
        if inner.desk.plan.get().is_some() {
            let work = if drill { BackupWork::Drill(0, 0) } else { BackupWork::Backup(0, 0) };
            // At once, so that whoever asked sees that it is on its way.
            inner.desk.running.send_modify(|running| *running = running.or(Some(work)));
            if drill { inner.desk.drill.notify_one() } else { inner.desk.backup.notify_one() }
        }
        Ok(Disclosed::new((), &[leave], receipts))
    }

    /// The program makes backups by this plan.
    pub fn plan_backups(&self, plan: BackupPlan) {
        // Told once, when the program starts.
        let _ = self.0.desk.plan.set(plan);
    }

    /// Waits until somebody or something asks for a backup.
    pub async fn backup_wanted(&self) {
        self.0.desk.backup.notified().await;
    }

    /// Waits until somebody asks for a restore to be tried.
    pub async fn drill_wanted(&self) {
        self.0.desk.drill.notified().await;
    }

    /// The turn to make a backup or to try a restore, as long as it is held; none while another node has it.
    ///
    /// # Errors
    /// The store failed.
    pub fn backup_turn(&self) -> Result<Option<Claim>, VaultFault> {
        self.claim(BACKUP_CLAIM)
    }

    /// Says what the program is at.
    pub fn backup_goes(&self, work: Option<BackupWork>) {
        self.0.desk.running.send_replace(work);
    }

    /// Keeps how a backup ended, with its entry. Only in [`Vault::backup_turn`].
    ///
    /// # Errors
    /// The store failed, or it is another node's turn by now.
    pub async fn backed_up(&self, asker: &Asker, done: Result<BackupRun, BackupTrouble>) -> Result<(), VaultFault> {
        let mut kept = self.0.backups_kept()?;
        let (outcome, detail) = match done {
            Ok(run) => {
                let detail = format!(
                    "backup {} finished: {} bytes, {} versions, {} entries up to {}, manifest {}",
                    run.run, run.bytes, run.versions, run.entries, run.log_size, run.manifest
                );
                (kept.last, kept.trouble) = (Some(run), None);
                (Outcome::Done, detail)
            }
            Err(trouble) => {
                let detail = format!("backup failed: {}", trouble.why);
                kept.trouble = Some(trouble);
                (Outcome::Failed, detail)
            }
        };
        self.0.keep_backups(asker, outcome, detail, &kept).await
    }

    /// Keeps how a tried restore ended, with its entry. Only in [`Vault::backup_turn`].
    ///
    /// # Errors
    /// The store failed, or it is another node's turn by now.
    pub async fn drilled(&self, asker: &Asker, drill: Drill) -> Result<(), VaultFault> {
        let mut kept = self.0.backups_kept()?;
        let seconds = drill.ended_us.saturating_sub(drill.begun_us) / 1_000_000;
        let (outcome, detail) = match &drill.trouble {
            None => (
                Outcome::Done,
                format!(
                    "restore test of backup {}: {} versions and {} entries compared in {seconds} s, newest record {} s old",
                    drill.run,
                    drill.versions,
                    drill.entries,
                    drill.loss_us / 1_000_000
                ),
            ),
            Some(why) => (Outcome::Failed, format!("restore test of backup {} failed: {why}", drill.run)),
        };
        kept.drill = Some(drill);
        self.0.keep_backups(asker, outcome, detail, &kept).await
    }
}

impl Inner {
    fn backups_kept(&self) -> Result<Kept, VaultFault> {
        let kept = self.store.meta(self.part, KEPT)?;
        let kept = kept.map(|kept| serde_json::from_slice(&kept).map_err(|_| VaultFault::Decode("backups")));
        Ok(kept.transpose()?.unwrap_or_default())
    }

    async fn keep_backups(
        &self,
        asker: &Asker,
        outcome: Outcome,
        detail: String,
        kept: &Kept,
    ) -> Result<(), VaultFault> {
        let mut draft = Draft::new(asker, Action::Administer, outcome, Class::House);
        draft.put(field::DETAIL, detail);
        let mut change = Change::new(self.part);
        change.claim = Some(BACKUP_CLAIM);
        change.entries.push(self.seal_entry(&draft, None)?);
        change.meta.push((KEPT.to_owned(), serde_json::to_vec(kept).map_err(|_| VaultFault::Decode("backups"))?));
        self.store.commit(change).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backups(last_h: Option<i64>, drill_days: Option<i64>) -> Backups {
        let now_us = 1_000_000 * HOUR_US;
        let last = last_h.map(|hours| BackupRun {
            run: 1,
            begun_us: 0,
            ended_us: now_us - hours * HOUR_US,
            bytes: 1,
            versions: 1,
            entries: 1,
            log_size: 1,
            manifest: String::new(),
        });
        let drill = drill_days.map(|days| Drill {
            begun_us: now_us - days * 24 * HOUR_US - HOUR_US / 2,
            ended_us: now_us - days * 24 * HOUR_US,
            run: 1,
            versions: 1,
            entries: 1,
            loss_us: HOUR_US,
            trouble: None,
        });
        let plan = BackupPlan {
            every_hours: 24,
            missed_hours: 30,
            drill_every_days: 30,
            drill_late_days: 90,
            target_minutes: 60,
            target_loss_hours: 24,
        };
        Backups { plan: Some(plan), last, drill, now_us, ..Backups::default() }
    }

    #[test]
    fn a_backup_is_missed_after_its_hours_and_where_there_is_no_plan_at_all() {
        assert!(!backups(Some(30), None).is_missed());
        assert!(backups(Some(31), None).is_missed());
        assert!(backups(None, None).is_missed());
        assert!(Backups { plan: None, ..backups(Some(1), None) }.is_missed());
        assert!(!backups(Some(23), None).is_due() && backups(Some(24), None).is_due());
        let tried = BackupTrouble { at_us: backups(None, None).now_us - 1, why: String::new() };
        assert!(!Backups { trouble: Some(tried), ..backups(None, None) }.is_due(), "not again at once");
    }

    #[test]
    fn a_restore_test_that_is_old_failed_or_slow_is_red() {
        assert!(!backups(Some(1), Some(90)).is_drill_late());
        assert!(backups(Some(1), Some(91)).is_drill_late());
        assert!(backups(Some(1), None).is_drill_late());
        for spoil in [
            |drill: &mut Drill| drill.trouble = Some("x".to_owned()),
            |drill: &mut Drill| drill.begun_us -= HOUR_US,
            |drill: &mut Drill| drill.loss_us = 25 * HOUR_US,
        ] {
            let mut spoilt = backups(Some(1), Some(1));
            spoilt.drill.as_mut().map(spoil).unwrap();
            assert!(spoilt.is_drill_late());
        }
        assert!(!backups(Some(1), Some(29)).is_drill_due() && backups(Some(1), Some(30)).is_drill_due());
        assert!(!backups(None, None).is_drill_due(), "nothing to restore yet");
    }
}
