//! Notice and consent at the counter: what was shown, in which words, and what was answered.

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use tacebo_governance::{Answer, Governance, Method, Notice as Text, NoticeProof};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{At, Disclosed, DocRef, Document, Door, PatientId, Record, Refused};

use super::reception::{NOTICE, row, was_given};
use crate::app::App;
use crate::doors::session::Inside;
use crate::doors::wording;
use crate::http::{Incoming, Reply};
use crate::pages::lang::Messages;
use crate::pages::message::MessageKind;
use crate::pages::reception::{Consent, ConsentItem, ConsentPast, Notice};
use crate::pages::{Field, FieldError, Lang, Nav, url};

fn words(notice: &Text, lang: Lang) -> (&str, &str) {
    match lang {
        Lang::Zh => (&notice.title_zh, &notice.text_zh),
        Lang::En => (&notice.title_en, &notice.text_en),
    }
}

/// SHA-256 of exactly the text that was shown.
fn digest_of(notice: &Text, lang: Lang) -> String {
    let (title, text) = words(notice, lang);
    hex::encode(digest(&SHA256, format!("{title}\n{text}").as_bytes()))
}

fn method_words(t: &Messages, method: Method) -> String {
    match method {
        Method::Tablet => t.method_screen(),
        Method::Paper => t.method_paper(),
        Method::Aloud => t.method_aloud(),
    }
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
}

impl Answers {
    fn of(&self, code: &str) -> Option<bool> {
        self.items.iter().find(|(item, _)| item == code).and_then(|(_, answer)| *answer)
    }
}

async fn show(inside: &Inside, status: StatusCode, answers: Answers) -> Reply {
    let known = match known(inside).await {
        Ok(known) => known,
        Err(refused) => return inside.refused(&refused).await,
    };
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
        since: "–".to_owned(),
        paragraphs: text.split('\n').map(str::to_owned).collect(),
        digest: digest_of(notice, lang),
    };
    Reply::page(
        status,
        known.map(|(patient, proofs)| {
            let past = proofs.iter().map(|proof| past(proof, library.notices(), lang, shell.t())).collect();
            Consent {
                patient: row(&patient.body, was_given(&proofs), None, &shell),
                notice,
                items,
                method: answers.method,
                by_guardian: answers.by_guardian,
                guardian: answers.guardian,
                past,
                shell,
            }
        }),
    )
}

fn past(proof: &Record<NoticeProof>, notices: &[Text], lang: Lang, t: &Messages) -> ConsentPast {
    let proof = &proof.value;
    let title =
        notices.iter().find(|one| one.id == proof.notice).map_or(proof.notice.as_str(), |one| words(one, lang).0);
    let declined = proof.answer == Answer::Declined;
    let title = vec![title.to_owned()];
    ConsentPast {
        when: wording::moment(proof.at_us),
        version: proof.version.clone(),
        method: method_words(t, proof.method),
        agreed: if declined { Vec::new() } else { title.clone() },
        declined: if declined { title } else { Vec::new() },
    }
}

pub(super) async fn form(app: App, incoming: Incoming) -> Reply {
    match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => {
            Box::pin(show(&inside, StatusCode::OK, Answers { method: "screen".into(), ..Answers::default() })).await
        }
        Err(reply) => *reply,
    }
}

pub(super) async fn record(app: App, incoming: Incoming) -> Reply {
    let inside = match Inside::enter(app, incoming, Door::Console) {
        Ok(inside) => inside,
        Err(reply) => return *reply,
    };
    Box::pin(take(&inside)).await
}

async fn take(inside: &Inside) -> Reply {
    let form = inside.incoming.form();
    let library = inside.app.governance().library();
    let Some(notice) = library.notice(NOTICE) else {
        return inside.say(StatusCode::SERVICE_UNAVAILABLE, MessageKind::Fault).await;
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
    let by_guardian = form.get("by") == "guardian";
    let guardian = Field::of(form.get("guardian"));
    let guardian =
        if by_guardian && guardian.value.is_empty() { guardian.wrong(FieldError::Required) } else { guardian };
    let answers = Answers { sent: true, items, method: form.get("method").to_owned(), by_guardian, guardian };
    let method = method_of(&answers.method);
    let unanswered = answers.items.iter().any(|(_, answer)| answer.is_none());
    let (Some(method), false, false) = (method, unanswered, answers.guardian.is_wrong()) else {
        return show(inside, StatusCode::UNPROCESSABLE_ENTITY, answers).await;
    };
    // What is recorded is what was shown: a text that changed meanwhile is shown again.
    if form.get("version") != notice.version || form.get("digest") != digest_of(notice, inside.lang) {
        return show(inside, StatusCode::CONFLICT, answers).await;
    }
    let patient = PatientId::new(inside.incoming.param("patient"));
    let lang = inside.lang.tag();
    let asker = inside.asker(Purpose::PatientAdmin);
    let done = inside.app.vault().act(&asker, |look| {
        // The person must be one the counter may see, and there.
        look.read(&DocRef::new("Patient", patient.as_str()), At::Current)?;
        let governance = inside.app.governance();
        governance.record_notice(look, &patient, notice, lang, method, Answer::Read)?;
        for one in &questions {
            let answer = if answers.of(&one.id) == Some(true) { Answer::Agreed } else { Answer::Declined };
            governance.record_notice(look, &patient, one, lang, method, answer)?;
        }
        Ok::<_, Refused>(())
    });
    match done.await {
        Ok(done) => {
            let to = format!("{}?done=consent", url::consent(patient.as_str()));
            Reply::see_other(&to).receipts(done.receipts())
        }
        Err(refused) => inside.refused(&refused).await,
    }
}
