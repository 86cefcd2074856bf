//! One bounded request to a key service, and what its answer means.
//!
//! `ureq`: small, synchronous, over the TLS that the program has already. Nothing is followed, cached, proxied or
//! decompressed.

use super::{TransitAt, WHO};
use crate::SealError;
use crate::custody::Trouble;
use serde::Deserialize;
use std::fs;
use std::sync::Arc;
use ureq::http::{Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error};
use zeroize::Zeroizing;

/// No answer that is asked for here is longer.
const MOST: u64 = 256 * 1024;

/// What every answer is wrapped in.
#[derive(Deserialize)]
struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<String>,
}

/// An answer that says yes.
pub(super) struct Said<T> {
    pub(super) data: Option<T>,
    pub(super) warnings: Vec<String>,
}

/// A connection to be, with the token that opens the service.
pub(super) struct Client {
    agent: Agent,
    at: TransitAt,
    token: Zeroizing<String>,
}

pub(super) fn trouble(trouble: Trouble) -> SealError {
    SealError::Custodian { who: WHO, trouble }
}

impl Client {
    pub(super) fn new(at: &TransitAt, token: &str) -> Result<Self, SealError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!clear_text_allowed(&at.address)?)
            .timeout_global(Some(at.patience))
            // A redirect would carry the token to wherever it points.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("tacebo");
        if at.address.starts_with("https://") {
            config = config.tls_config(tls(at)?);
        }
        Ok(Self { agent: config.build().into(), at: at.clone(), token: Zeroizing::new(token.to_owned()) })
    }

    pub(super) fn get<T: for<'a> Deserialize<'a>>(&self, path: &str) -> Result<Option<Said<T>>, SealError> {
        self.said(self.dressed(self.agent.get(self.url(path))).call())
    }

    pub(super) fn delete(&self, path: &str) -> Result<(), SealError> {
        self.said::<serde::de::IgnoredAny>(self.dressed(self.agent.delete(self.url(path))).call()).map(drop)
    }

    pub(super) fn post<T: for<'a> Deserialize<'a>>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<Option<Said<T>>, SealError> {
        let body = serde_json::to_vec(body).map(Zeroizing::new);
        let body = body.map_err(|_| trouble(Trouble::Unclear("the question cannot be written as JSON")))?;
        let request = self.dressed(self.agent.post(self.url(path))).content_type("application/json");
        self.said(request.send(body.as_slice()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/v1/{}/{path}", self.at.address.trim_end_matches('/'), self.at.mount)
    }

    fn dressed<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("x-vault-token", self.token.as_str()).header("x-vault-request", "true");
        match &self.at.namespace {
            Some(namespace) => request.header("x-vault-namespace", namespace),
            None => request,
        }
    }

    /// `None`: there is no such thing.
    fn said<T: for<'a> Deserialize<'a>>(
        &self,
        answer: Result<Response<Body>, Error>,
    ) -> Result<Option<Said<T>>, SealError> {
        let mut answer = answer.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(MOST).read_to_vec();
        let body = Zeroizing::new(body.map_err(|error| self.failed(&error))?);
        if !status.is_success() {
            return refused(status, &body);
        }
        if body.is_empty() {
            return Ok(Some(Said { data: None, warnings: Vec::new() }));
        }
        let answer: Answer<T> = serde_json::from_slice(&body)
            .map_err(|_| trouble(Trouble::Unclear("it is cut short, or not what this question is answered with")))?;
        Ok(Some(Said { data: answer.data, warnings: answer.warnings.unwrap_or_default() }))
    }

    fn failed(&self, error: &Error) -> SealError {
        trouble(match error {
            Error::Timeout(_) => Trouble::Silent(self.at.patience.as_secs()),
            Error::Protocol(_) | Error::Http(_) => Trouble::Unclear("it is not HTTP as it should be"),
            Error::BodyExceedsLimit(_) => Trouble::Unclear("it is far too long"),
            Error::Io(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                Trouble::Unclear("it ended in the midst")
            }
            Error::BadUri(_) | Error::RequireHttpsOnly(_) => Trouble::Refused(error.to_string()),
            other => Trouble::Unreachable(other.to_string()),
        })
    }
}

/// What a refusal means. The service's words name paths and rules, never secrets; a few of them are enough.
fn refused<T>(status: StatusCode, body: &[u8]) -> Result<Option<Said<T>>, SealError> {
    let errors = serde_json::from_slice::<Errors>(body).map(|body| body.errors).unwrap_or_default();
    let words: String = errors.join("; ").chars().filter(|c| !c.is_control()).take(200).collect();
    let named = format!("HTTP {} {words}", status.as_u16());
    Err(trouble(match status.as_u16() {
        // So it answers for a key that is not there; for a mount that is not there it says more.
        404 if errors.is_empty() => return Ok(None),
        401 | 403 => Trouble::Denied(named),
        503 if words.contains("sealed") => Trouble::Sealed,
        429 | 500.. => Trouble::Unreachable(named),
        300..=399 => Trouble::Refused(format!("{named}: it points elsewhere; name the address of the active node")),
        _ => Trouble::Refused(named),
    }))
}

/// Clear text carries the token and the keys: to this machine only (an agent beside the program).
fn clear_text_allowed(address: &str) -> Result<bool, SealError> {
    let bad = |why: &str| trouble(Trouble::Refused(format!("`{address}` {why}")));
    if address.starts_with("https://") {
        return Ok(false);
    }
    let rest = address.strip_prefix("http://").ok_or_else(|| bad("is no address: write https://host:port"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let host = if host.starts_with('[') { host.split_inclusive(']').next() } else { host.split(':').next() };
    if matches!(host, Some("127.0.0.1" | "[::1]" | "localhost")) {
        return Ok(true);
    }
    Err(bad("is in clear: only https, or http on this very machine"))
}

fn tls(at: &TransitAt) -> Result<TlsConfig, SealError> {
    let wrong = |why: String| trouble(Trouble::Refused(why));
    let file = at.authority.as_ref().ok_or_else(|| wrong("name the file of its certificate authority".to_owned()))?;
    let pem = fs::read(file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let mut authorities = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) =
            item.map_err(|error| wrong(format!("{}: {error}", file.display())))?
        {
            authorities.push(certificate);
        }
    }
    if authorities.is_empty() {
        return Err(wrong(format!("{} holds no certificate", file.display())));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&authorities))
        .unversioned_rustls_crypto_provider(provider)
        .build())
}
