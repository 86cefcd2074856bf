//! Test data by other hands: fetched by `cargo xtask prepare`, and by the tests themselves where that was not done.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_json::Value;

/// The same versions, options and folders as `xtask/src/prepare.rs`.
const EXAMPLES: &str = "hl7.fhir.r4.examples@4.0.1";
const SYNTHEA: &str = "tietai-synthea==1.5.0";
const SYNTHEA_ARGS: [&str; 6] = ["-p", "3", "-s", "42", "--profile", "us-core"];

/// Two tests must not fetch the same thing at once.
static FETCHING: Mutex<()> = Mutex::new(());

fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn run(command: &mut Command, missing: &str) -> String {
    let output = command.stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        Ok(output) => panic!("{missing} ({command:?}: {})", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("{missing} ({command:?}: {error})"),
    }
}

/// Every file of the npm package of official examples.
pub(crate) fn official_examples() -> Vec<PathBuf> {
    const MISSING: &str = "the official FHIR examples are not there: install npm and tar, or unpack \
        hl7.fhir.r4.examples 4.0.1 into target/npm-cache/hl7.fhir.r4.examples";
    let _one = FETCHING.lock();
    let folder = target().join("npm-cache/hl7.fhir.r4.examples");
    if !folder.join("package/package.json").is_file() {
        fs::create_dir_all(&folder).unwrap();
        let packed = run(Command::new("npm").args(["pack", "--silent", EXAMPLES]).current_dir(&folder), MISSING);
        let archive = packed.lines().last().unwrap_or_default().trim();
        run(Command::new("tar").args(["-xzf", archive]).current_dir(&folder), MISSING);
    }
    let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder.join("package")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|path| {
        let name = named(path);
        path.extension().is_some_and(|extension| extension == "json")
            && name != "package.json"
            && !name.starts_with('.')
    });
    files.sort_unstable();
    files
}

/// Transaction bundles of Synthea's patients, as they were written.
pub(crate) fn synthea() -> Vec<(PathBuf, Value)> {
    const MISSING: &str = "Synthea's patients are not there: install python3 with venv and pip, or run \
        `synthea -p 3 -s 42 --profile us-core -o target/synthea/patients` of tietai-synthea 1.5.0";
    let _one = FETCHING.lock();
    let folder = target().join("synthea");
    let patients = folder.join("patients");
    if !patients.is_dir() {
        let (venv, making) = (folder.join("venv"), folder.join("making"));
        let _ = fs::remove_dir_all(&making);
        fs::create_dir_all(&folder).unwrap();
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv), MISSING);
        run(
            Command::new(venv.join("bin/pip")).args(["install", "-q", "--disable-pip-version-check", SYNTHEA]),
            MISSING,
        );
        run(Command::new(venv.join("bin/synthea")).args(SYNTHEA_ARGS).arg("-o").arg(&making), MISSING);
        fs::rename(&making, &patients).unwrap();
    }
    let mut files = crate::folder::files(&patients);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort_unstable();
    let read = |path: PathBuf| {
        let bundle: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path, bundle)
    };
    let bundles: Vec<(PathBuf, Value)> = files.into_iter().map(read).collect();
    bundles.into_iter().filter(|(_, bundle)| bundle["type"] == "transaction").collect()
}
