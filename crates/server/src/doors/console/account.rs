//! The person's own account: password and sessions.

use http::StatusCode;
use tacebo_identity::{BearerKind, IdentityError, Secret};
use tacebo_vault::Door;
use tacebo_vault::policy::Assurance;

use super::login::wrong_password;
use crate::app::App;
use crate::doors::session::{Cookie, Inside};
use crate::doors::wording;
use crate::http::{Incoming, Reply};
use crate::pages::account::{MyAccount, SessionRow};
use crate::pages::{Field, FieldError, Nav, url};

#[derive(Default)]
struct Wrong {
    current: Option<FieldError>,
    new: Option<FieldError>,
    again: Option<FieldError>,
}

async fn show(inside: &Inside, status: StatusCode, wrong: Wrong) -> Reply {
    let open = match inside.app.identity().own_open(&inside.auth) {
        Ok(open) => open,
        Err(error) => return inside.identity_error(&error).await,
    };
    let user = super::staff::named(&inside.app, &inside.auth.who.account).map(|account| account.login);
    let mut shell = inside.shell(Some(Nav::MyAccount)).await;
    url::ACCOUNT.clone_into(&mut shell.path);
    let t = shell.t();
    let sessions = open
        .into_iter()
        .map(|line| SessionRow {
            id: line.id,
            this: line.current,
            machine: match (line.kind, line.label.is_empty()) {
                (_, false) => line.label,
                (BearerKind::Session, true) => t.bearer_session(),
                (BearerKind::Token, true) => t.bearer_token(),
            },
            address: line.address.unwrap_or_default(),
            since: wording::moment(line.opened_us),
            last: wording::moment(line.seen_us),
        })
        .collect();
    let field = |error: Option<FieldError>| Field { value: String::new(), error };
    let view = MyAccount {
        roles: shell.me.as_ref().map(|me| me.roles.clone()).unwrap_or_default(),
        user: user.unwrap_or_default(),
        factor: inside.auth.assurance != Assurance::One,
        current: field(wrong.current),
        new: field(wrong.new),
        again: field(wrong.again),
        sessions,
        shell,
    };
    Inside::own_page(status, &view)
}

pub(super) async fn page(app: App, incoming: Incoming) -> Reply {
    match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => show(&inside, StatusCode::OK, Wrong::default()).await,
        Err(reply) => *reply,
    }
}

pub(super) async fn password(app: App, incoming: Incoming) -> Reply {
    let inside = match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => inside,
        Err(reply) => return *reply,
    };
    let typed = |field: &str| {
        let found = form_urlencoded::parse(&inside.incoming.body).find(|(name, _)| name == field);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (current, new, again) = (Secret::new(typed("current")), typed("new"), typed("again"));
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    if new != again {
        return show(&inside, status, Wrong { again: Some(FieldError::NotTheSame), ..Wrong::default() }).await;
    }
    let (new, origin) = (Secret::new(new), inside.origin());
    match inside.app.identity().change_password(&inside.auth, &current, &new, &origin).await {
        Ok(logged) => Reply::see_other(&format!("{}?done=password", url::ACCOUNT)).cookie(&Cookie::Session.set(
            inside.incoming.tls,
            logged.session.expose(),
            None,
        )),
        Err(IdentityError::Password(problem)) => {
            show(&inside, status, Wrong { new: Some(wrong_password(problem)), ..Wrong::default() }).await
        }
        // Too many tries are told in the same words.
        Err(IdentityError::OldPassword | IdentityError::LogInFailed) => {
            show(&inside, status, Wrong { current: Some(FieldError::WrongPassword), ..Wrong::default() }).await
        }
        Err(error) => inside.identity_error(&error).await,
    }
}

pub(super) async fn end_session(app: App, incoming: Incoming) -> Reply {
    let inside = match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => inside,
        Err(reply) => return *reply,
    };
    let line = inside.incoming.param("session");
    match inside.app.identity().end_own(&inside.auth, Some(line), &inside.origin()).await {
        Ok(()) => Reply::see_other(&format!("{}?done=session", url::ACCOUNT)),
        Err(error) => inside.identity_error(&error).await,
    }
}
