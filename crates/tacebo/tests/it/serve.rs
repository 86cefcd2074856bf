//! `tacebo serve` and `tacebo init`: TLS or loopback, configuration that is read strictly, an orderly end, and three
//! administrators with nobody above them.

use std::collections::BTreeSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::http::Client;
use crate::program::{Program, run, verify};

/// Writes a configuration for a copy of the sample hospital.
fn configured(folder: &Folder, listen: &str, more: &str) -> PathBuf {
    let text = format!(
        "data = \"house\"\nlisten = [\"{listen}\"]\n{more}\n[custody]\nfile = \"house/custody/root.json\"\npassphrase-file = \"house/custody/passphrase\"\n"
    );
    folder.write("tacebo.toml", text)
}

fn accounts(folder: &Folder) -> Value {
    serde_json::from_slice(&fs::read(folder.data().join("custody/demo-accounts.json")).unwrap()).unwrap()
}

/// A token as the demo kept it.
fn token(folder: &Folder, login: &str) -> String {
    let accounts = accounts(folder);
    let all = accounts["people"].as_array().unwrap().iter().chain(accounts["clients"].as_array().unwrap());
    all.clone().find(|one| one["login"] == login).unwrap()["token"].as_str().unwrap().to_owned()
}

/// What it says when it does not start.
fn refused(config: &std::path::Path) -> String {
    match Program::serve(config) {
        Ok(program) => panic!("it listens on {}", program.address),
        Err(said) => said,
    }
}

#[test]
fn clear_text_is_refused_off_loopback() {
    let folder = Folder::sample();
    let said = refused(&configured(&folder, "0.0.0.0:0", ""));
    assert!(said.contains("in clear") && said.contains("0.0.0.0:0") && said.contains("[tls]"), "{said}");
    let said = refused(&configured(&folder, "[::]:0", ""));
    assert!(said.contains("in clear"), "{said}");
    let output = run(["demo", "--listen", "0.0.0.0:0", "--data", &folder.data().to_string_lossy()]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("loopback"));
    // One bad address among good ones is enough.
    let said = refused(&configured(&folder, "127.0.0.1:0\", \"0.0.0.0:0", ""));
    assert!(said.contains("in clear"), "{said}");
}

#[test]
fn tls_serves_what_clear_text_does_not_get() {
    let folder = Folder::sample();
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("cert.pem", signed.cert.pem());
    folder.write("key.pem", signed.signing_key.serialize_pem());
    let tls = "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"";
    let program = Program::serve(&configured(&folder, "0.0.0.0:0", tls)).unwrap();
    let port = program.address.port();

    let connect = |versions: &[&'static rustls::SupportedProtocolVersion]| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(signed.cert.der().to_vec())).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let stream = rustls::StreamOwned::new(session, stream);
        Client::over(stream, "localhost", &token(&folder, "li.mingyuan"), "TREAT")
    };
    for versions in [[&rustls::version::TLS13], [&rustls::version::TLS12]] {
        let mut client = connect(&versions);
        let answer = client.get("/fhir/Patient/pat-0001").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.receipts().len(), 1);
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    // The same request in clear on the same port is answered with nothing of it.
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let mut clear = Client::over(stream, "localhost", &token(&folder, "li.mingyuan"), "TREAT");
    assert!(clear.get("/fhir/Patient/pat-0001").is_err());
    program.stop();

    // A key of another certificate.
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    folder.write("key.pem", other.signing_key.serialize_pem());
    let said = refused(&configured(&folder, "0.0.0.0:0", tls));
    assert!(said.contains("cert.pem") || said.contains("key.pem"), "{said}");
}

#[test]
fn what_is_misspelt_in_the_configuration_is_named() {
    let folder = Folder::sample();
    for (text, named) in [
        ("lisen = [\"127.0.0.1:0\"]", "lisen"),
        ("[limits]\nbody-mb = 3", "body-mb"),
        ("[log]\nformat = \"xml\"", "xml"),
    ] {
        let said = refused(&configured(&folder, "127.0.0.1:0", text));
        assert!(said.contains(named) && said.contains("tacebo.toml"), "{said}");
    }
    let config = configured(&folder, "127.0.0.1:0", "");
    let output =
        crate::program::tacebo().arg("serve").arg("--config").arg(&config).env("TACEBO_LISTN", "x").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("TACEBO_LISTN"));
    // A taken port is named, too.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let _held = TcpListener::bind(&taken);
    let said = refused(&configured(&folder, &taken, ""));
    assert!(said.contains(&taken), "{said}");
}

#[test]
fn sigterm_lets_running_requests_finish_and_leaves_a_signed_log() {
    let folder = Folder::sample();
    let config = configured(&folder, "127.0.0.1:0", "");
    let mut program = Program::serve(&config).unwrap();
    let gateway = token(&folder, "his-gateway");
    let patient = json!({ "resourceType": "Patient", "id": "late", "active": true });
    let body = serde_json::to_vec(&patient).unwrap();
    // Half of a request is there when the signal comes.
    let mut running = Client::connect(program.address, &gateway, "TREAT").unwrap();
    let head = running.head("PUT", "/fhir/Patient/late", &[("expect", "100-continue")], body.len());
    running.raw(head.as_bytes()).unwrap();
    // The handler has begun when it asks for the body.
    assert_eq!(running.answer("PUT").unwrap().status, 100);
    running.raw(&body[..10]).unwrap();
    program.terminate();
    thread::sleep(Duration::from_millis(300));
    let late = TcpStream::connect(program.address).and_then(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        Client::over(stream, "localhost", "", "").get("/healthz")
    });
    assert!(late.is_err(), "a new connection was served after SIGTERM");
    running.raw(&body[10..]).unwrap();
    let answer = running.answer("PUT").unwrap();
    assert_eq!(answer.status, 201, "{}", answer.text());
    let receipt = answer.receipts().remove(0);
    assert!(program.wait().success(), "{}", program.log());

    assert!(!folder.data().join("store.db-wal").exists(), "an orderly end leaves one file");
    let (status, found) = verify(&folder.data(), &[&crate::folder::early_checkpoint()]);
    assert_eq!((status, &found["unsigned"]), (0, &json!(0)), "{found}");
    assert!(found["entries"].as_u64().unwrap() > receipt.0);
    // The second start finds it, and the log goes on.
    let program = Program::serve(&config).unwrap();
    let mut client = Client::connect(program.address, &gateway, "TREAT").unwrap();
    let answer = client.get("/fhir/Patient/late").unwrap();
    assert_eq!((answer.status, answer.json()["active"].as_bool()), (200, Some(true)));
    assert!(answer.receipts()[0].0 > receipt.0);
    // A second program on the same folder would fork the log.
    let said = refused(&config);
    assert!(said.contains("in use") || said.contains("another"), "{said}");
    program.stop();
}

#[test]
fn a_demo_started_again_finds_its_people_and_data() {
    let folder = Folder::sample();
    let first = Program::demo(&folder.data());
    let tokens = first.ready["tokens"].clone();
    let mut gateway = first.gateway();
    assert_eq!(
        gateway.put("/fhir/Patient/again", &json!({ "resourceType": "Patient", "id": "again" })).unwrap().status,
        201
    );
    first.stop();
    let second = Program::demo(&folder.data());
    assert_eq!(second.ready["tokens"], tokens);
    assert_eq!(second.gateway().get("/fhir/Patient/again").unwrap().status, 200);
    second.stop();
}

#[test]
fn init_makes_three_administrators_and_nobody_above_them() {
    let folder = Folder::new();
    let config = folder.write(
        "tacebo.toml",
        "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[custody]\nfile = \"keys/root.json\"\npassphrase-file = \"keys/passphrase\"\n",
    );
    let init = |more: &[&str]| {
        let mut command = crate::program::tacebo();
        command.arg("init").arg("--config").arg(&config).args([
            "--name",
            "第一医院",
            "--origin",
            "log.first.example",
            "--json",
        ]);
        command.args(more).output().unwrap()
    };
    let same = init(&["--security-admin", "root", "--audit-admin", "root"]);
    assert!(!same.status.success());
    assert!(String::from_utf8_lossy(&same.stderr).contains("three people"));
    assert!(refused(&config).contains("tacebo init"));

    let output = init(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let people = said["administrators"].as_array().unwrap();
    let all = |field: &str| people.iter().map(|one| one[field].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(all("role"), ["audit-admin", "security-admin", "system-admin"].map(str::to_owned).into());
    for field in ["login", "password", "totp"] {
        assert_eq!(all(field).len(), 3, "{field}");
        assert!(all(field).iter().all(|value| value.len() >= 8), "{field}");
    }
    let again = init(&[]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"));

    let checkpoint = folder.write("first.checkpoint", said["checkpoint"].as_str().unwrap());
    let program = Program::serve(&config).unwrap();
    assert_eq!(Client::connect(program.address, "", "").unwrap().get("/readyz").unwrap().status, 200);
    program.stop();
    let (status, found) = verify(&folder.data(), &[&checkpoint]);
    assert_eq!(status, 0, "{found}");
    let key = fs::read_to_string(folder.data().join("log.vkey")).unwrap();
    assert_eq!(said["vkey"], key.trim());
}

#[test]
fn no_administrator_sees_a_patient_for_any_purpose() {
    let folder = Folder::sample();
    let program = Program::demo(&folder.data());
    let own = program.patient("own");
    let purposes = [
        "TREAT",
        "ETREAT",
        "HPAYMT",
        "HOPERAT",
        "HRESCH",
        "PUBHLTH",
        "PATRQT",
        "FAMRQT",
        "PATADMIN",
        "HCOMPL",
        "HSYSADMIN",
    ];
    for login in ["dong.haoran", "yuan.bowen", "jiang.xinran"] {
        for purpose in purposes {
            let mut client = program.client(login, purpose);
            for path in [
                format!("/fhir/Patient/{own}"),
                format!("/fhir/Observation?patient={own}"),
                format!("/fhir/Patient/{own}/$everything"),
            ] {
                let answer = client.get(&path).unwrap();
                assert!(matches!(answer.status, 403 | 404), "{login} {purpose} {path}: {}", answer.text());
                assert_eq!(answer.json()["resourceType"], "OperationOutcome");
                assert!(!String::from_utf8_lossy(&answer.body).contains("birthDate"));
            }
        }
    }
    program.stop();
}
