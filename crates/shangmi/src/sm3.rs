//! SM3 (GB/T 32905-2016) and HMAC with it (RFC 2104).

use crate::Refused;
use botan::{HashFunction, MsgAuthCode};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Bytes of a hash or MAC.
pub const HASH: usize = 32;

/// SM3 of the parts one after the other.
pub fn sm3(parts: &[&[u8]]) -> Result<[u8; HASH], Refused> {
    let mut hash = HashFunction::new("SM3").map_err(Refused::library)?;
    for part in parts {
        hash.update(part).map_err(Refused::library)?;
    }
    exactly(&hash.finish().map_err(Refused::library)?)
}

/// HMAC-SM3 under one key, its pads hashed already. The library wipes the key when this is dropped.
///
/// The library's object holds a state while it computes; a lock lends it to one thread after the other, for microseconds.
pub struct HmacSm3(Mutex<MsgAuthCode>);

impl HmacSm3 {
    /// Takes a key of any length.
    pub fn new(key: &[u8]) -> Result<Self, Refused> {
        let mut mac = MsgAuthCode::new("HMAC(SM3)").map_err(Refused::library)?;
        mac.set_key(key).map_err(|_| Refused::Key)?;
        Ok(Self(Mutex::new(mac)))
    }

    /// The MAC over the parts one after the other. It may be key material: it wipes itself.
    pub fn mac(&self, parts: &[&[u8]]) -> Result<Zeroizing<[u8; HASH]>, Refused> {
        let mut mac = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let done = (|| {
            for part in parts {
                mac.update(part)?;
            }
            mac.finish()
        })();
        let out = Zeroizing::new(done.map_err(|_| {
            // Half a text is in it: without its key it refuses whatever comes next.
            drop(mac.clear());
            Refused::Library
        })?);
        Ok(Zeroizing::new(exactly(&out)?))
    }
}

impl fmt::Debug for HmacSm3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacSm3(..)")
    }
}

fn exactly(out: &[u8]) -> Result<[u8; HASH], Refused> {
    out.try_into().map_err(Refused::library)
}
