//! The configuration file of `serve` and `init`, and the environment that overrides it.
//!
//! Every key can be set as `TACEBO_…` too (`listen` is `TACEBO_LISTEN`, `tls.key` is `TACEBO_TLS_KEY`); the
//! environment wins. An unknown key or variable is an error: a misspelt limit must not be silently ignored.

mod backup;
mod blobs;
mod custody;
mod objects;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use tacebo_vault::CustodyTerms;

use crate::logging::Format;
use crate::suite::Choice;

pub(crate) use backup::Backup;
pub(crate) use custody::{Custody, FileAt};
pub(crate) use objects::ObjectsPlace;
pub(crate) use store::StorePlace;

/// Prefix of environment variables.
const PREFIX: &str = "TACEBO_";
const LISTEN: &str = "127.0.0.1:8080";
const BODY_MIB: usize = 64;
const FILTER: &str = "info";

/// The file as written; everything in it may be left out or come from the environment.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    data: Option<PathBuf>,
    suite: Option<Choice>,
    listen: Option<Vec<SocketAddr>>,
    public_url: Option<String>,
    metrics_token: Option<String>,
    #[serde(default)]
    tls: WrittenTls,
    #[serde(default)]
    store: store::Written,
    #[serde(default)]
    backup: backup::Written,
    #[serde(default)]
    blobs: blobs::Written,
    #[serde(default)]
    custody: custody::Written,
    #[serde(default)]
    log: WrittenLog,
    #[serde(default)]
    limits: WrittenLimits,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenTls {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenLog {
    format: Option<Format>,
    filter: Option<String>,
    witness: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenLimits {
    body_mib: Option<usize>,
    lock_memory: Option<bool>,
}

/// What the program runs with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Data folder.
    pub data: PathBuf,
    /// The suite that the institution is founded in, or must have been founded in.
    pub suite: Option<Choice>,
    /// Where to listen.
    pub listen: Vec<SocketAddr>,
    /// How others reach the house.
    pub public_url: Option<String>,
    /// Bearer for `/metrics`.
    pub metrics_token: Option<String>,
    /// Certificate chain and key, PEM.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Where the records are.
    pub store: StorePlace,
    /// Where large documents are.
    pub blobs: ObjectsPlace,
    /// Backups, if any are made.
    pub backup: Option<Backup>,
    /// A file elsewhere that knows the newest checkpoint.
    pub witness: Option<PathBuf>,
    /// Who holds the root keys.
    pub custody: Custody,
    /// How the custodian is asked whether it is still there.
    pub custody_terms: CustodyTerms,
    /// How log lines look.
    pub log_format: Format,
    /// Which log lines are written.
    pub log_filter: String,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Whether nothing may be swapped out.
    pub lock_memory: bool,
}

/// What a backup is made of, without any key.
pub(crate) struct Archived {
    /// Where the records are.
    pub store: StorePlace,
    /// Data folder.
    pub data: Option<PathBuf>,
    /// Where large documents are.
    pub blobs: Option<ObjectsPlace>,
    /// Where to, and how.
    pub backup: Option<Backup>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("data", &self.data).field("listen", &self.listen).finish_non_exhaustive()
    }
}

impl Config {
    /// Certificate chain and key, if the doors speak TLS.
    pub(crate) fn tls(&self) -> Option<(&Path, &Path)> {
        self.tls.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()))
    }

    /// Reads the file (if one is named) and the environment over it.
    pub(crate) fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Self> {
        let (written, name) = Written::read(file)?;
        written.overridden(environment)?.complete(&name)
    }

    /// Where records and large documents are, and the data folder, of a file that need not name a custodian: for whoever only verifies.
    pub(crate) fn place(
        file: &Path,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<(StorePlace, ObjectsPlace, PathBuf)> {
        let (written, name) = Written::read(Some(file))?;
        let written = written.overridden(environment)?;
        let data = written.data.ok_or_else(|| missing(&name, "data"))?;
        Ok((written.store.complete(&name)?, written.blobs.complete(&name, &data)?, data))
    }

    /// The same with its backups: for whoever makes one without any key.
    pub(crate) fn archived(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Archived> {
        let (written, name) = Written::read(file)?;
        let written = written.overridden(environment)?;
        let blobs = written.data.as_ref().map(|data| written.blobs.complete(&name, data)).transpose()?;
        let (store, backup) = (written.store.complete(&name)?, written.backup.complete(&name)?);
        Ok(Archived { store, data: written.data, blobs, backup })
    }
}

impl Written {
    /// Reads the file, if one is named; and what to call it in errors.
    fn read(file: Option<&Path>) -> Result<(Self, String)> {
        let Some(path) = file else {
            return Ok((Self::default(), "the environment".to_owned()));
        };
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
        let name = path.display().to_string();
        let written: Self = toml::from_str(&text).map_err(|error| anyhow!("{name}: {error}"))?;
        Ok((written.rooted(path.parent().unwrap_or(Path::new(""))), name))
    }

    /// Paths in the file are relative to the file.
    fn rooted(mut self, folder: &Path) -> Self {
        for path in self.backup.paths() {
            *path = folder.join(&*path);
        }
        let paths = [&mut self.data, &mut self.tls.certificate, &mut self.tls.key, &mut self.log.witness];
        for path in
            paths.into_iter().chain(self.custody.paths()).chain(self.store.paths()).chain(self.blobs.paths()).flatten()
        {
            *path = folder.join(&*path);
        }
        self
    }

    fn overridden(mut self, environment: impl Iterator<Item = (String, String)>) -> Result<Self> {
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let path = || Some(PathBuf::from(&value));
            match key {
                "DATA" => self.data = path(),
                "SUITE" => {
                    let choice = <Choice as clap::ValueEnum>::from_str(&value, false);
                    self.suite =
                        Some(choice.map_err(|_| anyhow!("{name} is `{value}`: use international or shangmi"))?);
                }
                "LISTEN" => self.listen = Some(addresses(&value).with_context(|| format!("{name} is no address"))?),
                "PUBLIC_URL" => self.public_url = Some(value),
                "METRICS_TOKEN" => self.metrics_token = Some(value),
                "TLS_CERTIFICATE" => self.tls.certificate = path(),
                "TLS_KEY" => self.tls.key = path(),
                "LOG_FORMAT" => {
                    self.log.format = Some(match value.as_str() {
                        "json" => Format::Json,
                        "text" => Format::Text,
                        _ => bail!("{name} is `{value}`: use json or text"),
                    });
                }
                "LOG_FILTER" => self.log.filter = Some(value),
                "LOG_WITNESS" => self.log.witness = path(),
                "LIMITS_BODY_MIB" => {
                    self.limits.body_mib = Some(value.parse().with_context(|| format!("{name} is no number"))?);
                }
                "LIMITS_LOCK_MEMORY" => {
                    self.limits.lock_memory =
                        Some(value.parse().with_context(|| format!("{name} is not true or false"))?);
                }
                _ if self.set_in_section(key, &value)? => {}
                _ => bail!("the environment variable {name} is not known: see `tacebo serve --help` for the keys"),
            }
        }
        Ok(self)
    }

    /// Takes a variable of a section that reads its own.
    fn set_in_section(&mut self, key: &str, value: &str) -> Result<bool> {
        if let Some(key) = key.strip_prefix("STORE_") {
            return self.store.set(key, value);
        }
        if let Some(key) = key.strip_prefix("BLOBS_") {
            return self.blobs.set(key, value);
        }
        if let Some(key) = key.strip_prefix("BACKUP_") {
            return self.backup.set(key, value);
        }
        if let Some(key) = key.strip_prefix("CUSTODY_") {
            return self.custody.set(key, value);
        }
        Ok(false)
    }

    fn complete(self, name: &str) -> Result<Config> {
        let data = self.data.ok_or_else(|| missing(name, "data"))?;
        let tls = match (self.tls.certificate, self.tls.key) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, Some(_)) => return Err(missing(name, "tls.certificate")),
            (Some(_), None) => return Err(missing(name, "tls.key")),
        };
        let listen = match self.listen {
            Some(listen) if listen.is_empty() => {
                bail!("{name}: `listen` is empty: name at least one address")
            }
            Some(listen) => listen,
            None => addresses(LISTEN)?,
        };
        let body_mib = self.limits.body_mib.unwrap_or(BODY_MIB);
        if !(1..=1024).contains(&body_mib) {
            bail!("{name}: `limits.body-mib` is {body_mib}: use 1 to 1024");
        }
        Ok(Config {
            store: self.store.complete(name)?,
            custody_terms: self.custody.terms(name)?,
            blobs: self.blobs.complete(name, &data)?,
            backup: self.backup.complete(name)?,
            witness: self.log.witness,
            custody: self.custody.complete(name)?,
            data,
            suite: self.suite,
            listen,
            public_url: self.public_url,
            metrics_token: self.metrics_token,
            tls,
            log_format: self.log.format.unwrap_or(Format::Json),
            log_filter: self.log.filter.unwrap_or_else(|| FILTER.to_owned()),
            body_limit: body_mib << 20,
            lock_memory: self.limits.lock_memory.unwrap_or(false),
        })
    }
}

fn addresses(text: &str) -> Result<Vec<SocketAddr>> {
    text.split(',').map(|one| Ok(one.trim().parse()?)).collect()
}

fn missing(name: &str, key: &str) -> anyhow::Error {
    let variable = format!("{PREFIX}{}", key.to_uppercase().replace(['.', '-'], "_"));
    anyhow!("{name}: `{key}` is missing: set it in the file or as {variable}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        data = "data"
        listen = ["0.0.0.0:8443", "[::1]:8080"]
        [tls]
        certificate = "/etc/tacebo/tls.pem"
        key = "tls.key"
        [custody]
        file = "/keys/root.json"
        passphrase-file = "/run/passphrase"
        [log]
        format = "text"
        [limits]
        body-mib = 16
    "#;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tacebo.toml");
        std::fs::write(&file, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut config = Config::load(Some(&file), environment)?;
        // The temporary folder's name is not part of what is tested.
        config.data = config.data.strip_prefix(dir.path()).unwrap_or(&config.data).to_owned();
        Ok(config)
    }

    #[test]
    fn a_whole_file_is_read_with_paths_relative_to_it() {
        let config = load(WHOLE, &[]).unwrap();
        assert_eq!(config.data, Path::new("data"));
        assert_eq!(config.listen, addresses("0.0.0.0:8443,[::1]:8080").unwrap());
        let (certificate, key) = config.tls.unwrap();
        assert_eq!(certificate, Path::new("/etc/tacebo/tls.pem"));
        assert!(key.is_absolute() && key.ends_with("tls.key"));
        assert_eq!((config.log_format, config.body_limit), (Format::Text, 16 << 20));
    }

    #[test]
    fn a_suite_is_named_or_left_to_the_founding() {
        assert_eq!(load(WHOLE, &[]).unwrap().suite, None);
        let shangmi = format!("suite = \"shangmi\"\n{WHOLE}");
        assert_eq!(load(&shangmi, &[]).unwrap().suite, Some(Choice::Shangmi));
        let environment = [("TACEBO_SUITE", "international")];
        assert_eq!(load(&shangmi, &environment).unwrap().suite, Some(Choice::International));
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let environment = [("TACEBO_LISTEN", "127.0.0.1:0"), ("TACEBO_LIMITS_BODY_MIB", "1"), ("HOME", "/root")];
        let config = load(WHOLE, &environment).unwrap();
        assert_eq!(config.listen, addresses("127.0.0.1:0").unwrap());
        assert_eq!(config.body_limit, 1 << 20);
    }

    #[test]
    fn an_unknown_key_or_variable_is_named() {
        let error = load("dta = \"x\"", &[]).unwrap_err().to_string();
        assert!(error.contains("`dta`") && error.contains("tacebo.toml"), "{error}");
        let error = load(WHOLE, &[("TACEBO_LISTN", "x")]).unwrap_err().to_string();
        assert!(error.contains("TACEBO_LISTN"), "{error}");
        let error = load(&WHOLE.replace("body-mib", "body-mb"), &[]).unwrap_err().to_string();
        assert!(error.contains("body-mb"), "{error}");
    }

    #[test]
    fn a_missing_key_is_named_with_its_variable() {
        let error = load("data = \"x\"", &[]).unwrap_err().to_string();
        assert!(error.contains("custody.file") && error.contains("TACEBO_CUSTODY_FILE"), "{error}");
        let error = load(&WHOLE.replace("key = ", "#"), &[]).unwrap_err().to_string();
        assert!(error.contains("tls.key"), "{error}");
        let error = load("", &[]).unwrap_err().to_string();
        assert!(error.contains("TACEBO_DATA"), "{error}");
    }

    #[test]
    fn the_custodian_is_asked_and_its_keys_end_within_bounds() {
        let terms =
            |text: &str, environment: &[(&str, &str)]| load(text, environment).map(|config| config.custody_terms);
        let usual = terms(WHOLE, &[]).unwrap();
        assert_eq!((usual.every.as_secs(), usual.hold.as_secs()), (60, 86_400));
        let set = terms(WHOLE, &[("TACEBO_CUSTODY_ASK_EVERY_S", "5"), ("TACEBO_CUSTODY_HOLD_S", "3600")]).unwrap();
        assert_eq!((set.every.as_secs(), set.hold.as_secs()), (5, 3_600));
        for wrong in ["0", "604801", "soon"] {
            let error = terms(WHOLE, &[("TACEBO_CUSTODY_HOLD_S", wrong)]).unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn root_keys_are_in_one_place_only() {
        let without =
            WHOLE.replace("file = \"/keys/root.json\"", "").replace("passphrase-file = \"/run/passphrase\"", "");
        let module = format!("{without}\n[custody.pkcs11]\nlibrary = \"/m.so\"\ntoken = \"t\"\npin-file = \"pin\"");
        let Custody::Pkcs11(found) = load(&module, &[("TACEBO_CUSTODY_PKCS11_NAME", "ours")]).unwrap().custody else {
            panic!("no module");
        };
        assert_eq!((found.at.library.as_path(), &*found.at.token, &*found.at.name), (Path::new("/m.so"), "t", "ours"));
        assert!(found.pin_file.is_absolute() && found.pin_file.ends_with("pin"));
        let error = load(&module.replace("token = \"t\"", ""), &[]).unwrap_err().to_string();
        assert!(error.contains("custody.pkcs11.token") && error.contains("TACEBO_CUSTODY_PKCS11_TOKEN"), "{error}");
        let error = load(&module, &[("TACEBO_CUSTODY_FILE", "x")]).unwrap_err().to_string();
        assert!(error.contains("several custodians"), "{error}");

        let service = format!("{without}\n[custody.transit]\naddress = \"https://bao:8200\"\ntoken-file = \"token\"");
        let Custody::Transit(found) = load(&service, &[("TACEBO_CUSTODY_TRANSIT_MOUNT", "kms")]).unwrap().custody
        else {
            panic!("no service");
        };
        assert_eq!((&*found.at.address, &*found.at.mount, &*found.at.name), ("https://bao:8200", "kms", "tacebo"));
        assert!(found.token_file.is_absolute() && found.token_file.ends_with("token"));
        let error = load(&service, &[("TACEBO_CUSTODY_PKCS11_TOKEN", "x")]).unwrap_err().to_string();
        assert!(error.contains("custody.pkcs11.library"), "{error}");
    }

    #[test]
    fn a_database_is_named_whole_or_not_at_all() {
        assert_eq!(load(WHOLE, &[]).unwrap().store, StorePlace::Folder);
        let text = format!(
            "{WHOLE}\n[store]\nengine = \"postgres\"\nhosts = [\"db1\", \"db2:6432\"]\npassword-file = \"pw\"\nlock-timeout-s = 3"
        );
        let config = load(&text, &[("TACEBO_STORE_USER", "app"), ("TACEBO_STORE_PREPARED", "unnamed")]).unwrap();
        let StorePlace::Postgres { at, password_file } = &config.store else { panic!("no database") };
        assert_eq!((at.hosts.len(), &*at.database, &*at.user), (2, "tacebo", "app"));
        assert_eq!((at.prepared, at.lock_timeout.as_secs()), (tacebo_store::Prepared::Unnamed, 3));
        assert!(password_file.as_ref().unwrap().is_absolute());
        assert!(config.store.at(Path::new("x"), true).unwrap_err().to_string().contains("password file"));
        for (text, environment, named) in [
            (text.replace("engine = \"postgres\"", ""), None, "engine = \"postgres\""),
            (text.replace("hosts", "# "), None, "store.hosts"),
            (text.replace("= 3", "= 0"), None, "store.lock-timeout-s"),
            (text.clone(), Some(("TACEBO_STORE_HOSTS", "a:b")), "store.hosts"),
            (text.clone(), Some(("TACEBO_STORE_ENGINE", "oracle")), "TACEBO_STORE_ENGINE"),
            (text.clone(), Some(("TACEBO_STORE_HOST", "a")), "TACEBO_STORE_HOST"),
        ] {
            let error = format!("{:#}", load(&text, environment.as_slice()).unwrap_err());
            assert!(error.contains(named), "{named}: {error}");
        }
    }

    #[test]
    fn large_documents_are_beside_the_data_in_a_folder_or_in_a_bucket() {
        let ObjectsPlace::Folder(folder) = load(WHOLE, &[]).unwrap().blobs else { panic!("no folder") };
        assert!(folder.ends_with("data/blobs"), "{}", folder.display());
        let text = format!("{WHOLE}\n[blobs]\nfolder = \"large\"");
        let ObjectsPlace::Folder(folder) = load(&text, &[]).unwrap().blobs else { panic!("no folder") };
        assert!(folder.is_absolute() && folder.ends_with("large"));
        let text = format!(
            "{WHOLE}\n[blobs]\nendpoint = \"https://s3.example\"\nbucket = \"records\"\nprefix = \"house\"\n\
            access-key-file = \"a\"\nsecret-key-file = \"s\"\nauthority = \"ca.pem\"\npatience-s = 20"
        );
        let ObjectsPlace::S3 { at, access_key_file, .. } =
            load(&text, &[("TACEBO_BLOBS_REGION", "cn-north-1")]).unwrap().blobs
        else {
            panic!("no bucket")
        };
        assert_eq!((&*at.endpoint, &*at.bucket, &*at.prefix), ("https://s3.example", "records", "house"));
        assert_eq!((&*at.region, at.patience.whole.as_secs()), ("cn-north-1", 20));
        assert!(access_key_file.is_absolute() && at.authority.as_ref().unwrap().is_absolute());
        for (text, environment, named) in [
            (text.replace("bucket", "# "), None, "blobs.bucket"),
            (text.replace("secret-key-file", "# "), None, "blobs.secret-key-file"),
            (text.replace("endpoint", "folder"), None, "one of both"),
            (text.replace("= 20", "= 0"), None, "blobs.patience-s"),
            (text.clone(), Some(("TACEBO_BLOBS_BUKET", "x")), "TACEBO_BLOBS_BUKET"),
        ] {
            let error = format!("{:#}", load(&text, environment.as_slice()).unwrap_err());
            assert!(error.contains(named), "{named}: {error}");
        }
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_name() {
        for (text, environment, named) in [
            (WHOLE.replace("= 16", "= 0"), None, "limits.body-mib"),
            (WHOLE.replace("[\"0.0.0.0:8443\", \"[::1]:8080\"]", "[]"), None, "listen"),
            (WHOLE.to_owned(), Some(("TACEBO_LISTEN", "nowhere")), "TACEBO_LISTEN"),
            (WHOLE.to_owned(), Some(("TACEBO_LOG_FORMAT", "xml")), "TACEBO_LOG_FORMAT"),
            (WHOLE.to_owned(), Some(("TACEBO_SUITE", "SM4")), "TACEBO_SUITE"),
            (format!("suite = \"sm4\"\n{WHOLE}"), None, "suite"),
            (WHOLE.to_owned(), Some(("TACEBO_LIMITS_LOCK_MEMORY", "yes")), "TACEBO_LIMITS_LOCK_MEMORY"),
        ] {
            let error = load(&text, environment.as_slice()).unwrap_err().to_string();
            assert!(error.contains(named), "{named}: {error}");
        }
    }
}
