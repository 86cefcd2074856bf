//! The start: three sentences and the ways on.

use std::collections::BTreeMap;

use http::StatusCode;
use tacebo_governance::Governance;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Document, Everything, Find, LogQuery, PatientId, Refused, Scope, field};

use super::enter;
use crate::app::App;
use crate::doors::session::Inside;
use crate::doors::{looks, wording};
use crate::http::{Incoming, Reply};
use crate::pages::portal::{Kept, Letter, Me, SeenRow};
use crate::pages::{Lang, Nav, Shell, url};

/// Microseconds of thirty days.
const MONTH_US: i64 = 30 * 24 * 3_600 * 1_000_000;
/// Looks counted at most.
const LOOKS: usize = 1_000;
/// Looks shown.
const LATEST: usize = 3;

pub(super) async fn page(app: App, incoming: Incoming) -> Reply {
    let (inside, patient) = match enter(app, incoming).await {
        Ok(entered) => entered,
        Err(reply) => return reply,
    };
    match Box::pin(show(&inside, &patient)).await {
        Ok(reply) => reply,
        Err(refused) => inside.refused(&refused).await,
    }
}

async fn show(inside: &Inside, patient: &PatientId) -> Result<Reply, Refused> {
    let asker = inside.asker(Purpose::PatientRequest);
    let all = Find::new(&[], Scope::Patient(patient.clone()), &Everything);
    let from_us = inside.app.vault().now_us() - MONTH_US;
    let query =
        LogQuery { patient: Some(patient.clone()), from_us: Some(from_us), limit: LOOKS, ..LogQuery::default() };
    let departments = inside.app.governance().directory().departments().await?;
    let found = inside.app.vault().ask(&asker, |look| {
        let (documents, entries) = (look.search(&all)?, look.log(&query)?);
        Ok::<_, Refused>((documents, entries, Governance::choices(look, patient, departments)?))
    });
    let found = found.await?;
    let people = looks::people(&inside.app, &found.value().1).await;
    let shell = inside.shell_with(Some(Nav::Me), &found).await;
    let (rule_why, rule_years) = retention(inside);
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(documents, entries, choices)| {
            let own = inside.auth.who.account.as_str();
            let rows: Vec<SeenRow> =
                entries.iter().map(|entry| looks::seen(entry, &people, own, &shell)).filter(|row| !row.own).collect();
            let letters = entries
                .iter()
                .filter(|entry| entry.get(field::DETAIL) == "emergency-declared" && entry.get(field::OUTCOME) == "done")
                .map(|entry| letter(&looks::seen(entry, &people, own, &shell), &shell))
                .collect();
            Me {
                name: inside.auth.name.clone(),
                kept: kept(&documents.documents, &rule_why, rule_years, &shell),
                seen_month: rows.len() as u64,
                seen: rows.into_iter().take(LATEST).collect(),
                limited: choices.iter().filter(|choice| choice.limited).count() as u64,
                letters,
                shell,
            }
        }),
    ))
}

fn letter(row: &SeenRow, shell: &Shell) -> Letter {
    let t = shell.t();
    Letter {
        at: row.at,
        title: t.letter_emergency(),
        text: t.letter_emergency_text(row.role.as_str(), row.department.as_str()),
        href: Some(url::seen_entry(&row.entry)),
    }
}

/// Why and how long outpatient records are kept, from the register of rules.
fn retention(inside: &Inside) -> (String, u32) {
    let rules = inside.app.governance().library().retention();
    let rule = rules.iter().find(|rule| rule.what == "outpatient");
    rule.map_or((String::new(), 0), |rule| {
        let why = match inside.lang {
            Lang::Zh => &rule.why_zh,
            Lang::En => &rule.why_en,
        };
        (why.clone(), u32::from(rule.years))
    })
}

fn kept(documents: &[Document], why: &str, years: u32, shell: &Shell) -> Vec<Kept> {
    let mut counted: BTreeMap<wording::Sort, u64> = BTreeMap::new();
    for document in documents {
        *counted.entry(wording::Sort::of(&document.name.kind)).or_default() += 1;
    }
    let t = shell.t();
    counted
        .into_iter()
        .map(|(sort, count)| Kept { what: sort.label(t), count, why: why.to_owned(), until: t.kept_years(years) })
        .collect()
}
