//! What one commit left: versions, and entries that tell of them.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use tacebo_store::{Blob, CURRENT, EntryRow, IndexRow, StoreError};

use super::Unlike;
use super::gone::Gone;
use super::walk::Named;
use crate::disclosed::VaultFault;
use crate::entry::{EntryBody, field};
use crate::hot::Opened;
use crate::vault::Inner;

/// A version as it lies, and the digest of its sealed body.
pub(super) struct Lies {
    pub(super) row: IndexRow,
    pub(super) digest: [u8; 32],
    /// Its object, as the row beside it says.
    pub(super) blob: Option<Blob>,
}

/// An entry as it lies.
pub(super) struct Tells {
    pub(super) row: EntryRow,
}

pub(super) struct Group {
    pub(super) time_us: i64,
    pub(super) lies: Vec<Lies>,
    pub(super) tells: Vec<Tells>,
}

/// A version with what was sealed beside it.
struct Version {
    opened: Opened,
    digest: String,
    told: bool,
}

impl Group {
    /// The first thing that does not fit. What an entry tells of and is not there goes to `missing`, if anything was
    /// destroyed afterwards.
    pub(super) fn unlike(
        self,
        inner: &Inner,
        gone: &mut Gone,
        missing: &mut BTreeMap<Named, (u64, String)>,
    ) -> Result<Option<Unlike>, VaultFault> {
        let destroyed = gone.after(self.time_us);
        let mut anew = 0;
        let mut versions = Vec::with_capacity(self.lies.len());
        for Lies { row, digest, blob } in self.lies {
            let (rid, kind) = (row.rid, row.kind.to_string());
            if !inner.lies_right(&row)? {
                return Ok(Some(Unlike::Misplaced { rid, kind }));
            }
            match blob.map(|blob| inner.store.read_blob(inner.part, &blob)).transpose() {
                Ok(_) => {}
                Err(StoreError::BlobMissing) => return Ok(Some(Unlike::BlobMissing { rid, kind })),
                Err(StoreError::BlobChanged) => return Ok(Some(Unlike::BlobChanged { rid, kind })),
                Err(error) => return Err(error.into()),
            }
            let told = gone.covers(&row, &digest);
            anew += usize::from(told);
            match inner.open_cold(row) {
                Ok(opened) => versions.push(Version { opened, digest: hex::encode(digest), told }),
                Err(VaultFault::Store(fault)) => return Err(fault.into()),
                Err(_) => return Ok(Some(Unlike::Unreadable { rid, kind })),
            }
        }
        for Tells { row } in self.tells {
            let body = match inner.open_entry(&row) {
                Ok(Some(body)) => body,
                Err(VaultFault::Store(fault)) => return Err(fault.into()),
                Ok(None) | Err(_) => return Ok(Some(Unlike::Entry { entry: row.index })),
            };
            let entry = row.index;
            for (kind, id, version) in items(&body) {
                let id = inner.id_term(kind, id);
                // Version 0 tells of a thing that was not there.
                if version > 0 && inner.store.version_rid(inner.part, kind, &id, version)?.is_none() {
                    if !destroyed {
                        return Ok(Some(Unlike::Missing { entry, kind: kind.to_owned() }));
                    }
                    missing.entry((id, version)).or_insert_with(|| (entry, kind.to_owned()));
                }
            }
            // Of what was sealed anew or destroyed since, the digest of then is nobody's.
            if !digests(&body, &mut versions) && anew == 0 && !destroyed {
                return Ok(Some(Unlike::Changed { entry }));
            }
        }
        // A deletion has no body that a digest could name; that it is there follows from its entry's items.
        // Where others of a batch are gone or sealed anew, one digest over the batch tells nothing of the rest.
        let untold = versions.iter().find(|one| !one.told && !one.opened.row.deleted && anew == 0 && !destroyed);
        Ok(untold.map(|version| {
            let row = &version.opened.row;
            Unlike::Unrecorded { rid: row.rid, kind: row.kind.to_string() }
        }))
    }
}

/// The items that an entry names: kind, id, version.
fn items(body: &EntryBody) -> impl Iterator<Item = (&str, &str, u64)> {
    body.get(field::ITEMS).split(' ').filter_map(|item| {
        let mut parts = item.split('/');
        Some((parts.next()?, parts.next()?, parts.nth(1)?.parse().ok()?))
    })
}

/// Whether every digest of an entry is that of a version; those are told of.
fn digests(body: &EntryBody, versions: &mut [Version]) -> bool {
    let digests = body.get(field::DIGESTS).split(' ').filter(|digest| !digest.is_empty());
    digests.fold(true, |all, digest| {
        let found = match digest.strip_prefix("sha256-of-") {
            None => mark(versions.iter_mut().filter(|one| one.digest == digest && !one.opened.row.deleted)),
            Some(many) => mark_all(many, body.get(field::PATIENT), versions),
        };
        all && found
    })
}

/// Whether there is any; each is told of.
fn mark<'a>(versions: impl Iterator<Item = &'a mut Version>) -> bool {
    versions.fold(false, |_, version| {
        version.told = true;
        true
    })
}

/// One digest over those of all versions of one person, `N:hex`, in the order of their commit.
fn mark_all(all: &str, patient: &str, versions: &mut [Version]) -> bool {
    let of = |version: &&mut Version| {
        let patients = &version.opened.record.patients;
        let his = if patient.is_empty() { patients.is_empty() } else { patients.iter().any(|one| one == patient) };
        his && !version.opened.row.deleted
    };
    let mut mine: Vec<&mut Version> = versions.iter_mut().filter(of).collect();
    let list: Vec<&str> = mine.iter().map(|version| version.digest.as_str()).collect();
    let sum = hex::encode(digest::digest(&digest::SHA256, list.join(" ").as_bytes()));
    let same = all == format!("{}:{sum}", list.len());
    if same {
        mark(mine.iter_mut().map(|version| &mut **version));
    }
    same
}

impl Inner {
    /// Whether a version passes for the current one exactly when it is: nothing but the row says so. Read anew, in one
    /// look, since the next version may have come meanwhile.
    fn lies_right(&self, row: &IndexRow) -> Result<bool, VaultFault> {
        let before = Some(row.version.saturating_add(2));
        let found = self.store.history(self.part, &row.kind, &row.id, None, before, 2)?;
        let Some(own) = found.iter().find(|one| one.rid == row.rid) else { return Ok(false) };
        let next = found.iter().find(|one| one.version == row.version + 1).map_or(CURRENT, |next| next.rid);
        if own.until == next || next != CURRENT {
            return Ok(own.until == next);
        }
        // The next one was destroyed with the person whose it was then; the current one is a later one.
        let newest = self.store.history(self.part, &row.kind, &row.id, None, None, 1)?;
        Ok(newest.first().is_some_and(|newest| newest.version > row.version))
    }
}
