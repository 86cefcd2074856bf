//! Where backups go, how often, and how long their keys are kept.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tacebo_governance::BackupFigures;
use tacebo_vault::BackupPlan;

use super::missing;
use super::objects::{Bucket, ObjectsPlace};

/// `[backup]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    to: Option<PathBuf>,
    s3: Option<WrittenS3>,
    every_hours: Option<u32>,
    drill_every_days: Option<u32>,
    drill_folder: Option<PathBuf>,
    rate_mib_s: Option<u64>,
    keep_keys_days: Option<u32>,
}

/// `[backup.s3]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenS3 {
    endpoint: String,
    bucket: String,
    region: Option<String>,
    prefix: Option<String>,
    access_key_file: PathBuf,
    secret_key_file: PathBuf,
    authority: Option<PathBuf>,
}

/// Backups as the program makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backup {
    /// Where to.
    pub place: ObjectsPlace,
    /// When.
    pub plan: BackupPlan,
    /// Where restores are tried; beside the records unless somebody chose.
    pub drill_folder: Option<PathBuf>,
    /// Bytes in a second at most.
    pub rate: Option<u64>,
    /// Days for which the keys of a backup are kept.
    pub keep_keys_days: u32,
}

impl Backup {
    /// Into a folder, by the figures that ship with the program.
    pub(crate) fn into_folder(dir: PathBuf) -> Result<Self> {
        let written = Written { to: Some(dir), ..Written::default() };
        written.complete("the figures of the program")?.context("no place for backups")
    }
}

impl Written {
    /// Paths in the file are relative to it.
    pub(super) fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let s3 = self
            .s3
            .iter_mut()
            .flat_map(|s3| [&mut s3.access_key_file, &mut s3.secret_key_file].into_iter().chain(s3.authority.as_mut()));
        self.to.iter_mut().chain(self.drill_folder.as_mut()).chain(s3)
    }

    /// Takes a variable of the environment, if it is one of these: the part of its name behind `TACEBO_BACKUP_`.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let number = || value.parse().with_context(|| format!("TACEBO_BACKUP_{key} is no number"));
        match key {
            "TO" => self.to = Some(PathBuf::from(value)),
            "EVERY_HOURS" => self.every_hours = Some(number()?),
            "DRILL_EVERY_DAYS" => self.drill_every_days = Some(number()?),
            "DRILL_FOLDER" => self.drill_folder = Some(PathBuf::from(value)),
            "RATE_MIB_S" => self.rate_mib_s = Some(number()?.into()),
            "KEEP_KEYS_DAYS" => self.keep_keys_days = Some(number()?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What is planned; none where no place is named.
    pub(super) fn complete(self, name: &str) -> Result<Option<Backup>> {
        let place = match (self.to, self.s3) {
            (Some(_), Some(_)) => bail!("{name}: `backup.to` and `[backup.s3]` are two places: name one"),
            (Some(dir), None) => ObjectsPlace::Folder(dir),
            (None, Some(s3)) => {
                let WrittenS3 { endpoint, bucket, region, prefix, access_key_file, secret_key_file, authority } = s3;
                let at = Bucket { endpoint, name: bucket, region, prefix, authority }.at();
                ObjectsPlace::S3 { at: Box::new(at), access_key_file, secret_key_file }
            }
            (None, None) => {
                let idle = self.every_hours.is_none() && self.drill_every_days.is_none() && self.rate_mib_s.is_none();
                if !idle || self.keep_keys_days.is_some() {
                    return Err(missing(name, "backup.to"));
                }
                return Ok(None);
            }
        };
        let figures = BackupFigures::shipped()?;
        let (least, usual, most) = figures.keys_days();
        let keep_keys_days = self.keep_keys_days.unwrap_or(usual);
        if !(least..=most).contains(&keep_keys_days) {
            bail!("{name}: `backup.keep-keys-days` is {keep_keys_days}: use {least} to {most}");
        }
        let every_hours = self.every_hours.unwrap_or(figures.every_hours.value);
        let drill_every_days = self.drill_every_days.unwrap_or(figures.drill_every_days.value);
        for (key, value, longest) in
            [("every-hours", every_hours, 24 * 31), ("drill-every-days", drill_every_days, 366)]
        {
            if !(1..=longest).contains(&value) {
                bail!("{name}: `backup.{key}` is {value}: use 1 to {longest}");
            }
        }
        let plan = BackupPlan {
            every_hours,
            missed_hours: every_hours + figures.missed_extra_hours.value,
            drill_every_days,
            drill_late_days: figures.drill_late_days.value,
            target_minutes: figures.target_minutes.value,
            target_loss_hours: figures.target_loss_hours.value,
        };
        let rate = self.rate_mib_s.filter(|rate| *rate > 0).map(|rate| rate << 20);
        Ok(Some(Backup { place, plan, drill_folder: self.drill_folder, rate, keep_keys_days }))
    }
}
