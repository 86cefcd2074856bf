//! A line to an S3 server on which things go wrong, as a test says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crate::guard::stop;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The answer is "500" and the server is not asked.
    Refused,
    /// The server does what was asked, and the line breaks before the answer.
    AnswerLost,
    /// Nothing is heard for this long, and then the line breaks. The server is not asked.
    Silent(Duration),
    /// The line breaks in the midst of the answer's body.
    Cut,
    /// Another byte in the midst of the answer's body.
    Flipped,
    /// The line breaks in the midst of the request's body.
    RequestCut,
}

#[derive(Debug, Default)]
struct Plan {
    /// What comes, for which method (`""` for any), and how many times.
    next: Vec<(Fault, String, u32)>,
    seen: Vec<String>,
}

/// A line that passes requests on, one connection for each.
#[derive(Debug)]
pub struct S3Faults {
    port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl S3Faults {
    /// A line to a server on this machine.
    pub fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|e| stop(&e.to_string()));
        let port = listener.local_addr().unwrap_or_else(|e| stop(&e.to_string())).port();
        let plan = Arc::<Mutex<Plan>>::default();
        let planned = Arc::clone(&plan);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let plan = Arc::clone(&planned);
                // A line that breaks is what this is for.
                thread::spawn(move || drop(pass(stream, to, &plan)));
            }
        });
        Self { port, plan }
    }

    /// The address for clients.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next `times` requests with this method (`""` for any) go wrong.
    pub fn fail(&self, method: &str, fault: Fault, times: u32) {
        lock(&self.plan).next.push((fault, method.to_owned(), times));
    }

    /// From here on nothing goes wrong.
    pub fn heal(&self) {
        lock(&self.plan).next.clear();
    }

    /// Methods and paths of all requests so far.
    pub fn seen(&self) -> Vec<String> {
        lock(&self.plan).seen.clone()
    }
}

fn lock(plan: &Mutex<Plan>) -> std::sync::MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the plan has for this request.
fn due(plan: &Mutex<Plan>, line: &str) -> Option<Fault> {
    let mut plan = lock(plan);
    plan.seen.push(line.trim_end().trim_end_matches(" HTTP/1.1").to_owned());
    let method = line.split(' ').next().unwrap_or_default();
    let place = plan.next.iter().position(|(_, of, times)| *times > 0 && (of.is_empty() || of == method))?;
    let (fault, _, times) = plan.next.get_mut(place)?;
    *times -= 1;
    Some(*fault)
}

fn pass(stream: TcpStream, to: u16, plan: &Mutex<Plan>) -> std::io::Result<()> {
    let mut from = BufReader::new(stream.try_clone()?);
    let mut back = stream;
    let mut head = String::new();
    let mut line = String::new();
    from.read_line(&mut line)?;
    let fault = due(plan, &line);
    let mut length = 0;
    while !line.trim_end().is_empty() {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
        line.clear();
        from.read_line(&mut line)?;
    }
    head.push_str("Connection: close\r\n\r\n");
    if fault == Some(Fault::RequestCut) {
        std::io::copy(&mut from.by_ref().take(length / 2), &mut std::io::sink())?;
        return back.shutdown(Shutdown::Both);
    }
    let mut body = vec![0; usize::try_from(length).unwrap_or(0)];
    from.read_exact(&mut body)?;
    match fault {
        Some(Fault::Refused) => {
            let answer = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return back.write_all(answer.as_bytes());
        }
        Some(Fault::Silent(time)) => {
            thread::sleep(time);
            return back.shutdown(Shutdown::Both);
        }
        _ => {}
    }
    let mut server = TcpStream::connect(("127.0.0.1", to))?;
    server.write_all(head.as_bytes())?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let begins = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let middle = begins + (answer.len() - begins) / 2;
    match fault {
        Some(Fault::AnswerLost) => return back.shutdown(Shutdown::Both),
        Some(Fault::Cut) => answer.truncate(middle),
        Some(Fault::Flipped) => {
            if let Some(byte) = answer.get_mut(middle) {
                *byte ^= 1;
            }
        }
        _ => {}
    }
    back.write_all(&answer)?;
    back.shutdown(Shutdown::Both)
}
