//! A house whose root keys are in a key service: the stand-in that the suite of custodians uses.

use super::bao::{Bao, Fault, TOKEN};
use super::house::{House, config, keys, reads, refuses, says};
use crate::folder::Folder;
use crate::program::tacebo;

fn custody(bao: &Bao) -> String {
    format!("[custody.transit]\naddress = \"http://{}\"\ntoken-file = \"token\"", bao.address)
}

#[test]
fn a_house_moves_into_a_key_service_turns_there_and_moves_out_again() {
    let folder = Folder::sample();
    let house = House::of(&folder);
    let bao = Bao::start();
    folder.write_private("token", format!("{TOKEN}\n"));
    let there = config(&folder, "service.toml", &custody(&bao));

    let said = says(&house.config, ["move", "--to", there.to_str().unwrap()]);
    assert!(said.contains("Root epoch 2 is in use") && said.contains("Root epoch 1 is destroyed"), "{said}");
    assert!(!house.root().exists());
    assert_eq!(bao.keys(), ["tacebo-root-epoch-2"]);
    reads(&house.under(there.clone()));

    let said = says(&there, ["turn"]);
    assert!(said.contains("Root epoch 3 is in use") && said.contains("Backups of the service"), "{said}");
    assert_eq!(bao.keys(), ["tacebo-root-epoch-3"]);
    let said = says(&there, ["status"]);
    assert!(said.contains("key service") && said.contains("Root epoch 3, in use"), "{said}");
    assert!(refuses(&there, ["recovery", "make", "--out", "x"]).contains("cannot be taken out"));

    // A turn that the service is lost in: nothing is lost with it, and it is asked for again.
    bao.misbehave(Fault::Sealed);
    assert!(refuses(&there, ["turn"]).contains("is sealed"));
    bao.misbehave(Fault::Keeps);
    assert!(refuses(&there, ["turn"]).contains("still has it"));
    bao.misbehave(Fault::None);
    let said = says(&there, ["turn"]);
    assert!(said.contains("Root epoch 4 is in use") && said.contains("This finished a turn"), "{said}");
    reads(&house.under(there.clone()));
    assert_eq!(bao.keys(), ["tacebo-root-epoch-4"]);

    says(&there, ["move", "--to", house.config.to_str().unwrap()]);
    assert!(bao.keys().is_empty());
    reads(&house);
    assert!(house.log().iter().any(|detail| detail.starts_with("root epoch 3 destroyed (service)")));
}

#[test]
fn a_house_is_founded_with_its_root_key_in_a_key_service_and_does_not_start_without_it() {
    let folder = Folder::new();
    let bao = Bao::start();
    folder.write_private("token", TOKEN);
    let place = config(&folder, "service.toml", &custody(&bao));
    let mut init = tacebo();
    init.args(["init", "--name", "市第一医院", "--origin", "log.hospital.example", "--json", "--config"]).arg(&place);
    let output = init.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(bao.keys(), ["tacebo-root-epoch-1"]);
    assert!(keys(&place, ["status"]).output().unwrap().status.success());
    for (fault, words) in [(Fault::Sealed, "is sealed"), (Fault::Fails, "HTTP 500"), (Fault::Truncated, "midst")] {
        bao.misbehave(fault);
        let output = tacebo().arg("serve").arg("--config").arg(&place).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words) && said.lines().count() == 1, "{fault:?}: {said}");
    }
}
