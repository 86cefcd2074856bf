//! What only the PostgreSQL engine can be asked: several nodes, lost answers, a server that goes and comes back.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tacebo_ledger::{
    LogKey,
    audit::{self, LogSource},
    inclusion_proof, verify_inclusion,
};
use tacebo_store::{
    Applied, At, AuditSource, Change, CheckpointWrite, CommitError, Integrity, PartNo, PostgresAt, PostgresHost,
    Receipt, Store, StoreError, Unchecked,
};
use tacebo_testbed::Postgres;

use crate::{
    harness::{Home, ORIGIN, PART, SERVER, World, change, document, entry, guard, of},
    proxy::{Cut, Proxy},
};

fn boxed(at: &PostgresAt) -> At {
    At::Postgres(Box::new(at.clone()))
}

pub(crate) fn open(at: &PostgresAt) -> Result<Store, StoreError> {
    Store::open(&boxed(at), World::default().options())
}

/// A new database on the server of this process, and a store in it.
pub(crate) async fn founded() -> (PostgresAt, Store) {
    let at = Home::database(&SERVER);
    let store = open(&at).unwrap();
    store.create_part(PART, ORIGIN).await.unwrap();
    (at, store)
}

fn key() -> LogKey {
    LogKey::from_bytes(ORIGIN, &[5; 32]).unwrap()
}

/// The whole log passes the offline check, and every receipt is in it at its place.
fn check_log(store: &Store, at: &PostgresAt, receipts: &[Receipt]) {
    let head = store.log_head(PART).unwrap().unwrap();
    let source = AuditSource::open(&boxed(at), PART).unwrap();
    let report = audit::audit(&source, &key().verifier().unwrap(), &[], &mut |_| {}).unwrap();
    assert_eq!((report.size, report.root), (head.size, head.root));
    assert_eq!(source.stray().unwrap(), None);
    for receipt in receipts {
        let proof = inclusion_proof(&store.tiles(PART), receipt.index(), head.size).unwrap();
        verify_inclusion(&receipt.leaf(), receipt.index(), head.size, &proof, &head.root).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_over_one_database_keep_one_order_of_the_log() {
    let (at, first) = founded().await;
    let nodes = [first, open(&at).unwrap(), open(&at).unwrap()];
    let tasks: Vec<_> = (0..12_u64)
        .map(|task| {
            let store = nodes[usize::try_from(task % 3).unwrap()].clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                for n in 0..40_u64 {
                    let no = task * 1000 + n;
                    let entries = (0..=n % 3).map(|i| entry(no * 4 + i)).collect();
                    let one = Change { entries, ..of(vec![document("A", no, 1), document("B", no, 1)]) };
                    done.push(store.commit(one).await.unwrap());
                    // A change that fails is mixed in: it leaves no gap.
                    let wrong = Change { entries: vec![entry(no)], ..of(vec![document("A", no, 9)]) };
                    assert!(matches!(store.commit(wrong).await, Err(CommitError::VersionMismatch { current: 1, .. })));
                    if n % 10 == 0 {
                        let head = store.log_head(PART).unwrap().unwrap();
                        let tree =
                            tacebo_ledger::Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root };
                        let checkpoint = Some(CheckpointWrite { size: head.size, note: key().sign(&tree).unwrap() });
                        // A later one of another node may have been kept meanwhile.
                        let kept = store.commit(Change { checkpoint, ..change() }).await;
                        assert!(matches!(kept, Ok(_) | Err(CommitError::Malformed(_))), "{kept:?}");
                    }
                }
                done
            })
        })
        .collect();
    let (mut receipts, mut rids, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for task in tasks {
        for committed in task.await.unwrap() {
            rids.extend([committed.first_rid, committed.first_rid + 1]);
            times.push(committed.time_us);
            receipts.extend(committed.receipts);
        }
    }
    rids.sort_unstable();
    times.sort_unstable();
    assert!(rids.into_iter().eq(1..=960));
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "two commits at one time");
    let mut places: Vec<_> = receipts.iter().map(Receipt::index).collect();
    places.sort_unstable();
    assert!(places.into_iter().eq(0..nodes[0].log_head(PART).unwrap().unwrap().size), "a fork or a gap");
    check_log(&nodes[1], &at, &receipts);
    // The nodes' marks go with them.
    drop(nodes);
    assert_eq!(SERVER.run(&at.database, "SELECT count(*) FROM node_mark"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_guarded_creates_on_two_nodes_one_wins() {
    let (at, first) = founded().await;
    let nodes = [first, open(&at).unwrap()];
    let seen = nodes[0].head(PART).unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|n| {
            let store = nodes[usize::try_from(n % 2).unwrap()].clone();
            let create = Change { guards: vec![guard(1, seen)], ..of(vec![document("A", n, 1)]) };
            tokio::spawn(async move { store.commit(create).await })
        })
        .collect();
    let mut won = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => won += 1,
            Err(e) => assert!(matches!(e, CommitError::Conflict { touched: 1, .. }), "{e}"),
        }
    }
    assert_eq!((won, nodes[1].head(PART).unwrap()), (1, 1));
}

/// A store behind a wire that can be cut.
async fn cuttable() -> (Proxy, PostgresAt, Store) {
    let (direct, store) = founded().await;
    drop(store);
    let proxy = Proxy::start(SERVER.port()).await;
    let through = PostgresAt { hosts: vec![PostgresHost::Tcp("127.0.0.1".to_owned(), proxy.port())], ..direct.clone() };
    let store = open(&through).unwrap();
    (proxy, direct, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_was_lost_is_found_and_not_done_twice() {
    let (proxy, direct, store) = cuttable().await;
    let mut receipts = Vec::new();
    for n in 0..6 {
        let one = Change { entries: vec![entry(n)], ..of(vec![document("A", n, 1)]) };
        if n % 2 == 1 {
            proxy.cut(Cut::AfterCommit);
        }
        let done = store.commit(one).await.unwrap();
        assert_eq!(done.first_rid, i64::try_from(n).unwrap() + 1);
        receipts.extend(done.receipts);
    }
    assert_eq!(proxy.cuts(), 3, "the wire was not cut");
    assert_eq!(store.head(PART).unwrap(), 6);
    check_log(&store, &direct, &receipts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_arrive_is_done_again() {
    let (proxy, direct, store) = cuttable().await;
    let mut receipts = Vec::new();
    for n in 0..6 {
        let one = Change { entries: vec![entry(n)], ..of(vec![document("A", n, 1)]) };
        if n % 2 == 1 {
            proxy.cut(Cut::BeforeCommit);
        }
        let done = store.commit(one).await.unwrap();
        assert_eq!(done.first_rid, i64::try_from(n).unwrap() + 1);
        receipts.extend(done.receipts);
    }
    assert_eq!(proxy.cuts(), 3, "the wire was not cut");
    check_log(&store, &direct, &receipts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_can_ask_about_ends_the_store() {
    let (proxy, mut direct, store) = cuttable().await;
    drop(store);
    direct.hosts = vec![PostgresHost::Tcp("127.0.0.1".to_owned(), proxy.port())];
    direct.patience = Duration::from_millis(300);
    let world = World::default();
    let store = Store::open(&boxed(&direct), world.options()).unwrap();
    proxy.cut(Cut::ForGood);
    let one = Change { entries: vec![entry(1)], ..change() };
    assert_eq!(store.commit(one).await.unwrap_err(), CommitError::Fatal);
    assert!(store.is_poisoned());
    assert_eq!(world.fatal.lock().unwrap().len(), 1);
    assert!(matches!(store.head(PART), Err(StoreError::Poisoned)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_that_was_acknowledged_and_work_goes_on_when_it_is_back() {
    let mut server = Postgres::start();
    let at = Home::database(&server);
    let store = open(&at).unwrap();
    store.create_part(PART, ORIGIN).await.unwrap();
    let mut receipts = Vec::new();
    let mut no = 0;
    for round in 0..3 {
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut receipts = Vec::new();
                    for n in 0..200 {
                        let no = round * 10_000 + task * 1000 + n;
                        let one = Change { entries: vec![entry(no)], ..of(vec![document("A", no, 1)]) };
                        receipts.extend(store.commit(one).await.unwrap().receipts);
                    }
                    receipts
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(60)).await;
        tokio::task::block_in_place(|| {
            server.kill();
            if round == 0 {
                let away = store.version_rid(PART, "A", &crate::harness::id(1), 1).unwrap_err();
                assert!(matches!(away, StoreError::Unreachable(_)) && !away.is_damage(), "{away}");
            }
            server.launch();
        });
        for task in tasks {
            receipts.extend(task.await.unwrap());
        }
        no += 8 * 200;
        assert_eq!(back(|| store.log_head(PART)).await.unwrap().size, no);
    }
    check_log(&store, &at, &receipts);
}

/// What a read says once the server answers again: for a moment after it was away, reads are told so without asking it.
async fn back<T>(read: impl Fn() -> Result<T, StoreError>) -> T {
    for _ in 0..200 {
        if let Err(StoreError::Unreachable(_)) = read() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        } else {
            break;
        }
    }
    read().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_promoted_has_all_that_was_acknowledged_and_is_written_to() {
    let mut first = Postgres::start();
    let second = first.standby();
    let mut at = Home::database(&first);
    at.hosts.push(PostgresHost::Unix(second.socket().to_owned(), second.port()));
    // The order of the list does not matter: the one that takes writes is used.
    at.hosts.reverse();
    let store = open(&at).unwrap();
    store.create_part(PART, ORIGIN).await.unwrap();
    let standbys = store.standbys().unwrap().unwrap();
    assert!(standbys.expected);
    let [follower] = standbys.found.as_slice() else { panic!("{:?}", standbys.found) };
    assert_eq!((&*follower.name, follower.streaming, follower.synchronous), ("second", Some(true), true));
    let tasks: Vec<_> = (0..6)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for n in 0..40 {
                    let no = task * 1000 + n;
                    let one = Change { entries: vec![entry(no)], ..of(vec![document("A", no, 1)]) };
                    receipts.extend(store.commit(one).await.unwrap().receipts);
                }
                receipts
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    tokio::task::block_in_place(|| {
        first.kill();
        second.promote();
    });
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.extend(task.await.unwrap());
    }
    assert_eq!(store.head(PART).unwrap(), 240);
    assert_eq!(store.standbys().unwrap().unwrap().found, []);
    at.hosts.truncate(1);
    check_log(&store, &at, &receipts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_lost_acknowledged_entries_is_not_written_to() {
    let (at, store) = founded().await;
    for n in 0..3 {
        store.commit(Change { entries: vec![entry(n)], ..change() }).await.unwrap();
    }
    // As after a restore of an old backup under a running program.
    SERVER.run(&at.database, "UPDATE part_state SET size = 1");
    assert_eq!(store.commit(Change { entries: vec![entry(9)], ..change() }).await.unwrap_err(), CommitError::Fatal);
    assert!(store.is_poisoned());
    drop(store);
    assert!(matches!(open(&at), Err(StoreError::Log(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_somebody_holds_is_waited_for() {
    let (mut at, store) = founded().await;
    drop(store);
    at.lock_timeout = Duration::from_millis(100);
    let store = open(&at).unwrap();
    let database = at.database.clone();
    let hold = "BEGIN; SELECT 1 FROM part_state FOR UPDATE; SELECT pg_sleep(1.5); COMMIT";
    let holder = std::thread::spawn(move || SERVER.run(&database, hold));
    while SERVER.run(
        &at.database,
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()",
    ) == "0"
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Longer than the lock time-out: the group is tried again until it is its turn.
    assert_eq!(store.commit(of(vec![document("A", 1, 1)])).await.unwrap().first_rid, 1);
    holder.join().unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_program_and_a_foreign_one_are_refused_and_left_alone() {
    let (at, store) = founded().await;
    drop(store);
    SERVER.run(&at.database, "INSERT INTO schema_version VALUES (99, 0)");
    assert!(matches!(open(&at), Err(StoreError::NewerSchema { found: 99, known }) if known < 99));
    assert!(matches!(AuditSource::open(&boxed(&at), PART), Err(StoreError::NewerSchema { .. })));
    assert!(matches!(Store::pending(&boxed(&at)), Err(StoreError::NewerSchema { found: 99, .. })));
    let forced = Store::bring_up(&boxed(&at), 0, Applied::ForGood);
    assert!(matches!(forced, Err(StoreError::NewerSchema { found: 99, .. })));
    SERVER.run(&at.database, "DELETE FROM schema_version WHERE version = 99");
    open(&at).unwrap();

    let empty = Home::database(&SERVER);
    assert!(matches!(AuditSource::open(&boxed(&empty), PART), Err(StoreError::Missing)));
    SERVER.run(&empty.database, "CREATE TABLE mine (x int)");
    assert!(matches!(open(&empty), Err(StoreError::Foreign)));
    assert_eq!(
        SERVER.run(&empty.database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "1"
    );
}

#[tokio::test]
async fn what_opening_would_change_is_told_before_and_nothing_is_changed() {
    let at = Home::database(&SERVER);
    let pending = Store::pending(&boxed(&at)).unwrap();
    assert_eq!((pending.found, pending.steps.len()), (0, usize::try_from(pending.known).unwrap()));
    assert!(pending.steps[0].sql.contains("CREATE TABLE document"));
    assert_eq!(
        SERVER.run(&at.database, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
    open(&at).unwrap();
    let pending = Store::pending(&boxed(&at)).unwrap();
    assert_eq!((pending.found, pending.steps.len()), (pending.known, 0));

    let dir = tempfile::tempdir().unwrap();
    let folder = At::Folder(dir.path().to_owned());
    assert_eq!(Store::pending(&folder).unwrap().steps.len(), 1);
    assert!(dir.path().read_dir().unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_migrate_once() {
    let at = Home::database(&SERVER);
    let opened: Vec<_> = (0..6)
        .map(|_| {
            let at = at.clone();
            std::thread::spawn(move || open(&at).map(drop))
        })
        .collect();
    for one in opened {
        one.join().unwrap().unwrap();
    }
    assert_eq!(
        SERVER.run(&at.database, "SELECT string_agg(version::text, ',' ORDER BY version) FROM schema_version"),
        "0,1"
    );
}

#[tokio::test]
async fn a_role_that_may_only_read_and_write_rows_is_enough_for_an_up_to_date_database() {
    let (mut at, store) = founded().await;
    drop(store);
    let role = format!("app_{}", at.database);
    SERVER.run(
        &at.database,
        &format!(
            "CREATE ROLE {role} LOGIN; REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {role}; \
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
            REVOKE INSERT, UPDATE, DELETE ON schema_version FROM {role}"
        ),
    );
    at.user = role;
    let store = open(&at).unwrap();
    store.commit(Change { entries: vec![entry(1)], ..of(vec![document("A", 1, 1)]) }).await.unwrap();
    check_log(&store, &at, &[]);
    // Without the tables the role can do nothing, and says so.
    let mut other = Home::database(&SERVER);
    other.user = at.user;
    assert!(matches!(open(&other), Err(StoreError::Postgres(_))));
}

#[tokio::test]
async fn a_server_that_may_lose_what_it_acknowledges_is_refused() {
    for setting in ["synchronous_commit = off", "fsync = off"] {
        let at = Home::database(&SERVER);
        if setting.starts_with("fsync") {
            let server = Postgres::start_with(&["fsync=off"]);
            let refused = open(&Home::database(&server)).unwrap_err();
            assert!(matches!(&refused, StoreError::Unfit(what) if what == setting), "{refused}");
        } else {
            SERVER.run(&at.database, &format!("ALTER DATABASE {} SET {setting}", at.database));
            let refused = open(&at).unwrap_err();
            assert!(matches!(&refused, StoreError::Unfit(what) if what == setting), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_no_damage() {
    let mut at = Home::database(&SERVER);
    at.hosts = vec![PostgresHost::Tcp("127.0.0.1".to_owned(), 1)];
    let away = open(&at).unwrap_err();
    assert!(matches!(away, StoreError::Unreachable(_)) && !away.is_damage(), "{away}");
    // The others of the list are asked too.
    at.hosts.push(PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port()));
    at.hosts.swap(0, 1);
    open(&at).unwrap();
    at.hosts.swap(0, 1);
    at.database = "nowhere".to_owned();
    assert!(matches!(open(&at), Err(StoreError::Postgres(_))));
    at.hosts = vec!["db.example:5432".parse().unwrap()];
    assert!(matches!(open(&at), Err(StoreError::InClear(_))));
}

#[tokio::test]
async fn reads_work_in_any_runtime_and_in_none() {
    let (at, store) = founded().await;
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    let other = store.clone();
    std::thread::spawn(move || {
        assert_eq!(other.head(PART).unwrap(), 1);
        assert_eq!(other.commit_blocking(of(vec![document("A", 2, 1)])).unwrap().first_rid, 2);
        other.create_part_blocking(PartNo(8), "log.example/eight").unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(store.parts().unwrap(), [PART, PartNo(8)]);
    // Many at once over few connections.
    let small = PostgresAt { readers: 1, snapshots: 1, ..at };
    let store = Arc::new(open(&small).unwrap());
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for _ in 0..50 {
                    assert_eq!(store.kind_rids(PART, "A", 9).unwrap(), [1, 2]);
                    assert_eq!(store.by_kind(PART, "A", 0, 9, None).unwrap().len(), 2);
                }
            })
        })
        .collect();
    for reader in readers {
        reader.join().unwrap();
    }
}

#[tokio::test]
async fn a_change_larger_than_a_message_should_be_goes_in_whole() {
    let (_, store) = founded().await;
    let large = |no| {
        let mut one = document("A", no, 1);
        one.body = vec![u8::try_from(no).unwrap(); 8 << 20];
        one
    };
    assert_eq!(store.commit(of((0..18).map(large).collect())).await.unwrap().first_rid, 1);
    for rid in [1, 9, 18] {
        let body = store.bodies(PART, &[rid]).unwrap().remove(0);
        assert!(body.len() == 8 << 20 && body.iter().all(|byte| i64::from(*byte) == rid - 1));
    }
}

#[tokio::test]
async fn one_clock_that_stands_still_does_not_stop_the_other_node() {
    let (at, first) = founded().await;
    let world = World::default();
    world.now.store(1_000_000, Ordering::SeqCst);
    let second = Store::open(&boxed(&at), world.options()).unwrap();
    let ahead = second.commit(Change { entries: vec![entry(1)], ..change() }).await.unwrap().time_us;
    let behind = first.commit(Change { entries: vec![entry(2)], ..change() }).await.unwrap().time_us;
    assert!(behind > ahead && ahead >= 1_000_000);
}

#[tokio::test]
async fn the_servers_own_files_are_checked_where_it_can_be_asked() {
    let (at, store) = founded().await;
    store.commit(Change { entries: vec![entry(1)], ..of(vec![document("A", 1, 1)]) }).await.unwrap();
    let integrity = || store.audit_source(PART).unwrap().integrity().unwrap();
    assert_eq!(integrity(), Integrity::Unchecked(Unchecked::NoExtension));
    SERVER.run(&at.database, "CREATE EXTENSION amcheck");
    assert_eq!(integrity(), Integrity::Whole);
}

/// A server that speaks TLS, with a certificate by its own authority for `localhost`.
fn encrypted() -> (Postgres, tempfile::TempDir, PostgresAt) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let server = Postgres::start();
    for (name, text) in [("server.crt", signed.cert.pem()), ("server.key", signed.signing_key.serialize_pem())] {
        let file = server.data().join(name);
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        server.own(&file);
    }
    server.run("postgres", "ALTER SYSTEM SET ssl = on");
    server.run("postgres", "SELECT pg_reload_conf()");
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, signed.cert.pem()).unwrap();
    let host = PostgresHost::Tcp("localhost".to_owned(), server.port());
    let mut at = PostgresAt::new(vec![host], &server.database(), "postgres");
    at.authority = Some(authority);
    (server, folder, at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_spoken_with_a_server_whose_name_is_vouched_for_and_with_no_other() {
    let (server, folder, at) = encrypted();
    let store = open(&at).unwrap();
    store.create_part(PART, ORIGIN).await.unwrap();
    store.commit(of(vec![document("A", 1, 1)])).await.unwrap();
    let plain = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
        WHERE NOT ssl AND application_name = 'tacebo'";
    assert_eq!(server.run(&at.database, plain), "0");
    drop(store);
    // Another name of the same server, and another authority.
    let mut other = at.clone();
    other.hosts = vec![PostgresHost::Tcp("127.0.0.1".to_owned(), server.port())];
    assert!(matches!(open(&other), Err(StoreError::Unreachable(why)) if why.contains("TLS")));
    let stranger = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let file = folder.path().join("stranger.pem");
    std::fs::write(&file, stranger.cert.pem()).unwrap();
    let other = PostgresAt { authority: Some(file.clone()), ..at.clone() };
    assert!(matches!(open(&other), Err(StoreError::Unreachable(why)) if why.contains("TLS")));
    std::fs::write(&file, "nothing").unwrap();
    assert!(matches!(open(&other), Err(StoreError::Authority(_))));
    // A server that does not speak it is not talked to in clear.
    let host = PostgresHost::Tcp("localhost".to_owned(), SERVER.port());
    let clear = PostgresAt { hosts: vec![host], database: SERVER.database(), ..at };
    assert!(matches!(open(&clear), Err(StoreError::Unreachable(why)) if why.contains("TLS")));
}

/// A database with 1,200 entries, 1,024 of them in the lists, and six checkpoints, closed.
async fn logged() -> (PostgresAt, String) {
    let (at, store) = founded().await;
    let mut newest = String::new();
    for n in 0..6 {
        let entries = (0..200).map(|i| entry(n * 200 + i)).collect();
        store.commit(Change { entries, ..of(vec![document("A", n, 1)]) }).await.unwrap();
        let head = store.log_head(PART).unwrap().unwrap();
        let tree = tacebo_ledger::Checkpoint { origin: ORIGIN.to_owned(), size: head.size, root: head.root };
        newest = key().sign(&tree).unwrap();
        let checkpoint = Some(CheckpointWrite { size: head.size, note: newest.clone() });
        store.commit(Change { checkpoint, ..change() }).await.unwrap();
    }
    (at, newest)
}

#[tokio::test]
async fn every_change_to_a_row_of_the_log_is_found() {
    let (at, older) = logged().await;
    let check = || {
        let source = AuditSource::open(&boxed(&at), PART).unwrap();
        audit::audit(&source, &key().verifier().unwrap(), &[older.as_bytes()], &mut |_| {})
    };
    assert_eq!(check().unwrap().size, 1_200);
    assert_eq!(AuditSource::parts(&boxed(&at)).unwrap(), [PART]);
    let leaf = |n: u64| format!("place & 2251799813685247 = {n}");
    for tamper in [
        format!("UPDATE log_leaf SET eid = eid || '\\x00' WHERE {}", leaf(3)),
        format!("UPDATE log_leaf SET entry = entry || '\\x00' WHERE {}", leaf(700)),
        format!("UPDATE log_leaf SET sealed = '' WHERE {}", leaf(1_199)),
        format!("UPDATE log_leaf SET time = time + 1000 WHERE {}", leaf(0)),
        format!("UPDATE log_leaf SET subject = coalesce(subject, 0) + 1 WHERE {}", leaf(512)),
        format!("UPDATE log_leaf SET actor = actor + 1 WHERE {}", leaf(513)),
        format!("UPDATE log_leaf SET class = class + 1 WHERE {}", leaf(514)),
        format!("UPDATE log_leaf SET place = place + 5000 WHERE {}", leaf(515)),
        format!("DELETE FROM log_leaf WHERE {}", leaf(516)),
        "DELETE FROM log_leaf WHERE place & 2251799813685247 >= 1000".to_owned(),
        "UPDATE log_tile SET hashes = '\\x00' WHERE level = 0 AND idx = 2".to_owned(),
        "DELETE FROM log_tile WHERE level = 0 AND idx = 1".to_owned(),
        "INSERT INTO log_tile SELECT 77, part, level, hashes FROM log_tile LIMIT 1".to_owned(),
        "UPDATE checkpoint SET note = note || 'x' WHERE seq = 4".to_owned(),
        "DELETE FROM checkpoint WHERE seq = 5".to_owned(),
        "UPDATE part_state SET size = size - 1".to_owned(),
        "UPDATE part_state SET root = root || '\\x00'".to_owned(),
        "DELETE FROM log_subject WHERE idx = (SELECT min(idx) FROM log_subject WHERE idx > 40)".to_owned(),
        "UPDATE log_actor SET actor = actor + 1 WHERE idx = 40".to_owned(),
        "INSERT INTO log_subject SELECT 7, idx, part FROM log_actor WHERE idx = 41".to_owned(),
    ] {
        // One session: the tampering is undone when it has been seen.
        let tables = ["log_leaf", "log_tile", "log_subject", "log_actor", "checkpoint", "part_state"];
        let kept = tables.map(|table| format!("CREATE TABLE kept_{table} AS TABLE {table};")).concat();
        let back = tables
            .map(|table| {
                format!("DELETE FROM {table}; INSERT INTO {table} TABLE kept_{table}; DROP TABLE kept_{table};")
            })
            .concat();
        SERVER.run(&at.database, &format!("{kept} {tamper}"));
        let found = check();
        assert!(found.is_err(), "{tamper}: {found:?}");
        SERVER.run(&at.database, &back);
    }
    assert_eq!(check().unwrap().size, 1_200);
    // A row of a log that is not there.
    SERVER.run(
        &at.database,
        "INSERT INTO log_leaf SELECT (9::bigint << 51), time, subject, actor, 9, class, eid, entry, sealed FROM log_leaf LIMIT 1",
    );
    assert_eq!(AuditSource::open(&boxed(&at), PART).unwrap().stray().unwrap(), Some("log_leaf"));
}

#[tokio::test]
async fn the_check_sees_one_state_beside_a_running_store() {
    let (at, store) = founded().await;
    store.commit(Change { entries: vec![entry(1)], ..change() }).await.unwrap();
    let source = AuditSource::open(&boxed(&at), PART).unwrap();
    let seen = || source.state().unwrap().unwrap().size;
    assert_eq!(seen(), 1);
    store.commit(Change { entries: vec![entry(2)], ..change() }).await.unwrap();
    assert_eq!(seen(), 1, "one snapshot for the whole check");
    assert!(AuditSource::open(&boxed(&at), PartNo(1)).unwrap().origin().unwrap().is_none());
}
