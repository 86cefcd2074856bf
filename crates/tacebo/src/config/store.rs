//! Where the records are: a file in the data folder, or a PostgreSQL database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tacebo_store::{At, NodeAt, PostgresAt, PostgresHost, Prepared};
use zeroize::Zeroizing;

use super::missing;

/// What the database and the role are called unless somebody chose otherwise.
const NAME: &str = "tacebo";
/// The longest time that can be set, in seconds: an hour.
const LONGEST: u64 = 3600;
/// The most connections of one sort.
const MOST: usize = 1000;

/// `[store]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    engine: Option<Engine>,
    hosts: Option<Vec<String>>,
    database: Option<String>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    authority: Option<PathBuf>,
    prepared: Option<Statements>,
    readers: Option<usize>,
    snapshots: Option<usize>,
    statement_timeout_s: Option<u64>,
    lock_timeout_s: Option<u64>,
    patience_s: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Statements {
    Named,
    Unnamed,
}

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StorePlace {
    /// A file in the data folder.
    Folder,
    /// A database, and the file with the role's password.
    Postgres {
        /// All but the password.
        at: Box<PostgresAt>,
        /// The file with it.
        password_file: Option<PathBuf>,
    },
}

impl Written {
    /// Paths in the file are relative to it.
    pub(super) fn paths(&mut self) -> [&mut Option<PathBuf>; 2] {
        [&mut self.password_file, &mut self.authority]
    }

    /// Takes a variable of the environment, if it is one of these: the part of its name behind `TACEBO_STORE_`.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<bool> {
        let path = || Some(PathBuf::from(value));
        match key {
            "ENGINE" => {
                self.engine = Some(match value {
                    "sqlite" => Engine::Sqlite,
                    "postgres" => Engine::Postgres,
                    _ => bail!("TACEBO_STORE_ENGINE is `{value}`: use sqlite or postgres"),
                });
            }
            "HOSTS" => self.hosts = Some(value.split(',').map(|host| host.trim().to_owned()).collect()),
            "DATABASE" => self.database = Some(value.to_owned()),
            "USER" => self.user = Some(value.to_owned()),
            "PASSWORD_FILE" => self.password_file = path(),
            "AUTHORITY" => self.authority = path(),
            "PREPARED" => {
                self.prepared = Some(match value {
                    "named" => Statements::Named,
                    "unnamed" => Statements::Unnamed,
                    _ => bail!("TACEBO_STORE_PREPARED is `{value}`: use named or unnamed"),
                });
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn complete(self, name: &str) -> Result<StorePlace> {
        if self.engine.unwrap_or(Engine::Sqlite) == Engine::Sqlite {
            let idle = self.hosts.is_none() && self.database.is_none() && self.user.is_none();
            if !idle || self.password_file.is_some() || self.authority.is_some() {
                bail!("{name}: `store` names a database and not its engine: add `engine = \"postgres\"`");
            }
            return Ok(StorePlace::Folder);
        }
        let hosts = self.hosts.filter(|hosts| !hosts.is_empty()).ok_or_else(|| missing(name, "store.hosts"))?;
        let hosts: Vec<PostgresHost> = hosts
            .iter()
            .map(|host| host.parse().with_context(|| format!("{name}: `store.hosts`")))
            .collect::<Result<_>>()?;
        let (database, user) = (self.database.as_deref().unwrap_or(NAME), self.user.as_deref().unwrap_or(NAME));
        let mut at = PostgresAt::new(hosts, database, user);
        at.authority = self.authority;
        if self.prepared == Some(Statements::Unnamed) {
            at.prepared = Prepared::Unnamed;
        }
        for (key, given, place) in
            [("readers", self.readers, &mut at.readers), ("snapshots", self.snapshots, &mut at.snapshots)]
        {
            match given {
                Some(n) if (1..=MOST).contains(&n) => *place = n,
                Some(n) => bail!("{name}: `store.{key}` is {n}: use 1 to {MOST}"),
                None => {}
            }
        }
        for (key, given, place) in [
            ("statement-timeout-s", self.statement_timeout_s, &mut at.statement_timeout),
            ("lock-timeout-s", self.lock_timeout_s, &mut at.lock_timeout),
            ("patience-s", self.patience_s, &mut at.patience),
        ] {
            match given {
                Some(n) if (1..=LONGEST).contains(&n) => *place = Duration::from_secs(n),
                Some(n) => bail!("{name}: `store.{key}` is {n}: use 1 to {LONGEST}"),
                None => {}
            }
        }
        Ok(StorePlace::Postgres { at: Box::new(at), password_file: self.password_file })
    }
}

impl StorePlace {
    /// As the store takes it. `alone`: no other program may have it open, which a folder sees to by itself.
    pub(crate) fn at(&self, data: &Path, alone: bool) -> Result<At> {
        let Self::Postgres { at, password_file } = self else {
            return Ok(At::Folder(data.to_owned()));
        };
        let mut at = at.clone();
        if let Some(file) = password_file {
            let text = std::fs::read_to_string(file).map(Zeroizing::new);
            let text = text.with_context(|| format!("the password file {} cannot be read", file.display()))?;
            at.password = Some(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()));
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = format!("{}, process {}", host.trim(), std::process::id());
        at.node = Some(NodeAt { name, term: NodeAt::TERM, alone });
        Ok(At::Postgres(at))
    }
}
