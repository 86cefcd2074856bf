//! The machine's clock is set an hour back, while the program serves under load and between two starts (libfaketime): the
//! log's times stay in order, what had ended stays ended, and the log says what happened.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tacebo_identity::{Identity, NewClient, TokenHolder};
use tacebo_ledger::EntryHead;
use tacebo_store::AuditSource;
use tacebo_testbed::Postgres;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Door, LogQuery, Origin, field};

use crate::http::Client;
use crate::keys::house::token;
use crate::load::{self, Health};
use crate::place::Place;
use crate::program::Program;
use crate::random::Random;
use crate::record::{Record, check_documents, check_log_at};

const MINUTE_US: i64 = 60_000_000;

/// A clock for one program, as far from the machine's as a file says.
struct Clock(PathBuf);

impl Clock {
    fn of(place: &Place) -> Self {
        let clock = Self(place.file("clock"));
        clock.set("+0");
        clock
    }

    /// `+40m`: forty minutes ahead.
    fn set(&self, offset: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, format!("{offset}\n")).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    fn start(&self, place: &Place) -> Program {
        let library = ["x86_64", "aarch64"]
            .map(|machine| PathBuf::from(format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1")));
        let library = library
            .iter()
            .find(|path| path.exists())
            .unwrap_or_else(|| panic!("no libfaketime: `cargo xtask prepare` installs it"));
        let yes = Path::new("1");
        place.start_with(&[
            ("LD_PRELOAD", library.as_path()),
            ("FAKETIME_TIMESTAMP_FILE", self.0.as_path()),
            ("FAKETIME_NO_CACHE", yes),
            // Only the clock on the wall: nobody can set the other one.
            ("FAKETIME_DONT_FAKE_MONOTONIC", yes),
            ("DONT_FAKE_MONOTONIC", yes),
        ])
    }
}

/// A token that is good for thirty minutes.
fn short_token(place: &Place) -> String {
    place.inside(async |vault| {
        let identity = Identity::new(vault.clone()).unwrap();
        let house = Identity::house(Door::Cli);
        let new = NewClient {
            id: "short".to_owned(),
            name: "short".to_owned(),
            purposes: BTreeSet::from([Purpose::Treat]),
            grants: ["TREAT.read", "TREAT.write"].map(str::to_owned).into(),
        };
        let _ = identity.register_client(&house, &new).await.unwrap();
        let holder = TokenHolder::Client("short".to_owned());
        let issued = identity.issue_token(&house, &holder, 30 * MINUTE_US, "test", None).await.unwrap();
        issued.token.expose().to_owned()
    })
}

fn jumps(place: &Place) -> Vec<String> {
    let officer = token(&place.data(), "privacy-officer");
    place.inside(async |vault| {
        let identity = Identity::new(vault.clone()).unwrap();
        let origin = Origin { door: Door::Cli, address: None };
        let officer = identity.token(&officer).unwrap().unwrap().asker_for("HCOMPL", origin).unwrap();
        let mut told = Vec::new();
        let mut before = None;
        loop {
            let query = LogQuery { limit: 200, before_index: before, ..LogQuery::default() };
            let entries = vault.log(&officer, &query).await.unwrap().into_parts().0;
            let Some(last) = entries.last() else { return told };
            before = Some(last.index);
            let details = entries.iter().map(|entry| entry.get(field::DETAIL).to_owned());
            told.extend(details.filter(|detail| detail.starts_with("the clock jumped")));
        }
    })
}

fn the_clock_goes_back(place: &Place) {
    let token = short_token(place);
    let clock = Clock::of(place);
    let mut program = clock.start(place);
    let mut record = Record::default();
    let mut random = Random::new(29);
    let status = |program: &Program| {
        let mut client = Client::connect(program.address, &token, "TREAT").unwrap();
        client.get("/fhir/Patient/pat-0001").unwrap().status
    };
    let end = |program: &mut Program| {
        assert_eq!(status(program), 200);
        clock.set("+40m");
        assert_eq!(status(program), 401, "a token is good after its end");
        thread::sleep(Duration::from_secs(3));
        clock.set("-20m");
        for _ in 0..20 {
            assert_eq!(status(program), 401, "a token has come back to life");
            thread::sleep(Duration::from_millis(200));
        }
        program.terminate();
        assert!(program.wait().success(), "{}", program.log());
    };
    for told in load::until(end, Health::Good, &mut program, "clock", &mut random) {
        record.hear(told);
    }
    assert!(record.acknowledged.len() > 5, "hardly anything was written: {:?}", record.done);
    check_log_at(&place.at(), &place.data(), &record);
    // Between two starts: the log knows what time it was.
    let program = clock.start(place);
    assert_eq!(status(&program), 401, "a start has brought a token back to life");
    let addresses = record.acknowledged.keys().cloned().collect();
    check_documents(&program, &mut record, &addresses);
    thread::sleep(Duration::from_secs(1));
    program.stop();
    check_log_at(&place.at(), &place.data(), &record);
    in_order(place);
    let (status, found) = place.verify(&[]);
    assert_eq!((status, &found["result"]), (0, &json!("clean")), "{found}");
    let told = jumps(place);
    let of = |way: &str, seconds: u64| {
        let said = told.iter().filter_map(|one| {
            let by = one.strip_prefix(&format!("the clock jumped {way} by "))?.strip_suffix(" s")?;
            by.parse::<u64>().ok()
        });
        said.filter(|by| by.abs_diff(seconds) < 60).count()
    };
    // Forward; back while serving, and again at the start, when the log was ahead.
    assert_eq!((of("forward", 2_400), of("back", 3_600)), (1, 2), "{told:?}");
}

/// Every entry is as late as the one before it, or later.
fn in_order(place: &Place) {
    let part = AuditSource::parts(&place.at()).unwrap()[0];
    let source = AuditSource::open(&place.at(), part).unwrap();
    let (mut last, mut count) = (0, 0);
    tacebo_ledger::audit::LogSource::rows(&source, &mut |row| {
        let time = EntryHead::decode(row.entry).unwrap().time_ms;
        assert!(time >= last, "entry {} is earlier than the one before it", row.index);
        (last, count) = (time, count + 1);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    assert!(count > 1_000);
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back_to_life_in_a_folder() {
    the_clock_goes_back(&Place::folder());
}

#[test]
fn a_clock_that_is_set_back_brings_nothing_back_to_life_in_a_database() {
    the_clock_goes_back(&Place::postgres(Postgres::start()));
}
