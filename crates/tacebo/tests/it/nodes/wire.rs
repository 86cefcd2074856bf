//! A wire to the database that the test cuts and mends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::SERVER;

/// Connections that run through it.
#[derive(Default)]
struct Ends {
    cut: bool,
    open: Vec<TcpStream>,
}

#[derive(Clone)]
pub(super) struct Wire {
    pub(super) port: u16,
    ends: Arc<Mutex<Ends>>,
}

impl Wire {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let wire = Self { port: listener.local_addr().unwrap().port(), ends: Arc::default() };
        let ends = Arc::clone(&wire.ends);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let mut ends = ends.lock().unwrap();
                if ends.cut {
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", SERVER.port())) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    thread::spawn(move || {
                        let mut bytes = [0; 16 << 10];
                        while let Ok(n @ 1..) = from.read(&mut bytes) {
                            if to.write_all(&bytes[..n]).is_err() {
                                break;
                            }
                        }
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                ends.open.extend([near, far]);
            }
        });
        wire
    }

    /// Nothing goes through any more.
    pub(super) fn cut(&self) {
        let mut ends = self.ends.lock().unwrap();
        ends.cut = true;
        for end in ends.open.drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    pub(super) fn mend(&self) {
        self.ends.lock().unwrap().cut = false;
    }
}
