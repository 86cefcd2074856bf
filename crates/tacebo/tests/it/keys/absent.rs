//! Where somebody who was destroyed is looked for: files, memory, and keys opened by hand.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rusqlite::{Connection, OpenFlags};
use tacebo_seal::{Custodian, Realm, SubjectNo};

use crate::program::Program;

pub(crate) fn database(folder: &Path) -> Connection {
    Connection::open_with_flags(folder.join("store.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// A person's data keys in the clear, and as they are wrapped: opened here by hand from the database, by the documented
/// construction (`docs/cryptography.md`), so that they can be looked for. Only AES is done by hand: in the other suite
/// they are looked for as they are wrapped.
pub(super) fn data_keys(folder: &Path, custodian: &dyn Custodian, subject: i64) -> Vec<(Option<Vec<u8>>, Vec<u8>)> {
    let house = database(folder);
    let mut keys = house.prepare("SELECT category, wrapped FROM subject_key WHERE subject = ?1").unwrap();
    let keys = keys.query_map([subject], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
    if tacebo_fixtures::suite() != "international" {
        return keys.map(|row| (None, row.unwrap().1)).collect();
    }
    let row = |bucket: u16| -> (u32, Vec<u8>) {
        let text = "SELECT epoch, wrapped FROM bucket_key WHERE bucket = ?1";
        house.query_row(text, [bucket], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let named: Vec<u8> =
        house.query_row("SELECT value FROM meta WHERE name = 'institution'", [], |row| row.get(0)).unwrap();
    let named: serde_json::Value = serde_json::from_slice(&named).unwrap();
    let realm = u32::try_from(named["realm"].as_u64().unwrap()).unwrap();
    let (epoch, wrapped) = row(0xffff);
    let epoch_key = custodian.unwrap(Realm(realm), epoch, &wrapped).unwrap();
    let no = SubjectNo(subject.cast_unsigned());
    let (_, wrapped) = row(no.bucket());
    let owner =
        [&b"tacebo/bucket/v1\0"[..], &realm.to_be_bytes(), &no.bucket().to_be_bytes(), &epoch.to_be_bytes()].concat();
    let bucket = unwrapped(&epoch_key, &owner, &wrapped);
    keys.map(|row| {
        let (category, wrapped) = row.unwrap();
        let realm = realm.to_be_bytes();
        let owner = [&b"tacebo/data-key/v1\0"[..], &realm, &no.0.to_be_bytes(), &[category]].concat();
        (Some(unwrapped(&bucket, &owner, &wrapped)), wrapped)
    })
    .collect()
}

/// `version ‖ suite ‖ nonce 12 ‖ key 32 ‖ tag 16`.
fn unwrapped(key: &[u8], owner: &[u8], wrapped: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(&wrapped[2..14]).unwrap();
    let mut text = wrapped[14..].to_vec();
    key.open_in_place(nonce, Aad::from(owner), &mut text).unwrap().to_vec()
}

/// Everything that the process can write to: heap, stacks, data.
pub(super) fn memory(program: &Program) -> io::Result<Vec<u8>> {
    let maps = fs::read_to_string(program.proc("maps"))?;
    let mem = File::open(program.proc("mem"))?;
    let mut all = Vec::new();
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (Some(range), Some(rights)) = (parts.next(), parts.next()) else { continue };
        if !rights.starts_with("rw") {
            continue;
        }
        let Some((begin, end)) = range.split_once('-') else { continue };
        let at = |hex: &str| u64::from_str_radix(hex, 16).unwrap();
        let (mut begin, end) = (at(begin), at(end));
        let mut part = vec![0; 1 << 20];
        while begin < end {
            let length = usize::try_from((end - begin).min(1 << 20)).unwrap();
            match mem.read_at(&mut part[..length], begin) {
                // Pages that were never touched, or that the kernel keeps to itself.
                Ok(0) | Err(_) => begin += 4096,
                Ok(read) => {
                    all.extend_from_slice(&part[..read]);
                    begin += read as u64;
                }
            }
        }
        // Nothing may seem to stand where two regions meet.
        all.push(0);
    }
    Ok(all)
}

/// What stands around a word in these bytes, for a test that fails; empty where it does not stand.
pub(super) fn around(bytes: &[u8], word: &[u8]) -> Vec<String> {
    let lines = tacebo_fixtures::places(bytes, word).into_iter().map(|at| {
        let part = &bytes[at.saturating_sub(96)..(at + word.len() + 96).min(bytes.len())];
        part.escape_ascii().to_string()
    });
    lines.collect()
}
