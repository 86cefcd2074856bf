//! How PostgreSQL goes about each statement, on tables that are not small, under the settings of our sessions.

use std::sync::LazyLock;

use tacebo_testbed::Postgres;
use tokio_postgres::{Client, SimpleQueryMessage, types::Type};

use super::{schema, server::Server, sql};
use crate::{
    PostgresAt, PostgresHost,
    sql::{CHECKS, FILE_ACTORS, FILE_SUBJECTS, READS},
};

static SERVER: LazyLock<Postgres> = LazyLock::new(Postgres::start);

/// Forty thousand documents of 400 persons with two terms each, as many log entries, twelve kinds, three parts.
const FILL: &str = "
    INSERT INTO part_state SELECT p, 40000, 1, 40000, 0, 0, 'log.example/' || p, '' FROM generate_series(1, 3) p;
    INSERT INTO kind SELECT 2, n, 'kind' || n FROM generate_series(1, 12) n;
    INSERT INTO document SELECT n, n % 400, 1, 9223372036854775807, 0, 2, n % 12, 1, 0, sha256(n::text::bytea), 'i', 'b'
        FROM generate_series(1, 40000) n;
    INSERT INTO blob SELECT n, 1, 2, sha256(n::text::bytea), 'h' FROM generate_series(1, 20000) n;
    INSERT INTO blob_gone SELECT 2, sha256(n::text::bytea) FROM generate_series(1, 20000) n;
    INSERT INTO term SELECT n, 2, sha256((n % 5000)::text::bytea) FROM generate_series(1, 40000) n;
    INSERT INTO guard SELECT n, 2, sha256(n::text::bytea) FROM generate_series(1, 20000) n;
    INSERT INTO subject SELECT n, 2, sha256(n::text::bytea) FROM generate_series(1, 20000) n;
    INSERT INTO subject_key SELECT n, 1, 2, n % 4096, c, 'w' FROM generate_series(1, 5000) n, generate_series(1, 6) c;
    INSERT INTO bucket_key SELECT 1, 2, n, 'w' FROM generate_series(0, 4095) n;
    INSERT INTO log_leaf SELECT (2::bigint << 51) + n, 0, n % 400, n % 50, 2, 1, 'e', 'e', 's'
        FROM generate_series(0, 40000) n;
    INSERT INTO log_subject SELECT n % 400, n, 2 FROM generate_series(0, 39000) n;
    INSERT INTO log_actor SELECT n % 50, n, 2 FROM generate_series(0, 39000) n;
    INSERT INTO log_tile SELECT n, 2, 0, 'h' FROM generate_series(0, 5000) n;
    INSERT INTO checkpoint SELECT n, n, 2, 'note' FROM generate_series(1, 10000) n;
    INSERT INTO meta SELECT 2, 'name' || n, 'v' FROM generate_series(1, 10000) n;
    ANALYZE;";

async fn database(fill: bool) -> Client {
    let host = PostgresHost::Unix(SERVER.socket().to_owned(), SERVER.port());
    let at = PostgresAt::new(vec![host], &SERVER.database(), "postgres");
    let server = Server::new(&at).unwrap();
    schema::bring_up(&server, &server.connect().unwrap(), 1).unwrap();
    let client = server.connecting()().await.unwrap();
    if fill {
        client.batch_execute(FILL).await.unwrap();
    }
    // The connection goes on without the server's thread.
    std::mem::forget(server);
    client
}

fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    let shared = READS.iter().map(|(name, sql)| (*name, sql.postgres));
    let lists = [("FILE_SUBJECTS", FILE_SUBJECTS.postgres), ("FILE_ACTORS", FILE_ACTORS.postgres)];
    shared.chain(lists).chain(sql::ALL.iter().copied())
}

async fn plan(client: &Client, text: &str) -> Vec<String> {
    let inferred = client.prepare(text).await.unwrap();
    // Numbers are sent wide.
    let wide = |ty: &Type| if matches!(*ty, Type::INT2 | Type::INT4) { "bigint".to_owned() } else { ty.to_string() };
    let array = |name: String| name.strip_prefix('_').map_or_else(|| name.clone(), |of| format!("{of}[]"));
    let types: Vec<_> = inferred.params().iter().map(|ty| array(wide(ty))).collect();
    let (given, nulls) = match types.len() {
        0 => (String::new(), String::new()),
        n => (format!("({})", types.join(", ")), format!("({})", vec!["NULL"; n].join(", "))),
    };
    let explain = format!("PREPARE p {given} AS {text}; EXPLAIN (COSTS OFF) EXECUTE p {nulls}; DEALLOCATE p");
    let said = client.simple_query(&explain).await.unwrap();
    said.iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn every_statement_is_understood() {
    let client = database(false).await;
    let checks = CHECKS.iter().map(|(name, sql)| (*name, sql.postgres));
    for (name, text) in all().chain(checks) {
        if let Err(e) = client.prepare(text).await {
            panic!("{name}: {e}: {:?}", e.as_db_error());
        }
    }
}

#[tokio::test]
async fn no_statement_walks_a_whole_table_and_pages_are_not_sorted() {
    let client = database(true).await;
    // One row for each institution.
    let small = ["PARTS"];
    // What is read whole may be sorted; a page of more may not, but for this one: few rows, by its nature.
    let sorted = "KIND_PAGE_SUPERSEDED";
    for (name, text) in all() {
        let steps = plan(&client, text).await;
        let told = steps.join("\n");
        assert!(small.contains(&name) || !told.contains("Seq Scan"), "{name}:\n{told}");
        assert!(!told.contains("Sort") || !text.contains("LIMIT") || name == sorted, "{name}:\n{told}");
        for step in steps.iter().filter(|step| step.contains("Index Cond:")) {
            assert!(small.contains(&name) || step.contains("part = "), "{name}:\n{told}");
        }
        // An index without a condition is a walk over all of it.
        let scans = steps.iter().filter(|step| step.contains("Index") && step.contains("Scan")).count();
        let conditions = steps.iter().filter(|step| step.contains("Index Cond:")).count();
        assert!(small.contains(&name) || scans <= conditions, "{name}:\n{told}");
    }
}

#[tokio::test]
async fn each_read_takes_the_index_that_was_made_for_it() {
    let client = database(true).await;
    for (begins, index) in [
        ("VERSION_RID", "document_part_kind_id_version_key"),
        ("HISTORY", "document_part_kind_id_version_key"),
        ("LATEST", "document_part_kind_id_version_key"),
        ("SUBJECT_RIDS", "document_subject"),
        ("SUBJECT_KIND_RIDS", "document_subject"),
        ("KIND_PAGE", "document_kind"),
        ("KIND_RIDS", "document_kind"),
        ("BY_RID", "document_pkey"),
        ("BODY", "document_pkey"),
        ("BODIES", "document_pkey"),
        ("BLOB_OF", "blob_pkey"),
        ("BLOBS_OF", "blob_pkey"),
        ("BLOB_NAMED", "blob_part_name_key"),
        ("DROP_BLOBS", "blob_pkey"),
        ("GUARDS", "guard_pkey"),
        ("TOUCHED", "term_pkey"),
        ("NAMES", "subject_pkey"),
        ("NUMBERS", "subject_part_no_key"),
        ("CHECKPOINT_COVERING", "checkpoint_size"),
        ("SUPERSEDE", "document_pkey"),
        ("DROP_TERMS", "term_rid"),
        ("ENTRIES_SUBJECT", "log_subject_pkey"),
        ("ENTRIES_ACTOR", "log_actor_pkey"),
    ] {
        let named: Vec<_> = all().filter(|(name, _)| name.starts_with(begins)).collect();
        assert!(!named.is_empty(), "{begins}");
        for (name, text) in named {
            let plan = plan(&client, text).await.join("\n");
            assert!(
                plan.contains(&format!("using {index} ")) || plan.contains(&format!("on {index}")),
                "{name}:\n{plan}"
            );
        }
    }
}

#[tokio::test]
async fn every_table_and_index_begins_with_the_part() {
    let client = database(false).await;
    let rows = client
        .query(
            "SELECT t.relname, c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
            JOIN pg_class t ON t.oid = i.indrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] \
            WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'schema_version'",
            &[],
        )
        .await
        .unwrap();
    let names: Vec<[String; 3]> = rows.iter().map(|row| [row.get(0), row.get(1), row.get(2)]).collect();
    assert!(names.len() >= 20, "{names:?}");
    assert!(names.iter().all(|[_, _, first]| first == "part"), "{names:?}");
    let forbidden = client
        .query(
            "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal) + \
            (SELECT count(*) FROM pg_class WHERE relkind = 'S') + \
            (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(forbidden[0].get::<_, i64>(0), 0, "a trigger, a sequence or an extension");
}

#[test]
fn steps_are_numbered_without_a_gap_and_alike_on_both_engines() {
    assert!(schema::MIGRATIONS.iter().map(|step| step.number).eq(1..=schema::KNOWN));
    assert_eq!(schema::KNOWN, crate::sqlite::schema::KNOWN);
}
