//! A copy of the sample hospital with its configuration, and what is asked of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use tacebo_fhir::speech::Fhir;
use tacebo_identity::Identity;
use tacebo_seal::{Custodian, PassphraseFile, SealError};
use tacebo_vault::{Asker, Door, LogQuery, Opening, Origin, Vault, field};

use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, tacebo};

pub(crate) struct House {
    pub(crate) config: PathBuf,
    pub(crate) data: PathBuf,
}

impl House {
    pub(crate) fn of(folder: &Folder) -> Self {
        let custody = "file = \"house/custody/root.json\"\npassphrase-file = \"house/custody/passphrase\"";
        Self { config: config(folder, "tacebo.toml", custody), data: folder.data() }
    }

    /// The same house under another custodian.
    pub(crate) fn under(&self, config: PathBuf) -> Self {
        Self { config, data: self.data.clone() }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.data.join("custody/root.json")
    }

    pub(crate) fn passphrase(&self) -> PathBuf {
        self.data.join("custody/passphrase")
    }

    pub(crate) fn custodian(&self) -> Arc<PassphraseFile> {
        let passphrase = fs::read_to_string(self.passphrase()).unwrap();
        Arc::new(file(&self.root(), passphrase.trim_end()).unwrap())
    }

    pub(crate) fn epochs(&self) -> Vec<u32> {
        self.custodian().epochs()
    }

    pub(crate) fn root_epoch(&self) -> u32 {
        self.custodian().epoch()
    }

    /// What a turn leaves that is stopped after the new key, after the rows, or after the destruction before its entry.
    pub(crate) fn stop_a_turn_after(&self, step: u32) {
        let custodian: Arc<dyn Custodian> = self.custodian();
        custodian.turn().unwrap();
        if step > 1 {
            let held = Arc::clone(&custodian);
            self.inside(async |vault, asker| vault.rewrap(asker, &held, &held).await.unwrap());
        }
        if step > 2 {
            custodian.destroy(1).unwrap();
        }
    }

    /// Waits until the running program has brought a turn to its end: one root key, nothing left to tell.
    pub(crate) fn settles(&self) {
        let database = || {
            let open = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
            let house = rusqlite::Connection::open_with_flags(self.data.join("store.db"), open).unwrap();
            let left = "SELECT value FROM meta WHERE name = 'root-left'";
            house.query_row(left, [], |row| row.get::<_, Vec<u8>>(0)).unwrap_or_else(|_| b"[]".to_vec())
        };
        for _ in 0..2_400 {
            if self.epochs().len() == 1 && database() == b"[]" {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the turn does not come to its end");
    }

    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&says(&self.config, ["status", "--json"])).unwrap()
    }

    /// Does something with the vault itself, the program stopped.
    pub(crate) fn inside<T>(&self, act: impl AsyncFnOnce(&Vault, &Asker) -> T) -> T {
        self.inside_with(self.custodian(), act)
    }

    pub(crate) fn inside_with<T>(
        &self,
        custodian: Arc<dyn Custodian>,
        act: impl AsyncFnOnce(&Vault, &Asker) -> T,
    ) -> T {
        let opening = Opening {
            dir: self.data.clone(),
            custodian,
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
            on_fatal: Arc::new(|why: &str| panic!("{why}")),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async { act(&Vault::open(opening).unwrap(), &Identity::house(Door::Cli)).await })
    }

    /// Details of the newest entries, as the privacy officer reads them.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log_under(self.custodian())
    }

    pub(crate) fn log_under(&self, custodian: Arc<dyn Custodian>) -> Vec<String> {
        let token = token(&self.data, "privacy-officer");
        self.inside_with(custodian, async |vault, _| {
            let identity = Identity::new(vault.clone()).unwrap();
            let origin = Origin { door: Door::Cli, address: None };
            let officer = identity.token(&token).unwrap().unwrap().asker_for("HCOMPL", origin).unwrap();
            let query = LogQuery { limit: 40, ..LogQuery::default() };
            let entries = vault.log(&officer, &query).await.unwrap().into_parts().0;
            entries.iter().map(|entry| entry.get(field::DETAIL).to_owned()).collect()
        })
    }

    /// Every file of the data folder but the custody folder.
    pub(crate) fn bytes(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(&self.data).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    pub(crate) fn unchanged(&self, before: &BTreeMap<PathBuf, Vec<u8>>) {
        let now = self.bytes();
        assert_eq!(now.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        assert!(now == *before, "a file was written");
    }
}

/// Writes a configuration with this `[custody]`.
pub(crate) fn config(folder: &Folder, name: &str, custody: &str) -> PathBuf {
    folder.write(name, format!("data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[custody]\n{custody}\n"))
}

pub(crate) fn file(path: &Path, passphrase: &str) -> Result<PassphraseFile, SealError> {
    PassphraseFile::open(path, passphrase)
}

pub(crate) fn token(data: &Path, part: &str) -> String {
    let accounts: Value = serde_json::from_slice(&fs::read(data.join("custody/demo-accounts.json")).unwrap()).unwrap();
    let people = accounts["people"].as_array().unwrap().iter().chain(accounts["clients"].as_array().unwrap());
    let of = |one: &&Value| one["login"] == part || one["role"] == part;
    let found = people.clone().find(of).unwrap_or_else(|| panic!("nobody like {part}"));
    found["token"].as_str().unwrap().to_owned()
}

/// `tacebo keys …`.
pub(crate) fn keys<'a>(config: &Path, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = tacebo();
    command.arg("keys").args(args).arg("--config").arg(config);
    command
}

/// What it says when it succeeds.
pub(crate) fn says<'a>(config: &Path, args: impl IntoIterator<Item = &'a str>) -> String {
    let output = keys(config, args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it says when it refuses.
pub(crate) fn refuses<'a>(config: &Path, args: impl IntoIterator<Item = &'a str>) -> String {
    let output = keys(config, args).output().unwrap();
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// The house serves a patient's record to a doctor.
pub(crate) fn reads(house: &House) {
    let program = Program::serve(&house.config).unwrap_or_else(|said| panic!("{said}"));
    let doctor = token(&house.data, "li.mingyuan");
    let answer = Client::connect(program.address, &doctor, "TREAT").unwrap().get("/fhir/Patient/pat-0001").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    program.stop();
}
