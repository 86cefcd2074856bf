//! Immutable objects by name, in a folder or in an S3 bucket, for code that waits for its answer.
//!
//! An object is made once, as a whole, and never changed: [`Objects::put`] refuses a name that is taken, and when it returns
//! the object survives a power cut. What is half written is never seen. Nothing here knows what the bytes are: who puts them
//! here has sealed them, and who gets them checks them.

mod at;
mod error;
mod folder;
mod http;
mod listing;
mod name;
mod objects;
mod s3;
mod upload;
mod wire;

pub use at::{At, Patience, S3At};
pub use error::ObjectError;
pub use listing::{Listed, Listing};
pub use name::Name;
pub use objects::Objects;
pub use upload::Upload;
