//! Back to a point in time. What was written and what was destroyed since cannot be undone, so the whole record comes back
//! first; then every document that was touched after that moment gets a new version which says what it said then.
//!
//! It is the ordinary way of writing: decided, sealed, findable, with an entry in the trail of everybody concerned. What stays
//! as it is: records of the house, whatever a language says that it stays ([`crate::Speech::stays`]), and what of then was
//! destroyed.

use tacebo_store::{CURRENT, CommitError, IndexRow, Rid};

use crate::asker::Asker;
use crate::disclosed::VaultFault;
use crate::document::DocRef;
use crate::hot::Opened;
use crate::look::Deeds;
use crate::speech::PatientId;
use crate::vault::Inner;
use crate::write::{Done, Stopped, Write, Written};

/// Versions looked at at once.
const PAGE: usize = 1024;
/// Documents in one commit.
const TOGETHER: usize = 100;
/// Bytes of them after which a commit takes no more: large documents lie in memory several times while they are sealed.
const HEAVY: usize = 8 << 20;

/// What was brought back to a point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointInTime {
    /// The moment, microseconds since the Unix epoch; what was committed in it is part of it.
    pub to_us: i64,
    /// Documents that were changed after it and say again what they said.
    pub changed: u64,
    /// Documents that were deleted after it and are there again.
    pub made: u64,
    /// Documents that were made after it and are deleted.
    pub gone: u64,
    /// Documents that were touched after it and stay as they are: what they were then was destroyed.
    pub left: u64,
}

/// What becomes of a document that was touched.
enum Turn {
    /// It is what it was, or none that is brought back.
    Nothing,
    /// What it was is not there any more.
    Left,
    /// It becomes what it was: the write, and how many bytes it brings.
    Write(Write, usize),
}

/// The moment as the log names it.
fn moment(to_us: i64) -> String {
    jiff::Timestamp::from_microsecond(to_us).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

impl Inner {
    /// Brings the documents of the languages back to what they were.
    pub(super) async fn bring_back_to(
        &self,
        asker: &Asker,
        to_us: i64,
        tell: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<PointInTime, VaultFault> {
        let head = self.store.head(self.part)?;
        let then = self.place_at(to_us, head)?;
        let mut point = PointInTime { to_us, changed: 0, made: 0, gone: 0, left: 0 };
        let (mut writes, mut bytes) = (Vec::new(), 0);
        let mut after = then;
        loop {
            let mut rows = self.store.versions(self.part, after, PAGE)?;
            // What is written here comes after it.
            rows.retain(|row| row.rid <= head);
            let Some(last) = rows.last() else { break };
            after = last.rid;
            // Whatever was touched has its newest version among them, once.
            for row in rows.into_iter().filter(|row| row.until == CURRENT) {
                match self.turn(row, then)? {
                    Turn::Nothing => {}
                    Turn::Left => point.left += 1,
                    Turn::Write(write, heavy) => {
                        writes.push(write);
                        bytes += heavy;
                    }
                }
                if writes.len() >= TOGETHER || bytes >= HEAVY {
                    point.count(&self.write_back(asker, std::mem::take(&mut writes), to_us).await?);
                    bytes = 0;
                }
            }
            tell((after - then).unsigned_abs(), (head - then).unsigned_abs());
        }
        if !writes.is_empty() {
            point.count(&self.write_back(asker, writes, to_us).await?);
        }
        self.hot.clear();
        Ok(point)
    }

    /// The last place in commit order of what was committed by then: time rises with it.
    fn place_at(&self, to_us: i64, head: Rid) -> Result<Rid, VaultFault> {
        let (mut by_then, mut end) = (0, head);
        while by_then < end {
            let middle = by_then + (end - by_then) / 2;
            match self.store.versions(self.part, middle, 1)?.first() {
                Some(row) if row.time_us <= to_us => by_then = row.rid,
                _ => end = middle,
            }
        }
        Ok(by_then)
    }

    fn turn(&self, row: IndexRow, then: Rid) -> Result<Turn, VaultFault> {
        if self.speech(&row.kind).is_none_or(|speech| speech.stays(&row.kind)) {
            return Ok(Turn::Nothing);
        }
        let (kind, id, deleted) = (row.kind.clone(), row.id, row.deleted);
        let before = self.store.history(self.part, &kind, &id, Some(then), None, 1)?.pop();
        // Where the version after the one of then is not there, versions in between were destroyed, and this is an older one.
        let next = before.as_ref().map_or(0, |before| before.version) + 1;
        if self.store.version_rid(self.part, &kind, &id, next)?.is_none() {
            return Ok(Turn::Left);
        }
        let name = DocRef::new(&*kind, self.open_cold(row)?.record.id);
        let Some(before) = before.filter(|before| !before.deleted) else {
            return Ok(if deleted { Turn::Nothing } else { Turn::Write(Write::delete(name), 0) });
        };
        match self.said(before) {
            Ok(Some(text)) => {
                let body: serde_json::Value =
                    serde_json::from_slice(&text).map_err(|_| VaultFault::Decode("a document"))?;
                Ok(Turn::Write(Write::put(name, body), text.len()))
            }
            Err(VaultFault::Store(fault)) => Err(fault.into()),
            Ok(None) | Err(_) => Ok(Turn::Left),
        }
    }

    /// What a version says; none where it speaks of somebody who was destroyed, who would come back with it.
    fn said(&self, row: IndexRow) -> Result<Option<crate::hot::Text>, VaultFault> {
        let found: Opened = self.open_cold(row)?;
        for (place, patient) in found.record.patients.iter().enumerate() {
            let person = self.person(&PatientId::new(patient.as_str()))?;
            // Somebody else may bear the name of then today.
            if person.is_none() || place == 0 && person != found.row.subject {
                return Ok(None);
            }
        }
        Ok(self.texts(&[&found])?.pop())
    }

    async fn write_back(&self, asker: &Asker, writes: Vec<Write>, to_us: i64) -> Result<Vec<Written>, VaultFault> {
        let told = Some(format!("brought back to {} by a restore", moment(to_us)));
        let deeds = Deeds { writes, told, ..Deeds::default() };
        let gate = self.pass().await?;
        match self.commit_deeds(asker, &deeds, &[], Vec::new(), &gate).await {
            Ok(Done::Written(written)) => Ok(written.into_parts().0),
            // Nobody else writes into a house that is being restored.
            Ok(Done::Overtaken(_) | Done::Raced(_)) => Err(CommitError::Overtaken.into()),
            Err(Stopped { refused, drafts }) => Err(self.unanswered(drafts, refused).await.into()),
        }
    }
}

impl PointInTime {
    /// What the entry of the restore says of it.
    pub(super) fn words(&self) -> String {
        let Self { to_us, changed, made, gone, left } = *self;
        let to = moment(to_us);
        format!(
            "documents brought back to {to}: {changed} changed, {made} made anew, {gone} taken away, {left} left as they are"
        )
    }

    fn count(&mut self, written: &[Written]) {
        for one in written {
            let kind = match one {
                Written { deleted: true, .. } => &mut self.gone,
                Written { created: true, .. } => &mut self.made,
                _ => &mut self.changed,
            };
            *kind += 1;
        }
    }
}
