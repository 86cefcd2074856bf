//! Notice and consent at the counter: what was shown, in which words, and what was answered.

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use jiff::civil::Date;
use tacebo_governance::{Answer, Given, Governance, Method, Notice as Text, NoticeProof};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{At, Disclosed, DocRef, Document, PatientId, Record, Refused};

use super::reception::{NOTICE, row, was_given};
use crate::doors::clinical::text;
use crate::doors::notices::{past, words};
use crate::doors::session::{Halt, Inside};
use crate::http::Reply;
use crate::pages::message::MessageKind;
use crate::pages::reception::{Consent, ConsentItem, Notice};
use crate::pages::{Field, FieldError, Lang, Nav, url};

/// SHA-256 of exactly the text that was shown.
fn digest_of(notice: &Text, lang: Lang) -> String {
    let (title, text) = words(notice, lang);
    hex::encode(digest(&SHA256, format!("{title}\n{text}").as_bytes()))
}

fn method_of(code: &str) -> Option<Method> {
    match code {
        "screen" => Some(Method::Tablet),
        "paper" => Some(Method::Paper),
        "aloud" => Some(Method::Aloud),
        _ => None,
    }
}

type Known = Disclosed<(Document, Vec<Record<NoticeProof>>)>;

async fn known(inside: &Inside) -> Result<Known, Refused> {
    let id = inside.incoming.param("patient");
    let asker = inside.asker(Purpose::PatientAdmin);
    let ask = inside.app.vault().ask(&asker, |look| {
        let patient = look.read(&DocRef::new("Patient", id), At::Current)?;
        Ok((patient, Governance::notices_of(look, &PatientId::new(id))?))
    });
    ask.await
}

/// The form as it was answered.
#[derive(Default)]
struct Answers {
    sent: bool,
    items: Vec<(String, Option<bool>)>,
    method: String,
    by_guardian: bool,
    guardian: Field,
    given_on: Field,
}

impl Answers {
    fn of(&self, code: &str) -> Option<bool> {
        self.items.iter().find(|(item, _)| item == code).and_then(|(_, answer)| *answer)
    }
}

async fn show(inside: &Inside, status: StatusCode, answers: Answers, known: Known) -> Reply {
    let library = inside.app.governance().library();
    let Some(notice) = library.notice(NOTICE) else {
        return inside.say(StatusCode::SERVICE_UNAVAILABLE, MessageKind::Fault).await;
    };
    let mut shell = inside.shell_with(Some(Nav::Counter), &known).await;
    url::consent(inside.incoming.param("patient")).clone_into(&mut shell.path);
    let lang = inside.lang;
    let items = library
        .notices()
        .iter()
        .filter(|one| one.consent)
        .map(|one| {
            let (title, text) = words(one, lang);
            let answer = answers.of(&one.id);
            ConsentItem {
                code: one.id.clone(),
                title: title.to_owned(),
                effect: text.to_owned(),
                needed: one.needed_for_care,
                answer,
                missing: answers.sent && answer.is_none(),
            }
        })
        .collect();
    let (title, text) = words(notice, lang);
    let notice = Notice {
        title: title.to_owned(),
        version: notice.version.clone(),
        since: notice.since.to_string(),
        paragraphs: text.split('\n').map(str::to_owned).collect(),
        digest: digest_of(notice, lang),
    };
    Reply::page(
        status,
        known.map(|(patient, proofs)| {
            let past = proofs.iter().map(|proof| past(proof, library, &shell)).collect();
            Consent {
                patient: row(&patient.body, was_given(&proofs), None, &shell),
                notice,
                items,
                method: answers.method,
                by_guardian: answers.by_guardian,
                guardian: answers.guardian,
                given_on: answers.given_on,
                past,
                shell,
            }
        }),
    )
}

/// The hospital's day.
fn today(inside: &Inside) -> Date {
    let shell = inside.frame();
    shell.now.to_zoned(shell.zone).date()
}

/// Whether the person is surely under the age at which one answers oneself, by the year that the counter sees.
pub(super) fn is_child(patient: &Document, today: Date, under: u8) -> bool {
    let born = text(&patient.body, "/birthDate").get(..4).and_then(|year| year.parse::<i16>().ok());
    born.is_some_and(|born| i64::from(today.year()) - i64::from(born) < i64::from(under))
}

/// The day on which the notice was given: not before its text was in force, not after today.
fn given_on(typed: &str, since: Date, today: Date) -> (Field, Option<Date>) {
    let field = Field::of(typed);
    match typed.parse::<Date>() {
        _ if typed.is_empty() => (field.wrong(FieldError::Required), None),
        Ok(day) if day >= since && day <= today => (field, Some(day)),
        _ => (field.wrong(FieldError::NotADate), None),
    }
}

pub(super) async fn form(inside: &Inside) -> Result<Reply, Refused> {
    let given_on = Field::of(today(inside).to_string());
    let answers = Answers { method: "screen".into(), given_on, ..Answers::default() };
    let known = known(inside).await?;
    Ok(show(inside, StatusCode::OK, answers, known).await)
}

pub(super) async fn record(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let library = inside.app.governance().library();
    let Some(notice) = library.notice(NOTICE) else {
        return Err(Halt::say(StatusCode::SERVICE_UNAVAILABLE, MessageKind::Fault));
    };
    let questions: Vec<&Text> = library.notices().iter().filter(|one| one.consent && !one.needed_for_care).collect();
    let items = questions
        .iter()
        .map(|one| {
            let answer = match form.get(&format!("item.{}", one.id)) {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            };
            (one.id.clone(), answer)
        })
        .collect();
    let (today, under) = (today(inside), inside.app.vault().ages().guardian_under);
    let (given_on, day) = given_on(form.get("given_on"), notice.since, today);
    let (method, by_guardian) = (form.get("method").to_owned(), form.get("by") == "guardian");
    let mut answers = Answers { sent: true, items, method, by_guardian, guardian: Field::default(), given_on };
    let unanswered = answers.items.iter().any(|(_, answer)| answer.is_none());
    let method = method_of(&answers.method).filter(|_| !unanswered);
    // What is recorded is what was shown: a text that changed meanwhile is shown again.
    let as_shown = form.get("version") == notice.version && form.get("digest") == digest_of(notice, inside.lang);
    let patient = PatientId::new(inside.incoming.param("patient"));
    let asker = inside.asker(Purpose::PatientAdmin);
    let done = inside.app.vault().act(&asker, |look| {
        // The person must be one the counter may see, and there.
        let person = look.read(&DocRef::new("Patient", patient.as_str()), At::Current)?;
        let guardian = guardian(inside, by_guardian, is_child(&person, today, under), under);
        let (Some(method), Some(on), true, false) = (method, day, as_shown, guardian.is_wrong()) else {
            return Ok(Some((guardian, person, Governance::notices_of(look, &patient)?)));
        };
        let guardian = Some(guardian.value).filter(|_| by_guardian);
        let given = Given { on, language: inside.lang.tag().to_owned(), method, guardian };
        let governance = inside.app.governance();
        governance.record_notice(look, &patient, notice, &given, Answer::Read)?;
        for one in &questions {
            let answer = if answers.of(&one.id) == Some(true) { Answer::Agreed } else { Answer::Declined };
            governance.record_notice(look, &patient, one, &given, answer)?;
        }
        Ok::<_, Refused>(None)
    });
    let done = done.await?;
    let Some((guardian, person, proofs)) = done.value().0.clone() else {
        let to = format!("{}?done=consent", url::consent(patient.as_str()));
        return Ok(Reply::see_other(&to).receipts(done.receipts()));
    };
    let wrong = method.is_none() || day.is_none() || guardian.is_wrong();
    answers.guardian = guardian;
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT };
    Ok(show(inside, status, answers, done.map(|_| (person, proofs))).await)
}

/// The name of the parent or guardian who answers, where one must or does.
fn guardian(inside: &Inside, by_guardian: bool, is_child: bool, under: u8) -> Field {
    match Field::of(inside.incoming.form().get("guardian")) {
        field if !by_guardian && is_child => {
            field.wrong(FieldError::Said(inside.lang.t().guardian_needed(u32::from(under))))
        }
        field if by_guardian && field.value.is_empty() => field.wrong(FieldError::Required),
        field if field.value.chars().count() > 60 => field.wrong(FieldError::TooLong(60)),
        field => field,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_was_given_between_its_first_day_and_today() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let (since, today) = (day("2026-01-01"), day("2026-11-22"));
        for good in ["2026-01-01", "2026-05-05", "2026-11-22"] {
            assert_eq!(given_on(good, since, today).1, Some(day(good)));
        }
        for wrong in ["", "2025-12-31", "2026-11-23", "22.11.2026"] {
            let (field, found) = given_on(wrong, since, today);
            assert!(field.is_wrong() && found.is_none(), "{wrong}");
        }
    }
}
