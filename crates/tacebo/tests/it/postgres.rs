//! The program over a PostgreSQL database: founded, served, killed, served again and checked, as over a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::{Value, json};
use tacebo_fhir::speech::Fhir;
use tacebo_identity::{Identity, NewClient, TokenHolder};
use tacebo_seal::PassphraseFile;
use tacebo_store::{At, PostgresAt, PostgresHost};
use tacebo_testbed::Postgres;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Door, Opening, Unlike, Vault};

use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, tacebo};

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// A configuration over a new database.
fn configured(folder: &Folder, database: &str) -> PathBuf {
    let text = format!(
        "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[store]\nengine = \"postgres\"\nhosts = [\"{}:{}\"]\n\
        database = \"{database}\"\nuser = \"postgres\"\n\
        [custody]\nfile = \"keys/root.json\"\npassphrase-file = \"keys/passphrase\"\n",
        SERVER.socket().display(),
        SERVER.port(),
    );
    folder.write("tacebo.toml", text)
}

/// Runs a command of the program over a configuration and gives its exit status and its line.
fn asked(config: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let output = tacebo().args(args).arg("--config").arg(config).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), errors)
}

/// Does something with the vault itself, the program stopped.
fn inside<T>(folder: &Folder, database: &str, act: impl AsyncFnOnce(Vault) -> T) -> T {
    let passphrase = fs::read_to_string(folder.file("keys/passphrase")).unwrap();
    let custodian = PassphraseFile::open(&folder.file("keys/root.json"), passphrase.trim_end()).unwrap();
    let opening = Opening {
        dir: folder.data(),
        custodian: Arc::new(custodian),
        speeches: vec![Arc::new(Fhir::default())],
        clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
        on_fatal: Arc::new(|why: &str| panic!("{why}")),
    };
    let host = PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port());
    let at = At::Postgres(Box::new(PostgresAt::new(vec![host], database, "postgres")));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async { act(Vault::open_at(&at, opening).unwrap()).await })
}

/// A token of a client system that is registered with the program stopped.
fn token(folder: &Folder, database: &str) -> String {
    inside(folder, database, async |vault| {
        let identity = Identity::new(vault.clone()).unwrap();
        let house = Identity::house(Door::Cli);
        let new = NewClient {
            id: "gateway".to_owned(),
            name: "gateway".to_owned(),
            purposes: BTreeSet::from([Purpose::Treat]),
            grants: ["TREAT.read", "TREAT.write"].map(str::to_owned).into(),
        };
        let _ = identity.register_client(&house, &new).await.unwrap();
        let holder = TokenHolder::Client("gateway".to_owned());
        let issued = identity.issue_token(&house, &holder, 3_600_000_000, "test", None).await.unwrap();
        issued.token.expose().to_owned()
    })
}

#[test]
fn a_house_in_a_database_is_founded_served_killed_and_verified() {
    let (folder, database) = (Folder::new(), SERVER.database());
    let config = configured(&folder, &database);
    let (status, made, errors) =
        asked(&config, &["init", "--name", "第一医院", "--origin", "log.first.example", "--json"]);
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(made["administrators"].as_array().unwrap().len(), 3);
    let (status, _, errors) = asked(&config, &["init", "--name", "x", "--origin", "log.x.example", "--json"]);
    assert!(status != Some(0) && errors.contains("already"), "{errors}");
    // Nothing of the house is in the folder but the key that everybody may have.
    let files: Vec<_> = fs::read_dir(folder.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["log.vkey"]);

    let token = token(&folder, &database);
    let mut program = Program::serve(&config).unwrap();
    let mut client = Client::connect(program.address, &token, "TREAT").unwrap();
    let patient = json!({ "resourceType": "Patient", "id": "one", "active": true, "birthDate": "1961-05-02" });
    let answer = client.put("/fhir/Patient/one", &patient).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let receipt = answer.receipts().remove(0);
    assert_eq!(client.get("/fhir/Patient/one").unwrap().json()["birthDate"], "1961-05-02");
    // A second program serves beside it (see `nodes`); a tool that changes keys has to be alone.
    let (status, _, said) = asked(&config, &["keys", "turn"]);
    assert!(status != Some(0) && said.contains("another program serves this database"), "{said}");
    program.kill();
    // What was written stands in the database, and none of it in words.
    let dump = SERVER
        .run(&database, "SELECT count(*) FROM document WHERE position('1961' IN encode(body_sealed, 'escape')) > 0");
    assert_eq!(dump, "0");

    // The next one need not wait for the killed one's term.
    let program = Program::serve(&config).unwrap();
    let mut client = Client::connect(program.address, &token, "TREAT").unwrap();
    let answer = client.get("/fhir/Patient/one").unwrap();
    assert_eq!((answer.status, answer.json()["active"].as_bool()), (200, Some(true)));
    assert!(answer.receipts()[0].0 > receipt.0);
    // The log is checked beside the running program.
    let (status, found, errors) = asked(&config, &["verify", "--json"]);
    assert_eq!((status, &found["result"], &found["files"]), (Some(0), &json!("clean"), &json!(false)), "{errors}");
    program.stop();
    let kept = folder.write("first.checkpoint", made["checkpoint"].as_str().unwrap());
    let (status, found, errors) = asked(&config, &["verify", "--json", "--checkpoint", &kept.to_string_lossy()]);
    assert_eq!((status, &found["unsigned"], &found["older"]), (Some(0), &json!(0), &json!(1)), "{errors}");

    // Documents and log fit each other, until somebody takes a version out.
    let compare = || {
        let house = Identity::house(Door::Cli);
        inside(&folder, &database, async |vault| vault.compare(&house, Duration::ZERO).await.unwrap())
    };
    assert_eq!(compare().unlike, None);
    SERVER.run(&database, "DELETE FROM document WHERE rid = (SELECT max(rid) FROM document WHERE subject IS NOT NULL)");
    assert!(matches!(compare().unlike, Some(Unlike::Missing { .. })));

    SERVER.run(&database, "UPDATE log_leaf SET actor = actor + 1 WHERE place & 2251799813685247 = 3");
    let (status, found, _) = asked(&config, &["verify", "--json"]);
    assert_eq!((status, &found["fault"]["code"]), (Some(1), &json!("row-altered")), "{found}");
}
