//! A `.tlog-proof` file that stands alone: entry and disclosed fields ride in its extra line.

use crate::{Checkpoint, Disclosure, EntryHead, Hash, LedgerError, LogVerifier, TlogProof, text::Reader};

/// What a person is handed besides the path: the logged entry, and some of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The entry's bytes as logged.
    pub entry: Vec<u8>,
    /// The fields that are shown; the rest stays hidden.
    pub disclosures: Vec<Disclosure>,
}

/// What a file was found to prove.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The entry in the log.
    pub head: EntryHead,
    /// The checkpoint that covers it.
    pub checkpoint: Checkpoint,
    /// Fields that were logged with exactly these values.
    pub disclosures: Vec<Disclosure>,
}

impl Evidence {
    /// For [`TlogProof::extra`].
    pub fn encode(&self) -> Result<Vec<u8>, LedgerError> {
        let length = u16::try_from(self.entry.len()).map_err(|_| LedgerError::EntryTooLong(self.entry.len()))?;
        let mut out = length.to_be_bytes().to_vec();
        out.extend_from_slice(&self.entry);
        for disclosure in &self.disclosures {
            disclosure.write(&mut out)?;
        }
        Ok(out)
    }

    /// Reads it back; total on arbitrary bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, LedgerError> {
        let malformed = LedgerError::Proof("malformed extra data");
        let mut reader = Reader(bytes);
        let Some(entry) = reader.u16().and_then(|n| reader.take(n.into())) else {
            return Err(malformed);
        };
        let mut disclosures = Vec::new();
        while !reader.is_empty() {
            match Disclosure::read(&mut reader) {
                Some(disclosure) => disclosures.push(disclosure),
                None => return Err(malformed),
            }
        }
        Ok(Self { entry: entry.to_vec(), disclosures })
    }

    /// Checks a whole file: signature, path, entry, and each disclosed field against it.
    pub fn verify(file: &[u8], log: &LogVerifier) -> Result<Proved, LedgerError> {
        let proof = TlogProof::parse(file)?;
        let extra = proof.extra.as_deref().ok_or(LedgerError::Proof("no extra data"))?;
        let evidence = Self::decode(extra)?;
        let checkpoint = proof.verify(&Hash::leaf(&evidence.entry), log)?;
        let head = EntryHead::decode(&evidence.entry)?;
        for disclosure in &evidence.disclosures {
            disclosure.verify(&head.commitment)?;
        }
        Ok(Proved { head, checkpoint, disclosures: evidence.disclosures })
    }
}
