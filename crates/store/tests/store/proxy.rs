//! A wire that can be cut at a commit.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Where the wire is cut next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never sees the commit.
    BeforeCommit,
    /// The server commits, and its answer is lost.
    AfterCommit,
    /// Like `AfterCommit`, and nobody comes through any more.
    ForGood,
}

/// A proxy between stores and their server.
#[derive(Clone)]
pub(crate) struct Proxy {
    port: u16,
    next: Arc<Mutex<Option<Cut>>>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, next: Arc::default(), cuts: Arc::default() };
        let shared = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *shared.next.lock().unwrap() == Some(Cut::ForGood) && shared.cuts() > 0 {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(shared.clone().carry(client, server));
            }
        });
        proxy
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts the wire at the next commit of a writer.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.next.lock().unwrap() = Some(cut);
    }

    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }

    async fn carry(self, mut client: TcpStream, mut server: TcpStream) {
        let (mut from_client, mut from_server) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        // The writer's commit comes after this command of its own.
        let mut writes = false;
        loop {
            tokio::select! {
                read = client.read(&mut from_client) => {
                    let Ok(n @ 1..) = read else { return };
                    let bytes = &from_client[..n];
                    writes |= holds(bytes, b"SET LOCAL statement_timeout = 0");
                    let cut = *self.next.lock().unwrap();
                    match cut.filter(|_| writes && holds(bytes, b"COMMIT\0")) {
                        Some(Cut::BeforeCommit) => {
                            let at = bytes.windows(7).position(|window| window == b"COMMIT\0").unwrap();
                            // Everything but the commit itself, whose message has five bytes before its text.
                            server.write_all(&bytes[..at - 5]).await.unwrap();
                            return self.is_cut(cut);
                        }
                        Some(_) => {
                            server.write_all(bytes).await.unwrap();
                            // Its answers are read to the end of the commit, so that it is done.
                            let mut answer = Vec::new();
                            while !holds(&answer, b"COMMIT\0") {
                                let n = server.read(&mut from_server).await.unwrap();
                                assert!(n > 0, "the server ended before the commit");
                                answer.extend_from_slice(&from_server[..n]);
                            }
                            return self.is_cut(cut);
                        }
                        None => {}
                    }
                    if holds(bytes, b"COMMIT\0") {
                        writes = false;
                    }
                    if server.write_all(&from_client[..n]).await.is_err() { return }
                }
                read = server.read(&mut from_server) => {
                    let Ok(n @ 1..) = read else { return };
                    if client.write_all(&from_server[..n]).await.is_err() { return }
                }
            }
        }
    }

    fn is_cut(&self, cut: Option<Cut>) {
        if cut != Some(Cut::ForGood) {
            *self.next.lock().unwrap() = None;
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}
