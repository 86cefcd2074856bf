//! Data folders: the sample hospital is made once for all tests, each works on its own copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use crate::program::Program;

/// A folder that is removed with its owner.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    /// A copy of the sample hospital that was used a little and stopped in order.
    pub(crate) fn sample() -> Self {
        let folder = Self::new();
        copy(&sample().join("house"), &folder.data());
        folder
    }

    /// Where the data lies.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.path().join("house")
    }

    /// A file beside the data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file beside the data.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes a file that nobody else may read.
    pub(crate) fn write_private(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.write(name, bytes);
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    }
}

/// A checkpoint of the sample hospital that was kept before its last use: its log goes on behind it.
pub(crate) fn early_checkpoint() -> PathBuf {
    sample().join("early.checkpoint")
}

/// What the demo said of the sample when it was made: people, tokens, patients.
pub(crate) fn sample_ready() -> serde_json::Value {
    serde_json::from_slice(&fs::read(sample().join("ready.json")).unwrap()).unwrap()
}

/// Makes it, once. It lies in the target folder under this process's number; those of ended processes are removed.
fn sample() -> &'static Path {
    static SAMPLE: OnceLock<PathBuf> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for old in fs::read_dir(target).unwrap().flatten() {
            let name = old.file_name().into_string().unwrap_or_default();
            let owner = name.strip_prefix("sample-house-");
            if owner.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
                let _ = fs::remove_dir_all(old.path());
            }
        }
        let made = target.join(format!("sample-house-{}", std::process::id()));
        fs::create_dir_all(&made).unwrap();
        let data = made.join("house");
        let program = Program::demo(&data);
        fs::write(made.join("ready.json"), program.ready.to_string()).unwrap();
        // A log of several tiles, the first entries in the lists by person, with checkpoints, the kept one in their midst.
        let own = program.patient("own");
        let mut doctor = program.client("li.mingyuan", "TREAT");
        for round in 0..3 {
            for _ in 0..360 {
                assert_eq!(doctor.get(&format!("/fhir/Patient/{own}")).unwrap().status, 200);
            }
            thread::sleep(Duration::from_millis(1_200));
            if round == 1 {
                fs::write(made.join("early.checkpoint"), program.checkpoint()).unwrap();
            }
        }
        program.stop();
        made
    })
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
