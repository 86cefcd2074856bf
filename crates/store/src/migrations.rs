//! The numbered steps from an empty store to the present shape, and what is to be done about a store that is older.

use crate::StoreError;

/// One step of the shape at rest. It is never edited once it was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Steps are applied in the order of their numbers: 1, 2, 3 …
    pub number: u32,
    /// What is done.
    pub sql: &'static str,
    /// Whether programs of the version before it cannot go on beside it: they must stop first.
    pub stops: bool,
}

/// What opening a store would do to its tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Shape that is there; 0 for none.
    pub found: u32,
    /// Shape that this program brings it up to. A store beyond it is refused.
    pub known: u32,
    /// The steps that would be applied.
    pub steps: Vec<Migration>,
}

impl Pending {
    /// What is to be done about a store of this shape; one of a newer program is refused.
    pub(crate) fn of(all: &[Migration], found: u32) -> Result<Self, StoreError> {
        let known = known(all);
        if found > known {
            return Err(StoreError::NewerSchema { found, known });
        }
        Ok(Self { found, known, steps: all.iter().filter(|step| step.number > found).copied().collect() })
    }

    /// Whether every program over the store must stop for it.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.found > 0 && self.steps.iter().any(|step| step.stops)
    }
}

/// Highest of the steps.
pub(crate) const fn known(all: &[Migration]) -> u32 {
    match all.last() {
        Some(step) => step.number,
        None => 0,
    }
}

/// What becomes of the steps once all of them went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// They are kept.
    ForGood,
    /// They are taken back: it was tried whether they go through.
    AsTrial,
}

impl Applied {
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::ForGood => "COMMIT",
            Self::AsTrial => "ROLLBACK",
        }
    }
}

/// For tests of both engines: these steps, and three that a later program might have.
#[cfg(test)]
pub(crate) fn later(present: &[Migration]) -> Vec<Migration> {
    let known = known(present);
    let step = |number, sql| Migration { number, sql, stops: number == known + 2 };
    let more = [
        step(known + 1, "CREATE TABLE later (no INTEGER NOT NULL PRIMARY KEY); INSERT INTO later VALUES (1), (2)"),
        step(known + 2, "ALTER TABLE later ADD COLUMN name TEXT; UPDATE later SET name = 'x'"),
        step(
            known + 3,
            "CREATE TABLE latest (no INTEGER NOT NULL PRIMARY KEY); INSERT INTO latest SELECT no FROM later WHERE name = 'x'",
        ),
    ];
    present.iter().copied().chain(more).collect()
}
