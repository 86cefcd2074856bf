//! What lies in the running program's memory stays there.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::folder::Folder;
use crate::program::{Program, tacebo};

fn configured(folder: &Folder, more: &str) -> std::path::PathBuf {
    let custody = "[custody]\nfile = \"house/custody/root.json\"\npassphrase-file = \"house/custody/passphrase\"";
    folder.write("tacebo.toml", format!("data = \"house\"\nlisten = [\"127.0.0.1:0\"]\n{more}\n{custody}\n"))
}

#[test]
fn the_running_program_leaves_no_core() {
    let folder = Folder::sample();
    // Where cores are allowed, it forbids them itself.
    let program = Program::serve(&configured(&folder, "")).unwrap();
    let limits = fs::read_to_string(program.proc("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    program.stop();
}

/// The kernel gives the files of a process that may not be dumped to root, whoever runs it.
#[test]
fn the_running_program_shows_its_memory_to_no_other_of_the_same_user() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let mut command = tacebo();
    // A command that waits: it listens on a socket of its own.
    let folder = tempfile::tempdir().unwrap();
    let me = fs::metadata("/proc/self").unwrap().uid();
    if me == 0 {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        // From a place that nobody may reach too.
        let program = folder.path().join("tacebo");
        fs::copy(env!("CARGO_BIN_EXE_tacebo"), &program).unwrap();
        command = std::process::Command::new(program);
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command
        .args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let of = |name: &str| fs::metadata(format!("/proc/{}/{name}", child.id())).map(|file| file.uid());
    let owners = [of("mem"), of("environ"), of("maps")].map(Result::unwrap);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.contains("address"), "{line}");
    assert_eq!(owners, [0, 0, 0]);
}

#[test]
fn memory_is_locked_when_asked_or_the_program_says_what_stands_in_the_way() {
    let folder = Folder::sample();
    match Program::serve(&configured(&folder, "[limits]\nlock-memory = true")) {
        Ok(program) => {
            let status = fs::read_to_string(program.proc("status")).unwrap();
            let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
            let kilobytes: u64 = locked.split_whitespace().next().unwrap().parse().unwrap();
            assert!(kilobytes > 10_000, "{locked}");
            program.stop();
        }
        Err(said) => assert!(said.contains("LimitMEMLOCK"), "{said}"),
    }
}
