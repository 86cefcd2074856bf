//! Root keys in a file, sealed under a passphrase.
//!
//! The file is JSON: the Argon2id parameters in clear, and one sealed message (as [`chunked`](crate::chunked) makes them:
//! committing, so that no file opens under two passphrases) that holds every root key. Parameters are bound into the
//! message; changing one is refused. All but the passphrase's own derivation is done in the institution's suite.

use super::{Custodian, DestructionReceipt, Share, SharePlan, Worth, file, owner, share};
use crate::chunked;
use crate::primitive::{InputKey, hash};
use crate::secret::{KEY, Secret};
use crate::wrap::Wrapper;
use crate::{Realm, SealError, Suite, random};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::{Zeroize, Zeroizing};

const FORMAT: &str = "tacebo-root-keys/v1";
/// Fewest characters of a passphrase: below this, no work factor helps.
const LEAST_CHARS: usize = 8;

/// How hard a passphrase is to guess: Argon2id parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effort {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Effort {
    /// The least that is accepted (OWASP's minimum for Argon2id): some 50 ms. For tests and demonstrations.
    pub const LEAST: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Above this a file is taken for an attack on this machine's memory.
    const MOST: Self = Self { memory_kib: 4 * 1024 * 1024, passes: 64, lanes: 64 };

    fn params(self) -> Result<Params, SealError> {
        let within = |value: u32, least: u32, most: u32| (least..=most).contains(&value);
        if !within(self.memory_kib, Self::LEAST.memory_kib, Self::MOST.memory_kib)
            || !within(self.passes, Self::LEAST.passes, Self::MOST.passes)
            || !within(self.lanes, Self::LEAST.lanes, Self::MOST.lanes)
        {
            return Err(SealError::Effort);
        }
        Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY)).map_err(|_| SealError::Effort)
    }
}

impl Default for Effort {
    /// 256 MiB, three passes: half a second to a second at start, once.
    fn default() -> Self {
        Self { memory_kib: 256 * 1024, passes: 3, lanes: 1 }
    }
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    suite: Suite,
    kdf: String,
    effort: Effort,
    salt: String,
    sealed: String,
}

impl Document {
    /// A file's words, its salt and its sealed part.
    fn read(written: &[u8]) -> Result<(Self, [u8; 16], Vec<u8>), SealError> {
        let document: Self =
            serde_json::from_slice(written).map_err(|_| SealError::CustodyDamaged("it is not a root key file"))?;
        if document.format != FORMAT || document.kdf != "argon2id" {
            return Err(SealError::CustodyDamaged("its format is not known here"));
        }
        let mut salt = [0; 16];
        hex::decode_to_slice(&document.salt, &mut salt)
            .map_err(|_| SealError::CustodyDamaged("its salt is not whole"))?;
        let sealed =
            BASE64.decode(&document.sealed).map_err(|_| SealError::CustodyDamaged("its sealed part is not whole"))?;
        Ok((document, salt, sealed))
    }
}

fn unseal(document: &Document, salt: &[u8; 16], kek: &Secret, sealed: &[u8]) -> Result<Roots, SealError> {
    let (suite, effort) = (document.suite, document.effort);
    let key = InputKey::new(suite, kek)?;
    let plain = chunked::open(&key, &[&context(suite, effort, salt)], sealed).map_err(|error| match error {
        SealError::WrongPlace => SealError::WrongPassphrase,
        SealError::Damaged | SealError::Truncated => SealError::CustodyDamaged("its sealed part was changed"),
        other => other,
    })?;
    Roots::decode(&plain)
}

/// What is sealed in it: numbers big-endian, `current 4 ‖ (epoch 4 ‖ key 32)…`, epochs rising.
struct Roots {
    current: u32,
    keys: BTreeMap<u32, Secret>,
}

impl Roots {
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        // Sized beforehand: a buffer that grows leaves copies behind.
        let mut out = Zeroizing::new(Vec::with_capacity(4 + self.keys.len() * (4 + KEY)));
        out.extend_from_slice(&self.current.to_be_bytes());
        for (epoch, key) in &self.keys {
            out.extend_from_slice(&epoch.to_be_bytes());
            out.extend_from_slice(key.bytes());
        }
        out
    }

    fn decode(bytes: &[u8]) -> Result<Self, SealError> {
        const BAD: SealError = SealError::CustodyDamaged("its key list is not whole");
        let (current, mut rest) = bytes.split_first_chunk::<4>().ok_or(BAD)?;
        let current = u32::from_be_bytes(*current);
        let mut keys = BTreeMap::new();
        while !rest.is_empty() {
            let (epoch, after) = rest.split_first_chunk::<4>().ok_or(BAD)?;
            let (key, after) = after.split_first_chunk::<KEY>().ok_or(BAD)?;
            keys.insert(u32::from_be_bytes(*epoch), Secret::copy_of(key)?);
            rest = after;
        }
        if !keys.contains_key(&current) {
            return Err(BAD);
        }
        Ok(Self { current, keys })
    }

    fn twin(&self) -> Self {
        Self { current: self.current, keys: self.keys.iter().map(|(e, k)| (*e, k.twin())).collect() }
    }
}

struct State {
    suite: Suite,
    effort: Effort,
    salt: [u8; 16],
    /// The key made from the passphrase.
    kek: Secret,
    roots: Roots,
    /// The file's bytes as last read or written.
    written: Vec<u8>,
}

/// A custodian that keeps its root keys in one file under a passphrase.
///
/// Its word on destruction is worth a [`Worth::File`]: keep the file out of ordinary backups.
pub struct PassphraseFile {
    path: PathBuf,
    state: Mutex<State>,
}

impl PassphraseFile {
    /// Makes the file, with a root key of epoch 1. Refuses to replace an existing one.
    pub fn create(path: &Path, passphrase: &str, effort: Effort, suite: Suite) -> Result<Self, SealError> {
        Self::create_from(path, passphrase, effort, suite, 1)
    }

    /// The same with another first epoch: for keys that come from another custodian.
    pub fn create_from(
        path: &Path,
        passphrase: &str,
        effort: Effort,
        suite: Suite,
        first: u32,
    ) -> Result<Self, SealError> {
        Self::begin(path, passphrase, effort, suite, (first, Secret::random()?))
    }

    /// Makes the file again from shares of a recovery file, under any passphrase. Refuses to replace an existing one.
    pub fn restore(path: &Path, passphrase: &str, effort: Effort, shares: &[Share]) -> Result<Self, SealError> {
        let (suite, root) = share::combine(shares)?;
        Self::begin(path, passphrase, effort, suite, root)
    }

    /// Splits the root key in use into shares, any `need` of which bring it back. Keep them apart from each other.
    pub fn split(&self, institution: &str, plan: SharePlan) -> Result<Vec<Share>, SealError> {
        let state = self.state();
        if let [_, _, ..] = *state.roots.keys.keys().collect::<Vec<_>>() {
            return Err(SealError::TurnUnfinished);
        }
        let epoch = state.roots.current;
        let root = state.roots.keys.get(&epoch).ok_or(SealError::EpochGone(epoch))?;
        share::split(institution, state.suite, epoch, root, plan)
    }

    fn begin(
        path: &Path,
        passphrase: &str,
        effort: Effort,
        suite: Suite,
        root: (u32, Secret),
    ) -> Result<Self, SealError> {
        let salt = random::array()?;
        let kek = derive(passphrase, effort, &salt)?;
        let roots = Roots { current: root.0, keys: BTreeMap::from([root]) };
        let written = encode(suite, effort, &salt, &kek, &roots)?;
        file::create(path, &written)?;
        Ok(Self::with(path, State { suite, effort, salt, kek, roots, written }))
    }

    /// Opens the file. A wrong passphrase is [`SealError::WrongPassphrase`].
    pub fn open(path: &Path, passphrase: &str) -> Result<Self, SealError> {
        let written = file::read(path)?;
        let (document, salt, sealed) = Document::read(&written)?;
        let kek = derive(passphrase, document.effort, &salt)?;
        let roots = unseal(&document, &salt, &kek, &sealed)?;
        let Document { suite, effort, .. } = document;
        Ok(Self::with(path, State { suite, effort, salt, kek, roots, written }))
    }

    /// Seals the same root keys under another passphrase. Copies of the older file still open with the older one.
    pub fn change_passphrase(&self, passphrase: &str, effort: Effort) -> Result<(), SealError> {
        let salt = random::array()?;
        let kek = derive(passphrase, effort, &salt)?;
        let mut state = self.state();
        let written = encode(state.suite, effort, &salt, &kek, &state.roots)?;
        file::replace(&self.path, &state.written, &written)?;
        state.effort = effort;
        state.salt = salt;
        state.kek = kek;
        state.written = written;
        Ok(())
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn with(path: &Path, state: State) -> Self {
        Self { path: path.to_owned(), state: Mutex::new(state) }
    }

    /// State is only ever replaced by whole values, so a panic elsewhere leaves it sound.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `roots` and then takes them over: memory never runs ahead of the disk.
    fn keep(&self, state: &mut State, roots: Roots) -> Result<(), SealError> {
        let written = encode(state.suite, state.effort, &state.salt, &state.kek, &roots)?;
        file::replace(&self.path, &state.written, &written)?;
        state.roots = roots;
        state.written = written;
        Ok(())
    }
}

impl Custodian for PassphraseFile {
    fn epoch(&self) -> u32 {
        self.state().roots.current
    }

    fn epochs(&self) -> Vec<u32> {
        self.state().roots.keys.keys().copied().collect()
    }

    /// Under the passphrase that opened it: whoever changed that has to start the program again.
    fn look_again(&self) -> Result<(), SealError> {
        let mut state = self.state();
        let written = file::read(&self.path)?;
        if written == state.written {
            return Ok(());
        }
        let (document, salt, sealed) = Document::read(&written)?;
        if (document.suite, document.effort, salt) != (state.suite, state.effort, state.salt) {
            return Err(SealError::CustodyChanged);
        }
        let roots = unseal(&document, &salt, &state.kek, &sealed)?;
        // Another node turned the root or destroyed an older one. A copy of before would bring a destroyed one back.
        let went_on = roots.current >= state.roots.current
            && roots.keys.keys().all(|epoch| *epoch > state.roots.current || state.roots.keys.contains_key(epoch));
        if !went_on {
            return Err(SealError::CustodyChanged);
        }
        state.roots = roots;
        state.written = written;
        Ok(())
    }

    fn wrap(&self, realm: Realm, epoch: u32, plain: &[u8; 32]) -> Result<Vec<u8>, SealError> {
        let state = self.state();
        let root = state.roots.keys.get(&epoch);
        let root = root.ok_or(SealError::EpochGone(epoch))?;
        Wrapper::new(state.suite, root)?.wrap(&owner(realm, epoch), &Secret::copy_of(plain)?)
    }

    fn unwrap(&self, realm: Realm, epoch: u32, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let state = self.state();
        let root = state.roots.keys.get(&epoch);
        let root = root.ok_or(SealError::EpochGone(epoch))?;
        let key = Wrapper::new(state.suite, root)?.unwrap(&owner(realm, epoch), wrapped)?;
        Ok(Zeroizing::new(key.bytes().to_vec()))
    }

    fn turn(&self) -> Result<u32, SealError> {
        let mut state = self.state();
        let mut roots = state.roots.twin();
        let next = roots.current.checked_add(1);
        roots.current = next.ok_or(SealError::EpochsUsedUp)?;
        roots.keys.insert(roots.current, Secret::random()?);
        self.keep(&mut state, roots)?;
        Ok(state.roots.current)
    }

    fn destroy(&self, epoch: u32) -> Result<DestructionReceipt, SealError> {
        let mut state = self.state();
        if epoch == state.roots.current {
            return Err(SealError::EpochInUse(epoch));
        }
        let mut roots = state.roots.twin();
        let gone = roots.keys.remove(&epoch);
        let gone = gone.ok_or(SealError::EpochGone(epoch))?;
        self.keep(&mut state, roots)?;
        let fingerprint = fingerprint(state.suite, &gone)?;
        Ok(DestructionReceipt { epoch, fingerprint, worth: self.worth() })
    }

    fn retire(&self) -> Result<Vec<DestructionReceipt>, SealError> {
        let mut state = self.state();
        file::remove(&self.path, &state.written)?;
        state.written = Vec::new();
        let gone = std::mem::take(&mut state.roots.keys);
        let receipt = |(epoch, key): (&u32, &Secret)| {
            let fingerprint = fingerprint(state.suite, key)?;
            Ok(DestructionReceipt { epoch: *epoch, fingerprint, worth: self.worth() })
        };
        gone.iter().map(receipt).collect()
    }

    fn fingerprint(&self, epoch: u32) -> Result<[u8; 32], SealError> {
        let state = self.state();
        fingerprint(state.suite, state.roots.keys.get(&epoch).ok_or(SealError::EpochGone(epoch))?)
    }

    /// The key is in memory: what is asked is whether its file is still where it was, as it was or as another node has left
    /// it, which is taken up.
    fn answers(&self) -> Result<(), SealError> {
        self.look_again()
    }

    fn suite(&self) -> Option<Suite> {
        Some(self.state().suite)
    }

    fn worth(&self) -> Worth {
        Worth::File
    }
}

impl fmt::Debug for PassphraseFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseFile").field("path", &self.path).finish_non_exhaustive()
    }
}

fn derive(passphrase: &str, effort: Effort, salt: &[u8; 16]) -> Result<Secret, SealError> {
    if passphrase.chars().count() < LEAST_CHARS {
        return Err(SealError::PassphraseTooShort { least: LEAST_CHARS });
    }
    let params = effort.params()?;
    let mut memory = vec![argon2::Block::default(); params.block_count()];
    let mut kek = Secret::empty();
    let made = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into_with_memory(
        passphrase.as_bytes(),
        salt,
        kek.bytes_mut(),
        &mut memory,
    );
    memory.iter_mut().for_each(Zeroize::zeroize);
    made.map_err(|_| SealError::Effort)?;
    Ok(kek)
}

/// Everything in clear, bound into the sealed part.
fn context(suite: Suite, effort: Effort, salt: &[u8; 16]) -> Vec<u8> {
    let numbers = [effort.memory_kib, effort.passes, effort.lanes].map(u32::to_be_bytes);
    [FORMAT.as_bytes(), &[0, suite as u8], numbers.as_flattened(), salt].concat()
}

fn encode(suite: Suite, effort: Effort, salt: &[u8; 16], kek: &Secret, roots: &Roots) -> Result<Vec<u8>, SealError> {
    let mut sealed = Vec::new();
    let (key, context) = (InputKey::new(suite, kek)?, context(suite, effort, salt));
    chunked::seal(&key, &random::array()?, &[&context], &roots.encode(), &mut sealed)?;
    let document = Document {
        format: FORMAT.to_owned(),
        suite,
        kdf: "argon2id".to_owned(),
        effort,
        salt: hex::encode(salt),
        sealed: BASE64.encode(sealed),
    };
    let mut json =
        serde_json::to_vec_pretty(&document).map_err(|_| SealError::CustodyDamaged("it cannot be written as JSON"))?;
    json.push(b'\n');
    Ok(json)
}

pub(super) fn fingerprint(suite: Suite, root: &Secret) -> Result<[u8; 32], SealError> {
    hash(suite, &[b"tacebo/root-fingerprint/v1\0", root.bytes()])
}

#[cfg(test)]
mod international {
    const SUITE: Suite = Suite::International;
    include!("passphrase_tests.rs");
}

#[cfg(test)]
mod shangmi {
    const SUITE: Suite = Suite::Shangmi;
    include!("passphrase_tests.rs");
}
