//! `.tlog-proof` files (C2SP tlog-proof).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Checkpoint, Hash, LedgerError, LogVerifier, Tiles, inclusion_proof, text::decimal, verify_inclusion};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1\n";
/// A tree of 2^64 entries has paths no longer than this.
const MAX_PATH: usize = 64;

/// A proof that fits in a file and needs nothing but the log's public key: an entry's index, its
/// path, and the signed checkpoint it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Data of the application's own; not authenticated by the proof.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The path, leaf's sibling first.
    pub path: Vec<Hash>,
    /// The signed note, verbatim.
    pub checkpoint: String,
}

impl TlogProof {
    /// Makes the proof for entry `index` up to a signed checkpoint of this log.
    pub fn make<T: Tiles + ?Sized>(
        tiles: &T,
        index: u64,
        note: &str,
        log: &LogVerifier,
        extra: Option<Vec<u8>>,
    ) -> Result<Self, LedgerError> {
        let size = log.open(note.as_bytes())?.size;
        Ok(Self { extra, index, path: inclusion_proof(tiles, index, size)?, checkpoint: note.to_owned() })
    }

    /// Reads a file; total on arbitrary bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, LedgerError> {
        let text = str::from_utf8(bytes).map_err(|_| LedgerError::Proof("not UTF-8"))?;
        let rest = text.strip_prefix(FIRST_LINE).ok_or(LedgerError::Proof("unknown first line"))?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(LedgerError::Proof("no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        let extra = match lines.next_if(|line| line.starts_with("extra ")) {
            None => None,
            Some(line) => Some(
                line.strip_prefix("extra ")
                    .and_then(|text| STANDARD.decode(text).ok())
                    .ok_or(LedgerError::Proof("malformed extra line"))?,
            ),
        };
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .and_then(decimal)
            .ok_or(LedgerError::Proof("malformed index line"))?;
        let path = lines
            .take(MAX_PATH + 1)
            .map(|line| Hash::from_base64(line).ok_or(LedgerError::Proof("malformed hash line")))
            .collect::<Result<Vec<_>, _>>()?;
        if path.len() > MAX_PATH {
            return Err(LedgerError::Proof("too many hash lines"));
        }
        Ok(Self { extra, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the entry with this leaf hash is in the log, and gives the checkpoint that
    /// says so.
    pub fn verify(&self, leaf: &Hash, log: &LogVerifier) -> Result<Checkpoint, LedgerError> {
        let checkpoint = log.open(self.checkpoint.as_bytes())?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

/// The file's text.
impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FIRST_LINE)?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}
