//! How long the program takes to be ready on a folder that is there, and what it holds in memory when idle.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// What was measured.
pub(crate) struct Started {
    pub ready: Duration,
    pub resident_mib: f64,
}

/// Starts this very program on the folder.
pub(crate) fn measure(data: &Path) -> Result<Started> {
    // The very file that runs, even when a newer one was built over it.
    let own = Path::new("/proc/self/exe");
    let program = if own.exists() { own.to_owned() } else { std::env::current_exe()? };
    let begin = Instant::now();
    let mut child = Command::new(program)
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().context("no output")?;
    let read = BufReader::new(out).read_line(&mut line);
    let ready = begin.elapsed();
    // What start-up leaves behind settles: one checkpoint, one tick.
    std::thread::sleep(Duration::from_secs(2));
    let resident = resident_mib(child.id());
    child.kill()?;
    child.wait()?;
    read.context("the program did not start")?;
    anyhow::ensure!(line.starts_with('{'), "the program did not start");
    Ok(Started { ready, resident_mib: resident? })
}

fn resident_mib(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
