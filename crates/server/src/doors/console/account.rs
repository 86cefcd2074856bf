//! The person's own account: password and sessions.

use http::StatusCode;
use tacebo_identity::{BearerKind, IdentityError, Secret};
use tacebo_vault::policy::Assurance;

use super::login::wrong_password;
use crate::doors::session::{Cookie, Inside};
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::account::{MyAccount, SessionRow};
use crate::pages::{Field, FieldError, Nav, url};

#[derive(Default)]
struct Wrong {
    current: Option<FieldError>,
    new: Option<FieldError>,
    again: Option<FieldError>,
}

async fn show(inside: &Inside, status: StatusCode, wrong: Wrong) -> Result<Reply, IdentityError> {
    let open = inside.app.identity().own_open(&inside.auth)?;
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
    Ok(Inside::own_page(status, &view))
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, IdentityError> {
    show(inside, StatusCode::OK, Wrong::default()).await
}

pub(super) async fn password(inside: &Inside) -> Result<Reply, IdentityError> {
    let typed = |field: &str| {
        let found = form_urlencoded::parse(&inside.incoming.body).find(|(name, _)| name == field);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (current, new, again) = (Secret::new(typed("current")), typed("new"), typed("again"));
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    if new != again {
        return show(inside, status, Wrong { again: Some(FieldError::NotTheSame), ..Wrong::default() }).await;
    }
    let (new, origin) = (Secret::new(new), inside.origin());
    match inside.app.identity().change_password(&inside.auth, Some(&current), &new, &origin).await {
        Ok(logged) => {
            let cookie = Cookie::Session.set(inside.incoming.tls, logged.session.expose(), None);
            Ok(Reply::see_other(&format!("{}?done=password", url::ACCOUNT)).cookie(&cookie))
        }
        Err(IdentityError::Password(problem)) => {
            show(inside, status, Wrong { new: Some(wrong_password(problem)), ..Wrong::default() }).await
        }
        // Too many tries are told in the same words.
        Err(IdentityError::OldPassword | IdentityError::LogInFailed) => {
            show(inside, status, Wrong { current: Some(FieldError::WrongPassword), ..Wrong::default() }).await
        }
        Err(error) => Err(error),
    }
}

pub(super) async fn end_session(inside: &Inside) -> Result<Reply, IdentityError> {
    let line = inside.incoming.param("session");
    inside.app.identity().end_own(&inside.auth, Some(line), &inside.origin()).await?;
    Ok(Reply::see_other(&format!("{}?done=session", url::ACCOUNT)))
}
