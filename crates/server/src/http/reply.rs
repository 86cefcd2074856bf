//! What may leave the house over HTTP.

use askama::Template;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tacebo_vault::ledger::Receipt;
use tacebo_vault::{Disclosed, Refused, Vault, VaultFault};

use crate::assets::Asset;
use crate::metrics::Metrics;

/// Names the log entries of an answer: `index:leaf`, comma separated.
pub(crate) static RECEIPT: HeaderName = HeaderName::from_static("tacebo-receipt");
/// Receipts named in the header at most; all of them are in the log.
const RECEIPTS_SHOWN: usize = 8;

/// An answer. Its bytes came out of a [`Disclosed`] or speak of nobody ([`Open`]).
///
/// ```compile_fail
/// let leak: tacebo_server::http::Reply = axum::Json(serde_json::json!({"name": "patient"})).into();
/// ```
#[must_use]
#[derive(Debug)]
pub struct Reply(Response);

/// A page or document that speaks of nobody: log-in, errors, assets, the
/// CapabilityStatement. Implement it only for a type whose fields cannot hold patient
/// data; `tests/promises.rs` holds the list of those that do.
///
/// ```compile_fail,E0277
/// # use tacebo_server::http::Open;
/// let leak = Open::json("application/json", &serde_json::json!({ "name": "a patient" }));
/// ```
/// What is on the list may:
/// ```
/// # use tacebo_server::http::Open;
/// let fine = Open::text("ok");
/// ```
pub trait SpeaksOfNobody {}

/// Bytes that speak of nobody.
#[derive(Debug, Clone)]
pub struct Open {
    content_type: &'static str,
    bytes: Bytes,
    headers: HeaderMap,
}

impl Open {
    /// A page.
    pub fn page<P: SpeaksOfNobody + Template>(page: &P) -> Self {
        match page.render() {
            Ok(html) => Self::bytes("text/html; charset=utf-8", html),
            Err(error) => {
                tracing::error!(%error, "a page does not render");
                Self::text("")
            }
        }
    }

    /// A JSON document.
    pub fn json<J: SpeaksOfNobody + Serialize>(content_type: &'static str, value: &J) -> Self {
        Self::bytes(content_type, serde_json::to_vec(value).unwrap_or_default())
    }

    /// Fixed words.
    pub fn text(words: &'static str) -> Self {
        Self::bytes("text/plain; charset=utf-8", words)
    }

    /// A file that ships with the program, cached for as long as its address lasts.
    pub fn asset(asset: &'static Asset) -> Self {
        let bytes = match &asset.bytes {
            std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            std::borrow::Cow::Owned(bytes) => Bytes::from_static(bytes),
        };
        let mut open = Self::bytes(asset.content_type, bytes);
        open.header(CACHE_CONTROL, crate::assets::CACHE_CONTROL);
        open.header(ETAG, &asset.etag);
        open
    }

    /// Measurements of the program itself.
    pub fn metrics(metrics: &Metrics) -> Self {
        Self::bytes("application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.encode())
    }

    /// The log's signed head, made to be handed to anybody; `None` while nothing is signed.
    ///
    /// # Errors
    /// The store failed.
    pub fn checkpoint(vault: &Vault) -> Result<Option<Self>, VaultFault> {
        Ok(vault.checkpoint()?.map(|note| Self::bytes("text/plain; charset=utf-8", note)))
    }

    /// The log's public key.
    ///
    /// # Errors
    /// The key is unusable.
    pub fn vkey(vault: &Vault) -> Result<Self, VaultFault> {
        Ok(Self::bytes("text/plain; charset=utf-8", format!("{}\n", vault.log_vkey()?)))
    }

    fn bytes(content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { content_type, bytes: bytes.into(), headers: HeaderMap::new() }
    }

    fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
    }
}

impl Reply {
    /// Disclosed bytes, with their receipts.
    pub fn disclosed<B: Into<Bytes>>(status: StatusCode, content_type: &'static str, disclosed: Disclosed<B>) -> Self {
        let (bytes, receipts) = disclosed.into_parts();
        Self::build(status, content_type, bytes.into()).receipts(&receipts)
    }

    /// A page made of disclosed data.
    pub fn page<P: Template>(status: StatusCode, disclosed: Disclosed<P>) -> Self {
        let rendered = disclosed.map(|page| page.render());
        if let Err(error) = rendered.value() {
            tracing::error!(%error, "a page does not render");
        }
        let html = rendered.map(Result::unwrap_or_default);
        Self::disclosed(status, "text/html; charset=utf-8", html)
    }

    /// A refusal in open words, with the receipt of its entry. One only: their number would tell how
    /// many persons a hidden thing speaks of.
    pub fn refused(status: StatusCode, words: Open, refused: &Refused) -> Self {
        Self::open(status, words).receipts(refused.receipts().get(..1).unwrap_or_default())
    }

    /// Something that speaks of nobody.
    pub fn open(status: StatusCode, open: Open) -> Self {
        let mut reply = Self::build(status, open.content_type, open.bytes);
        for (name, value) in &open.headers {
            reply.0.headers_mut().insert(name, value.clone());
        }
        reply
    }

    /// Sends the browser elsewhere (303) after a form was taken. `to` is a path of ours.
    pub fn see_other(to: &str) -> Self {
        let reply = Self::build(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Bytes::new());
        reply.with(LOCATION, to)
    }

    /// Adds a header; a value that is no header value is dropped.
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(name, value);
        }
        self
    }

    /// Sets a cookie; several may be set.
    pub fn cookie(mut self, cookie: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            self.0.headers_mut().append(SET_COOKIE, value);
        }
        self
    }

    /// The same answer with the receipts of something else that was done for it.
    pub fn receipts(mut self, receipts: &[Receipt]) -> Self {
        if receipts.is_empty() {
            return self;
        }
        let mut text: Vec<String> = receipts
            .iter()
            .take(RECEIPTS_SHOWN)
            .map(|receipt| format!("{}:{}", receipt.index(), receipt.leaf().to_base64()))
            .collect();
        if receipts.len() > RECEIPTS_SHOWN {
            text.push(format!("+{}", receipts.len() - RECEIPTS_SHOWN));
        }
        if let Ok(value) = HeaderValue::from_str(&text.join(", ")) {
            self.0.headers_mut().append(RECEIPT.clone(), value);
        }
        self
    }

    /// The status, for metrics.
    pub fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn build(status: StatusCode, content_type: &'static str, bytes: Bytes) -> Self {
        let empty = bytes.is_empty();
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        // Ours, those of the frame and those of the server: no growing on the way.
        headers.reserve(20);
        if !empty {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self(response)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}
