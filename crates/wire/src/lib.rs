//! What every room needs that speaks to a server outside: whom to trust for its name, and waiting on a thread.

mod trust;
mod wait;

pub use trust::{TrustError, trust};
pub use wait::block_on;
