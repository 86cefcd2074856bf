//! The handle: what can be done with objects.

use std::{fmt, ops::Range, sync::Arc, time::SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use crate::{
    At, Listed, Listing, Name, ObjectError, Patience, Upload,
    folder::Folder,
    listing,
    s3::{Bucket, meant},
    wire::Wire,
};

/// Objects in one place. Cheap to clone. Every call waits for its answer, on any thread; none waits longer than
/// [`Patience::whole`], but [`Objects::list`] and [`Upload`], whose steps do.
#[derive(Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    prefix: String,
    patience: Patience,
    /// Ends last: what is asked of the place runs there.
    wire: Wire,
}

pub(crate) enum Place {
    Folder(Folder),
    Bucket(Bucket),
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match &self.inner.place {
            Place::Folder(_) => "folder",
            Place::Bucket(_) => "bucket",
        };
        f.debug_struct("Objects").field("in", &place).finish_non_exhaustive()
    }
}

impl Objects {
    /// Takes up what is needed. Nothing is made or asked for yet, so that a house whose bucket is away starts and serves what
    /// does not need it.
    pub fn open(at: &At) -> Result<Self, ObjectError> {
        let (place, prefix, patience) = match at {
            At::Folder(root) => (Place::Folder(Folder::new(root)), String::new(), Patience::default()),
            At::S3(at) => (Place::Bucket(Bucket::new(at)?), at.prefix.clone(), at.patience),
        };
        let wire = Wire::new(patience.together, patience.whole)?;
        Ok(Self { inner: Arc::new(Inner { place, prefix, patience, wire }) })
    }

    /// Makes an object. When this returns `Ok`, it survives a power cut. After [`ObjectError::Silent`] and
    /// [`ObjectError::Unreachable`] it may be there or not: a new attempt takes a new name, and the old one is swept.
    pub fn put(&self, name: &Name, bytes: impl Into<Bytes>) -> Result<(), ObjectError> {
        let (path, bytes) = (name.path(&self.inner.prefix), bytes.into());
        match &self.inner.place {
            // Not tried again: after a failed sync the next one may say yes without having written anything.
            Place::Folder(folder) => {
                let store = folder.made()?;
                self.inner.wire.wait(async move { create(&*store, &path, bytes).await })
            }
            Place::Bucket(bucket) => {
                let (once, patient) = (Arc::clone(&bucket.once), Arc::clone(&bucket.patient));
                let again = self.inner.patience.again;
                self.inner.wire.wait(async move { create_anyway(&*once, &*patient, &path, bytes, again).await })
            }
        }
    }

    /// Makes an object in pieces, for what is too big to be held whole. The name must be one that nobody else uses: two
    /// uploads under one name are not told apart.
    pub fn upload(&self, name: &Name) -> Result<Upload, ObjectError> {
        match self.head(name) {
            Ok(_) => Err(ObjectError::Taken),
            Err(ObjectError::Missing) => Upload::start(self.clone(), name.path(&self.inner.prefix)),
            Err(error) => Err(error),
        }
    }

    /// A whole object, of no more than `most` bytes.
    pub fn get(&self, name: &Name, most: u64) -> Result<Bytes, ObjectError> {
        self.fetch(name, None, most)
    }

    /// Bytes of an object; it must have all of them.
    pub fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Bytes, ObjectError> {
        let wanted = range.end.saturating_sub(range.start);
        if wanted == 0 {
            return Ok(Bytes::new());
        }
        let got = self.fetch(name, Some(range), wanted)?;
        match got.len() as u64 {
            found if found == wanted => Ok(got),
            found => Err(ObjectError::Length { wanted, found }),
        }
    }

    /// Length and age of an object.
    pub fn head(&self, name: &Name) -> Result<Listed, ObjectError> {
        let (store, path) = (self.store()?, name.path(&self.inner.prefix));
        let prefix = self.inner.prefix.clone();
        self.inner.wire.wait(async move {
            let meta = store.head(&path).await.map_err(|e| meant(&e))?;
            listing::listed(&meta, &prefix).ok_or(ObjectError::Name)
        })
    }

    /// Every object whose name begins with these segments (`""` for all).
    pub fn list(&self, under: &str) -> Listing {
        let prefix = format!("{}/{under}", self.inner.prefix);
        let path = prefix.split('/').filter(|part| !part.is_empty()).collect();
        let (prefix, patience) = (self.inner.prefix.clone(), self.inner.patience.whole);
        Listing::start(&self.inner.wire, self.store(), prefix, path, patience)
    }

    /// Removes an object, durably; one that is not there is no error.
    pub fn delete(&self, name: &Name) -> Result<(), ObjectError> {
        let path = name.path(&self.inner.prefix);
        let store = match self.store() {
            Err(ObjectError::Missing) => return Ok(()),
            store => store?,
        };
        let done = self.inner.wire.wait(async move { store.delete(&path).await.map_err(|e| meant(&e)) });
        match (&self.inner.place, done) {
            (_, Err(ObjectError::Missing)) => Ok(()),
            (Place::Folder(folder), Ok(())) => folder.settle(name),
            (_, done) => done,
        }
    }

    /// Removes what was being written before this time and never finished. In a bucket that is the work of its own rules
    /// (`AbortIncompleteMultipartUpload`).
    pub fn sweep_halves(&self, before: SystemTime) -> Result<u64, ObjectError> {
        match &self.inner.place {
            Place::Folder(folder) => folder.sweep(before),
            Place::Bucket(_) => Ok(0),
        }
    }

    fn fetch(&self, name: &Name, range: Option<Range<u64>>, most: u64) -> Result<Bytes, ObjectError> {
        let (store, path) = (self.store()?, name.path(&self.inner.prefix));
        let again = self.inner.patience.again;
        self.inner.wire.wait(async move {
            let mut pause = FIRST_PAUSE;
            for attempt in 0.. {
                match fetch(&*store, &path, range.clone(), most).await {
                    // A body that ended in the midst: the library asks again for the rest by itself, but not for ever.
                    Err(error) if error.is_passing() && attempt < again => {
                        tokio::time::sleep(pause).await;
                        pause *= 2;
                    }
                    done => return done,
                }
            }
            Err(ObjectError::Busy)
        })
    }

    /// The store for what may be asked twice.
    fn store(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        match &self.inner.place {
            Place::Folder(folder) => folder.there(),
            Place::Bucket(bucket) => Ok(Arc::clone(&bucket.patient)),
        }
    }

    /// The same for writing.
    pub(crate) fn made(&self) -> Result<Arc<dyn ObjectStore>, ObjectError> {
        match &self.inner.place {
            Place::Folder(folder) => folder.made(),
            Place::Bucket(bucket) => Ok(Arc::clone(&bucket.patient)),
        }
    }

    pub(crate) fn wire(&self) -> &Wire {
        &self.inner.wire
    }
}

/// The pause after a first attempt that failed.
const FIRST_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

async fn create(store: &dyn ObjectStore, path: &object_store::path::Path, bytes: Bytes) -> Result<(), ObjectError> {
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    store.put_opts(path, PutPayload::from_bytes(bytes), options).await.map(drop).map_err(|e| meant(&e))
}

/// Makes an object over a line that may lose answers: what an attempt without an answer has made is found by its bytes.
async fn create_anyway(
    once: &dyn ObjectStore,
    patient: &dyn ObjectStore,
    path: &object_store::path::Path,
    bytes: Bytes,
    again: usize,
) -> Result<(), ObjectError> {
    let mut pause = FIRST_PAUSE;
    for attempt in 0..=again {
        match create(once, path, bytes.clone()).await {
            Err(ObjectError::Taken) if attempt > 0 => {
                let found = fetch(patient, path, None, bytes.len() as u64).await;
                return if found.is_ok_and(|found| found == bytes) { Ok(()) } else { Err(ObjectError::Taken) };
            }
            Err(error) if matches!(error, ObjectError::Unreachable(_)) && attempt < again => {
                tracing::debug!(%error, "an object is put again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            done => return done,
        }
    }
    Err(ObjectError::Busy)
}

async fn fetch(
    store: &dyn ObjectStore,
    path: &object_store::path::Path,
    range: Option<Range<u64>>,
    most: u64,
) -> Result<Bytes, ObjectError> {
    let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
    let got = store.get_opts(path, options).await.map_err(|e| meant(&e))?;
    let coming = got.range.end.saturating_sub(got.range.start);
    if coming > most {
        return Err(ObjectError::Length { wanted: most, found: coming });
    }
    // Never more than was promised is held, whatever comes.
    let mut bytes = Vec::with_capacity(usize::try_from(coming).unwrap_or(0));
    let mut stream = got.into_stream();
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.map_err(|e| meant(&e))?);
        if bytes.len() as u64 > coming {
            break;
        }
    }
    match bytes.len() as u64 {
        found if found == coming => Ok(Bytes::from(bytes)),
        found => Err(ObjectError::Length { wanted: coming, found }),
    }
}
