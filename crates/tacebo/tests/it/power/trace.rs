//! What a program did to files, as `strace` wrote it down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{strace, tacebo};

/// Calls that change files or tell somebody something. A call of these that is not understood fails the test.
const CALLS: &str = "openat,open,creat,lseek,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,ftruncate,truncate,\
fallocate,fsync,fdatasync,sync_file_range,syncfs,sync,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,\
mkdir,mkdirat,rmdir,copy_file_range,sendfile,splice,msync";

/// One thing that was done, in the order in which it was done.
#[derive(Debug)]
pub(super) enum Event {
    Open {
        fd: u32,
        path: PathBuf,
        create: bool,
        truncate: bool,
        append: bool,
    },
    Seek {
        fd: u32,
        path: PathBuf,
        to: usize,
    },
    /// At the file's own place when `at` is `None`.
    Write {
        fd: u32,
        path: PathBuf,
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    Length {
        fd: u32,
        path: PathBuf,
        length: usize,
    },
    /// Answered; makes durable what was done before `asked`, a place in the list of events.
    Sync {
        fd: u32,
        path: PathBuf,
        asked: usize,
    },
    Folder(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Unlink(PathBuf),
    /// Told to somebody outside: a socket, a pipe.
    Said(Vec<u8>),
}

/// The program under `strace`, which writes to `trace`.
pub(super) fn traced(trace: &Path) -> Command {
    let mut command = strace(trace);
    command.args(["-y", "-xx", "-s", "100000000", "--seccomp-bpf", "-e"]).arg(format!("trace={CALLS}"));
    command.arg(tacebo().get_program());
    command
}

/// Reads what concerns files below `root`, and what was said.
pub(super) fn read(trace: &Path, root: &Path) -> Vec<Event> {
    let mut events = Vec::new();
    // By thread: the beginning of a call, and how many events there were when it began.
    let mut begun: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for line in fs::read_to_string(trace).unwrap().lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            continue;
        }
        let (call, asked) = if let Some(beginning) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), (beginning.to_owned(), events.len()));
            continue;
        } else if let Some((_, end)) = rest.strip_prefix("<... ").and_then(|end| end.split_once(" resumed>")) {
            let (beginning, asked) = begun.remove(thread).unwrap();
            (beginning + end, asked)
        } else {
            (rest.to_owned(), events.len())
        };
        // A call that the end cut off was never answered.
        if let Some(event) = Call::parse(&call).and_then(|call| call.event(root, asked)) {
            events.push(event);
        }
    }
    events
}

/// `name(arguments) = answer`.
struct Call<'line> {
    name: &'line str,
    arguments: &'line str,
    answer: i64,
    /// What the answer names, if it is a file.
    answered: Option<PathBuf>,
}

impl<'line> Call<'line> {
    /// `None` for a call that failed or has no answer: it changed nothing.
    fn parse(line: &'line str) -> Option<Self> {
        let (call, answer) = line.rsplit_once(" = ")?;
        let (name, arguments) = call.trim_end().strip_suffix(')')?.split_once('(')?;
        let digits = answer.split(|c: char| !c.is_ascii_digit()).next()?;
        let answered = answer.strip_prefix(digits).and_then(|rest| rest.strip_prefix('<')).map(path);
        Some(Self { name, arguments, answer: digits.parse().ok()?, answered })
    }

    fn event(&self, root: &Path, asked: usize) -> Option<Event> {
        let within = |path: &Path| path.starts_with(root);
        let (number, named) = self.descriptor();
        let named = named.filter(|path| within(path));
        let texts = self.texts();
        let last = || self.arguments.rsplit(", ").next().and_then(|last| last.parse::<usize>().ok());
        let written = || {
            let mut bytes = texts.concat();
            bytes.truncate(usize::try_from(self.answer).unwrap());
            bytes
        };
        match self.name {
            "open" | "openat" | "creat" => {
                let path = self.answered.clone().filter(|path| within(path))?;
                let has = |flag| self.arguments.contains(flag) || self.name == "creat";
                let fd = u32::try_from(self.answer).unwrap();
                let append = self.arguments.contains("O_APPEND");
                Some(Event::Open { fd, path, create: has("O_CREAT"), truncate: has("O_TRUNC"), append })
            }
            "lseek" => Some(Event::Seek { fd: number?, path: named?, to: usize::try_from(self.answer).unwrap() }),
            "write" | "writev" | "sendto" | "sendmsg" => match named {
                Some(path) => Some(Event::Write { fd: number?, path, at: None, bytes: written() }),
                None => Some(Event::Said(written())),
            },
            "pwrite64" => Some(Event::Write { fd: number?, path: named?, at: last(), bytes: written() }),
            "ftruncate" => Some(Event::Length { fd: number?, path: named?, length: last().unwrap() }),
            "fsync" | "fdatasync" => Some(Event::Sync { fd: number?, path: named?, asked }),
            "mkdir" | "mkdirat" => self.paths().pop().filter(|path| within(path)).map(Event::Folder),
            "rename" | "renameat" | "renameat2" | "link" | "linkat" => {
                let [from, to]: [PathBuf; 2] = self.paths().try_into().unwrap();
                if !within(&from) && !within(&to) {
                    return None;
                }
                Some(if self.name.starts_with("rename") { Event::Rename(from, to) } else { Event::Link(from, to) })
            }
            "unlink" | "unlinkat" => self.paths().pop().filter(|path| within(path)).map(Event::Unlink),
            // Memory that is shared with a file is written without a call: only SQLite's index of its log, which is
            // made anew after a crash.
            other => {
                let elsewhere = named.is_none() && !self.paths().iter().any(|path| within(path));
                assert!(elsewhere, "a call that is not played: {other}({})", self.arguments);
                None
            }
        }
    }

    /// The first argument, if it is a descriptor.
    fn descriptor(&self) -> (Option<u32>, Option<PathBuf>) {
        let Some((number, rest)) = self.arguments.split_once('<') else { return (None, None) };
        (number.parse().ok(), Some(path(rest)))
    }

    /// Every text among the arguments.
    fn texts(&self) -> Vec<Vec<u8>> {
        self.arguments.split('"').skip(1).step_by(2).map(bytes).collect()
    }

    /// Texts as paths, each under the folder that its descriptor names.
    fn paths(&self) -> Vec<PathBuf> {
        let parts: Vec<&str> = self.arguments.split('"').collect();
        let named = |pair: &[&str]| {
            let folder = pair[0].rsplit_once('<').map(|(_, name)| path(name)).unwrap_or_default();
            folder.join(PathBuf::from(String::from_utf8(bytes(pair[1])).unwrap()))
        };
        parts.chunks_exact(2).map(named).collect()
    }
}

/// A path as `-y -xx` prints it, up to its `>`. That of a file which was removed says so, and is no name of another.
fn path(name: &str) -> PathBuf {
    let (name, after) = name.split_once('>').unwrap_or_default();
    let mut name = bytes(name);
    if after.starts_with("(deleted)") {
        name.extend(b" (deleted)");
    }
    PathBuf::from(String::from_utf8_lossy(&name).into_owned())
}

/// `\x61\x62` as bytes; what is not written so stands for itself.
fn bytes(text: &str) -> Vec<u8> {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at(2);
        out.push(u8::from_str_radix(hex, 16).unwrap());
        out.extend(rest.bytes());
    }
    out
}
