//! What stands in the way of a destruction: a hold, a term that law sets, other people's documents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use tacebo_policy::{Basis, Fact};
use tacebo_seal::{Category, SubjectNo, Worth};

use super::{ShredAct, ShredTarget};
use crate::disclosed::VaultFault;
use crate::keys::Drawer;
use crate::search::ALSO_PARAM;
use crate::speech::PatientId;
use crate::vault::Inner;

/// Documents of others that are counted at most.
const OTHERS: usize = 1_000;

/// Somebody forbade the destruction of a person's data for the time being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The person's internal number, in hex: names the hold.
    pub id: String,
    /// Why: a lawsuit, an inquiry, an accident.
    pub reason: String,
    /// Who, and when.
    pub by: ShredAct,
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A hold.
    Hold(Hold),
    /// Law keeps the record, and the ground given does not lift that.
    Kept {
        /// The rule.
        rule: String,
        /// Until when, microseconds since the Unix epoch.
        until_us: i64,
    },
    /// So many documents of other persons speak of this one too: they are put right first, by those who keep them.
    Others(usize),
}

/// Figures of law and of the house that a destruction goes by; read from data files, each with its source.
#[derive(Debug, Clone)]
pub struct ShredTerms {
    /// Years for which a record is kept after the last visit: the longest rule, as a visit's kind is not looked at here.
    pub record_years: u16,
    /// That rule.
    pub record_rule: String,
    /// Years for which the record of who saw a person is kept.
    pub log_years: u16,
    /// Codes of the grounds for which law does not ask to keep a record: there is none that it means.
    pub overriding: BTreeSet<String>,
    /// Days for which copies of keys may be kept.
    pub copies_days: u32,
    /// Whether the institution has signed that figure.
    pub copies_sure: bool,
    /// Days until a custodian has let go of a destroyed root key, by what its word is worth.
    pub window_days: BTreeMap<String, u32>,
}

impl ShredTerms {
    pub(super) fn window(&self, worth: Worth) -> u32 {
        self.window_days.get(worth.word()).copied().unwrap_or(0)
    }
}

impl Inner {
    /// Everything that stands in the way now.
    pub(super) fn blocks(
        &self,
        subject: SubjectNo,
        patient: &PatientId,
        target: &ShredTarget,
        ground: &str,
        terms: &ShredTerms,
    ) -> Result<Vec<Block>, VaultFault> {
        let mut blocks: Vec<Block> = self.hold_on(subject)?.map(Block::Hold).into_iter().collect();
        if !terms.overriding.contains(ground)
            && let Some(until_us) = self.kept_until(subject, terms)?.filter(|until_us| *until_us > (self.clock)())
        {
            blocks.push(Block::Kept { rule: terms.record_rule.clone(), until_us });
        }
        if *target == ShredTarget::Person {
            let others = self.rids_under(&[(ALSO_PARAM, patient.as_str())], OTHERS)?.len();
            if others > 0 {
                blocks.push(Block::Others(others));
            }
        }
        Ok(blocks)
    }

    /// Until when law keeps the person's record; none where there is nothing that it means.
    fn kept_until(&self, subject: SubjectNo, terms: &ShredTerms) -> Result<Option<i64>, VaultFault> {
        let now_us = (self.clock)();
        let (mut visit, mut written) = (None::<i64>, None::<i64>);
        let clinical = [Drawer::Health.category(), Drawer::Genetic.category()];
        for found in self.opened(&self.store.subject_rids(self.part, subject, &[], None)?)? {
            if found.row.deleted {
                continue;
            }
            for fact in &found.record.facts {
                if let Fact::Relation { basis: Basis::Encounter | Basis::EpisodeOfCare, from, until, open, .. } = fact {
                    let end = if *open { Some(now_us) } else { None };
                    let end = end.or_else(|| until.or(*from).map(Timestamp::as_microsecond)).unwrap_or(now_us);
                    visit = visit.max(Some(end));
                }
            }
            if clinical.contains(&found.row.category) {
                written = written.max(Some(found.row.time_us));
            }
        }
        Ok(visit.or(written).map(|last| years_after(last, terms.record_years)))
    }
}

/// The same moment so many years later.
pub(super) fn years_after(at_us: i64, years: u16) -> i64 {
    let later = Timestamp::from_microsecond(at_us)
        .map(|at| at.to_zoned(TimeZone::UTC))
        .and_then(|at| at.checked_add(i64::from(years).years()));
    // A moment beyond the calendar is never.
    later.map_or(i64::MAX, |at| at.timestamp().as_microsecond())
}

/// The drawer of a group of data that can be destroyed on its own. Without identity nobody could say whose the rest is.
pub(super) fn drawer(category: &str) -> Option<Category> {
    match category {
        "health" => Some(Drawer::Health.category()),
        "activity" => Some(Drawer::Activity.category()),
        "genetic" => Some(Drawer::Genetic.category()),
        _ => None,
    }
}
