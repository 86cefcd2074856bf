//! The doors: HTTP for FHIR, OAuth, console, portal and administration.

mod app;
pub mod assets;
pub mod doors;
pub mod http;
mod keeper;
mod limit;
mod metrics;
pub mod pages;

pub use app::{App, Limits, Options};
pub use doors::routes;
pub use keeper::{KeeperError, keep_keys};
pub use limit::Limiter;
pub use metrics::Metrics;
