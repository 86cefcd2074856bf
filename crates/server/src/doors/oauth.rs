//! OAuth 2 for client systems: `client_credentials` (RFC 6749 §4.4), introspection
//! (RFC 7662), revocation (RFC 7009), metadata (RFC 8414).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{HOST, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;
use tacebo_identity::{IdentityError, Secret, TokenHolder};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Door, Origin};

use crate::app::App;
use crate::http::{Exposure, Incoming, Open, Reply, Route, SpeaksOfNobody};

/// The routes of this door.
pub(super) fn routes() -> Vec<Route> {
    let own = |why| Exposure::Own(why);
    vec![
        Route::new(Method::POST, "/oauth/token", own("gives a client system its token; logged by identity"), token),
        Route::new(Method::POST, "/oauth/introspect", own("tells a holder about a token it has"), introspect),
        Route::new(Method::POST, "/oauth/revoke", own("ends a token; logged by identity"), revoke),
        Route::new(
            Method::GET,
            "/.well-known/oauth-authorization-server",
            Exposure::Public("where the endpoints are"),
            metadata,
        ),
    ]
}

#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

#[derive(Serialize)]
struct Fault {
    error: &'static str,
    error_description: String,
}

#[derive(Serialize)]
struct About {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

#[derive(Serialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    response_types_supported: [&'static str; 0],
}

impl SpeaksOfNobody for Granted<'_> {}
impl SpeaksOfNobody for Fault {}
impl SpeaksOfNobody for About {}
impl SpeaksOfNobody for Metadata {}

const JSON: &str = "application/json";

fn fault(status: StatusCode, error: &'static str, words: impl Into<String>) -> Reply {
    let reply = Reply::open(status, Open::json(JSON, &Fault { error, error_description: words.into() }));
    if status == StatusCode::UNAUTHORIZED { reply.with(WWW_AUTHENTICATE, "Basic realm=\"tacebo\"") } else { reply }
}

/// Client id and secret: HTTP Basic, else the form's fields.
fn credentials(incoming: &Incoming) -> Option<(String, Secret)> {
    let basic = incoming.header("authorization").and_then(|value| value.split_once(' '));
    if let Some((scheme, encoded)) = basic
        && scheme.eq_ignore_ascii_case("basic")
    {
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        return Some((decode(id), Secret::new(decode(secret))));
    }
    let form = incoming.form();
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    (!id.is_empty() && !secret.is_empty()).then(|| (id.to_owned(), Secret::new(secret)))
}

/// RFC 6749 §2.3.1: the two halves of Basic are form-encoded.
fn decode(text: &str) -> String {
    form_urlencoded::parse(format!("v={text}").as_bytes()).next().map_or_else(String::new, |(_, v)| v.into_owned())
}

fn origin(incoming: &Incoming) -> Origin {
    Origin { door: Door::OAuth, address: incoming.peer }
}

async fn token(app: App, incoming: Incoming) -> Reply {
    if app.log_ins().admit_address(incoming.peer).is_err() {
        return fault(StatusCode::TOO_MANY_REQUESTS, "slow_down", "too many tries from this address; wait a minute");
    }
    let form = incoming.form();
    if form.get("grant_type") != "client_credentials" {
        let words = "this server gives tokens for grant_type=client_credentials";
        return fault(StatusCode::BAD_REQUEST, "unsupported_grant_type", words);
    }
    let Some((id, secret)) = credentials(&incoming) else {
        return fault(StatusCode::UNAUTHORIZED, "invalid_client", "send client id and secret");
    };
    let Ok(purposes) = purposes(form.get("scope")) else {
        let words = "scopes are purposes of use, for example purpose/TREAT";
        return fault(StatusCode::BAD_REQUEST, "invalid_scope", words);
    };
    let issued = app.identity().client_token(&id, &secret, purposes, &origin(&incoming)).await;
    match issued {
        Ok(issued) => {
            let granted = Granted {
                access_token: issued.token.expose(),
                token_type: "Bearer",
                expires_in: (issued.expires_us - app.vault().now_us()).max(0) / 1_000_000,
                scope: issued.purposes.as_ref().map(scope),
            };
            Reply::open(StatusCode::OK, Open::json(JSON, &granted))
        }
        Err(IdentityError::ClientRefused) => {
            fault(StatusCode::UNAUTHORIZED, "invalid_client", IdentityError::ClientRefused.to_string())
        }
        Err(error @ IdentityError::PurposeNotAllowed(_)) => {
            fault(StatusCode::BAD_REQUEST, "invalid_scope", error.to_string())
        }
        Err(error) => {
            tracing::error!(%error, "a token could not be given");
            fault(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again later")
        }
    }
}

/// `purpose/TREAT purpose/HOPERAT`: the purposes the token shall be good for; none named, all the client has.
fn purposes(scope: &str) -> Result<Option<BTreeSet<Purpose>>, UnknownScope> {
    if scope.is_empty() {
        return Ok(None);
    }
    let parse = |word: &str| word.strip_prefix("purpose/").and_then(|code| code.parse().ok());
    scope.split_ascii_whitespace().map(parse).collect::<Option<_>>().map(Some).ok_or(UnknownScope)
}

/// A scope that names no purpose of use.
struct UnknownScope;

fn scope(purposes: &BTreeSet<Purpose>) -> String {
    purposes.iter().map(|purpose| format!("purpose/{purpose}")).collect::<Vec<_>>().join(" ")
}

/// Only who holds a good token may ask, and only about that token: nobody can probe others' tokens.
async fn introspect(app: App, incoming: Incoming) -> Reply {
    let form = incoming.form();
    let asked = form.get("token");
    if incoming.bearer() != Some(asked) {
        return fault(StatusCode::UNAUTHORIZED, "invalid_client", "authenticate with the token you ask about");
    }
    match app.identity().introspect(asked) {
        Ok(Some(known)) => {
            let client_id = match known.holder {
                TokenHolder::Client(id) => Some(id),
                TokenHolder::Account(_) => None,
            };
            let about = About {
                active: true,
                client_id,
                exp: Some(known.expires_us / 1_000_000),
                scope: known.purposes.as_ref().map(scope),
            };
            Reply::open(StatusCode::OK, Open::json(JSON, &about))
        }
        Ok(None) => {
            let about = About { active: false, client_id: None, exp: None, scope: None };
            Reply::open(StatusCode::OK, Open::json(JSON, &about))
        }
        Err(error) => {
            tracing::error!(%error, "a token could not be looked up");
            fault(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again later")
        }
    }
}

async fn revoke(app: App, incoming: Incoming) -> Reply {
    let form = incoming.form();
    match app.identity().revoke(form.get("token"), &origin(&incoming)).await {
        Ok(()) => Reply::open(StatusCode::OK, Open::text("")),
        Err(error) => {
            tracing::error!(%error, "a token could not be revoked");
            fault(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again later")
        }
    }
}

async fn metadata(_: App, incoming: Incoming) -> Reply {
    let host = incoming.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let issuer = format!("{}://{host}", if incoming.tls { "https" } else { "http" });
    let metadata = Metadata {
        token_endpoint: format!("{issuer}/oauth/token"),
        introspection_endpoint: format!("{issuer}/oauth/introspect"),
        revocation_endpoint: format!("{issuer}/oauth/revoke"),
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        response_types_supported: [],
        issuer,
    };
    Reply::open(StatusCode::OK, Open::json(JSON, &metadata))
}
