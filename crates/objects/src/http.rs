//! Requests to a bucket over hyper and the program's own TLS: the server's name is checked against named certificates.

use std::{
    error::Error as StdError,
    fmt, io,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use http::{StatusCode, Uri};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo},
};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{ObjectError, Patience};

/// Connections that are kept for the next request.
const IDLE: usize = 16;
/// How long they are kept: shorter than servers do.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// Makes the client of an object store.
#[derive(Clone)]
pub(crate) struct Over {
    client: Client<Dial, HttpRequestBody>,
    answer: Duration,
}

impl fmt::Debug for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Over").finish_non_exhaustive()
    }
}

impl Over {
    pub(crate) fn new(authority: Option<&Path>, patience: &Patience) -> Result<Self, ObjectError> {
        let tls = authority.map(trust).transpose()?;
        let dial = Dial { tls, within: patience.connect };
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_idle_timeout(IDLE_FOR)
            .pool_timer(hyper_util::rt::TokioTimer::new())
            .retry_canceled_requests(false)
            .build(dial);
        Ok(Self { client, answer: patience.answer })
    }
}

impl HttpConnector for Over {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Over {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = timeout(self.answer, self.client.request(request)).await;
        let answer = answer.map_err(|_| late())?.map_err(|error| {
            let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Interrupted };
            HttpError::new(kind, error)
        })?;
        let status = answer.status();
        // A failure of the server's own is worth another attempt, whatever was asked.
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(HttpError::new(HttpErrorKind::Request, Failing(status)));
        }
        Ok(answer.map(|body| HttpResponseBody::new(Watched::new(body, self.answer))))
    }
}

/// A server that says that it cannot.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {}", .0.as_u16())]
struct Failing(StatusCode);

fn late() -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, io::Error::from(io::ErrorKind::TimedOut))
}

fn trust(authority: &Path) -> Result<TlsConnector, ObjectError> {
    let config = tacebo_wire::trust(authority).map_err(|e| ObjectError::Configuration(e.to_string()))?;
    Ok(TlsConnector::from(config))
}

/// Opens connections.
#[derive(Clone)]
struct Dial {
    tls: Option<TlsConnector>,
    within: Duration,
}

impl tower::Service<Uri> for Dial {
    type Response = TokioIo<Line>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Line>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { tls, within } = self.clone();
        Box::pin(async move {
            let dialled = timeout(within, dial(tls, &uri)).await;
            dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map(TokioIo::new)
        })
    }
}

async fn dial(tls: Option<TlsConnector>, uri: &Uri) -> io::Result<Line> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
    let is_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    match tls {
        Some(tls) if is_tls => {
            let name = ServerName::try_from(host).map_err(io::Error::other)?;
            Ok(Line::Sealed(Box::new(tls.connect(name, stream).await?)))
        }
        None if !is_tls => Ok(Line::Clear(stream)),
        _ => Err(io::Error::other("the address and the way to it do not fit together")),
    }
}

/// A connection, in clear to this very machine or in TLS.
enum Line {
    Clear(TcpStream),
    Sealed(Box<TlsStream<TcpStream>>),
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Sealed(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Sealed(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Self::Sealed(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Sealed(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// A body each piece of which must come in time.
struct Watched {
    body: Incoming,
    within: Duration,
    until: Pin<Box<Sleep>>,
}

impl Watched {
    fn new(body: Incoming, within: Duration) -> Self {
        Self { body, within, until: Box::pin(sleep(within)) }
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.until.as_mut().reset(Instant::now() + this.within);
            return Poll::Ready(frame.map(|frame| frame.map_err(|e| HttpError::new(HttpErrorKind::Interrupted, e))));
        }
        this.until.as_mut().poll(cx).map(|()| Some(Err(late())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The innermost cause, in a few words.
pub(crate) fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().filter(|c| !c.is_control()).take(160).collect()
}
