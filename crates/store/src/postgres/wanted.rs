//! What a group must know of the database before its changes are decided: one look-up for each table.

use std::{
    collections::{BTreeMap, BTreeSet},
    vec,
};

use tokio_postgres::Row;

use super::{
    columns::{Column, Put},
    sql,
    value::Int,
};
use crate::{Change, PartNo, Rid, StoreError, kinds::Kinds};

/// Names that a group's changes to one part bring up.
#[derive(Default)]
pub(super) struct Wanted<'g> {
    /// Kinds whose number is not known here.
    pub(super) kinds: BTreeSet<&'g str>,
    documents: Vec<(&'g str, &'g [u8; 16])>,
    guards: Vec<(&'g [u8; 12], Rid)>,
    subjects: Vec<(&'g [u8; 16], u64)>,
}

/// What the database says of them, and then what the group makes of it.
#[derive(Default)]
pub(super) struct Known<'g> {
    /// Numbers of kinds that are not yet known everywhere.
    pub(super) kinds: BTreeMap<&'g str, i64>,
    /// Kinds that the group adds.
    pub(super) new_kinds: Vec<(i64, &'g str)>,
    pub(super) latest: BTreeMap<(i64, [u8; 16]), Latest>,
    /// Stamps of guards.
    pub(super) guards: BTreeMap<[u8; 12], Rid>,
    /// Documents written under a guarded term since the caller looked.
    pub(super) touched: BTreeMap<[u8; 12], BTreeSet<Rid>>,
    pub(super) names: BTreeSet<[u8; 16]>,
    pub(super) numbers: BTreeSet<u64>,
}

/// The newest version of a document.
#[derive(Clone, Copy)]
pub(super) struct Latest {
    pub(super) rid: Rid,
    pub(super) version: u64,
    /// Where it stands among the group's own rows, if the group wrote it.
    pub(super) row: Option<usize>,
}

impl<'g> Wanted<'g> {
    pub(super) fn add(&mut self, change: &'g Change, kinds: &Kinds) {
        for document in change.documents.iter().filter(|document| !document.kind.is_empty()) {
            if kinds.cached(change.part, &document.kind).is_none() {
                self.kinds.insert(&document.kind);
            }
            self.documents.push((&document.kind, &document.id.0));
        }
        self.guards.extend(change.guards.iter().map(|guard| (&guard.term.0, guard.seen)));
        self.subjects.extend(change.subjects.iter().map(|(id, no)| (&id.0, no.0)));
    }

    /// Asks for the numbers of the kinds that are not known here.
    pub(super) fn ask_kinds(&self, part: PartNo, puts: &mut Vec<Put<'g>>) {
        if !self.kinds.is_empty() {
            let names = Column::Texts(self.kinds.iter().copied().collect());
            puts.push(Put::new(sql::KINDS, [Column::Int(part.sql()), names]));
            puts.push(Put::new(crate::sql::KIND_LAST.postgres, [Column::Int(part.sql())]));
        }
    }

    /// Takes the answers, and numbers what is new. What another node has committed is known everywhere from now on.
    pub(super) fn learn_kinds(
        &self,
        part: PartNo,
        kinds: &Kinds,
        answers: &mut vec::IntoIter<Vec<Row>>,
        known: &mut Known<'g>,
    ) -> Result<(), StoreError> {
        if self.kinds.is_empty() {
            return Ok(());
        }
        let mut found = BTreeMap::new();
        for row in answers.next().unwrap_or_default() {
            let (name, no): (String, i64) = (row.try_get(0)?, row.try_get::<_, Int>(1)?.0);
            kinds.learn(part, &name, no);
            found.insert(name, no);
        }
        let last = answers.next().unwrap_or_default();
        let mut last = last.first().map(|row| row.try_get::<_, Int>(0)).transpose()?.map_or(0, |no| no.0);
        for name in &self.kinds {
            let no = found.get(*name).copied().unwrap_or_else(|| {
                last += 1;
                known.new_kinds.push((last, name));
                last
            });
            known.kinds.insert(name, no);
        }
        Ok(())
    }

    /// Asks for all the rest, once the kinds have numbers.
    pub(super) fn ask(&self, part: PartNo, number: impl Fn(&str) -> Option<i64>, puts: &mut Vec<Put<'g>>) {
        let part = || Column::Int(part.sql());
        if !self.documents.is_empty() {
            let (kinds, ids) = self.names(number).into_iter().map(|(kind, id)| (kind, &id[..])).unzip();
            puts.push(Put::new(sql::LATEST, [part(), Column::Ints(kinds), Column::Bytes(ids)]));
        }
        if !self.guards.is_empty() {
            let (terms, seen): (Vec<&[u8]>, _) = self.guards.iter().map(|(term, seen)| (&term[..], *seen)).unzip();
            puts.push(Put::new(sql::GUARDS, [part(), Column::Bytes(terms.clone())]));
            puts.push(Put::new(sql::TOUCHED, [part(), Column::Bytes(terms), Column::Ints(seen)]));
        }
        if !self.subjects.is_empty() {
            let (names, numbers) = self.subjects.iter().map(|(id, no)| (&id[..], no.cast_signed())).unzip();
            puts.push(Put::new(sql::NAMES, [part(), Column::Bytes(names)]));
            puts.push(Put::new(sql::NUMBERS, [part(), Column::Ints(numbers)]));
        }
    }

    /// Takes the answers.
    pub(super) fn learn(
        &self,
        number: impl Fn(&str) -> Option<i64>,
        answers: &mut vec::IntoIter<Vec<Row>>,
        known: &mut Known<'g>,
    ) -> Result<(), StoreError> {
        if !self.documents.is_empty() {
            let names = self.names(number);
            for row in answers.next().unwrap_or_default() {
                let n = usize::try_from(row.try_get::<_, i64>(0)?).ok().and_then(|n| n.checked_sub(1));
                let (kind, id) = n.and_then(|n| names.get(n)).ok_or(StoreError::Damaged("document"))?;
                let version = row.try_get::<_, i64>(2)?.cast_unsigned();
                known.latest.insert((*kind, **id), Latest { rid: row.try_get(1)?, version, row: None });
            }
        }
        if !self.guards.is_empty() {
            for row in answers.next().unwrap_or_default() {
                known.guards.insert(array(&row, "guard")?, row.try_get(1)?);
            }
            for (term, _) in &self.guards {
                known.touched.entry(**term).or_default();
            }
            for row in answers.next().unwrap_or_default() {
                known.touched.entry(array(&row, "term")?).or_default().insert(row.try_get(1)?);
            }
        }
        if !self.subjects.is_empty() {
            for row in answers.next().unwrap_or_default() {
                known.names.insert(array(&row, "subject")?);
            }
            for row in answers.next().unwrap_or_default() {
                known.numbers.insert(row.try_get::<_, i64>(0)?.cast_unsigned());
            }
        }
        Ok(())
    }

    /// The documents that are asked for, in the order of the question.
    fn names(&self, number: impl Fn(&str) -> Option<i64>) -> Vec<(i64, &'g [u8; 16])> {
        // Every kind has a number by now; no document is of this one.
        self.documents.iter().map(|(kind, id)| (number(kind).unwrap_or(-1), *id)).collect()
    }
}

fn array<const N: usize>(row: &Row, table: &'static str) -> Result<[u8; N], StoreError> {
    row.try_get::<_, &[u8]>(0)?.try_into().map_err(|_| StoreError::Damaged(table))
}
