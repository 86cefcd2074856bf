//! Salted commitments to an event's fields, and the disclosure of one field alone.
//!
//! `r` is 32 random bytes kept sealed with the event. The salts `s_1 ‖ … ‖ s_n` of its fields, 16 bytes each, are the
//! key stream of AES-256-CTR under `r` from counter 0 (NIST SP 800-38A §6.5; a generator without a state to keep, as in
//! SP 800-90A CTR_DRBG). `c_f = SHA-256("tacebo/fc/v1" ‖ s_f ‖ len(name) ‖ name ‖ value)`, and the event's commitment is
//! `C = SHA-256("tacebo/ec/v1" ‖ c_1 ‖ … ‖ c_n)`. Once `r` is destroyed, C says nothing about the fields; with `s_f` and
//! the other c, one field can be shown and nothing else is learnt (128 bits of salt, as RFC 9901 recommends).

use std::fmt;

use aws_lc_rs::{
    cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
    rand,
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Hash, LedgerError, text::Reader};

/// Bytes of a field's salt: a block of the cipher.
const SALT: usize = 16;

/// An event's 32 random bytes, from which every field's own salt comes.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Salt([u8; 32]);

impl Salt {
    /// A fresh one; never use one for two events.
    pub fn random() -> Result<Self, LedgerError> {
        let mut salt = [0; 32];
        rand::fill(&mut salt).map_err(|_| LedgerError::Fields("no randomness"))?;
        Ok(Self(salt))
    }

    /// Takes up a stored salt.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be stored, sealed.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The salts of `count` fields, in order.
    fn of_fields(&self, count: usize) -> Result<Zeroizing<Vec<[u8; SALT]>>, LedgerError> {
        let broken = |_| LedgerError::Fields("salt derivation failed");
        let key = UnboundCipherKey::new(&AES_256, &self.0).and_then(EncryptingKey::ctr).map_err(broken)?;
        let mut salts = Zeroizing::new(vec![[0; SALT]; count]);
        let from_zero = EncryptionContext::Iv128(FixedLength::from([0; SALT]));
        key.less_safe_encrypt(salts.as_flattened_mut(), from_zero).map_err(broken)?;
        Ok(salts)
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// The commitment to all fields, in this order. Names must differ.
pub fn commit(salt: &Salt, fields: &[(&str, &[u8])]) -> Result<Hash, LedgerError> {
    Ok(whole(&each(salt, fields)?))
}

/// Opens the one field `name` of the fields that were committed to.
pub fn disclose(salt: &Salt, fields: &[(&str, &[u8])], name: &str) -> Result<Disclosure, LedgerError> {
    let unknown = LedgerError::Fields("no field of this name");
    let mut siblings = each(salt, fields)?;
    let (salts, found) = (salt.of_fields(fields.len())?, fields.iter().position(|(n, _)| *n == name));
    let named = found.and_then(|position| Some((position, fields.get(position)?, salts.get(position)?)));
    let (position, (_, value), own) = named.ok_or(unknown)?;
    siblings.remove(position);
    Ok(Disclosure {
        name: name.to_owned(),
        value: value.to_vec(),
        salt: *own,
        position: u16::try_from(position).map_err(|_| LedgerError::Fields("too many fields"))?,
        siblings,
    })
}

/// One field of a logged event, with what is needed to check it against the log and no more.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    name: String,
    value: Vec<u8>,
    salt: [u8; SALT],
    position: u16,
    siblings: Vec<Hash>,
}

impl Disclosure {
    /// The field's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The field's value; trust it only after [`Disclosure::verify`].
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The commitments to all fields of the event, in order, this one's own among them.
    pub fn commitments(&self) -> Result<Vec<Hash>, LedgerError> {
        let mut all = self.siblings.clone();
        let position = usize::from(self.position);
        if position > all.len() {
            return Err(LedgerError::DisclosureInvalid);
        }
        all.insert(position, field(&self.salt, &self.name, &self.value, &mut Zeroizing::new(Vec::new()))?);
        Ok(all)
    }

    /// Whether this field is part of what was committed to.
    pub fn verify(&self, commitment: &Hash) -> Result<(), LedgerError> {
        if whole(&self.commitments()?) == *commitment { Ok(()) } else { Err(LedgerError::DisclosureInvalid) }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), LedgerError> {
        let too_long = |_| LedgerError::Fields("too long to disclose");
        out.push(u8::try_from(self.name.len()).map_err(too_long)?);
        out.extend_from_slice(self.name.as_bytes());
        let length = u32::try_from(self.value.len()).map_err(too_long)?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&self.value);
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&self.position.to_be_bytes());
        let count = u16::try_from(self.siblings.len()).map_err(too_long)?;
        out.extend_from_slice(&count.to_be_bytes());
        for sibling in &self.siblings {
            out.extend_from_slice(&sibling.0);
        }
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let length = reader.u8()?;
        let name = str::from_utf8(reader.take(length.into())?).ok()?.to_owned();
        let length = usize::try_from(reader.u32()?).ok()?;
        let value = reader.take(length)?.to_vec();
        let salt = reader.array()?;
        let position = reader.u16()?;
        let count = usize::from(reader.u16()?);
        let (siblings, _) = reader.take(count.checked_mul(32)?)?.as_chunks::<32>();
        Some(Self { name, value, salt, position, siblings: siblings.iter().copied().map(Hash).collect() })
    }
}

impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("name", &self.name).finish_non_exhaustive()
    }
}

fn each(salt: &Salt, fields: &[(&str, &[u8])]) -> Result<Vec<Hash>, LedgerError> {
    let mut names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() != fields.len() {
        return Err(LedgerError::Fields("two fields have the same name"));
    }
    let salts = salt.of_fields(fields.len())?;
    // Room for most values, so that salts are not left behind in freed memory.
    let mut scratch = Zeroizing::new(Vec::with_capacity(SCRATCH));
    fields.iter().zip(salts.iter()).map(|((name, value), salt)| field(salt, name, value, &mut scratch)).collect()
}

/// Bytes of most fields with what is hashed before them.
const SCRATCH: usize = 512;

fn field(salt: &[u8; SALT], name: &str, value: &[u8], scratch: &mut Zeroizing<Vec<u8>>) -> Result<Hash, LedgerError> {
    let length = u8::try_from(name.len()).map_err(|_| LedgerError::Fields("a name is over 255 bytes"))?;
    if value.len() > SCRATCH / 2 {
        return Ok(Hash::of_parts([b"tacebo/fc/v1".as_slice(), salt, &[length], name.as_bytes(), value]));
    }
    // One call on one buffer: fields are short, and a context costs more than the copy.
    scratch.clear();
    for piece in [b"tacebo/fc/v1".as_slice(), salt, &[length], name.as_bytes(), value] {
        scratch.extend_from_slice(piece);
    }
    Ok(Hash::of(scratch))
}

fn whole(fields: &[Hash]) -> Hash {
    let mut all = Vec::with_capacity(12 + 32 * fields.len());
    all.extend_from_slice(b"tacebo/ec/v1");
    for commitment in fields {
        all.extend_from_slice(&commitment.0);
    }
    Hash::of(&all)
}
