//! Listeners: clear HTTP on loopback only, TLS everywhere else.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::http::frame::OverTls;

/// A listener could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Clear text outside loopback.
    #[error("refusing to listen in clear on {0}: give a certificate and key under [tls], or listen on 127.0.0.1")]
    Clear(SocketAddr),
    /// Certificate or key.
    #[error("the TLS certificate or key in {path} cannot be used: {why}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Socket.
    #[error("cannot listen on {address}: {error}")]
    Socket {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
}

/// A bound listener.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    address: SocketAddr,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds; `tls` names certificate chain and key in PEM.
    ///
    /// # Errors
    /// Clear text outside loopback is refused; unusable files or a taken port are named.
    pub async fn bind(address: SocketAddr, tls: Option<(&Path, &Path)>) -> Result<Self, ListenError> {
        let tls = match tls {
            Some((certificate, key)) => Some(acceptor(certificate, key)?),
            None if address.ip().is_loopback() => None,
            None => return Err(ListenError::Clear(address)),
        };
        let socket = TcpListener::bind(address).await.map_err(|error| ListenError::Socket { address, error })?;
        let address = socket.local_addr().map_err(|error| ListenError::Socket { address, error })?;
        Ok(Self { socket, tls, address })
    }

    /// Where it listens, with the port that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, ListenError> {
    let wrong = |path: &Path, why: String| ListenError::Certificate { path: path.to_owned(), why };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificate, error.to_string()))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(certificate, error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|error| wrong(certificate, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A TLS handshake that takes longer is dropped.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections still busy after this long at shutdown are cut.
const DRAIN: Duration = Duration::from_secs(20);

/// Serves until `stop` resolves, then lets running requests finish.
pub async fn serve(listener: Listener, router: Router, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    let Listener { socket, tls: acceptor, .. } = listener;
    let graceful = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, usually: wait for some to come back.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let watcher = graceful.watcher();
        let (tls, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            if let Err(error) = connection(stream, peer, tls, router, watcher).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    // Whoever comes now is refused at once, instead of waiting for an answer that never comes.
    drop(socket);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => tracing::warn!("cutting connections that did not finish"),
    }
}

type ConnectionError = Box<dyn std::error::Error + Send + Sync>;

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    watcher: hyper_util::server::graceful::Watcher,
) -> Result<(), ConnectionError> {
    stream.set_nodelay(true)?;
    let over_tls = tls.is_some();
    let service = TowerToHyperService::new(router.map_request(move |mut request: http::Request<_>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        if over_tls {
            request.extensions_mut().insert(OverTls);
        }
        request
    }));
    let server = auto::Builder::new(TokioExecutor::new());
    match tls {
        None => {
            let io = TokioIo::new(stream);
            let connection = server.serve_connection(io, service);
            watcher.watch(connection).await
        }
        Some(tls) => {
            let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await??;
            let connection = server.serve_connection(TokioIo::new(stream), service);
            watcher.watch(connection).await
        }
    }
}
