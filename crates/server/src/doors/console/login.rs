//! Logging in and out, the first own secrets, language and colours.

use http::StatusCode;
use tacebo_identity::{IdentityError, LoggedIn, PasswordProblem, Secret};
use tacebo_vault::Door;
use uuid::Uuid;

use crate::app::App;
use crate::doors::session::{Cookie, Inside, Visit, landing, local};
use crate::http::{Incoming, Open, Reply};
use crate::pages::login::{Enrol, LogIn, LogInCode, LogInFault, NewPassword};
use crate::pages::message::{Message, MessageKind};
use crate::pages::{Field, FieldError, Html, Lang, Theme, url};

/// How long the browser keeps a second factor on offer.
const OFFER_SECONDS: i64 = 600;

/// `/`: to where this person begins.
pub(super) async fn start(inside: &Inside) -> Reply {
    Reply::see_other(landing(&inside.auth))
}

pub(super) async fn log_in_page(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Console);
    if let Some(session) = visit.cookie(Cookie::Session)
        && let Ok(Some(auth)) = visit.app.identity().session(session)
    {
        return Reply::see_other(landing(&auth));
    }
    let expired = visit.incoming.form().get("expired") == "yes";
    first_page(&visit, StatusCode::OK, "", expired.then_some(LogInFault::Expired))
}

fn first_page(visit: &Visit, status: StatusCode, name: &str, fault: Option<LogInFault>) -> Reply {
    let mut shell = visit.frame();
    url::LOG_IN.clone_into(&mut shell.path);
    let view = LogIn { shell, name: Field::of(name), fault, next: visit.next() };
    let reply = Reply::open(status, Open::page(&view));
    match visit.cookie(Cookie::Browser) {
        Some(_) => reply,
        None => reply.cookie(&Cookie::Browser.set(visit.incoming.tls, &Uuid::new_v4().simple().to_string(), None)),
    }
}

fn code_page(visit: &Visit, status: StatusCode, fault: Option<LogInFault>) -> Reply {
    let mut shell = visit.frame();
    url::LOG_IN_CODE.clone_into(&mut shell.path);
    Reply::open(status, Open::page(&LogInCode { shell, fault, next: visit.next() }))
}

/// What this browser is known by between the two steps.
fn browser(visit: &Visit) -> String {
    let cookie = visit.cookie(Cookie::Browser).unwrap_or_default();
    format!("{cookie} {}", visit.incoming.header("user-agent").unwrap_or_default())
}

/// Minutes to wait when this address has tried too often.
fn too_often(visit: &Visit) -> Option<LogInFault> {
    let wait = visit.app.log_ins().admit_address(visit.incoming.peer).err()?;
    let minutes = u32::try_from(wait.as_secs().div_ceil(60)).unwrap_or(u32::MAX).max(1);
    Some(LogInFault::TooMany { minutes })
}

pub(super) async fn log_in(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Console);
    let form = visit.incoming.form();
    let name = form.get("name");
    if let Some(fault) = too_often(&visit) {
        return first_page(&visit, StatusCode::TOO_MANY_REQUESTS, name, Some(fault));
    }
    if visit.cookie(Cookie::Browser).is_none() {
        // The page sets it: without it the second step would not know the browser again.
        return first_page(&visit, StatusCode::BAD_REQUEST, name, Some(LogInFault::Expired));
    }
    // Passwords are taken as typed, spaces at the ends too.
    let password = Secret::new(exact(&visit, "password"));
    let step = visit.app.identity().first_step(name, &password, &browser(&visit), &visit.origin()).await;
    match step {
        Ok(step) => {
            let now_us = visit.app.vault().now_us();
            let seconds = (step.expires_us - now_us) / 1_000_000;
            let to = format!("{}?next={}", url::LOG_IN_CODE, url::segment(&visit.next()));
            Reply::see_other(&to).cookie(&Cookie::Step.set(visit.incoming.tls, step.ticket.expose(), Some(seconds)))
        }
        // One answer for all of it: it tells nobody which accounts there are.
        Err(IdentityError::LogInFailed | IdentityError::FactorMissing) => {
            first_page(&visit, StatusCode::UNAUTHORIZED, name, Some(LogInFault::NotRight))
        }
        Err(error) => visit.unavailable(&error),
    }
}

fn exact(visit: &Visit, field: &str) -> String {
    form_urlencoded::parse(&visit.incoming.body)
        .find(|(name, _)| name == field)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

pub(super) async fn code_form(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Console);
    if visit.cookie(Cookie::Step).is_none() {
        return Reply::see_other(url::LOG_IN);
    }
    code_page(&visit, StatusCode::OK, None)
}

pub(super) async fn code(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Console);
    if let Some(fault) = too_often(&visit) {
        return code_page(&visit, StatusCode::TOO_MANY_REQUESTS, Some(fault));
    }
    let Some(ticket) = visit.cookie(Cookie::Step) else {
        return first_page(&visit, StatusCode::UNAUTHORIZED, "", Some(LogInFault::Expired));
    };
    let (form, previous) = (visit.incoming.form(), visit.cookie(Cookie::Session));
    let step = visit
        .app
        .identity()
        .second_step(&Secret::new(ticket), &browser(&visit), form.get("code"), previous, &visit.origin())
        .await;
    let done = Cookie::Step.clear(visit.incoming.tls);
    match step {
        Ok(logged) => go_on(&visit, &logged).cookie(&done),
        Err(IdentityError::CodeWrong) => code_page(&visit, StatusCode::UNAUTHORIZED, Some(LogInFault::NotRight)),
        Err(IdentityError::TicketGone) => {
            first_page(&visit, StatusCode::UNAUTHORIZED, "", Some(LogInFault::Expired)).cookie(&done)
        }
        Err(IdentityError::LogInFailed) => {
            first_page(&visit, StatusCode::UNAUTHORIZED, "", Some(LogInFault::NotRight)).cookie(&done)
        }
        Err(error) => visit.unavailable(&error),
    }
}

/// To what is due first, or to where this person wanted to go, under the new session.
fn go_on(visit: &Visit, logged: &LoggedIn) -> Reply {
    let next = visit.next();
    let must = logged.authenticated.must_change;
    let to = if must.password {
        format!("{}?next={}", url::LOG_IN_PASSWORD, url::segment(&next))
    } else if must.factor {
        format!("{}?next={}", url::LOG_IN_ENROL, url::segment(&next))
    } else if next == "/" {
        landing(&logged.authenticated).to_owned()
    } else {
        next
    };
    Reply::see_other(&to).cookie(&Cookie::Session.set(visit.incoming.tls, logged.session.expose(), None))
}

async fn again(inside: &Inside) -> Reply {
    if let Some(session) = inside.cookie(Cookie::Session)
        && let Err(error) = inside.app.identity().log_out(session, &inside.origin()).await
    {
        return inside.unavailable(&error);
    }
    Reply::see_other(url::LOG_IN).cookie(&Cookie::Session.clear(inside.incoming.tls))
}

fn password_page(inside: &Inside, status: StatusCode, new: Option<FieldError>, again: Option<FieldError>) -> Reply {
    let field = |error: Option<FieldError>| Field { value: String::new(), error };
    let mut shell = inside.frame();
    url::LOG_IN_PASSWORD.clone_into(&mut shell.path);
    let view = NewPassword { shell, new: field(new), again: field(again), next: inside.next() };
    Inside::own_page(status, &view)
}

/// What is wrong with a new password, for its field.
pub(super) fn wrong_password(problem: PasswordProblem) -> FieldError {
    match problem {
        PasswordProblem::Short => FieldError::TooShort(8),
        PasswordProblem::Long => FieldError::TooLong(128),
        _ => FieldError::WeakPassword,
    }
}

pub(super) async fn password_form(inside: &Inside) -> Reply {
    if inside.auth.must_change.any() {
        password_page(inside, StatusCode::OK, None, None)
    } else {
        Reply::see_other(landing(&inside.auth))
    }
}

pub(super) async fn password(inside: &Inside) -> Reply {
    if !inside.auth.must_change.password {
        return Reply::see_other(landing(&inside.auth));
    }
    let (new, repeated) = (exact(inside, "new"), exact(inside, "again"));
    if new != repeated {
        return password_page(inside, StatusCode::UNPROCESSABLE_ENTITY, None, Some(FieldError::NotTheSame));
    }
    let new = Secret::new(new);
    match inside.app.identity().change_password(&inside.auth, None, &new, &inside.origin()).await {
        Ok(logged) => go_on(inside, &logged),
        Err(IdentityError::Password(problem)) => {
            password_page(inside, StatusCode::UNPROCESSABLE_ENTITY, Some(wrong_password(problem)), None)
        }
        Err(IdentityError::OldPassword | IdentityError::LogInFailed | IdentityError::SessionNeeded) => {
            again(inside).await
        }
        Err(error) => inside.unavailable(&error),
    }
}

/// The factor on offer: the same one until its first code, so that what was scanned stays good.
fn enrol_page(inside: &Inside, status: StatusCode, error: Option<FieldError>) -> Result<Reply, IdentityError> {
    let identity = inside.app.identity();
    let known = match slip(inside) {
        Some(slip) => identity.offered_factor(&inside.auth, &slip)?,
        None => None,
    };
    let (offer, fresh) = match known {
        Some(offer) => (offer, None),
        None => identity.offer_factor(&inside.auth).map(|(offer, slip)| (offer, Some(slip)))?,
    };
    let secret = offer.secret.expose();
    let grouped: Vec<String> =
        secret.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    let mut shell = inside.frame();
    url::LOG_IN_ENROL.clone_into(&mut shell.path);
    let view = Enrol {
        shell,
        qr: Html::qr_code(offer.uri.expose()),
        secret: grouped.join(" "),
        code: Field { value: String::new(), error },
        next: inside.next(),
    };
    let page = Inside::own_page(status, &view);
    let tls = inside.incoming.tls;
    Ok(match fresh {
        Some(slip) => page.cookie(&Cookie::Factor.set(tls, slip.expose(), Some(OFFER_SECONDS))),
        None => page,
    })
}

/// The offer that the browser keeps.
fn slip(inside: &Inside) -> Option<Secret> {
    inside.cookie(Cookie::Factor).map(Secret::new)
}

pub(super) async fn enrol_form(inside: &Inside) -> Reply {
    if !inside.auth.must_change.factor {
        return Reply::see_other(landing(&inside.auth));
    }
    enrol_page(inside, StatusCode::OK, None).unwrap_or_else(|error| inside.unavailable(&error))
}

pub(super) async fn enrol(inside: &Inside) -> Reply {
    if !inside.auth.must_change.factor {
        return Reply::see_other(landing(&inside.auth));
    }
    let Some(slip) = slip(inside) else { return again(inside).await };
    let (form, origin) = (inside.incoming.form(), inside.origin());
    match inside.app.identity().adopt_factor(&inside.auth, None, &slip, form.get("code"), &origin).await {
        Ok(logged) => go_on(inside, &logged).cookie(&Cookie::Factor.clear(inside.incoming.tls)),
        Err(IdentityError::CodeWrong) => {
            let page = enrol_page(inside, StatusCode::UNPROCESSABLE_ENTITY, Some(FieldError::WrongCode));
            page.unwrap_or_else(|error| inside.unavailable(&error))
        }
        Err(IdentityError::Fault(error)) => inside.unavailable(&error),
        Err(_) => again(inside).await,
    }
}

pub(super) async fn log_out(app: App, incoming: Incoming) -> Reply {
    let visit = Visit::new(app, incoming, Door::Console);
    if let Some(session) = visit.cookie(Cookie::Session)
        && let Err(error) = visit.app.identity().log_out(session, &visit.origin()).await
    {
        return visit.unavailable(&error);
    }
    let page = Message {
        shell: visit.frame(),
        kind: MessageKind::LoggedOut,
        detail: None,
        reference: None,
        back: url::LOG_IN.into(),
    };
    Reply::open(StatusCode::OK, Open::page(&page)).cookie(&Cookie::Session.clear(visit.incoming.tls))
}

/// A year, for what is only a preference.
const YEAR: i64 = 365 * 24 * 3_600;

pub(super) async fn preferences(_app: App, incoming: Incoming) -> Reply {
    let form = incoming.form();
    let secure = if incoming.tls { "; Secure" } else { "" };
    let cookie =
        |name: &str, value: &str| format!("{name}={value}; Path=/; SameSite=Lax; HttpOnly; Max-Age={YEAR}{secure}");
    let mut reply = Reply::see_other(local(form.get("back")));
    if let Some(lang) = Lang::from_tag(form.get("lang")) {
        reply = reply.cookie(&cookie("lang", lang.tag()));
    }
    if !form.get("theme").is_empty() {
        reply = reply.cookie(&cookie("theme", Theme::from_code(form.get("theme")).code()));
    }
    reply
}
