//! The frame of a closed house: every request gets the same answer, and no handler is reached.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use tower_http::compression::CompressionLayer;

use super::around::Around;

/// A router for as long as the house of this institution is closed.
pub fn closed(institution: &str) -> Router {
    let institution: Arc<str> = institution.into();
    let say = move |request: Request| {
        let reply = crate::doors::closed::answer(request.uri(), request.headers(), &institution);
        async move { reply }
    };
    Router::new().fallback(say).layer((Around(None), CompressionLayer::new()))
}
