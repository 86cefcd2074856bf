//! The server and the connections to it, driven by one thread of their own.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tacebo_wire::block_on;
use tokio::{runtime::Handle, sync::oneshot};
use tokio_postgres::{Client, Config, Connection, NoTls, config::TargetSessionAttrs};

use super::{
    failure::{is_going, words},
    lent::Lent,
    link::Link,
    nodes::{Node, Own},
    tls::Trust,
};
use crate::{PostgresAt, PostgresHost, Prepared, StoreError, conn::Conn};

/// How long one server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// After a failed connection readers are told so at once for a while, and not each after its own attempt.
const DOWN: Duration = Duration::from_millis(500);
/// How long the last words of closing connections are waited for.
const GOODBYE: Duration = Duration::from_millis(500);

/// What makes plans steady: every statement has the index made for it, whatever it is asked with, and a plan that was made
/// while a table was small must not walk it when it has grown.
const PLANS: [(&str, &str); 5] = [
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
];

/// A PostgreSQL server as one open store uses it.
pub(crate) struct Server {
    pub(crate) at: PostgresAt,
    config: Config,
    trust: Option<Trust>,
    wire: Handle,
    /// Tells the driving thread to end, and waits for it.
    driver: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    /// Counts the connections that are driven.
    alive: Arc<()>,
    shared: Vec<Mutex<Option<Arc<Link>>>>,
    next: AtomicUsize,
    idle: Mutex<Idle>,
    returned: Condvar,
    down: Mutex<Option<(Instant, String)>>,
    pub(crate) own: Arc<Own>,
}

/// Connections for reads of several statements.
#[derive(Default)]
struct Idle {
    links: Vec<Arc<Link>>,
    lent: usize,
}

impl Server {
    /// Takes up what is needed to connect. Nothing is asked of the server yet.
    pub(crate) fn new(at: &PostgresAt) -> Result<Arc<Self>, StoreError> {
        let trust = at.authority.as_deref().map(Trust::read).transpose()?;
        let mut config = Config::new();
        for host in &at.hosts {
            if trust.is_none() && !host.is_here() {
                return Err(StoreError::InClear(format!("{host:?}")));
            }
            match host {
                PostgresHost::Tcp(name, port) => config.host(name).port(*port),
                PostgresHost::Unix(folder, port) => config.host_path(folder).port(*port),
            };
        }
        config.dbname(&at.database).user(&at.user).application_name("tacebo").connect_timeout(CONNECT);
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(Duration::from_secs(30));
        if trust.is_some() {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
        }
        if let Some(password) = &at.password {
            config.password(password.as_bytes());
        }
        if at.prepared == Prepared::Named {
            let settings: Vec<String> =
                settings(at, false).iter().map(|(name, value)| format!("-c {name}={value}")).collect();
            config.options(settings.join(" "));
        }
        let mut node = Node::default();
        aws_lc_rs::rand::fill(&mut node).map_err(|_| StoreError::Log("no randomness".to_owned()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let wire = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let alive = Arc::new(());
        let counted = Arc::clone(&alive);
        let driver = thread::Builder::new().name("store-wire".to_owned()).spawn(move || {
            runtime.block_on(async {
                // Either word means the end.
                let _ = stopped.await;
                let until = Instant::now() + GOODBYE;
                // Ours, and the server's own.
                while Arc::strong_count(&counted) > 2 && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            });
        })?;
        Ok(Arc::new(Self {
            at: at.clone(),
            config,
            trust,
            wire,
            driver: Some((stop, driver)),
            alive,
            shared: (0..at.readers.max(1)).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            idle: Mutex::default(),
            returned: Condvar::new(),
            down: Mutex::default(),
            own: Arc::new(Own::new(node, at.node.clone())),
        }))
    }

    /// Runs a read over a connection that others may be using too.
    pub(crate) fn read<T>(
        self: &Arc<Self>,
        f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        f(Conn::Postgres(&Lent::shared(self)?))
    }

    /// Runs a read whose statements see one state.
    pub(crate) fn snapshot<T>(
        self: &Arc<Self>,
        f: impl FnOnce(Conn<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        f(Conn::Postgres(&Lent::snapshot(self)?))
    }

    /// Whether there is more than one member to write to.
    pub(crate) fn has_several(&self) -> bool {
        self.at.hosts.len() > 1
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Result<Arc<Link>, StoreError> {
        let hosts = u32::try_from(self.at.hosts.len().max(1)).unwrap_or(1);
        let longest = CONNECT * (hosts + 1);
        let task = self.wire.spawn(connect(self.config.clone(), self.trust.clone(), Arc::clone(&self.alive), longest));
        let unreachable = |why: &str| StoreError::Unreachable(why.to_owned());
        let client = block_on(task, longest + CONNECT)
            .ok_or_else(|| unreachable("the connection was not made in time"))?
            .map_err(|_| unreachable("the store is closed"))??;
        Ok(Arc::new(Link::new(client, self.at.prepared)))
    }

    /// A connection for readers, which fail at once while the server is known to be away.
    fn connect_reader(&self) -> Result<Arc<Link>, StoreError> {
        if let Some((since, why)) = &*lock(&self.down)
            && since.elapsed() < DOWN
        {
            return Err(StoreError::Unreachable(why.clone()));
        }
        let made = self.connect();
        *lock(&self.down) = match &made {
            Err(StoreError::Unreachable(why)) => Some((Instant::now(), why.clone())),
            _ => None,
        };
        made
    }

    /// The next of the shared connections, made anew if it was lost.
    pub(super) fn shared_link(&self) -> Result<Arc<Link>, StoreError> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.shared.len();
        let Some(place) = self.shared.get(turn) else {
            return self.connect_reader();
        };
        let mut place = lock(place);
        match &*place {
            Some(link) if !link.is_lost() => Ok(Arc::clone(link)),
            _ => {
                let link = self.connect_reader()?;
                *place = Some(Arc::clone(&link));
                Ok(link)
            }
        }
    }

    /// A connection that nobody else uses until it is given back.
    pub(super) fn own_link(&self) -> Result<Arc<Link>, StoreError> {
        let most = self.at.snapshots.max(1);
        let waiting = self.returned.wait_timeout_while(lock(&self.idle), self.longest(), |idle| idle.lent >= most);
        let (mut idle, waited) = waiting.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::Unreachable("no connection became free".to_owned()));
        }
        idle.lent += 1;
        while let Some(link) = idle.links.pop() {
            if !link.is_lost() {
                return Ok(link);
            }
        }
        drop(idle);
        self.connect_reader().inspect_err(|_| self.give_back(None))
    }

    pub(super) fn give_back(&self, link: Option<Arc<Link>>) {
        let mut idle = lock(&self.idle);
        idle.lent = idle.lent.saturating_sub(1);
        idle.links.extend(link.filter(|link| !link.is_lost()));
        drop(idle);
        self.returned.notify_one();
    }

    /// How long an answer is waited for: the server gives up before.
    pub(crate) fn longest(&self) -> Duration {
        self.at.statement_timeout + self.at.lock_timeout + CONNECT
    }

    /// Begins a transaction, with the limits that hold in it where the session has none of its own.
    pub(crate) fn begin(&self, kind: &str, calm: bool) -> String {
        let mut commands = vec![format!("BEGIN ISOLATION LEVEL {kind}")];
        if self.at.prepared == Prepared::Unnamed || calm {
            let settings = settings(&self.at, calm);
            commands.extend(settings.iter().map(|(name, value)| format!("SET LOCAL {name} = {value}")));
        }
        commands.join("; ")
    }

    /// Runs something beside the connections, until the store is closed.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        self.wire.spawn(task)
    }

    /// What it takes to make a connection from a task.
    pub(super) fn connecting(
        &self,
    ) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = Result<Client, StoreError>> + Send>> + Send + 'static {
        let (config, trust) = (self.config.clone(), self.trust.clone());
        let alive = Arc::clone(&self.alive);
        move || Box::pin(connect(config.clone(), trust.clone(), Arc::clone(&alive), CONNECT * 2))
    }

    /// Closes the connections of readers.
    pub(crate) fn close(&self) {
        for place in &self.shared {
            *lock(place) = None;
        }
        lock(&self.idle).links.clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
        if let Some((stop, driver)) = self.driver.take() {
            // An error means that it has ended already.
            let _ = stop.send(());
            if driver.join().is_err() {
                tracing::error!("the thread that drives the connections ended by a panic");
            }
        }
    }
}

async fn connect(
    config: Config,
    trust: Option<Trust>,
    alive: Arc<()>,
    longest: Duration,
) -> Result<Client, StoreError> {
    let connecting = async {
        Ok(match trust {
            Some(trust) => drive(config.connect(trust).await?, alive),
            None => drive(config.connect(NoTls).await?, alive),
        })
    };
    match tokio::time::timeout(longest, connecting).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(e)) => Err(unreached(e)),
        Err(_) => Err(StoreError::Unreachable(format!("no answer within {} s", longest.as_secs()))),
    }
}

/// A server that refuses this role or database has said something; all else is that it could not be reached.
fn unreached(e: tokio_postgres::Error) -> StoreError {
    match e.code() {
        Some(code) if !is_going(code) => StoreError::Postgres(e),
        _ => StoreError::Unreachable(words(&e)),
    }
}

fn drive<T>((client, connection): (Client, Connection<tokio_postgres::Socket, T>), alive: Arc<()>) -> Client
where
    T: tokio_postgres::tls::TlsStream + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        // Whoever waits for an answer gets the error too.
        if let Err(e) = connection.await {
            tracing::debug!(error = words(&e), "a connection to the database server ended");
        }
        drop(alive);
    });
    client
}

/// Limits and plans of a session; `calm` for a check that takes its time.
fn settings(at: &PostgresAt, calm: bool) -> Vec<(&'static str, String)> {
    let ms = |limit: Duration| if calm { "0".to_owned() } else { limit.as_millis().to_string() };
    let mut settings = vec![
        ("statement_timeout", ms(at.statement_timeout)),
        ("lock_timeout", ms(at.lock_timeout)),
        ("idle_in_transaction_session_timeout", ms(at.statement_timeout)),
    ];
    settings.extend(PLANS.map(|(name, value)| (name, value.to_owned())));
    settings
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
