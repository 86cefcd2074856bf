//! Backups and restores from outside (STO-03, STO-04, RET-04): made beside the running program and by it, brought back on
//! either engine, killed in between, broken, too old, and searched for whoever was destroyed.
//!
//! Short: a few thousand versions from SQLite to PostgreSQL. Long (`LONG=1`, `cargo xtask long restore`): a million.

mod many;
mod point;
mod serving;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tacebo_fixtures::Net;
use tacebo_identity::Identity;
use tacebo_testbed::Postgres;
use tacebo_vault::{Door, LogQuery, Origin, field};

use crate::folder::{Folder, copy, files};
use crate::http::Client;
use crate::keys::house::{House, token};
use crate::program::{Program, tacebo, verify};

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

const NAME: &str = "司徒静姝";
const CARD: &str = "110101196507142319";

fn patient(id: &str) -> Value {
    json!({ "resourceType": "Patient", "id": id, "name": [{ "text": NAME, "family": "司徒", "given": ["静姝"] }],
        "identifier": [{ "type": { "coding": [{ "code": "NI" }] }, "system": "urn:oid:2.16.156.10011.1.3", "value": CARD }],
        "gender": "female", "birthDate": "1965-07-14" })
}

fn observation(id: &str, of: &str, text: &str) -> Value {
    json!({ "resourceType": "Observation", "id": id, "status": "final", "code": { "text": text },
        "subject": { "reference": format!("Patient/{of}") } })
}

fn net() -> Net {
    Net::new(vec![NAME.to_owned(), CARD.to_owned()])
}

/// Writes them as the client system does.
fn put(client: &mut Client, bodies: &[Value]) {
    for body in bodies {
        let path = format!("/fhir/{}/{}", body["resourceType"].as_str().unwrap(), body["id"].as_str().unwrap());
        let answer = client.put(&path, body).unwrap();
        assert!(answer.status < 300, "{}", answer.text());
    }
}

fn gateway(program: &Program, house: &House) -> Client {
    Client::connect(program.address, &token(&house.data, "his-gateway"), "TREAT").unwrap()
}

/// `tacebo backup` or `tacebo restore`: exit status, its line, what it said to people.
fn asked(config: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let output = tacebo().args(args).arg("--json").arg("--config").arg(config).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), said)
}

fn backup(config: &Path, to: &Path) -> Value {
    let (status, made, said) = asked(config, &["backup", "--to", to.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{said}");
    made
}

fn checked(config: &Path, archive: &Path) -> (Option<i32>, Value) {
    let (status, found, _) = asked(config, &["backup", "--verify", "--to", archive.to_str().unwrap()]);
    (status, found)
}

/// A configuration of an empty place beside, with the root keys of the house.
fn place(folder: &Folder, house: &House, name: &str, more: &str) -> House {
    let custody =
        format!("file = \"{}\"\npassphrase-file = \"{}\"", house.root().display(), house.passphrase().display());
    let text = format!("data = \"{name}\"\nlisten = [\"127.0.0.1:0\"]\n{more}\n[custody]\n{custody}\n");
    House { config: folder.write(&format!("{name}.toml"), text), data: folder.file(name) }
}

fn postgres() -> String {
    let (socket, port, database) = (SERVER.socket().display(), SERVER.port(), SERVER.database());
    format!(
        "[store]\nengine = \"postgres\"\nhosts = [\"{socket}:{port}\"]\ndatabase = \"{database}\"\nuser = \"postgres\"\n"
    )
}

fn restored(place: &House, from: &Path) -> Value {
    let (status, done, said) = asked(&place.config, &["restore", "--from", from.to_str().unwrap()]);
    assert_eq!(status, Some(0), "{said}");
    done
}

/// Details of the newest entries of a house that came back, as the privacy officer of the other one reads them.
fn details(there: &House, of: &House) -> Vec<String> {
    let token = token(&of.data, "privacy-officer");
    there.inside_with(of.custodian(), async |vault, _| {
        let identity = Identity::new(vault.clone()).unwrap();
        let origin = Origin { door: Door::Cli, address: None };
        let officer = identity.token(&token).unwrap().unwrap().asker_for("HCOMPL", origin).unwrap();
        let entries = vault.log(&officer, &LogQuery { limit: 60, ..LogQuery::default() }).await.unwrap().into_parts().0;
        entries.iter().map(|entry| entry.get(field::DETAIL).to_owned()).collect()
    })
}

/// The sample hospital, never backed up yet.
fn sample() -> (Folder, House) {
    let folder = Folder::sample();
    let house = House::of(&folder);
    (folder, house)
}

/// What must hold of a house that came back: it is served, its documents are found by what they say, its log goes on.
fn works(place: &House, of: &House, id: &str) {
    let program = Program::serve(&place.config).unwrap_or_else(|said| panic!("{said}"));
    let mut client = gateway(&program, of);
    let answer = client.get(&format!("/fhir/Patient/{id}")).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = client.get(&format!("/fhir/Patient?identifier={CARD}")).unwrap();
    assert!(found.status == 200 && found.text().contains(id), "{}", found.text());
    put(&mut client, &[observation("after", id, "after the restore")]);
    drop(client);
    program.stop();
}

#[test]
fn sto_03_backups_beside_the_running_program_come_back_on_the_other_engine_and_back_again() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    let program = Program::serve(&house.config).unwrap();
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("here"), observation("here-1", "here", "one")]);
    let first = backup(&house.config, &archive);
    assert!(first["versions"].as_u64() > Some(200), "{first}");
    // While the second one goes slowly, people go on writing.
    let mut slow = tacebo();
    slow.args(["backup", "--rate", "1", "--to"]).arg(&archive).arg("--config").arg(&house.config);
    for n in 0..40 {
        put(&mut client, &[observation(&format!("many-{n}"), "here", "much")]);
    }
    let mut slow = slow.stdout(Stdio::null()).spawn().unwrap();
    for n in 0..40 {
        put(&mut client, &[observation(&format!("more-{n}"), "here", "more")]);
    }
    assert!(slow.wait().unwrap().success());
    put(&mut client, &[observation("here-1", "here", "two")]);
    let third = backup(&house.config, &archive);
    assert!(third["run"] == 3 && third["versions"].as_u64() < first["versions"].as_u64(), "{third}");
    let (status, found) = checked(&house.config, &archive);
    assert_eq!(status, Some(0), "{found}");
    drop(client);
    program.stop();
    // Nothing readable, and no file that somebody else's eyes may see without the key.
    for file in files(&archive) {
        assert!(net().first(&fs::read(&file).unwrap()).is_none(), "{}", file.display());
    }
    let last = backup(&house.config, &archive);

    let there = place(&folder, &house, "there", &postgres());
    let done = restored(&there, &archive);
    assert_eq!((&done["run"], &done["manifest"]), (&json!(4), &last["manifest"]));
    works(&there, &house, "here");
    let (status, found, said) = asked(&there.config, &["verify"]);
    assert_eq!((status, &found["result"]), (Some(0), &json!("clean")), "{said}");
    // A second one into the same place is refused.
    let (status, _, said) = asked(&there.config, &["restore", "--from", archive.to_str().unwrap()]);
    assert!(status == Some(1) && said.contains("there is an institution here already"), "{said}");

    // From PostgreSQL, into an archive of its own, and back into a folder: the same rows.
    let second = folder.file("second");
    backup(&there.config, &second);
    let back = place(&folder, &house, "back", "");
    let again = restored(&back, &second);
    assert_eq!(again["versions"].as_u64(), done["versions"].as_u64().map(|n| n + 1), "the one written after");
    works(&back, &house, "here");
    assert_eq!(verify(&back.data, &[&crate::folder::early_checkpoint()]).0, 0);
    // The archive of before goes on with the records that came out of it.
    let next = backup(&back.config, &second);
    assert!(next["run"] == 2, "{next}");
}

#[test]
fn a_backup_or_a_restore_killed_at_any_moment_is_done_again_and_nothing_half_is_served() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    let program = Program::serve(&house.config).unwrap();
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("here")]);
    let mut unfinished = 0;
    for round in 0..5 {
        put(&mut client, &[observation(&format!("round-{round}"), "here", "again")]);
        let mut command = tacebo();
        command.args(["backup", "--to"]).arg(&archive).arg("--config").arg(&house.config);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(20 + 60 * round));
        let _ = child.kill();
        unfinished += u32::from(!child.wait().unwrap().success());
        // What is there is whole, or there is nothing yet.
        let (status, found) = checked(&house.config, &archive);
        assert!(
            status == Some(0) || found["why"].as_str().is_some_and(|why| why.contains("no backup in it")),
            "{found}"
        );
    }
    assert!(unfinished > 0);
    drop(client);
    program.stop();
    backup(&house.config, &archive);
    let (status, found) = checked(&house.config, &archive);
    assert_eq!(status, Some(0), "{found}");

    for more in [String::new(), postgres()] {
        let there = place(&folder, &house, if more.is_empty() { "folder" } else { "database" }, &more);
        let mut killed = 0;
        for round in 0..6 {
            let mut command = tacebo();
            command.args(["restore", "--from"]).arg(&archive).arg("--config").arg(&there.config);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(100 + 250 * round));
            let _ = child.kill();
            if child.wait().unwrap().success() {
                break;
            }
            killed += 1;
            if let Ok(program) = Program::serve(&there.config) {
                panic!("half of it is served: {}", program.log());
            }
        }
        assert!(killed > 0);
        // Where the last one was killed after its end, there is nothing to do any more.
        let (status, _, said) = asked(&there.config, &["restore", "--from", archive.to_str().unwrap()]);
        assert!(status == Some(0) || said.contains("an institution here already"), "{said}");
        works(&there, &house, "here");
    }
}

#[test]
fn what_somebody_changed_in_an_archive_is_named_and_a_restore_of_it_is_not_served() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    backup(&house.config, &archive);
    let data: Vec<PathBuf> =
        files(&archive).into_iter().filter(|file| file.to_string_lossy().contains("/data/")).collect();
    for (round, file) in data.iter().enumerate() {
        let whole = fs::read(file).unwrap();
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(file, bytes).unwrap();
        let (status, found) = checked(&house.config, &archive);
        let name = file.strip_prefix(&archive).unwrap().to_string_lossy().into_owned();
        assert_eq!(status, Some(1), "{found}");
        assert!(found["fault"].as_str().unwrap().contains(&name), "{found}");
        let there = place(&folder, &house, &format!("broken-{round}"), "");
        let (status, _, said) = asked(&there.config, &["restore", "--from", archive.to_str().unwrap()]);
        assert!(status == Some(1) && said.contains(&name), "{said}");
        let said = Program::serve(&there.config).err().unwrap();
        assert!(said.contains("was not finished") || said.contains("no institution"), "{said}");
        fs::write(file, whole).unwrap();
    }
    assert_eq!(checked(&house.config, &archive).0, Some(0));
}

#[test]
fn ret_04_an_older_backup_with_the_keys_of_now_does_not_bring_back_whoever_was_destroyed() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    let program = Program::serve(&house.config).unwrap();
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("gone"), observation("gone-1", "gone", "was here"), patient("stays")]);
    backup(&house.config, &archive);
    let older = folder.file("older");
    copy(&archive, &older);
    let officers = crate::keys::shred::Officers::of(program.address, &house);
    let request = officers.ask(program.address, "gone", "person", "");
    assert_eq!(officers.approve(program.address, &request).unwrap(), 303);
    assert!(officers.certificate(program.address, &request).is_some());
    backup(&house.config, &archive);
    drop(client);
    program.stop();

    // The archive of now: rows that were taken out are in its older objects, and not in what comes back.
    let now = place(&folder, &house, "now", "");
    restored(&now, &archive);
    // The older copy alone: the root key of its keys is destroyed.
    let alone = place(&folder, &house, "alone", "");
    let (status, _, said) = asked(&alone.config, &["restore", "--from", older.to_str().unwrap()]);
    assert!(status == Some(1) && said.contains("root"), "{said}");
    assert!(Program::serve(&alone.config).is_err());
    // The older copy with the keys of now: below what was seen of the log, so on purpose only.
    let then = place(&folder, &house, "then", "");
    let from = ["restore", "--from", older.to_str().unwrap(), "--keys-from", archive.to_str().unwrap()];
    let (status, _, said) = asked(&then.config, &from);
    assert!(status == Some(1) && said.contains("were seen"), "{said}");
    let (status, _, said) = asked(&then.config, &[&from[..], &["--below-witness", "the newer archive burnt"]].concat());
    assert_eq!(status, Some(0), "{said}");

    for there in [&now, &then] {
        let program = Program::serve(&there.config).unwrap_or_else(|said| panic!("{said}"));
        let mut client = gateway(&program, &house);
        for path in ["Patient/gone", "Observation/gone-1", "Observation/gone-1/_history/1"] {
            let answer = client.get(&format!("/fhir/{path}")).unwrap();
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
        let found = client.get(&format!("/fhir/Patient?identifier={CARD}")).unwrap();
        assert!(found.text().contains("stays") && !found.text().contains("gone"), "{}", found.text());
        drop(client);
        program.stop();
        let rows = "SELECT (SELECT count(*) FROM document WHERE subject NOT IN (SELECT no FROM subject)), \
            (SELECT count(*) FROM subject)";
        let (left, subjects): (i64, i64) = crate::keys::absent::database(&there.data)
            .query_row(rows, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert!(left == 0 && subjects > 0, "{left} versions of nobody");
        let compared =
            there.inside_with(house.custodian(), async |vault, asker| vault.compare(asker, Duration::ZERO).await);
        assert_eq!(compared.unwrap().unlike, None);
        assert_eq!(verify(&there.data, &[]).0, 0);
    }
    for file in files(&older).iter().chain(&files(&archive)).chain(&files(&now.data)).chain(&files(&then.data)) {
        assert!(net().first(&fs::read(file).unwrap()).is_none(), "{}", file.display());
    }
    let told = details(&then, &house);
    assert!(told.iter().any(|detail| detail.contains("the newer archive burnt")), "{told:?}");
}

#[test]
fn an_older_copy_that_is_put_back_does_not_start_and_a_restore_below_what_was_seen_is_refused() {
    let (folder, house) = sample();
    let archive = folder.file("archive");
    let watched = |name: &str| {
        let text = fs::read_to_string(&house.config).unwrap();
        folder.write(name, format!("{text}[log]\nwitness = \"elsewhere.checkpoint\"\n"))
    };
    let config = watched("watched.toml");
    let older = Folder::new();
    copy(&folder.data(), &older.data());
    backup(&house.config, &archive);
    let program = Program::serve(&config).unwrap();
    let mut client = gateway(&program, &house);
    put(&mut client, &[patient("here")]);
    thread::sleep(Duration::from_millis(1_500));
    drop(client);
    program.stop();
    let witness = folder.file("elsewhere.checkpoint");
    assert!(fs::read_to_string(&witness).unwrap().contains('—'));
    // It goes on as long as it is the same log …
    Program::serve(&config).unwrap().stop();
    // … and an older copy of the folder is none.
    let now = Folder::new();
    copy(&folder.data(), &now.data());
    fs::remove_dir_all(folder.data()).unwrap();
    copy(&older.data(), &folder.data());
    let said = Program::serve(&config).err().unwrap();
    assert!(said.contains("older than what was seen") && said.contains("put back"), "{said}");

    // Nor is a restore of a backup that was made before.
    let there = place(&folder, &house, "there", "[log]\nwitness = \"elsewhere.checkpoint\"");
    let (status, _, said) = asked(&there.config, &["restore", "--from", archive.to_str().unwrap()]);
    assert!(status == Some(1) && said.contains("were seen") && said.contains("--below-witness"), "{said}");
    let plain = place(&folder, &house, "plain", "");
    let by_hand = ["restore", "--from", archive.to_str().unwrap(), "--checkpoint", witness.to_str().unwrap()];
    let (status, _, said) = asked(&plain.config, &by_hand);
    assert!(status == Some(1) && said.contains("were seen"), "{said}");
    // On purpose it is, the log says so, and the file that knew better is kept beside.
    let on_purpose = ["restore", "--from", archive.to_str().unwrap(), "--below-witness", "the disk of March burnt"];
    let (status, _, said) = asked(&there.config, &on_purpose);
    assert_eq!(status, Some(0), "{said}");
    Program::serve(&there.config).unwrap_or_else(|said| panic!("{said}")).stop();
    let aside = files(folder.file("x").parent().unwrap());
    assert!(aside.iter().any(|file| file.to_string_lossy().contains("elsewhere.checkpoint.before-")));
    let told = details(&there, &house);
    assert!(told.iter().any(|detail| detail.contains("the disk of March burnt")), "{told:?}");
}
