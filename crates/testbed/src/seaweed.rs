//! A real S3 server: SeaweedFS, as its wheel on PyPI brings it.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::guard::{Guarded, RunAs, stop};

/// How long the server may take to come up on a busy machine.
const START: Duration = Duration::from_mins(2);
/// Name of the key that requests are signed with.
const ACCESS: &str = "testbed";
/// The key. It opens nothing but this server.
const SECRET: &str = "testbed-secret";

/// A running server in a folder of its own.
pub struct Seaweed {
    folder: PathBuf,
    port: u16,
    filer: u16,
    buckets: AtomicU32,
    _guarded: Guarded,
}

impl std::fmt::Debug for Seaweed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seaweed").field("folder", &self.folder).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Seaweed {
    /// Starts one and waits until it takes requests, ten seconds or so; one for each test process is enough.
    pub fn start() -> Self {
        let run_as = RunAs::myself();
        let program = program();
        let folder = run_as.folder();
        let identities = format!(
            r#"{{"identities":[{{"name":"tacebo","credentials":[{{"accessKey":"{ACCESS}","secretKey":"{SECRET}"}}],
            "actions":["Admin","Read","Write","List","Tagging"]}}]}}"#
        );
        fs::write(folder.join("s3.json"), identities).unwrap_or_else(|e| stop(&e.to_string()));
        fs::create_dir(folder.join("data")).unwrap_or_else(|e| stop(&e.to_string()));
        let (port, master, volume, filer) = (port(), port(), port(), port());
        let args = [
            "server".to_owned(),
            format!("-dir={}", folder.join("data").display()),
            // Its default is an address of the machine that others can reach.
            "-ip=127.0.0.1".to_owned(),
            "-ip.bind=127.0.0.1".to_owned(),
            // On by default.
            "-master.telemetry=false".to_owned(),
            format!("-master.port={master}"),
            "-master.volumeSizeLimitMB=64".to_owned(),
            format!("-volume.port={volume}"),
            "-volume.max=4000".to_owned(),
            "-filer=true".to_owned(),
            format!("-filer.port={filer}"),
            "-s3".to_owned(),
            format!("-s3.port={port}"),
            format!("-s3.config={}", folder.join("s3.json").display()),
            "-s3.port.iceberg=0".to_owned(),
        ];
        let mut guarded = Guarded::start(run_as, &program, &args, "KILL", &folder);
        let until = Instant::now() + START;
        while !answers(port) {
            guarded.must_run(&folder);
            if Instant::now() > until {
                stop("SeaweedFS does not answer");
            }
            thread::sleep(Duration::from_millis(100));
        }
        Self { folder, port, filer, buckets: AtomicU32::new(0), _guarded: guarded }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address for clients.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Name of the key that requests are signed with.
    pub fn access_key(&self) -> &'static str {
        ACCESS
    }

    /// The key.
    pub fn secret_key(&self) -> &'static str {
        SECRET
    }

    /// A new, empty bucket.
    pub fn bucket(&self) -> String {
        let name = format!("bucket-{}", self.buckets.fetch_add(1, Ordering::Relaxed));
        // A bucket is a folder of its filer.
        let said = ask(self.filer, &format!("POST /buckets/{name}/"));
        if !said.starts_with("HTTP/1.1 2") {
            stop(&format!("no bucket: {said}"));
        }
        name
    }

    /// The folder with everything that the server has on disk.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// The program in the target folder, where `cargo xtask prepare` puts it.
fn program() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    let program = target.join("seaweedfs/venv/bin/weed");
    if !program.is_file() {
        stop(&format!("SeaweedFS is not installed: {} is not there", program.display()));
    }
    program
}

/// A port that is free, and whose neighbour 10,000 above is too: the server takes both.
fn port() -> u16 {
    for _ in 0..200 {
        let port = crate::postgres::free_port();
        let low = 1024 + port % 40_000;
        if TcpListener::bind(("127.0.0.1", low)).is_ok() && TcpListener::bind(("127.0.0.1", low + 10_000)).is_ok() {
            return low;
        }
    }
    stop("no free ports")
}

/// Whether requests to buckets are answered, refusals included.
fn answers(port: u16) -> bool {
    let said = ask(port, "GET /");
    said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 2")
}

/// One request without a body, and what is said to it; nothing where nobody answers.
fn ask(port: u16, what: &str) -> String {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let head = "HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("{what} {head}").as_bytes())?;
        let mut said = Vec::new();
        stream.read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    };
    ask().unwrap_or_default()
}
