//! Breaking the glass: the form, the declaration, and its early end.

use http::StatusCode;
use tacebo_identity::{IdentityError, Secret};
use tacebo_vault::Refused;
use tacebo_vault::policy::Purpose;

use super::record::length;
use crate::doors::session::{Halt, Inside, local};
use crate::doors::whose::whose;
use crate::http::{Open, Reply};
use crate::pages::emergency::{Declare, Reason};
use crate::pages::message::MessageKind;
use crate::pages::{Choice, Field, FieldError, url};

/// Minutes offered; the shortest is chosen.
const MINUTES: [u32; 4] = [30, 60, 120, 240];

struct Typed {
    reason: Option<Reason>,
    reason_missing: bool,
    text: Field,
    minutes: u32,
    /// What is wrong with the password or code; what was typed never goes back.
    code: Option<FieldError>,
}

/// Those of the times offered that policy allows.
fn offered(inside: &Inside) -> impl Iterator<Item = u32> {
    let most = inside.app.vault().emergency_terms().minutes;
    MINUTES.into_iter().filter(move |n| *n <= most)
}

async fn show(inside: &Inside, status: StatusCode, typed: Typed) -> Reply {
    let patient = inside.incoming.param("patient").to_owned();
    let mut shell = inside.shell(None).await;
    local(&url::emergency(&patient)).clone_into(&mut shell.path);
    let minutes = offered(inside)
        .map(|n| Choice { code: n.to_string(), label: shell.t().minutes_n(n), chosen: n == typed.minutes })
        .collect();
    let view = Declare {
        shell,
        patient,
        reason: typed.reason,
        reason_missing: typed.reason_missing,
        text: typed.text,
        minutes,
        code: Field { value: String::new(), error: typed.code },
    };
    Reply::open(status, Open::page(&view))
}

pub(super) async fn form(inside: &Inside) -> Reply {
    if !inside.may_declare() {
        return inside.say(StatusCode::FORBIDDEN, MessageKind::NotForYou).await;
    }
    let typed = Typed { reason: None, reason_missing: false, text: Field::default(), minutes: 30, code: None };
    show(inside, StatusCode::OK, typed).await
}

pub(super) async fn declare(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let reason = Reason::from_code(form.get("reason"));
    let minutes = form.get("minutes").parse().ok().filter(|n| offered(inside).any(|one| one == *n));
    let words = form.get("text");
    let wrong = length(words);
    let missing = Some(FieldError::Required).filter(|_| form.get("code").is_empty());
    let typed = |code| Typed {
        reason,
        reason_missing: reason.is_none(),
        text: Field { value: words.to_owned(), error: wrong.clone() },
        minutes: minutes.unwrap_or(30),
        code,
    };
    let (Some(reason), Some(minutes), None, None) = (reason, minutes, &wrong, &missing) else {
        return Ok(show(inside, StatusCode::UNPROCESSABLE_ENTITY, typed(missing)).await);
    };
    // Who may not declare hears that from policy, which writes it down.
    if inside.may_declare() {
        let given = Secret::new(form.get("code"));
        let error = match inside.app.identity().confirm_again(&inside.auth, &given, &inside.origin()).await {
            Ok(()) => None,
            Err(IdentityError::OldPassword) => Some(FieldError::WrongPassword),
            Err(IdentityError::CodeWrong) => Some(FieldError::WrongCode),
            Err(IdentityError::LogInFailed) => Some(FieldError::Said(inside.lang.t().declare_too_many())),
            Err(error) => return Ok(inside.identity_error(&error).await),
        };
        if error.is_some() {
            return Ok(show(inside, StatusCode::UNPROCESSABLE_ENTITY, typed(error)).await);
        }
    }
    let named = inside.incoming.param("patient");
    let patient = whose(&inside.app, named)?;
    let asker = inside.asker(Purpose::EmergencyTreat);
    let declared = inside.app.vault().declare_emergency(&asker, &patient, reason.code(), words, minutes).await?;
    let to = format!("{}?done=emergency-begun", url::patient(named));
    Ok(Reply::see_other(&to).receipts(declared.receipts()))
}

pub(super) async fn end(inside: &Inside) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::EmergencyTreat);
    let ended = inside.app.vault().end_emergency(&asker, inside.incoming.param("ticket")).await?;
    let to = format!("{}?done=emergency-ended", url::PATIENTS);
    Ok(Reply::see_other(&to).receipts(ended.receipts()))
}
