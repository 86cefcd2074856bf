//! Others who take every connection that a server gives, and ask for more all the time.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tacebo_testbed::Postgres;

/// Held until dropped.
pub(super) struct Crowd {
    over: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
    askers: Vec<JoinHandle<()>>,
}

/// So many ask at once.
const ASKERS: usize = 4;

impl Crowd {
    pub(super) fn gather(server: &Postgres) -> Self {
        let role = "DO $$ BEGIN CREATE ROLE crowd LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$";
        server.run("postgres", role);
        let socket = server.socket().join(format!(".s.PGSQL.{}", server.port()));
        let (over, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let (over, refused, socket) = (Arc::clone(&over), Arc::clone(&refused), socket.clone());
            thread::spawn(move || {
                let mut held = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    if let Some(session) = connected(&socket) {
                        held.push(session);
                    } else {
                        refused.fetch_add(1, Ordering::Relaxed);
                        thread::sleep(Duration::from_millis(2));
                    }
                }
            })
        };
        let askers = (0..ASKERS).map(|_| ask()).collect();
        let crowd = Self { over, refused, askers };
        while crowd.was_refused() == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        crowd
    }

    /// How often one of them got no connection.
    pub(super) fn was_refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        for asker in self.askers.drain(..) {
            let _ = asker.join();
        }
    }
}

/// A session, once the server has let it in: its first answer is then a request to authenticate, not an error.
fn connected(socket: &PathBuf) -> Option<UnixStream> {
    let mut stream = UnixStream::connect(socket).ok()?;
    let words = b"user\0crowd\0database\0postgres\0\0";
    let mut message = u32::try_from(words.len() + 8).unwrap().to_be_bytes().to_vec();
    message.extend(196_608_u32.to_be_bytes());
    message.extend(words);
    stream.write_all(&message).ok()?;
    // Let in, or not: "authenticated" comes before the session is counted, the end of the greeting after it.
    let (mut answer, mut bytes) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"Z\0\0\0\x05I") {
        match stream.read(&mut bytes) {
            Ok(n @ 1..) => answer.extend_from_slice(&bytes[..n]),
            _ => return None,
        }
    }
    Some(stream)
}
