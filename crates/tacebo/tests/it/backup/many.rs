//! STO-04: many documents from SQLite into PostgreSQL, some of them large, counted, compared and timed.
//!
//! Short: 3,000 documents and 30 MiB of large ones. Long (`LONG=1`, `cargo xtask long restore`): 1,000,000 and 10,000 MiB,
//! which needs four times as much room; so many with `--rounds`.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::http::Client;
use crate::keys::house::token;
use crate::letter::letter;
use crate::program::Program;

use super::{SERVER, asked, backup, checked, observation, patient, place, postgres, put, restored, sample};

/// Documents in one transaction.
const TOGETHER: usize = 100;
/// Characters of a large document: a letter of hexadecimal digits, which is half as long when it is packed.
const LARGE: usize = 2 << 20;

#[test]
fn sto_04_many_documents_come_back_from_sqlite_into_postgresql_and_the_time_is_told() {
    let wanted = crate::rounds(3_000, 1_000_000) as usize;
    let (folder, house) = sample();
    let archive = folder.file("archive");
    let program = Program::serve(&house.config).unwrap();
    let before = super::point::now().to_string();
    let gateway = Arc::new(token(&house.data, "his-gateway"));
    let begin = Instant::now();
    let writers = 4;
    thread::scope(|scope| {
        for writer in 0..writers {
            let (gateway, address) = (Arc::clone(&gateway), program.address);
            scope.spawn(move || {
                let mut client = Client::connect(address, &gateway, "TREAT").unwrap();
                for lot in (writer..wanted.div_ceil(TOGETHER)).step_by(writers) {
                    let person = format!("many-{lot}");
                    put(&mut client, &[patient(&person)]);
                    let entry: Vec<_> = (0..TOGETHER - 1)
                        .map(|n| {
                            let id = format!("{person}-{n}");
                            let resource = observation(&id, &person, "one of many");
                            json!({ "resource": resource, "request": { "method": "PUT", "url": format!("Observation/{id}") } })
                        })
                        .collect();
                    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": entry });
                    let answer = client.post("/fhir", &bundle).unwrap();
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    put(&mut client, &[letter(&format!("{person}-large"), &person, LARGE, lot as u64)]);
                }
            });
        }
    });
    let written = begin.elapsed();
    program.stop();
    let begin = Instant::now();
    let made = backup(&house.config, &archive);
    let archived = begin.elapsed();
    let large = wanted.div_ceil(TOGETHER);
    assert!(made["versions"].as_u64() >= Some((wanted + large) as u64), "{made}");
    assert!(made["bytes"].as_u64() >= Some((large << 20) as u64), "{made}");
    assert_eq!(checked(&house.config, &archive).0, Some(0));
    let there = place(&folder, &house, "there", &postgres());
    let done = restored(&there, &archive);
    assert_eq!(done["versions"], made["versions"]);
    assert_eq!((&done["entries"], &done["compared"]), (&made["log_size"], &done["versions"]));
    let (status, found, said) = asked(&there.config, &["verify"]);
    assert_eq!((status, &found["result"]), (Some(0), &json!("clean")), "{said}");
    // To the moment before: each of them is taken away again, in a folder.
    let empty = place(&folder, &house, "empty", "");
    let (status, back, said) = asked(&empty.config, &["restore", "--from", archive.to_str().unwrap(), "--to", &before]);
    assert_eq!(status, Some(0), "{said}");
    let point = &back["point"];
    assert_eq!(
        (&point["gone"], &point["left"]),
        (&json!(wanted.div_ceil(TOGETHER) * TOGETHER + large), &json!(0)),
        "{point}"
    );
    println!(
        "{} versions ({large} large ones), {} entries, {} MiB: written in {:.0} s, archived in {:.1} s, restored into \
        PostgreSQL (checked, made findable, compared) in {} s; to the moment before all of them in {} s",
        done["versions"],
        done["entries"],
        made["bytes"].as_u64().unwrap_or_default() >> 20,
        written.as_secs_f64(),
        archived.as_secs_f64(),
        done["seconds"],
        back["seconds"],
    );
    let _ = &*SERVER;
}
