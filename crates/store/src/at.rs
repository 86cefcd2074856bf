//! Where a store lies: a folder, or a database server.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use zeroize::Zeroizing;

use crate::StoreError;

/// Where a store lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// A folder with one SQLite file. One program has it open at a time.
    Folder(PathBuf),
    /// A PostgreSQL database. Any number of stores may be open over it; they keep one log order and hear of each other.
    Postgres(Box<PostgresAt>),
}

/// How a PostgreSQL database is reached and used.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAt {
    /// The servers that may hold it; the one that takes writes is used, so all members of a cluster are named.
    pub hosts: Vec<PostgresHost>,
    /// Name of the database.
    pub database: String,
    /// Role to log in as.
    pub user: String,
    /// Its password, if the server asks for one.
    pub password: Option<Zeroizing<String>>,
    /// Certificates (PEM) that vouch for the servers' names. Without them no TLS is spoken, and only a server on this
    /// machine (a Unix socket, a loopback address) is talked to.
    pub authority: Option<PathBuf>,
    /// How statements are prepared.
    pub prepared: Prepared,
    /// No statement but a commit may take longer.
    pub statement_timeout: Duration,
    /// No statement may wait longer for a row that another node holds.
    pub lock_timeout: Duration,
    /// How long a commit goes on trying while the server is away, changing over, or refusing for a moment.
    pub patience: Duration,
    /// Connections that single reads share.
    pub readers: usize,
    /// Idle connections that are kept for reads of several statements.
    pub snapshots: usize,
    /// How the store is known to others over the same database. `None`: it is not, and nobody waits for it.
    pub node: Option<NodeAt>,
}

/// How a store is known to others over the same database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeAt {
    /// What people are told of it: host and process, say.
    pub name: String,
    /// How long it may be silent: after that it has forgotten all keys, and nobody waits for it.
    pub term: Duration,
    /// Whether no other may be open beside it.
    pub alone: bool,
}

impl NodeAt {
    /// The usual term.
    pub const TERM: Duration = Duration::from_secs(15);
}

/// How statements are prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prepared {
    /// Once for each connection, by name: the fastest, for a connection that leads to one server session.
    Named,
    /// Anew each time, without a name: what a pooler needs that lends sessions by transaction (PgBouncer before 1.21).
    Unnamed,
}

/// A server: a name or address, or the folder of its Unix socket, with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostgresHost {
    /// A name or an IP address.
    Tcp(String, u16),
    /// A folder that holds the socket.
    Unix(PathBuf, u16),
}

/// Where PostgreSQL listens unless told otherwise.
const PORT: u16 = 5432;

impl PostgresAt {
    /// A database with the usual times and sizes, without password and TLS.
    #[must_use]
    pub fn new(hosts: Vec<PostgresHost>, database: &str, user: &str) -> Self {
        Self {
            hosts,
            database: database.to_owned(),
            user: user.to_owned(),
            password: None,
            authority: None,
            prepared: Prepared::Named,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            patience: Duration::from_mins(1),
            readers: 4,
            snapshots: 4,
            node: None,
        }
    }
}

impl fmt::Debug for PostgresAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresAt")
            .field("hosts", &self.hosts)
            .field("database", &self.database)
            .field("user", &self.user)
            .field("prepared", &self.prepared)
            .finish_non_exhaustive()
    }
}

impl PostgresHost {
    /// Whether nobody on a network can listen in.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Self::Unix(..) => true,
            Self::Tcp(name, _) => {
                name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

/// `name`, `name:port`, `[::1]:port`, `/folder` or `/folder:port`.
impl FromStr for PostgresHost {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let wrong = || StoreError::Address(text.to_owned());
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (text, PORT),
        };
        if host.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(host), port));
        }
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(wrong());
        }
        Ok(Self::Tcp(host.to_owned(), port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_name_an_address_or_a_socket() {
        let tcp = |host: &str, port| PostgresHost::Tcp(host.to_owned(), port);
        for (text, host, here) in [
            ("db1.example", tcp("db1.example", 5432), false),
            ("db1.example:6432", tcp("db1.example", 6432), false),
            ("127.0.0.1:1", tcp("127.0.0.1", 1), true),
            ("[::1]:2", tcp("::1", 2), true),
            ("[fd00::1]", tcp("fd00::1", 5432), false),
            ("/run/postgresql", PostgresHost::Unix("/run/postgresql".into(), 5432), true),
            ("/run/postgresql:3", PostgresHost::Unix("/run/postgresql".into(), 3), true),
        ] {
            let found: PostgresHost = text.parse().unwrap();
            assert_eq!((found.is_here(), found), (here, host), "{text}");
        }
        for text in ["", ":5432", "db:port", "::1"] {
            assert!(matches!(text.parse::<PostgresHost>(), Err(StoreError::Address(_))), "{text}");
        }
    }
}
