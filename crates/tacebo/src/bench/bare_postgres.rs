//! The same floor for a database server: the very rows that a run left, written with set-based statements, all of a commit in
//! one flight, over as many connections as there were clients.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use tacebo_store::{PartNo, PostgresAt, PostgresHost};
use tokio::task::JoinSet;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

use crate::bench::bare::Mark;
use crate::bench::figures::real;

/// The tables that a document costs rows in, with their column of order.
const TABLES: [(&str, &str); 3] = [("document", "rid"), ("term", "rid"), ("log_leaf", "place")];
/// Where the floor writes: tables that are made like those of the store, indexes and all.
const SCHEMA: &str = "bare_floor";
/// Connections at once at most, whatever the number of clients: a server takes a hundred by default.
const CONNECTIONS: usize = 64;

/// One column of some rows, as an array that goes over the wire at once.
enum Column {
    Big(Vec<Option<i64>>),
    Middle(Vec<Option<i32>>),
    Small(Vec<Option<i16>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn read(of: &Type, rows: &[Row], at: usize) -> Result<Self> {
        fn all<'row, T: tokio_postgres::types::FromSql<'row>>(rows: &'row [Row], at: usize) -> Result<Vec<Option<T>>> {
            Ok(rows.iter().map(|row| row.try_get(at)).collect::<Result<_, _>>()?)
        }
        match *of {
            Type::INT8 => Ok(Self::Big(all(rows, at)?)),
            Type::INT4 => Ok(Self::Middle(all(rows, at)?)),
            Type::INT2 => Ok(Self::Small(all(rows, at)?)),
            Type::BYTEA => Ok(Self::Bytes(all(rows, at)?)),
            _ => bail!("a column of the type {of} is not known here"),
        }
    }

    fn sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Big(all) => all,
            Self::Middle(all) => all,
            Self::Small(all) => all,
            Self::Bytes(all) => all,
        }
    }
}

/// What one commit brings to the three tables.
type Share = [Vec<Column>; 3];

/// The rows of a run, by table.
pub(crate) struct Rows {
    at: PostgresAt,
    /// What they are from, and where it stood before: the bare engine begins with the same rows.
    part: PartNo,
    mark: [i64; 3],
    tables: [Vec<Row>; 3],
}

/// A connection to a server on this machine: one elsewhere would measure the network.
pub(crate) async fn connect(at: &PostgresAt) -> Result<Client> {
    let mut config = tokio_postgres::Config::new();
    match at.hosts.first().context("no server is named")? {
        PostgresHost::Unix(folder, port) => config.host_path(folder).port(*port),
        PostgresHost::Tcp(name, port) => config.host(name).port(*port),
    };
    config.user(&at.user).dbname(&at.database);
    if let Some(password) = &at.password {
        config.password(password.as_str());
    }
    let (client, connection) = config.connect(NoTls).await.context("the database for the measurement")?;
    tokio::spawn(connection);
    Ok(client)
}

/// Where a part stands.
pub(crate) async fn mark(at: &PostgresAt, part: PartNo) -> Result<Mark> {
    let client = connect(at).await?;
    let mut mark = [0; 3];
    for (at, (table, order)) in mark.iter_mut().zip(TABLES) {
        let last = format!("SELECT coalesce(max({order}), -1) FROM {table} WHERE part = $1");
        *at = client.query_one(&last, &[&part.0]).await?.try_get(0)?;
    }
    Ok(Mark(mark))
}

impl Rows {
    /// Everything of a part after a mark.
    pub(crate) async fn since(at: &PostgresAt, part: PartNo, mark: &Mark) -> Result<Self> {
        let client = connect(at).await?;
        let mut tables: [Vec<Row>; 3] = Default::default();
        for (((table, order), rows), from) in TABLES.iter().zip(&mut tables).zip(&mark.0) {
            let all = format!("SELECT * FROM {table} WHERE part = $1 AND {order} > $2 ORDER BY {order}");
            *rows = client.query(&all, &[&part.0, from]).await?;
        }
        Ok(Self { at: at.clone(), part, mark: mark.0, tables })
    }

    pub(crate) fn documents(&self) -> usize {
        self.tables[0].len()
    }

    fn share(&self, commit: usize, commits: usize) -> Result<Share> {
        let mut share = Share::default();
        for (rows, columns) in self.tables.iter().zip(&mut share) {
            let edge = |n: usize| rows.len() * n / commits;
            let rows = rows.get(edge(commit)..edge(commit + 1)).unwrap_or_default();
            let Some(first) = rows.first() else { continue };
            let named = first.columns().iter().enumerate();
            *columns = named.map(|(at, column)| Column::read(column.type_(), rows, at)).collect::<Result<_>>()?;
        }
        Ok(share)
    }

    /// Writes them in so many durable transactions over so many connections; documents a second.
    pub(crate) async fn write(&self, commits: usize, clients: usize) -> Result<f64> {
        let keeper = connect(&self.at).await?;
        keeper.batch_execute(&format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")).await?;
        for ((table, order), from) in TABLES.iter().zip(&self.mark) {
            keeper.batch_execute(&format!("CREATE TABLE {SCHEMA}.{table} (LIKE {table} INCLUDING ALL)")).await?;
            let copy = format!("INSERT INTO {SCHEMA}.{table} SELECT * FROM {table} WHERE part = $1 AND {order} <= $2");
            keeper.execute(&copy, &[&self.part.0, from]).await?;
        }
        // Only who may ask for one gets it.
        let _ = keeper.batch_execute("CHECKPOINT").await;
        let mut lines = Vec::new();
        let connections = clients.min(CONNECTIONS);
        for line in 0..connections {
            let client = Arc::new(connect(&self.at).await?);
            let puts = self.prepared(&client).await?;
            let own = (line..commits).step_by(connections);
            let shares = own.map(|commit| self.share(commit, commits)).collect::<Result<Vec<_>>>()?;
            lines.push((client, puts, shares));
        }
        let begin = Instant::now();
        let mut working = JoinSet::new();
        for (client, puts, shares) in lines {
            working.spawn(async move {
                for share in &shares {
                    put(&client, &puts, share).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(done) = working.join_next().await {
            done??;
        }
        let rate = real(self.documents()) / begin.elapsed().as_secs_f64();
        keeper.batch_execute(&format!("DROP SCHEMA {SCHEMA} CASCADE")).await?;
        Ok(rate)
    }

    async fn prepared(&self, client: &Client) -> Result<Vec<Statement>> {
        let mut puts = Vec::new();
        for ((table, _), rows) in TABLES.iter().zip(&self.tables) {
            let columns = rows.first().ok_or_else(|| anyhow!("nothing was written to {table}"))?.columns();
            let names: Vec<_> = columns.iter().map(tokio_postgres::Column::name).collect();
            let places: Vec<_> =
                (1..).zip(columns).map(|(place, column)| format!("${place}::{}[]", column.type_())).collect();
            let put = format!(
                "INSERT INTO {SCHEMA}.{table} ({}) SELECT * FROM unnest({})",
                names.join(", "),
                places.join(", ")
            );
            puts.push(client.prepare(&put).await?);
        }
        Ok(puts)
    }
}

/// All of a commit in one flight.
async fn put(client: &Client, puts: &[Statement], share: &Share) -> Result<()> {
    let [documents, terms, leaves] = share;
    let (began, a, b, c, ended) = tokio::join!(
        client.batch_execute("BEGIN"),
        insert(client, puts.first(), documents),
        insert(client, puts.get(1), terms),
        insert(client, puts.get(2), leaves),
        client.batch_execute("COMMIT"),
    );
    began?;
    for done in [a, b, c] {
        done.context("the bare server refused a row")?;
    }
    Ok(ended?)
}

async fn insert(client: &Client, put: Option<&Statement>, columns: &[Column]) -> Result<u64, tokio_postgres::Error> {
    match put.filter(|_| !columns.is_empty()) {
        Some(put) => client.execute(put, &columns.iter().map(Column::sql).collect::<Vec<_>>()).await,
        None => Ok(0),
    }
}
