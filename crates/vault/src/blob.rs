//! Bodies that are too big for a row: sealed in chunks under the same key for the same place, as an object of their own. The
//! row's body then holds what leads there, sealed too: name, length and SHA-256 of the object.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use tacebo_seal::{DataKey, Plain};
use tacebo_store::{Blob, BlobName, Hash, NewBlob, Swept};

use crate::disclosed::VaultFault;
use crate::vault::{Inner, Vault};

/// Packed bytes above which a body lies as an object. A row of this size is 16 pages of the file, which go through the
/// write-ahead log first and into every copy of it, and keep the writer from everybody else for as long; an object costs
/// its own syncs, or a round trip to a bucket, which is more than that for anything smaller. All but a few FHIR resources
/// (pictures, PDF documents) stay far below it.
pub(crate) const LARGEST_ROW: usize = 64 << 10;
/// How old an object must be that nothing names before it is taken for an orphan.
const ORPHAN: Duration = Duration::from_hours(24);
/// Begins a body that only leads to an object. What is packed begins with the mark of zstd, which is another.
const MARK: [u8; 4] = *b"TB\x00\x01";

/// What leads to an object, before it is sealed.
fn pointer(blob: &Blob) -> Vec<u8> {
    [&MARK[..], &blob.name.0, &blob.size.to_be_bytes(), &blob.hash.0].concat()
}

/// The object that an opened body leads to; none if it is the body itself.
pub(crate) fn leads_to(body: &[u8]) -> Result<Option<Blob>, VaultFault> {
    let Some(rest) = body.strip_prefix(&MARK) else { return Ok(None) };
    let read = || {
        let (name, rest) = rest.split_first_chunk::<16>()?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let hash = <[u8; 32]>::try_from(rest).ok()?;
        Some(Blob { name: BlobName(*name), size: u64::from_be_bytes(*size), hash: Hash(hash) })
    };
    read().map(Some).ok_or(VaultFault::Decode("what leads to an object"))
}

/// What the log says of a sealed body: the SHA-256 of it, and of its object's SHA-256 behind it where it has one.
pub(crate) fn digest(body: &[u8], blob: Option<&Blob>) -> [u8; 32] {
    let mut sum = Context::new(&SHA256);
    sum.update(body);
    if let Some(blob) = blob {
        sum.update(&blob.hash.0);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(sum.finish().as_ref());
    digest
}

/// A body sealed for its place, and the object beside it.
pub(crate) struct SealedBody {
    pub(crate) body: Vec<u8>,
    pub(crate) blob: Option<NewBlob>,
}

impl SealedBody {
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(&self.body, self.blob.as_ref().map(NewBlob::blob).as_ref())
    }
}

/// Seals a packed body, in the row or beside it. `place` gives the place of each column of the version.
pub(crate) fn seal_body<'a>(
    key: &DataKey,
    place: impl Fn(tacebo_seal::Part) -> tacebo_seal::Place<'a>,
    packed: &[u8],
) -> Result<SealedBody, VaultFault> {
    use tacebo_seal::Part;
    if packed.len() <= LARGEST_ROW {
        return Ok(SealedBody { body: key.seal(&place(Part::Body), packed)?.into_bytes(), blob: None });
    }
    let blob = NewBlob::new(key.seal(&place(Part::Blob), packed)?.into_bytes())?;
    let body = key.seal(&place(Part::Body), &pointer(&blob.blob()))?.into_bytes();
    Ok(SealedBody { body, blob: Some(blob) })
}

impl Inner {
    /// The packed body behind a sealed one, and the length of what it was opened from.
    pub(crate) fn unseal_body<'a>(
        &self,
        key: &DataKey,
        place: impl Fn(tacebo_seal::Part) -> tacebo_seal::Place<'a>,
        sealed: &[u8],
    ) -> Result<(Plain, usize), VaultFault> {
        use tacebo_seal::Part;
        let body = key.open(&place(Part::Body), sealed)?;
        let Some(blob) = leads_to(&body)? else { return Ok((body, sealed.len())) };
        let object = self.store.read_blob(self.part, &blob)?;
        Ok((key.open(&place(Part::Blob), &object)?, object.len()))
    }

    /// Removes the objects of what was just destroyed or sealed anew. Their keys are gone already: what cannot be reached now
    /// is removed by [`Vault::settle_blobs`].
    pub(crate) async fn clear_blobs(&self) {
        if let Err(error) = self.store.clear_gone_blobs(self.part).await {
            tracing::warn!(%error, "objects of what was destroyed are still there; trying again");
        }
    }
}

impl Vault {
    /// Removes the objects of versions that are gone, as far as that was not possible before.
    ///
    /// # Errors
    /// Store or object storage failed; ask again.
    pub async fn settle_blobs(&self) -> Result<(), VaultFault> {
        self.0.store.clear_gone_blobs(self.0.part).await?;
        Ok(())
    }

    /// Removes objects that no version names and that are older than a day: a program that was killed between the object
    /// and its commit left them.
    ///
    /// # Errors
    /// Store or object storage failed; ask again.
    pub async fn sweep_blobs(&self) -> Result<Swept, VaultFault> {
        let vault = self.clone();
        let swept = tokio::task::spawn_blocking(move || vault.0.store.sweep_blobs(vault.0.part, ORPHAN)).await;
        Ok(swept.map_err(|_| VaultFault::Decode("a sweep was interrupted"))??)
    }

    /// How many such objects there are; none told where nobody can say.
    pub(crate) fn orphans(&self) -> Option<u64> {
        self.0.store.orphans(self.0.part, ORPHAN).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_told_from_a_body_and_a_broken_one_is_a_fault() {
        let blob = Blob { name: BlobName([7; 16]), size: 70_000, hash: Hash([9; 32]) };
        let bytes = pointer(&blob);
        assert_eq!(leads_to(&bytes).unwrap(), Some(blob));
        for cut in MARK.len()..bytes.len() {
            assert!(leads_to(bytes.get(..cut).unwrap()).is_err(), "{cut}");
        }
        assert!(leads_to(&[&bytes[..], &[0]].concat()).is_err());
        for body in [&b""[..], b"TB", &zstd::bulk::compress(b"{}", 1).unwrap()] {
            assert_eq!(leads_to(body).unwrap(), None);
        }
    }

    #[test]
    fn the_log_speaks_of_the_object_too() {
        let blob = Blob { name: BlobName([7; 16]), size: 1, hash: Hash([9; 32]) };
        let other = Blob { hash: Hash([8; 32]), ..blob };
        let digests = [digest(b"body", None), digest(b"body", Some(&blob)), digest(b"body", Some(&other))];
        assert!(digests[0] != digests[1] && digests[1] != digests[2]);
        assert_eq!(hex::encode(digests[0]), "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5");
    }
}
