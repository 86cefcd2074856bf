//! Emergency accesses, each looked at by a second person.

use http::StatusCode;
use tacebo_governance::{Case, Governance, Verdict};
use tacebo_vault::policy::{Purpose, Role};
use tacebo_vault::{Emergency, LogEntry, LogQuery, Look, Refused, field};

use super::doctor::{page_number, pager};
use super::record::length;
use super::staff;
use crate::doors::session::{Halt, Inside};
use crate::doors::wording;
use crate::http::Reply;
use crate::pages::emergency::Reason;
use crate::pages::message::MessageKind;
use crate::pages::privacy::{Review, ReviewOutcome, ReviewRow, Reviews, Shown};
use crate::pages::{Field, Nav, Shell, url};

/// Reviewed cases on a page.
const DONE: usize = 30;
/// Entries looked through for what was shown under tickets.
const SHOWN: usize = 2_000;
/// Begins the note of a review that asks for wider rules: it was justified, and the rules were not.
const WIDEN: &str = "[widen-rules] ";

/// A reference people can read out: the last characters of an id.
pub(super) fn short(prefix: &str, id: &str) -> String {
    let tail = id.len().checked_sub(8).and_then(|at| id.get(at..)).unwrap_or(id);
    format!("{prefix}-{}", tail.to_uppercase())
}

/// The reason of a ticket.
pub(super) fn reason(code: &str) -> Reason {
    Reason::from_code(code).unwrap_or(Reason::Other)
}

fn outcome(case: &Case) -> Option<ReviewOutcome> {
    let review = case.review.as_ref()?;
    Some(match review.verdict {
        Verdict::Justified if review.words.starts_with(WIDEN) => ReviewOutcome::WidenRules,
        Verdict::Justified => ReviewOutcome::Justified,
        Verdict::Unjustified => ReviewOutcome::NotJustified,
        Verdict::Unclear => ReviewOutcome::AskMore,
    })
}

/// Entries that rest on this ticket.
fn under<'a>(ticket: &'a str, entries: &'a [LogEntry]) -> impl Iterator<Item = &'a LogEntry> {
    entries.iter().filter(move |entry| {
        entry.get(field::OUTCOME) == "done" && entry.get(field::EVIDENCE).split(' ').any(|one| one == ticket)
    })
}

fn documents(entry: &LogEntry) -> u64 {
    entry.get(field::COUNT).parse().unwrap_or(0)
}

struct Names {
    role: String,
    department: String,
}

async fn names(inside: &Inside, emergency: &Emergency, shell: &Shell) -> Names {
    let role = staff::named(&inside.app, &emergency.account).map(|account| {
        let codes: Vec<&str> = account.roles.iter().map(|role: &Role| role.code()).collect();
        wording::roles(shell.t(), &codes.join(","))
    });
    let department = match &emergency.department {
        Some(reference) => inside.app.governance().directory().name(reference).await.ok(),
        None => None,
    };
    Names { role: role.unwrap_or_default(), department: department.unwrap_or_default() }
}

fn row(inside: &Inside, case: &Case, names: Names, entries: &[LogEntry]) -> ReviewRow {
    let emergency = &case.emergency;
    let minutes = (emergency.until_us - emergency.from_us) / 60_000_000;
    ReviewRow {
        ticket: emergency.id.clone(),
        actor: staff::actor(&inside.app, &emergency.account),
        role: names.role,
        department: names.department,
        patient: emergency.patient.clone(),
        at: wording::moment(emergency.from_us),
        minutes: u32::try_from(minutes).unwrap_or(0),
        reason: reason(&emergency.reason),
        documents: under(&emergency.id, entries).map(documents).sum(),
        due: wording::moment(emergency.review_by_us),
        outcome: outcome(case),
    }
}

/// Entries made under tickets, for what was shown.
fn ticketed() -> LogQuery {
    let purpose = (field::PURPOSE.to_owned(), Purpose::EmergencyTreat.code().to_owned());
    LogQuery { fields: vec![purpose], limit: SHOWN, ..LogQuery::default() }
}

pub(super) async fn queue(inside: &Inside) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::Compliance);
    let found = inside.app.vault().ask(&asker, |look| {
        let cases = Governance::emergencies(look)?;
        Ok::<_, Refused>((cases, look.log(&ticketed())?))
    });
    let found = found.await?;
    let shell = inside.shell_with(Some(Nav::Reviews), &found).await;
    let (cases, entries) = found.value();
    let mut waiting = Vec::new();
    let mut done = Vec::new();
    for case in cases {
        let row = row(inside, case, names(inside, &case.emergency, &shell).await, entries);
        if case.is_open() { waiting.push(row) } else { done.push(row) }
    }
    done.sort_by_key(|row| std::cmp::Reverse(row.at));
    let (page, total) = (page_number(inside), done.len());
    let done = done.into_iter().skip(page * DONE).take(DONE).collect();
    let pager = pager(&format!("{}?", url::REVIEWS), page, DONE, total);
    Ok(Reply::page(StatusCode::OK, found.map(|_| Reviews { shell, waiting, done, pager })))
}

/// The form as it was sent.
#[derive(Default)]
struct Typed {
    sent: bool,
    chosen: Option<ReviewOutcome>,
    note: Field,
}

/// The case of a ticket.
fn case(look: &mut Look<'_>, ticket: &str) -> Result<Case, Halt> {
    let found = Governance::emergencies(look)?.into_iter().find(|case| case.emergency.id == ticket);
    found.ok_or_else(|| Halt::say(StatusCode::NOT_FOUND, MessageKind::NotFound))
}

async fn show_one(inside: &Inside, status: StatusCode, typed: Typed) -> Result<Reply, Halt> {
    let ticket = inside.incoming.param("ticket");
    let asker = inside.asker(Purpose::Compliance);
    let found = inside.app.vault().ask(&asker, |look| {
        let case = case(look, ticket)?;
        Ok::<_, Halt>((case, look.log(&ticketed())?))
    });
    let found = found.await?;
    let (case, entries) = found.value();
    let mut shell = inside.shell_with(Some(Nav::Reviews), &found).await;
    url::review(ticket).clone_into(&mut shell.path);
    let row = row(inside, case, names(inside, &case.emergency, &shell).await, entries);
    let shown = under(ticket, entries)
        .map(|entry| Shown {
            at: wording::moment(entry.time_us),
            what: wording::items(shell.t(), entry.get(field::ITEMS)),
            entry: entry.index,
        })
        .collect();
    let reviewed = case.review.as_ref().filter(|_| !case.is_open());
    let note = match reviewed {
        Some(review) => Field::of(review.words.strip_prefix(WIDEN).unwrap_or(&review.words)),
        None => typed.note,
    };
    let view = Review {
        row,
        text: case.emergency.words.clone(),
        shown,
        relation_after: None,
        chosen: typed.chosen,
        outcome_missing: typed.sent && typed.chosen.is_none(),
        note,
        reviewed: reviewed.map(|review| (staff::actor(&inside.app, &review.by), wording::moment(review.at_us))),
        shell,
    };
    Ok(Reply::page(status, found.map(|_| view)))
}

pub(super) async fn one(inside: &Inside) -> Result<Reply, Halt> {
    show_one(inside, StatusCode::OK, Typed::default()).await
}

pub(super) async fn decide(inside: &Inside) -> Result<Reply, Halt> {
    let form = inside.incoming.form();
    let chosen = ReviewOutcome::from_code(form.get("outcome"));
    let words = form.get("note");
    let wrong = length(words);
    let (Some(outcome), None) = (chosen, wrong.clone()) else {
        let note = Field { value: words.to_owned(), error: wrong };
        return show_one(inside, StatusCode::UNPROCESSABLE_ENTITY, Typed { sent: true, chosen, note }).await;
    };
    let (verdict, words) = match outcome {
        ReviewOutcome::Justified => (Verdict::Justified, words.to_owned()),
        ReviewOutcome::WidenRules => (Verdict::Justified, format!("{WIDEN}{words}")),
        ReviewOutcome::AskMore => (Verdict::Unclear, words.to_owned()),
        ReviewOutcome::NotJustified => (Verdict::Unjustified, words.to_owned()),
    };
    let ticket = inside.incoming.param("ticket");
    let asker = inside.asker(Purpose::Compliance);
    let done = inside.app.vault().act(&asker, |look| {
        let case = case(look, ticket)?;
        if !case.is_open() {
            return Err(Halt::say(StatusCode::CONFLICT, MessageKind::Conflict));
        }
        // Nobody reviews his own act.
        if case.emergency.account == inside.auth.who.account {
            return Err(Halt::say(StatusCode::FORBIDDEN, MessageKind::NotForYou));
        }
        Ok(inside.app.governance().review(look, &case.emergency, verdict, &words)?)
    });
    let done = done.await?;
    Ok(Reply::see_other(&format!("{}?done=reviewed", url::REVIEWS)).receipts(done.receipts()))
}
