//! TLS to a bucket: whom it is spoken with.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
};

use tacebo_objects::{At, Name, ObjectError, Objects, Patience};
use tokio_rustls::rustls::{
    self, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, pem::PemObject},
};

use crate::place::{bucket_at, seaweed};

/// A line in TLS to the server, under a certificate for this name by an authority of its own; the authority's certificate.
fn tls_line(name: &str) -> (u16, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let private = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = Arc::clone(&config);
            std::thread::spawn(move || pass(stream, config));
        }
    });
    (port, authority_certificate.pem())
}

/// One request with a small body, and its answer.
fn pass(stream: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let got = client.read(&mut piece).ok().filter(|got| *got > 0)?;
        request.extend_from_slice(&piece[..got]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let body =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
        if request.len() >= head.len() + 4 + body {
            break;
        }
    }
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let mut server = TcpStream::connect(("127.0.0.1", seaweed().port())).ok()?;
    server.write_all(&request[..end]).ok()?;
    server.write_all(b"\r\nConnection: close").ok()?;
    server.write_all(&request[end..]).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    client.write_all(&answer).ok()?;
    client.conn.send_close_notify();
    client.flush().ok()
}

#[test]
fn tls_is_spoken_with_whom_the_named_authority_vouches_for_and_with_nobody_else() {
    let (port, authority) = tls_line("localhost");
    let (other_port, _) = tls_line("localhost");
    let (misnamed, misnamed_authority) = tls_line("elsewhere.example");
    let dir = tempfile::tempdir().unwrap();
    let ask = |port: u16, authority: &str| {
        let file = dir.path().join(format!("{port}.pem"));
        std::fs::write(&file, authority).unwrap();
        let mut at = bucket_at(&format!("https://localhost:{port}"));
        at.authority = Some(file);
        at.patience = Patience { again: 0, ..Patience::default() };
        let objects = Objects::open(&At::S3(Box::new(at))).unwrap();
        let name: Name = "a/x".parse().unwrap();
        objects.put(&name, b"over TLS".to_vec())?;
        objects.get(&name, 100)
    };
    assert_eq!(&ask(port, &authority).unwrap()[..], b"over TLS");
    for (port, authority) in [(other_port, authority.as_str()), (misnamed, &misnamed_authority)] {
        let done = ask(port, authority);
        assert!(matches!(&done, Err(ObjectError::Unreachable(_))), "{done:?}");
    }
    let mut at = bucket_at("https://localhost:1");
    at.authority = Some(dir.path().join("not-there.pem"));
    assert!(matches!(Objects::open(&At::S3(Box::new(at))), Err(ObjectError::Configuration(_))));
}
