//! Entry bundles (C2SP tlog-tiles, "Log entries").

use crate::{LedgerError, text::Reader};

/// The longest entry a bundle can carry: its length is a `u16`.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Entries one after the other, each behind its big-endian 16-bit length.
pub fn bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, LedgerError> {
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| LedgerError::EntryTooLong(entry.len()))?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Ok(out)
}

/// Reads a bundle of at most 256 entries back.
pub fn parse_bundle(bytes: &[u8]) -> Result<Vec<&[u8]>, LedgerError> {
    let mut reader = Reader(bytes);
    let mut entries = Vec::new();
    while !reader.is_empty() {
        let entry =
            reader.u16().and_then(|n| reader.take(n.into())).ok_or(LedgerError::Entry("the bundle is cut off"))?;
        entries.push(entry);
    }
    if entries.len() > 256 {
        return Err(LedgerError::Entry("more than 256 entries in a bundle"));
    }
    Ok(entries)
}
