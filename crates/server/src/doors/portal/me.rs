//! The start: three sentences and the ways on.

use std::collections::BTreeMap;

use http::StatusCode;
use tacebo_governance::Governance;
use tacebo_vault::policy::Purpose;
use tacebo_vault::{Document, Everything, Find, LogQuery, Scope, field};

use super::Portal;
use crate::doors::session::Halt;
use crate::doors::{clinical, looks, wording};
use crate::http::Reply;
use crate::pages::portal::{Kept, Letter, Me, SeenRow};
use crate::pages::{Lang, Nav, Shell, url};

/// Days whose looks are counted on the start page.
const DAYS: u32 = 30;
const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// Looks counted at most.
const LOOKS: usize = 1_000;
/// Looks shown.
const LATEST: usize = 3;

pub(super) async fn page(portal: &Portal) -> Result<Reply, Halt> {
    let all = Find::new(&[], Scope::Patient(portal.patient.clone()), &Everything);
    let from_us = portal.app.vault().now_us() - i64::from(DAYS) * DAY_US;
    let query =
        LogQuery { patient: Some(portal.patient.clone()), from_us: Some(from_us), limit: LOOKS, ..LogQuery::default() };
    let departments = portal.app.governance().directory().departments().await?;
    let asker = portal.ask();
    let found = portal.app.vault().ask(&asker, |look| {
        let (documents, entries) = (look.search(&all)?, look.log(&query)?);
        Ok::<_, Halt>((documents, entries, Governance::choices(look, &portal.patient, departments)?))
    });
    let found = found.await?;
    let people = looks::people(&portal.app, &found.value().1).await;
    let shell = portal.shell_with(Nav::Me, &found).await;
    let (rule_why, rule_years) = retention(portal);
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(documents, entries, choices)| {
            let own = portal.auth.who.account.as_str();
            let rows: Vec<SeenRow> =
                entries.iter().map(|entry| looks::seen(entry, &people, own, &shell)).filter(|row| !row.own).collect();
            let letters = entries
                .iter()
                .filter(|entry| entry.get(field::DETAIL) == "emergency-declared" && entry.get(field::OUTCOME) == "done")
                .map(|entry| letter(&looks::seen(entry, &people, own, &shell), &shell))
                .collect();
            Me {
                name: hello(portal, &documents.documents),
                child: (portal.why == Purpose::FamilyRequest).then(|| child(&documents.documents)),
                kept: kept(&documents.documents, &rule_why, rule_years, &shell),
                seen_month: rows.len() as u64,
                seen_days: DAYS,
                seen: rows.into_iter().take(LATEST).collect(),
                limited: choices.iter().filter(|choice| choice.limited).count() as u64,
                letters,
                shell,
            }
        }),
    ))
}

/// What to call the person: as the record names the patient or the guardian; an account may name nobody.
fn hello(portal: &Portal, documents: &[Document]) -> String {
    let is_own = |one: &&Document| match portal.why {
        Purpose::PatientRequest => one.name.kind == "Patient",
        _ => portal.auth.who.related.contains(&format!("{}/{}", one.name.kind, one.name.id)),
    };
    let named = documents.iter().find(is_own).map(|one| clinical::name_of(&one.body));
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| portal.auth.name.clone())
}

/// The name of the child whose record it is.
fn child(documents: &[Document]) -> String {
    documents.iter().find(|one| one.name.kind == "Patient").map(|one| clinical::name_of(&one.body)).unwrap_or_default()
}

fn letter(row: &SeenRow, shell: &Shell) -> Letter {
    let t = shell.t();
    Letter {
        at: row.at,
        title: t.letter_emergency(),
        text: t.letter_emergency_text(row.role.as_str(), row.department.as_str(), shell.figures.review_hours),
        href: Some(url::seen_entry(&row.entry)),
    }
}

/// Why and how long outpatient records are kept, from the register of rules.
fn retention(portal: &Portal) -> (String, u32) {
    let rule = portal.app.governance().library().retention_of("outpatient");
    rule.map_or((String::new(), 0), |rule| {
        let why = match portal.lang {
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
