//! A place for objects, archives or large documents: a folder, or an S3 bucket.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use tacebo_objects::{At, Objects, S3At};

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ObjectsPlace {
    /// In this folder.
    Folder(PathBuf),
    /// In a bucket.
    S3 {
        /// All but the key.
        at: Box<S3At>,
        /// The file with the key's name.
        access_key_file: PathBuf,
        /// The file with the key.
        secret_key_file: PathBuf,
    },
}

/// What names a bucket.
pub(super) struct Bucket {
    pub endpoint: String,
    pub name: String,
    pub region: Option<String>,
    pub prefix: Option<String>,
    pub authority: Option<PathBuf>,
}

impl Bucket {
    /// All but the key, which is read when it is needed.
    pub(super) fn at(self) -> S3At {
        let mut at = S3At::new(&self.endpoint, &self.name, "", "");
        at.region = self.region.unwrap_or(at.region);
        at.prefix = self.prefix.unwrap_or_default();
        at.authority = self.authority;
        at
    }
}

impl ObjectsPlace {
    /// Takes it up. Nothing is asked of a bucket yet.
    pub(crate) fn open(&self) -> Result<Objects> {
        let at = match self {
            Self::Folder(folder) => At::Folder(folder.clone()),
            Self::S3 { at, access_key_file, secret_key_file } => {
                let mut at = at.clone();
                at.access_key = S3At::read_key(access_key_file)?;
                at.secret_key = S3At::read_key(secret_key_file)?;
                At::S3(at)
            }
        };
        Objects::open(&at).with_context(|| format!("{self} cannot be opened"))
    }
}

impl fmt::Display for ObjectsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::S3 { at, .. } => write!(f, "{}/{}/{}", at.endpoint, at.bucket, at.prefix),
        }
    }
}
