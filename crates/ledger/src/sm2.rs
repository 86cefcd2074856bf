//! The second signature line of a log whose institution uses the suite `shangmi`: SM2 with SM3 over the note's text.
//!
//! C2SP signed-note gives SM2 no type of its own; type 0xff is there for that, followed by a name that nobody else takes.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tacebo_shangmi::{Refused, Sm2Key, Sm2Public};
use zeroize::Zeroizing;

use crate::{
    LedgerError, Note, NoteSignature,
    key::{Vkey, check_origin, key_id},
};

/// Signature type: SM2 (GB/T 32918.2) on the curve of GB/T 32918.5 with SM3 and the identifier `1234567812345678`; the public
/// key is the uncompressed point of 65 bytes, the signature `r ‖ s` of 64.
const SM2_TYPE: &[u8] = b"\xfftacebo/sm2-sm3/v1\0";

impl From<Refused> for LedgerError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Key => Self::Key("not an SM2 key"),
            _ => Self::Key("SM2 cannot be computed"),
        }
    }
}

/// The private half.
pub(crate) struct Sm2Signer {
    key: Sm2Key,
    line: Sm2Line,
}

impl Sm2Signer {
    pub(crate) fn generate(origin: &str) -> Result<Self, LedgerError> {
        Self::new(origin, Sm2Key::generate()?)
    }

    pub(crate) fn from_bytes(origin: &str, scalar: &[u8; 32]) -> Result<Self, LedgerError> {
        Self::new(origin, Sm2Key::from_bytes(scalar)?)
    }

    fn new(origin: &str, key: Sm2Key) -> Result<Self, LedgerError> {
        check_origin(origin)?;
        let line = Sm2Line::new(origin, key.public()?);
        Ok(Self { key, line })
    }

    pub(crate) fn to_bytes(&self) -> Result<Zeroizing<[u8; 32]>, LedgerError> {
        Ok(self.key.to_bytes()?)
    }

    pub(crate) fn line(&self) -> &Sm2Line {
        &self.line
    }

    pub(crate) fn sign(&self, text: &str) -> Result<NoteSignature, LedgerError> {
        let signature = self.key.sign(text.as_bytes())?.to_vec();
        Ok(NoteSignature { name: self.line.name.clone(), key_id: self.line.key_id, signature })
    }
}

/// The public SM2 key of a log. As text it is a vkey of type 0xff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sm2Line {
    name: String,
    key_id: u32,
    public: Sm2Public,
}

impl Sm2Line {
    fn new(origin: &str, public: Sm2Public) -> Self {
        let key_id = key_id(origin, SM2_TYPE, public.as_bytes());
        Self { name: origin.to_owned(), key_id, public }
    }

    /// Reads it; total on arbitrary text. Both keys must be of one log.
    pub(crate) fn parse(text: &str, origin: &str) -> Result<Self, LedgerError> {
        let vkey = Vkey::parse(text)?;
        if vkey.name != origin {
            return Err(LedgerError::Key("the two keys are of two logs"));
        }
        let public = vkey.key.strip_prefix(SM2_TYPE).ok_or(LedgerError::Key("the second key is not of type SM2"))?;
        let line = Self::new(origin, Sm2Public::from_bytes(public)?);
        vkey.has_id(line.key_id)?;
        Ok(line)
    }

    /// The key's id.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The public key: an uncompressed point.
    pub fn public(&self) -> &[u8; 65] {
        self.public.as_bytes()
    }

    /// Whether this key signed the note. A bad line of it spoils the note.
    pub(crate) fn signed(&self, note: &Note) -> Result<bool, LedgerError> {
        let mut signed = false;
        for line in note.signatures.iter().filter(|line| line.name == self.name && line.key_id == self.key_id) {
            if !self.public.verify(note.text.as_bytes(), &line.signature)? {
                return Err(LedgerError::SignatureInvalid);
            }
            signed = true;
        }
        Ok(signed)
    }
}

impl fmt::Display for Sm2Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [SM2_TYPE, self.public.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(key))
    }
}
