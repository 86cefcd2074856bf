//! SoftHSM2 with a token of its own for each test.
//!
//! The module finds its folder by an environment variable, which a process cannot change safely for itself. So each test
//! runs in a process of its own: this program again, with the variable set and the one test named.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tacebo_seal::Pkcs11At;

pub(crate) const PIN: &str = "13579246";
pub(crate) const TOKEN: &str = "hospital";
const CONF: &str = "SOFTHSM2_CONF";
const INSIDE: &str = "TEST_IN_A_PROCESS_OF_ITS_OWN";
/// Where Debian's package `softhsm2` and others put it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

pub(crate) fn library() -> PathBuf {
    let found = LIBRARIES.iter().map(PathBuf::from).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("SoftHSM2 is not there: install the package softhsm2"))
}

/// A token in a folder.
pub(crate) struct Token {
    pub(crate) folder: PathBuf,
}

impl Token {
    #[expect(clippy::unused_self, reason = "the folder is found by the environment, for this token")]
    pub(crate) fn at(&self) -> Pkcs11At {
        Pkcs11At { library: library(), token: TOKEN.into(), name: "tacebo".into(), patience: Pkcs11At::PATIENCE }
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.folder.join("tokens")
    }
}

/// Runs `test` in a process of its own with a fresh token. `name` is the test's whole name.
pub(crate) fn alone(name: &str, test: impl FnOnce(&Token)) {
    if let Some(folder) = env::var_os(INSIDE) {
        return test(&Token { folder: folder.into() });
    }
    let folder = tempfile::tempdir().unwrap();
    let conf = initialise(folder.path());
    let inside = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CONF, conf)
        .env(INSIDE, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&inside.stdout);
    assert!(inside.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&inside.stderr));
}

fn initialise(folder: &Path) -> PathBuf {
    let conf = folder.join("softhsm2.conf");
    fs::create_dir(folder.join("tokens")).unwrap();
    fs::write(&conf, format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.join("tokens").display()))
        .unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", TOKEN, "--so-pin", "97531864", "--pin", PIN])
        .env(CONF, &conf)
        .output()
        .unwrap_or_else(|error| panic!("softhsm2-util: {error}: install the package softhsm2"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    conf
}
