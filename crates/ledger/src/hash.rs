//! RFC 6962 hashing.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A SHA-256 value: a leaf, a node, a root or a commitment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of the empty tree: SHA-256 of nothing (RFC 6962 §2.1).
    pub fn empty() -> Self {
        Self::of(b"")
    }

    /// SHA-256 of `data`.
    pub fn of(data: &[u8]) -> Self {
        Self::from_digest(digest(&SHA256, data).as_ref())
    }

    /// SHA-256 of the parts one after the other.
    pub(crate) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from_digest(context.finish().as_ref())
    }

    /// The hash of a leaf: SHA-256(0x00 ‖ entry).
    pub fn leaf(entry: &[u8]) -> Self {
        let mut short = [0_u8; 128];
        if let Some((_, room)) = short.split_first_mut()
            && let Some((place, _)) = room.split_at_mut_checked(entry.len())
        {
            // One call on a stack buffer: entries are short, and a context costs more than the copy.
            place.copy_from_slice(entry);
            let (used, _) = short.split_at(entry.len().saturating_add(1));
            return Self::of(used);
        }
        Self::of_parts([[0_u8].as_slice(), entry])
    }

    /// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
    pub fn node(left: &Self, right: &Self) -> Self {
        let mut input = [1_u8; 65];
        let (_, both) = input.split_at_mut(1);
        let (a, b) = both.split_at_mut(32);
        a.copy_from_slice(&left.0);
        b.copy_from_slice(&right.0);
        Self::of(&input)
    }

    /// From exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// From strict base64 text (RFC 4648 §4), as notes and proofs carry it.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_slice(&STANDARD.decode(text).ok()?)
    }

    /// As strict base64 text.
    pub fn to_base64(self) -> String {
        STANDARD.encode(self.0)
    }

    fn from_digest(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(out)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl AsRef<[u8]> for Hash {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
