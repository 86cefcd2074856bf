//! How SQLite goes about each statement.

use rusqlite::Connection;

use super::{MIGRATIONS, schema};
use crate::sql::{READS, WRITES};

fn database() -> (tempfile::TempDir, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let conn = schema::open_writer(&schema::file_in(dir.path()), 1).unwrap();
    (dir, conn)
}

fn plan(conn: &Connection, text: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let parameters = vec![rusqlite::types::Null; statement.parameter_count()];
    let rows = statement.query_map(rusqlite::params_from_iter(parameters), |r| r.get(3)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn no_statement_walks_a_whole_table() {
    let (_dir, conn) = database();
    for (name, sql) in READS.iter().chain(WRITES) {
        // The parts themselves: one row per institution.
        let small = *name == "PARTS";
        for step in plan(&conn, sql.sqlite) {
            let walks = step.starts_with("SCAN") && !step.starts_with("SCAN few");
            assert!(small || !walks, "{name}: {step}");
            let by_part = step.contains("(part=") || step.contains("(rowid"); // `part` is the key, or its front
            assert!(!step.starts_with("SEARCH") || by_part, "{name}: {step}");
        }
    }
}

#[test]
fn pages_are_read_in_order_and_not_sorted() {
    let (_dir, conn) = database();
    let sorted = ["KIND_PAGE_SUPERSEDED"]; // few rows, by its nature
    for (name, sql) in READS {
        let sorts = plan(&conn, sql.sqlite).iter().any(|step| step.contains("TEMP B-TREE"));
        assert_eq!(sorts, sorted.contains(name), "{name}: {:?}", plan(&conn, sql.sqlite));
    }
}

#[test]
fn each_read_takes_the_index_that_was_made_for_it() {
    let (_dir, conn) = database();
    let made = [
        ("VERSION_RID", "document_version"),
        ("HISTORY", "document_version"),
        ("LATEST", "document_version"),
        ("SUBJECT_RIDS", "document_subject"),
        ("SUBJECT_KIND_RIDS", "document_subject"),
        ("KIND_PAGE", "document_kind"),
        ("KIND_RIDS", "document_kind"),
        ("BY_RID", "document_rid"),
        ("BODY", "document_rid"),
        ("CHECKPOINT_COVERING", "checkpoint_size"),
        ("DOCUMENT_SUPERSEDE", "document_rid"),
        ("TERM_DROP", "term_rid"),
        ("BLOB_NAMED", "blob_name"),
    ];
    for (begins, index) in made {
        let named = READS.iter().chain(WRITES).filter(|(name, _)| name.starts_with(begins));
        assert!(named.clone().count() > 0, "{begins}");
        for (name, sql) in named {
            let plan = plan(&conn, sql.sqlite).join("; ");
            assert!(plan.contains(&format!("INDEX {index} ")), "{name}: {plan}");
        }
    }
    // In the order of the primary key.
    for (named, key) in [
        ("KEYS_IN_BUCKET", "(part=? AND bucket=?)"),
        ("ENTRIES_SUBJECT", "f USING PRIMARY KEY (part=? AND subject=? AND idx>? AND idx<?)"),
        ("ENTRIES_ACTOR", "f USING PRIMARY KEY (part=? AND actor=? AND idx>? AND idx<?)"),
    ] {
        let (_, sql) = READS.iter().find(|(name, _)| *name == named).unwrap();
        let plan = plan(&conn, sql.sqlite);
        assert!(plan.first().is_some_and(|step| step.contains(key)), "{named}: {plan:?}");
    }
}

#[test]
fn every_table_and_index_begins_with_the_part() {
    let (_dir, conn) = database();
    let mut tables =
        conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'").unwrap();
    let tables: Vec<String> = tables.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() >= 13, "{tables:?}");
    for table in tables {
        let first: String =
            conn.query_row("SELECT name FROM pragma_table_xinfo(?1) WHERE cid = 0", [&table], |r| r.get(0)).unwrap();
        assert_eq!(first, "part", "{table}");
        let mut indexes = conn
            .prepare(
                "SELECT l.name, i.name FROM pragma_index_list(?1) l, pragma_index_info(l.name) i WHERE i.seqno = 0",
            )
            .unwrap();
        let indexes = indexes.query_map([&table], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        for (index, first) in indexes.map(|pair: rusqlite::Result<(String, String)>| pair.unwrap()) {
            assert_eq!(first, "part", "{table}.{index}");
        }
    }
}

#[test]
fn steps_are_numbered_without_a_gap() {
    assert!(MIGRATIONS.iter().map(|(n, _)| *n).eq(1..=schema::KNOWN));
}
