//! The rooms and their arrows (`docs/architecture.md`): a room uses only rooms below it, and the rooms
//! above the vault see neither store nor keys.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each room may use. A room that is not here fails the test.
const ARROWS: &[(&str, &[&str])] = &[
    ("tacebo-shangmi", &[]),
    ("tacebo-seal", &["tacebo-shangmi"]),
    ("tacebo-veil", &[]),
    ("tacebo-ledger", &["tacebo-shangmi"]),
    ("tacebo-wire", &[]),
    ("tacebo-store", &["tacebo-seal", "tacebo-ledger", "tacebo-objects", "tacebo-wire"]),
    ("tacebo-objects", &["tacebo-wire"]),
    ("tacebo-archive", &["tacebo-ledger", "tacebo-objects", "tacebo-store"]),
    ("tacebo-policy", &["tacebo-veil"]),
    (
        "tacebo-vault",
        &["tacebo-seal", "tacebo-veil", "tacebo-ledger", "tacebo-store", "tacebo-policy", "tacebo-objects"],
    ),
    ("tacebo-fhir", &["tacebo-vault"]),
    ("tacebo-identity", &["tacebo-vault"]),
    ("tacebo-governance", &["tacebo-vault"]),
    ("tacebo-server", &["tacebo-vault", "tacebo-fhir", "tacebo-identity", "tacebo-governance"]),
    // The binary puts everything together: it hands over the custodian, `verify` reads a folder without keys, `bench`
    // compares with the bare engines.
    (
        "tacebo",
        &[
            "tacebo-server",
            "tacebo-vault",
            "tacebo-fhir",
            "tacebo-identity",
            "tacebo-governance",
            "tacebo-fixtures",
            "tacebo-archive",
            "tacebo-objects",
            "tacebo-ledger",
            "tacebo-store",
            "tacebo-seal",
        ],
    ),
    ("tacebo-fixtures", &[]),
    ("tacebo-testbed", &[]),
    ("tacebo-fuzz", &["tacebo-fhir", "tacebo-ledger"]),
    ("tacebo-unify", &[]),
    ("xtask", &[]),
];

/// Crates that one room has to itself, so that what it is built on can be changed behind its door.
const OWN: &[(&str, &[&str])] = &[
    ("cedar-policy", &["tacebo-policy"]),
    ("rusqlite", &["tacebo-store", "tacebo"]),
    ("tokio-postgres", &["tacebo-store", "tacebo"]),
    ("axum", &["tacebo-server", "tacebo"]),
    ("argon2", &["tacebo-identity", "tacebo-seal"]),
    ("botan", &["tacebo-shangmi"]),
    ("askama", &["tacebo-server"]),
];

fn used() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap();
    metadata
        .packages
        .into_iter()
        .map(|package| {
            let used = package.dependencies.into_iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name);
            (package.name.to_string(), used.collect())
        })
        .collect()
}

#[test]
fn a_room_uses_only_rooms_below_it() {
    let rooms = used();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    for (room, used) in &rooms {
        let Some(allowed) = allowed.get(room.as_str()) else { panic!("{room} has no place in the house yet") };
        // The unifying crate has no code: it keeps features equal.
        for below in used.iter().filter(|name| rooms.contains_key(*name) && *name != "tacebo-unify") {
            assert!(
                allowed.contains(&below.as_str()),
                "{room} uses {below}: an arrow that points up or past the vault"
            );
        }
    }
}

#[test]
fn what_a_room_is_built_on_stays_in_it() {
    let rooms = used();
    for (part, owners) in OWN {
        let users: Vec<&String> = rooms
            .iter()
            .filter(|(room, used)| *room != "tacebo-unify" && used.contains(*part))
            .map(|(room, _)| room)
            .collect();
        assert!(users.iter().all(|room| owners.contains(&room.as_str())), "{part} is used by {users:?}");
    }
}
