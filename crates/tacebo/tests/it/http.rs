//! A blocking HTTP/1.1 client with one kept-alive connection. It never tries again: an answer that did not arrive is
//! one, and the crash test counts on that.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes, even from a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) trait Stream: Read + Write + Send {}
impl<S: Read + Write + Send> Stream for S {}

/// An answer, read whole.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The beginning of the body, for messages.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body).chars().take(700).collect::<String>())
    }

    /// Index and leaf of every receipt named in the header.
    pub(crate) fn receipts(&self) -> Vec<(u64, String)> {
        let values = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("tacebo-receipt"));
        values
            .flat_map(|(_, value)| value.split(", "))
            .filter_map(|one| one.split_once(':'))
            .map(|(index, leaf)| (index.parse().unwrap(), leaf.to_owned()))
            .collect()
    }
}

/// One connection and who speaks on it.
pub(crate) struct Client {
    host: String,
    token: String,
    purpose: String,
    stream: BufReader<Box<dyn Stream>>,
}

impl Client {
    /// Connects in clear.
    pub(crate) fn connect(address: SocketAddr, token: &str, purpose: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self::over(stream, &address.to_string(), token, purpose))
    }

    /// Speaks over something that is connected already.
    pub(crate) fn over(stream: impl Stream + 'static, host: &str, token: &str, purpose: &str) -> Self {
        let (host, token, purpose) = (host.to_owned(), token.to_owned(), purpose.to_owned());
        Self { host, token, purpose, stream: BufReader::new(Box::new(stream)) }
    }

    pub(crate) fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.send("GET", path, &[], b"")
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send("POST", path, &[], &serde_json::to_vec(body)?)
    }

    pub(crate) fn put(&mut self, path: &str, body: &Value) -> io::Result<Answer> {
        self.send("PUT", path, &[], &serde_json::to_vec(body)?)
    }

    pub(crate) fn delete(&mut self, path: &str) -> io::Result<Answer> {
        self.send("DELETE", path, &[], b"")
    }

    /// Sends a request and reads its answer. A header given replaces the one that is sent otherwise; an empty one
    /// leaves it out.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let head = self.head(method, path, headers, body.len());
        self.raw(head.as_bytes())?;
        self.raw(body)?;
        self.answer(method)
    }

    /// The head of a request that announces so many bytes of body.
    pub(crate) fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> String {
        let bearer = if self.token.is_empty() { String::new() } else { format!("Bearer {}", self.token) };
        let length = if method == "GET" { String::new() } else { length.to_string() };
        let usual = [
            ("host", self.host.as_str()),
            ("authorization", &bearer),
            ("x-purpose-of-use", &self.purpose),
            ("content-type", if method == "GET" { "" } else { "application/fhir+json" }),
            ("content-length", &length),
        ];
        let own = |name: &str| headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        for (name, value) in usual.iter().filter(|(name, _)| !own(name)).chain(headers) {
            if !value.is_empty() {
                head.extend([name, ": ", value, "\r\n"]);
            }
        }
        head + "\r\n"
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// Reads the next answer.
    pub(crate) fn answer(&mut self, method: &str) -> io::Result<Answer> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status: u16 = status.ok_or_else(|| io::Error::other(format!("no answer: {first}")))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if method == "HEAD" || status == 204 || status == 304 {
            return Ok(answer);
        }
        if answer.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            while self.chunk(&mut answer.body)? {}
            return Ok(answer);
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// One chunk; false at the last.
    fn chunk(&mut self, body: &mut Vec<u8>) -> io::Result<bool> {
        let line = self.line()?;
        let length = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16).map_err(io::Error::other)?;
        let begin = body.len();
        body.resize(begin + length, 0);
        self.stream.read_exact(&mut body[begin..])?;
        self.line()?;
        Ok(length > 0)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
