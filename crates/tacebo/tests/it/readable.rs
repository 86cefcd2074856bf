//! Nothing readable at rest: after load and use, no word of the sample's patients occurs in any byte of the data folder
//! or of the program log, in none of the disguises that [`Net`] knows, nor behind plain compression.

use std::fs;
use std::path::Path;
use std::time::Instant;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tacebo_fixtures::{Catch, Day, Net, Sample};

use crate::folder::{Folder, copy, files};
use crate::http::Client;
use crate::program::Program;

/// Begin of a zstd frame (RFC 8878 §3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Today in the sample hospital.
fn today() -> Day {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::Offset::constant(8).to_time_zone());
    Day::new(now.year().into(), now.month().unsigned_abs().into(), now.day().unsigned_abs().into()).unwrap()
}

/// What must not be seen, and what of it was used in requests.
struct Secrets {
    net: Net,
    count: usize,
    name: String,
    resident_id: String,
    phone: String,
}

impl Secrets {
    /// Of the sample as it is today, and as it was when the test began.
    fn of(days: &[Day]) -> Self {
        let samples: Vec<Sample> = days.iter().map(|day| Sample::on(*day)).collect();
        let mut needles: Vec<String> = samples.iter().flat_map(Sample::needles).collect();
        needles.sort_unstable();
        needles.dedup();
        let card = samples[0].cards().remove(0);
        let count = needles.len();
        Self { net: Net::new(needles), count, name: card.name, resident_id: card.resident_id, phone: card.phone }
    }

    /// The first word seen in these bytes, as they are or behind compression.
    fn seen(&self, bytes: &[u8]) -> Option<Catch> {
        self.net.first(bytes).or_else(|| {
            let frames = bytes.windows(4).enumerate().filter(|(_, window)| **window == ZSTD);
            frames
                .filter_map(|(at, _)| zstd::stream::decode_all(zstd_only(&bytes[at..])).ok())
                .find_map(|plain| self.net.first(&plain))
        })
    }

    /// Every file, and every column of every row of every table: a value may be torn over several pages.
    fn seen_in(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for file in files(folder) {
            let bytes = fs::read(&file).unwrap();
            if let Some(seen) = self.seen(&bytes) {
                found.push(format!("{} at {}: {} of {:?}", file.display(), seen.offset, seen.form, seen.needle));
            }
            if bytes.starts_with(b"SQLite format 3\0") {
                self.seen_in_rows(&file, &mut found);
            }
        }
        found
    }

    fn seen_in_rows(&self, file: &Path, found: &mut Vec<String>) {
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
        let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(names.iter().any(|name| name == "document") && names.iter().any(|name| name == "log_leaf"));
        for name in names {
            let mut all = database.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns = all.column_count();
            let mut rows = all.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for column in 0..columns {
                    let (ValueRef::Blob(bytes) | ValueRef::Text(bytes)) = row.get_ref(column).unwrap() else {
                        continue;
                    };
                    if let Some(seen) = self.seen(bytes) {
                        found.push(format!("table {name}, column {column}: {} of {:?}", seen.form, seen.needle));
                    }
                }
            }
        }
    }
}

/// A frame ends where it ends: what follows in the file is no part of it.
fn zstd_only(bytes: &[u8]) -> &[u8] {
    zstd::zstd_safe::find_frame_compressed_size(bytes).ok().and_then(|length| bytes.get(..length)).unwrap_or_default()
}

/// Requests that carry names and numbers: found, refused, wrong, repeated in error paths.
fn use_it(program: &Program, secrets: &Secrets) {
    let own = program.patient("own");
    let mut asked = 0;
    let mut ask = |client: &mut Client, method: &str, path: &str, body: &Value, statuses: &[u16]| {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        let answer = client.send(method, path, &[], &bytes).unwrap();
        assert!(statuses.contains(&answer.status), "{method}: {}", answer.text());
        asked += 1;
    };
    let name: String = form(&secrets.name);
    for (login, purpose) in [("li.mingyuan", "TREAT"), ("xiao.yutong", "PATADMIN"), ("his-gateway", "TREAT")] {
        let mut client = program.client(login, purpose);
        for path in [
            format!("/fhir/Patient/{own}"),
            format!("/fhir/Patient?name={name}"),
            format!("/fhir/Patient?identifier={}", secrets.resident_id),
            format!("/fhir/Patient?telecom={}", secrets.phone),
            format!("/fhir/Condition?patient={own}&code:text={name}"),
            format!("/fhir/Patient?{name}={}", secrets.resident_id),
            format!("/fhir/Patient/{}", secrets.resident_id),
            format!("/fhir/{name}"),
            format!("/{name}?{}", secrets.phone),
        ] {
            ask(&mut client, "GET", &path, &Value::Null, &[200, 400, 403, 404]);
        }
    }
    let mut gateway = program.gateway();
    let observation = |id: &str| {
        json!({
            "resourceType": "Observation", "id": id, "status": "final", "code": { "text": secrets.name },
            "subject": { "reference": format!("Patient/{own}"), "display": secrets.name },
            "valueString": format!("{} {} {}", secrets.name, secrets.resident_id, secrets.phone),
        })
    };
    ask(&mut gateway, "PUT", "/fhir/Observation/readable", &observation("readable"), &[200, 201]);
    ask(&mut gateway, "POST", "/fhir/Observation", &observation("x"), &[201]);
    ask(&mut gateway, "DELETE", "/fhir/Observation/readable", &Value::Null, &[200, 204]);
    let mut wrong = observation("readable");
    wrong["valueString"] = json!({ "text": secrets.name });
    wrong[&secrets.name] = json!(secrets.resident_id);
    ask(&mut gateway, "PUT", "/fhir/Observation/readable", &wrong, &[400, 422]);
    ask(&mut gateway, "POST", "/fhir", &json!({ "resourceType": "Bundle", "type": secrets.name }), &[400, 422]);
    let cut = format!("{{\"resourceType\":\"Patient\",\"name\":[{{\"text\":\"{}", secrets.name);
    let answer = gateway.send("POST", "/fhir/Patient", &[], cut.as_bytes()).unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text());
    // A token that is none, and a purpose that is none, that say a name.
    let mut stranger = Client::connect(program.address, &name, &secrets.resident_id).unwrap();
    ask(&mut stranger, "GET", &format!("/fhir/Patient/{own}"), &Value::Null, &[401]);
    assert!(asked > 30);
}

/// Every byte percent-escaped.
fn form(text: &str) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap().to_ascii_uppercase();
    text.bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)]).collect()
}

#[test]
fn nothing_of_the_sample_is_readable_at_rest_or_in_the_program_log() {
    let before = today();
    let folder = Folder::new();
    let program = Program::demo_with(&folder.data(), "debug");
    let secrets = Secrets::of(&[before, today()]);
    assert!(secrets.count > 300, "only {} needles", secrets.count);
    use_it(&program, &secrets);
    // As a thief finds it: in use, with a write-ahead log.
    let stolen = Folder::new();
    copy(&folder.data(), &stolen.data());
    let log = program.log.clone();
    program.stop();
    let begin = Instant::now();
    let bytes: u64 = files(&folder.data()).iter().map(|file| fs::metadata(file).unwrap().len()).sum();
    assert!(bytes > 1_000_000, "only {bytes} bytes: nothing was loaded");
    for place in [folder.data(), stolen.data()] {
        assert_eq!(secrets.seen_in(&place), Vec::<String>::new());
    }
    let text = fs::read(&log).unwrap();
    assert!(!text.is_empty(), "the program log was not caught");
    assert!(secrets.seen(&text).is_none(), "{:?} in the program log", secrets.seen(&text));
    eprintln!("{} words in {bytes} bytes and {} of the log: {:?}", secrets.count, text.len(), begin.elapsed());

    // The search itself: planted words are found, in every file it says it reads, plain and compressed.
    let plant = |place: &str, bytes: &[u8]| {
        let path = stolen.data().join(place);
        let clean = fs::read(&path).unwrap_or_default();
        fs::write(&path, [b"before ", bytes, b" after"].concat()).unwrap();
        let found = secrets.seen_in(&stolen.data());
        assert!(found.iter().any(|line| line.contains(place)), "{place}: {found:?}");
        if clean.is_empty() {
            fs::remove_file(&path).unwrap();
        } else {
            fs::write(&path, clean).unwrap();
        }
    };
    let words = format!("病历号 {} 患者{}。", secrets.resident_id, secrets.name);
    plant("notes.txt", words.as_bytes());
    plant("custody/root.json", secrets.name.as_bytes());
    plant("notes.zst", &zstd::encode_all(words.as_bytes(), 1).unwrap());
    let utf16: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
    plant("notes.bin", &utf16);
    let database = Connection::open(stolen.data().join("store.db")).unwrap();
    database.execute("INSERT INTO meta (part, name, value) VALUES (0, 'x', ?1)", [words.as_bytes()]).unwrap();
    drop(database);
    assert!(secrets.seen_in(&stolen.data()).iter().any(|line| line.starts_with("table meta")));
}
