//! Puts routes, limits, headers and measurements around handlers.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use crate::app::App;
use crate::http::around::Around;
use crate::http::{Incoming, Open, Reply, Route};

/// Marks a connection as TLS for handlers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OverTls;

/// The whole router.
pub fn router(app: App, routes: Vec<Route>) -> Router {
    let mut all = Router::new();
    for route in routes {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let path = route.path;
        let run = move |State(app): State<App>, request: Request| answer(app, route.clone(), request);
        all = all.route(path, on(filter, run));
    }
    all.fallback(crate::doors::not_found)
        .method_not_allowed_fallback(crate::doors::not_allowed)
        // In one call: the router boxes every layer that it is given by itself, for each request. From the outside in;
        // cross-site form posts are refused by Sec-Fetch-Site and Origin.
        .layer((Around(Some(app.clone())), CompressionLayer::new(), CsrfLayer::new()))
        .with_state(app)
}

async fn answer(app: App, route: Route, request: Request) -> Response {
    let limit = app.limits().body;
    let (mut parts, body) = request.into_parts();
    let params = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => BTreeMap::new(),
    };
    let body = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return crate::doors::too_large(&parts.uri).into_response();
        }
        Err(_) => {
            return Reply::open(StatusCode::BAD_REQUEST, Open::text("the body did not arrive whole")).into_response();
        }
    };
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let tls = parts.extensions.get::<OverTls>().is_some();
    let incoming = Incoming { method: parts.method, uri: parts.uri, headers: parts.headers, params, peer, body, tls };
    (route.handler)(app, incoming).await.into_response()
}
