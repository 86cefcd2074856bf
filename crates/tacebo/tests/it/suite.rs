//! Institutions of the suite `shangmi`, in every run: founded, served, verified, their root keys turned; and a suite that was
//! chosen once stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, verify};

/// The program where nothing but its arguments and configuration names a suite.
fn tacebo() -> Command {
    let mut command = crate::program::tacebo();
    command.env_remove("TACEBO_SUITE");
    command
}

fn config(folder: &Folder, first_line: &str) -> PathBuf {
    let rest = "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[custody]\nfile = \"keys/root.json\"\n\
                passphrase-file = \"keys/passphrase\"\n";
    folder.write("tacebo.toml", format!("{first_line}\n{rest}"))
}

fn init(config: &Path, more: &[&str]) -> Result<Value, String> {
    let mut command = tacebo();
    command.args(["init", "--name", "第一医院", "--origin", "log.first.example", "--json", "--config"]).arg(config);
    let output = command.args(more).output().unwrap();
    if output.status.success() {
        return Ok(serde_json::from_slice(&output.stdout).unwrap());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn keys(config: &Path, args: &[&str]) -> String {
    let output = tacebo().arg("keys").args(args).arg("--config").arg(config).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn serve(config: &Path, suite: &str) -> Result<Program, String> {
    Program::serve_with(config, &[("TACEBO_SUITE", Path::new(suite))])
}

#[test]
fn a_demo_in_shangmi_serves_signs_twice_and_verifies() {
    let folder = Folder::new();
    let data = folder.data();
    let program = Program::demo_in(&data, "shangmi");
    let mut gateway = program.gateway();
    let patient = json!({"resourceType": "Patient", "id": "sm", "name": [{"text": "\u{9648}\u{79d8}"}]});
    assert_eq!(gateway.put("/fhir/Patient/sm", &patient).unwrap().status, 201);
    assert_eq!(gateway.get("/fhir/Patient/sm").unwrap().json()["name"], patient["name"]);
    let open = |path: &str| {
        String::from_utf8(Client::connect(program.address, "", "").unwrap().get(path).unwrap().body).unwrap()
    };
    assert_eq!(open("/log/vkey").lines().count(), 2);
    let note = open("/log/checkpoint");
    assert_eq!(note.lines().filter(|line| line.starts_with("\u{2014} ")).count(), 2, "{note}");
    program.stop();

    let (status, found) = verify(&data, &[&folder.write("kept.checkpoint", &note)]);
    assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
    assert_eq!(found["signatures"], json!(["ed25519", "sm2"]));
    // Everybody's tools know the first line alone: it says that another one is there, not that all is well.
    let vkey = fs::read_to_string(data.join("log.vkey")).unwrap();
    let output =
        tacebo().args(["verify", "--json", "--vkey", vkey.lines().next().unwrap()]).arg(&data).output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &said["fault"]["code"]), (Some(1), &json!("signature-unknown")));

    // Every sealed message says its suite; none is of the other.
    let bytes = fs::read(data.join("store.db")).unwrap();
    let marks = |suite: u8| bytes.windows(4).filter(|four| *four == [b'T', 0xe7, 1, suite]).count();
    assert!(marks(2) > 1_000, "{}", marks(2));
    assert_eq!(marks(1), 0);

    let output =
        tacebo().args(["demo", "--suite", "international", "--lang", "zh", "--data"]).arg(&data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("\u{4e0d}\u{53ef}\u{6539}\u{4e3a} international"), "{said}");
    let program = Program::demo_in(&data, "shangmi");
    assert_eq!(program.gateway().get("/fhir/Patient/sm").unwrap().status, 200);
    program.stop();
}

#[test]
fn an_institution_founded_in_shangmi_keeps_its_suite_through_turns_and_shares() {
    let folder = Folder::new();
    let config = config(&folder, "suite = \"shangmi\"");
    let said = init(&config, &[]).unwrap();
    assert_eq!(said["suite"], "shangmi");
    assert_eq!(said["vkey"].as_str().unwrap().lines().count(), 2);
    let checkpoint = folder.write("first.checkpoint", said["checkpoint"].as_str().unwrap());
    serve(&config, "shangmi").unwrap().stop();

    let refused = serve(&config, "international").err().unwrap();
    assert!(refused.contains("cannot be changed to international"), "{refused}");
    assert!(init(&config, &["--suite", "international"]).unwrap_err().contains("cannot be changed to international"));
    assert!(init(&config, &[]).unwrap_err().contains("already"));

    let status: Value = serde_json::from_str(&keys(&config, &["status", "--json"])).unwrap();
    assert_eq!(status["suite"], "shangmi");
    assert!(keys(&config, &["status", "--lang", "en"]).contains("SM4-GCM, SM3, HMAC-SM3"));
    assert!(keys(&config, &["status", "--lang", "zh"]).contains("商用密码：SM4-GCM"));

    let out = folder.file("shares");
    keys(&config, &["turn"]);
    keys(&config, &["recovery", "make", "--shares", "3", "--need", "2", "--out", out.to_str().unwrap()]);
    let mut shares: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    shares.sort();
    assert!(fs::read_to_string(&shares[0]).unwrap().contains("suite: shangmi"));
    fs::remove_file(folder.file("keys/root.json")).unwrap();
    let said = keys(&config, &["recovery", "restore", shares[0].to_str().unwrap(), shares[2].to_str().unwrap()]);
    assert!(said.contains("epoch 2"), "{said}");
    serve(&config, "shangmi").unwrap().stop();
    let (status, found) = verify(&folder.data(), &[&checkpoint]);
    assert_eq!((status, &found["signatures"]), (0, &json!(["ed25519", "sm2"])), "{found}");
}

#[test]
fn root_keys_of_one_suite_found_no_institution_of_the_other() {
    let folder = Folder::new();
    let config = config(&folder, "");
    assert_eq!(init(&config, &[]).unwrap()["suite"], "international");
    assert!(keys(&config, &["status", "--lang", "en"]).contains("AES-256-GCM, SHA-2"));
    fs::remove_dir_all(folder.data()).unwrap();
    let refused = init(&config, &["--suite", "shangmi"]).unwrap_err();
    assert!(refused.contains("suite international") && refused.contains("suite here is shangmi"), "{refused}");
    assert!(!folder.data().join("log.vkey").exists());
    assert_eq!(init(&config, &["--suite", "international"]).unwrap()["suite"], "international");
}
