//! Keys and sealed bytes.
//!
//! This room knows nothing of hospitals: it keeps bytes that belong to somebody so that they open in one place only,
//! and can be made unreadable for ever, backups included.
//!
//! - [`Custodian`] holds root epoch keys: [`PassphraseFile`], [`Pkcs11`], [`Transit`].
//! - [`Keyring`] is one realm's keys: 4,096 bucket keys, and under them a random [`DataKey`] per subject and category.
//! - [`DataKey::seal`] and [`DataKey::open`] are bound to a [`Place`]: realm, subject, category, kind, id, version, part.
//! - [`Blinder`] makes the terms that an index may hold.
//!
//! - [`Suite`] names the algorithms of an institution: chosen once, never mixed.
//!
//! Messages are C2SP chunked-encryption behind a four-byte mark. Secrets are wiped when dropped and
//! have no `Debug` of their contents.

mod blind;
mod chunked;
mod custody;
mod datakey;
mod error;
mod keyring;
mod place;
mod plain;
mod primitive;
mod random;
mod sealed;
mod secret;
mod suite;
mod wrap;

pub use blind::{Blinder, IdTerm, Term};
pub use custody::{
    Custodian, DestructionReceipt, Effort, PassphraseFile, Pkcs11, Pkcs11At, Share, ShareFault, SharePlan, Transit,
    TransitAt, Trouble, Worth,
};
pub use datakey::{DataKey, Window};
pub use error::SealError;
pub use keyring::{BUCKETS, BucketRow, EPOCH_ROW, INDEX_ROW, Keyring, OwnedKey, Rekeyed, Turned, WrappedKey};
pub use place::{Category, Part, Place, Realm, SubjectNo};
pub use plain::Plain;
pub use sealed::{HEADER_LEN, Sealed};
pub use suite::Suite;
