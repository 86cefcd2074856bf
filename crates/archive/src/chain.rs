//! The manifests of an archive, one after the other.

use tacebo_objects::{Name, ObjectError, Objects};

use crate::{
    ArchiveError, Class, Manifest, Object,
    hash::sha256_hex,
    manifest::FORMAT,
    segment::{self, MOST, Row},
};

/// Where manifests are.
pub(crate) const RUNS: &str = "runs";
/// The longest manifest.
const LONGEST: u64 = 256 << 20;

/// A run that was finished.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What it says of itself.
    pub manifest: Manifest,
    /// SHA-256 of that, hex: what the next one and the log name it by.
    pub sha256: String,
}

/// An archive as it stands.
#[derive(Debug, Clone)]
pub struct Chain {
    pub(crate) objects: Objects,
    /// The runs in order.
    pub runs: Vec<Ran>,
}

impl Chain {
    /// Reads every manifest, and sees that each follows from the one before.
    pub fn read(objects: &Objects) -> Result<Self, ArchiveError> {
        let mut chain = Self { objects: objects.clone(), runs: Vec::new() };
        loop {
            let run = chain.runs.len() as u64 + 1;
            let bytes = match objects.get(&run_name(run)?, LONGEST) {
                Ok(bytes) => bytes,
                Err(ObjectError::Missing) => break,
                Err(e) => return Err(e.into()),
            };
            let ran = parsed(run, &bytes)?;
            chain.follows(&ran)?;
            chain.runs.push(ran);
        }
        chain.no_gap()?;
        Ok(chain)
    }

    fn follows(&self, ran: &Ran) -> Result<(), ArchiveError> {
        let new = &ran.manifest;
        let wrong = |why| ArchiveError::Chain { run: new.run, why };
        let Some(last) = self.last() else {
            return if new.before.is_none() { Ok(()) } else { Err(wrong("the first one follows none")) };
        };
        let old = &last.manifest;
        if new.before.as_ref() != Some(&last.sha256) {
            return Err(wrong("it names another one"));
        }
        if (&new.origin, new.part) != (&old.origin, old.part) {
            return Err(wrong("it is of another institution"));
        }
        if new.rid < old.rid || new.log_size < old.log_size || new.checkpoint < old.checkpoint {
            return Err(wrong("it goes back"));
        }
        Ok(())
    }

    /// A manifest that was taken out of the midst would leave the later ones unread.
    fn no_gap(&self) -> Result<(), ArchiveError> {
        let last = self.runs.len() as u64;
        for listed in self.objects.list(RUNS) {
            let listed = listed?;
            let run = listed.name.as_str().rsplit('/').next().and_then(|name| name.strip_suffix(".json")?.parse().ok());
            if run.is_none_or(|run: u64| run > last) {
                return Err(ArchiveError::Missing(run_name(last + 1)?.to_string()));
            }
        }
        Ok(())
    }

    /// The newest run.
    pub fn last(&self) -> Option<&Ran> {
        self.runs.last()
    }

    /// A run by its number.
    pub fn run(&self, run: u64) -> Result<&Ran, ArchiveError> {
        let place = run.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.runs.get(place)).ok_or(ArchiveError::NoRun(run))
    }

    /// When the first commit was that it holds, microseconds since 1970.
    pub fn begins_us(&self) -> Result<Option<i64>, ArchiveError> {
        let mut entries = self.runs.iter().flat_map(|ran| ran.manifest.of(Class::Entries));
        let Some(first) = entries.next() else { return Ok(None) };
        Ok(self.rows(first)?.into_iter().find_map(|row| match row {
            Row::Entry(entry) => Some(entry.time_us),
            _ => None,
        }))
    }

    /// The bytes of an object, if they are those that the manifest names.
    pub(crate) fn bytes(&self, object: &Object) -> Result<Vec<u8>, ArchiveError> {
        let name: Name = object.name.parse()?;
        let bytes = match self.objects.get(&name, MOST.max(object.bytes)) {
            Ok(bytes) => bytes,
            Err(ObjectError::Missing) => return Err(ArchiveError::Missing(object.name.clone())),
            Err(ObjectError::Length { .. }) => return Err(ArchiveError::Altered(object.name.clone())),
            Err(e) => return Err(e.into()),
        };
        if bytes.len() as u64 != object.bytes || sha256_hex(&bytes) != object.sha256 {
            return Err(ArchiveError::Altered(object.name.clone()));
        }
        Ok(bytes.to_vec())
    }

    /// The rows of an object.
    pub(crate) fn rows(&self, object: &Object) -> Result<Vec<Row>, ArchiveError> {
        let rows = segment::rows(&object.name, object.class, &self.bytes(object)?)?;
        if rows.len() as u64 != object.rows {
            return Err(ArchiveError::Damaged { object: object.name.clone(), why: "another number of rows" });
        }
        Ok(rows)
    }

    /// The newest run at or before `run` whose keys are all there.
    pub(crate) fn has_keys(&self, ran: &Ran) -> Result<bool, ArchiveError> {
        for object in ran.manifest.of(Class::Keys) {
            match self.objects.head(&object.name.parse()?) {
                Ok(_) => {}
                Err(ObjectError::Missing) => return Ok(false),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(true)
    }
}

pub(crate) fn run_name(run: u64) -> Result<Name, ArchiveError> {
    Ok(format!("{RUNS}/{run:010}.json").parse()?)
}

fn parsed(run: u64, bytes: &[u8]) -> Result<Ran, ArchiveError> {
    let damaged = |why| ArchiveError::Damaged { object: format!("{RUNS}/{run:010}.json"), why };
    let form: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| damaged("no manifest"))?;
    match form.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found > u64::from(FORMAT) => return Err(ArchiveError::Newer(u32::try_from(found).unwrap_or(0))),
        _ => {}
    }
    let manifest: Manifest = serde_json::from_value(form).map_err(|_| damaged("no manifest"))?;
    if manifest.run != run {
        return Err(damaged("the manifest of another run"));
    }
    Ok(Ran { manifest, sha256: sha256_hex(bytes) })
}
