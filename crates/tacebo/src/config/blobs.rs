//! Where large documents are: in a folder, or in an S3 bucket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tacebo_vault::BLOBS_FOLDER;

use super::missing;
use super::objects::{Bucket, ObjectsPlace};

/// The longest time that can be set, in seconds.
const LONGEST: u64 = 600;

/// `[blobs]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    folder: Option<PathBuf>,
    endpoint: Option<String>,
    bucket: Option<String>,
    region: Option<String>,
    prefix: Option<String>,
    access_key_file: Option<PathBuf>,
    secret_key_file: Option<PathBuf>,
    authority: Option<PathBuf>,
    patience_s: Option<u64>,
}

impl Written {
    /// Paths in the file are relative to it.
    pub(super) fn paths(&mut self) -> [&mut Option<PathBuf>; 4] {
        [&mut self.folder, &mut self.access_key_file, &mut self.secret_key_file, &mut self.authority]
    }

    /// Takes a variable of the environment, if it is one of these: the part of its name behind `TACEBO_BLOBS_`.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let (path, text) = (|| Some(PathBuf::from(value)), || Some(value.to_owned()));
        match key {
            "FOLDER" => self.folder = path(),
            "ENDPOINT" => self.endpoint = text(),
            "BUCKET" => self.bucket = text(),
            "REGION" => self.region = text(),
            "PREFIX" => self.prefix = text(),
            "ACCESS_KEY_FILE" => self.access_key_file = path(),
            "SECRET_KEY_FILE" => self.secret_key_file = path(),
            "AUTHORITY" => self.authority = path(),
            "PATIENCE_S" => {
                self.patience_s = Some(value.parse().context("TACEBO_BLOBS_PATIENCE_S is no number")?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn complete(self, name: &str, data: &Path) -> Result<ObjectsPlace> {
        let Some(endpoint) = self.endpoint else {
            if self.bucket.is_some() || self.access_key_file.is_some() || self.secret_key_file.is_some() {
                return Err(if self.folder.is_some() { both(name) } else { missing(name, "blobs.endpoint") });
            }
            return Ok(ObjectsPlace::Folder(self.folder.unwrap_or_else(|| data.join(BLOBS_FOLDER))));
        };
        if self.folder.is_some() {
            return Err(both(name));
        }
        let bucket = self.bucket.ok_or_else(|| missing(name, "blobs.bucket"))?;
        let access_key_file = self.access_key_file.ok_or_else(|| missing(name, "blobs.access-key-file"))?;
        let secret_key_file = self.secret_key_file.ok_or_else(|| missing(name, "blobs.secret-key-file"))?;
        let (region, prefix, authority) = (self.region, self.prefix, self.authority);
        let mut at = Bucket { endpoint, name: bucket, region, prefix, authority }.at();
        match self.patience_s {
            Some(n) if (1..=LONGEST).contains(&n) => at.patience.whole = Duration::from_secs(n),
            Some(n) => bail!("{name}: `blobs.patience-s` is {n}: use 1 to {LONGEST}"),
            None => {}
        }
        Ok(ObjectsPlace::S3 { at: Box::new(at), access_key_file, secret_key_file })
    }
}

fn both(name: &str) -> anyhow::Error {
    anyhow::anyhow!("{name}: `blobs` names a folder and a bucket: name one of both")
}
