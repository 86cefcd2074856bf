//! The root keys as objects of the token.
//!
//! A key's name is its label: `NAME root epoch 7`. While it is being made it is `NAME root epoch 7 (in the making)`, so
//! that two programs that turn at once can see each other before either uses its key: whoever sees another's takes its
//! own back. PKCS#11 has no creation that fails when a name is taken.

use super::token::{refused, trouble};
use super::{Pkcs11At, WHO};
use crate::custody::Trouble;
use crate::secret::{KEY, Secret};
use crate::wrap::{self, NONCE, TAG};
use crate::{SealError, Suite, random};
use aws_lc_rs::digest;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

/// How often a list that was changed under our eyes is looked at anew.
const LOOKS: usize = 3;
const IN_THE_MAKING: &str = " (in the making)";

/// One root key in the token.
pub(super) struct Root {
    pub(super) epoch: u32,
    pub(super) handle: ObjectHandle,
    id: Vec<u8>,
    finished: bool,
    stays_inside: bool,
}

fn label(at: &Pkcs11At, epoch: u32) -> String {
    format!("{} root epoch {epoch}", at.name)
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn failed(error: Error) -> SealError {
    refused(&error)
}

/// Every root key of this name, unfinished ones too, by epoch.
fn all(session: &Session, at: &Pkcs11At) -> Result<Vec<Root>, SealError> {
    // Modules say in many ways that an object was destroyed by another program between finding and reading it.
    for _ in 0..LOOKS {
        if let Ok(roots) = look(session, at) {
            return Ok(roots);
        }
    }
    look(session, at)
}

fn look(session: &Session, at: &Pkcs11At) -> Result<Vec<Root>, SealError> {
    let prefix = format!("{} root epoch ", at.name);
    let keys = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES), Attribute::Token(true)];
    let wanted = [AttributeType::Label, AttributeType::Id, AttributeType::Sensitive, AttributeType::Extractable];
    let mut roots = Vec::new();
    for handle in session.find_objects(&keys).map_err(failed)? {
        let (mut name, mut id, mut sensitive, mut extractable) = (Vec::new(), Vec::new(), false, true);
        for attribute in session.get_attributes(handle, &wanted).map_err(failed)? {
            match attribute {
                Attribute::Label(bytes) => name = bytes,
                Attribute::Id(bytes) => id = bytes,
                Attribute::Sensitive(yes) => sensitive = yes,
                Attribute::Extractable(yes) => extractable = yes,
                _ => {}
            }
        }
        let name = String::from_utf8(name).unwrap_or_default();
        let Some(rest) = name.strip_prefix(&prefix) else { continue };
        let (number, finished) = match rest.strip_suffix(IN_THE_MAKING) {
            Some(number) => (number, false),
            None => (rest, true),
        };
        let Ok(epoch) = number.parse::<u32>() else { continue };
        roots.push(Root { epoch, handle, id, finished, stays_inside: sensitive && !extractable });
    }
    roots.sort_by_key(|root| root.epoch);
    Ok(roots)
}

/// Every finished root key, oldest first, each of them fit for use.
pub(super) fn finished(session: &Session, at: &Pkcs11At) -> Result<Vec<Root>, SealError> {
    let mut roots = all(session, at)?;
    roots.retain(|root| root.finished);
    if let Some(root) = roots.iter().find(|root| !root.stays_inside) {
        return Err(trouble(Trouble::Extractable(root.epoch)));
    }
    if let Some((twice, _)) = roots.iter().zip(roots.iter().skip(1)).find(|(a, b)| a.epoch == b.epoch) {
        return Err(trouble(Trouble::Doubled(twice.epoch)));
    }
    Ok(roots)
}

/// The root key of an epoch.
pub(super) fn of(session: &Session, at: &Pkcs11At, epoch: u32) -> Result<Root, SealError> {
    finished(session, at)?.into_iter().find(|root| root.epoch == epoch).ok_or(SealError::EpochGone(epoch))
}

/// Makes the root key of `epoch`. The finished ones must be exactly `known`.
pub(super) fn make(session: &Session, at: &Pkcs11At, known: &[u32], epoch: u32) -> Result<(), SealError> {
    let unchanged =
        |roots: &[Root]| roots.iter().filter(|root| root.finished).map(|root| root.epoch).eq(known.iter().copied());
    let before = all(session, at)?;
    if !unchanged(&before) {
        return Err(SealError::CustodyChanged);
    }
    // Left by a program that died; one that lives will see that its key is gone.
    for left in before.iter().filter(|root| !root.finished) {
        remove(session, left.handle)?;
    }
    let id: [u8; 16] = random::array()?;
    let template = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Derive(false),
        Attribute::ValueLen(32.into()),
        Attribute::Id(id.to_vec()),
        Attribute::Label(format!("{}{IN_THE_MAKING}", label(at, epoch)).into_bytes()),
    ];
    let handle = session.generate_key(&Mechanism::AesKeyGen, &template).map_err(failed)?;
    let named = finish(session, at, (known, epoch), (&id, handle));
    if named.is_err() {
        // Never used: nothing is lost with it. If this fails too, the next turn takes it away.
        drop(session.destroy_object(handle));
    }
    named
}

/// Gives a fresh key its name, if nobody else is making one.
fn finish(
    session: &Session,
    at: &Pkcs11At,
    (known, epoch): (&[u32], u32),
    (id, handle): (&[u8; 16], ObjectHandle),
) -> Result<(), SealError> {
    let mut mine = None;
    let mut others = Vec::new();
    for root in all(session, at)? {
        if root.id == id { mine = Some(root) } else { others.push(root) }
    }
    if !others.iter().map(|root| root.epoch).eq(known.iter().copied()) {
        return Err(SealError::CustodyChanged);
    }
    if !mine.is_some_and(|root| root.stays_inside) {
        return Err(trouble(Trouble::Extractable(epoch)));
    }
    match session.update_attributes(handle, &[Attribute::Label(label(at, epoch).into_bytes())]) {
        Ok(()) => Ok(()),
        Err(Error::Pkcs11(RvError::ObjectHandleInvalid, _)) => Err(SealError::CustodyChanged),
        Err(error) => Err(failed(error)),
    }
}

/// Destroys a root key and looks whether it is gone. The fingerprint is taken before.
pub(super) fn destroy(session: &Session, at: &Pkcs11At, root: &Root) -> Result<[u8; 32], SealError> {
    let fingerprint = fingerprint(session, root)?;
    session.destroy_object(root.handle).map_err(failed)?;
    if all(session, at)?.iter().any(|left| left.epoch == root.epoch) {
        return Err(trouble(Trouble::StillThere(root.epoch)));
    }
    Ok(fingerprint)
}

/// Takes away what was never finished.
pub(super) fn sweep(session: &Session, at: &Pkcs11At) -> Result<(), SealError> {
    for left in all(session, at)?.iter().filter(|root| !root.finished) {
        remove(session, left.handle)?;
    }
    Ok(())
}

/// Destroys an object; one that somebody else destroyed meanwhile is gone as well.
fn remove(session: &Session, handle: ObjectHandle) -> Result<(), SealError> {
    match session.destroy_object(handle) {
        Ok(()) | Err(Error::Pkcs11(RvError::ObjectHandleInvalid, _)) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Seals a key inside the module: AES-256-GCM, the same form as [`wrap`] makes outside.
pub(super) fn wrap(session: &Session, root: &Root, owner: &[u8], key: &Secret) -> Result<Vec<u8>, SealError> {
    let mut nonce: [u8; NONCE] = random::array()?;
    let sealed = {
        let gcm = GcmParams::new(&mut nonce, owner, tag_bits()).map_err(failed)?;
        session.encrypt(&Mechanism::AesGcm(gcm), root.handle, key.bytes()).map_err(failed)?
    };
    if sealed.len() != KEY + TAG {
        return Err(trouble(Trouble::Unclear("AES-GCM gave other than 48 bytes")));
    }
    // Read back after the call: modules in FIPS mode put a nonce of their own there.
    Ok(wrap::join(Suite::International, &nonce, &sealed))
}

/// Opens a sealed key inside the module.
pub(super) fn unwrap(session: &Session, root: &Root, owner: &[u8], wrapped: &[u8]) -> Result<Secret, SealError> {
    let (nonce, sealed) = wrap::split(Suite::International, wrapped)?;
    let mut nonce = *nonce;
    let opened = {
        let gcm = GcmParams::new(&mut nonce, owner, tag_bits()).map_err(failed)?;
        session.decrypt(&Mechanism::AesGcm(gcm), root.handle, sealed)
    };
    match opened {
        Ok(plain) => Secret::copy_of(&Zeroizing::new(plain)),
        // Modules differ in what they call a tag that does not fit; general words are taken for it only while the
        // same key can still open what it seals.
        Err(Error::Pkcs11(
            RvError::EncryptedDataInvalid | RvError::EncryptedDataLenRange | RvError::DataInvalid,
            _,
        )) => Err(SealError::KeyUnreadable),
        Err(Error::Pkcs11(RvError::GeneralError | RvError::FunctionFailed | RvError::SignatureInvalid, _))
            if fingerprint(session, root).is_ok() =>
        {
            Err(SealError::KeyUnreadable)
        }
        Err(error) => Err(failed(error)),
    }
}

fn tag_bits() -> cryptoki::types::Ulong {
    128.into()
}

/// A key that never leaves the module is recognised by what it makes of two fixed blocks, as modules themselves make key
/// check values: SHA-256 over both, so that nothing the cipher put out is shown. The blocks are a hash, which no nonce
/// and counter of GCM will ever equal.
pub(super) fn fingerprint(session: &Session, root: &Root) -> Result<[u8; 32], SealError> {
    let blocks = digest::digest(&digest::SHA256, b"tacebo/root-fingerprint/blocks/v1");
    let made = session.encrypt(&Mechanism::AesEcb, root.handle, blocks.as_ref()).map_err(failed)?;
    if made.len() != 32 {
        return Err(SealError::Custodian { who: WHO, trouble: Trouble::Unclear("AES-ECB gave other than 32 bytes") });
    }
    Ok(super::super::hashed(b"tacebo/root-fingerprint/module/v1\0", &made))
}
