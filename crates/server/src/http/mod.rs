//! The HTTP frame: what a request is, what an answer may be, which routes there are.
//!
//! A handler is `async fn(App, Incoming) -> Reply`. A [`Reply`] is made from a
//! [`tacebo_vault::Disclosed`], from an [`Open`] (which speaks of nobody), or from both
//! refusals and open words; there is no other way to put bytes on the wire.

mod around;
mod closed;
mod frame;
mod incoming;
mod listen;
mod reply;
mod route;

pub use closed::closed;
pub use frame::router;
pub use incoming::Incoming;
pub use listen::{ListenError, Listener, serve};
pub use reply::{Open, Reply, SpeaksOfNobody};
pub use route::{Exposure, Route};
