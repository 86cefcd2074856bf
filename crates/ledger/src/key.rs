//! The log's own keys, and the public keys by which others check it: Ed25519 always, as everybody's tools know it, and SM2
//! besides where an institution signs in it too ([`crate::Sm2Line`]).

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    rand,
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::{Checkpoint, Hash, LedgerError, Note, NoteSignature, Sm2Line, sm2::Sm2Signer};

/// Signature type of plain Ed25519 notes (C2SP signed-note, "Signature types").
const ED25519_TYPE: u8 = 0x01;

/// The private key that signs a log's checkpoints. Its name is the log's origin.
pub struct LogKey {
    name: String,
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
    sm2: Option<Sm2Signer>,
}

impl LogKey {
    /// A new key for the log `origin`.
    pub fn generate(origin: &str) -> Result<Self, LedgerError> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut()).map_err(|_| LedgerError::Key("no randomness"))?;
        Self::from_bytes(origin, &seed)
    }

    /// Takes up a stored key: its 32-byte seed (RFC 8032).
    pub fn from_bytes(origin: &str, seed: &[u8; 32]) -> Result<Self, LedgerError> {
        check_origin(origin)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| LedgerError::Key("not a seed"))?;
        Ok(Self { name: origin.to_owned(), seed: Zeroizing::new(*seed), pair, sm2: None })
    }

    /// Lets it sign with a new SM2 key too.
    pub fn with_new_sm2(mut self) -> Result<Self, LedgerError> {
        self.sm2 = Some(Sm2Signer::generate(&self.name)?);
        Ok(self)
    }

    /// Lets it sign with a stored SM2 key too: its 32 bytes.
    pub fn with_sm2(mut self, scalar: &[u8; 32]) -> Result<Self, LedgerError> {
        self.sm2 = Some(Sm2Signer::from_bytes(&self.name, scalar)?);
        Ok(self)
    }

    /// The seed, to be stored sealed.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The SM2 key, to be stored sealed.
    pub fn sm2_to_bytes(&self) -> Result<Option<Zeroizing<[u8; 32]>>, LedgerError> {
        self.sm2.as_ref().map(Sm2Signer::to_bytes).transpose()
    }

    /// The public half.
    pub fn verifier(&self) -> Result<LogVerifier, LedgerError> {
        let public =
            self.pair.public_key().as_ref().try_into().map_err(|_| LedgerError::Key("not an Ed25519 public key"))?;
        let sm2 = self.sm2.as_ref().map(|key| key.line().clone());
        Ok(LogVerifier { sm2, ..LogVerifier::new(&self.name, public)? })
    }

    /// Signs a tree head: the whole note, ready to be stored and published. Never sign a head
    /// that is inconsistent with an earlier one.
    pub fn sign(&self, checkpoint: &Checkpoint) -> Result<String, LedgerError> {
        if checkpoint.origin != self.name {
            return Err(LedgerError::Origin);
        }
        self.sign_text(checkpoint.to_string())
    }

    fn sign_text(&self, text: String) -> Result<String, LedgerError> {
        let signature = NoteSignature {
            name: self.name.clone(),
            key_id: self.verifier()?.key_id,
            signature: self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        };
        let mut signatures = vec![signature];
        if let Some(sm2) = &self.sm2 {
            signatures.push(sm2.sign(&text)?);
        }
        Ok(Note { text, signatures }.to_string())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A log's public key. As text it is a C2SP vkey, `origin+key id+base64`; of a log that signs with SM2 too there is a second
/// one on a second line, and both signatures must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogVerifier {
    name: String,
    key_id: u32,
    public: [u8; 32],
    sm2: Option<Sm2Line>,
}

impl LogVerifier {
    /// From a name and an Ed25519 public key.
    pub fn new(origin: &str, public: [u8; 32]) -> Result<Self, LedgerError> {
        check_name(origin)?;
        Ok(Self { name: origin.to_owned(), key_id: key_id(origin, &[ED25519_TYPE], &public), public, sm2: None })
    }

    /// The log whose checkpoints it verifies.
    pub fn origin(&self) -> &str {
        &self.name
    }

    /// The SM2 half, if the log signs with one.
    pub fn sm2(&self) -> Option<&Sm2Line> {
        self.sm2.as_ref()
    }

    /// Signature lines that a note of this log has.
    pub(crate) fn lines(&self) -> usize {
        1 + usize::from(self.sm2.is_some())
    }

    /// First four bytes of SHA-256(name ‖ newline ‖ 0x01 ‖ public key).
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// Verifies a note's signature by this key and gives its text. Lines of unknown keys are
    /// ignored; a bad line of this key spoils the note, as does a missing one.
    pub fn open_note(&self, note: &[u8]) -> Result<Note, LedgerError> {
        let note = Note::parse(note)?;
        let mut signed = false;
        for line in &note.signatures {
            if line.name != self.name || line.key_id != self.key_id {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.public)
                .verify(note.text.as_bytes(), &line.signature)
                .map_err(|_| LedgerError::SignatureInvalid)?;
            signed = true;
        }
        let signed = signed && self.sm2.as_ref().map_or(Ok(true), |sm2| sm2.signed(&note))?;
        if signed { Ok(note) } else { Err(LedgerError::SignatureInvalid) }
    }

    /// Verifies a signed checkpoint of this log.
    pub fn open(&self, note: &[u8]) -> Result<Checkpoint, LedgerError> {
        let checkpoint = Checkpoint::parse(&self.open_note(note)?.text)?;
        if checkpoint.origin != self.name {
            return Err(LedgerError::Checkpoint("of another log"));
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519_TYPE];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(key))?;
        if let Some(sm2) = &self.sm2 {
            write!(f, "\n{sm2}")?;
        }
        Ok(())
    }
}

impl FromStr for LogVerifier {
    type Err = LedgerError;

    /// Reads a vkey, and the SM2 one behind it if there is one (a pasted line's end may have become a space); total on
    /// arbitrary text.
    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let (first, second) = match text.split_once(char::is_whitespace) {
            Some((first, second)) => (first, Some(second.trim_start())),
            None => (text, None),
        };
        let vkey = Vkey::parse(first)?;
        let public = match vkey.key.split_first() {
            Some((&ED25519_TYPE, public)) => public.try_into().map_err(|_| LedgerError::Key(MALFORMED))?,
            _ => return Err(LedgerError::Key("not of type Ed25519")),
        };
        let verifier = Self::new(vkey.name, public)?;
        vkey.has_id(verifier.key_id)?;
        let sm2 = second.map(|line| Sm2Line::parse(line, vkey.name)).transpose()?;
        Ok(Self { sm2, ..verifier })
    }
}

const MALFORMED: &str = "not name+id+key";

/// A vkey's three parts.
pub(crate) struct Vkey<'a> {
    pub(crate) name: &'a str,
    id: &'a str,
    /// Signature type and public key.
    pub(crate) key: Vec<u8>,
}

impl<'a> Vkey<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, LedgerError> {
        let malformed = || LedgerError::Key(MALFORMED);
        let (name, rest) = text.split_once('+').ok_or_else(malformed)?;
        let (id, key) = rest.split_once('+').ok_or_else(malformed)?;
        Ok(Self { name, id, key: STANDARD.decode(key).map_err(|_| malformed())? })
    }

    pub(crate) fn has_id(&self, id: u32) -> Result<(), LedgerError> {
        if format!("{id:08x}") == self.id { Ok(()) } else { Err(LedgerError::Key("the key id does not fit")) }
    }
}

/// First four bytes of SHA-256(name ‖ newline ‖ signature type ‖ public key): C2SP signed-note, "Format".
pub(crate) fn key_id(name: &str, kind: &[u8], public: &[u8]) -> u32 {
    let hash = Hash::of_parts([name.as_bytes(), b"\n", kind, public]);
    hash.0.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
}

/// A name fit for keys (C2SP signed-note, "Format"): not empty, no Unicode space, no plus; no
/// control character either, since a note has none.
pub(crate) fn check_name(name: &str) -> Result<(), LedgerError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.contains(bad) {
        return Err(LedgerError::Origin);
    }
    Ok(())
}

/// A name fit for our own logs: as it stands in headers ([`crate::Receipt`]) and addresses, only
/// printable ASCII without quotation mark and backslash.
pub(crate) fn check_origin(name: &str) -> Result<(), LedgerError> {
    check_name(name)?;
    if name.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\') { Ok(()) } else { Err(LedgerError::Origin) }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example key and note of Go's golang.org/x/mod/sumdb/note documentation.
    const SECRET: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_is_signed_byte_for_byte_as_by_go() {
        let seed = STANDARD.decode(SECRET).unwrap();
        let key = LogKey::from_bytes("PeterNeumann", seed[1..].try_into().unwrap()).unwrap();
        assert_eq!(key.verifier().unwrap().to_string(), VKEY);
        let (text, _) = NOTE.rsplit_once("\n\n").unwrap();
        assert_eq!(key.sign_text(format!("{text}\n")).unwrap(), NOTE);
    }

    #[test]
    fn a_key_signs_for_its_own_log_only() {
        let key = LogKey::generate("log.example/a").unwrap();
        let other = Checkpoint { origin: "log.example/b".into(), size: 0, root: Hash::empty() };
        assert!(matches!(key.sign(&other), Err(LedgerError::Origin)));
        assert!(!format!("{key:?}").contains(&hex::encode(key.to_bytes().as_slice())));
    }

    #[test]
    fn names_that_break_a_note_or_a_header_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\"b", "a\\b", "病院"] {
            assert!(LogKey::generate(name).is_err(), "{name:?}");
        }
    }
}
