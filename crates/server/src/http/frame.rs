//! Puts routes, limits, headers and measurements around handlers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use crate::app::App;
use crate::http::{Incoming, Open, Reply, Route};

/// What every answer carries; made once, for every answer.
static HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(crate::pages::CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

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
        // Cross-site form posts are refused by Sec-Fetch-Site and Origin.
        .layer(CsrfLayer::new())
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), around))
        .with_state(app)
}

async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let tls = request.extensions().get::<OverTls>().is_some();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.reserve(HEADERS.len());
    for (name, value) in &HEADERS {
        headers.insert(name.clone(), value.clone());
    }
    if tls {
        let hsts = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    app.metrics().answered(&method, response.status(), start.elapsed());
    response
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
