//! What a disk may hold when the power fails: everything that was synced, and of the rest anything.
//!
//! The rules are those of POSIX with a journal for names, as ext4, xfs and btrfs have it:
//! - a write that was not followed by an answered sync of its file is there, is not there, or is there in part, cut at a
//!   512-byte sector; each for itself, in any order;
//! - names (made, renamed, removed) come into force in their order, as far as one may choose, and at the latest when their
//!   folder is synced. Syncing a file does not keep its name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::trace::Event;
use crate::folder;
use crate::random::Random;

const SECTOR: usize = 512;

/// A file, whatever its name.
#[derive(Default)]
struct Inode {
    /// What is on the disk for certain.
    durable: Vec<u8>,
    /// What was done since, and at which event.
    pending: Vec<(usize, Edit)>,
}

enum Edit {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Edit {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*at..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

#[derive(Clone)]
enum Name {
    Set(PathBuf, usize),
    Gone(PathBuf),
    Moved(PathBuf, PathBuf),
    Folder(PathBuf),
}

impl Name {
    /// The folders in which it changes names.
    fn folders(&self) -> Vec<&Path> {
        match self {
            Self::Set(path, _) | Self::Gone(path) | Self::Folder(path) => path.parent().into_iter().collect(),
            Self::Moved(from, to) => from.parent().into_iter().chain(to.parent()).collect(),
        }
    }
}

/// Names and what they stand for.
#[derive(Clone, Default)]
struct Tree {
    files: BTreeMap<PathBuf, usize>,
    folders: Vec<PathBuf>,
}

impl Tree {
    fn apply(&mut self, name: &Name) {
        match name {
            Name::Set(path, inode) => {
                self.files.insert(path.clone(), *inode);
            }
            Name::Gone(path) => {
                self.files.remove(path);
            }
            Name::Moved(from, to) => {
                if let Some(inode) = self.files.remove(from) {
                    self.files.insert(to.clone(), inode);
                }
            }
            Name::Folder(path) => self.folders.push(path.clone()),
        }
    }
}

/// The files below a folder, as they are being changed.
pub(super) struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    /// As the program sees it.
    live: Tree,
    /// As the disk had it at the beginning.
    base: Tree,
    /// Every change of names since, and whether its folder was synced.
    names: Vec<(Name, bool)>,
    /// Open files: which, and where the next write goes.
    open: BTreeMap<u32, (usize, usize)>,
    played: usize,
}

/// How much of what is pending a crash leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Left {
    Nothing,
    Everything,
    /// Each for itself.
    Some,
    AllButTheLast,
    OnlyTheLast,
}

pub(super) const LEFT: [Left; 5] =
    [Left::Nothing, Left::Everything, Left::Some, Left::AllButTheLast, Left::OnlyTheLast];

impl Disk {
    /// The disk as it is now, synced.
    pub(super) fn of(root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            inodes: Vec::new(),
            live: Tree::default(),
            base: Tree::default(),
            names: Vec::new(),
            open: BTreeMap::new(),
            played: 0,
        };
        if root.exists() {
            for path in folder::files(root) {
                disk.inodes.push(Inode { durable: fs::read(&path).unwrap(), pending: Vec::new() });
                disk.live.files.insert(path.clone(), disk.inodes.len() - 1);
                disk.live.folders.extend(path.parent().map(Path::to_owned));
            }
        }
        disk.base = disk.live.clone();
        disk
    }

    /// Does what was done next.
    pub(super) fn play(&mut self, event: &Event) {
        let now = self.played;
        self.played += 1;
        match event {
            Event::Open { fd, path, create, truncate, append } => {
                if *create && !self.live.files.contains_key(path) && !path.is_dir() {
                    self.inodes.push(Inode::default());
                    self.name(Name::Set(path.clone(), self.inodes.len() - 1));
                }
                let Some(&inode) = self.live.files.get(path) else {
                    // A folder, to be synced.
                    self.open.remove(fd);
                    return;
                };
                if *truncate {
                    self.inodes[inode].pending.push((now, Edit::Length(0)));
                }
                let at = if *append { self.content(inode).len() } else { 0 };
                self.open.insert(*fd, (inode, at));
            }
            Event::Seek { fd, path, to } => {
                if let Some(inode) = self.inode(*fd, path) {
                    self.open.insert(*fd, (inode, *to));
                }
            }
            Event::Write { fd, path, at, bytes } => {
                let inode = self.inode(*fd, path).unwrap();
                let place = self.open.entry(*fd).or_insert((inode, 0));
                let at = at.unwrap_or_else(|| {
                    let at = place.1;
                    place.1 += bytes.len();
                    at
                });
                self.inodes[inode].pending.push((now, Edit::Write { at, bytes: bytes.clone() }));
            }
            Event::Length { fd, path, length } => {
                let inode = self.inode(*fd, path).unwrap();
                self.inodes[inode].pending.push((now, Edit::Length(*length)));
            }
            Event::Sync { fd, path, asked } => match self.inode(*fd, path) {
                Some(inode) => self.inodes[inode].sync(*asked),
                None => {
                    for (name, durable) in &mut self.names {
                        *durable |= name.folders().contains(&path.as_path());
                    }
                }
            },
            Event::Folder(path) => self.name(Name::Folder(path.clone())),
            Event::Rename(from, to) => self.name(Name::Moved(from.clone(), to.clone())),
            Event::Link(from, to) => {
                let inode = self.live.files[from];
                self.name(Name::Set(to.clone(), inode));
            }
            Event::Unlink(path) => self.name(Name::Gone(path.clone())),
            Event::Said(_) => {}
        }
    }

    fn name(&mut self, name: Name) {
        self.live.apply(&name);
        self.names.push((name, false));
    }

    /// The file behind a descriptor; none behind that of a folder. One that was made of another is known by its name.
    fn inode(&self, fd: u32, path: &Path) -> Option<usize> {
        let open = self.open.get(&fd).map(|(inode, _)| *inode);
        open.or_else(|| self.live.files.get(path).copied())
    }

    /// What the program reads.
    fn content(&self, inode: usize) -> Vec<u8> {
        let Inode { durable, pending } = &self.inodes[inode];
        let mut content = durable.clone();
        for (_, edit) in pending {
            edit.apply(&mut content);
        }
        content
    }

    /// Whether this is what the folder holds: then nothing was done that was not seen. SQLite's index of its log is
    /// shared memory and left out.
    pub(super) fn assert_is(&self, root: &Path) {
        let real: Vec<PathBuf> = folder::files(root).into_iter().filter(|path| !is_index(path)).collect();
        let mut played: Vec<&PathBuf> = self.live.files.keys().filter(|path| !is_index(path)).collect();
        let mut real_sorted: Vec<&PathBuf> = real.iter().collect();
        real_sorted.sort();
        played.sort();
        assert_eq!(played, real_sorted);
        for path in played {
            assert!(self.content(self.live.files[path]) == fs::read(path).unwrap(), "{} was not seen", path.display());
        }
    }

    /// Writes what may be left into the folder `to`.
    pub(super) fn crash(&self, left: Left, random: &mut Random, to: &Path) {
        let open: Vec<usize> = (0..self.names.len()).filter(|n| !self.names[*n].1).collect();
        let kept = match left {
            Left::Nothing => 0,
            Left::Everything | Left::OnlyTheLast => open.len(),
            Left::AllButTheLast => open.len().saturating_sub(1),
            Left::Some => random.index(open.len() + 1),
        };
        let mut tree = self.base.clone();
        for (number, (name, durable)) in self.names.iter().enumerate() {
            if *durable || open[..kept].contains(&number) {
                tree.apply(name);
            }
        }
        let new = |path: &Path| to.join(path.strip_prefix(&self.root).unwrap());
        for folder in &tree.folders {
            fs::create_dir_all(new(folder)).unwrap();
        }
        for (path, inode) in &tree.files {
            if is_index(path) {
                continue;
            }
            let new = new(path);
            // Its folder's name may not have been kept.
            if new.parent().is_some_and(Path::is_dir) {
                fs::write(&new, self.inodes[*inode].left(left, random)).unwrap();
                own(&new);
            }
        }
    }
}

impl Inode {
    /// A sync asked for when so many events had been.
    fn sync(&mut self, asked: usize) {
        let later = self.pending.iter().position(|(when, _)| *when >= asked).unwrap_or(self.pending.len());
        for (_, edit) in self.pending.drain(..later) {
            edit.apply(&mut self.durable);
        }
    }

    fn left(&self, left: Left, random: &mut Random) -> Vec<u8> {
        let mut content = self.durable.clone();
        let count = self.pending.len();
        for (number, (_, edit)) in self.pending.iter().enumerate() {
            let last = number + 1 == count;
            let kept = match left {
                Left::Nothing => false,
                Left::Everything => true,
                Left::Some => random.below(2) == 0,
                Left::AllButTheLast => !last,
                Left::OnlyTheLast => last,
            };
            match edit {
                Edit::Write { at, bytes } if kept && matches!(left, Left::Some) && random.below(4) == 0 => {
                    let sectors = bytes.len().div_ceil(SECTOR);
                    let torn = (random.index(sectors.max(1)) * SECTOR).min(bytes.len());
                    Edit::Write { at: *at, bytes: bytes[..torn].to_vec() }.apply(&mut content);
                }
                edit if kept => edit.apply(&mut content),
                _ => {}
            }
        }
        content
    }
}

fn is_index(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "db-shm")
}

/// Nobody else may read a secret file, or the program refuses it.
fn own(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}
