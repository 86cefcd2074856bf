//! Sealed bytes that are too big for a row: they lie as objects, written before the commit that names them.
//!
//! Whoever writes makes a [`NewBlob`], puts its object ([`Store::put_blobs`]) and names it in a [`crate::Change`] while the
//! [`BlobHold`] is held. An object that no commit names in the end is an orphan and is swept when it is old
//! ([`Store::sweep_blobs`]); one whose version is erased or sealed anew is remembered in the very commit and removed
//! afterwards, however often that takes ([`Store::clear_gone_blobs`]).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use aws_lc_rs::digest;
use tacebo_objects::{Name, ObjectError, Objects};

use crate::{
    AuditSource, Blob, BlobName, Change, CommitError, Hash, PartNo, Rid, Store, StoreError,
    conn::{Conn, Row},
    documents::sql_limit,
    postgres::sql as set,
    sql,
};

/// How long after it was put a blob may still be named. An orphan must be older than [`GRACE`] to be swept.
const UNDERWAY: Duration = Duration::from_hours(1);
/// The age below which [`Store::sweep_blobs`] never takes an object, whatever it is told.
pub const GRACE: Duration = Duration::from_hours(2);
/// Names looked up, and rows forgotten, at once.
const PIECE: usize = 256;
/// Where the probes lie that tell the time of the object storage.
const CLOCK: &str = "clock";

/// Sealed bytes with the name they will have. Nothing is written yet.
pub struct NewBlob {
    blob: Blob,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for NewBlob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewBlob").field("size", &self.blob.size).finish_non_exhaustive()
    }
}

impl NewBlob {
    /// Draws a name for sealed bytes. It is random and tells nothing.
    pub fn new(bytes: Vec<u8>) -> Result<Self, StoreError> {
        let mut name = [0; 16];
        aws_lc_rs::rand::fill(&mut name).map_err(|_| StoreError::Log("no randomness".to_owned()))?;
        let blob = Blob { name: BlobName(name), size: bytes.len() as u64, hash: hash(&bytes) };
        Ok(Self { blob, bytes })
    }

    /// What a change names.
    pub fn blob(&self) -> Blob {
        self.blob
    }
}

fn hash(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    Hash(hash)
}

/// Blobs of this program that a commit may still name.
#[derive(Default)]
pub(crate) struct Underway(Mutex<HashMap<BlobName, (Instant, bool)>>);

impl Underway {
    fn lock(&self) -> MutexGuard<'_, HashMap<BlobName, (Instant, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, name: BlobName) -> bool {
        self.lock().contains_key(&name)
    }

    /// Takes the blobs of a change: each must have been put lately, and none can be named twice.
    pub(crate) fn name(&self, change: &Change) -> Result<(), CommitError> {
        let names: Vec<BlobName> = change.blob_names().collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut held = self.lock();
        for name in &names {
            match held.get_mut(name) {
                Some((since, taken)) if !*taken && since.elapsed() < UNDERWAY => *taken = true,
                _ => return Err(CommitError::Malformed("a blob that was not put, or long ago, or is named already")),
            }
        }
        Ok(())
    }
}

/// Keeps the objects that were put from being swept. Give it along with the change that names them
/// ([`Store::commit_holding`]); what is not named when it is dropped is an orphan.
pub struct BlobHold {
    names: Vec<BlobName>,
    underway: Arc<Underway>,
}

impl std::fmt::Debug for BlobHold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobHold").field("blobs", &self.names.len()).finish_non_exhaustive()
    }
}

impl Drop for BlobHold {
    fn drop(&mut self) {
        let mut held = self.underway.lock();
        for name in &self.names {
            held.remove(name);
        }
    }
}

/// What a sweep found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Objects that nothing named, removed.
    pub orphans: u64,
    /// Objects that a row names, or that are too young to be judged.
    pub kept: u64,
}

impl Store {
    /// Writes the objects of a change to come. When this returns `Ok` they are durable.
    pub fn put_blobs(&self, part: PartNo, blobs: Vec<NewBlob>) -> Result<BlobHold, StoreError> {
        let mut hold = BlobHold { names: Vec::with_capacity(blobs.len()), underway: Arc::clone(self.underway()) };
        if blobs.is_empty() {
            return Ok(hold);
        }
        let objects = self.objects()?;
        for NewBlob { blob, bytes } in blobs {
            // Held first, so that no sweep can come between.
            hold.names.push(blob.name);
            self.underway().lock().insert(blob.name, (Instant::now(), false));
            objects.put(&object(part, blob.name)?, bytes)?;
        }
        Ok(hold)
    }

    /// The sealed bytes of a blob, exactly those that were written.
    pub fn read_blob(&self, part: PartNo, blob: &Blob) -> Result<Vec<u8>, StoreError> {
        fetch(self.objects()?, part, blob)
    }

    /// The blobs that these versions have, in the order asked.
    pub fn blobs_of(&self, part: PartNo, rids: &[Rid]) -> Result<Vec<Option<Blob>>, StoreError> {
        self.read(|conn| {
            let mut out = Vec::with_capacity(rids.len());
            conn.of_rids(&sql::BLOB_OF, set::BLOBS_OF, part, rids, |row| {
                out.push(row.map(blob_row).transpose()?);
                Ok(())
            })?;
            Ok(out)
        })
    }

    /// How many blobs versions have, and their bytes.
    pub fn blob_bytes(&self, part: PartNo) -> Result<(u64, u64), StoreError> {
        let sum = |row: &Row<'_>| Ok((row.unsigned(0)?, row.unsigned(1)?));
        self.read(|conn| Ok(conn.first(&sql::COUNT_BLOBS, &[part.into()], sum)?.unwrap_or_default()))
    }

    /// Removes the objects of versions that were erased or sealed anew. Stopped in the midst, it is done again.
    pub async fn clear_gone_blobs(&self, part: PartNo) -> Result<u64, StoreError> {
        let mut cleared = 0;
        loop {
            let values = [part.into(), sql_limit(PIECE).into()];
            let gone: Vec<BlobName> =
                self.read(|conn| conn.all(&sql::BLOBS_GONE, &values, |r| Ok(BlobName(r.array(0)?))))?;
            if gone.is_empty() {
                return Ok(cleared);
            }
            let objects = self.objects()?;
            for name in &gone {
                objects.delete(&object(part, *name)?)?;
            }
            cleared += gone.len() as u64;
            let done = self.commit(Change { forget_blobs: gone, ..Change::new(part) }).await;
            done.map_err(|why| StoreError::Log(why.to_string()))?;
        }
    }

    /// Removes objects that no version names and that are older than `grace` (at least [`GRACE`]) by the clock of the place
    /// where they lie: a commit on its way may still name a younger one.
    pub fn sweep_blobs(&self, part: PartNo, grace: Duration) -> Result<Swept, StoreError> {
        self.look_for_orphans(part, grace.max(GRACE), true)
    }

    /// How many such objects there are. Changes nothing.
    pub fn orphans(&self, part: PartNo, grace: Duration) -> Result<u64, StoreError> {
        Ok(self.look_for_orphans(part, grace.max(GRACE), false)?.orphans)
    }

    /// A sweep without the least age, as if the time had passed. Only for tests: blobs of other programs on their way are lost.
    #[doc(hidden)]
    pub fn sweep_blobs_now(&self, part: PartNo) -> Result<Swept, StoreError> {
        self.look_for_orphans(part, Duration::ZERO, true)
    }

    fn look_for_orphans(&self, part: PartNo, grace: Duration, remove: bool) -> Result<Swept, StoreError> {
        let objects = self.objects()?;
        if objects.list(&folder(part)).next().transpose()?.is_none() {
            return Ok(Swept::default());
        }
        let now = time_there(objects, part)?;
        let before = now.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut swept = Swept::default();
        let mut old = Vec::with_capacity(PIECE);
        let mut settle = |old: &mut Vec<(BlobName, Name)>| -> Result<(), StoreError> {
            // Looked up after it was listed: what is named by now stays.
            let named = self.named(part, old)?;
            for ((blob, name), named) in old.drain(..).zip(named) {
                if named || self.underway().has(blob) {
                    swept.kept += 1;
                } else {
                    swept.orphans += 1;
                    if remove {
                        objects.delete(&name)?;
                    }
                }
            }
            Ok(())
        };
        let mut young = 0;
        for listed in objects.list(&folder(part)) {
            let listed = listed?;
            // A store's clock in whole seconds rounds down.
            if listed.made > before && grace > Duration::ZERO {
                young += 1;
                continue;
            }
            match blob_name(part, &listed.name) {
                Some(blob) => old.push((blob, listed.name)),
                None if remove && is_probe(part, &listed.name) => objects.delete(&listed.name)?,
                // Not ours.
                None => {}
            }
            if old.len() == PIECE {
                settle(&mut old)?;
            }
        }
        settle(&mut old)?;
        swept.kept += young;
        if remove {
            objects.sweep_halves(before)?;
        }
        Ok(swept)
    }

    fn named(&self, part: PartNo, names: &[(BlobName, Name)]) -> Result<Vec<bool>, StoreError> {
        let many: Vec<_> = names.iter().map(|(name, _)| [part.into(), (&name.0).into()]).collect();
        let mut out = Vec::with_capacity(many.len());
        self.read(|conn: Conn<'_>| {
            conn.firsts(&sql::BLOB_NAMED, &many, |row| {
                out.push(row.is_some());
                Ok(())
            })
        })?;
        Ok(out)
    }
}

/// What the offline check found of objects.
#[derive(Debug, Default)]
pub struct CheckedObjects {
    /// How many are as they were written.
    pub whole: u64,
    /// The first that is not: its version, the kind of that, and whether it is there at all.
    pub broken: Option<BrokenObject>,
}

/// An object that is not as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenObject {
    /// Place of its version in commit order.
    pub rid: Rid,
    /// Kind of its version.
    pub kind: String,
    /// Whether something is there under its name.
    pub is_there: bool,
    blob: Blob,
}

impl AuditSource {
    /// How many versions have an object.
    pub fn object_count(&self) -> Result<u64, StoreError> {
        Ok(self.conn().first(&sql::COUNT_BLOBS, &[self.part.into()], |r| r.unsigned(0))?.unwrap_or(0))
    }

    /// Compares every object with its row, without keys, up to the first that is not as it was written.
    pub fn check_objects(&self, objects: &Objects) -> Result<CheckedObjects, StoreError> {
        let mut found = CheckedObjects::default();
        let mut after: Rid = 0;
        loop {
            let values = [self.part.into(), after.into(), sql_limit(PIECE).into()];
            let page = self.conn().all(&sql::BLOB_PAGE, &values, |row| Ok((row.int(0)?, blob_row(row)?)))?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            after = *last;
            for (rid, blob) in page {
                let is_there = match fetch(objects, self.part, &blob) {
                    Ok(_) => {
                        found.whole += 1;
                        continue;
                    }
                    Err(StoreError::BlobMissing) => false,
                    Err(StoreError::BlobChanged) => true,
                    Err(error) => return Err(error),
                };
                let kind = self.kind_of(rid)?.unwrap_or_default();
                found.broken = Some(BrokenObject { rid, kind, is_there, blob });
                return Ok(found);
            }
        }
    }

    /// Whether the row of a broken object is still there: it may have been destroyed while it was looked at.
    pub fn still_names(&self, broken: &BrokenObject) -> Result<bool, StoreError> {
        let found = self.conn().first(&sql::BLOB_OF, &[self.part.into(), broken.rid.into()], blob_row)?;
        Ok(found == Some(broken.blob))
    }

    fn kind_of(&self, rid: Rid) -> Result<Option<String>, StoreError> {
        let Some(kind) = self.conn().first(&sql::BY_RID, &[self.part.into(), rid.into()], |r| r.int(1))? else {
            return Ok(None);
        };
        self.conn().first(&sql::KIND_NAME, &[self.part.into(), kind.into()], |r| r.text(0))
    }
}

/// What the clock of the object storage says: that of a program may be wrong by a day, and another one's blobs are judged by it.
fn time_there(objects: &Objects, part: PartNo) -> Result<SystemTime, StoreError> {
    let mut random = [0; 8];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| StoreError::Log("no randomness".to_owned()))?;
    let probe: Name = format!("{}/{CLOCK}/{:016x}", folder(part), u64::from_be_bytes(random)).parse()?;
    objects.put(&probe, Vec::new())?;
    let made = objects.head(&probe)?.made;
    objects.delete(&probe)?;
    Ok(made)
}

/// The sealed bytes of a blob, exactly those that were written.
pub(crate) fn fetch(objects: &Objects, part: PartNo, blob: &Blob) -> Result<Vec<u8>, StoreError> {
    match objects.get(&object(part, blob.name)?, blob.size) {
        Ok(bytes) if bytes.len() as u64 == blob.size && hash(&bytes) == blob.hash => Ok(bytes.into()),
        Ok(_) | Err(ObjectError::Length { .. }) => Err(StoreError::BlobChanged),
        Err(ObjectError::Missing) => Err(StoreError::BlobMissing),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn blob_row(row: &Row<'_>) -> Result<Blob, StoreError> {
    Ok(Blob { name: BlobName(row.array(1)?), size: row.unsigned(2)?, hash: Hash(row.array(3)?) })
}

/// Where the objects of a part lie.
pub(crate) fn folder(part: PartNo) -> String {
    format!("{:04}", part.0)
}

/// The object of a blob. Two digits of the name make folders that stay small.
pub(crate) fn object(part: PartNo, blob: BlobName) -> Result<Name, StoreError> {
    let hex = blob.hex();
    Ok(format!("{}/{}/{hex}", folder(part), hex.get(..2).unwrap_or_default()).parse()?)
}

fn blob_name(part: PartNo, name: &Name) -> Option<BlobName> {
    let hex = name.as_str().rsplit('/').next()?;
    let number = u128::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 32)?;
    let blob = BlobName(number.to_be_bytes());
    // Whatever does not lie where it would have been put is not ours to remove.
    (object(part, blob).ok()? == *name).then_some(blob)
}

fn is_probe(part: PartNo, name: &Name) -> bool {
    let inside = name.as_str().strip_prefix(folder(part).as_str()).and_then(|rest| rest.strip_prefix('/'));
    inside.and_then(|rest| rest.strip_prefix(CLOCK)).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_found_by_its_blob_and_a_blob_by_its_object() {
        let blob = BlobName([0xab; 16]);
        let name = object(PartNo(7), blob).unwrap();
        assert_eq!(name.as_str(), format!("0007/ab/{}", "ab".repeat(16)));
        assert_eq!(blob_name(PartNo(7), &name), Some(blob));
        assert_eq!(blob_name(PartNo(8), &name), None);
        for other in ["0007/ab/x", "0007/cd/abababababababababababababababab", "else/0007"] {
            assert_eq!(blob_name(PartNo(7), &other.parse().unwrap()), None, "{other}");
        }
    }
}
