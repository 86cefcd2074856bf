//! What is put around every answer, whoever made it: headers and measurements.
//!
//! A layer of its own and not a function of the router: it costs no allocation, and it is on the way of every request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::frame::OverTls;
use crate::app::App;

/// What every answer carries.
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

/// The layer. Measurements belong to an open house: without one only headers are put on.
#[derive(Clone)]
pub(crate) struct Around(pub(crate) Option<App>);

impl<S> Layer<S> for Around {
    type Service = Surrounded<S>;

    fn layer(&self, inner: S) -> Surrounded<S> {
        Surrounded { inner, app: self.0.clone() }
    }
}

/// A service with what is around it.
#[derive(Clone)]
pub(crate) struct Surrounded<S> {
    inner: S,
    app: Option<App>,
}

impl<S: Service<Request, Response = Response<B>>, B> Service<Request> for Surrounded<S> {
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answering<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Answering<S::Future> {
        let (start, method) = (Instant::now(), request.method().clone());
        let tls = request.extensions().get::<OverTls>().is_some();
        Answering { app: self.app.clone(), start, method, tls, inner: self.inner.call(request) }
    }
}

pin_project! {
    /// An answer on its way.
    pub(crate) struct Answering<F> {
        #[pin]
        inner: F,
        app: Option<App>,
        start: Instant,
        method: Method,
        tls: bool,
    }
}

impl<F: Future<Output = Result<Response<B>, E>>, B, E> Future for Answering<F> {
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        let headers = response.headers_mut();
        headers.reserve(HEADERS.len() + 1);
        for (name, value) in &HEADERS {
            headers.insert(name.clone(), value.clone());
        }
        if *this.tls {
            headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        if let Some(app) = this.app {
            app.metrics().answered(this.method, response.status(), this.start.elapsed());
        }
        Poll::Ready(Ok(response))
    }
}
