//! Routes with what they expose written beside them: a route without it does not compile,
//! and a test drives each decided route and looks for its entry.

use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use tacebo_vault::policy::Action;

use crate::app::App;
use crate::http::{Incoming, Reply};

/// What a route can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Speaks of nobody; why it needs no decision.
    Public(&'static str),
    /// The asker's own session or account, handled and logged by identity.
    Own(&'static str),
    /// Asks policy, and every answer has its log entry.
    Decided(Action),
}

type Answer = Pin<Box<dyn Future<Output = Reply> + Send>>;
pub(crate) type Handler = Arc<dyn Fn(App, Incoming) -> Answer + Send + Sync>;

/// One route.
#[derive(Clone)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path pattern (axum's syntax).
    pub path: &'static str,
    /// What it can show.
    pub exposure: Exposure,
    pub(crate) handler: Handler,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.path, self.exposure)
    }
}

impl Route {
    /// A route. Its handler can only answer with a [`Reply`].
    pub fn new<F, R>(method: Method, path: &'static str, exposure: Exposure, handler: F) -> Self
    where
        F: Fn(App, Incoming) -> R + Send + Sync + 'static,
        R: Future<Output = Reply> + Send + 'static,
    {
        Self { method, path, exposure, handler: Arc::new(move |app, incoming| Box::pin(handler(app, incoming))) }
    }
}
