use std::path::Path;

use serde_json::Value;
use tacebo_identity::{NewAccount, NewClient, TokenHolder};
use tacebo_vault::RecordKind;
use tacebo_vault::policy::{Purpose, Role};

use crate::fixture::*;

fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn no_secret_and_no_name_is_readable_in_the_folder_and_none_but_hashes_inside_the_records() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let me = crate::fixture::house();
    let session = house.log_in(&doctor).await;
    let auth = house.session(&session).unwrap();
    let own = house.identity.issue_own_token(&auth, HOUR, "label of mine", None, &from("10.0.0.1")).await.unwrap();
    let new =
        NewClient {
            id: "demo-his".into(), name: "示例".into(), purposes: [Purpose::Treat].into(), grants: [].into()
        };
    let client = house.identity.register_client(&me, &new).await.unwrap().into_parts().0;
    let holder = TokenHolder::Client("demo-his".into());
    let issued = house.identity.issue_token(&me, &holder, HOUR, "", None).await.unwrap();
    let factor = doctor.factor.clone().unwrap().secret;

    let secrets = [
        PASSWORD,
        session.session.expose(),
        own.token.expose(),
        client.secret.expose(),
        issued.token.expose(),
        factor.expose(),
    ];
    let all = bytes(&house.folder());
    assert!(all.len() > 10_000);
    for secret in secrets.iter().chain(&["drwang", "王小明", "argon2id", "label of mine", "10.0.0.1"]) {
        assert!(!holds(&all, secret.as_bytes()), "readable in the folder");
    }

    // Even opened, a record holds hashes only; the factor's secret is needed to check codes and is sealed with it.
    let mut opened = String::new();
    for kind in [RecordKind::Account, RecordKind::Client] {
        for record in house.vault.records::<Value>(kind).unwrap() {
            opened.push_str(&record.value.to_string());
        }
    }
    for secret in &secrets[..5] {
        assert!(!opened.contains(secret), "at rest in clear inside a record");
    }
    assert!(opened.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(opened.contains(factor.expose()));
}

#[tokio::test]
async fn the_log_holds_no_secret() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    let _ = house.identity.second_step(&first.ticket, BROWSER, "314159", None, &from("10.0.0.1")).await;
    house.identity.log_out(session.session.expose(), &from("10.0.0.1")).await.unwrap();
    let secrets = [PASSWORD, session.session.expose(), first.ticket.expose(), "314159", "drwang", "王小明"];
    for entry in house.entries().await {
        for (name, text) in entry.fields.unwrap() {
            assert!(secrets.iter().all(|secret| !text.contains(secret)), "{name}");
        }
    }
}

#[tokio::test]
async fn debug_output_holds_no_secret_and_no_name() {
    let house = House::new().await;
    let (doctor, _) = house.people().await;
    let session = house.log_in(&doctor).await;
    let auth = house.session(&session).unwrap();
    let own = house.identity.issue_own_token(&auth, HOUR, "", None, &from("10.0.0.1")).await.unwrap();
    let first = house.password("drwang", PASSWORD, "10.0.0.1").await.unwrap();
    let new = NewAccount::staff("hushi", "某护士", "护士", [Role::Nurse]);
    let shown =
        format!("{doctor:?} {session:?} {auth:?} {own:?} {first:?} {new:?} {:?} {:?}", house.identity, doctor.factor);
    let factor = doctor.factor.as_ref().unwrap();
    let hidden = [
        PASSWORD,
        session.session.expose(),
        own.token.expose(),
        first.ticket.expose(),
        factor.secret.expose(),
        factor.uri.expose(),
        "drwang",
        "王小明",
        "某护士",
        "hushi",
    ];
    for text in hidden {
        assert!(!shown.contains(text), "{shown}");
    }
}
