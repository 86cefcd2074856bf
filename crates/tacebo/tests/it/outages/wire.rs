//! The network between the program and its server.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the network is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Good,
    /// Connections end, and no new ones are made.
    Cut,
    /// Nothing comes through, and nobody is told.
    Silent,
    /// Everything comes through, late.
    Slow,
}

/// How late each piece comes over a slow network, per direction.
const LATE: Duration = Duration::from_millis(120);
/// How often a waiting piece looks whether it may go.
const LOOK: Duration = Duration::from_millis(10);

/// A stretch of network whose state the test sets.
#[derive(Clone)]
pub(super) struct Wire {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    state: State,
    ends: Vec<TcpStream>,
}

impl Wire {
    /// Leads to a port of this machine.
    pub(super) fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Self { port, shared: Arc::new(Mutex::new(Shared { state: State::Good, ends: Vec::new() })) };
        let listening = wire.clone();
        // It ends with the test process.
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if listening.state() == State::Cut {
                    continue;
                }
                let Ok(behind) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                // A piece that waits for the next one would make it slower than it is told to be.
                for end in [&client, &behind] {
                    end.set_nodelay(true).unwrap();
                }
                let ends = [client.try_clone().unwrap(), behind.try_clone().unwrap()];
                listening.shared.lock().unwrap().ends.extend(ends);
                let (back_from, back_to) = (behind.try_clone().unwrap(), client.try_clone().unwrap());
                let (there, back) = (listening.clone(), listening.clone());
                thread::spawn(move || there.carry(client, behind));
                thread::spawn(move || back.carry(back_from, back_to));
            }
        });
        wire
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn state(&self) -> State {
        self.shared.lock().unwrap().state
    }

    pub(super) fn set(&self, state: State) {
        let mut shared = self.shared.lock().unwrap();
        shared.state = state;
        if state == State::Cut {
            for end in shared.ends.drain(..) {
                // One that has ended already is as good.
                let _ = end.shutdown(Shutdown::Both);
            }
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            while self.state() == State::Silent {
                thread::sleep(LOOK);
            }
            if self.state() == State::Slow {
                thread::sleep(LATE);
            }
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
