//! The privacy officer: what is to be done today, and who saw whom.

use http::StatusCode;
use tacebo_governance::{AccessRequest, Governance, RequestState};
use tacebo_vault::policy::Purpose;
use tacebo_vault::{LogQuery, Record, Refused};

use super::reviews::{reason, short};
use super::staff;
use crate::doors::faces::Blank;
use crate::doors::session::Inside;
use crate::doors::whose::whose;
use crate::doors::{looks, wording};
use crate::http::{Open, Reply};
use crate::pages::privacy::{By, Granted, Task, TaskKind, Today, WhoSaw};
use crate::pages::{Field, FieldError, Nav, Pager, url};

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
/// Entries that the week's charts are drawn from at most.
const WEEK: usize = 3_000;
/// Rows of a list of looks.
const ROWS: usize = 50;

pub(super) async fn today(inside: &Inside) -> Result<Reply, Refused> {
    let week_us = inside.app.vault().now_us() - 7 * DAY_US;
    let query = LogQuery { from_us: Some(week_us), limit: WEEK, ..LogQuery::default() };
    let asker = inside.asker(Purpose::Compliance);
    let found = inside.app.vault().ask(&asker, |look| {
        let cases = Governance::emergencies(look)?;
        let requests = Governance::access_requests(look)?;
        Ok::<_, Refused>((cases, requests, look.log(&query)?))
    });
    let found = found.await?;
    let mut shell = inside.shell_with(Some(Nav::PrivacyToday), &found).await;
    Ok(Reply::page(
        StatusCode::OK,
        found.map(|(cases, requests, week)| {
            let t = shell.t();
            let mut tasks: Vec<Task> = cases
                .iter()
                .filter(|case| case.is_open())
                .map(|case| Task {
                    reference: short("BG", &case.emergency.id),
                    kind: TaskKind::Review,
                    title: format!(
                        "{} · {}",
                        t.task_review_title(&case.emergency.name),
                        reason(&case.emergency.reason).label(t)
                    ),
                    since: wording::moment(case.emergency.from_us),
                    due: wording::moment(case.emergency.review_by_us),
                    href: url::review(&case.emergency.id),
                })
                .collect();
            let unreviewed = tasks.len() as u64;
            tasks.extend(requests.iter().filter(|one| one.value.state == RequestState::Open).map(|one| Task {
                reference: short("AR", &one.id),
                kind: TaskKind::AccessRequest,
                title: t.task_request_title(&one.value.name),
                since: wording::moment(one.value.at_us),
                due: wording::moment(one.value.at_us + i64::from(shell.figures.answer_workdays) * DAY_US),
                href: url::access_request(&one.id),
            }));
            let waiting = tasks.len() as u64 - unreviewed;
            tasks.sort_by_key(|task| task.due);
            let refusals = week.iter().filter(|entry| entry.get(tacebo_vault::field::OUTCOME) == "refused").count();
            let by_purpose = looks::bars(&week, t.chart_by_purpose(), t.col_purpose(), |entry| {
                crate::pages::Purpose::from_code(entry.get(tacebo_vault::field::PURPOSE)).label(t)
            });
            let by_hour = looks::heat(&week, t.chart_by_hour(), &shell);
            let granted = granted(inside, &requests);
            shell.badges.push((Nav::Reviews, unreviewed));
            Today {
                nearest: tasks.first().map(|task| task.due),
                unreviewed,
                waiting,
                refusals: refusals as u64,
                tasks,
                granted,
                by_purpose,
                by_hour,
                shell,
            }
        }),
    ))
}

/// Accesses by request that are running now.
fn granted(inside: &Inside, requests: &[Record<AccessRequest>]) -> Vec<Granted> {
    let now_us = inside.app.vault().now_us();
    let mut running: Vec<Granted> = requests
        .iter()
        .filter(|one| one.value.is_running(now_us))
        .filter_map(|one| {
            Some(Granted {
                actor: staff::actor(&inside.app, &one.value.account),
                patient: one.patient.clone().unwrap_or_default(),
                until: wording::moment(one.value.answer.as_ref()?.until_us?),
                href: url::access_request(&one.id),
            })
        })
        .collect();
    running.sort_by_key(|one| one.until);
    running
}

async fn blank(inside: &Inside, by: By, query: Field) -> Reply {
    let shell = inside.shell(Some(Nav::WhoSaw)).await;
    let (rows, pager) = (Vec::new(), Pager::default());
    let view = WhoSaw { shell, by, query, subject: None, rows, bars: None, heat: None, pager };
    Reply::open(StatusCode::OK, Open::page(&Blank::who_saw(view)))
}

pub(super) async fn who_saw(inside: &Inside) -> Result<Reply, Refused> {
    let form = inside.incoming.form();
    let by = if form.get("by") == "staff" { By::Staff } else { By::Patient };
    let typed: String = form.get("q").chars().take(100).collect();
    let query = Field::of(typed.as_str());
    if typed.is_empty() {
        return Ok(blank(inside, by, query).await);
    }
    let before = form.get("page").parse::<u64>().ok();
    let mut log = LogQuery { before_index: before, limit: ROWS, ..LogQuery::default() };
    let subject = match by {
        By::Patient => {
            log.meant = Some(whose(&inside.app, &typed)?);
            typed.clone()
        }
        By::Staff => {
            let Some(account) = staff::by_login(&inside.app, &typed) else {
                return Ok(blank(inside, by, query.wrong(FieldError::NotAChoice)).await);
            };
            log.actor = Some(account.number);
            staff::actor(&inside.app, &account.id)
        }
    };
    let entries = inside.app.vault().log(&inside.asker(Purpose::Compliance), &log).await?;
    let people = looks::people(&inside.app, entries.value()).await;
    let shell = inside.shell_with(Some(Nav::WhoSaw), &entries).await;
    Ok(Reply::page(
        StatusCode::OK,
        entries.map(|entries| {
            let t = shell.t();
            let rows: Vec<_> = entries.iter().map(|entry| looks::saw(entry, &people, &shell)).collect();
            let side = if by == By::Staff { "staff" } else { "patient" };
            let address = format!("{}?by={side}&q={}", url::WHO_SAW, url::segment(&typed));
            let bars = match by {
                By::Patient => looks::by_department(&entries, &people, &shell),
                By::Staff => looks::bars(&entries, t.chart_by_patient(), t.col_patient(), |entry| {
                    entry.get(tacebo_vault::field::PATIENT).to_owned()
                }),
            };
            let heat = looks::heat(&entries, t.chart_by_hour(), &shell);
            WhoSaw {
                by,
                query,
                subject: Some(subject),
                pager: back_pager(&address, before, rows.len(), rows.last().map(|row| row.entry)),
                rows,
                bars: Some(bars).filter(|bars| !bars.is_empty()),
                heat: Some(heat).filter(|heat| !heat.rows.is_empty()),
                shell,
            }
        }),
    ))
}

/// The pages of a list that goes back from the newest entry: a page begins before an entry.
pub(in crate::doors) fn back_pager(address: &str, before: Option<u64>, shown: usize, last: Option<u64>) -> Pager {
    let last = last.filter(|last| shown >= ROWS && *last > 0);
    Pager {
        earlier: before.map(|_| address.to_owned()),
        later: last.map(|last| format!("{address}{}page={last}", if address.contains('?') { '&' } else { '?' })),
        from: u64::from(shown > 0),
        to: shown as u64,
        total: None,
    }
}

/// Rows of a list of looks.
pub(in crate::doors) const LOOKS: usize = ROWS;
