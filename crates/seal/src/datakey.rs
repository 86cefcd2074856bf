//! The key of one category of one person's data.

use crate::chunked::{self, CHUNK, Opener, PREFIX, SALT, TAG};
use crate::primitive::InputKey;
use crate::sealed::{HEADER_LEN, MARK, Sealed, mark, suite_of};
use crate::secret::Secret;
use crate::suite::Suite;
use crate::{Place, Plain, SealError, random};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A data key, open in memory. Cloning shares it; the bytes are wiped with the last clone.
#[derive(Clone)]
pub struct DataKey(Arc<InputKey>);

impl DataKey {
    pub(crate) fn new(suite: Suite, secret: &Secret) -> Result<Self, SealError> {
        Ok(Self(Arc::new(InputKey::new(suite, secret)?)))
    }

    /// Seals `plain` for one place. Each message gets its own key, nonce and commitment from a fresh 24-byte salt, so
    /// one data key may seal 2⁵⁵ messages (specification's table).
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Sealed, SealError> {
        let salt: [u8; SALT] = random::array()?;
        let mark = mark(self.0.suite());
        let fixed = place.fixed()?;
        let mut out = Vec::with_capacity(MARK + chunked::sealed_len(plain.len()));
        out.extend_from_slice(&mark);
        let context: [&[u8]; 4] = [&mark, &fixed, place.kind.as_bytes(), place.id];
        chunked::seal(&self.0, &salt, &context, plain, &mut out)?;
        Ok(Sealed::made(out))
    }

    /// Opens what was sealed for this place. Anything else is refused before a byte is deciphered.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Plain, SealError> {
        let (mark, message) = sealed.split_first_chunk::<MARK>().ok_or(SealError::NotSealed)?;
        self.0.suite().must_be(suite_of(*mark)?)?;
        let fixed = place.fixed()?;
        let context: [&[u8]; 4] = [mark, &fixed, place.kind.as_bytes(), place.id];
        chunked::open(&self.0, &context, message)
    }

    /// Begins random access into a message that lies elsewhere: give its first [`HEADER_LEN`] bytes and its whole
    /// length, then fetch only the bytes that [`Window::sealed_range`] names.
    pub fn window(&self, place: &Place<'_>, header: &[u8], sealed_len: u64) -> Result<Window, SealError> {
        let (mark, rest) = header.split_first_chunk::<MARK>().ok_or(SealError::NotSealed)?;
        self.0.suite().must_be(suite_of(*mark)?)?;
        let prefix = rest.first_chunk::<PREFIX>().ok_or(SealError::Truncated)?;
        let length = sealed_len.checked_sub(MARK as u64).ok_or(SealError::Truncated)?;
        let fixed = place.fixed()?;
        let context: [&[u8]; 4] = [mark, &fixed, place.kind.as_bytes(), place.id];
        Ok(Window(Opener::new(&self.0, &context, prefix, length)?))
    }

    /// Opens a range of plain bytes of a message held in memory. The last chunk is always opened too, so that the
    /// message's length is proved whatever the range.
    pub fn open_range(&self, place: &Place<'_>, sealed: &[u8], range: Range<u64>) -> Result<Plain, SealError> {
        let window = self.window(place, sealed, sealed.len() as u64)?;
        window.prove_length(slice(sealed, window.last_chunk_range())?)?;
        let bytes = slice(sealed, window.sealed_range(range.clone())?)?;
        window.open(range, bytes)
    }
}

fn slice(bytes: &[u8], range: Range<u64>) -> Result<&[u8], SealError> {
    let start = usize::try_from(range.start).map_err(|_| SealError::TooLong)?;
    let end = usize::try_from(range.end).map_err(|_| SealError::TooLong)?;
    bytes.get(start..end).ok_or(SealError::Truncated)
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Random access into one sealed message; key, place and header have been checked.
pub struct Window(Opener);

impl Window {
    /// Plain bytes in the message, as far as its length tells: true only after [`prove_length`](Self::prove_length).
    pub fn plain_len(&self) -> u64 {
        self.0.plain_len()
    }

    /// Which sealed bytes are needed to open these plain bytes: whole chunks.
    pub fn sealed_range(&self, plain: Range<u64>) -> Result<Range<u64>, SealError> {
        if plain.start > plain.end || plain.end > self.plain_len() {
            return Err(SealError::OutOfRange);
        }
        if plain.is_empty() {
            return Ok(HEADER_LEN as u64..HEADER_LEN as u64);
        }
        let first = plain.start / CHUNK as u64;
        let last = (plain.end - 1) / CHUNK as u64;
        Ok(offset(first)..self.end_of(last))
    }

    /// Where the last chunk lies.
    pub fn last_chunk_range(&self) -> Range<u64> {
        let last = self.0.last_chunk();
        offset(last)..self.end_of(last)
    }

    /// Opens the last chunk: proves that the message is neither cut nor lengthened.
    pub fn prove_length(&self, last_chunk: &[u8]) -> Result<(), SealError> {
        let length = last_chunk.len().checked_sub(TAG).ok_or(SealError::Truncated)?;
        let mut plain = Plain::zeroes(length);
        self.0.open_chunks(self.0.last_chunk(), last_chunk, &mut plain)
    }

    /// Opens plain bytes from exactly the sealed bytes that [`sealed_range`](Self::sealed_range) named.
    pub fn open(&self, plain: Range<u64>, sealed: &[u8]) -> Result<Plain, SealError> {
        let needed = self.sealed_range(plain.clone())?;
        if needed.end - needed.start != sealed.len() as u64 {
            return Err(SealError::Truncated);
        }
        if plain.is_empty() {
            return Ok(Plain::default());
        }
        let first = plain.start / CHUNK as u64;
        let chunks = sealed.len().div_ceil(CHUNK + TAG);
        let mut whole = Plain::zeroes(sealed.len() - chunks * TAG);
        self.0.open_chunks(first, sealed, &mut whole)?;
        let skip = first * CHUNK as u64;
        let wanted = slice(&whole, plain.start - skip..plain.end - skip)?;
        Ok(wanted.to_vec().into())
    }

    fn end_of(&self, chunk: u64) -> u64 {
        if chunk < self.0.last_chunk() {
            offset(chunk + 1)
        } else {
            let last = self.plain_len() - self.0.last_chunk() * CHUNK as u64;
            offset(chunk) + last + TAG as u64
        }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({} bytes)", self.plain_len())
    }
}

/// Where a chunk begins in a sealed message.
fn offset(chunk: u64) -> u64 {
    HEADER_LEN as u64 + chunk * (CHUNK + TAG) as u64
}
