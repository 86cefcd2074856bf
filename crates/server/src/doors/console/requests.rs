//! Requests for access: answered by a second person, and ended before their time.

use http::StatusCode;
use tacebo_governance::{AccessRequest, AnswerError, Answered, Decision, Governance, RequestState};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Look, Record};

use super::reviews::short;
use super::staff;
use crate::doors::session::{Halt, Inside};
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::message::MessageKind;
use crate::pages::request::{Answer, AnswerKind, Request};
use crate::pages::{Choice, Nav, url};

/// One request for access.
fn request(look: &mut Look<'_>, id: &str) -> Result<Record<AccessRequest>, Halt> {
    let found = Governance::access_requests(look)?.into_iter().find(|one| one.id == id);
    found.ok_or_else(|| Halt::say(StatusCode::NOT_FOUND, MessageKind::NotFound))
}

fn kind(request: &AccessRequest, now_us: i64) -> AnswerKind {
    match request.state {
        RequestState::Ended => AnswerKind::Ended,
        RequestState::Accepted if request.is_running(now_us) => AnswerKind::Running,
        RequestState::Accepted => AnswerKind::Over,
        RequestState::Declined | RequestState::Open => AnswerKind::Declined,
    }
}

fn answer_of(inside: &Inside, request: &AccessRequest, answered: &Answered) -> Answer {
    Answer {
        kind: kind(request, inside.app.vault().now_us()),
        by: staff::actor(&inside.app, &answered.by),
        at: wording::moment(answered.at_us),
        until: answered.until_us.map(wording::moment),
    }
}

pub(super) async fn page(inside: &Inside) -> Result<Reply, Halt> {
    let id = inside.incoming.param("request");
    let found = inside.app.vault().ask(&inside.asker(Purpose::Compliance), |look| request(look, id)).await?;
    let shell = inside.shell_with(Some(Nav::PrivacyToday), &found).await;
    let value = &found.value().value;
    let department = match &value.department {
        Some(reference) => inside.app.governance().directory().name(reference).await.unwrap_or_default(),
        None => String::new(),
    };
    let actor = staff::actor(&inside.app, &value.account);
    let offered = &inside.app.governance().library().terms().access_days.values;
    let days = offered
        .iter()
        .map(|n| Choice { code: n.to_string(), label: shell.t().days_n(*n), chosen: offered.first() == Some(n) })
        .collect();
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|one| Request {
            shell,
            reference: short("AR", &one.id),
            id: one.id,
            actor,
            own: one.value.account == inside.auth.who.account,
            days,
            answer: one.value.answer.as_ref().map(|answered| answer_of(inside, &one.value, answered)),
            post: one.value.name,
            department,
            patient: one.patient.unwrap_or_default(),
            text: one.value.words,
            at: wording::moment(one.value.at_us),
        }),
    ))
}

pub(super) async fn answer(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let decision = match (form.get("answer"), form.get("days").parse()) {
        ("accepted", Ok(days)) => Decision::Accept { days },
        ("declined", _) => Decision::Decline,
        ("ended", _) => Decision::End,
        _ => return Err(Halt::say(StatusCode::BAD_REQUEST, MessageKind::BadRequest)),
    };
    let id = inside.incoming.param("request");
    let asker = inside.asker(Purpose::Compliance);
    let done = inside.app.vault().act(&asker, |look| {
        let found = request(look, id)?;
        inside.app.governance().answer_request(look, &found, decision).map_err(halt)
    });
    let done = done.await?;
    Ok(Reply::see_other(&format!("{}?done=answered", url::PRIVACY)).receipts(done.receipts()))
}

fn halt(error: AnswerError) -> Halt {
    match error {
        AnswerError::Refused(refused) => refused.into(),
        AnswerError::Own => Halt::say(StatusCode::FORBIDDEN, MessageKind::NotForYou),
        AnswerError::Unfit => Halt::say(StatusCode::CONFLICT, MessageKind::Conflict),
    }
}
