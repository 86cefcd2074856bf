//! PgBouncer in front of a server, lending sessions by transaction.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::{
    Postgres,
    guard::{Guarded, stop},
    postgres::free_port,
};

const START: Duration = Duration::from_secs(30);

/// A pooler over all databases of a server.
pub struct Pgbouncer {
    folder: PathBuf,
    port: u16,
    _guarded: Guarded,
}

impl std::fmt::Debug for Pgbouncer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pgbouncer").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Pgbouncer {
    /// Starts one with few sessions for each database, so that they are really shared.
    pub fn start(server: &Postgres) -> Self {
        let run_as = server.run_as();
        let folder = run_as.folder();
        let port = free_port();
        let (socket, behind) = (server.socket().display(), server.port());
        let text = format!(
            "[databases]\n* = host={socket} port={behind}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
            unix_socket_dir = {}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 4\n\
            max_client_conn = 500\nserver_idle_timeout = 5\nlog_connections = 0\nlog_disconnections = 0\n",
            folder.display()
        );
        // `auth_type = any` logs everybody in as the user that is named for the database.
        let text = text.replace(&format!("port={behind}\n"), &format!("port={behind} user=postgres\n"));
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, text).unwrap_or_else(|e| stop(&e.to_string()));
        run_as.own(&file);
        let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].map(Path::new);
        let program = program.into_iter().find(|path| path.is_file()).unwrap_or_else(|| stop("no PgBouncer"));
        let args = [file.display().to_string()];
        let mut guarded = Guarded::start(run_as, program, &args, "TERM", &folder);
        let until = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            guarded.must_run(&folder);
            if Instant::now() > until {
                stop("PgBouncer does not answer");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Self { folder, port, _guarded: guarded }
    }

    /// The folder of its Unix socket.
    pub fn socket(&self) -> &Path {
        &self.folder
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}
