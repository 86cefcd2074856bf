//! A small HTTP/1.1 client with one kept-alive connection, and the loop that many of them run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bench::Load;
use crate::bench::figures::{Times, real};

/// One request to send.
#[derive(Clone)]
pub(crate) struct Shot {
    pub method: Method,
    pub path: String,
    pub body: Bytes,
    /// What it counts for: resources in a bundle, 1 for a read.
    pub worth: usize,
}

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    bearer: HeaderValue,
}

impl Client {
    pub(crate) async fn connect(address: &str, token: &str) -> Result<Self> {
        let host = address.strip_prefix("http://").context("the bench speaks clear HTTP on loopback")?;
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        Ok(Self { sender, host: HeaderValue::from_str(host)?, bearer })
    }

    /// Sends and reads the whole answer.
    pub(crate) async fn send(&mut self, shot: &Shot) -> Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(&shot.method)
            .uri(&shot.path)
            .header("host", &self.host)
            .header("authorization", &self.bearer)
            .header("content-type", "application/fhir+json")
            .header(crate::PURPOSE_HEADER, "TREAT")
            .body(Full::new(shot.body.clone()))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

/// What many clients got through.
#[derive(Default)]
pub(crate) struct Done {
    pub times: Times,
    pub worth: usize,
    pub span: Duration,
    /// Processor time of server and clients together, zero where the system does not tell.
    pub busy: Duration,
}

impl Done {
    pub(crate) fn per_second(&self) -> f64 {
        real(self.worth) / self.span.as_secs_f64()
    }

    /// Takes in what was done in another turn.
    pub(crate) fn add(&mut self, other: Self) {
        self.times.add(other.times);
        self.worth += other.worth;
        self.span += other.span;
        self.busy += other.busy;
    }

    /// Processor time for one of what was counted, in microseconds: unlike a rate it says the same on a shared machine.
    pub(crate) fn micros_each(&self) -> Option<f64> {
        (self.worth > 0 && !self.busy.is_zero()).then(|| self.busy.as_secs_f64() * 1e6 / real(self.worth))
    }
}

/// Lets clients send what `next` gives until the time is over; any answer but 2xx ends the run.
pub(crate) async fn drive<N>(address: &str, token: &str, load: Load, next: N) -> Result<Done>
where
    N: Fn() -> Shot + Send + Sync + 'static,
{
    let next = Arc::new(next);
    let begin = Instant::now() + load.warm;
    let end = begin + load.measure;
    let mut clients = JoinSet::new();
    for _ in 0..load.clients {
        let mut client = Client::connect(address, token).await?;
        let next = Arc::clone(&next);
        clients.spawn(async move {
            let (mut times, mut worth) = (Vec::new(), 0);
            loop {
                let shot = next();
                let sent = Instant::now();
                if sent >= end {
                    return Ok((times, worth));
                }
                let (status, body) = client.send(&shot).await?;
                if !status.is_success() {
                    let words: String = String::from_utf8_lossy(&body).chars().take(400).collect();
                    bail!("{} {} was answered {status}: {words}", shot.method, shot.path);
                }
                // What ends within the window counts: a long transaction may have begun before it.
                let now = Instant::now();
                if now >= begin && now <= end {
                    times.push(now - sent);
                    worth += shot.worth;
                }
            }
        });
    }
    tokio::time::sleep_until(begin.into()).await;
    let before = busy();
    tokio::time::sleep_until(end.into()).await;
    let busy = busy().zip(before).map(|(after, before)| after.saturating_sub(before)).unwrap_or_default();
    let (mut times, mut worth) = (Vec::new(), 0);
    while let Some(client) = clients.join_next().await {
        let (more, worth_more) = client??;
        times.extend(more);
        worth += worth_more;
    }
    Ok(Done { times: Times::gather(times), worth, span: load.measure, busy })
}

/// Processor time of this process so far (`/proc/self/stat`, fields 14 and 15, in hundredths of a second).
fn busy() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is a name in brackets and may hold spaces.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: u64 = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
