//! Where objects are.

use std::{fmt, fs, path::Path, path::PathBuf, time::Duration};

use zeroize::Zeroizing;

use crate::ObjectError;

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// In a folder of this machine, made if it is not there.
    Folder(PathBuf),
    /// In a bucket.
    S3(Box<S3At>),
}

/// A bucket, and how it is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct S3At {
    /// `https://host:port`. Clear text (`http`) goes to this very machine only.
    pub endpoint: String,
    /// The bucket. It must be there.
    pub bucket: String,
    /// The region that requests are signed for.
    pub region: String,
    /// What stands before every name, for several houses in one bucket; may be empty.
    pub prefix: String,
    /// Name of the key that requests are signed with.
    pub access_key: Zeroizing<String>,
    /// The key.
    pub secret_key: Zeroizing<String>,
    /// Certificates (PEM) of whoever vouches for the server's name. Needed with `https`.
    pub authority: Option<PathBuf>,
    /// How long is waited, and how often tried.
    pub patience: Patience,
}

impl fmt::Debug for S3At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3At").field("endpoint", &self.endpoint).field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl S3At {
    /// A bucket with the usual patience.
    pub fn new(endpoint: &str, bucket: &str, access_key: &str, secret_key: &str) -> Self {
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            bucket: bucket.to_owned(),
            region: "us-east-1".to_owned(),
            prefix: String::new(),
            access_key: Zeroizing::new(access_key.to_owned()),
            secret_key: Zeroizing::new(secret_key.to_owned()),
            authority: None,
            patience: Patience::default(),
        }
    }

    /// Reads one of the two keys from its file; the line's end is no part of it.
    pub fn read_key(file: &Path) -> Result<Zeroizing<String>, ObjectError> {
        let wrong = |why: &dyn fmt::Display| ObjectError::Configuration(format!("{}: {why}", file.display()));
        let text = Zeroizing::new(fs::read_to_string(file).map_err(|e| wrong(&e))?);
        match text.trim() {
            "" => Err(wrong(&"no key in it")),
            key => Ok(Zeroizing::new(key.to_owned())),
        }
    }
}

/// How long is waited, and how often tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the head of an answer, and for each next piece of its body.
    pub answer: Duration,
    /// For everything that one call does, attempts and pauses between them included.
    pub whole: Duration,
    /// Attempts after the first; the pauses between them double and are spread by chance.
    pub again: usize,
    /// Requests that may be on their way at once.
    pub together: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            again: 3,
            together: 64,
        }
    }
}
