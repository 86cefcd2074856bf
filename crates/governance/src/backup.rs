//! How often backups are made and restores are tried, and what they may cost (STO-03, STO-04).

use serde::Deserialize;

use crate::library::{LibraryError, read};
use crate::{Offer, Term};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupFigures {
    /// Hours between two backups.
    pub every_hours: Term,
    /// Hours beyond that after which one counts as missed.
    pub missed_extra_hours: Term,
    /// Days between two restores that are tried.
    pub drill_every_days: Term,
    /// Days after which the last one is too old.
    pub drill_late_days: Term,
    /// Minutes that a restore may take.
    pub target_minutes: Term,
    /// Hours of work that may be lost.
    pub target_loss_hours: Term,
    /// Days for which the keys in a backup are kept: the least, the usual, the most.
    pub keep_keys_days: Offer,
}

impl BackupFigures {
    /// As they ship with the program.
    ///
    /// # Errors
    /// The file does not read.
    pub fn shipped() -> Result<Self, LibraryError> {
        read("backup.toml", include_str!("../data/backup.toml"))
    }

    /// The least, the usual and the most days for which keys are kept.
    pub fn keys_days(&self) -> (u32, u32, u32) {
        let values = &self.keep_keys_days.values;
        let of = |place: usize| values.get(place).copied().unwrap_or_default();
        (of(0), of(1), of(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Library;

    #[test]
    fn keys_in_backups_are_gone_before_the_day_that_a_certificate_of_destruction_names() {
        let figures = BackupFigures::shipped().unwrap();
        let (least, usual, most) = figures.keys_days();
        assert!(7 <= least && least <= usual && usual <= most);
        assert!(most <= Library::shipped().unwrap().destruction().copies_days.value);
    }

    #[test]
    fn a_restore_is_tried_before_the_last_one_is_too_old_and_every_figure_names_its_source() {
        let figures = BackupFigures::shipped().unwrap();
        assert!(figures.drill_every_days.value < figures.drill_late_days.value);
        let BackupFigures { every_hours, missed_extra_hours, drill_every_days, drill_late_days, .. } = &figures;
        let more = [&figures.target_minutes, &figures.target_loss_hours];
        for term in [every_hours, missed_extra_hours, drill_every_days, drill_late_days].into_iter().chain(more) {
            assert!(term.value > 0 && !term.source.is_empty());
        }
    }
}
