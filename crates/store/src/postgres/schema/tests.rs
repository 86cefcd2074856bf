use std::sync::LazyLock;

use tacebo_testbed::Postgres;

use super::*;
use crate::migrations::later;
use crate::{PostgresAt, PostgresHost};

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// A database with a store as this program makes it.
fn founded() -> (String, Arc<Server>, Arc<Link>) {
    let host = PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port());
    let database = SERVER.database();
    let server = Server::new(&PostgresAt::new(vec![host], &database, "postgres")).unwrap();
    let link = server.connect().unwrap();
    bring_up(&server, &link, 7).unwrap();
    (database, server, link)
}

fn tables(database: &str) -> (u32, String) {
    let found = SERVER.run(database, "SELECT max(version) FROM schema_version").parse().unwrap();
    (found, SERVER.run(database, "SELECT count(*) FROM pg_class WHERE relname IN ('later', 'latest')"))
}

#[test]
fn an_older_store_is_brought_forward_step_by_step_in_order() {
    let (database, server, link) = founded();
    let all = later(MIGRATIONS);
    let bring = |applied| bring_up_to(&all, &server, &link, 9, applied).unwrap();
    let pending = bring(Applied::AsTrial);
    let numbers: Vec<_> = pending.steps.iter().map(|step| step.number).collect();
    assert_eq!((pending.found, pending.known, pending.stops()), (KNOWN, KNOWN + 3, true));
    assert_eq!(numbers, [KNOWN + 1, KNOWN + 2, KNOWN + 3]);
    assert_eq!(tables(&database), (KNOWN, "0".to_owned()));
    assert_eq!(bring(Applied::ForGood), pending);
    assert_eq!(tables(&database), (KNOWN + 3, "2".to_owned()));
    assert_eq!(SERVER.run(&database, "SELECT count(*) FROM latest"), "2");
    assert!(bring(Applied::ForGood).steps.is_empty());
    // This program does not know them.
    let newer = |e: StoreError| matches!(e, StoreError::NewerSchema { found, known: KNOWN } if found == KNOWN + 3);
    assert!(newer(bring_up(&server, &link, 9).unwrap_err()));
    assert!(newer(super::pending(&server).unwrap_err()));
    assert!(newer(present(&server).unwrap_err()));
}

#[test]
fn a_step_that_fails_takes_those_before_it_back() {
    let (database, server, link) = founded();
    let mut steps = later(MIGRATIONS);
    steps.push(Migration { number: KNOWN + 4, sql: "INSERT INTO latest VALUES (1), (1)", stops: false });
    for applied in [Applied::AsTrial, Applied::ForGood] {
        assert!(bring_up_to(&steps, &server, &link, 8, applied).is_err());
        assert_eq!(tables(&database), (KNOWN, "0".to_owned()));
    }
    bring_up(&server, &link, 9).unwrap();
}

#[test]
fn a_program_that_goes_in_the_midst_of_it_leaves_the_store_as_it_was() {
    let (database, server, link) = founded();
    let mut steps = later(MIGRATIONS);
    // Its own session ends while it waits, as a killed program's does.
    let end = "SELECT pg_terminate_backend(pg_backend_pid())";
    steps.push(Migration { number: KNOWN + 4, sql: end, stops: false });
    let ended = bring_up_to(&steps, &server, &link, 8, Applied::ForGood).unwrap_err();
    assert!(matches!(ended, StoreError::Unreachable(_)), "{ended}");
    assert_eq!(tables(&database), (KNOWN, "0".to_owned()));
    let link = server.connect().unwrap();
    bring_up_to(&later(MIGRATIONS), &server, &link, 9, Applied::ForGood).unwrap();
    assert_eq!(tables(&database), (KNOWN + 3, "2".to_owned()));
}

#[test]
fn an_empty_database_is_not_brought_forward_by_hand() {
    let host = PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port());
    let server = Server::new(&PostgresAt::new(vec![host], &SERVER.database(), "postgres")).unwrap();
    assert!(matches!(bring_up_by_hand(&server, 1, Applied::ForGood), Err(StoreError::Missing)));
}
