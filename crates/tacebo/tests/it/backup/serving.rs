//! What the running program does by itself, and what the security officer sees of it first.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::folder::{Folder, files};
use crate::keys::house::House;
use crate::program::Program;
use crate::session::Session;

use super::{backup, checked, gateway, patient, put, sample};

/// Waits until the page says it.
fn says(officer: &Session, program: &Program, path: &str, words: &[&str]) -> String {
    let mut text = String::new();
    for _ in 0..1_200 {
        let page = officer.get(program.address, path).unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        text = String::from_utf8_lossy(&page.body).into_owned();
        if words.iter().all(|words| text.contains(words)) {
            return text;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("{path} never says {words:?}: {text}");
}

fn with_backups(house: &House, config: &Path) {
    let text = fs::read_to_string(&house.config).unwrap();
    fs::write(config, format!("{text}[backup]\nto = \"archive\"\n")).unwrap();
}

#[test]
fn sto_03_and_04_the_program_makes_backups_and_tries_restores_by_itself_and_the_officer_sees_both_first() {
    let (folder, house) = sample();
    // Without a place for backups the first screen is red.
    let program = Program::serve(&house.config).unwrap();
    let officer = Session::log_in(program.address, &house.data, "pan.lijun");
    let first = says(&officer, &program, "/system", &["最近一次备份未缺失", "尚未进行过备份"]);
    assert!(first.contains("is-bad") && first.contains("is-failed"));
    let page = says(&officer, &program, "/system/backups", &["备份缺失", "尚未配置备份"]);
    assert!(page.contains("is-bad"));
    program.stop();

    let config = folder.file("tacebo.toml");
    with_backups(&house, &config);
    let program = Program::serve(&config).unwrap();
    let page = says(&officer, &program, "/system/backups", &["备份按时完成，且可以恢复", "通过"]);
    assert!(!page.contains("is-bad"), "{page}");
    let first = says(&officer, &program, "/system", &["最近一次备份未缺失"]);
    assert!(!first.contains("尚未进行过备份"), "{first}");
    // The trial left nothing behind.
    assert!(!folder.data().join("restore-test").exists());
    // Buttons: another backup, another trial.
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("new")]);
    assert_eq!(officer.post(program.address, "/system/backups/now", "").unwrap(), 303);
    says(&officer, &program, "/system/backups", &["<dt>备份序号</dt><dd>2</dd>"]);
    assert_eq!(officer.post(program.address, "/system/backups/test", "").unwrap(), 303);
    let page = says(&officer, &program, "/system/backups", &["<dt>备份序号</dt><dd>2</dd>", "通过"]);
    assert!(!page.contains("is-bad"), "{page}");
    // Whoever has no business with it is not let in.
    let doctor = Session::log_in(program.address, &house.data, "li.mingyuan");
    assert!(doctor.get(program.address, "/system/backups").unwrap().status >= 400);
    assert!(doctor.post(program.address, "/system/backups/now", "").unwrap() >= 400);
    program.stop();
    let told = house.log();
    assert!(told.iter().any(|detail| detail.starts_with("backup 2 finished: ")), "{told:?}");
    assert!(told.iter().any(|detail| detail.starts_with("restore test of backup ")), "{told:?}");
    assert_eq!(checked(&house.config, &folder.file("archive")).0, Some(0));
}

#[test]
fn sto_03_after_a_turn_of_the_root_a_backup_is_made_at_once_and_older_keys_leave_the_archive() {
    let (folder, house) = sample();
    let config = folder.file("tacebo.toml");
    with_backups(&house, &config);
    let program = Program::serve(&config).unwrap();
    let officer = Session::log_in(program.address, &house.data, "pan.lijun");
    says(&officer, &program, "/system/backups", &["<dt>备份序号</dt><dd>1</dd>"]);
    let security = Session::log_in(program.address, &house.data, "yuan.bowen");
    assert_eq!(security.post(program.address, "/system/keys/turn", "").unwrap(), 303);
    says(&officer, &program, "/system/backups", &["<dt>备份序号</dt><dd>2</dd>"]);
    program.stop();
    let archive = folder.file("archive");
    let keys: Vec<_> = files(&archive).into_iter().filter(|file| file.to_string_lossy().contains("/keys/")).collect();
    assert!(keys.iter().all(|file| !file.to_string_lossy().contains("/keys/0000000001")), "{keys:?}");
    backup(&house.config, &archive);
}

#[test]
fn a_place_that_cannot_be_written_is_told_on_the_page_and_in_the_log_and_serving_goes_on() {
    let (folder, house) = sample();
    let config = folder.file("tacebo.toml");
    with_backups(&house, &config);
    // A file stands where the folder should be.
    folder.write("archive", "not a folder");
    let program = Program::serve(&config).unwrap();
    let officer = Session::log_in(program.address, &house.data, "pan.lijun");
    let page = says(&officer, &program, "/system/backups", &["系统会自动重试", "备份缺失"]);
    assert!(page.contains("is-bad"));
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("here")]);
    drop(client);
    program.stop();
    let told = house.log();
    assert!(told.iter().any(|detail| detail.starts_with("backup failed: ")), "{told:?}");
}

#[test]
fn a_demonstration_makes_backups_and_tries_one_so_that_whoever_tries_it_sees_both() {
    let folder = Folder::new();
    let program = Program::demo_with_backups(&folder.data());
    let officer = Session::log_in(program.address, &folder.data(), "pan.lijun");
    let page = says(&officer, &program, "/system/backups", &["备份按时完成，且可以恢复", "通过"]);
    assert!(!page.contains("is-bad"), "{page}");
    program.stop();
    assert!(!files(&folder.data().join("backup")).is_empty() && !folder.data().join("restore-test").exists());
}
