//! A stand-in for the transit engine of OpenBao or HashiCorp Vault.
//!
//! No server of either is to be had from the registries that tests may use, so this one is written from their
//! documentation (<https://openbao.org/api-docs/secret/transit/>) and from what their source does where the
//! documentation is silent: an empty list is 404 with no errors; a key that exists is answered with a warning; `v0` of a
//! ciphertext means `v1`; a ciphertext that does not open is 400; a sealed server is 503. It can also misbehave.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) const TOKEN: &str = "s.a-token-of-the-tests";

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fault {
    #[default]
    None,
    Sealed,
    Fails,
    /// Takes the question and says nothing.
    Silent,
    /// Begins an answer and hangs up.
    Truncated,
    /// Whole HTTP whose JSON is cut.
    CutJson,
    NotJson,
    NotHttp,
    Endless,
    Redirects,
    /// A release that knows nothing of associated data.
    Old,
    /// Says that a key is deleted and keeps it.
    Keeps,
    NoMount,
}

struct Key {
    aes: [u8; 32],
    mac: [u8; 32],
    deletion_allowed: bool,
    exportable: bool,
}

#[derive(Default)]
struct State {
    fault: Fault,
    keys: BTreeMap<String, Key>,
    asked: Vec<String>,
}

/// The server; it ends with the process of the tests.
#[derive(Clone)]
pub(crate) struct Bao {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Bao {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bao = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = bao.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = serving.clone();
                thread::spawn(move || serving.serve(stream.try_clone().unwrap(), stream));
            }
        });
        bao
    }

    /// The same over TLS.
    pub(crate) fn start_tls(config: Arc<rustls::ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let bao = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let serving = bao.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serving, config) = (serving.clone(), Arc::clone(&config));
                thread::spawn(move || {
                    let session = rustls::ServerConnection::new(config).unwrap();
                    let mut stream = rustls::StreamOwned::new(session, stream);
                    let mut reader = BufReader::new(&mut stream);
                    if let Some(asked) = Asked::read(&mut reader) {
                        let answer = serving.answer(&asked);
                        let _ = stream.write_all(&answer).and_then(|()| stream.flush());
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        bao
    }

    pub(crate) fn misbehave(&self, fault: Fault) {
        self.state.lock().unwrap().fault = fault;
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state.lock().unwrap().keys.keys().cloned().collect()
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// As an operator of the service might.
    pub(crate) fn make_exportable(&self, name: &str) {
        self.state.lock().unwrap().keys.get_mut(name).unwrap().exportable = true;
    }

    fn serve(&self, read: TcpStream, mut write: TcpStream) {
        let mut reader = BufReader::new(read);
        while let Some(asked) = Asked::read(&mut reader) {
            let fault = self.state.lock().unwrap().fault;
            let answer = self.answer(&asked);
            let _ = match fault {
                Fault::Silent => {
                    // Until the other side gives up.
                    let _ = reader.read(&mut [0]);
                    return;
                }
                Fault::Truncated => {
                    let _ = write.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"data\":");
                    return;
                }
                Fault::NotHttp => write.write_all(b"220 mail.example ESMTP\r\n"),
                Fault::Endless => {
                    let _ = write.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n");
                    while write.write_all(&[b' '; 4096]).is_ok() {}
                    return;
                }
                _ => write.write_all(&answer),
            };
        }
    }

    fn answer(&self, asked: &Asked) -> Vec<u8> {
        let mut state = self.state.lock().unwrap();
        state.asked.push(format!("{} {}", asked.method, asked.path));
        let (status, body) = match state.fault {
            Fault::Sealed => (503, json!({"errors": ["Vault is sealed"]}).to_string()),
            Fault::Fails => (500, json!({"errors": ["internal error"]}).to_string()),
            Fault::Redirects => (307, String::new()),
            Fault::CutJson => (200, "{\"data\":{\"keys\":[\"tac".to_owned()),
            Fault::NotJson => (200, "<html>log in</html>".to_owned()),
            Fault::NoMount => {
                (404, json!({"errors": ["no handler for route \"transit/keys\". route entry not found."]}).to_string())
            }
            _ if asked.token != TOKEN => (403, json!({"errors": ["permission denied"]}).to_string()),
            _ => {
                let (status, body) = state.transit(asked);
                (status, if body.is_null() { String::new() } else { body.to_string() })
            }
        };
        let location = if status == 307 { "location: http://127.0.0.1:9/elsewhere\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\n{location}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

fn refused(words: &str) -> (u16, Value) {
    (400, json!({"errors": [words]}))
}

impl State {
    fn transit(&mut self, asked: &Asked) -> (u16, Value) {
        let parts: Vec<&str> = asked.path.trim_start_matches("/v1/transit/").split('/').collect();
        let text = |name: &str| asked.body[name].as_str().unwrap_or_default().to_owned();
        let bytes = |name: &str| BASE64.decode(text(name)).unwrap_or_default();
        let old = self.fault == Fault::Old;
        let associated = if old { Vec::new() } else { bytes("associated_data") };
        match (asked.method.as_str(), parts.as_slice()) {
            ("GET", ["keys?list=true"]) if self.keys.is_empty() => (404, json!({"errors": []})),
            ("GET", ["keys?list=true"]) => (200, json!({"data": {"keys": self.keys.keys().collect::<Vec<_>>()}})),
            ("GET", ["keys", name]) => match self.keys.get(*name) {
                Some(key) => (200, described(key, &[])),
                None => (404, json!({"errors": []})),
            },
            ("POST", ["keys", name]) => {
                let existed = self.keys.contains_key(*name);
                let key = self.keys.entry((*name).to_owned()).or_insert_with(|| Key {
                    aes: random(),
                    mac: random(),
                    deletion_allowed: false,
                    exportable: asked.body["exportable"] == true,
                });
                let warning = format!("key {name} already existed");
                (200, described(key, if existed { std::slice::from_ref(&warning) } else { &[] }))
            }
            ("POST", ["keys", name, "config"]) => match self.keys.get_mut(*name) {
                Some(key) => {
                    key.deletion_allowed = asked.body["deletion_allowed"] == true;
                    (200, described(key, &[]))
                }
                None => refused("no existing key named"),
            },
            ("DELETE", ["keys", name]) => match self.keys.get(*name) {
                Some(key) if !key.deletion_allowed => refused("deletion is not allowed for this key"),
                Some(_) if self.fault == Fault::Keeps => (204, Value::Null),
                Some(_) => {
                    self.keys.remove(*name);
                    (204, Value::Null)
                }
                None => refused("could not delete key; not found"),
            },
            ("POST", ["encrypt", name]) => {
                // Made when it is not there, as the engine does for a token that may create.
                let key = self.keys.entry((*name).to_owned()).or_insert_with(|| Key {
                    aes: random(),
                    mac: random(),
                    deletion_allowed: false,
                    exportable: false,
                });
                let nonce: [u8; 12] = random();
                let mut sealed = bytes("plaintext");
                gcm(&key.aes)
                    .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(associated), &mut sealed)
                    .unwrap();
                let text = BASE64.encode([&nonce[..], &sealed].concat());
                (200, json!({"data": {"ciphertext": format!("vault:v1:{text}"), "key_version": 1}}))
            }
            ("POST", ["decrypt", name]) => {
                let Some(key) = self.keys.get(*name) else { return refused("encryption key not found") };
                let ciphertext = text("ciphertext");
                let Some((version, sealed)) = ciphertext.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'))
                else {
                    return refused("invalid ciphertext: no prefix");
                };
                if !matches!(version, "0" | "1") {
                    return refused("invalid ciphertext: version is too new");
                }
                let Ok(mut sealed) = BASE64.decode(sealed) else {
                    return refused("invalid ciphertext: could not decode base64");
                };
                let Some((nonce, text)) = sealed.split_first_chunk_mut::<12>() else {
                    return refused("invalid ciphertext length");
                };
                let opened =
                    gcm(&key.aes).open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), text);
                match opened {
                    Ok(plain) => (200, json!({"data": {"plaintext": BASE64.encode(plain)}})),
                    Err(_) => refused("cipher: message authentication failed"),
                }
            }
            ("POST", ["hmac", name, "sha2-256"]) => {
                let Some(key) = self.keys.get(*name) else { return refused("encryption key not found") };
                let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.mac), &bytes("input"));
                (200, json!({"data": {"hmac": format!("vault:v1:{}", BASE64.encode(mac))}}))
            }
            _ => (404, json!({"errors": ["no handler for route"]})),
        }
    }
}

fn described(key: &Key, warnings: &[String]) -> Value {
    json!({
        "request_id": "0", "lease_id": "", "renewable": false,
        "data": {
            "type": "aes256-gcm96", "exportable": key.exportable, "allow_plaintext_backup": false, "derived": false,
            "deletion_allowed": key.deletion_allowed, "imported_key": false, "latest_version": 1,
            "keys": {"1": 1_700_000_000}
        },
        "warnings": if warnings.is_empty() { Value::Null } else { json!(warnings) }
    })
}

fn random<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    SystemRandom::new().fill(&mut out).unwrap();
    out
}

fn gcm(key: &[u8; 32]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap())
}

struct Asked {
    method: String,
    path: String,
    token: String,
    body: Value,
}

impl Asked {
    fn read(from: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        from.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let (mut token, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            from.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "x-vault-token" => value.trim().clone_into(&mut token),
                "content-length" => length = value.trim().parse().ok()?,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        Some(Self { method, path, token, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}
