//! A house whose root keys are in a PKCS#11 module: SoftHSM2, real, with a token for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use tacebo_seal::Custodian;

use super::house::{House, config, keys};
use crate::folder::Folder;
use crate::http::Client;
use crate::program::tacebo;

const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
const CONF: &str = "SOFTHSM2_CONF";

/// A token in the test's folder, and a configuration that names it.
struct Module {
    conf: PathBuf,
    config: PathBuf,
}

impl Module {
    fn new(folder: &Folder) -> Self {
        let tokens = folder.file("tokens");
        fs::create_dir(&tokens).unwrap();
        let conf = folder.write("softhsm2.conf", format!("directories.tokendir = {}\n", tokens.display()));
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "hospital", "--so-pin", "97531864", "--pin", "13579246"])
            .env(CONF, &conf)
            .output()
            .unwrap_or_else(|error| panic!("softhsm2-util: {error}: install the package softhsm2"));
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        folder.write_private("pin", "13579246\n");
        let custody = format!("[custody.pkcs11]\nlibrary = \"{LIBRARY}\"\ntoken = \"hospital\"\npin-file = \"pin\"");
        Self { conf, config: config(folder, "module.toml", &custody) }
    }

    fn run(&self, mut command: Command) -> Result<String, String> {
        let output = command.env(CONF, &self.conf).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    /// Where SoftHSM keeps label, PIN and flags of the token, beside the keys.
    fn own_file(&self) -> PathBuf {
        let tokens = fs::read_dir(self.conf.with_file_name("tokens")).unwrap();
        tokens.map(|token| token.unwrap().path().join("token.object")).find(|file| file.exists()).unwrap()
    }

    fn keys<'a>(&self, config: &Path, args: impl IntoIterator<Item = &'a str>) -> Result<String, String> {
        self.run(keys(config, args))
    }
}

/// Whether the house opens: by making a token in it.
fn opens(module: &Module) -> Result<String, String> {
    let mut command = tacebo();
    command.args(["token", "--client", "his-gateway", "--config"]).arg(&module.config);
    module.run(command)
}

#[test]
fn a_house_moves_into_a_module_turns_there_and_moves_out_again() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let module = Module::new(&folder);
    let to = module.config.to_str().unwrap();

    let said = module.keys(&house.config, ["move", "--to", to]).unwrap();
    assert!(said.contains("Root epoch 2 is in use") && said.contains("Root epoch 1 is destroyed"), "{said}");
    assert!(!house.root().exists(), "the root key file is still there");
    opens(&module).unwrap();

    let said = module.keys(&module.config, ["turn"]).unwrap();
    assert!(said.contains("Root epoch 3 is in use") && said.contains("software by its own word"), "{said}");
    opens(&module).unwrap();
    let said = module.keys(&module.config, ["status"]).unwrap();
    assert!(said.contains("SoftHSM") && said.contains("Root epoch 3, in use"), "{said}");
    let said = module.keys(&module.config, ["recovery", "make", "--out", "x"]).unwrap_err();
    assert!(said.contains("cannot be taken out"), "{said}");
    let said = module.keys(&module.config, ["change-passphrase"]).unwrap_err();
    assert!(said.contains("PIN"), "{said}");
    assert!(module.keys(&module.config, ["move", "--to", to]).unwrap_err().contains("in use already"));

    // The passphrase is still where it was; a new key file comes into being under it.
    let said = module.keys(&module.config, ["move", "--to", house.config.to_str().unwrap()]).unwrap();
    assert!(said.contains("Root epoch 4 is in use") && said.contains("Root epoch 3 is destroyed"), "{said}");
    super::reads(&house);
    assert!(module.keys(&module.config, ["status"]).unwrap_err().contains("holds no root key"));
    let log = house.log();
    for told in ["root epoch 1 destroyed (file)", "root epoch 2 destroyed (software-module)"] {
        assert!(log.iter().any(|detail| detail.starts_with(told)), "{told}: {log:?}");
    }
}

#[test]
fn a_move_that_was_stopped_between_two_steps_is_gone_on_with() {
    for stopped_after in 1..=3 {
        let folder = Folder::sample();
        let house = House::of(&folder);
        // Between two files, so that the steps can be made by hand here.
        let there = folder.file("there/root.json");
        let to = config(&folder, "there.toml", "file = \"there/root.json\"\npassphrase-file = \"there/passphrase\"");
        fs::create_dir(folder.file("there")).unwrap();
        folder.write_private("there/passphrase", "another passphrase\n");
        let least = tacebo_seal::Effort::LEAST;
        let suite = tacebo_fixtures::suite().parse().unwrap();
        let new = tacebo_seal::PassphraseFile::create_from(&there, "another passphrase", least, suite, 2).unwrap();
        let new: std::sync::Arc<dyn Custodian> = std::sync::Arc::new(new);
        let old = house.custodian();
        if stopped_after > 1 {
            let from: std::sync::Arc<dyn Custodian> = old.clone();
            let to = std::sync::Arc::clone(&new);
            house.inside(async |vault, asker| vault.rewrap(asker, &from, &to).await.unwrap());
        }
        if stopped_after > 2 {
            old.retire().unwrap();
        }
        let output = keys(&house.config, ["move", "--to", to.to_str().unwrap()]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "stopped after step {stopped_after}: {said}");
        assert!(!house.root().exists());
        super::reads(&house.under(to.clone()));
        let log = house.log_under(new);
        let told = if stopped_after > 2 { "root epoch 1 found destroyed" } else { "root epoch 1 destroyed (file)" };
        assert_eq!(log.iter().filter(|detail| detail.starts_with(told)).count(), 1, "{log:?}");
    }
}

#[test]
fn a_turn_in_a_module_and_a_move_killed_at_any_moment_lose_nothing() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let module = Module::new(&folder);
    let killed = |config: &Path, args: [&str; 3], after: u64| {
        let args = args.into_iter().filter(|arg| !arg.is_empty());
        let own = module.own_file();
        let before = fs::read(&own).unwrap();
        let mut command = keys(config, args);
        let mut child = command.env(CONF, &module.conf).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(after));
        let _ = child.kill();
        child.wait().unwrap();
        // SoftHSM empties and writes this file in place at each log-in (2.6.1): killed in between, it forgets the token.
        // Whoever runs it has a copy; a hardware module has no such file.
        if fs::read(&own).unwrap().len() != before.len() {
            fs::write(&own, before).unwrap();
        }
    };
    let rounds = u64::from(crate::rounds(3, 60));
    let places = [&house.config, &module.config];
    for round in 0..rounds {
        for (here, there) in [(0, 1), (1, 0)] {
            let (here, there) = (places[here], places[there]);
            killed(here, ["move", "--to", there.to_str().unwrap()], round * 131 % 900);
            module.keys(here, ["move", "--to", there.to_str().unwrap()]).unwrap();
            killed(there, ["turn", "", ""], (round * 197 + 60) % 900);
            module.keys(there, ["turn"]).unwrap();
            // The old place is empty, the new one holds one root key.
            assert!(module.keys(here, ["status"]).is_err());
            let status = module.keys(there, ["status", "--json"]).unwrap();
            let status: serde_json::Value = serde_json::from_str(&status).unwrap();
            assert_eq!(status["epochs"].as_array().unwrap().len(), 1, "{status}");
        }
    }
    super::reads(&house);
    assert_eq!(crate::program::verify(&folder.data(), &[]).0, 0);
}

#[test]
fn a_house_is_founded_with_its_root_key_in_a_module_and_does_not_start_without_it() {
    let folder = Folder::new();
    let module = Module::new(&folder);
    let mut init = tacebo();
    init.args(["init", "--name", "市第一医院", "--origin", "log.hospital.example", "--json", "--config"]);
    init.arg(&module.config);
    let said = module.run(init).unwrap();
    assert!(said.contains("administrators"), "{said}");
    let status = module.keys(&module.config, ["status", "--json"]).unwrap();
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!((&status["custodian"], &status["worth"]), (&"pkcs11".into(), &"software-module".into()));

    let refused = |what: &str| {
        let mut serve = tacebo();
        serve.arg("serve").arg("--config").arg(&module.config);
        let said = module.run(serve).unwrap_err();
        assert!(said.contains(what) && said.lines().count() == 1, "{said}");
    };
    fs::write(folder.file("pin"), "24680135").unwrap();
    refused("refused the PIN");
    fs::write(folder.file("pin"), "13579246").unwrap();
    fs::rename(folder.file("tokens"), folder.file("away")).unwrap();
    refused("cannot be reached");
    drop(fs::remove_dir_all(folder.file("tokens")));
    fs::rename(folder.file("away"), folder.file("tokens")).unwrap();
    let program = crate::program::Program::serve_with(&module.config, &[(CONF, &module.conf)]).unwrap();
    assert_eq!(Client::connect(program.address, "", "").unwrap().get("/healthz").unwrap().status, 200);
    // It was asked at the start; what is open stays open without it.
    fs::rename(folder.file("tokens"), folder.file("away")).unwrap();
    assert_eq!(Client::connect(program.address, "", "").unwrap().get("/readyz").unwrap().status, 200);
    program.stop();
}
