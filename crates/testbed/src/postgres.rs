//! A PostgreSQL cluster of our own.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::guard::{Guarded, RunAs, runs, stop};

/// How long a server may take to come up on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A running server in a folder of its own, with everything as durable as in a hospital.
pub struct Postgres {
    run_as: RunAs,
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    guarded: Option<Guarded>,
    databases: AtomicU32,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("folder", &self.folder).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Makes a cluster and starts it. Takes about two seconds; one for each test process is enough.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with settings (`name=value`) of the caller's.
    pub fn start_with(settings: &[&str]) -> Self {
        let run_as = RunAs::find();
        let programs = programs();
        let folder = run_as.folder();
        let data = folder.join("data");
        // The making of the cluster need not survive a power cut; what is written later must.
        let made = run_as
            .command(&programs.join("initdb"))
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8"])
            .arg("--pgdata")
            .arg(&data)
            .current_dir(&folder)
            .output();
        must("initdb", made);
        let mut server =
            Self { run_as, programs, folder, port: free_port(), guarded: None, databases: AtomicU32::new(0) };
        server.set(settings);
        server.launch();
        server
    }

    /// A second server that follows this one, which from now on acknowledges nothing that the second does not have.
    #[must_use]
    pub fn standby(&self) -> Self {
        let folder = self.run_as.folder();
        let copied = self
            .run_as
            .command(&self.programs.join("pg_basebackup"))
            .args(["--no-sync", "--checkpoint=fast", "--write-recovery-conf", "--username=postgres", "--pgdata"])
            .arg(folder.join("data"))
            .arg("-h")
            .arg(&self.folder)
            .args(["-p", &self.port.to_string()])
            .current_dir(&folder)
            .output();
        must("pg_basebackup", copied);
        let mut standby = Self {
            run_as: self.run_as,
            programs: self.programs.clone(),
            folder,
            port: free_port(),
            guarded: None,
            databases: AtomicU32::new(0),
        };
        let primary = format!(
            "primary_conninfo='host={} port={} user=postgres application_name=second'",
            self.folder.display(),
            self.port
        );
        standby.set(&[&primary]);
        standby.launch();
        self.run("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'second'");
        self.run("postgres", "SELECT pg_reload_conf()");
        let until = Instant::now() + START;
        while self.run("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1" {
            if Instant::now() > until {
                stop("the standby does not follow");
            }
            thread::sleep(Duration::from_millis(50));
        }
        standby
    }

    /// Makes a standby take writes.
    pub fn promote(&self) {
        let mut promote = self.run_as.command(&self.programs.join("pg_ctl"));
        promote.args(["promote", "--wait", "--pgdata"]).arg(self.folder.join("data"));
        must("pg_ctl promote", promote.current_dir(&self.folder).stdin(Stdio::null()).output());
    }

    /// Settings for all sessions, as in `postgresql.conf`. Those that need a new start are used after the next.
    pub fn set(&self, settings: &[&str]) {
        let ours = [
            format!("port={}", self.port),
            format!("unix_socket_directories='{}'", self.folder.display()),
            "listen_addresses='127.0.0.1'".to_owned(),
            "max_connections=200".to_owned(),
            "shared_buffers=64MB".to_owned(),
            "logging_collector=off".to_owned(),
        ];
        let given = settings.iter().map(|line| (*line).to_owned());
        let text = ours.into_iter().chain(given).collect::<Vec<_>>().join("\n");
        let file = self.folder.join("data/postgresql.auto.conf");
        fs::write(&file, text + "\n").unwrap_or_else(|e| stop(&e.to_string()));
        self.run_as.own(&file);
    }

    /// Starts the server again, after [`Postgres::kill`] say.
    pub fn launch(&mut self) {
        let mut guarded = self.spawn();
        let until = Instant::now() + START;
        while !self.answers() {
            guarded.must_run(&self.folder);
            if Instant::now() > until {
                stop("PostgreSQL does not answer");
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.guarded = Some(guarded);
    }

    /// Starts the server and does not wait for it: it may still be recovering.
    pub fn begin(&mut self) {
        let mut guarded = self.spawn();
        while !self.folder.join("server.pid").exists() {
            guarded.must_run(&self.folder);
            thread::sleep(Duration::from_millis(2));
        }
        self.guarded = Some(guarded);
    }

    fn spawn(&self) -> Guarded {
        let args = ["-D".to_owned(), self.folder.join("data").display().to_string()];
        let _ = fs::remove_file(self.folder.join("server.pid"));
        Guarded::start(self.run_as, &self.programs.join("postgres"), &args, "QUIT", &self.folder)
    }

    fn answers(&self) -> bool {
        let mut ready = self.run_as.command(&self.programs.join("pg_isready"));
        ready.arg("-q").arg("-h").arg(&self.folder).arg("-p").arg(self.port.to_string());
        ready.current_dir(&self.folder).status().is_ok_and(|status| status.success())
    }

    /// A new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name} TEMPLATE template0"));
        name
    }

    /// Runs SQL as the superuser and gives what it prints: values without frames, columns parted by `|`.
    pub fn run(&self, database: &str, sql: &str) -> String {
        let mut psql = self.run_as.command(&self.programs.join("psql"));
        psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql]);
        psql.arg("-h").arg(&self.folder).arg("-p").arg(self.port.to_string());
        must(sql, psql.current_dir(&self.folder).stdin(Stdio::null()).output())
    }

    /// The folder of its Unix socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// Where it listens, on loopback and in the name of its socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data, for settings and certificates.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Hands a file over to the user that the server runs as.
    pub fn own(&self, file: &Path) {
        self.run_as.own(file);
    }

    pub(crate) fn run_as(&self) -> RunAs {
        self.run_as
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // One that was killed has no guard that would remove its folder.
        if self.guarded.is_none() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// The newest installed server.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").map(|found| found.flatten().collect::<Vec<_>>());
    let folders = versions.unwrap_or_default().into_iter().map(|version| version.path().join("bin"));
    let newest = folders.filter(|bin| bin.join("initdb").is_file()).max_by_key(|bin| {
        let version = bin.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok());
        version.unwrap_or(0)
    });
    newest.unwrap_or_else(|| stop("PostgreSQL is not installed"))
}

/// A port that nobody has. Somebody may take it before the server does; the test fails then, and says so.
pub(crate) fn free_port() -> u16 {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.unwrap_or_else(|e| stop(&e.to_string())).port()
}

fn must(what: &str, done: std::io::Result<Output>) -> String {
    match done {
        Ok(done) if done.status.success() => String::from_utf8_lossy(&done.stdout).trim().to_owned(),
        Ok(done) => stop(&format!("{what}: {}", String::from_utf8_lossy(&done.stderr))),
        Err(e) => stop(&format!("{what}: {e}")),
    }
}

/// Sends a signal by the system's own tool: no unsafe code for a test.
pub(crate) fn signal(pid: &str, name: &str) {
    let _ = Command::new("kill").args(["-s", name, pid]).status();
}

impl Postgres {
    /// Kills the server and all its sessions at once, as a power cut would, and waits until they are gone. The folder
    /// stays for [`Postgres::launch`].
    pub fn kill(&mut self) {
        let pids = fs::read_to_string(self.folder.join("server.pid")).unwrap_or_default();
        // The guard removes the folder when its pipe ends: it is killed first.
        if let Some(mut guarded) = self.guarded.take() {
            guarded.abandon();
        }
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", pids.trim())).unwrap_or_default();
        for pid in std::iter::once(pids.trim()).chain(children.split_whitespace()) {
            signal(pid, "KILL");
            while runs(pid) {
                thread::sleep(Duration::from_millis(5));
            }
        }
        // The lock files name the killed process, whose number may still be taken.
        let _ = fs::remove_file(self.folder.join("data/postmaster.pid"));
        let _ = fs::remove_file(self.folder.join(format!(".s.PGSQL.{}.lock", self.port)));
    }
}
