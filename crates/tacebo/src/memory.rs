//! Keeps what lies in memory from lying on a disk: no core dumps, nobody looking in, and on request no swapping.
//!
//! Done for every command before anything else. What it cannot do is said in `docs/threat-model.md`.

use anyhow::Result;

/// No core dump of this process, and no other process of the same user may read its memory. A system that refuses says
/// so in the returned words; it is no reason not to start.
pub(crate) fn keep_to_itself() -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// Starts the program once more, in its own place, with the C library told to wipe what it gets back.
///
/// This program's own allocator wipes by itself; libraries in C (zstd, which sees every document in clear) use that of
/// glibc, which wipes when `glibc.malloc.perturb` is set and reads it before `main` only. Its cache by thread is left out,
/// for it keeps small pieces unwiped (mallopt(3), "Memory Allocation Tunables" of the GNU C library's manual). Whoever has
/// set the tunable keeps his choice. It returns where the program can go on: when that is done, or cannot be.
///
/// # Errors
/// The system does not start the program again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn wipe_what_c_frees() -> Result<()> {
    use std::os::unix::process::CommandExt;
    const TUNABLES: &str = "GLIBC_TUNABLES";
    const WIPE: &str = "glibc.malloc.perturb";
    let set = std::env::var(TUNABLES).unwrap_or_default();
    if set.contains(WIPE) {
        return Ok(());
    }
    let colon = if set.is_empty() { "" } else { ":" };
    let mut args = std::env::args_os();
    let mut again = std::process::Command::new(std::env::current_exe()?);
    if let Some(name) = args.next() {
        again.arg0(name);
    }
    again.args(args).env(TUNABLES, format!("{set}{colon}{WIPE}=85:glibc.malloc.tcache_count=0"));
    Err(again.exec().into())
}

/// Another C library: nothing is known of its allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn wipe_what_c_frees() -> Result<()> {
    anyhow::bail!("it is not glibc")
}

/// Locks all memory of this process, now and later, so that nothing of it is swapped out.
///
/// Refused where a limit stands in the way: a program that grows past such a limit would be ended in the midst of work.
#[cfg(target_os = "linux")]
pub(crate) fn lock() -> Result<()> {
    use anyhow::{Context, bail};
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, getrlimit};
    if getrlimit(Resource::Memlock).current.is_some() && !may_lock_any() {
        bail!(
            "`limits.lock-memory` is set and the system's limit stands in the way: start with LimitMEMLOCK=infinity \
             (systemd) or `ulimit -l unlimited`, or leave it out and run without swap"
        );
    }
    // On fault: only what is used is held in memory, not all that is set aside.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .context("memory cannot be locked (`limits.lock-memory`)")
}

/// The same where there is no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lock() -> Result<()> {
    anyhow::bail!("`limits.lock-memory` works on Linux only: leave it out and run without swap")
}

/// Whether this process has the capability `CAP_IPC_LOCK`, number 14 (capabilities(7)).
#[cfg(target_os = "linux")]
fn may_lock_any() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|set| set & (1 << 14) != 0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn a_process_that_keeps_to_itself_has_no_core_and_cannot_be_dumped() {
        keep_to_itself().unwrap();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
