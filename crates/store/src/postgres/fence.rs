//! What a change rests on besides rows: looked at under the part's lock, so that nobody can be faster afterwards.

use std::{collections::BTreeMap, vec};

use tokio_postgres::Row;

use super::{
    columns::{Column, Put},
    nodes::{Node, since, told},
    sql,
};
use crate::{Change, CommitError, News, PartNo, StoreError, queue::Member};

/// What a group's changes rest on, by part.
#[derive(Default)]
pub(super) struct Asked {
    /// The oldest news that one of them has seen last.
    seen: BTreeMap<i32, u64>,
    /// Parts in which one of them needs a claim.
    claims: Vec<i32>,
}

/// What there is of that.
pub(super) struct Fences {
    /// What came after the oldest that was seen.
    news: BTreeMap<i32, News>,
    claims: BTreeMap<i32, Vec<String>>,
}

impl Asked {
    pub(super) fn of(members: &[Member]) -> Self {
        let mut asked = Self::default();
        for (change, ..) in members {
            let part = change.part.0;
            if let Some(rests) = &change.rests {
                let oldest = asked.seen.entry(part).or_insert(rests.seen);
                *oldest = rests.seen.min(*oldest);
            }
            if change.claim.is_some() && !asked.claims.contains(&part) {
                asked.claims.push(part);
            }
        }
        asked
    }

    pub(super) fn ask(&self, node: &Node, puts: &mut Vec<Put<'_>>) {
        for (part, seen) in &self.seen {
            puts.push(since(PartNo(*part), *seen, node));
        }
        for part in &self.claims {
            puts.push(Put::new(sql::CLAIMED, [Column::Int((*part).into()), Column::Fixed(node.to_vec())]));
        }
    }

    /// Takes the answers, which come in the order of the questions.
    pub(super) fn learn(&self, answers: &mut vec::IntoIter<Vec<Row>>) -> Result<Fences, StoreError> {
        let mut fences = Fences { news: BTreeMap::new(), claims: BTreeMap::new() };
        for (part, seen) in &self.seen {
            fences.news.insert(*part, told(&answers.next().unwrap_or_default(), *seen)?);
        }
        for part in &self.claims {
            let rows = answers.next().unwrap_or_default();
            let names = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            fences.claims.insert(*part, names);
        }
        Ok(fences)
    }
}

impl Fences {
    pub(super) fn check(&self, change: &Change) -> Result<(), CommitError> {
        let part = change.part.0;
        if let Some(claim) = change.claim
            && !self.claims.get(&part).is_some_and(|held| held.iter().any(|held| held == claim))
        {
            return Err(CommitError::NotClaimed);
        }
        if let (Some(rests), Some(news)) = (&change.rests, self.news.get(&part)) {
            let overtaken =
                news.behind || news.heard.iter().any(|(seq, heard)| *seq > rests.seen && heard.overtakes(change));
            if overtaken {
                return Err(CommitError::Overtaken);
            }
        }
        Ok(())
    }
}
