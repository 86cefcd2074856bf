//! What ends with the test process.

use std::{
    fs,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Whom servers run as: PostgreSQL and PgBouncer refuse to run as root.
#[derive(Clone, Copy)]
pub(crate) struct RunAs(Option<(u32, u32)>);

impl RunAs {
    /// The user of the servers if this process is root's, else nobody else.
    pub(crate) fn find() -> Self {
        let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
        let users = if is_root { fs::read_to_string("/etc/passwd").unwrap_or_default() } else { String::new() };
        let ids = |name: &str| {
            let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        Self(ids("postgres").or_else(|| ids("nobody")).filter(|_| is_root))
    }

    /// This process's own user.
    pub(crate) const fn myself() -> Self {
        Self(None)
    }

    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
        command
    }

    /// A new folder that belongs to the user.
    pub(crate) fn folder(self) -> PathBuf {
        let folder = tempfile::Builder::new().prefix("tacebo-testbed-").tempdir().map(tempfile::TempDir::keep);
        let folder = folder.unwrap_or_else(|e| stop(&format!("no temporary folder: {e}")));
        self.own(&folder);
        folder
    }

    pub(crate) fn own(self, path: &Path) {
        if let Self(Some((user, group))) = self {
            chown(path, Some(user), Some(group)).unwrap_or_else(|e| stop(&format!("{}: {e}", path.display())));
        }
    }
}

/// A server, and the shell that stops it and removes its folder when this process is gone.
pub(crate) struct Guarded {
    shell: Child,
}

impl Guarded {
    /// Starts `program` with its arguments; `signal` is how it is told to stop.
    pub(crate) fn start(run_as: RunAs, program: &Path, args: &[String], signal: &str, folder: &Path) -> Self {
        // The standard input ends when nobody holds the other end: at the end of the tests, by whatever cause.
        let script = r#"folder=$1; signal=$2; shift 2
            "$@" < /dev/null > "$folder/out" 2>&1 & server=$!
            echo $server > "$folder/pid.new"; mv "$folder/pid.new" "$folder/server.pid"
            read -r _; kill -s "$signal" $server 2> /dev/null; wait $server; cd /; rm -rf "$folder""#;
        let mut command = run_as.command(Path::new("/bin/sh"));
        command.arg("-c").arg(script).arg("guard").arg(folder).arg(signal).arg(program).args(args);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let shell = command.spawn().unwrap_or_else(|e| stop(&format!("{}: {e}", program.display())));
        Self { shell }
    }

    /// Ends the shell without its last act: the server is somebody else's to end now.
    pub(crate) fn abandon(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }

    /// Fails the test when the server has ended.
    pub(crate) fn must_run(&mut self, folder: &Path) {
        let pid = fs::read_to_string(folder.join("server.pid"));
        if !matches!(self.shell.try_wait(), Ok(None)) || pid.is_ok_and(|pid| !runs(pid.trim())) {
            stop(&fs::read_to_string(folder.join("out")).unwrap_or_default());
        }
    }
}

/// Whether a process is there, and not only its name until somebody asks for its end.
pub(crate) fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Ends the test: without its server it would prove nothing.
#[expect(clippy::panic, reason = "only tests come here, and a missing server must fail them")]
pub(crate) fn stop(why: &str) -> ! {
    panic!("a server for tests: {why} (`cargo xtask prepare` installs what is needed)")
}
