//! Signed notes (C2SP signed-note).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{LedgerError, key::check_name};

const MAX_BYTES: usize = 1 << 20;
const MAX_SIGNATURES: usize = 64;

/// A note as it was read: nothing in it is trusted before a signature is verified
/// ([`crate::LogVerifier::open`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, its last newline included.
    pub text: String,
    /// The signature lines, in order.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line: `— name base64(key id ‖ signature)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: u32,
    /// The signature.
    pub signature: Vec<u8>,
}

impl Note {
    /// Reads a note; total on arbitrary bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, LedgerError> {
        if bytes.len() > MAX_BYTES {
            return Err(LedgerError::Note("over one mebibyte"));
        }
        let all = str::from_utf8(bytes).map_err(|_| LedgerError::Note("not UTF-8"))?;
        if all.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(LedgerError::Note("control characters"));
        }
        let (head, lines) = all.rsplit_once("\n\n").ok_or(LedgerError::Note("no blank line before signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(LedgerError::Note("no newline at the end"))?;
        let signatures =
            lines.split('\n').take(MAX_SIGNATURES + 1).map(NoteSignature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(LedgerError::Note("too many signatures"));
        }
        Ok(Self { text: format!("{head}\n"), signatures })
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Result<Self, LedgerError> {
        let malformed = || LedgerError::Note("malformed signature line");
        let (name, value) = line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
        check_name(name).map_err(|_| malformed())?;
        let value = STANDARD.decode(value).map_err(|_| malformed())?;
        let (id, signature) = value.split_first_chunk::<4>().ok_or_else(malformed)?;
        if signature.is_empty() {
            return Err(malformed());
        }
        Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*id), signature: signature.to_vec() })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            writeln!(f, "{signature}")?;
        }
        Ok(())
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.key_id.to_be_bytes().to_vec();
        value.extend_from_slice(&self.signature);
        write!(f, "— {} {}", self.name, STANDARD.encode(value))
    }
}
