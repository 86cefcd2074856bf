//! The program as a child process.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tacebo_ledger::LogVerifier;

use crate::http::Client;

/// A start or an end that takes longer than this hangs.
const PATIENCE: Duration = Duration::from_mins(5);

/// The program with nothing of this process's environment that it would read, but the suite of this run.
pub(crate) fn tacebo() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tacebo"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TACEBO_")) {
        command.env_remove(name);
    }
    command.env("TACEBO_SUITE", tacebo_fixtures::suite());
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// `strace` over all threads in the environment of the program; what to look for, and the program, are added to it. When
/// it is killed, the program runs on.
#[cfg(target_os = "linux")]
pub(crate) fn strace(trace: &Path) -> Command {
    let mut command = Command::new("strace");
    for (name, value) in tacebo().get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // Set already, so that the program does not start itself once more: calls are counted from its beginning.
    command.env("GLIBC_TUNABLES", "glibc.malloc.perturb=85:glibc.malloc.tcache_count=0");
    command.args(["-f", "-e", "signal=none", "-o"]).arg(trace).stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    tacebo().args(args).output().unwrap()
}

/// A running program; killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// Standard error, as the program log is.
    pub(crate) log: PathBuf,
    /// What `demo --json` said; null for `serve`, unless it serves the sample.
    pub(crate) ready: Value,
    pub(crate) address: SocketAddr,
}

impl Program {
    /// `tacebo demo` on a folder, ready when its line has come. The program log is written beside the folder.
    pub(crate) fn demo(data: &Path) -> Self {
        Self::demo_with(data, "info")
    }

    /// The same in a suite of its own.
    pub(crate) fn demo_in(data: &Path, suite: &str) -> Self {
        let mut command = tacebo();
        command.args(["demo", "--no-backups", "--suite", suite]);
        Self::demo_by(command, data, "info")
    }

    pub(crate) fn demo_with(data: &Path, log_filter: &str) -> Self {
        let mut command = tacebo();
        command.args(["demo", "--no-backups"]);
        Self::demo_by(command, data, log_filter)
    }

    /// The same with its backups, as somebody sees it who just tries it.
    pub(crate) fn demo_with_backups(data: &Path) -> Self {
        let mut command = tacebo();
        command.arg("demo");
        Self::demo_by(command, data, "info")
    }

    /// The same by a command that ends with the program and `demo`.
    pub(crate) fn demo_by(mut command: Command, data: &Path, log_filter: &str) -> Self {
        command.args(["--json", "--listen", "127.0.0.1:0", "--lang", "en", "--log", log_filter, "--data"]);
        let log = data.with_extension("log");
        let mut child = command.arg(data).stdout(Stdio::piped()).stderr(appending(&log)).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str::<Value>(&line) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("the demo did not start: {}", fs::read_to_string(&log).unwrap_or_default());
        };
        let address = ready["address"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
        Self { child, log, ready, address }
    }

    /// `tacebo serve`, ready when it says that it listens; or what it said when it ended instead.
    pub(crate) fn serve(config: &Path) -> Result<Self, String> {
        Self::serve_with(config, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn serve_with(config: &Path, environment: &[(&str, &Path)]) -> Result<Self, String> {
        let log = config.with_extension("log");
        let _ = fs::remove_file(&log);
        let mut command = tacebo();
        command.envs(environment.iter().copied());
        let mut child = command.arg("serve").arg("--config").arg(config).stderr(appending(&log)).spawn().unwrap();
        let begin = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            let mut said = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = said.find(|line| line["message"] == "listening") {
                let address = line["address"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();
                return Ok(Self { child, log, ready: Value::Null, address });
            }
            if child.try_wait().unwrap().is_some() {
                return Err(fs::read_to_string(&log).unwrap_or_default());
            }
            assert!(begin.elapsed() < PATIENCE, "serve does not start: {text}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The token of an account or client system of the demo.
    pub(crate) fn token(&self, login: &str) -> String {
        let token = self.ready["tokens"][login].as_str();
        token.unwrap_or_else(|| panic!("the demo has no {login}")).to_owned()
    }

    /// Id of the patient who plays a part.
    pub(crate) fn patient(&self, part: &str) -> String {
        self.ready["patients"][part].as_str().unwrap().to_owned()
    }

    /// A connection of somebody.
    pub(crate) fn client(&self, login: &str, purpose: &str) -> Client {
        Client::connect(self.address, &self.token(login), purpose).unwrap()
    }

    /// A connection of the client system, which may do everything with care's records.
    pub(crate) fn gateway(&self) -> Client {
        self.client("his-gateway", "TREAT")
    }

    /// The log's newest signed checkpoint, as anybody gets it.
    pub(crate) fn checkpoint(&self) -> String {
        let answer = Client::connect(self.address, "", "").unwrap().get("/log/checkpoint").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        String::from_utf8(answer.body).unwrap()
    }

    /// A file of the kernel about the running process.
    #[cfg(target_os = "linux")]
    pub(crate) fn proc(&self, name: &str) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(name)
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        signal("TERM", self.child.id());
    }

    /// A signal to it.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, self.child.id());
    }

    /// A signal to the program that the started one runs (`strace` does not hand it on), if it still runs.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal_inner(&self, name: &str) {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        if let Ok(inner) = children.trim().parse() {
            signal(name, inner);
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "the program does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log());
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn appending(path: &Path) -> File {
    File::options().create(true).append(true).open(path).unwrap()
}

fn signal(name: &str, process: u32) {
    // The shell's own `kill`: small systems have no program of that name.
    let status = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(status.success());
}

/// What `tacebo verify --json` found: exit status and its line.
pub(crate) fn verify(folder: &Path, checkpoints: &[&Path]) -> (i32, Value) {
    let mut command = tacebo();
    command.args(["verify", "--json", "--lang", "en"]).arg(folder);
    verified(command, checkpoints)
}

/// What a command that begins so found, with these checkpoints.
pub(crate) fn verified(mut command: Command, checkpoints: &[&Path]) -> (i32, Value) {
    for path in checkpoints {
        command.arg("--checkpoint").arg(path);
    }
    let output = command.output().unwrap();
    let status = output.status.code().unwrap_or(-1);
    let line = serde_json::from_slice(&output.stdout);
    (status, line.unwrap_or_else(|_| panic!("{status}: {}", String::from_utf8_lossy(&output.stderr))))
}

/// The public key of a folder's log.
pub(crate) fn vkey(folder: &Path) -> LogVerifier {
    let mut text = String::new();
    File::open(folder.join("log.vkey")).unwrap().read_to_string(&mut text).unwrap();
    text.trim().parse().unwrap()
}
