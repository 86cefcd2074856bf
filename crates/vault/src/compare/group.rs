//! What one commit left: versions, and entries that tell of them.

use aws_lc_rs::digest;
use tacebo_store::{CURRENT, EntryRow, IndexRow};

use super::Unlike;
use crate::disclosed::VaultFault;
use crate::entry::{EntryBody, field};
use crate::hot::Opened;
use crate::vault::Inner;

/// A version as it lies, and the SHA-256 of its sealed body.
pub(super) struct Lies {
    pub(super) row: IndexRow,
    pub(super) digest: [u8; 32],
}

/// An entry as it lies.
pub(super) struct Tells {
    pub(super) row: EntryRow,
}

pub(super) struct Group {
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
    /// The first thing that does not fit.
    pub(super) fn unlike(self, inner: &Inner) -> Result<Option<Unlike>, VaultFault> {
        let mut versions = Vec::with_capacity(self.lies.len());
        for Lies { row, digest } in self.lies {
            let (rid, kind) = (row.rid, row.kind.to_string());
            if !inner.lies_right(&row)? {
                return Ok(Some(Unlike::Misplaced { rid, kind }));
            }
            match inner.open_cold(row) {
                Ok(opened) => versions.push(Version { opened, digest: hex::encode(digest), told: false }),
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
            if let Some(unlike) = told(inner, row.index, &body, &mut versions)? {
                return Ok(Some(unlike));
            }
        }
        // A deletion has no body that a digest could name; that it is there follows from its entry's items.
        let untold = versions.iter().find(|version| !version.told && !version.opened.row.deleted);
        Ok(untold.map(|version| {
            let row = &version.opened.row;
            Unlike::Unrecorded { rid: row.rid, kind: row.kind.to_string() }
        }))
    }
}

/// Compares what one entry tells.
fn told(inner: &Inner, entry: u64, body: &EntryBody, versions: &mut [Version]) -> Result<Option<Unlike>, VaultFault> {
    let get = |name: &str| body.fields.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    for item in get(field::ITEMS).split(' ').filter(|item| !item.is_empty()) {
        let mut parts = item.split('/');
        let (kind, id, version) = (parts.next(), parts.next(), parts.nth(1).and_then(|no| no.parse::<u64>().ok()));
        let (Some(kind), Some(id), Some(version)) = (kind, id, version) else {
            return Ok(Some(Unlike::Entry { entry }));
        };
        // Version 0 tells of a thing that was not there.
        if version > 0 && inner.store.version_rid(inner.part, kind, &inner.id_term(kind, id), version)?.is_none() {
            return Ok(Some(Unlike::Missing { entry, kind: kind.to_owned() }));
        }
    }
    let patient = get(field::PATIENT);
    for digest in get(field::DIGESTS).split(' ').filter(|digest| !digest.is_empty()) {
        let found = match digest.strip_prefix("sha256-of-") {
            None => mark(versions.iter_mut().filter(|one| one.digest == digest && !one.opened.row.deleted)),
            Some(all) => mark_all(all, patient, versions),
        };
        if !found {
            return Ok(Some(Unlike::Changed { entry }));
        }
    }
    Ok(None)
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
        let next = found.iter().find(|one| one.version == row.version + 1).map_or(CURRENT, |next| next.rid);
        Ok(found.iter().any(|one| one.rid == row.rid && one.until == next))
    }
}
