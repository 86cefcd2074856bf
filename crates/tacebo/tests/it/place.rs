//! Where the house of a test lies: in a folder, or in a PostgreSQL database of the test's own server, with the same people
//! and documents in it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tacebo_fhir::speech::Fhir;
use tacebo_seal::PassphraseFile;
use tacebo_store::{At, Options, PostgresAt, PostgresHost, Store};
use tacebo_testbed::Postgres;
use tacebo_vault::{Opening, Vault};

use crate::folder::Folder;
use crate::program::{Program, tacebo, verified, verify};

/// The sample hospital, and how it is served and looked at.
pub(crate) struct Place {
    folder: Folder,
    database: Option<Database>,
}

/// A database, its server, and the configuration that names it.
struct Database {
    server: Postgres,
    name: String,
    hosts: Vec<PostgresHost>,
    config: PathBuf,
}

/// Role of the program: no superuser, so that it has none of their places.
const ROLE: &str = "tacebo";

impl Place {
    /// In a folder.
    pub(crate) fn folder() -> Self {
        Self { folder: Folder::sample(), database: None }
    }

    /// In a database of this server.
    pub(crate) fn postgres(server: Postgres) -> Self {
        let folder = Folder::sample();
        let file = folder.data().join("store.db");
        let name = server.database();
        server.run("postgres", &format!("CREATE ROLE {ROLE} LOGIN; ALTER DATABASE {name} OWNER TO {ROLE}"));
        let host = PostgresHost::Unix(server.socket().to_owned(), server.port());
        let config = folder.file("tacebo.toml");
        let place = Self { folder, database: Some(Database { server, name, hosts: vec![host], config }) };
        place.configure();
        carry_over(&file, place.server(), &place.at());
        for path in crate::folder::files(&place.data()) {
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("store.")) {
                fs::remove_file(path).unwrap();
            }
        }
        place
    }

    /// Reaches the database at these places from the next start on.
    pub(crate) fn reach_by(&mut self, hosts: Vec<PostgresHost>) {
        self.database.as_mut().unwrap().hosts = hosts;
        self.configure();
    }

    fn configure(&self) {
        let Database { name, hosts, config, .. } = self.database.as_ref().unwrap();
        let host = |host: &PostgresHost| match host {
            PostgresHost::Tcp(name, port) => format!("\"{name}:{port}\""),
            PostgresHost::Unix(folder, port) => format!("\"{}:{port}\"", folder.display()),
        };
        let hosts: Vec<_> = hosts.iter().map(host).collect();
        let text = format!(
            "data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n[store]\nengine = \"postgres\"\nhosts = [{}]\n\
            database = \"{name}\"\nuser = \"{ROLE}\"\nstatement-timeout-s = 5\n\
            [custody]\nfile = \"house/custody/root.json\"\npassphrase-file = \"house/custody/passphrase\"\n",
            hosts.join(", "),
        );
        fs::write(config, text).unwrap();
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.data()
    }

    /// A file beside the data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.file(name)
    }

    /// Where the records are.
    pub(crate) fn at(&self) -> At {
        match &self.database {
            None => At::Folder(self.data()),
            Some(database) => At::Postgres(Box::new(PostgresAt::new(database.hosts.clone(), &database.name, ROLE))),
        }
    }

    pub(crate) fn server(&self) -> &Postgres {
        &self.database.as_ref().unwrap().server
    }

    pub(crate) fn server_mut(&mut self) -> &mut Postgres {
        &mut self.database.as_mut().unwrap().server
    }

    /// Another server takes the place of the one that is gone.
    pub(crate) fn moves_to(&mut self, server: Postgres) -> Postgres {
        std::mem::replace(self.server_mut(), server)
    }

    /// SQL of a superuser in the database.
    pub(crate) fn run(&self, sql: &str) -> String {
        let Database { server, name, .. } = self.database.as_ref().unwrap();
        server.run(name, sql)
    }

    /// Serves the house.
    pub(crate) fn start(&self) -> Program {
        self.start_with(&[])
    }

    /// The same with variables in the program's environment.
    pub(crate) fn start_with(&self, environment: &[(&str, &Path)]) -> Program {
        let Some(Database { config, .. }) = &self.database else {
            let mut command = tacebo();
            command.envs(environment.iter().copied()).arg("demo");
            return Program::demo_by(command, &self.data(), "info");
        };
        // A killed program's claim on the database, where there is one, would be waited for.
        self.run("DO $$ BEGIN IF to_regclass('node_lease') IS NOT NULL THEN DELETE FROM node_lease; END IF; END $$");
        let mut program = Program::serve_with(config, environment).unwrap_or_else(|said| panic!("{said}"));
        program.ready = crate::folder::sample_ready();
        program
    }

    /// Does something with the vault itself, the program stopped.
    pub(crate) fn inside<T>(&self, act: impl AsyncFnOnce(Vault) -> T) -> T {
        let passphrase = fs::read_to_string(self.data().join("custody/passphrase")).unwrap();
        let custodian = PassphraseFile::open(&self.data().join("custody/root.json"), passphrase.trim_end()).unwrap();
        let opening = Opening {
            dir: self.data(),
            custodian: Arc::new(custodian),
            speeches: vec![Arc::new(Fhir::default())],
            clock: Arc::new(|| jiff::Timestamp::now().as_microsecond()),
            on_fatal: Arc::new(|why: &str| panic!("{why}")),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async { act(Vault::open_at(&self.at(), opening).unwrap()).await })
    }

    /// Somebody with the database in his hands changes it, the program stopped.
    pub(crate) fn change(&self, sql: &str) {
        if self.database.is_some() {
            self.run(sql);
        } else {
            self.file_opened().execute_batch(sql).unwrap();
        }
    }

    /// What a query of one column gives, as text.
    pub(crate) fn column(&self, sql: &str) -> Vec<String> {
        if self.database.is_some() {
            return self.run(sql).lines().map(str::to_owned).collect();
        }
        let file = self.file_opened();
        let mut statement = file.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| {
            Ok(match row.get_ref(0)? {
                ValueRef::Integer(n) => n.to_string(),
                other => other.as_str()?.to_owned(),
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// How the engine writes bytes as hexadecimal digits, and how it reads them.
    pub(crate) fn hex_of(&self, column: &str) -> String {
        if self.database.is_some() { format!("encode({column}, 'hex')") } else { format!("lower(hex({column}))") }
    }

    pub(crate) fn bytes(&self, hex: &str) -> String {
        if self.database.is_some() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    }

    fn file_opened(&self) -> Connection {
        Connection::open(self.data().join("store.db")).unwrap()
    }

    /// What `tacebo verify --json` finds.
    pub(crate) fn verify(&self, checkpoints: &[&Path]) -> (i32, Value) {
        let Some(Database { config, .. }) = &self.database else {
            return verify(&self.data(), checkpoints);
        };
        let mut command = tacebo();
        command.args(["verify", "--json", "--lang", "en", "--config"]).arg(config);
        verified(command, checkpoints)
    }
}

/// Copies the rows of a house in a file into a database: the tables have the same columns.
fn carry_over(file: &Path, server: &Postgres, at: &At) {
    let At::Postgres(place) = at else { panic!("no database") };
    // Opening makes the tables.
    let options = Options::new(Arc::new(|| 0), Arc::new(|why: &str| panic!("{why}")));
    drop(Store::open(at, options).unwrap());
    let house = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut tables = house.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables.iter().filter(|name| *name != "schema_version" && !name.starts_with("sqlite_")) {
        let columns = format!(
            "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns \
            WHERE table_name = '{table}'"
        );
        let columns = server.run(&place.database, &columns);
        // A file tells nobody of its changes.
        let found = columns.replace("news", "0 AS news");
        let mut rows = house.prepare(&format!("SELECT {found} FROM {table}")).unwrap();
        let count = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        let mut text = String::new();
        while let Some(row) = rows.next().unwrap() {
            let fields = (0..count).map(|n| copied(row.get_ref(n).unwrap()));
            writeln!(text, "{}", fields.collect::<Vec<_>>().join("\t")).unwrap();
        }
        let copy = server.socket().join("rows");
        fs::write(&copy, text).unwrap();
        server.own(&copy);
        server.run(&place.database, &format!("COPY {table} ({columns}) FROM '{}'", copy.display()));
        fs::remove_file(copy).unwrap();
    }
}

/// A value as `COPY` reads it.
fn copied(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "\\N".to_owned(),
        ValueRef::Integer(n) => n.to_string(),
        ValueRef::Real(n) => n.to_string(),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text).replace('\\', "\\\\");
            text.replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
        }
        ValueRef::Blob(bytes) => format!("\\\\x{}", hex::encode(bytes)),
    }
}
